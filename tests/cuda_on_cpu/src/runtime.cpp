// The runtime API: errors, the device, memory, and what is known of kernels.

#include <algorithm>
#include <utility>

#include "card.h"
#include "memory.h"

using cuda_on_cpu::begin;
using cuda_on_cpu::card;
using cuda_on_cpu::memory;
using cuda_on_cpu::refusal;
using cuda_on_cpu::report;

namespace cuda_on_cpu {

void fail(const char *what, const char *where) {
    fprintf(stderr, "ERROR: emulated CUDA: %s%s\n", what, where);
    fflush(nullptr);
    abort();
}

void Counts::write() {
    FILE *out = fopen(instance().file.c_str(), "w");
    if (!out) fail("cannot write ", instance().file.c_str());
    const char *before = "{";
    for (auto &[name, n] : instance().calls) {
        fprintf(out, "%s\"%s\": %ld", before, name.c_str(), n);
        before = ", ";
    }
    fprintf(out, "}\n");  // it exists only if something was counted
    fclose(out);
}

Open::Open() { memory().enter(); }
Open::~Open() { memory().leave(); }

}  // namespace cuda_on_cpu

const char *cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaSuccess: return "no error";
        case cudaErrorInvalidValue: return "invalid argument";
        case cudaErrorMemoryAllocation: return "out of memory";
        case cudaErrorInvalidConfiguration: return "invalid configuration argument";
        case cudaErrorInvalidMemcpyDirection: return "invalid copy direction for memcpy";
        case cudaErrorDevicesUnavailable:
            return "CUDA-capable device(s) is/are busy or unavailable";
        case cudaErrorNoDevice: return "no CUDA-capable device is detected";
        case cudaErrorInvalidDevice: return "invalid device ordinal";
        case cudaErrorNoKernelImageForDevice:
            return "no kernel image is available for execution on the device";
    }
    return "unrecognized error code";
}
cudaError_t cudaGetLastError() { return std::exchange(cuda_on_cpu::last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return cuda_on_cpu::last_error; }

// ---- the device ----

cudaError_t cudaGetDeviceCount(int *n) {
    *n = card().there;
    return *n ? cudaSuccess : report(cudaErrorNoDevice);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
    if (!card().there) return report(cudaErrorNoDevice);
    if (device != 0) return report(cudaErrorInvalidDevice);
    *properties = {"", card().major, card().minor, cuda_on_cpu::MAX_THREADS, 2048, 32, 132,
                   cuda_on_cpu::MAX_SHARED, card().memory};
    strncpy(properties->name, card().name.c_str(), sizeof(properties->name) - 1);
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
    if (cudaError_t error = begin("cudaSetDevice")) return error;
    return device == 0 ? cudaSuccess : report(cudaErrorInvalidDevice);
}
cudaError_t cudaDeviceSynchronize() { return begin("cudaDeviceSynchronize"); }
cudaError_t cudaDeviceSetLimit(cudaLimit, size_t) { return refusal(); }
cudaError_t cudaProfilerStart() { return refusal(); }
cudaError_t cudaProfilerStop() { return refusal(); }

// ---- memory ----

cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
    if (cudaError_t error = begin("cudaMemGetInfo")) return error;
    *available = memory().available();
    *total = card().memory;
    return cudaSuccess;
}
cudaError_t cudaMalloc(void **p, size_t n) {
    if (cudaError_t error = begin("cudaMalloc")) return error;
    *p = n ? memory().allocate(n) : nullptr;
    return n == 0 || *p ? cudaSuccess : report(cudaErrorMemoryAllocation);
}
cudaError_t cudaFree(void *p) {
    if (cudaError_t error = begin("cudaFree")) return error;
    return memory().release(p) ? cudaSuccess : report(cudaErrorInvalidValue);
}
cudaError_t cudaMallocHost(void **p, size_t n) {
    if (cudaError_t error = begin("cudaMallocHost")) return error;
    *p = malloc(n);
    return cudaSuccess;
}
cudaError_t cudaFreeHost(void *p) {
    if (cudaError_t error = begin("cudaFreeHost")) return error;
    free(p);
    return cudaSuccess;
}

static cudaError_t copy(const char *name, void *to, const void *from, size_t n,
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
    cuda_on_cpu::Open open;
    memmove(to, from, n);
    return cudaSuccess;
}
cudaError_t cudaMemcpy(void *to, const void *from, size_t n, cudaMemcpyKind kind) {
    return copy("cudaMemcpy", to, from, n, kind);
}
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind kind,
                            cudaStream_t) {
    return copy("cudaMemcpyAsync", to, from, n, kind);
}
cudaError_t cudaMemset(void *p, int value, size_t n) {
    if (cudaError_t error = begin("cudaMemset")) return error;
    if (n && !memory().holds(p, n)) return report(cudaErrorInvalidValue);
    cuda_on_cpu::Open open;
    memset(p, value, n);
    return cudaSuccess;
}
cudaError_t cuda_on_cpu::copy_to_symbol(void *symbol, size_t size, const void *from, size_t n) {
    if (cudaError_t error = begin("cudaMemcpyToSymbol")) return error;
    if (n > size || memory().holds(from)) return report(cudaErrorInvalidValue);
    memcpy(symbol, from, n);
    return cudaSuccess;
}

// ---- kernels ----

cudaError_t cudaOccupancyMaxPotentialBlockSize(int *grid, int *block, const void *, size_t,
                                               int limit) {
    *grid = 132;
    *block = std::stoi(cuda_on_cpu::setting("CUDA_ON_CPU_BLOCK", "32"));
    if (limit) *block = std::min(*block, limit);
    return refusal();
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *, int threads,
                                                          size_t) {
    *blocks = threads > 0 ? 2048 / threads : 0;
    return refusal();
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *) {
    *attributes = {cuda_on_cpu::MAX_THREADS, 32, 0, 0, 0};
    return refusal();
}
