// Backpropagation through time of the undelayed network, over tiles of the batch.
//
// A tile is a number of sequences whose states lie side by side, signal[unit][lane],
// so that one weight meets a vector of lanes and all of a tile's state stays in
// cache for the whole sequence. Tiles are independent; threads take them in turns.

// Only what is used: torch/extension.h has all of torch, and takes twice as long to compile.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/utils/pybind.h>

#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

namespace {

// Bytes of a vector, and the rows (of weights that share a loaded signal) and columns
// (of a block of weight gradients) whose sums fit in the registers: 32 or 16 of them.
#ifdef __AVX512F__
constexpr int BYTES = 64, ROWS = 8, COLUMNS = 4;
#else
constexpr int BYTES = 32, ROWS = 6, COLUMNS = 2;
#endif
constexpr int BLOCK = 4;   // rows of a block of weight gradients; its area fills whole vectors
constexpr int CHUNK = 16;  // steps whose weight gradients are one product

template <class T>
struct Simd {
    typedef T vec __attribute__((vector_size(BYTES)));
    static constexpr int width = BYTES / sizeof(T);
    static vec load(const T *p) { return *(const vec *)p; }
    static void store(T *p, vec v) { *(vec *)p = v; }
};

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// Weights in blocks of ROWS rows, packed[block][column][row], zero-padded.
template <class T>
std::vector<T> pack(const T *weights, int64_t rows, int64_t columns, bool transpose) {
    std::vector<T> packed(round_up(rows, ROWS) * columns, T(0));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            packed[(i / ROWS * columns + j) * ROWS + i % ROWS] =
                transpose ? weights[j * rows + i] : weights[i * columns + j];
    return packed;
}

// sum[row][lane] = weights of one packed block times signal, over all columns. Out of
// line, where nothing else asks for the registers that hold the sums.
template <class T, int V>
[[gnu::noinline]] void multiply(const T *packed, const T *signal, int64_t columns, T *sum) {
    using S = Simd<T>;
    constexpr int LANES = V * S::width;
    typename S::vec total[ROWS * V] = {};
    for (int64_t j = 0; j < columns; j++) {
        typename S::vec s[V];
        for (int v = 0; v < V; v++) s[v] = S::load(signal + j * LANES + v * S::width);
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < V; v++) total[r * V + v] += packed[j * ROWS + r] * s[v];
    }
    for (int r = 0; r < ROWS * V; r++) S::store(sum + r * S::width, total[r]);
}

// Sums of the elements of each of `width` vectors, as one vector; begin with N = width.
template <class T, int N, size_t... L>
inline typename Simd<T>::vec row_sums(typename Simd<T>::vec *v, std::index_sequence<L...> lanes) {
    if constexpr (N > 1) {
        constexpr size_t half = N / 2, other = sizeof...(L) - half;
        for (size_t k = 0; k < half; k++) {
            const auto a = v[k], b = v[k + half];
            v[k] = __builtin_shufflevector(a, b, (L % N < half ? L : L + other)...) +
                   __builtin_shufflevector(a, b, (L % N < half ? L + half : L + other + half)...);
        }
        return row_sums<T, half>(v, lanes);
    }
    return v[0];
}

// to[block of rows][block of columns] += sums over steps and lanes of a[step][row][lane]
// b[step][column][lane]. Columns beyond the last belong to nobody and may hold anything.
template <class T, int V>
void outer(const T *a, int64_t rows, int64_t a_slab, const T *b, int64_t columns, int64_t b_slab,
           int64_t steps, T *to) {
    using S = Simd<T>;
    constexpr int LANES = V * S::width, AREA = BLOCK * COLUMNS;
    constexpr int64_t GROUP = 16;  // columns that stay in cache while the rows pass by
    const int64_t across = round_up(columns, COLUMNS);
    for (int64_t group = 0; group < columns; group += GROUP)
        for (int64_t i = 0; i < rows; i += BLOCK)
            for (int64_t j = group; j < std::min(columns, group + GROUP); j += COLUMNS) {
                typename S::vec sum[AREA] = {};
                for (int64_t k = 0; k < steps; k++)
                    for (int v = 0; v < V; v++) {
                        const T *left = a + k * a_slab + i * LANES + v * S::width;
                        const T *right = b + k * b_slab + j * LANES + v * S::width;
                        typename S::vec y[COLUMNS];
                        for (int q = 0; q < COLUMNS; q++) y[q] = S::load(right + q * LANES);
                        for (int p = 0; p < BLOCK; p++) {
                            const typename S::vec x = S::load(left + p * LANES);
                            for (int q = 0; q < COLUMNS; q++) sum[p * COLUMNS + q] += x * y[q];
                        }
                    }
                T *block = to + i * across + j * BLOCK;
                for (int first = 0; first < AREA; first += S::width) {
                    const auto total =
                        row_sums<T, S::width>(sum + first, std::make_index_sequence<S::width>());
                    S::store(block + first, S::load(block + first) + total);
                }
            }
}

