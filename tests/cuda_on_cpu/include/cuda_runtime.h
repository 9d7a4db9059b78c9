// CUDA's runtime API on the CPU, as far as brian2cuda's programs and ours need it.

#ifndef CUDA_RUNTIME_H
#define CUDA_RUNTIME_H

#include <math.h>

#include <cassert>

#include "cuda_on_cpu/device.h"
#include "cuda_on_cpu/launch.h"

enum cudaMemcpyKind {
    cudaMemcpyHostToHost,
    cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice
};
enum cudaLimit { cudaLimitMallocHeapSize };
struct cudaDeviceProp {
    char name[256];
    int major, minor, maxThreadsPerBlock, maxThreadsPerMultiProcessor, warpSize;
    int multiProcessorCount;
    size_t sharedMemPerBlock, totalGlobalMem;
};
struct cudaFuncAttributes {
    int maxThreadsPerBlock, numRegs;
    size_t sharedSizeBytes, localSizeBytes, constSizeBytes;
};

// ---- the device ----

inline cudaError_t cudaGetDeviceCount(int *n) {
    *n = cuda_on_cpu::card().count;
    return *n ? cudaSuccess : cuda_on_cpu::report(cudaErrorNoDevice);
}
inline cudaError_t cudaSetDevice(int device) {
    if (cudaError_t error = cuda_on_cpu::begin("cudaSetDevice")) return error;
    return device == 0 ? cudaSuccess : cuda_on_cpu::report(cudaErrorInvalidDevice);
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
    const auto &card = cuda_on_cpu::card();
    if (card.count == 0) return cuda_on_cpu::report(cudaErrorNoDevice);
    if (device != 0) return cuda_on_cpu::report(cudaErrorInvalidDevice);
    *properties = {"", card.major, card.minor, (int)cuda_on_cpu::MAX_THREADS, 2048, 32, 132,
                   cuda_on_cpu::MAX_SHARED, card.memory};
    strncpy(properties->name, card.name.c_str(), sizeof(properties->name) - 1);
    return cudaSuccess;
}
inline cudaError_t cudaDeviceSynchronize() { return cuda_on_cpu::begin("cudaDeviceSynchronize"); }
inline cudaError_t cudaDeviceReset() { return cuda_on_cpu::refusal(); }
inline cudaError_t cudaDeviceSetLimit(cudaLimit, size_t) { return cuda_on_cpu::refusal(); }
inline cudaError_t cudaProfilerStart() { return cuda_on_cpu::refusal(); }
inline cudaError_t cudaProfilerStop() { return cuda_on_cpu::refusal(); }

// ---- memory ----

inline cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
    if (cudaError_t error = cuda_on_cpu::begin("cudaMemGetInfo")) return error;
    *available = cuda_on_cpu::memory().available();
    *total = cuda_on_cpu::card().memory;
    return cudaSuccess;
}
template <class T>
cudaError_t cudaMalloc(T **p, size_t n) {
    if (cudaError_t error = cuda_on_cpu::begin("cudaMalloc")) return error;
    *p = n ? (T *)cuda_on_cpu::memory().allocate(n) : nullptr;
    return n == 0 || *p ? cudaSuccess : cuda_on_cpu::report(cudaErrorMemoryAllocation);
}
inline cudaError_t cudaFree(void *p) {
    if (cudaError_t error = cuda_on_cpu::begin("cudaFree")) return error;
    return cuda_on_cpu::report(cuda_on_cpu::memory().release(p) ? cudaSuccess
                                                                : cudaErrorInvalidValue);
}
template <class T>
cudaError_t cudaMallocHost(T **p, size_t n) {
    if (cudaError_t error = cuda_on_cpu::begin("cudaMallocHost")) return error;
    *p = (T *)malloc(n);
    return cudaSuccess;
}
inline cudaError_t cudaFreeHost(void *p) {
    if (cudaError_t error = cuda_on_cpu::begin("cudaFreeHost")) return error;
    free(p);
    return cudaSuccess;
}

namespace cuda_on_cpu {
inline cudaError_t copy(const char *name, void *to, const void *from, size_t n,
                        cudaMemcpyKind kind) {
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDeviceToDevice)
        return report(cudaErrorInvalidMemcpyDirection);
    const char *ways[] = {" HtoH", " HtoD", " DtoH", " DtoD"};
    if (cudaError_t error = begin(std::string(name) + ways[kind])) return error;
    if (n == 0) return cudaSuccess;
    auto suits = [n](const void *p, bool device) {
        return device ? memory().holds(p, n) : p && !memory().holds(p);
    };
    if (!suits(to, kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice) ||
        !suits(from, kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice))
        return report(cudaErrorInvalidValue);
    Open open;
    memmove(to, from, n);
    return cudaSuccess;
}
}  // namespace cuda_on_cpu

inline cudaError_t cudaMemcpy(void *to, const void *from, size_t n, cudaMemcpyKind kind) {
    return cuda_on_cpu::copy("cudaMemcpy", to, from, n, kind);
}
inline cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind kind,
                                   void * = nullptr) {
    return cuda_on_cpu::copy("cudaMemcpyAsync", to, from, n, kind);
}
inline cudaError_t cudaMemset(void *p, int value, size_t n) {
    if (cudaError_t error = cuda_on_cpu::begin("cudaMemset")) return error;
    if (n && !cuda_on_cpu::memory().holds(p, n)) return cuda_on_cpu::report(cudaErrorInvalidValue);
    cuda_on_cpu::Open open;
    memset(p, value, n);
    return cudaSuccess;
}
template <class T>
cudaError_t cudaMemcpyToSymbol(T &symbol, const void *from, size_t n) {
    if (cudaError_t error = cuda_on_cpu::begin("cudaMemcpyToSymbol")) return error;
    if (n > sizeof(T)) return cuda_on_cpu::report(cudaErrorInvalidValue);
    memcpy((void *)&symbol, from, n);
    return cudaSuccess;
}

// ---- kernels ----

template <class Kernel>
cudaError_t cudaOccupancyMaxPotentialBlockSize(int *grid, int *block, Kernel, size_t = 0, int = 0) {
    *grid = 132;
    *block = std::stoi(cuda_on_cpu::setting("CUDA_ON_CPU_BLOCK", "32"));
    return cuda_on_cpu::refusal();
}
template <class Kernel>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, Kernel, int threads, size_t) {
    *blocks = threads > 0 ? 2048 / threads : 0;
    return cuda_on_cpu::refusal();
}
template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, Kernel) {
    *attributes = {(int)cuda_on_cpu::MAX_THREADS, 32, 0, 0, 0};
    return cuda_on_cpu::refusal();
}

#endif
