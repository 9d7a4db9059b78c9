// Products by the processor's matrix unit (AMX), which multiplies bfloat16 numbers and adds them
// up in float32. A number is rounded to one of them, or is the sum of two: what three products of
// those leave out is below 2^-16 of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "memory.h"
#include "products.h"

#if defined(__AMX_BF16__) && defined(__AVX512BF16__) && defined(__linux__)
#define HORN_MATRIX_UNIT
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace horn {

constexpr int64_t SIDE = 32;  // rows, columns or lanes of a product: two tiles of 16

// How products of float32 are taken: as they are (0), or of this many bfloat16 a number.
using Parts = int;

#ifdef HORN_MATRIX_UNIT

// Linux lends the unit to a process that asks (ARCH_REQ_XCOMP_PERM, for its tiles).
inline bool matrix_unit() {
    static const bool lent = syscall(SYS_arch_prctl, 0x1023, 18) == 0;
    return lent;
}

// Eight tiles of 16 rows of 64 bytes, as long as this lives.
struct Tiles {
    Tiles() {
        struct alignas(64) {
            uint8_t palette = 1, start = 0, none[14] = {};
            uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
            uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
        } shape;
        _tile_loadconfig(&shape);
    }
    ~Tiles() { _tile_release(); }
};

constexpr int64_t TILE = 16 * 16;  // words in a tile: pairs of bfloat16, or float32

// Two vectors as the low and the high halves of words, rounded; what rounding left stays in them.
inline __m512i pair(__m512 &low, __m512 &high) {
    const __m512i order = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
        19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i words = _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(high, low));
    low -= (__m512)_mm512_slli_epi32(words, 16);
    high -= (__m512)_mm512_and_si512(words, _mm512_set1_epi32(0xffff0000));
    return words;
}

// Two vectors one after the other, rounded; what rounding left stays in them.
inline __m512i row(__m512 &first, __m512 &second) {
    const __m512i words = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    auto float_of = [](__m256i half) {
        return (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16);
    };
    first -= float_of(_mm512_castsi512_si256(words));
    second -= float_of(_mm512_extracti64x4_epi64(words, 1));
    return words;
}

// Rows and columns of 16 words changed about.
template <int N = 8>
inline void transpose(Simd<int32_t>::vec *v) {
    auto swap = [&]<size_t... L>(std::index_sequence<L...>) {
        for (size_t k = 0; k < 16; k++) {
            if (k & N) continue;
            const auto a = v[k], b = v[k + N];
            v[k] = __builtin_shufflevector(a, b, (L & N ? L - N + 16 : L)...);
            v[k + N] = __builtin_shufflevector(a, b, (L & N ? L + 16 : L + N)...);
        }
    };
    swap(std::make_index_sequence<16>());
    if constexpr (N > 1) transpose<N / 2>(v);
}

// Tiles 0 to 3 += two tiles of rows times two of columns, in all parts: the products whose sum
// stands for a product are all but that of the two small parts. `a_part` and `b_part` lie between
// parts, `a_next` and `b_next` between the two tiles of one.
inline void add_product(Parts parts, const int32_t *a, int64_t a_part, int64_t a_next,
                        const int32_t *b, int64_t b_part, int64_t b_next, int64_t b_bytes) {
    auto rows = [&](int part) {
        _tile_loadd(4, a + part * a_part, 64);
        _tile_loadd(5, a + part * a_part + a_next, 64);
    };
    auto columns = [&](int part) {
        _tile_loadd(6, b + part * b_part, b_bytes);
        _tile_loadd(7, b + part * b_part + b_next, b_bytes);
    };
    auto multiply = [] {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    };
    columns(0);
    if (parts == 2) rows(1), multiply();
    rows(0), multiply();
    if (parts == 2) columns(1), multiply();
}

// What the compiler has yet to store, tiles would not load.
inline void settle() { asm volatile("" ::: "memory"); }

inline void store_tiles(float *to, int64_t stride) {
    _tile_stored(0, to, 4 * stride);
    _tile_stored(1, to + 16, 4 * stride);
    _tile_stored(2, to + 16 * stride, 4 * stride);
    _tile_stored(3, to + 16 * stride + 16, 4 * stride);
    settle();
}

// Weights as tiles, [block of SIDE rows][chunk of SIDE columns][part][half of the rows], and of
// each block the chunks from the first weight to the last.
class ShortWeights {
    Buffer<int32_t> tiles;
    std::vector<std::pair<int64_t, int64_t>> range;

  public:
    const int64_t chunks;
    const Parts parts;

    ShortWeights(const float *w, int64_t n, bool transpose, Parts parts)
        : tiles(round_up(n, SIDE) / SIDE * (round_up(n, SIDE) / SIDE) * parts * 2 * TILE),
          range(round_up(n, SIDE) / SIDE),
          chunks(round_up(n, SIDE) / SIDE),
          parts(parts) {
        for (int64_t block = 0; block < chunks; block++) {
            auto &[first, last] = range[block] = {chunks, 0};
            for (int64_t chunk = 0; chunk < chunks; chunk++) {
                bool any = false;
                for (int64_t i = 0; i < SIDE; i++) {
                    alignas(64) float both[SIDE] = {};
                    const int64_t post = block * SIDE + i;
                    for (int64_t j = 0; j < SIDE && post < n && chunk * SIDE + j < n; j++) {
                        const int64_t pre = chunk * SIDE + j;
                        both[j] = transpose ? w[pre * n + post] : w[post * n + pre];
                        any |= both[j] != 0;
                    }
                    __m512 a = _mm512_load_ps(both), b = _mm512_load_ps(both + 16);
                    for (int part = 0; part < parts; part++)
                        _mm512_store_si512(at(block, chunk, part) + i * 16, row(a, b));
                }
                if (!any) continue;
                first = std::min(first, chunk);
                last = chunk + 1;
            }
        }
    }

