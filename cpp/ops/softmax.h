// Softmax and its backward pass for one sample, which all losses share in training.
#pragma once

#include <math.h>

#include "ops/vector_math.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// What the exponentials of a sample's scores add up to, and Σ 0 · score, which is 0 or NaN.
template <class T>
struct Exponentials {
  T highest, sum, zero;
};

// Scores of one sample → exp(score - highest), in place. `padding` is 0 for each class and -infinity for the lanes behind, whose
// exponentials then are 0: so whole vectors can be summed.
template <class T>
Exponentials<T> exponentials(T* scores, const T* padding, long padded) {
  Vector<T> top = splat(-static_cast<T>(INFINITY)), zeros = {}, sums = {};
  for (long k = 0; k < padded; k += lanes<T>) {
    zeros = fma(Vector<T>{}, load(scores + k), zeros);
    const Vector<T> o = load(scores + k) + load(padding + k);
    top = top > o ? top : o;
  }
  const T highest = max_of<T, vector_bytes>(top);
  for (long k = 0; k < padded; k += lanes<T>) {
    const Vector<T> e = exp<T>(load(scores + k) + load(padding + k) - highest);
    store(scores + k, e);
    sums = sums + e;
  }
  return {highest, sum_of<T, vector_bytes>(sums), sum_of<T, vector_bytes>(zeros)};
}

template <class T>
ZEROKARA_INLINE void scale(T* values, long count, T by) {
  for (long k = 0; k < count; k += lanes<T>) store(values + k, load(values + k) * by);
}

// One sample on its way through a loss. `values`, (padded,), hold exp(o - highest); a loss leaves ∂L/∂o in them, of the mean loss L
// of the batch: its own loss times `each`, 1 / batch size.
template <class T>
struct SoftmaxSample {
  T* values;
  long padded, label;
  T own_score;  // of the label's class, as it was
  Exponentials<T> e;
  T own;  // p of the label's class
  T each;

  // values ← p = softmax(o).
  void normalize() const { scale(values, padded, T(1) / e.sum); }
};

// From p in `values` to ∂L/∂o = p (g - Σ g p), where g = ∂L/∂p is 0 but for the label's class.
template <class T>
ZEROKARA_INLINE void backward_from_label(const SoftmaxSample<T>& s, T g) {
  const T mean = g * s.own;
  scale(s.values, s.padded, -mean);
  s.values[s.label] = s.own * (g - mean);
}

// A sample's loss is log(log_of) + rest: the logarithms of many are taken together (mean_loss). log_of must lie from 1 to 1e7 or
// the number of classes.
struct SampleLoss {
  double log_of, rest;
};

// The mean of log(log_of) + rest. A product of sixteen cannot overflow: each factor is at most the number of classes, or 1e7.
inline double mean_loss(const double* log_of, const double* rest, long samples) {
  double sum = 0;
  for (long n = 0; n < samples; n += 16) {
    double product = 1;
    for (long k = n; k < n + 16 && k < samples; ++k) {
      product *= log_of[k];
      sum += rest[k];
    }
    sum += ::log(product);
  }
  return sum / static_cast<double>(samples);
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
