// What both passes know of a network and its batch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

#include "delays.h"

namespace horn {

// Weights are those of the sums that a pass takes: over pre forwards, over post backwards.
template <class T>
struct Network {
    T h;
    const T *w_in, *bias, *decay, *gain, *stiffness, *feedback;
    std::optional<Packed<T>> weights;  // without delays
    std::optional<Delayed<T>> delayed;
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
