// The backward pass of a tile.
#pragma once

#include "network.h"

namespace horn {

template <class T>
struct Return {
    const T *inputs, *history, *tanhs, *last;  // as `Run` has left them
    const T *gxs, *gys, *gx1, *gy1, *gpast1;   // gradients of what it returned, or null
    T *ginputs, *gx0, *gy0, *gpast0;           // those of what it was given; ginputs or null
    bool vectors;                              // whether the sums of vectors are wanted
};

// Gradients that every tile adds to; one of these per thread, summed at the end.
// Those of weights are blocks of `outer`; the bias is the weight of a last input of 1.
// Delayed weights are rows of `delayed_outer`, those of the matrix unit of `ShortOuter`.
template <class T>
struct Sums {
    Buffer<T> w, w_in;
    std::vector<T> decay, gain, stiffness, feedback;
    Sums(int64_t n, int64_t inputs)
        : w(std::max(round_up(n, BLOCK) * Delayed<T>::across(n),
                     ShortOuter::across(n) * ShortOuter::across(n))),
          w_in(round_up(n, BLOCK) * round_up(inputs + 1, COLUMNS)),
          decay(n),
          gain(n),
          stiffness(n),
          feedback(n) {}
};

// Delayed sums backwards in time. Step r of its lines is the step steps - 1 - r of the pass for
// the gradient d of what a unit's tanh takes, and steps - r for the velocities that it read.
template <class T>
class DelayedReturn {
    const Delayed<T> &delayed;
    DelayedSums<T> sums;
    Lines<T> ds, ys;
    const T *y;  // the velocities that are next on the line, down to the first
    const T *first;
    int64_t slab;

  public:
    DelayedReturn(const Delayed<T> &delayed, const T *history, int64_t steps, int64_t slab)
        : delayed(delayed),
          sums(delayed),
          ds(delayed.units, delayed.span(), 0),
          ys(delayed.units, delayed.span(), 1),
          y(history + (delayed.longest - 1 + steps) * slab),
          first(history),
          slab(slab) {}

    // gy += what reaches the velocity after a step by way of later ones.
    void add(int64_t r, T *gy) {
        while (ds.next < r) ds.push(nullptr);
        sums.advance(r, ds);
        for (int64_t i = 0; i < delayed.units; i++) {
            T *to = gy + i * Simd<T>::width;
            Simd<T>::store(to, Simd<T>::load(to) + sums.at(i, r));
        }
    }

    void push(const T *d) { ds.push(d); }

