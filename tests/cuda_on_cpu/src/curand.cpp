// cuRAND's host API, by the C++ library.

#include "curand.h"

#include <random>
#include <type_traits>

#include "card.h"
#include "memory.h"

struct curandGenerator_st : std::mt19937_64 {};

curandStatus_t curandCreateGenerator(curandGenerator_t *generator, curandRngType_t) {
    if (cuda_on_cpu::begin("curandCreateGenerator")) return CURAND_STATUS_INITIALIZATION_FAILED;
    *generator = new curandGenerator_st;
    return CURAND_STATUS_SUCCESS;
}
curandStatus_t curandDestroyGenerator(curandGenerator_t generator) {
    delete generator;
    return CURAND_STATUS_SUCCESS;
}
curandStatus_t curandSetPseudoRandomGeneratorSeed(curandGenerator_t generator,
                                                  unsigned long long seed) {
    generator->seed(seed);
    return CURAND_STATUS_SUCCESS;
}
curandStatus_t curandSetGeneratorOffset(curandGenerator_t generator, unsigned long long n) {
    generator->discard(n);
    return CURAND_STATUS_SUCCESS;
}
curandStatus_t curandSetGeneratorOrdering(curandGenerator_t, curandOrdering_t) {
    return CURAND_STATUS_SUCCESS;
}

template <class T, class Draw>
static curandStatus_t generate(T *out, size_t n, Draw draw) {
    if (cuda_on_cpu::begin("curandGenerate")) return CURAND_STATUS_PREEXISTING_FAILURE;
    if (n && !cuda_on_cpu::memory().holds(out, n * sizeof(T))) return CURAND_STATUS_LAUNCH_FAILURE;
    cuda_on_cpu::Open open;
    for (size_t i = 0; i < n; i++) out[i] = draw();
    return CURAND_STATUS_SUCCESS;
}
template <class T>
static curandStatus_t uniform(curandGenerator_t generator, T *out, size_t n) {  // in (0, 1]
    const int bits = std::is_same_v<T, float> ? 24 : 53;
    return generate(out, n,
                    [&] { return ldexp((T)(((*generator)() >> (64 - bits)) + 1), -bits); });
}
template <class T>
static curandStatus_t normal(curandGenerator_t generator, T *out, size_t n, T mean, T deviation) {
    if (n % 2) return CURAND_STATUS_LENGTH_NOT_MULTIPLE;
    std::normal_distribution<T> distribution(mean, deviation);
    return generate(out, n, [&] { return distribution(*generator); });
}

curandStatus_t curandGenerateUniform(curandGenerator_t generator, float *out, size_t n) {
    return uniform(generator, out, n);
}
curandStatus_t curandGenerateUniformDouble(curandGenerator_t generator, double *out, size_t n) {
    return uniform(generator, out, n);
}
curandStatus_t curandGenerateNormal(curandGenerator_t generator, float *out, size_t n, float mean,
                                    float deviation) {
    return normal(generator, out, n, mean, deviation);
}
curandStatus_t curandGenerateNormalDouble(curandGenerator_t generator, double *out, size_t n,
                                          double mean, double deviation) {
    return normal(generator, out, n, mean, deviation);
}
curandStatus_t curandGeneratePoisson(curandGenerator_t generator, unsigned *out, size_t n,
                                     double mean) {
    std::poisson_distribution<unsigned> distribution(mean);
    return generate(out, n, [&] { return distribution(*generator); });
}
