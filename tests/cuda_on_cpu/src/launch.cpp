// Launches: what is checked, and in which order blocks and threads are begun.

#include <algorithm>
#include <numeric>
#include <random>

#include "block.h"
#include "card.h"
#include "memory.h"

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace cuda_on_cpu {

static std::vector<unsigned> in_order(unsigned n) {
    static const std::string kind = setting("CUDA_ON_CPU_ORDER", "forward");
    static const bool shuffled = kind != "forward" && kind != "backward";
    static std::mt19937 random(shuffled ? std::stoul(kind) : 0);
    std::vector<unsigned> order(n);
    std::iota(order.begin(), order.end(), 0);
    if (kind == "backward") std::reverse(order.begin(), order.end());
    if (shuffled) std::shuffle(order.begin(), order.end(), random);
    return order;
}

static cudaError_t problem(const Config &config, int architecture) {
    const dim3 &grid = config.grid, &block = config.block;
    if (!grid.x || !grid.y || !grid.z || !block.x || !block.y || !block.z)
        return cudaErrorInvalidConfiguration;
    if (grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535 || block.z > 64)
        return cudaErrorInvalidConfiguration;
    if ((size_t)block.x * block.y * block.z > (size_t)MAX_THREADS)
        return cudaErrorInvalidConfiguration;
    if (config.shared > MAX_SHARED) return cudaErrorInvalidValue;
    if (architecture > 100 * card().major + 10 * card().minor)
        return cudaErrorNoKernelImageForDevice;
    return cudaSuccess;
}

bool can_start(const char *kernel, const Config &config, int architecture) {
    if (Block::instance().running()) fail("a kernel launches ", kernel);
    return !begin(std::string("launch ") + kernel) && !report(problem(config, architecture));
}

void check_pointer(const char *kernel, const void *p) {
    if (p && !memory().holds(p)) fail("a pointer to host memory is given to kernel ", kernel);
}

void run(const Config &config, void (*thread)(void *), void *arguments) {
    Open open;
    gridDim = config.grid;
    blockDim = config.block;
    for (unsigned block : in_order(gridDim.x * gridDim.y * gridDim.z)) {
        blockIdx.x = block % gridDim.x;
        blockIdx.y = block / gridDim.x % gridDim.y;
        blockIdx.z = block / gridDim.x / gridDim.y;
        const auto threads = in_order(blockDim.x * blockDim.y * blockDim.z);
        Block::instance().run(threads, config.shared, thread, arguments);
    }
}

void barrier(const char *place) { Block::instance().wait(place); }
uint64_t block_number() { return Block::instance().number; }
void *dynamic_shared() { return Block::instance().shared.get(); }

}  // namespace cuda_on_cpu
