// Numbers of fewer bits than a float, which compute as floats do and are rounded where they are kept.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace standin {

inline uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float of_bits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// A float with EXPONENT and MANTISSA bits, to the nearest, ties to even. Without infinities (FINITE) what is
// too large is the largest there is.
template <unsigned EXPONENT, unsigned MANTISSA, bool FINITE> uint32_t rounded(float x) {
  constexpr int BIAS = (1 << (EXPONENT - 1)) - 1;
  constexpr uint32_t TOP = (1u << EXPONENT) - 1;
  const uint32_t sign = std::signbit(x) ? 1u << (EXPONENT + MANTISSA) : 0;
  if (std::isnan(x)) {
    return sign | (TOP << MANTISSA) | (FINITE ? (1u << MANTISSA) - 1 : 1u << (MANTISSA - 1));
  }
  const uint32_t largest = FINITE ? (TOP << MANTISSA) | ((1u << MANTISSA) - 2) : TOP << MANTISSA;
  if (std::isinf(x)) {
    return sign | largest;
  }
  // In units of the least number that is not 0: a whole number of them below the normal ones.
  int exponent;
  std::frexp(std::fabs(x), &exponent);
  const int unit = std::max(exponent - 1, 1 - BIAS) - (int)MANTISSA;
  const double units = std::nearbyint(std::ldexp((double)std::fabs(x), -unit));
  const uint64_t whole = (uint64_t)units;
  const uint64_t field = whole < (1u << MANTISSA)
                             ? whole
                             : whole + ((uint64_t)(unit + (int)MANTISSA + BIAS - 1) << MANTISSA);
  return sign | (uint32_t)std::min<uint64_t>(field, largest);
}

template <unsigned EXPONENT, unsigned MANTISSA, bool FINITE> float value(uint32_t bits) {
  constexpr int BIAS = (1 << (EXPONENT - 1)) - 1;
  constexpr uint32_t TOP = (1u << EXPONENT) - 1;
  const float sign = bits >> (EXPONENT + MANTISSA) & 1 ? -1.0f : 1.0f;
  const uint32_t exponent = bits >> MANTISSA & TOP, mantissa = bits & ((1u << MANTISSA) - 1);
  if (exponent == TOP && (!FINITE || mantissa == (1u << MANTISSA) - 1)) {
    return mantissa ? std::nanf("") : sign * INFINITY;
  }
  if (exponent == 0) {
    return sign * std::ldexp((float)mantissa, 1 - BIAS - (int)MANTISSA);
  }
  return sign * std::ldexp((float)(mantissa | 1u << MANTISSA), (int)exponent - BIAS - (int)MANTISSA);
}

template <typename Bits, unsigned EXPONENT, unsigned MANTISSA, bool FINITE> struct Short {
  Bits __x;
  Short() = default;
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
  Short(T x) : __x((Bits)rounded<EXPONENT, MANTISSA, FINITE>((float)x)) {}
  template <typename B, unsigned E, unsigned M, bool F>
  explicit Short(const Short<B, E, M, F> &x) : Short((float)x) {}
  operator float() const { return value<EXPONENT, MANTISSA, FINITE>(__x); }
  template <typename T,
            typename = std::enable_if_t<std::is_arithmetic_v<T> && !std::is_same_v<T, float>>>
  explicit operator T() const {
    return (T)(float)*this;
  }
  Short operator-() const { return Short(-(float)*this); }
  Short &operator*=(Short other) { return *this = Short((float)*this * (float)other); }
  Short &operator+=(Short other) { return *this = Short((float)*this + (float)other); }
};

#define STANDIN_OPERATOR(OP)                                                                       \
  template <typename B, unsigned E, unsigned M, bool F>                                            \
  Short<B, E, M, F> operator OP(Short<B, E, M, F> a, Short<B, E, M, F> b) {                        \
    return Short<B, E, M, F>((float)a OP (float)b);                                                \
  }
STANDIN_OPERATOR(+)
STANDIN_OPERATOR(-)
STANDIN_OPERATOR(*)
STANDIN_OPERATOR(/)
#undef STANDIN_OPERATOR
#define STANDIN_OPERATOR(OP)                                                                       \
  template <typename B, unsigned E, unsigned M, bool F>                                            \
  bool operator OP(Short<B, E, M, F> a, Short<B, E, M, F> b) {                                     \
    return (float)a OP (float)b;                                                                   \
  }
STANDIN_OPERATOR(<)
STANDIN_OPERATOR(<=)
STANDIN_OPERATOR(>)
STANDIN_OPERATOR(>=)
STANDIN_OPERATOR(==)
STANDIN_OPERATOR(!=)
#undef STANDIN_OPERATOR

} // namespace standin
