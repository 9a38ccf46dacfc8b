// Activations, losses and optimizers: what happens to numbers one by one.
#pragma once

#include "train/jobs.h"
#include "train/layout.h"
#include "ops/vector_math.h"

#include <math.h>

namespace zerokara::ZEROKARA_BUILD {
namespace {

// a ← φ(a), for `count` numbers in whole vectors.
template <class T>
void activate(Activation activation, T* a, long count) {
  switch (activation) {
    case Activation::sigmoid:
      for (long k = 0; k < count; k += lanes<T>) store(a + k, sigmoid<T>(load(a + k)));
      break;
    case Activation::relu:
      for (long k = 0; k < count; k += lanes<T>) store(a + k, relu<T>(load(a + k)));
      break;
    case Activation::tanh:
      for (long k = 0; k < count; k += lanes<T>) store(a + k, tanh<T>(load(a + k)));
      break;
  }
}

// d ← d · φ'(a), from h = φ(a).
template <class T>
void activate_backward(Activation activation, const T* h, T* d, long count) {
  switch (activation) {
    case Activation::sigmoid:
      for (long k = 0; k < count; k += lanes<T>) {
        const Vector<T> y = load(h + k);
        store(d + k, load(d + k) * (y * (T(1) - y)));
      }
      break;
    case Activation::relu:
      for (long k = 0; k < count; k += lanes<T>) {
        const Vector<T> slope = load(h + k) > T(0) ? splat<T>(1) : Vector<T>{};
        store(d + k, load(d + k) * slope);
      }
      break;
    case Activation::tanh:
      for (long k = 0; k < count; k += lanes<T>) {
        const Vector<T> y = load(h + k);
        store(d + k, load(d + k) * (T(1) - y * y));
      }
      break;
  }
}

// What the exponentials of a sample's scores add up to, and Σ 0 · score, which is 0 or NaN.
template <class T>
struct Exponentials {
  T highest, sum, zero;
};

// Scores of one sample → exp(score - highest), in place. `padding` is 0 for each class and -infinity for the lanes behind.
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

// A sample's loss is log(log_of) + rest: the logarithms of many are taken together (mean_loss).
struct SampleLoss {
  double log_of, rest;
};

// Scores of one sample → the derivative of the mean loss with respect to them, in place. `each` is 1 / batch size.
template <class T>
SampleLoss loss_and_delta(Loss loss, T* scores, const T* padding, long padded, long label, T each) {
  const T own_score = scores[label];
  const Exponentials<T> e = exponentials(scores, padding, padded);
  const T own = scores[label] / e.sum;
  if (loss == Loss::cross_entropy) {
    scale(scores, padded, each / e.sum);
    scores[label] = (own - T(1)) * each;
    // The other classes add 0 · log p, which is NaN where a score is infinite.
    return {static_cast<double>(e.sum), static_cast<double>(e.highest - own_score + e.zero)};
  }
  T* p = scores;
  scale(p, padded, T(1) / e.sum);
  // g = dL/dp; do = p (g - Σ g p), with g zero but for the label's class (textbook), or g = (p - t) / n (squared).
  if (loss == Loss::textbook) {
    const T g = -each / (own + T(textbook_epsilon)), mean = g * own;
    scale(p, padded, -mean);
    p[label] = own * (g - mean);
    return {1 / static_cast<double>(own + T(textbook_epsilon)), 0};
  }
  // The label's own term apart, because Σ p² - 2p + 1 would cancel where p is nearly 1.
  p[label] = 0;
  Vector<T> squares = {};
  for (long k = 0; k < padded; k += lanes<T>) squares = fma(load(p + k), load(p + k), squares);
  const T others = sum_of<T, vector_bytes>(squares), miss = own - T(1), mean = (others + miss * own) * each;
  for (long k = 0; k < padded; k += lanes<T>) store(p + k, load(p + k) * (load(p + k) * each - mean));
  p[label] = own * (miss * each - mean);
  return {1, 0.5 * (static_cast<double>(others) + static_cast<double>(miss) * static_cast<double>(miss))};
}

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

// An optimizer's numbers in the network's dtype.
template <class T>
struct Rates {
  Rule rule;
  T rate, decay, rest, rest1, rest2;

  explicit Rates(const OptimizerView& o)
      : rule(o.rule), rate(T(o.learning_rate)), decay(T(o.decay)), rest(T(1 - o.decay)), rest1(T(1 - o.beta1)), rest2(T(1 - o.beta2)) {}
};

// One update of `count` parameters in whole vectors; u and v are the optimizer's slots, where it has them.
template <class T>
void apply(const Rates<T>& r, const T* gradient, T* param, T* u, T* v, long count) {
  const Vector<T> rate = splat(r.rate), decay = splat(r.decay);
  const T epsilon = T(rule_epsilon);
  switch (r.rule) {
    case Rule::sgd:
      for (long k = 0; k < count; k += lanes<T>) store(param + k, fma(-rate, load(gradient + k), load(param + k)));
      break;
    case Rule::momentum:
      for (long k = 0; k < count; k += lanes<T>) {
        const Vector<T> speed = fma(decay, load(u + k), -rate * load(gradient + k));
        store(u + k, speed);
        store(param + k, load(param + k) + speed);
      }
      break;
    case Rule::nesterov:
      for (long k = 0; k < count; k += lanes<T>) {
        const Vector<T> step = -rate * load(gradient + k), speed = fma(decay, load(u + k), step);
        store(u + k, speed);
        store(param + k, load(param + k) + fma(decay, speed, step));
      }
      break;
    case Rule::adagrad:
    case Rule::rmsprop: {
      const bool fades = r.rule == Rule::rmsprop;
      for (long k = 0; k < count; k += lanes<T>) {
        const Vector<T> g = load(gradient + k), before = load(u + k);
        const Vector<T> h = fades ? fma(decay, before, r.rest * g * g) : fma(g, g, before);
        store(u + k, h);
        store(param + k, load(param + k) - rate * g / (root(h) + epsilon));
      }
      break;
    }
    case Rule::adam:
      for (long k = 0; k < count; k += lanes<T>) {
        const Vector<T> g = load(gradient + k);
        const Vector<T> m = fma(splat(r.rest1), g - load(u + k), load(u + k));
        const Vector<T> s = fma(splat(r.rest2), g * g - load(v + k), load(v + k));
        store(u + k, m);
        store(v + k, s);
        store(param + k, load(param + k) - rate * m / (root(s) + epsilon));
      }
      break;
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
