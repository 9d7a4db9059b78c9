// CUDA's runtime API, as far as brian2cuda's programs and ours need it. See src/ for what it does.

#ifndef CUDA_RUNTIME_H
#define CUDA_RUNTIME_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <cassert>
#include <cstdio>
#include <cstdlib>

#include "cuda_on_cpu/device.h"
#include "cuda_on_cpu/launch.h"

enum cudaError_t : int {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorInvalidMemcpyDirection = 21,
    cudaErrorDevicesUnavailable = 46,
    cudaErrorNoDevice = 100,
    cudaErrorInvalidDevice = 101,
    cudaErrorNoKernelImageForDevice = 209
};
typedef cudaError_t cudaError;

const char *cudaGetErrorString(cudaError_t);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();

// ---- the device ----

enum cudaLimit { cudaLimitMallocHeapSize };
struct cudaDeviceProp {
    char name[256];
    int major, minor, maxThreadsPerBlock, maxThreadsPerMultiProcessor, warpSize;
    int multiProcessorCount;
    size_t sharedMemPerBlock, totalGlobalMem;
};

cudaError_t cudaGetDeviceCount(int *);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaDeviceSetLimit(cudaLimit, size_t);
cudaError_t cudaProfilerStart();
cudaError_t cudaProfilerStop();

// ---- memory ----

enum cudaMemcpyKind {
    cudaMemcpyHostToHost,
    cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice
};
typedef struct CUstream_st *cudaStream_t;

cudaError_t cudaMemGetInfo(size_t *available, size_t *total);
cudaError_t cudaMalloc(void **, size_t);
cudaError_t cudaFree(void *);
cudaError_t cudaMallocHost(void **, size_t);
cudaError_t cudaFreeHost(void *);
cudaError_t cudaMemcpy(void *to, const void *from, size_t, cudaMemcpyKind);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t, cudaMemcpyKind,
                            cudaStream_t = nullptr);
cudaError_t cudaMemset(void *, int value, size_t);

template <class T>
cudaError_t cudaMalloc(T **p, size_t n) {
    return cudaMalloc((void **)p, n);
}
template <class T>
cudaError_t cudaMallocHost(T **p, size_t n) {
    return cudaMallocHost((void **)p, n);
}
template <class T>
cudaError_t cudaMemcpyToSymbol(T &symbol, const void *from, size_t n) {
    return cuda_on_cpu::copy_to_symbol((void *)&symbol, sizeof(T), from, n);
}

// ---- kernels ----

struct cudaFuncAttributes {
    int maxThreadsPerBlock, numRegs;
    size_t sharedSizeBytes, localSizeBytes, constSizeBytes;
};

cudaError_t cudaOccupancyMaxPotentialBlockSize(int *grid, int *block, const void *kernel,
                                               size_t = 0, int = 0);
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *kernel,
                                                          int threads, size_t);
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *, const void *kernel);

template <class... T>
cudaError_t cudaOccupancyMaxPotentialBlockSize(int *grid, int *block, void (*kernel)(T...),
                                               size_t shared = 0, int limit = 0) {
    return cudaOccupancyMaxPotentialBlockSize(grid, block, (const void *)kernel, shared, limit);
}
template <class... T>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void (*kernel)(T...),
                                                          int threads, size_t shared) {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, (const void *)kernel, threads,
                                                         shared);
}
template <class... T>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, void (*kernel)(T...)) {
    return cudaFuncGetAttributes(attributes, (const void *)kernel);
}

#endif
