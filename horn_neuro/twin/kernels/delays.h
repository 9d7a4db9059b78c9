// Sums over connections that each have a delay of their own.
//
// A signal is a line of steps for every unit, line[unit][step][lane], so that what a connection
// reads at several steps is one stretch of memory, wherever its delay makes it begin: each
// multiply-add has an operand in cache, and costs hardly more than that of a dense product. A
// tile is one vector wide here; registers hold several steps instead of several vectors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "memory.h"
#include "products.h"

namespace horn {

// Steps that a connection adds at once, at most; one with a delay of d steps can add d of them,
// as what it reads has been there for so long.
constexpr int AT_ONCE = 8;
// Bytes of the lines that are read again and again before the next ones.
constexpr int64_t CACHE = 1 << 16;

// The latest steps of a signal.
template <class T>
class Lines {
    using S = Simd<T>;
    int64_t units, span, room, first;
    Buffer<T> memory;

    // Some more than are needed, so that they rarely move to the front; odd, as Sizes::rows.
    static int64_t room_of(int64_t span) { return (span + span / 4 + 2 * CHUNK) | 1; }

  public:
    int64_t next;  // the step that is to come

    // Those of the last `span` steps, all of which are zero before `start`.
    Lines(int64_t units, int64_t span, int64_t start)
        : units(units),
          span(span),
          room(room_of(span)),
          first(start - span),
          memory(units * stride(span)),
          next(start) {}

    // Numbers from one unit to the next.
    static int64_t stride(int64_t span) { return room_of(span) * S::width; }

    // The signal of the first unit from a step on.
    const T *from(int64_t step) const { return memory.data + (step - first) * S::width; }

    // Add signal[unit][lane], or zero where there is none, as the next step.
    void push(const T *signal) {
        if (next - first == room) {
            for (int64_t i = 0; i < units; i++) {
                T *line = memory.data + i * stride(span);
                std::memmove(line, line + (room - span) * S::width, span * S::width * sizeof(T));
            }
            first = next - span;
        }
        T *to = memory.data + (next++ - first) * S::width;
        for (int64_t i = 0; i < units; i++)
            S::store(to + i * stride(span),
                     signal ? S::load(signal + i * S::width) : typename S::vec{});
    }
};

// The weights of a network by delay, for sums over what comes in (or with `transpose` over what
// goes out, where lines run backwards in time).
template <class T>
struct Delayed {
    struct Link {
        T weight;
        int32_t at;  // of what it reads in the lines, from the present step of the first unit
    };
    // Connections with delays of at least `steps`, in groups of sources whose lines stay in
    // cache while the rows pass by; `ends` is the last of each [group][row].
    struct Stage {
        int64_t steps;
        std::vector<Link> links;
        std::vector<int64_t> ends;
    };

    int64_t units, longest;
    std::vector<Stage> stages;
    std::vector<int32_t> at;  // [post][pre], columns padded to whole vectors

    Delayed(const T *w, const int64_t *delays, int64_t n, int64_t longest, bool transpose)
        : units(n), longest(longest), at(n * across(n)) {
        const int64_t stride = Lines<T>::stride(span());
        TORCH_CHECK(n * stride < int64_t(1) << 31, "delays: lines of ", n, " units and ", longest,
                    " steps are too long for this backend; use backend='analytic'");
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                at[i * across(n) + j] = j * stride + delays[i * n + j] * Simd<T>::width;
        for (int64_t steps = 1; steps <= std::min<int64_t>(AT_ONCE, longest); steps *= 2) {
            const int64_t most = 2 * steps > AT_ONCE ? longest : 2 * steps - 1;
            const int64_t bytes = (most + steps) * BYTES;
            const int64_t group = std::max<int64_t>(CACHE / bytes, 16);
            Stage stage{steps};
            for (int64_t begin = 0; begin < n; begin += group)
                for (int64_t i = 0; i < n; i++) {
                    for (int64_t j = begin; j < std::min(n, begin + group); j++) {
                        const int64_t k = transpose ? j * n + i : i * n + j;
                        if (w[k] != 0 && delays[k] >= steps && delays[k] <= most)
                            stage.links.push_back(
                                {w[k], int32_t(j * stride - delays[k] * Simd<T>::width)});
                    }
                    stage.ends.push_back(stage.links.size());
                }
            stages.push_back(std::move(stage));
        }
    }

