// The memory that passes take, and the tiles of the batch that lie in it.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <mutex>
#include <numeric>
#include <vector>

#include "products.h"

namespace horn {

// Memory of a thread. torch aligns it to 64 bytes, here and in the saved tensors.
template <class T>
struct Buffer {
    at::Tensor memory;
    T *data;
    explicit Buffer(int64_t size)
        : memory(at::zeros({size}, c10::CppTypeToScalarType<T>::value)),
          data(memory.data_ptr<T>()) {}
};

// Blocks of freed tensors, kept for the next pass: the system clears fresh pages
// one by one, which at 100 units costs as much as the pass itself. A graph owns its
// block until it is freed. There is one block for each tensor that a pass saves.
class Pool {
    static constexpr size_t BLOCKS = 2;
    std::mutex lock;
    std::vector<at::Tensor> spare;

  public:
    at::Tensor take(std::vector<int64_t> shape, at::TensorOptions option) {
        const int64_t size = std::accumulate(shape.begin(), shape.end(), int64_t(1),
                                             std::multiplies<int64_t>());
        if (size == 0) return at::empty(shape, option);
        at::Tensor block;
        {
            std::lock_guard<std::mutex> guard(lock);
            for (auto it = spare.begin(); it != spare.end(); ++it)
                if (it->numel() == size && it->dtype() == option.dtype()) {
                    block = *it;
                    spare.erase(it);
                    break;
                }
        }
        if (!block.defined()) block = at::empty({size}, option);
        return at::from_blob(
            block.data_ptr(), shape, [this, block](void *) { give(block); }, option);
    }

  private:
    void give(at::Tensor block) {
        std::lock_guard<std::mutex> guard(lock);
        if (spare.size() == BLOCKS) spare.erase(spare.begin());
        spare.push_back(std::move(block));
    }
};

// Never destroyed, since tensors may outlive the module.
inline Pool &pool() {
    static Pool *const kept = new Pool;
    return *kept;
}

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
