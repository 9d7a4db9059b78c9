// One command for each thing that the emulation does or catches; see ../test_*.py.

#include <cublas_v2.h>
#include <curand.h>

#include <functional>
#include <map>

#include "kernels.h"
#include "selftest.h"

// ---- memory ----

__device__ double *pointer;
__global__ void through_pointer(double *out) { out[0] = pointer[1]; }
__global__ void add(const double *a, double *b, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) b[i] += a[i];
}

void host_reads(const Words &) { printf("%g\n", *device<double>({1, 2})); }
void host_writes(const Words &) { *device<double>({1, 2}) = 3; }
void host_in_kernel(const Words &words) {
    std::vector<double> here(8, 1);
    double *there = device(here);
    add<<<1, 8>>>(words[0] == "host" ? here.data() : there, there, 8);
    print(host(there, 8));
}
void null_in_kernel(const Words &words) {
    double *there = device<double>({1, 2, 3}), *out = fresh<double>(1);
    if (words[0] == "set") say("symbol", cudaMemcpyToSymbol(pointer, &there, sizeof there));
    through_pointer<<<1, 1>>>(out);
    print(host(out, 1));
}
void out_of_bounds(const Words &words) {
    double *there = device(std::vector<double>(8, 1)), *out = device(std::vector<double>(9, 1));
    add<<<1, 32>>>(there, out, std::stoi(words[0]));
    print(host(out, 8));
}
void fresh_memory(const Words &) {
    print(host(fresh<double>(2), 2));
    print(host(fresh<float>(3), 3));
    double *used = device<double>({1, 2});
    cudaFree(used);
    double *again = fresh<double>(2);
    printf("%d\n", used == again);
    print(host(again, 2));
}
void copies(const Words &) {
    double here[4] = {1, 2, 3, 4}, *there = device<double>({5, 6, 7, 8}), *freed = fresh<double>(4);
    cudaFree(freed);
    const size_t n = sizeof here;
    say("to the device", cudaMemcpy(there, here, n, cudaMemcpyHostToDevice));
    say("back", cudaMemcpyAsync(here, there, n, cudaMemcpyDeviceToHost));
    say("its second half", cudaMemcpy(here, there + 2, n / 2, cudaMemcpyDeviceToHost));
    say("on the device", cudaMemcpy(there, there + 2, n / 2, cudaMemcpyDeviceToDevice));
    say("nothing", cudaMemcpy(there, here, 0, cudaMemcpyHostToDevice));
    say("to the host as a device", cudaMemcpy(here, here, n, cudaMemcpyHostToDevice));
    say("from the device as a host", cudaMemcpy(there, there, n, cudaMemcpyHostToDevice));
    say("from the host as a device", cudaMemcpy(here, here, n, cudaMemcpyDeviceToHost));
    say("to the device as a host", cudaMemcpy(there, there, n, cudaMemcpyDeviceToHost));
    say("of two hosts as devices", cudaMemcpy(here, here, n, cudaMemcpyDeviceToDevice));
    say("beyond the end", cudaMemcpy(there, here, n + 1, cudaMemcpyHostToDevice));
    say("beyond the end, from within", cudaMemcpy(here, there + 1, n, cudaMemcpyDeviceToHost));
    say("of freed memory", cudaMemcpy(here, freed, n, cudaMemcpyDeviceToHost));
    say("in no direction", cudaMemcpy(there, here, n, (cudaMemcpyKind)7));
    say("peeked", cudaPeekAtLastError());
    say("last error", cudaGetLastError());
    say("no last error", cudaGetLastError());
    say("memset", cudaMemset(there, 0, n));
    say("memset beyond the end", cudaMemset(there, 0, n + 1));
    say("memset of the host", cudaMemset(here, 0, n));
    say("too much to a symbol", cudaMemcpyToSymbol(pointer, here, n));
    say("free", cudaFree(there));
    say("free again", cudaFree(there));
    say("free host memory", cudaFree(here));
    say("free null", cudaFree(nullptr));
    double *pinned;
    say("pinned", cudaMallocHost(&pinned, n));
    pinned[0] = 1;
    say("free pinned", cudaFreeHost(pinned));
}
void allocations(const Words &) {
    size_t available, total;
    char *first, *second;
    say("info", cudaMemGetInfo(&available, &total));
    printf("%zu of %zu\n", available, total);
    say("most", cudaMalloc(&first, total / 2 + 1));
    say("more", cudaMalloc(&second, total / 2 + 1));
    cudaMemGetInfo(&available, &total);
    printf("%d\n", available < total / 2);
    cudaFree(first);
    say("more, once free", cudaMalloc(&second, total / 2 + 1));
    say("none", cudaMalloc(&first, 0));
}

// ---- launches and threads ----

