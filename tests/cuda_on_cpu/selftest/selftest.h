// What all commands need: arrays on both sides, and their printing.

#ifndef SELFTEST_H
#define SELFTEST_H

#include <cuda_runtime.h>

#include <cstdio>
#include <string>
#include <vector>

typedef std::vector<std::string> Words;

inline void say(const char *what, cudaError_t error) {
    printf("%s: %s\n", what, cudaGetErrorString(error));
}

template <class T>
T *device(const std::vector<T> &host) {
    T *p;
    const cudaError_t error = cudaMalloc(&p, host.size() * sizeof(T));
    if (error) say("cudaMalloc", error), exit(1);
    cudaMemcpy(p, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice);
    return p;
}
template <class T>
std::vector<T> host(const T *p, size_t n) {
    std::vector<T> result(n);
    const cudaError_t error = cudaMemcpy(result.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost);
    if (error) say("cudaMemcpy", error), exit(1);
    return result;
}
template <class T>
void print(const std::vector<T> &values) {
    for (const T &value : values) printf("%.17g ", (double)value);
    printf("\n");
}
template <class T>
T *fresh(size_t n) {
    T *p;
    cudaMalloc(&p, n * sizeof(T));
    return p;
}

void dgemm(const Words &);
void sgemm(const Words &);
void random_numbers(const Words &);
void sorting(const Words &);
void vectors(const Words &);

#endif
