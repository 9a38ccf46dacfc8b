// The loss of shifted scores o + u(+) minus the loss of o + u(-), without rounding the two losses first.
//
// With p = softmax(o) and v = exp(u) - 1, the shifted probabilities are p (1 + v) / (1 + s), where s = sum of p v.
#pragma once

#include "train/jobs.h"
#include "ops/short_series.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// A quantity at both points.
struct Pair {
  vec plus, minus;
};

// The template argument `near` says that no shift is beyond `small`; otherwise none is beyond `medium`.
template <bool near>
ZEROKARA_INLINE vec expm1_of(vec x) {
  return near ? expm1_small(x) : expm1_medium(x);
}

template <bool near>
ZEROKARA_INLINE Pair expm1_of(Pair u) {
  return {expm1_of<near>(u.plus), expm1_of<near>(u.minus)};
}

template <bool near>
ZEROKARA_INLINE vec reciprocal(vec y) {
  return near ? reciprocal_small(y) : 1.0 / (1.0 + y);
}

template <bool near>
ZEROKARA_INLINE vec log_ratio(vec z) {
  return near ? log_ratio_small(z) : log_ratio_medium(z);
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

// -t log(p' + epsilon), of one class.
template <bool near>
ZEROKARA_INLINE vec textbook_difference(const Normalizer& scale, double p, double t, Pair v) {
  const vec rise = p * ((v.plus - v.minus) * scale.at.plus + (1.0 + v.minus) * scale.difference);
  const vec sum = p * ((1.0 + v.plus) * scale.at.plus + (1.0 + v.minus) * scale.at.minus) + 2 * textbook_epsilon;
  return -t * log_ratio<near>(rise / sum);
}

// Half the sum of (p' - t)^2, of all classes: from q = sum of p^2 and r = sum of p t, and how much exp(u) adds to them.
ZEROKARA_INLINE vec squared_difference(const Normalizer& scale, double q, Pair more_q, double r, Pair more_r) {
  const vec squares = (more_q.plus - more_q.minus) * scale.at.plus * scale.at.plus +
                      (q + more_q.minus) * scale.difference * (scale.at.plus + scale.at.minus);
  const vec products = (more_r.plus - more_r.minus) * scale.at.plus + (r + more_r.minus) * scale.difference;
  return 0.5 * squares - products;
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