// Rows and columns out of the blocks of `outer`.
template <class T>
void unblock(const T *blocks, int64_t rows, int64_t columns, T *to) {
    const int64_t across = round_up(columns, COLUMNS);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            to[i * columns + j] += blocks[i / BLOCK * BLOCK * across + j / COLUMNS * COLUMNS * BLOCK +
                                          i % BLOCK * COLUMNS + j % COLUMNS];
}

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
Pool &pool() {
    static Pool *const kept = new Pool;
    return *kept;
}

struct Sizes {
    int64_t steps, batch, inputs, units, lanes, tiles;
    // An odd number of rows: at a stride of 4 KiB all steps would share a few lines of cache.
    int64_t rows() const { return round_up(units, BLOCK) + 1; }
    int64_t slab() const { return rows() * lanes; }
};

// Rows of (batch, columns) to [column][lane] of one tile; lanes beyond the batch are zero.
template <class T>
void to_tile(const T *from, int64_t tile, const Sizes &z, int64_t columns, T *to) {
    for (int64_t l = 0; l < z.lanes; l++) {
        const int64_t row = tile * z.lanes + l;
        for (int64_t c = 0; c < columns; c++)
            to[c * z.lanes + l] = row < z.batch ? from[row * columns + c] : T(0);
    }
}

template <class T>
void from_tile(const T *from, int64_t tile, const Sizes &z, int64_t columns, T *to) {
    const int64_t used = std::min(z.lanes, z.batch - tile * z.lanes);
    for (int64_t l = 0; l < used; l++)
        for (int64_t c = 0; c < columns; c++)
            to[(tile * z.lanes + l) * columns + c] = from[c * z.lanes + l];
}

template <class T, int V>
void forward_tile(int64_t tile, const Sizes &z, const T *inputs, const T *x0, const T *y0,
                  const T *w_in, const T *bias, const T *packed, const T *decay, const T *gain,
                  const T *stiffness, const T *feedback, T h, T *history, T *tanhs, T *xs, T *ys,
                  T *x1, T *y1) {
    using S = Simd<T>;
    constexpr int LANES = V * S::width;
    const int64_t n = z.units, slab = z.slab();
    const bool track = tanhs != nullptr;
    alignas(BYTES) T drive[ROWS * LANES];
    Buffer<T> positions(slab), signal(z.inputs * LANES), two(track ? 0 : 2 * slab);
    T *x = positions.data;
    to_tile(x0, tile, z, n, x);
    T *y = track ? history : two.data;
    to_tile(y0, tile, z, n, y);
    for (int64_t k = 0; k < z.steps; k++) {
        to_tile(inputs + k * z.batch * z.inputs, tile, z, z.inputs, signal.data);
        T *next = track ? y + slab : two.data + (y == two.data ? slab : 0);
        for (int64_t block = 0; block < n; block += ROWS) {
            multiply<T, V>(packed + block * n, y, n, drive);
            const int rows = std::min<int64_t>(ROWS, n - block);
            for (int r = 0; r < rows; r++) {
                const int64_t i = block + r;
                for (int v = 0; v < V; v++) {
                    auto p = S::load(drive + r * LANES + v * S::width) + bias[i] +
                             feedback[i] * S::load(x + i * LANES + v * S::width);
                    for (int64_t c = 0; c < z.inputs; c++)
                        p += w_in[i * z.inputs + c] *
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
                    const auto velocity =
                        decay[i] * S::load(y + at) + gain[i] * u - stiffness[i] * position;
                    S::store(next + at, velocity);
                    S::store(x + at, position + h * velocity);
                    if (track) S::store(tanhs + k * slab + at, u);
                }
            }
        }
        y = next;
        if (xs) {
            from_tile(x, tile, z, n, xs + k * z.batch * n);
            from_tile(y, tile, z, n, ys + k * z.batch * n);
        }
    }
    from_tile(x, tile, z, n, x1);
    from_tile(y, tile, z, n, y1);
}

