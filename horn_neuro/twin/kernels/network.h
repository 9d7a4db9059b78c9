// What both passes know of a network and its batch.
#pragma once

#include <algorithm>
#include <cstdint>
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

// The sequences of one tile, the rows from `first` on of every (batch, ...) array.
struct Tile {
    const Sizes &z;
    int64_t index, first, used, steps;
    std::vector<int64_t> lengths;

    // Without lengths all are of full length; `all` steps are run where they are all returned.
    Tile(const Sizes &z, int64_t index, const int64_t *given, bool all)
        : z(z),
          index(index),
          first(index * z.lanes),
          used(std::min(z.lanes, z.batch - first)),
          lengths(used, z.steps) {
        if (given) std::copy_n(given + first, used, lengths.begin());
        steps = all ? z.steps : *std::max_element(lengths.begin(), lengths.end());
    }

    // Rows of (batch, columns) to [column][lane]; lanes beyond the batch are zero.
    template <class T>
    void load(const T *from, int64_t columns, T *to) const {
        for (int64_t l = 0; l < z.lanes; l++)
            for (int64_t c = 0; c < columns; c++)
                to[c * z.lanes + l] = l < used ? from[(first + l) * columns + c] : T(0);
    }

    template <class T>
    void store(const T *from, int64_t columns, T *to) const {
        for (int64_t l = 0; l < used; l++)
            for (int64_t c = 0; c < columns; c++)
                to[(first + l) * columns + c] = from[c * z.lanes + l];
    }
};

}  // namespace horn
