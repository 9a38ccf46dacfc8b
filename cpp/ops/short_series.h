// Short series, exact to double precision, for functions near the point where they are zero.
#pragma once

#include "ops/vector_math.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

using vec = Vector<double>;
constexpr int width = lanes<double>;

ZEROKARA_INLINE vec larger(vec a, vec b) { return a > b ? a : b; }

// How far the series go. What moves farther than `medium` is evaluated twice and subtracted: nothing cancels there.
constexpr double small = 1.0 / 128;
constexpr double medium = 1.0 / 4;
enum class ShiftSize { zero, small, medium, large };

ZEROKARA_INLINE bool any(Bits<double> lanes_where) {
  std::uint64_t bits = 0;
  for (int i = 0; i < width; ++i) bits |= lanes_where[i];
  return bits != 0;
}

// exp(x) - 1 for |x| <= small. The first term left out is below 2^-54 of the sum. T: double or vec.
template <class T>
ZEROKARA_INLINE T expm1_small(T x) {
  return x * (1.0 + x * (1.0 / 2 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120 + x * (1.0 / 720))))));
}

// exp(x) - 1 for |x| <= medium: the series up to x^13 / 13!, as x (1 + x/2 (1 + x/3 (...))).
ZEROKARA_INLINE vec expm1_medium(vec x) {
  vec sum = splat(1.0);
#pragma GCC unroll 12
  for (int term = 13; term > 1; --term) sum = 1.0 + sum * x * (1.0 / term);
  return x * sum;
}

// The same for an x of this size, which is not large.
ZEROKARA_INLINE vec expm1_of(vec x, ShiftSize size) { return size == ShiftSize::medium ? expm1_medium(x) : expm1_small(x); }

// 1 / (1 + y) for |y| <= 2 small: (1 - y)(1 + y^2)(1 + y^4) = (1 - y^8) / (1 + y).
ZEROKARA_INLINE vec reciprocal_small(vec y) {
  const vec y2 = y * y, y4 = y2 * y2, once = 1.0 - y, twice = once + once * y2;
  return twice + twice * y4;
}

// log((1 + z) / (1 - z)) for |z| <= 2 small.
ZEROKARA_INLINE vec log_ratio_small(vec z) {
  const vec z2 = z * z;
  return 2.0 * z * (1.0 + z2 * (1.0 / 3 + z2 * (1.0 / 5 + z2 * (1.0 / 7))));
}

// log((1 + z) / (1 - z)) for |z| <= 2 medium.
ZEROKARA_INLINE vec log_ratio_medium(vec z) {
  const vec z2 = z * z;
  vec sum = splat(1.0 / 51);
#pragma GCC unroll 25
  for (int odd = 49; odd > 0; odd -= 2) sum = sum * z2 + 1.0 / odd;
  return 2.0 * z * sum;
}

// The template argument `near` says that no shift is beyond `small`; otherwise none is beyond `medium`.
template <bool near>
ZEROKARA_INLINE vec expm1_of(vec x) {
  return near ? expm1_small(x) : expm1_medium(x);
}

template <bool near>
ZEROKARA_INLINE vec reciprocal(vec y) {
  return near ? reciprocal_small(y) : 1.0 / (1.0 + y);
}

template <bool near>
ZEROKARA_INLINE vec log_ratio(vec z) {
  return near ? log_ratio_small(z) : log_ratio_medium(z);
}

// log(1 + s), which is log((1 + z) / (1 - z)) with z = s / (2 + s).
template <bool near>
ZEROKARA_INLINE vec log1p_of(vec s) {
  return log_ratio<near>(0.5 * s * reciprocal<near>(0.5 * s));
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
