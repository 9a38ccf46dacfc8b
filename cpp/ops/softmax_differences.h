// What losses of softmax(o) are made of when scores move: parts of L(o + u(+)) - L(o + u(-)), for the numerical gradient, which
// divides it by 2h. Neither loss is rounded first.
//
// With p = softmax(o) and v = exp(u) - 1, the shifted probabilities are p (1 + v) / (1 + s), where s = Σ p v.
#pragma once

#include "ops/short_series.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// A quantity at both points.
struct Pair {
  vec plus, minus;
};

template <bool near>
ZEROKARA_INLINE Pair expm1_of(Pair u) {
  return {expm1_of<near>(u.plus), expm1_of<near>(u.minus)};
}

template <bool near>
ZEROKARA_INLINE Pair log1p_of(Pair s) {
  return {log1p_of<near>(s.plus), log1p_of<near>(s.minus)};
}

// log(1 + s(+)) - log(1 + s(-))
template <bool near>
ZEROKARA_INLINE vec log1p_difference(Pair s) {
  return log_ratio<near>(0.5 * (s.plus - s.minus) * reciprocal<near>(0.5 * (s.plus + s.minus)));
}

// 1 / (1 + s), which scales all probabilities, at both points, and its difference.
struct Normalizer {
  Pair at;
  vec difference;
};

template <bool near>
ZEROKARA_INLINE Normalizer normalizer(Pair s) {
  const Pair at = {reciprocal<near>(s.plus), reciprocal<near>(s.minus)};
  return {at, (s.minus - s.plus) * at.plus * at.minus};
}

// Some inputs of one sample at both points: one lane is one input.
constexpr int tile_vectors = 2;
constexpr int tile_inputs = tile_vectors * width;
struct Tile {
  Pair at[tile_vectors];
};

// One sample as its loss sees it. Arrays are (classes,).
struct ScoreRow {
  const double *scores, *p, *t;  // o, softmax(o) and the targets
  double log_sum;                // log Σ exp(o)
  long classes;
  double log_p(long k) const { return scores[k] - log_sum; }
};

// The classes whose scores move, first, ..., last - 1, each by d weights[k]: one lane is one unit of a layer.
struct Classes {
  long first, last;
  const double* weights;  // (classes, width)
  vec w(long k) const { return load(weights + k * width); }
};
struct ClassRow : ScoreRow, Classes {};

// A series in d without a constant, coefficient[m] d^(m + 1), cut off where double precision ends for |d w| <= small. All inputs share
// its coefficients, which leaves a few multiplications for each of the two points of an input.
struct PowerSeries {
  static constexpr int order = 6;
  vec coefficient[order] = {};

  vec operator()(vec d) const {
    vec sum = coefficient[order - 1];
    for (int m = order - 2; m >= 0; --m) sum = sum * d + coefficient[m];
    return sum * d;
  }
  Pair operator()(Pair d) const { return {(*this)(d.plus), (*this)(d.minus)}; }
};

// Σ over classes of c (exp(d w) - 1), whose coefficients are Σ c w^m / m!.
struct ExponentialSum : PowerSeries {
  void add(double c, vec w) {
    vec term = c * w;
    for (int m = 0; m < order; ++m, term *= w) coefficient[m] += term;
  }
  void finish() {
    constexpr double factorial[order] = {1, 2, 6, 24, 120, 720};
    for (int m = 1; m < order; ++m) coefficient[m] *= 1 / factorial[m];
  }
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
