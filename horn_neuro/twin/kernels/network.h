// What both passes know of a network and its batch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <type_traits>
#include <vector>

#include "delays.h"
#include "matrix_unit.h"

namespace horn {

// Weights are those of the sums that a pass takes: over pre forwards, over post backwards.
template <class T>
struct Network {
    T h;
    const T *w_in, *bias, *decay, *gain, *stiffness, *feedback;
    std::optional<Packed<T>> weights;  // without delays
    std::optional<ShortWeights> tiles;  // the same for the matrix unit
    std::optional<Delayed<T>> delayed;
};

// Whether products of these tiles can be the matrix unit's.
template <class T, int V>
constexpr bool SHORT = std::is_same_v<T, float> && V * Simd<T>::width == SIDE;

// Weights without delays times the signal of a step, some rows at a time.
template <class T, int V>
class Product {
    const Network<T> &net;
    const int64_t n;
    std::optional<Tiles> unit;
    std::optional<ShortSignal> words;
    const T *signal = nullptr;
    const int32_t *taken = nullptr;

  public:
    static constexpr int64_t MOST = std::max<int64_t>(ROWS, SHORT<T, V> ? SIDE : 0);
    const int64_t rows;  // at a time

    Product(const Network<T> &net, int64_t n) : net(net), n(n), rows(net.tiles ? SIDE : ROWS) {
        if (!net.tiles) return;
        unit.emplace();
        words.emplace(n, net.tiles->parts);
    }

    void take(const T *step) {
        signal = step;
        if constexpr (SHORT<T, V>)
            if (words) taken = words->take(step);
    }

    // sum[row][lane] of the rows from `block` on.
    void multiply(int64_t block, T *sum) const {
        if constexpr (SHORT<T, V>)
            if (words) return net.tiles->multiply(block / SIDE, taken, sum);
        horn::multiply<T, V>(*net.weights, block, n, signal, sum);
    }
};

// `past` is the number of velocities before the first that delays reach back to.
struct Sizes {
    int64_t steps, batch, inputs, units, past, lanes, tiles;
    // An odd number of rows: at a stride of 4 KiB all steps would share a few lines of cache.
    int64_t rows() const { return round_up(units, BLOCK) + 1; }
    int64_t slab() const { return rows() * lanes; }
    // Velocities of a tile that the backward pass needs.
    int64_t velocities() const { return past + 1 + steps; }
};

// Sequences in tiles of like lengths, since all of a tile run as long as its longest, and tiles
// in an order in which every thread, which takes neighbours, gets some of all lengths.
struct Order {
    std::vector<int64_t> rows, tiles;

    Order(const Sizes &z, const int64_t *lengths, int64_t threads) : rows(z.batch), tiles(z.tiles) {
        std::iota(rows.begin(), rows.end(), 0);
        if (lengths)
            std::stable_sort(rows.begin(), rows.end(),
                             [&](int64_t a, int64_t b) { return lengths[a] < lengths[b]; });
        const int64_t share = (z.tiles + threads - 1) / threads;
        int64_t tile = 0;
        for (int64_t turn = 0; turn < share; turn++)
            for (int64_t k = turn; k < z.tiles; k += share) tiles[k] = tile++;
    }
};

// The sequences of one tile, by their rows of every (batch, ...) array.
struct Tile {
    const Sizes &z;
    int64_t used, steps;
    std::vector<int64_t> rows, lengths;

    // Without lengths all are of full length; `all` steps are run where they are all returned.
    Tile(const Sizes &z, const Order &order, int64_t index, const int64_t *given, bool all) : z(z) {
        const int64_t first = index * z.lanes, last = std::min(z.batch, first + z.lanes);
        used = last - first;
        rows.assign(order.rows.begin() + first, order.rows.begin() + last);
        for (const int64_t row : rows) lengths.push_back(given ? given[row] : z.steps);
        steps = all ? z.steps : *std::max_element(lengths.begin(), lengths.end());
    }

    // Rows of (batch, columns) to [column][lane]; lanes beyond the batch are zero.
    template <class T>
    void load(const T *from, int64_t columns, T *to) const {
        for (int64_t l = 0; l < z.lanes; l++)
            for (int64_t c = 0; c < columns; c++)
                to[c * z.lanes + l] = l < used ? from[rows[l] * columns + c] : T(0);
    }

    template <class T>
    void store(const T *from, int64_t columns, T *to) const {
        for (int64_t l = 0; l < used; l++)
            for (int64_t c = 0; c < columns; c++)
                to[rows[l] * columns + c] = from[c * z.lanes + l];
    }
};

}  // namespace horn
