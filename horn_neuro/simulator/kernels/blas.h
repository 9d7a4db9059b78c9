// Dense products by the OpenBLAS that NumPy has loaded, if there is one.
//
// The library is opened when the program runs, so that programs neither link to it nor
// depend on it. Its names have a prefix in NumPy's wheels, and an ending where its
// integers have 64 bits.

#ifndef HORN_KERNELS_BLAS_H
#define HORN_KERNELS_BLAS_H

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace horn {

template <class real>
class Blas {
    static constexpr int ROW_MAJOR = 101, NO_TRANS = 111;

    template <class Int>
    using Gemm = void (*)(int, int, int, Int, Int, Int, real, const real *, Int, const real *, Int,
                          real, real *, Int);
    Gemm<int32_t> gemm = nullptr;
    Gemm<int64_t> gemm_64 = nullptr;

    template <class Int>
    static void call(Gemm<Int> gemm, const real *weights, const real *signal, Int units,
                     Int sources, Int trials, real *out) {
        gemm(ROW_MAJOR, NO_TRANS, NO_TRANS, units, trials, sources, 1, weights, sources, signal,
             trials, 0, out, trials);
    }

   public:
    Blas() {
        const char *path = getenv("HORN_NEURO_BLAS");
        void *library = path && *path ? dlopen(path, RTLD_NOW) : nullptr;
        if (!library) return;
        const std::string name = sizeof(real) == 8 ? "cblas_dgemm" : "cblas_sgemm";
        for (const std::string prefix : {"", "scipy_"}) {
            if (!gemm) gemm = (Gemm<int32_t>)dlsym(library, (prefix + name).c_str());
            for (const std::string ending : {"64_", "_64_"})
                if (!gemm_64)
                    gemm_64 = (Gemm<int64_t>)dlsym(library, (prefix + name + ending).c_str());
        }
    }

    // Whether it is there, and faster than our tiles (benchmarks/simulate.md).
    bool suits(int units, int sources, int trials) const {
        return (gemm || gemm_64) && trials >= 32 && sources >= 32 && units >= 32;
    }
    void product(const real *weights, const real *signal, int units, int sources, int trials,
                 real *out) const {
        if (gemm_64) return call<int64_t>(gemm_64, weights, signal, units, sources, trials, out);
        call<int32_t>(gemm, weights, signal, units, sources, trials, out);
    }
};

}  // namespace horn

#endif
