// What a kernel's source needs of a compiler for GPUs, for one for the CPU. Included before each source,
// which is then one translation unit with the table of its kernels (see wrap.py).

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernel.hpp"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)

struct float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }

using standin::blockDim;
using standin::blockIdx;
using standin::gridDim;
using standin::threadIdx;
inline void __syncthreads() { standin::barrier(); }
#define assert(CONDITION) ((CONDITION) ? (void)0 : standin::asserted())

using std::isfinite;
using std::isinf;
using std::isnan;
using std::max;
using std::min;
using std::signbit;
inline unsigned max(int a, unsigned b) { return std::max((unsigned)a, b); }

// Threads of a block run one after the other.
template <typename T, typename V> T atomicAdd(T *to, V value) {
  const T before = *to;
  *to = before + (T)value;
  return before;
}
template <typename T, typename V> T atomicMax(T *to, V value) {
  const T before = *to;
  *to = std::max(before, (T)value);
  return before;
}
template <typename T, typename V> T atomicMin(T *to, V value) {
  const T before = *to;
  *to = std::min(before, (T)value);
  return before;
}
template <typename T> T atomicCAS(T *to, T expected, T value) {
  const T before = *to;
  if (before == expected) {
    *to = value;
  }
  return before;
}

template <typename To, typename From> inline To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(To));
  return to;
}
inline unsigned __float_as_uint(float x) { return same_bits<unsigned>(x); }
inline int __float_as_int(float x) { return same_bits<int>(x); }
inline float __uint_as_float(unsigned x) { return same_bits<float>(x); }
inline float __int_as_float(int x) { return same_bits<float>(x); }
inline long long __double_as_longlong(double x) { return same_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return same_bits<double>(x); }

inline double normcdf(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }
inline float normcdff(float x) { return 0.5f * std::erfc(-x * (float)M_SQRT1_2); }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
template <typename T> T __ldg(const T *from) { return *from; }

// What another thread of the warp gives.
template <typename T> T __shfl_xor_sync(unsigned, T value, unsigned other, int = 32) {
  static T given[standin::MOST_THREADS];
  given[threadIdx.x] = value;
  standin::warp_barrier();
  const T got = given[threadIdx.x ^ other];
  standin::warp_barrier();
  return got;
}
