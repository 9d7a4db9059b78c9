// The operations of horn_neuro/simulator/operations.py on a CPU, called from the generated main().
//
// Signals are stored trials innermost, signal[unit * trials + trial], so that one
// weight meets a contiguous vector of trials. The tiles have sizes known to the
// compiler and keep their sums in registers. Vectors are a GCC and Clang
// extension: with plain loops the speed hangs on the compiler's mood.

#ifndef HORN_KERNELS_CPP_H
#define HORN_KERNELS_CPP_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "blas.h"
#include "files.h"

namespace horn {

#ifdef __AVX512F__
constexpr int BYTES = 64, ROWS = 8;
#else
constexpr int BYTES = 32, ROWS = 4;
#endif
template <class real>
constexpr int WIDTH = BYTES / sizeof(real);

template <class real>
struct Vector {
    typedef real type __attribute__((vector_size(BYTES)));
    typedef real unaligned __attribute__((vector_size(BYTES), aligned(sizeof(real))));
};
template <class real>
using vec = typename Vector<real>::type;

template <class real>
vec<real> load(const real *p) {
    return *(const typename Vector<real>::unaligned *)p;
}
template <class real>
void store(real *p, vec<real> v) {
    *(typename Vector<real>::unaligned *)p = v;
}

// An array that the program is given, read from a file.
template <class T>
T *given(const char *name) {
    return (T *)Mapped(name).memory;
}

// What is left of a given array at the end.
template <class T>
void keep(const char *name, const T *array, size_t count) {
    File file(name);
    file.write(array, count * sizeof(T));
    file.close();
}

template <class T>
void copy(const T *from, size_t count, T *to) {
    std::copy(from, from + count, to);
}

// Cover `trials` columns by vectors, two at a time where they fit. The last one
// overlaps its neighbour and computes the same values again.
template <class real, class Narrow, class Wide>
void cover(int trials, Narrow narrow, Wide wide) {
    constexpr int width = WIDTH<real>;
    int start = 0;
    for (; start + 2 * width <= trials; start += 2 * width) wide(start);
    if (start + width <= trials) {
        narrow(start);
        start += width;
    }
    if (start < trials) narrow(trials - width);
}

template <int R, int V, class real>
void tile(const real *weights, const real *signal, int sources, int trials, real *out) {
    constexpr int width = WIDTH<real>;
    vec<real> sum[R][V] = {};
    for (int j = 0; j < sources; j++) {
        vec<real> s[V];
        for (int v = 0; v < V; v++) s[v] = load(signal + (size_t)j * trials + v * width);
        for (int r = 0; r < R; r++) {
            const real w = weights[(size_t)r * sources + j];
            for (int v = 0; v < V; v++) sum[r][v] += w * s[v];
        }
    }
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++) store(out + (size_t)r * trials + v * width, sum[r][v]);
}

template <class real>
real dot(const real *a, const real *b, int size) {
    constexpr int width = WIDTH<real>;
    vec<real> sum[4] = {};
    int j = 0;
    for (; j + 4 * width <= size; j += 4 * width)
        for (int v = 0; v < 4; v++) sum[v] += load(a + j + v * width) * load(b + j + v * width);
    const vec<real> lanes = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    real total = 0;
    for (int v = 0; v < width; v++) total += lanes[v];
    for (; j < size; j++) total += a[j] * b[j];
    return total;
}

// out[i, t] = sum_j weights[i, j] signal[j, t]
template <class real>
void product(const real *weights, const real *signal, int units, int sources, int trials,
             real *out) {
    static const Blas<real> blas;
    if (blas.suits(units, sources, trials))
        return blas.product(weights, signal, units, sources, trials, out);
    if (trials < WIDTH<real> && sources < WIDTH<real>) {
        for (int i = 0; i < units; i++, weights += sources)
            for (int t = 0; t < trials; t++) {
                real total = 0;
                for (int j = 0; j < sources; j++) total += weights[j] * signal[j * trials + t];
                *out++ = total;
            }
        return;
    }
    if (trials < WIDTH<real>) {
        static std::vector<real> column;
        column.resize(sources);
        for (int t = 0; t < trials; t++) {
            for (int j = 0; j < sources; j++) column[j] = signal[(size_t)j * trials + t];
            for (int i = 0; i < units; i++)
                out[(size_t)i * trials + t] =
                    dot(weights + (size_t)i * sources, column.data(), sources);
        }
        return;
    }
    int i = 0;
    for (; i + ROWS <= units; i += ROWS) {
        const real *w = weights + (size_t)i * sources;
        real *o = out + (size_t)i * trials;
        cover<real>(
            trials, [&](int t) { tile<ROWS, 1>(w, signal + t, sources, trials, o + t); },
            [&](int t) { tile<ROWS, 2>(w, signal + t, sources, trials, o + t); });
    }
    for (; i < units; i++) {
        const real *w = weights + (size_t)i * sources;
        real *o = out + (size_t)i * trials;
        cover<real>(
            trials, [&](int t) { tile<1, 1>(w, signal + t, sources, trials, o + t); },
            [&](int t) { tile<1, 2>(w, signal + t, sources, trials, o + t); });
    }
}

