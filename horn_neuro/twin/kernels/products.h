// Products of weights with signals that lie side by side, signal[unit][lane], so that one
// weight meets a vector of lanes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace horn {

// Bytes of a vector, and the rows (of weights that share a loaded signal) and columns
// (of a block of weight gradients) whose sums fit in the registers: 32 or 16 of them.
#ifdef __AVX512F__
constexpr int BYTES = 64, ROWS = 8, COLUMNS = 4;
#else
constexpr int BYTES = 32, ROWS = 6, COLUMNS = 2;
#endif
constexpr int BLOCK = 4;   // rows of a block of weight gradients; its area fills whole vectors
constexpr int CHUNK = 16;  // steps whose weight gradients are one product

template <class T>
struct Simd {
    typedef T vec __attribute__((vector_size(BYTES)));
    static constexpr int width = BYTES / sizeof(T);
    static vec load(const T *p) { return *(const vec *)p; }
    static void store(T *p, vec v) { *(vec *)p = v; }
    // Past the caches, which what is saved for the backward pass would flood.
    static void stream(T *p, vec v) {
#ifdef __AVX512F__
        _mm512_stream_si512((__m512i *)p, (__m512i)v);
#else
        store(p, v);
#endif
    }
    // Let other threads see what was streamed, which is not in the order of other stores.
    static void settle() {
#ifdef __AVX512F__
        _mm_sfence();
#endif
    }
};

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// Weights in blocks of ROWS rows, packed[block][column][row], zero-padded, and of each block the
// columns from the first weight to the last: absent blocks of a stack cost nothing.
template <class T>
struct Packed {
    std::vector<T> weights;
    std::vector<std::pair<int64_t, int64_t>> range;

    Packed(const T *w, int64_t n, bool transpose)
        : weights(round_up(n, ROWS) * n, T(0)), range(round_up(n, ROWS) / ROWS, {n, 0}) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                const T weight = transpose ? w[j * n + i] : w[i * n + j];
                if (weight == 0) continue;
                weights[(i / ROWS * n + j) * ROWS + i % ROWS] = weight;
                auto &[first, last] = range[i / ROWS];
                first = std::min(first, j);
                last = std::max(last, j + 1);
            }
    }
};

// sum[row][lane] = weights of the rows from `block` on times signal. Out of line, where nothing
// else asks for the registers that hold the sums.
template <class T, int V>
[[gnu::noinline]] void multiply(const Packed<T> &w, int64_t block, int64_t n, const T *signal,
                                T *sum) {
    using S = Simd<T>;
    constexpr int LANES = V * S::width;
    const auto [first, last] = w.range[block / ROWS];
    const T *packed = w.weights.data() + block * n;
    typename S::vec total[ROWS * V] = {};
    for (int64_t j = first; j < last; j++) {
        typename S::vec s[V];
        for (int v = 0; v < V; v++) s[v] = S::load(signal + j * LANES + v * S::width);
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < V; v++) total[r * V + v] += packed[j * ROWS + r] * s[v];
    }
    for (int r = 0; r < ROWS * V; r++) S::store(sum + r * S::width, total[r]);
}

// Sums of the elements of each of `width` vectors, as one vector; begin with N = width.
template <class T, int N, size_t... L>
inline typename Simd<T>::vec row_sums(typename Simd<T>::vec *v, std::index_sequence<L...> lanes) {
    if constexpr (N > 1) {
        constexpr size_t half = N / 2, other = sizeof...(L) - half;
        for (size_t k = 0; k < half; k++) {
            const auto a = v[k], b = v[k + half];
            v[k] = __builtin_shufflevector(a, b, (L % N < half ? L : L + other)...) +
                   __builtin_shufflevector(a, b, (L % N < half ? L + half : L + other + half)...);
        }
        return row_sums<T, half>(v, lanes);
    }
    return v[0];
}

// to[block of rows][block of columns] += sums over steps and lanes of a[step][row][lane]
// b[step][column][lane]. Columns beyond the last belong to nobody and may hold anything.
template <class T, int V>
void outer(const T *a, int64_t rows, int64_t a_slab, const T *b, int64_t columns, int64_t b_slab,
           int64_t steps, T *to) {
    using S = Simd<T>;
    constexpr int LANES = V * S::width, AREA = BLOCK * COLUMNS;
    constexpr int64_t GROUP = 16;  // columns that stay in cache while the rows pass by
    const int64_t across = round_up(columns, COLUMNS);
    for (int64_t group = 0; group < columns; group += GROUP)
        for (int64_t i = 0; i < rows; i += BLOCK)
            for (int64_t j = group; j < std::min(columns, group + GROUP); j += COLUMNS) {
                typename S::vec sum[AREA] = {};
                for (int64_t k = 0; k < steps; k++)
                    for (int v = 0; v < V; v++) {
                        const T *left = a + k * a_slab + i * LANES + v * S::width;
                        const T *right = b + k * b_slab + j * LANES + v * S::width;
                        typename S::vec y[COLUMNS];
                        for (int q = 0; q < COLUMNS; q++) y[q] = S::load(right + q * LANES);
                        for (int p = 0; p < BLOCK; p++) {
                            const typename S::vec x = S::load(left + p * LANES);
                            for (int q = 0; q < COLUMNS; q++) sum[p * COLUMNS + q] += x * y[q];
                        }
                    }
                T *block = to + i * across + j * BLOCK;
                for (int first = 0; first < AREA; first += S::width) {
                    const auto total =
                        row_sums<T, S::width>(sum + first, std::make_index_sequence<S::width>());
                    S::store(block + first, S::load(block + first) + total);
                }
            }
}

// Rows and columns out of the blocks of `outer`.
template <class T>
void unblock(const T *blocks, int64_t rows, int64_t columns, T *to) {
    const int64_t across = round_up(columns, COLUMNS);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            to[i * columns + j] += blocks[i / BLOCK * BLOCK * across + j / COLUMNS * COLUMNS * BLOCK +
                                          i % BLOCK * COLUMNS + j % COLUMNS];
}

}  // namespace horn
