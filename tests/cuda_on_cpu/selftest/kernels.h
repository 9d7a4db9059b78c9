// Kernels in a header and a namespace, launched from there, with memory that a block shares.

#ifndef SELFTEST_KERNELS_H
#define SELFTEST_KERNELS_H

#include <cuda_runtime.h>

namespace selftest {

// Sums blocks of values by halves; `barriers` may be left out to make a race.
template <bool BARRIERS, class T>
__global__ void reduce(const T *values, T *sums) {
    __shared__ T part[64];
    const int i = threadIdx.x;
    part[i] = values[blockIdx.x * blockDim.x + i];
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (BARRIERS) __syncthreads();
        if (i < half) part[i] += part[i + half];
    }
    if (i == 0) sums[blockIdx.x] = part[0];
}

template <class T>
void sum(const T *values, T *sums, int blocks, int threads, bool barriers) {
    if (barriers)
        selftest::reduce<true, T><<<blocks, threads>>>(values, sums);
    else
        reduce<false, T> <<<dim3(blocks), dim3(threads)>>>(values, sums);
}

// Reads `reach` values beyond what thread 0 wrote to the dynamic shared memory.
__global__ void share(double *out, int size, int reach) {
    extern __shared__ double part[];
    __shared__ int count;
    __shared__ float table[2][3];
    if (threadIdx.x == 0) {
        out[0] = part[0], out[1] = count, out[2] = table[1][2];
        for (int i = 0; i < size + reach; i++) part[i] = i;
        count = 0;
        table[1][2] = 0.5;
    }
    __syncthreads();
    atomicAdd(&count, 1);
    __syncthreads();
    if (threadIdx.x == blockDim.x - 1)
        out[3] = part[size - 1], out[4] = count, out[5] = table[1][2];
}

}  // namespace selftest

#endif
