// The forward pass of a tile.
#pragma once

#include <cmath>
#include <cstring>

#include "network.h"

namespace horn {

template <class T>
struct Run {
    const T *inputs, *x0, *y0, *past0;
    T *history, *tanhs, *last;  // of the tile, for the backward pass; or null
    T *xs, *ys;                 // all steps, or null
    T *x1, *y1, *past1;         // after the last step of each sequence
};

template <class T, int V>
void forward_tile(const Tile &tile, const Network<T> &net, const Run<T> &run) {
    using S = Simd<T>;
    constexpr int LANES = V * S::width;
    const Sizes &z = tile.z;
    const int64_t n = z.units, slab = z.slab();
    const bool track = run.tanhs != nullptr;
    alignas(BYTES) T drive[Product<T, V>::MOST * LANES];
    Product<T, V> product(net, n);
    Buffer<T> positions(slab), signal(z.inputs * LANES), two(2 * slab);
    std::optional<Lines<T>> lines;
    std::optional<DelayedSums<T>> sums;
    T *x = positions.data, *y = two.data, *history = run.history;
    // The velocities after a step, for the backward pass.
    auto save = [&](const T *velocities) {
        if (!track) return;
        std::memcpy(history, velocities, n * LANES * sizeof(T));
        history += slab;
    };
    tile.load(run.x0, n, x);
    if (net.delayed) {
        sums.emplace(*net.delayed);
        lines.emplace(n, net.delayed->span(), -net.delayed->longest);
        for (int64_t back = z.past; back > 0; back--) {
            tile.load(run.past0 + (back - 1) * z.batch * n, n, y);
            lines->push(y);
            save(y);
        }
    }
    tile.load(run.y0, n, y);
    if (lines) lines->push(y);
    save(y);
    for (int64_t k = 0; k < tile.steps; k++) {
        tile.load(run.inputs + k * z.batch * z.inputs, z.inputs, signal.data);
        T *next = two.data + (y == two.data ? slab : 0);
        if (sums)
            sums->advance(k, *lines);
        else
            product.take(y);
        for (int64_t block = 0; block < n; block += product.rows) {
            const int rows = std::min<int64_t>(product.rows, n - block);
            if (sums)
                for (int r = 0; r < rows; r++) S::store(drive + r * LANES, sums->at(block + r, k));
            else
                product.multiply(block, drive);
            for (int r = 0; r < rows; r++) {
                const int64_t i = block + r;
                for (int v = 0; v < V; v++) {
                    auto p = S::load(drive + r * LANES + v * S::width) + net.bias[i] +
                             net.feedback[i] * S::load(x + i * LANES + v * S::width);
                    for (int64_t c = 0; c < z.inputs; c++)
                        p += net.w_in[i * z.inputs + c] *
                             S::load(signal.data + c * LANES + v * S::width);
                    S::store(drive + r * LANES + v * S::width, p);
                }
            }
            for (int l = 0; l < rows * LANES; l++) drive[l] = std::tanh(drive[l]);
            for (int r = 0; r < rows; r++) {
                const int64_t i = block + r;
                for (int v = 0; v < V; v++) {
                    const int64_t at = i * LANES + v * S::width;
                    const auto u = S::load(drive + r * LANES + v * S::width);
                    const auto position = S::load(x + at);
                    const auto velocity = net.decay[i] * S::load(y + at) + net.gain[i] * u -
                                          net.stiffness[i] * position;
                    S::store(next + at, velocity);
                    S::store(x + at, position + net.h * velocity);
                    if (!track) continue;
                    S::stream(run.tanhs + k * slab + at, u);
                    S::stream(history + at, velocity);
                }
            }
        }
        y = next;
        if (track) history += slab;
        if (lines) lines->push(y);
        if (run.xs) tile.store(x, n, run.xs + k * z.batch * n);
        if (run.ys) tile.store(y, n, run.ys + k * z.batch * n);
        for (int64_t l = 0; l < tile.used; l++) {
            if (tile.lengths[l] != k + 1) continue;
            const int64_t row = tile.rows[l];
            for (int64_t i = 0; i < n; i++) {
                run.x1[row * n + i] = x[i * LANES + l];
                run.y1[row * n + i] = y[i * LANES + l];
            }
            for (int64_t back = 0; back < z.past; back++) {
                const T *line = lines->from(k - 1 - back) + l;
                for (int64_t i = 0; i < n; i++)
                    run.past1[(back * z.batch + row) * n + i] =
                        line[i * Lines<T>::stride(net.delayed->span())];
            }
        }
    }
    if (!track) return;
    tile.store(x, n, run.last);
    S::settle();
}

}  // namespace horn
