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

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
