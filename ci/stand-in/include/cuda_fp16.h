#pragma once
#include "halves.h"
using __half = standin::Short<uint16_t, 5, 10, false>;
inline float __half2float(__half x) { return x; }
inline __half __float2half(float x) { return x; }
inline unsigned short __half_as_ushort(__half x) { return x.__x; }
inline __half __ushort_as_half(unsigned short bits) {
  __half x;
  x.__x = bits;
  return x;
}
