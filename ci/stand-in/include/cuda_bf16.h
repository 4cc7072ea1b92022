#pragma once
#include "halves.h"
using __nv_bfloat16 = standin::Short<uint16_t, 8, 7, false>;
inline float __bfloat162float(__nv_bfloat16 x) { return x; }
inline __nv_bfloat16 __float2bfloat16(float x) { return x; }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return x; }
struct __nv_bfloat162 {
  __nv_bfloat16 x, y;
};
#define STANDIN_PAIRS(NAME, OP)                                                                    \
  inline __nv_bfloat162 NAME(__nv_bfloat162 a, __nv_bfloat162 b) { return {a.x OP b.x, a.y OP b.y}; }
STANDIN_PAIRS(__hadd2, +)
STANDIN_PAIRS(__hsub2, -)
STANDIN_PAIRS(__hmul2, *)
STANDIN_PAIRS(__h2div, /)
#undef STANDIN_PAIRS
// Of all numbers of 16 bits; cuda_fp16.h is included before.
#define STANDIN_FUNCTION(NAME, FUNCTION)                                                           \
  template <typename B, unsigned E, unsigned M, bool F>                                            \
  standin::Short<B, E, M, F> NAME(standin::Short<B, E, M, F> x) {                                  \
    return FUNCTION((float)x);                                                                     \
  }
STANDIN_FUNCTION(hsqrt, std::sqrt)
STANDIN_FUNCTION(hcos, std::cos)
STANDIN_FUNCTION(hsin, std::sin)
STANDIN_FUNCTION(hlog, std::log)
STANDIN_FUNCTION(hexp, std::exp)
STANDIN_FUNCTION(__habs, std::fabs)
#undef STANDIN_FUNCTION
template <typename B, unsigned E, unsigned M, bool F>
bool __hisnan(standin::Short<B, E, M, F> x) {
  return std::isnan((float)x);
}
template <typename B, unsigned E, unsigned M, bool F>
standin::Short<B, E, M, F> __hmax_nan(standin::Short<B, E, M, F> a, standin::Short<B, E, M, F> b) {
  return __hisnan(a) || a > b ? a : b;
}
template <typename B, unsigned E, unsigned M, bool F>
standin::Short<B, E, M, F> __hmin_nan(standin::Short<B, E, M, F> a, standin::Short<B, E, M, F> b) {
  return __hisnan(a) || a < b ? a : b;
}
