// kernel<<<grid, block, bytes>>>(...), which bin/nvcc turns into a call of `launch`.

#ifndef CUDA_ON_CPU_LAUNCH_H
#define CUDA_ON_CPU_LAUNCH_H

#include <algorithm>
#include <numeric>
#include <random>
#include <tuple>

#include "block.h"

namespace cuda_on_cpu {

struct Config {
    dim3 grid, block;
    size_t shared;
    Config(dim3 grid, dim3 block, size_t shared = 0, const void * = nullptr)
        : grid(grid), block(block), shared(shared) {}

    size_t threads() const { return (size_t)block.x * block.y * block.z; }
    cudaError_t problem() const {
        if (!grid.x || !grid.y || !grid.z || !threads() || threads() > MAX_THREADS)
            return cudaErrorInvalidConfiguration;
        if (grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535 || block.z > 64)
            return cudaErrorInvalidConfiguration;
        if (shared > MAX_SHARED) return cudaErrorInvalidValue;
        if (__CUDA_ARCH__ > 100 * card().major + 10 * card().minor)
            return cudaErrorNoKernelImageForDevice;
        return cudaSuccess;
    }
};

// The order in which threads or blocks are begun.
class Order {
    std::string kind = setting("CUDA_ON_CPU_ORDER", "forward");
    std::mt19937 random{kind == "forward" || kind == "backward" ? 0 : (unsigned)std::stoul(kind)};

   public:
    std::vector<unsigned> operator()(unsigned n) {
        std::vector<unsigned> order(n);
        std::iota(order.begin(), order.end(), 0);
        if (kind == "backward")
            std::reverse(order.begin(), order.end());
        else if (kind != "forward")
            std::shuffle(order.begin(), order.end(), random);
        return order;
    }
};
inline std::vector<unsigned> in_order(unsigned n) {
    static Order order;
    return order(n);
}

inline void run(const Config &config, const std::function<void()> &thread) {
    Open open;
    gridDim = config.grid;
    blockDim = config.block;
    for (unsigned block : in_order(gridDim.x * gridDim.y * gridDim.z)) {
        blockIdx.x = block % gridDim.x;
        blockIdx.y = block / gridDim.x % gridDim.y;
        blockIdx.z = block / gridDim.x / gridDim.y;
        Block::instance().run(in_order(config.threads()), config.shared, thread);
    }
}

template <class T>
void check(const T &value, const char *kernel) {
    if constexpr (std::is_pointer_v<T>)
        if (value && !memory().holds(value))
            fail(std::string("kernel ") + kernel + " gets a pointer to host memory");
}

template <class... Parameters>
auto launch(void (*kernel)(Parameters...), const Config &config, const char *name) {
    return [=](Parameters... arguments) {
        if (begin(std::string("launch ") + name) || report(config.problem())) return;
        if (Block::instance().running()) fail("a kernel that launches kernels");
        (check(arguments, name), ...);
        run(config, [&] { kernel(arguments...); });
    };
}

}  // namespace cuda_on_cpu

#endif
