// The operations of horn_neuro/simulator/operations.py on a GPU, called from the generated main().
//
// Signals are stored trials innermost, signal[unit * trials + trial]: for cuBLAS a
// column-major matrix of trials times units. Nothing here needs atomic operations:
// equal runs give equal bits. All of it runs on the default stream.

#ifndef HORN_KERNELS_CUDA_H
#define HORN_KERNELS_CUDA_H

#include <cublas_v2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "files.h"

namespace horn {

inline void check(cudaError_t error, const char *what) {
    if (error != cudaSuccess) fail(std::string(what) + ": " + cudaGetErrorString(error));
}
inline void check(cublasStatus_t status) {
    if (status != CUBLAS_STATUS_SUCCESS)
        fail("cuBLAS: status " + std::to_string((int)status));
}

template <class T>
T *allocate(size_t count) {
    T *memory = nullptr;
    if (count) check(cudaMalloc((void **)&memory, count * sizeof(T)), "allocating GPU memory");
    return memory;
}

// An array that the program is given, read from a file.
template <class T>
T *given(const char *name) {
    const Mapped file(name);
    T *array = allocate<T>(file.bytes / sizeof(T));
    if (file.bytes)
        check(cudaMemcpy(array, file.memory, file.bytes, cudaMemcpyHostToDevice), name);
    munmap(file.memory, file.bytes);
    return array;
}

// Write a device array to a file, piece by piece.
inline void save(File &file, const char *array, size_t bytes, const char *name) {
    std::vector<char> piece(std::min(bytes, (size_t)1 << 26));
    for (size_t done = 0; done < bytes; done += piece.size()) {
        const size_t size = std::min(piece.size(), bytes - done);
        check(cudaMemcpy(piece.data(), array + done, size, cudaMemcpyDeviceToHost), name);
        file.write(piece.data(), size);
    }
    file.close();
}

// What is left of a given array at the end.
template <class T>
void keep(const char *name, const T *array, size_t count) {
    File file(name);
    save(file, (const char *)array, count * sizeof(T), name);
}

template <class T>
void copy(const T *from, size_t count, T *to) {
    check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToDevice), "copying");
}

inline cublasHandle_t handle() {
    static cublasHandle_t handle = nullptr;
    if (!handle) check(cublasCreate(&handle));
    return handle;
}
inline cublasStatus_t gemm(int m, int n, int k, const double *a, int lda, const double *b, int ldb,
                           double beta, double *c, int ldc) {
    const double one = 1;
    return cublasDgemm(handle(), CUBLAS_OP_N, CUBLAS_OP_N, m, n, k, &one, a, lda, b, ldb, &beta, c,
                       ldc);
}
inline cublasStatus_t gemm(int m, int n, int k, const float *a, int lda, const float *b, int ldb,
                           float beta, float *c, int ldc) {
    const float one = 1;
    return cublasSgemm(handle(), CUBLAS_OP_N, CUBLAS_OP_N, m, n, k, &one, a, lda, b, ldb, &beta, c,
                       ldc);
}

// out[i, t] = sum_j weights[i, j] signal[j, t]
template <class real>
void product(const real *weights, const real *signal, int units, int sources, int trials,
             real *out) {
    check(gemm(trials, units, sources, signal, trials, weights, sources, 0, out, trials));
}

constexpr int THREADS = 128;

// Sums over incoming connections. Threads of a block lie side by side over trials,
// then over the connections of one unit, then over units. PLASTIC: weights of
// their own for every trial, and what arrives is kept.
template <bool ADD, bool PLASTIC, class real, class integer>
__global__ void gather(const int64_t *first, const integer *column, const real *weights,
                       const real *signal, int64_t now, int64_t all, int units, int trials,
                       int over_trials, int over_connections, real *arriving, real *out) {
    __shared__ real part[THREADS];
    const int thread = threadIdx.x, lane = thread / over_trials % over_connections;
    const int unit = blockIdx.x * (blockDim.x / (over_trials * over_connections)) +
                     thread / (over_trials * over_connections);
    const int trial = blockIdx.y * over_trials + thread % over_trials;
    const bool there = unit < units && trial < trials;
    real sum = 0;
    if (there)
        for (int64_t c = first[unit] + lane; c < first[unit + 1]; c += over_connections) {
            int64_t place = now + column[c];
            if (place < 0) place += all;
            const real seen = signal[place * trials + trial];
            if (PLASTIC) {
                arriving[c * trials + trial] = seen;
                sum += weights[c * trials + trial] * seen;
            } else {
                sum += weights[c] * seen;
            }
        }
    part[thread] = sum;
    for (int half = over_connections / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) part[thread] += part[thread + half * over_trials];
    }
    if (there && lane == 0) {
        real *place = out + (size_t)unit * trials + trial;
        *place = ADD ? *place + part[thread] : part[thread];
    }
}

