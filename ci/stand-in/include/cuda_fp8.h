#pragma once
#include "cuda_fp16.h"
using __nv_fp8_e4m3 = standin::Short<uint8_t, 4, 3, true>;
enum { __NV_E4M3 };
inline __half __nv_cvt_fp8_to_halfraw(uint8_t bits, int) {
  __nv_fp8_e4m3 x;
  x.__x = bits;
  return __half((float)x);
}
