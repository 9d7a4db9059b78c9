// Backpropagation through time, over tiles of the batch.
//
// A tile is a number of sequences whose states lie side by side, signal[unit][lane],
// so that one weight meets a vector of lanes and all of a tile's state stays in
// cache for the whole sequence. Tiles are independent; threads take them in turns.

// Only what is used: torch/extension.h has all of torch, and takes twice as long to compile.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/utils/pybind.h>

#include "kernels/backward.h"
#include "kernels/forward.h"

namespace {

using namespace horn;
using at::Tensor;

template <class T>
Sizes sizes_of(const Tensor &inputs, int64_t units, const Tensor &past, bool delayed, bool tiles) {
    const int64_t batch = inputs.size(1), width = Simd<T>::width;
    // Two vectors for each loaded weight, unless threads would share the tiles worse by a fifth;
    // connections with delays of their own share no vector.
    auto turns = [&](int64_t vectors) {
        const int64_t sequences = vectors * width * at::get_num_threads();
        return (batch + sequences - 1) / sequences * vectors;
    };
    const bool one = delayed || (!tiles && 6 * turns(1) < 5 * turns(2));
    const int64_t lanes = width * (one ? 1 : 2);
    return {inputs.size(0), batch, inputs.size(2),
            units,          past.size(0), lanes, (batch + lanes - 1) / lanes};
}

// Call f<V>() for the number of vectors in a tile.
template <class T, class F>
void with_vectors(const Sizes &z, F &&f) {
    if (z.lanes == Simd<T>::width) return f(std::integral_constant<int, 1>());
    f(std::integral_constant<int, 2>());
}

template <class T>
T *pointer(const Tensor &t) {
    return t.defined() && t.numel() ? t.data_ptr<T>() : nullptr;
}

// Coefficients are w_in, bias, w, decay, gain, stiffness and feedback.
template <class T>
Network<T> network_of(const std::vector<Tensor> &c, const std::optional<Tensor> &delays,
                      int64_t longest, double h, Parts parts, bool transpose) {
    const T *w = c[2].data_ptr<T>();
    const int64_t n = c[2].size(0);
    Network<T> net{T(h),
                   pointer<T>(c[0]),
                   pointer<T>(c[1]),
                   pointer<T>(c[3]),
                   pointer<T>(c[4]),
                   pointer<T>(c[5]),
                   pointer<T>(c[6])};
    if (delays)
        net.delayed.emplace(w, delays->data_ptr<int64_t>(), n, longest, transpose);
    else if (parts) {
        if constexpr (std::is_same_v<T, float>) net.tiles.emplace(w, n, transpose, parts);
    } else
        net.weights.emplace(w, n, transpose);
    return net;
}

// The bfloat16 numbers that products take each float32 for, where they can and may.
template <class T>
Parts parts_of(Parts wanted, bool delayed) {
    return std::is_same_v<T, float> && !delayed && wanted && matrix_unit() ? wanted : 0;
}

// `keep` is 0 for no steps, 1 for the positions and 2 for the velocities of all steps too; `wanted`
// the bfloat16 numbers that may stand for a float32 in products, or 0.
// Returns them, the final x, y and past, and what the backward pass needs.
std::vector<Tensor> forward(Tensor inputs, Tensor x, Tensor y, Tensor past,
                            std::vector<Tensor> coefficients, std::optional<Tensor> delays,
                            std::optional<Tensor> lengths, double h, Parts wanted, int keep,
                            bool track) {
    std::vector<Tensor> result;
    AT_DISPATCH_FLOATING_TYPES(inputs.scalar_type(), "horn_forward", [&] {
        using T = scalar_t;
        const int64_t n = x.size(1);
        const Parts parts = parts_of<T>(wanted, delays.has_value());
        const Sizes z = sizes_of<T>(inputs, n, past, delays.has_value(), parts);
        const auto net = network_of<T>(coefficients, delays, z.past + 1, h, parts, false);
        auto option = inputs.options().requires_grad(false);
        const int64_t saved = track ? z.tiles : 0;
        auto history = pool().take({saved, z.velocities(), z.rows(), z.lanes}, option);
        auto tanhs = pool().take({saved, z.steps, z.rows(), z.lanes}, option);
        auto last = at::empty({track ? z.batch : 0, n}, option);
        auto xs = at::empty({keep > 0 ? z.steps : 0, z.batch, n}, option);
        auto ys = at::empty({keep > 1 ? z.steps : 0, z.batch, n}, option);
        auto x1 = at::empty({z.batch, n}, option), y1 = at::empty_like(x1);
        auto past1 = at::empty_like(past, option);
        const int64_t *ends = lengths ? lengths->data_ptr<int64_t>() : nullptr;
        const Order order(z, ends, at::get_num_threads());
        with_vectors<T>(z, [&](auto count) {
            at::parallel_for(0, z.tiles, 1, [&](int64_t begin, int64_t end) {
                for (int64_t turn = begin; turn < end; turn++) {
                    const int64_t k = order.tiles[turn];
                    forward_tile<T, decltype(count)::value>(
                        Tile(z, order, k, ends, keep), net,
                        {inputs.data_ptr<T>(), x.data_ptr<T>(), y.data_ptr<T>(),
                         pointer<T>(past),
                         track ? history[k].data_ptr<T>() : nullptr,
                         track ? tanhs[k].data_ptr<T>() : nullptr, pointer<T>(last),
                         pointer<T>(xs), pointer<T>(ys), x1.data_ptr<T>(), y1.data_ptr<T>(),
                         pointer<T>(past1)});
                }
            });
        });
        result = {xs, ys, x1, y1, past1, history, tanhs, last};
    });
    return result;
}

// Gradients of what `forward` returned first may be missing. Returns those of inputs, x, y and
// past, of w_in with the bias as its last column, and of the other coefficients.
std::vector<Tensor> backward(Tensor inputs, std::vector<Tensor> coefficients,
                             std::optional<Tensor> delays, std::optional<Tensor> lengths,
                             Tensor history, Tensor tanhs, Tensor last,
                             std::vector<std::optional<Tensor>> gradients, double h, Parts wanted,
                             bool keep, bool input_gradient, bool vector_gradients) {
    std::vector<Tensor> result;
    AT_DISPATCH_FLOATING_TYPES(inputs.scalar_type(), "horn_backward", [&] {
        using T = scalar_t;
        const int64_t n = last.size(1), steps = inputs.size(0), batch = inputs.size(1);
        // The tiles are those of the forward pass, whatever the number of threads is now.
        const Sizes z = {steps, batch, inputs.size(2), n, history.size(1) - 1 - steps,
                         history.size(3), history.size(0)};
        const Parts parts = parts_of<T>(wanted, delays.has_value());
        const auto net = network_of<T>(coefficients, delays, z.past + 1, h, parts, true);
        auto option = inputs.options().requires_grad(false);
        auto ginputs = at::zeros({input_gradient ? steps : 0, batch, z.inputs}, option);
        auto gx0 = at::empty({batch, n}, option), gy0 = at::empty_like(gx0);
        auto gpast0 = at::empty({z.past, batch, n}, option);
        const T *given[5];
        for (int k = 0; k < 5; k++) given[k] = gradients[k] ? pointer<T>(*gradients[k]) : nullptr;
        const int64_t *ends = lengths ? lengths->data_ptr<int64_t>() : nullptr;
        const Order order(z, ends, at::get_num_threads());
        std::vector<Sums<T>> sums;
        for (int k = 0; k < at::get_num_threads(); k++) sums.emplace_back(n, z.inputs);
        with_vectors<T>(z, [&](auto count) {
            at::parallel_for(0, z.tiles, 1, [&](int64_t begin, int64_t end) {
                for (int64_t turn = begin; turn < end; turn++) {
                    const int64_t k = order.tiles[turn];
                    backward_tile<T, decltype(count)::value>(
                        Tile(z, order, k, ends, keep), net,
                        {inputs.data_ptr<T>(), history[k].data_ptr<T>(), tanhs[k].data_ptr<T>(),
                         last.data_ptr<T>(), given[0], given[1], given[2], given[3], given[4],
                         pointer<T>(ginputs), gx0.data_ptr<T>(), gy0.data_ptr<T>(),
                         pointer<T>(gpast0), vector_gradients},
                        sums[at::get_thread_num()]);
                }
            });
        });
        result = {ginputs, gx0, gy0, gpast0};
        auto total = [&](std::vector<int64_t> shape, auto &&add) {
            auto sum = at::zeros(shape, option);
            for (auto &part : sums) add(part, sum.template data_ptr<T>());
            result.push_back(sum);
        };
        auto vector = [&](auto member) {
            total({n}, [&](auto &part, T *to) {
                for (int64_t k = 0; k < n; k++) to[k] += (part.*member)[k];
            });
        };
        total({n, z.inputs + 1},
              [&](auto &part, T *to) { unblock(part.w_in.data, n, z.inputs + 1, to); });
        total({n, n}, [&](auto &part, T *to) {
            if (!net.delayed && !net.tiles) return unblock(part.w.data, n, n, to);
            const int64_t across = net.tiles ? ShortOuter::across(n) : Delayed<T>::across(n);
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j < n; j++) to[i * n + j] += part.w.data[i * across + j];
        });
        vector(&Sums<T>::decay);
        vector(&Sums<T>::gain);
        vector(&Sums<T>::stiffness);
        vector(&Sums<T>::feedback);
    });
    return result;
}

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
    m.def("matrix_unit", &matrix_unit);
    m.def("forward", &forward, py::call_guard<py::gil_scoped_release>());
    m.def("backward", &backward, py::call_guard<py::gil_scoped_release>());
}
