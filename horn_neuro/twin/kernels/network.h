// What both passes know of a network.
#pragma once

#include <cstdint>
#include <optional>

#include "delays.h"

namespace horn {

// Weights are those of the sums that a pass takes: over pre forwards, over post backwards.
template <class T>
struct Network {
    int64_t units, inputs;
    T h;
    const T *w_in, *bias, *decay, *gain, *stiffness, *feedback;
    std::optional<Packed<T>> weights;    // without delays
    std::optional<Delayed<T>> delayed;
};

}  // namespace horn
