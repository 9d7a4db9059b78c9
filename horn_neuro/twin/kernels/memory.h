// The memory that passes take.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <mutex>
#include <numeric>
#include <vector>

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

}  // namespace horn
