// Dense sums over the units of all trials, called from the generated C++ code.
//
// Signals are stored trials innermost, signal[unit * trials + trial], so that
// one weight meets a contiguous vector of trials. The tiles have sizes known to
// the compiler and keep their sums in registers. Vectors are a GCC and Clang
// extension: with plain loops the speed hangs on the compiler's mood.

#ifndef HORN_COUPLING_H
#define HORN_COUPLING_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace horn_coupling {

#ifdef __AVX512F__
constexpr int BYTES = 64, ROWS = 8;
#else
constexpr int BYTES = 32, ROWS = 4;
#endif
typedef HORN_REAL real;
constexpr int WIDTH = BYTES / sizeof(real);
typedef real vec __attribute__((vector_size(BYTES)));
typedef real unaligned_vec __attribute__((vector_size(BYTES), aligned(sizeof(real))));

inline vec load(const real *p) { return *(const unaligned_vec *)p; }
inline void store(real *p, vec v) { *(unaligned_vec *)p = v; }

// Cover `trials` columns by vectors, two at a time where they fit. The last one
// overlaps its neighbour and computes the same values again.
template <class Narrow, class Wide>
void cover(int trials, Narrow narrow, Wide wide) {
    int start = 0;
    for (; start + 2 * WIDTH <= trials; start += 2 * WIDTH) wide(start);
    if (start + WIDTH <= trials) {
        narrow(start);
        start += WIDTH;
    }
    if (start < trials) narrow(trials - WIDTH);
}

template <int R, int V>
void tile(const real *weights, const real *signal, int sources, int trials, real *out) {
    vec sum[R][V] = {};
    for (int j = 0; j < sources; j++) {
        vec s[V];
        for (int v = 0; v < V; v++) s[v] = load(signal + (size_t)j * trials + v * WIDTH);
        for (int r = 0; r < R; r++) {
            const real w = weights[(size_t)r * sources + j];
            for (int v = 0; v < V; v++) sum[r][v] += w * s[v];
        }
    }
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++) store(out + (size_t)r * trials + v * WIDTH, sum[r][v]);
}

inline real dot(const real *a, const real *b, int size) {
    vec sum[4] = {};
    int j = 0;
    for (; j + 4 * WIDTH <= size; j += 4 * WIDTH)
        for (int v = 0; v < 4; v++) sum[v] += load(a + j + v * WIDTH) * load(b + j + v * WIDTH);
    const vec lanes = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    real total = 0;
    for (int v = 0; v < WIDTH; v++) total += lanes[v];
    for (; j < size; j++) total += a[j] * b[j];
    return total;
}

// out[r, t] = sum_j weights[first + r, j] signal[j, t] for up to ROWS rows.
inline void product(const real *weights, const real *signal, int first, int units, int sources,
                    int trials, real *out) {
    const real *w = weights + (size_t)first * sources;
    const int rows = units - first < ROWS ? units - first : ROWS;
    if (trials >= WIDTH && rows == ROWS) {
        cover(
            trials,
            [&](int t) { tile<ROWS, 1>(w, signal + t, sources, trials, out + t); },
            [&](int t) { tile<ROWS, 2>(w, signal + t, sources, trials, out + t); });
    } else if (trials >= WIDTH) {
        for (int r = 0; r < rows; r++) {
            const real *w_row = w + (size_t)r * sources;
            real *out_row = out + (size_t)r * trials;
            cover(
                trials,
                [&](int t) { tile<1, 1>(w_row, signal + t, sources, trials, out_row + t); },
                [&](int t) { tile<1, 2>(w_row, signal + t, sources, trials, out_row + t); });
        }
    } else {
        std::vector<real> column(sources);
        for (int t = 0; t < trials; t++) {
            for (int j = 0; j < sources; j++) column[j] = signal[(size_t)j * trials + t];
            for (int r = 0; r < rows; r++)
                out[r * trials + t] = dot(w + (size_t)r * sources, column.data(), sources);
        }
    }
}

// Where the velocities lie that a connection with this delay reads at step k.
inline size_t past_slot(int64_t k, int delay, int ring) {
    const int slot = (int)(k % ring) + 1 - delay;
    return slot < 0 ? slot + ring : slot;
}

template <int V>
void delayed_tile(const real *weights, const size_t *rows, const real *past, int sources,
                  real *out) {
    vec sum[V] = {};
    for (int j = 0; j < sources; j++)
        for (int v = 0; v < V; v++) sum[v] += weights[j] * load(past + rows[j] + v * WIDTH);
    for (int v = 0; v < V; v++) store(out + v * WIDTH, sum[v]);
}

// The same sum for one row, each source as old as the delay of its connection.
inline void delayed_product(const real *weights, const int32_t *delays, const real *past,
                            int64_t k, int ring, int row, int units, int trials, real *out) {
    static std::vector<size_t> rows;
    rows.resize(units);
    const real *w = weights + (size_t)row * units;
    for (int j = 0; j < units; j++)
        rows[j] = (past_slot(k, delays[(size_t)row * units + j], ring) * units + j) * trials;
    if (trials >= WIDTH) {
        const size_t *r = rows.data();
        int t = 0;
        for (; t + 4 * WIDTH <= trials; t += 4 * WIDTH)
            delayed_tile<4>(w, r, past + t, units, out + t);
        for (; t + WIDTH <= trials; t += WIDTH) delayed_tile<1>(w, r, past + t, units, out + t);
        if (t < trials) {
            t = trials - WIDTH;
            delayed_tile<1>(w, r, past + t, units, out + t);
        }
    } else {
        for (int t = 0; t < trials; t++) {
            real sum = 0;
            for (int j = 0; j < units; j++) sum += w[j] * past[rows[j] + t];
            out[t] = sum;
        }
    }
}

}  // namespace horn_coupling

#endif