    // Gradients of the weights, by the chunk of steps that begins at r.
    void weights(int64_t r, T *gw) {
        while (ds.next < r + CHUNK) ds.push(nullptr);
        while (ys.next < r + CHUNK + delayed.longest) {
            y -= slab;
            ys.push(y >= first ? y : nullptr);
        }
        delayed_outer(delayed, ds.from(r), ys.from(r), gw);
    }
};

template <class T, int V>
void backward_tile(const Tile &tile, const Network<T> &net, const Return<T> &run, Sums<T> &sums) {
    using S = Simd<T>;
    using vec = typename S::vec;
    constexpr int LANES = V * S::width;
    const Sizes &z = tile.z;
    const int64_t n = z.units, slab = z.slab(), steps = tile.steps;
    const int64_t signal_slab = round_up(z.inputs + 1, COLUMNS) * LANES;
    const T *history = run.history + z.past * slab;
    Buffer<T> state(3 * slab), chunk(CHUNK * slab), given(slab), totals(4 * n * S::width);
    Buffer<T> signal(CHUNK * signal_slab), gsignal(z.inputs * LANES);
    for (int k = 0; k < CHUNK; k++)
        std::fill_n(signal.data + k * signal_slab + z.inputs * LANES, LANES, T(1));
    T *x = state.data, *gx = x + slab, *gy = gx + slab, *total = totals.data;
    alignas(BYTES) T sum[Product<T, V>::MOST * LANES];
    Product<T, V> product(net, n);
    std::optional<ShortOuter> outer_product;
    if (net.tiles) outer_product.emplace(n, net.tiles->parts);
    std::optional<DelayedReturn<T>> delayed;
    if (net.delayed) delayed.emplace(*net.delayed, run.history, steps, slab);

    auto add = [&](const T *from, int64_t lane, T *to) {
        if (!from) return;
        from += tile.rows[lane] * n;
        for (int64_t i = 0; i < n; i++) to[i * LANES + lane] += from[i];
    };
    // The gradients of final states enter where each sequence ends: after step k, where that was
    // its last, or the velocity then was one of the past.
    auto enter = [&](int64_t k, T *gy) {
        for (int64_t l = 0; l < tile.used; l++) {
            const int64_t back = tile.lengths[l] - 1 - k;
            if (back == 0) add(run.gx1, l, gx), add(run.gy1, l, gy);
            if (back > 0 && back <= z.past && run.gpast1)
                add(run.gpast1 + (back - 1) * z.batch * n, l, gy);
        }
    };

    tile.load(run.last, n, x);
    for (int64_t last = steps; last > 0; last -= CHUNK) {
        const int64_t first = std::max<int64_t>(0, last - CHUNK), size = last - first;
        for (int64_t k = last - 1; k >= first; k--) {
            const T *y = history + k * slab, *next = y + slab, *u = run.tanhs + k * slab;
            for (auto [from, to] : {std::pair(run.gxs, gx), std::pair(run.gys, gy)})
                if (from) {
                    tile.load(from + k * z.batch * n, n, given.data);
                    for (int64_t l = 0; l < n * LANES; l++) to[l] += given.data[l];
                }
            enter(k, gy);
            if (delayed) delayed->add(steps - 1 - k, gy);
            T *d = chunk.data + (k - first) * slab;
            for (int64_t i = 0; i < n; i++) {
                vec decay = {}, gain = {}, stiffness = {}, feedback = {};
                for (int v = 0; v < V; v++) {
                    const int64_t at = i * LANES + v * S::width;
                    // The hardware does not foresee that the next step lies a slab back.
                    __builtin_prefetch(u + at - slab);
                    __builtin_prefetch(y + at - slab);
                    const vec tanh = S::load(u + at);
                    const vec g = S::load(gy + at) + net.h * S::load(gx + at);
                    const vec drive = net.gain[i] * (T(1) - tanh * tanh) * g;
                    S::store(gx + at,
                             S::load(gx + at) - net.stiffness[i] * g + net.feedback[i] * drive);
                    S::store(gy + at, net.decay[i] * g);
                    S::store(d + at, drive);
                    if (!run.vectors) continue;
                    const vec position = S::load(x + at) - net.h * S::load(next + at);
                    S::store(x + at, position);
                    decay += S::load(y + at) * g;
                    gain += tanh * g;
                    stiffness -= position * g;
                    feedback += position * drive;
                }
                if (!run.vectors) continue;
                T *to = total + i * 4 * S::width;
                for (const vec &sum : {decay, gain, stiffness, feedback}) {
                    S::store(to, S::load(to) + sum);
                    to += S::width;
                }
            }
            if (delayed)
                delayed->push(d);
            else {
                product.take(d);
                for (int64_t block = 0; block < n; block += product.rows) {
                    product.multiply(block, sum);
                    const int rows = std::min<int64_t>(product.rows, n - block);
                    for (int64_t l = 0; l < rows * LANES; l++) gy[block * LANES + l] += sum[l];
                }
            }
            if constexpr (SHORT<T, V>)
                if (outer_product) outer_product->take(k - first, d, y);
            tile.load(run.inputs + k * z.batch * z.inputs, z.inputs,
                      signal.data + (k - first) * signal_slab);
            if (run.ginputs) {
                for (int64_t c = 0; c < z.inputs; c++)
                    for (int v = 0; v < V; v++) {
                        vec total = {};
                        for (int64_t i = 0; i < n; i++)
                            total += net.w_in[i * z.inputs + c] *
                                     S::load(d + i * LANES + v * S::width);
                        S::store(gsignal.data + c * LANES + v * S::width, total);
                    }
                tile.store(gsignal.data, z.inputs, run.ginputs + k * z.batch * z.inputs);
            }
        }
        if (delayed)
            delayed->weights(steps - last, sums.w.data);
        else if (!outer_product)
            outer<T, V>(chunk.data, n, slab, history + first * slab, n, slab, size, sums.w.data);
        else if constexpr (SHORT<T, V>)
            outer_product->add(size, sums.w.data);
        outer<T, V>(chunk.data, n, slab, signal.data, z.inputs + 1, signal_slab, size,
                    sums.w_in.data);
    }
    for (int64_t i = 0; i < n; i++)
        for (auto *sum : {&sums.decay, &sums.gain, &sums.stiffness, &sums.feedback})
            for (int64_t l = 0; l < S::width; l++) (*sum)[i] += *total++;
    tile.store(gx, n, run.gx0);
    // The first velocity, and those before it, which only delays reach.
    for (int64_t back = 0; back <= z.past; back++) {
        if (delayed) {
            delayed->add(steps + back, gy);
            enter(-1 - back, gy);
        }
        tile.store(gy, n, back ? run.gpast0 + (back - 1) * z.batch * n : run.gy0);
        std::fill_n(gy, slab, T(0));
    }
}

}  // namespace horn
