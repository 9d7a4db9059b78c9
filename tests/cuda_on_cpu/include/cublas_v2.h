// The matrix product of cuBLAS on the CPU: column-major, as there.

#ifndef CUBLAS_V2_H_
#define CUBLAS_V2_H_

#include "cuda_runtime.h"

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_INVALID_VALUE = 7 };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
typedef struct cublasContext *cublasHandle_t;

inline cublasStatus_t cublasCreate(cublasHandle_t *) { return CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasDestroy(cublasHandle_t) { return CUBLAS_STATUS_SUCCESS; }

template <class T>
cublasStatus_t cuda_on_cpu_gemm(cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,
                                const T *alpha, const T *a, int lda, const T *b, int ldb,
                                const T *beta, T *c, int ldc) {
    const size_t size_a = (size_t)lda * ((op_a == CUBLAS_OP_N ? k : m) - 1) + (op_a == CUBLAS_OP_N ? m : k);
    const size_t size_b = (size_t)ldb * ((op_b == CUBLAS_OP_N ? n : k) - 1) + (op_b == CUBLAS_OP_N ? k : n);
    const size_t size_c = (size_t)ldc * (n - 1) + m;
    auto &memory = cuda_on_cpu::memory();
    if (!memory.holds(a, size_a * sizeof(T)) || !memory.holds(b, size_b * sizeof(T)) ||
        !memory.holds(c, size_c * sizeof(T)))
        return CUBLAS_STATUS_INVALID_VALUE;
    
    cuda_on_cpu::Open open;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            T sum = 0;
            for (int p = 0; p < k; p++)
                sum += (op_a == CUBLAS_OP_N ? a[(size_t)p * lda + i] : a[(size_t)i * lda + p]) *
                       (op_b == CUBLAS_OP_N ? b[(size_t)j * ldb + p] : b[(size_t)p * ldb + j]);
            T &out = c[(size_t)j * ldc + i];
            out = *alpha * sum + (*beta == 0 ? 0 : *beta * out);
        }
    return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasDgemm(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b,
                                  int m, int n, int k, const double *alpha, const double *a, int lda,
                                  const double *b, int ldb, const double *beta, double *c, int ldc) {
    return cuda_on_cpu_gemm(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
inline cublasStatus_t cublasSgemm(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b,
                                  int m, int n, int k, const float *alpha, const float *a, int lda,
                                  const float *b, int ldb, const float *beta, float *c, int ldc) {
    return cuda_on_cpu_gemm(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

#endif