    int32_t *at(int64_t block, int64_t chunk, int part) const {
        return tiles.data + ((block * chunks + chunk) * parts + part) * 2 * TILE;
    }

    // sum[SIDE rows][SIDE lanes] of a signal as `ShortSignal` has it.
    [[gnu::noinline]] void multiply(int64_t block, const int32_t *signal, float *sum) const {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        settle();
        for (int64_t chunk = range[block].first; chunk < range[block].second; chunk++)
            add_product(parts, at(block, chunk, 0), 2 * TILE, TILE,
                        signal + chunk * parts * 2 * TILE, 2 * TILE, 16, 4 * SIDE);
        store_tiles(sum, SIDE);
    }
};

// A signal of SIDE lanes as what weights multiply: [chunk of SIDE units][part][pair of units][lane].
class ShortSignal {
    const int64_t units;
    const Parts parts;
    Buffer<int32_t> words;

  public:
    ShortSignal(int64_t n, Parts parts)
        : units(n), parts(parts), words(round_up(n, SIDE) / SIDE * parts * 2 * TILE) {}

    const int32_t *take(const float *signal) {
        for (int64_t i = 0; i < units; i += 2) {
            int32_t *to = words.data + i / SIDE * parts * 2 * TILE + i % SIDE / 2 * SIDE;
            for (int v = 0; v < 2; v++) {
                __m512 a = _mm512_load_ps(signal + i * SIDE + 16 * v), b = {};
                if (i + 1 < units) b = _mm512_load_ps(signal + (i + 1) * SIDE + 16 * v);
                for (int part = 0; part < parts; part++)
                    _mm512_store_si512(to + part * 2 * TILE + 16 * v, pair(a, b));
            }
        }
        return words.data;
    }
};

// Sums over steps and lanes of products of two signals, rows by columns, as weight gradients are.
class ShortOuter {
    const int64_t units, blocks;
    const Parts parts;
    Buffer<int32_t> rows, columns;  // [step][block of SIDE units][part][half][16][16]

    int64_t at(int64_t step, int64_t block) const {
        return (step * blocks + block) * parts * 2 * TILE;
    }

  public:
    ShortOuter(int64_t n, Parts parts)
        : units(n),
          blocks(round_up(n, SIDE) / SIDE),
          parts(parts),
          rows(CHUNK * blocks * parts * 2 * TILE),
          columns(CHUNK * blocks * parts * 2 * TILE) {}

    // Numbers from one row of the sums to the next.
    static int64_t across(int64_t n) { return round_up(n, SIDE); }

    void take(int64_t step, const float *a, const float *b) {
        for (int64_t half = 0; half < units; half += 16) {
            const int64_t to = at(step, half / SIDE) + half % SIDE / 16 * TILE;
            Simd<int32_t>::vec turned[2][16];
            const int64_t some = std::min(units, half + 16);
            if (some < half + 16) std::fill_n(turned[0], 32, Simd<int32_t>::vec{});
            for (int64_t i = half; i < some; i++) {
                __m512 a0 = _mm512_load_ps(a + i * SIDE), a1 = _mm512_load_ps(a + i * SIDE + 16);
                __m512 b0 = _mm512_load_ps(b + i * SIDE), b1 = _mm512_load_ps(b + i * SIDE + 16);
                for (int part = 0; part < parts; part++) {
                    _mm512_store_si512(rows.data + to + part * 2 * TILE + (i - half) * 16,
                                       row(a0, a1));
                    turned[part][i - half] = (Simd<int32_t>::vec)row(b0, b1);
                }
            }
            for (int part = 0; part < parts; part++) {
                transpose(turned[part]);
                for (int k = 0; k < 16; k++)
                    _mm512_store_si512(columns.data + to + part * 2 * TILE + k * 16,
                                       (__m512i)turned[part][k]);
            }
        }
    }

    // to[row][column] += those of the steps taken.
    [[gnu::noinline]] void add(int64_t steps, float *to) const {
        const int64_t stride = across(units);
        settle();
        for (int64_t i = 0; i < blocks; i++)
            for (int64_t j = 0; j < blocks; j++) {
                float *block = to + i * SIDE * stride + j * SIDE;
                _tile_loadd(0, block, 4 * stride);
                _tile_loadd(1, block + 16, 4 * stride);
                _tile_loadd(2, block + 16 * stride, 4 * stride);
                _tile_loadd(3, block + 16 * stride + 16, 4 * stride);
                for (int64_t k = 0; k < steps; k++)
                    add_product(parts, rows.data + at(k, i), 2 * TILE, TILE,
                                columns.data + at(k, j), 2 * TILE, TILE, 64);
                store_tiles(block, stride);
            }
    }
};

#else

// Stands for them elsewhere, where nobody makes one.
inline bool matrix_unit() { return false; }
struct Tiles {};
struct ShortWeights {
    Parts parts;
    ShortWeights(const float *, int64_t, bool, Parts parts) : parts(parts) {}
    void multiply(int64_t, const int32_t *, float *) const {}
};
struct ShortSignal {
    ShortSignal(int64_t, Parts) {}
    const int32_t *take(const float *) { return nullptr; }
};
struct ShortOuter {
    ShortOuter(int64_t, Parts) {}
    static int64_t across(int64_t n) { return n; }
    void take(int64_t, const float *, const float *) {}
    void add(int64_t, float *) const {}
};

#endif

}  // namespace horn
