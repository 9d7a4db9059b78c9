// What device code calls: words of the language, atomics, bits.

#ifndef CUDA_ON_CPU_DEVICE_H
#define CUDA_ON_CPU_DEVICE_H

#include <string.h>

#define __host__
#define __device__
#define __global__
#define __constant__
#define __forceinline__ inline
#define __launch_bounds__(...)

inline void __threadfence() {}

// Threads take turns, so that nothing has to be atomic.
template <class T, class U>
T atomicAdd(T *address, U value) {
    const T old = *address;
    *address = old + (T)value;
    return old;
}
template <class T, class U, class V>
T atomicCAS(T *address, U compare, V value) {
    const T old = *address;
    if (old == (T)compare) *address = (T)value;
    return old;
}

template <class To, class From>
To cuda_on_cpu_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "");
    To to;
    memcpy(&to, &from, sizeof(to));
    return to;
}
inline long long __double_as_longlong(double x) { return cuda_on_cpu_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return cuda_on_cpu_bits<double>(x); }
inline int __float_as_int(float x) { return cuda_on_cpu_bits<int>(x); }
inline float __int_as_float(int x) { return cuda_on_cpu_bits<float>(x); }

#endif
