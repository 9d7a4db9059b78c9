// Kernels: what bin/nvcc makes of <<<...>>> and __shared__.

#ifndef CUDA_ON_CPU_LAUNCH_H
#define CUDA_ON_CPU_LAUNCH_H

#include <stdint.h>
#include <string.h>

#include <cstddef>
#include <type_traits>

enum cudaError_t : int;

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace cuda_on_cpu {

constexpr int MAX_THREADS = 1024;
constexpr size_t MAX_SHARED = 49152;

[[noreturn]] void fail(const char *what, const char *where = "");
cudaError_t copy_to_symbol(void *symbol, size_t size, const void *from, size_t n);

// The host can touch device memory while one of these lives.
struct Open {
    Open();
    ~Open();
};

// ---- kernel<<<grid, block, bytes>>>(...) becomes launch(kernel, {grid, block, bytes}, name)(...)

struct Config {
    dim3 grid, block;
    size_t shared;
    Config(dim3 grid, dim3 block, size_t shared = 0, const void * = nullptr)
        : grid(grid), block(block), shared(shared) {}
};

// Whether a kernel for this architecture can be started so; if not, cudaGetLastError says why.
bool can_start(const char *kernel, const Config &config, int architecture);
void check_pointer(const char *kernel, const void *p);
void run(const Config &config, void (*thread)(void *), void *arguments);

template <class... T>
auto launch(void (*kernel)(T...), const Config &config, const char *name) {
    return [=](T... arguments) {
        if (!can_start(name, config, __CUDA_ARCH__)) return;
        auto check = [&](const auto &value) {
            if constexpr (std::is_pointer_v<std::decay_t<decltype(value)>>)
                check_pointer(name, value);
        };
        (check(arguments), ...);
        auto thread = [&] { kernel(arguments...); };
        run(config, [](void *all) { (*(decltype(thread) *)all)(); }, &thread);
    };
}

// ---- what the threads of a block share: every block finds it full of NaN ----

uint64_t block_number();  // of this block, since the program began
void *dynamic_shared();   // as many bytes as the launch asks for

template <class T, class Key>
T &shared(Key) {  // the type of the key tells declarations apart
    static_assert(sizeof(T) <= MAX_SHARED, "more shared data than a block has");
    static T *variable = (T *)new char[sizeof(T)];
    static uint64_t block = 0;
    if (block != block_number()) {
        block = block_number();
        memset((void *)variable, 0xff, sizeof(T));
    }
    return *variable;
}

void barrier(const char *place);

}  // namespace cuda_on_cpu

#define CUDA_ON_CPU_TEXT(x) #x
#define CUDA_ON_CPU_PLACE(line) __FILE__ ":" CUDA_ON_CPU_TEXT(line)
#define __syncthreads() cuda_on_cpu::barrier(CUDA_ON_CPU_PLACE(__LINE__))

#endif