__global__ void number(int *count, int *turns) {
    const int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const int size = blockDim.x * blockDim.y * blockDim.z;
    turns[block * size + thread] = atomicAdd(count, 1);
}
void turns(const Words &) {  // when the threads of two blocks came, then those of blocks in 3-D
    for (dim3 shape : {dim3(8), dim3(2, 3, 2)}) {
        const dim3 grid = shape.y == 1 ? dim3(3) : dim3(2, 2, 1);
        const int size = shape.x * shape.y * shape.z * grid.x * grid.y * grid.z;
        int *count = device<int>({0}), *out = fresh<int>(size);
        number<<<grid, shape>>>(count, out);
        print(host(out, size));
    }
}
void launches(const Words &) {
    double *a = device<double>({1}), *b = device<double>({1});
    auto attempt = [&](const char *name, dim3 grid, dim3 block, size_t shared = 0) {
        add<<<grid, block, shared>>>(a, b, 1);
        say(name, cudaGetLastError());
    };
    attempt("right", 1, 32);
    attempt("as large as can be", 1, dim3(16, 16, 4), 49152);
    attempt("no blocks", 0, 32);
    attempt("no threads", 1, 0);
    attempt("too many threads", 1, 1025);
    attempt("too many threads in 3-D", 1, dim3(32, 32, 2));
    attempt("too deep", 1, dim3(1, 1, 65));
    attempt("too high a grid", dim3(1, 65536), 1);
    attempt("too much shared memory", 1, 32, 49153);
    print(host(b, 1));
}
void proposed(const Words &) {
    int grid, block, blocks;
    cudaOccupancyMaxPotentialBlockSize(&grid, &block, add);
    cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, block, 0);
    printf("%d\n", block);
}
void reduction(const Words &words) {
    std::vector<double> values(256);
    for (int i = 0; i < 256; i++) values[i] = 1 / (i + 1.0);
    double *sums = fresh<double>(4);
    selftest::sum(device(values), sums, 4, 64, words[0] == "barriers");
    print(host(sums, 4));
}
void shared(const Words &words) {  // twice: what one block leaves must not be seen by the next
    double *out = fresh<double>(6);
    for (int launch = 0; launch < 2; launch++) {
        selftest::share<<<1, 8, 4 * sizeof(double)>>>(out, 4, std::stoi(words[0]));
        print(host(out, 6));
    }
}
__global__ void diverge(double *x) {
    if (threadIdx.x % 2) {
        __syncthreads();
        x[0] = 1;
    } else {
        __syncthreads();
        x[1] = 1;
    }
}
__global__ void leave_early(double *x) {
    if (threadIdx.x % 2) return;
    x[threadIdx.x] = threadIdx.x;
    __syncthreads();
    if (threadIdx.x == 0) x[0] = x[6];
}
void barriers(const Words &words) {
    double *x = device(std::vector<double>(8, 0));
    if (words[0] == "different")
        diverge<<<1, 4>>>(x);
    else
        leave_early<<<1, 8>>>(x);
    print(host(x, 8));
}
__global__ void overflow(int *x) { x[0] += 2147483647; }
void undefined(const Words &words) {
    int *x = device<int>({std::stoi(words[0])});
    overflow<<<1, 1>>>(x);
    print(host(x, 1));
}

// ---- the card ----

void about(const Words &) {
    int n = -1;
    say("count", cudaGetDeviceCount(&n));
    printf("%d\n", n);
    cudaDeviceProp properties = {"none", -1, -1};
    say("properties", cudaGetDeviceProperties(&properties, 0));
    printf("%s %d.%d\n", properties.name, properties.major, properties.minor);
    say("set", cudaSetDevice(0));
    say("set another", cudaSetDevice(1));
    double *p = nullptr;
    say("malloc", cudaMalloc(&p, 8));
    cudaGetLastError();
    add<<<1, 1>>>(p, p, 1);
    say("launch", cudaGetLastError());
    cublasHandle_t handle;
    curandGenerator_t generator;
    printf("cublas: %d\n", (int)cublasCreate(&handle));
    printf("curand: %d\n", (int)curandCreateGenerator(&generator, CURAND_RNG_PSEUDO_DEFAULT));
}

int main(int count, char **words) {
    const std::map<std::string, std::function<void(const Words &)>> commands = {
        {"host_reads", host_reads}, {"host_writes", host_writes},
        {"host_in_kernel", host_in_kernel}, {"null_in_kernel", null_in_kernel},
        {"out_of_bounds", out_of_bounds}, {"fresh_memory", fresh_memory}, {"copies", copies},
        {"allocations", allocations}, {"turns", turns}, {"launches", launches},
        {"proposed", proposed}, {"reduction", reduction}, {"shared", shared},
        {"barriers", barriers}, {"undefined", undefined}, {"random_numbers", random_numbers},
        {"sorting", sorting}, {"vectors", vectors}, {"about", about},
        {"dgemm", dgemm}, {"sgemm", sgemm}};
    commands.at(words[1])(Words(words + 2, words + count));
}
