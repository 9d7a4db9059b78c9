// Commands that call cuBLAS, cuRAND and Thrust.

#include <cublas_v2.h>
#include <curand.h>
#include <curand_kernel.h>
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>
#include <thrust/sort.h>
#include <thrust/unique.h>

#include "selftest.h"

template <class T>
std::vector<T> read(const std::string &name) {
    FILE *file = fopen(name.c_str(), "rb");
    std::vector<T> values;
    for (T value; fread(&value, sizeof value, 1, file) == 1;) values.push_back(value);
    fclose(file);
    return values;
}
template <class T>
void write(const std::string &name, const std::vector<T> &values) {
    FILE *file = fopen(name.c_str(), "wb");
    fwrite(values.data(), sizeof(T), values.size(), file);
    fclose(file);
}

template <class T, class Gemm>
void product(const Words &words, Gemm gemm) {  // folder, operations, sizes, strides, factors
    const std::string folder = words[0];
    auto operation = [](const std::string &word) {
        return word == "N" ? CUBLAS_OP_N : word == "T" ? CUBLAS_OP_T : CUBLAS_OP_C;
    };
    std::vector<int> n;
    for (int i = 3; i < 9; i++) n.push_back(std::stoi(words[i]));
    const T alpha = std::stod(words[9]), beta = std::stod(words[10]);
    const auto c = read<T>(folder + "/c");
    T *result = device(c);
    cublasHandle_t handle = nullptr;
    printf("%d ", (int)cublasCreate(&handle));
    printf("%d ", (int)cublasSetMathMode(handle, CUBLAS_PEDANTIC_MATH));
    const T *a = device(read<T>(folder + "/a")), *b = device(read<T>(folder + "/b"));
    printf("%d ", (int)gemm(handle, operation(words[1]), operation(words[2]), n[0], n[1], n[2],
                            &alpha, a, n[3], b, n[4], &beta, result, n[5]));
    printf("%d\n", (int)cublasDestroy(handle));
    write(folder + "/result", host(result, c.size()));
}

void dgemm(const Words &words) { product<double>(words, cublasDgemm); }
void sgemm(const Words &words) { product<float>(words, cublasSgemm); }

template <class T>
void drawn(const std::string &folder, const char *name, curandStatus_t status, T *p, size_t n) {
    printf("%s: %d\n", name, (int)status);
    if (status == CURAND_STATUS_SUCCESS) write(folder + "/" + name, host(p, n));
}
__global__ void draw(unsigned long long seed, double *uniform, float *uniform_float, double *normal,
                     double *poisson, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    curandState state;
    curand_init(seed, i, 0, &state);
    uniform[i] = curand_uniform_double(&state);
    uniform_float[i] = curand_uniform(&state);
    normal[i] = curand_normal_double(&state);
    poisson[i] = curand_poisson(&state, 3.0);
}
void random_numbers(const Words &words) {  // folder, seed, how many
    const std::string folder = words[0];
    const int n = std::stoi(words[2]);
    curandGenerator_t generator;
    curandCreateGenerator(&generator, CURAND_RNG_PSEUDO_DEFAULT);
    curandSetPseudoRandomGeneratorSeed(generator, std::stoull(words[1]));
    double *x = fresh<double>(n);
    float *y = fresh<float>(n);
    unsigned *z = fresh<unsigned>(n);
    drawn(folder, "uniform64", curandGenerateUniformDouble(generator, x, n), x, n);
    drawn(folder, "normal64", curandGenerateNormalDouble(generator, x, n, 2, 3), x, n);
    drawn(folder, "uniform32", curandGenerateUniform(generator, y, n), y, n);
    drawn(folder, "normal32", curandGenerateNormal(generator, y, n, 2, 3), y, n);
    drawn(folder, "poisson", curandGeneratePoisson(generator, z, n, 3), z, n);
    printf("too many: %d\n", (int)curandGenerateUniform(generator, y, n + 1));
    printf("odd: %d\n", (int)curandGenerateNormalDouble(generator, x, n - 1, 0, 1));
    curandDestroyGenerator(generator);
    double *normal = fresh<double>(n), *poisson = fresh<double>(n);
    draw<<<(n + 255) / 256, 256>>>(std::stoull(words[1]), x, y, normal, poisson, n);
    write(folder + "/device_uniform64", host(x, n));
    write(folder + "/device_uniform32", host(y, n));
    write(folder + "/device_normal64", host(normal, n));
    write(folder + "/device_poisson", host(poisson, n));
}

void sorting(const Words &words) {  // keys, one a word; the values are their positions
    std::vector<int> keys, values(words.size());
    for (const std::string &word : words) keys.push_back(std::stoi(word));
    thrust::sequence(values.begin(), values.end());
    thrust::sort_by_key(keys.begin(), keys.end(), values.begin());
    print(keys);
    print(values);
    auto end = thrust::unique_by_key(keys.begin(), keys.end(), values.begin());
    print(std::vector<int>(keys.begin(), end.first));
    print(std::vector<int>(values.begin(), end.second));
}
__global__ void twice(const double *a, double *b, int n) {
    if (threadIdx.x < n) b[threadIdx.x] += a[threadIdx.x];
}
void vectors(const Words &) {
    thrust::host_vector<double> here(3, 0.5);
    thrust::device_vector<double> there = here;
    there.resize(5);
    there[4] = 7;
    there.push_back(there[0]);
    twice<<<1, 8>>>(thrust::raw_pointer_cast(&there[0]), thrust::raw_pointer_cast(there.data()), 6);
    print(std::vector<double>(thrust::host_vector<double>(there)));
    thrust::device_vector<double>().swap(there);
    printf("%d\n", (int)there.size());
}
