// The matrix product of cuBLAS, as plain loops.

#include "cublas_v2.h"

#include <algorithm>

#include "card.h"
#include "memory.h"

struct cublasContext {};

cublasStatus_t cublasCreate(cublasHandle_t *handle) {
    if (cuda_on_cpu::begin("cublasCreate")) return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = new cublasContext;
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t) {
    return handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

// Column-major; `strides` are those of a step in the result's direction and along the sum.
template <class T>
struct Operand {
    const T *p;
    size_t across, along;
    bool valid, there;

    Operand(const T *p, bool along_columns, int size, int k, int stride)
        : p(p), across(along_columns ? 1 : stride), along(along_columns ? stride : 1) {
        const int rows = along_columns ? size : k, columns = along_columns ? k : size;
        valid = stride >= std::max(1, rows);
        const size_t length = rows && columns ? (size_t)stride * (columns - 1) + rows : 0;
        there = !length || cuda_on_cpu::memory().holds(p, length * sizeof(T));
    }
    T operator()(int i, int j) const { return p[i * across + j * along]; }
};

template <class T>
static cublasStatus_t gemm(const char *name, cublasHandle_t handle, bool turned_a, bool turned_b,
                           int m, int n, int k, T alpha, const T *a, int lda, const T *b, int ldb,
                           T beta, T *c, int ldc) {
    if (cuda_on_cpu::begin(name) || !handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (m < 0 || n < 0 || k < 0) return CUBLAS_STATUS_INVALID_VALUE;
    const Operand<T> left(a, !turned_a, m, k, lda), right(b, turned_b, n, k, ldb);
    const Operand<T> result(c, true, m, n, ldc);
    if (!left.valid || !right.valid || !result.valid) return CUBLAS_STATUS_INVALID_VALUE;
    if (!left.there || !right.there || !result.there)
        cuda_on_cpu::fail("a matrix that does not lie in device memory is given to ", name);
    cuda_on_cpu::Open open;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            T sum = 0, &out = c[(size_t)j * ldc + i];
            for (int l = 0; l < k; l++) sum += left(i, l) * right(j, l);
            out = alpha * sum + (beta == 0 ? 0 : beta * out);
        }
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDgemm(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                           int m, int n, int k, const double *alpha, const double *a, int lda,
                           const double *b, int ldb, const double *beta, double *c, int ldc) {
    return gemm("cublasDgemm", handle, op_a != CUBLAS_OP_N, op_b != CUBLAS_OP_N, m, n, k, *alpha,
                a, lda, b, ldb, *beta, c, ldc);
}
cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                           int m, int n, int k, const float *alpha, const float *a, int lda,
                           const float *b, int ldb, const float *beta, float *c, int ldc) {
    return gemm("cublasSgemm", handle, op_a != CUBLAS_OP_N, op_b != CUBLAS_OP_N, m, n, k, *alpha,
                a, lda, b, ldb, *beta, c, ldc);
}