template <class integer>
class Gather {
    // Up to this ring, and if a quarter of all connections is there, dense products
    // over all ages do more arithmetic in less time than a gather.
    static constexpr int DENSE_RING = 16, DENSE_SHARE = 4;

    const int64_t *first;
    const integer *column;
    const int ring, units, trials;
    int over_trials = 1, over_connections = 1;
    int64_t count;
    void *by_age = nullptr;  // weights spread over ages, the oldest first
    bool spread_yet = false;

    template <class T>
    static std::vector<T> fetch(const T *array, size_t count) {
        std::vector<T> host(count);
        check(cudaMemcpy(host.data(), array, count * sizeof(T), cudaMemcpyDeviceToHost), "reading");
        return host;
    }

    template <class real>
    void spread(const real *weights) {
        spread_yet = true;
        if (ring == 1 || ring > DENSE_RING || count * DENSE_SHARE < (int64_t)units * units) return;
        const auto begin = fetch(first, units + 1);
        const auto from = fetch(column, count);
        const auto w = fetch(weights, count);
        std::vector<real> full((size_t)units * ring * units, 0);
        for (int i = 0; i < units; i++)
            for (int64_t c = begin[i]; c < begin[i + 1]; c++)
                full[((size_t)i * ring + ring - 1) * units + from[c]] = w[c];
        real *memory = allocate<real>(full.size());
        check(cudaMemcpy(memory, full.data(), full.size() * sizeof(real), cudaMemcpyHostToDevice),
              "spreading weights");
        by_age = memory;
    }

    template <bool ADD, bool PLASTIC, class real>
    void launch(const real *weights, real *arriving, const real *signal, int64_t k,
                real *out) const {
        const int rows = THREADS / (over_trials * over_connections);
        const dim3 grid((units + rows - 1) / rows, (trials + over_trials - 1) / over_trials);
        horn::gather<ADD, PLASTIC, real, integer><<<grid, THREADS>>>(
            first, column, weights, signal, k % ring * units, (int64_t)ring * units, units, trials,
            over_trials, over_connections, arriving, out);
        check(cudaGetLastError(), "summing over connections");
    }

   public:
    Gather(const int64_t *first, const integer *column, int ring, int units, int trials)
        : first(first), column(column), ring(ring), units(units), trials(trials) {
        check(cudaMemcpy(&count, first + units, sizeof count, cudaMemcpyDeviceToHost), "reading");
        while (over_trials < trials && over_trials < THREADS) over_trials *= 2;
        while (2 * over_connections * (int64_t)units <= count &&
               2 * over_connections * over_trials <= THREADS)
            over_connections *= 2;
    }

    template <bool ADD, class real>
    void sum(const real *weights, const real *signal, int64_t k, real *out) {
        if (!spread_yet) spread(weights);
        if (!by_age) return launch<ADD, false, real>(weights, nullptr, signal, k, out);
        // The ring in the order of its memory: from its oldest slot to its end, and from its start.
        const int oldest = (k + 1) % ring, stride = ring * units, from = oldest * units;
        const real *w = (const real *)by_age;
        check(gemm(trials, units, stride - from, signal + (size_t)from * trials, trials, w, stride,
                   ADD, out, trials));
        if (oldest)
            check(gemm(trials, units, from, signal, trials, w + stride - from, stride, 1, out,
                       trials));
    }

    template <class real>
    void each(const real *weights, real *arriving, const real *signal, int64_t k, real *out) const {
        launch<false, true, real>(weights, arriving, signal, k, out);
    }
};

class Tape {
    const char *name;
    File file;
    const size_t bytes, samples;
    char *memory;
    size_t used = 0;

   public:
    Tape(const char *name, size_t bytes, size_t samples)
        : name(name), file(name), bytes(bytes), samples(samples),
          memory(allocate<char>(bytes * samples)) {}
    char *next() { return memory + bytes * used++; }
    void add(const void *sample) {
        check(cudaMemcpyAsync(next(), sample, bytes, cudaMemcpyDeviceToDevice), name);
    }
    void close() { save(file, memory, bytes * used, name); }
};

template <class T>
__global__ void pack(const T *spiked, size_t size, uint8_t *packed) {
    const size_t byte = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (byte >= (size + 7) / 8) return;
    int bits = 0;
    for (int i = 0; i < 8 && 8 * byte + i < size; i++) bits |= (spiked[8 * byte + i] != 0) << i;
    packed[byte] = bits;
}

class SpikeTape {
    Tape tape;
    const size_t size;

   public:
    SpikeTape(const char *name, size_t size, size_t steps)
        : tape(name, (size + 7) / 8, steps), size(size) {}
    template <class T>
    void add(const T *spiked) {
        const int blocks = (int)(((size + 7) / 8 + THREADS - 1) / THREADS);
        horn::pack<T><<<blocks, THREADS>>>(spiked, size, (uint8_t *)tape.next());
        check(cudaGetLastError(), "packing spikes");
    }
    void close() { tape.close(); }
};

}  // namespace horn

#endif