    static int64_t across(int64_t n) { return round_up(n, CHUNK); }
    // Steps back that sums and gradients reach, from the end of a chunk.
    int64_t span() const { return longest + CHUNK; }
};

// sums[row][step][lane] += weight times line, for STEPS steps.
template <class T, int STEPS>
[[gnu::noinline]] void add_stage(const typename Delayed<T>::Stage &stage, int64_t rows,
                                 const T *lines, T *sums) {
    using S = Simd<T>;
    // As many sums side by side as hide how long a multiply-add takes.
    constexpr int WAYS = AT_ONCE / STEPS;
    int64_t k = 0, row = 0;
    for (const int64_t end : stage.ends) {
        T *to = sums + row * AT_ONCE * S::width;
        row = row + 1 == rows ? 0 : row + 1;
        typename S::vec sum[WAYS][STEPS] = {};
        auto add = [&](int way) {
            const auto [weight, at] = stage.links[k++];
            for (int t = 0; t < STEPS; t++)
                sum[way][t] += weight * S::load(lines + at + t * S::width);
        };
        while (k + WAYS <= end)
            for (int way = 0; way < WAYS; way++) add(way);
        while (k < end) add(0);
        for (int t = 0; t < STEPS; t++) {
            auto total = S::load(to + t * S::width);
            for (int way = 0; way < WAYS; way++) total += sum[way][t];
            S::store(to + t * S::width, total);
        }
    }
}

// Delayed sums of the present step, of which earlier ones have laid by the most.
template <class T>
class DelayedSums {
    const Delayed<T> &weights;
    Buffer<T> sums;

  public:
    explicit DelayedSums(const Delayed<T> &weights)
        : weights(weights), sums(weights.units * AT_ONCE * Simd<T>::width) {}

    // Go on to a step, one after the other from 0; the lines go up to the one before it.
    void advance(int64_t step, const Lines<T> &lines) {
        if (step % AT_ONCE == 0)
            std::fill_n(sums.data, weights.units * AT_ONCE * Simd<T>::width, T(0));
        for (const auto &stage : weights.stages) {
            if (step % stage.steps) continue;
            const T *from = lines.from(step);
            T *to = sums.data + step % AT_ONCE * Simd<T>::width;
            if (stage.steps == 1) add_stage<T, 1>(stage, weights.units, from, to);
            if (stage.steps == 2) add_stage<T, 2>(stage, weights.units, from, to);
            if (stage.steps == 4) add_stage<T, 4>(stage, weights.units, from, to);
            if (stage.steps == 8) add_stage<T, 8>(stage, weights.units, from, to);
        }
    }

    typename Simd<T>::vec at(int64_t unit, int64_t step) const {
        return Simd<T>::load(sums.data + (unit * AT_ONCE + step % AT_ONCE) * Simd<T>::width);
    }
};

// to[post][pre] += sums over a chunk of steps and lanes of d[post] y[pre], y later by the delay.
template <class T>
[[gnu::noinline]] void delayed_outer(const Delayed<T> &delayed, const T *d, const T *y, T *to) {
    using S = Simd<T>;
    using vec = typename S::vec;
    constexpr int HELD = BYTES == 64 ? CHUNK : CHUNK / 2;  // steps of d in registers
    constexpr int WAYS = 4;
    const int64_t n = delayed.units, across = delayed.across(n);
    const int64_t stride = Lines<T>::stride(delayed.span());
    for (int64_t group = 0; group < n; group += CHUNK)
        for (int64_t i = 0; i < n; i++) {
            const int32_t *at = delayed.at.data() + i * across + group;
            vec sum[CHUNK] = {};
            for (int64_t first = 0; first < CHUNK * S::width; first += HELD * S::width) {
                vec held[HELD];
                for (int t = 0; t < HELD; t++)
                    held[t] = S::load(d + i * stride + first + t * S::width);
                for (int q = 0; q < CHUNK; q++) {
                    const T *line = y + at[q] + first;
                    vec part[WAYS] = {};
                    for (int t = 0; t < HELD; t++)
                        part[t % WAYS] += held[t] * S::load(line + t * S::width);
                    sum[q] += (part[0] + part[1]) + (part[2] + part[3]);
                }
            }
            T *row = to + i * across + group;
            for (int q = 0; q < CHUNK; q += S::width)
                S::store(row + q, S::load(row + q) + row_sums<T, S::width>(
                                                         sum + q,
                                                         std::make_index_sequence<S::width>()));
        }
}

}  // namespace horn