// Gradients that every tile adds to; one of these per thread, summed at the end.
// Those of weights are blocks of `outer`; the bias is the weight of a last input of 1.
template <class T>
struct Sums {
    Buffer<T> w, w_in;
    std::vector<T> decay, gain, stiffness, feedback;
    Sums(int64_t n, int64_t inputs)
        : w(round_up(n, BLOCK) * round_up(n, COLUMNS)),
          w_in(round_up(n, BLOCK) * round_up(inputs + 1, COLUMNS)),
          decay(n),
          gain(n),
          stiffness(n),
          feedback(n) {}
};

template <class T, int V>
void backward_tile(int64_t tile, const Sizes &z, const T *inputs, const T *x1, const T *w_in,
                   const T *packed_back, const T *decay, const T *gain, const T *stiffness,
                   const T *feedback, T h, const T *history, const T *tanhs, const T *gxs,
                   const T *gys, const T *gx1, const T *gy1, T *ginputs, T *gx0, T *gy0,
                   bool vectors, Sums<T> &sums) {
    using S = Simd<T>;
    using vec = typename S::vec;
    constexpr int LANES = V * S::width;
    const int64_t n = z.units, slab = z.slab();
    const int64_t signal_slab = round_up(z.inputs + 1, COLUMNS) * LANES;
    Buffer<T> state(3 * slab), ds(CHUNK * slab), given(slab), totals(4 * slab);
    Buffer<T> signal(CHUNK * signal_slab), gsignal(z.inputs * LANES);
    for (int k = 0; k < CHUNK; k++)
        std::fill_n(signal.data + k * signal_slab + z.inputs * LANES, LANES, T(1));
    T *x = state.data, *gx = x + slab, *gy = gx + slab;
    alignas(BYTES) T sum[ROWS * LANES];
    T *t_decay = totals.data, *t_gain = t_decay + slab, *t_stiff = t_gain + slab;
    T *t_feed = t_stiff + slab;
    to_tile(x1, tile, z, n, x);
    to_tile(gx1, tile, z, n, gx);
    to_tile(gy1, tile, z, n, gy);
    for (int64_t last = z.steps; last > 0; last -= CHUNK) {
        const int64_t first = std::max<int64_t>(0, last - CHUNK), size = last - first;
        for (int64_t k = last - 1; k >= first; k--) {
            const T *y = history + k * slab, *next = y + slab, *u = tanhs + k * slab;
            if (gxs) {
                to_tile(gxs + k * z.batch * n, tile, z, n, given.data);
                for (int64_t l = 0; l < slab; l++) gx[l] += given.data[l];
                to_tile(gys + k * z.batch * n, tile, z, n, given.data);
                for (int64_t l = 0; l < slab; l++) gy[l] += given.data[l];
            }
            T *d = ds.data + (k - first) * slab;
            for (int64_t i = 0; i < n; i++) {
                for (int v = 0; v < V; v++) {
                    const int64_t at = i * LANES + v * S::width;
                    // The hardware does not foresee that the next step lies a slab back.
                    __builtin_prefetch(u + at - slab);
                    __builtin_prefetch(y + at - slab);
                    const vec tanh = S::load(u + at);
                    const vec g = S::load(gy + at) + h * S::load(gx + at);
                    const vec drive = gain[i] * (T(1) - tanh * tanh) * g;
                    S::store(gx + at, S::load(gx + at) - stiffness[i] * g + feedback[i] * drive);
                    S::store(gy + at, decay[i] * g);
                    S::store(d + at, drive);
                    if (!vectors) continue;
                    const vec position = S::load(x + at) - h * S::load(next + at);
                    S::store(x + at, position);
                    S::store(t_decay + at, S::load(t_decay + at) + S::load(y + at) * g);
                    S::store(t_gain + at, S::load(t_gain + at) + tanh * g);
                    S::store(t_stiff + at, S::load(t_stiff + at) - position * g);
                    S::store(t_feed + at, S::load(t_feed + at) + position * drive);
                }
            }
            for (int64_t block = 0; block < n; block += ROWS) {
                multiply<T, V>(packed_back + block * n, d, n, sum);
                const int rows = std::min<int64_t>(ROWS, n - block);
                for (int r = 0; r < rows; r++)
                    for (int v = 0; v < V; v++) {
                        T *to = gy + (block + r) * LANES + v * S::width;
                        S::store(to, S::load(to) + S::load(sum + r * LANES + v * S::width));
                    }
            }
            to_tile(inputs + k * z.batch * z.inputs, tile, z, z.inputs,
                    signal.data + (k - first) * signal_slab);
            if (ginputs) {
                for (int64_t c = 0; c < z.inputs; c++)
                    for (int v = 0; v < V; v++) {
                        vec total = {};
                        for (int64_t i = 0; i < n; i++)
                            total += w_in[i * z.inputs + c] * S::load(d + i * LANES + v * S::width);
                        S::store(gsignal.data + c * LANES + v * S::width, total);
                    }
                from_tile(gsignal.data, tile, z, z.inputs, ginputs + k * z.batch * z.inputs);
            }
        }
        outer<T, V>(ds.data, n, slab, history + first * slab, n, slab, size, sums.w.data);
        outer<T, V>(ds.data, n, slab, signal.data, z.inputs + 1, signal_slab, size,
                    sums.w_in.data);
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t l = 0; l < LANES; l++) {
            sums.decay[i] += t_decay[i * LANES + l];
            sums.gain[i] += t_gain[i * LANES + l];
            sums.stiffness[i] += t_stiff[i * LANES + l];
            sums.feedback[i] += t_feed[i * LANES + l];
        }
    from_tile(gx, tile, z, n, gx0);
    from_tile(gy, tile, z, n, gy0);
}