// Sums over incoming connections. Those of unit i are first[i] to first[i + 1]; each sees
// the unit that is column[c] away from the first one of the present slot of the ring.
template <class integer>
class Gather {
    typedef std::make_unsigned_t<integer> index;
    const int64_t *first;
    const integer *column;
    const int ring, units, trials;
    std::vector<size_t> places;  // where the senders of one unit are seen

    // Connection to place. What lies before the ring is a huge unsigned number, of which the
    // smaller is that with the ring's length added: no branch, and no second array of delays.
    auto place(int64_t k) const {
        const index now = k % ring * units, all = (index)ring * units;
        return [this, now, all](int64_t c) -> size_t {
            const index at = now + (index)column[c];
            return std::min<index>(at, at + all);
        };
    }
    template <class Place>
    int look(int unit, const Place &place) {
        const int count = first[unit + 1] - first[unit];
        if (places.size() < (size_t)count) places.resize(count);
        for (int c = 0; c < count; c++) places[c] = place(first[unit] + c) * trials;
        return count;
    }

    template <int V, bool ADD, class real>
    void tile(const real *w, const real *signal, int count, real *out) const {
        constexpr int width = WIDTH<real>;
        vec<real> sum[V] = {};
        for (int c = 0; c < count; c++)
            for (int v = 0; v < V; v++) sum[v] += w[c] * load(signal + places[c] + v * width);
        for (int v = 0; v < V; v++) {
            if (ADD) sum[v] += load(out + v * width);
            store(out + v * width, sum[v]);
        }
    }

   public:
    Gather(const int64_t *first, const integer *column, int ring, int units, int trials)
        : first(first), column(column), ring(ring), units(units), trials(trials) {}

    template <bool ADD, class real>
    void sum(const real *weights, const real *signal, int64_t k, real *out) {
        constexpr int width = WIDTH<real>;
        const auto place = this->place(k);
        if (trials == 1) {
            for (int i = 0; i < units; i++) {
                real total = ADD ? out[i] : 0;
                for (int64_t c = first[i]; c < first[i + 1]; c++)
                    total += weights[c] * signal[place(c)];
                out[i] = total;
            }
            return;
        }
        for (int i = 0; i < units; i++, out += trials) {
            const int count = look(i, place);
            const real *w = weights + first[i];
            int t = 0;
            for (; t + 4 * width <= trials; t += 4 * width)
                tile<4, ADD>(w, signal + t, count, out + t);
            for (; t + width <= trials; t += width) tile<1, ADD>(w, signal + t, count, out + t);
            for (; t < trials; t++) {
                real total = 0;
                for (int c = 0; c < count; c++) total += w[c] * signal[places[c] + t];
                out[t] = ADD ? out[t] + total : total;
            }
        }
    }

    // The same with weights of their own for every trial; keeps what arrives.
    template <class real>
    void each(const real *weights, real *arriving, const real *signal, int64_t k, real *out) {
        const auto place = this->place(k);
        for (int i = 0; i < units; i++, out += trials) {
            const int count = look(i, place);
            std::fill(out, out + trials, real(0));
            for (int c = 0; c < count; c++, weights += trials, arriving += trials)
                for (int t = 0; t < trials; t++) {
                    arriving[t] = signal[places[c] + t];
                    out[t] += weights[t] * arriving[t];
                }
        }
    }
};

class Tape {
    File file;
    const size_t bytes;

   public:
    Tape(const char *name, size_t bytes, size_t) : file(name), bytes(bytes) {}
    void add(const void *sample) { file.write(sample, bytes); }
    void close() { file.close(); }
};

class SpikeTape {
    File file;
    const size_t size;
    std::vector<uint8_t> packed;

   public:
    SpikeTape(const char *name, size_t size, size_t)
        : file(name), size(size), packed((size + 7) / 8) {}
    template <class T>
    void add(const T *spiked) {
        std::fill(packed.begin(), packed.end(), 0);
        for (size_t i = 0; i < size; i++) packed[i / 8] |= (spiked[i] != 0) << i % 8;
        file.write(packed.data(), packed.size());
    }
    void close() { file.close(); }
};

}  // namespace horn

#endif