template <class T>
Sizes sizes_of(const at::Tensor &inputs, int64_t units) {
    const int64_t batch = inputs.size(1), width = Simd<T>::width;
    // Two vectors for each loaded weight, unless one holds all that a thread gets.
    const int64_t share = (batch + at::get_num_threads() - 1) / at::get_num_threads();
    const int64_t vectors = share > width ? 2 : 1;
    const int64_t lanes = vectors * width;
    return {inputs.size(0), batch, inputs.size(2), units, lanes, (batch + lanes - 1) / lanes};
}

// Call f<V>() for the number of vectors in a tile.
template <class T, class F>
void with_vectors(const Sizes &z, F &&f) {
    if (z.lanes == Simd<T>::width) return f(std::integral_constant<int, 1>());
    f(std::integral_constant<int, 2>());
}

template <class T>
T *pointer(const at::Tensor &t) {
    return t.numel() ? t.data_ptr<T>() : nullptr;
}

std::vector<at::Tensor> forward(at::Tensor inputs, at::Tensor x, at::Tensor y, at::Tensor w_in,
                                at::Tensor bias, at::Tensor w, at::Tensor decay, at::Tensor gain,
                                at::Tensor stiffness, at::Tensor feedback, double h, bool keep,
                                bool track) {
    std::vector<at::Tensor> result;
    AT_DISPATCH_FLOATING_TYPES(inputs.scalar_type(), "horn_forward", [&] {
        using T = scalar_t;
        const int64_t n = w.size(0);
        const Sizes z = sizes_of<T>(inputs, n);
        const int64_t slab = z.slab();
        auto option = inputs.options().requires_grad(false);
        const int64_t saved = track ? z.tiles : 0;
        auto history = pool().take({saved, z.steps + 1, z.rows(), z.lanes}, option);
        auto tanhs = pool().take({saved, z.steps, z.rows(), z.lanes}, option);
        auto xs = at::empty({keep ? z.steps : 0, z.batch, n}, option);
        auto ys = at::empty_like(xs);
        auto x1 = at::empty({z.batch, n}, option), y1 = at::empty_like(x1);
        const auto packed = pack(w.data_ptr<T>(), n, n, false);
        T *saved_y = pointer<T>(history), *saved_u = pointer<T>(tanhs);
        with_vectors<T>(z, [&](auto count) {
            at::parallel_for(0, z.tiles, 1, [&](int64_t begin, int64_t end) {
                for (int64_t tile = begin; tile < end; tile++)
                    forward_tile<T, decltype(count)::value>(
                        tile, z, inputs.data_ptr<T>(), x.data_ptr<T>(), y.data_ptr<T>(),
                        w_in.data_ptr<T>(), bias.data_ptr<T>(), packed.data(), decay.data_ptr<T>(),
                        gain.data_ptr<T>(), stiffness.data_ptr<T>(), feedback.data_ptr<T>(), T(h),
                        track ? saved_y + tile * (z.steps + 1) * slab : nullptr,
                        track ? saved_u + tile * z.steps * slab : nullptr, pointer<T>(xs),
                        pointer<T>(ys), x1.data_ptr<T>(), y1.data_ptr<T>());
            });
        });
        result = {xs, ys, x1, y1, history, tanhs};
    });
    return result;
}

std::vector<at::Tensor> backward(at::Tensor inputs, at::Tensor x1, at::Tensor w_in, at::Tensor w,
                                 at::Tensor decay, at::Tensor gain, at::Tensor stiffness,
                                 at::Tensor feedback, at::Tensor history, at::Tensor tanhs,
                                 at::Tensor gxs, at::Tensor gys, at::Tensor gx, at::Tensor gy,
                                 double h, bool input_gradient, bool vector_gradients) {
    std::vector<at::Tensor> result;
    AT_DISPATCH_FLOATING_TYPES(inputs.scalar_type(), "horn_backward", [&] {
        using T = scalar_t;
        const int64_t n = w.size(0);
        // The tiles are those of the forward pass, whatever the number of threads is now.
        const Sizes z = {inputs.size(0), inputs.size(1),  inputs.size(2),
                         n,              history.size(3), history.size(0)};
        const int64_t slab = z.slab();
        auto option = inputs.options().requires_grad(false);
        auto ginputs = at::empty({input_gradient ? z.steps : 0, z.batch, z.inputs}, option);
        auto gx0 = at::empty({z.batch, n}, option), gy0 = at::empty_like(gx0);
        const auto packed = pack(w.data_ptr<T>(), n, n, true);
        const T *saved_y = history.data_ptr<T>(), *saved_u = tanhs.data_ptr<T>();
        std::vector<Sums<T>> sums;
        for (int k = 0; k < at::get_num_threads(); k++) sums.emplace_back(n, z.inputs);
        with_vectors<T>(z, [&](auto count) {
            at::parallel_for(0, z.tiles, 1, [&](int64_t begin, int64_t end) {
                for (int64_t tile = begin; tile < end; tile++)
                    backward_tile<T, decltype(count)::value>(
                        tile, z, inputs.data_ptr<T>(), x1.data_ptr<T>(), w_in.data_ptr<T>(),
                        packed.data(), decay.data_ptr<T>(), gain.data_ptr<T>(),
                        stiffness.data_ptr<T>(), feedback.data_ptr<T>(), T(h),
                        saved_y + tile * (z.steps + 1) * slab, saved_u + tile * z.steps * slab,
                        pointer<T>(gxs), pointer<T>(gys), gx.data_ptr<T>(), gy.data_ptr<T>(),
                        pointer<T>(ginputs), gx0.data_ptr<T>(), gy0.data_ptr<T>(),
                        vector_gradients, sums[at::get_thread_num()]);
            });
        });
        result = {ginputs, gx0, gy0};
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
        total({n, n}, [&](auto &part, T *to) { unblock(part.w.data, n, n, to); });
        vector(&Sums<T>::decay);
        vector(&Sums<T>::gain);
        vector(&Sums<T>::stiffness);
        vector(&Sums<T>::feedback);
    });
    return result;
}

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
    m.def("forward", &forward, py::call_guard<py::gil_scoped_release>());
    m.def("backward", &backward, py::call_guard<py::gil_scoped_release>());
}
