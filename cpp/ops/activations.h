// The activations. To add one: its struct, and its name in the table at the end.
//
// An entry has
//   name                   as in zerokara.nn.activations
//   backward_reads_input   whether `derivative` is given the pre-activation a, which training then keeps; else y = φ(a)
//   forward(a)             φ(a), lane by lane; NaN stays NaN
//   derivative(a or y)     φ'(a)
//   steepest               the largest |φ'| anywhere, or more
//   Difference             φ(a + e) - φ(a) for the numerical gradient (unit_differences.h); PlainDifference will do for any
// and may have parameters (table.h), which the numerical gradient of others' networks sets. More activations, for such networks
// only, are in numerical_activations.h.
#pragma once

#include <math.h>

#include "ops/entries.h"
#include "ops/table.h"
#include "ops/vector_math.h"
#include "ops/unit_differences.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// 1 / (1 + exp(-a)), whose derivative is y (1 - y).
template <class T>
struct Sigmoid {
  static constexpr const char* name = "sigmoid";
  static constexpr bool backward_reads_input = false;
  static constexpr double steepest = 0.25;
  using Difference = LogisticDifference<Sigmoid, 1>;

  ZEROKARA_INLINE Vector<T> forward(Vector<T> a) { return T(1) / (T(1) + exp<T>(-a)); }
  ZEROKARA_INLINE Vector<T> derivative(Vector<T> y) { return y * (T(1) - y); }
};

// max(0, a). Its derivative at 0 is 0.
template <class T>
struct Relu {
  static constexpr const char* name = "relu";
  static constexpr bool backward_reads_input = false;
  static constexpr double steepest = 1;
  using Difference = ReluDifference<Relu>;

  ZEROKARA_INLINE Vector<T> forward(Vector<T> a) { return a < T(0) ? Vector<T>{} : a; }
  ZEROKARA_INLINE Vector<T> derivative(Vector<T> y) { return y > T(0) ? splat<T>(1) : Vector<T>{}; }
};

template <class T>
struct Tanh {
  static constexpr const char* name = "tanh";
  static constexpr bool backward_reads_input = false;
  static constexpr double steepest = 1;
  using Difference = LogisticDifference<Tanh, 2>;

  ZEROKARA_INLINE Vector<T> forward(Vector<T> a) { return tanh<T>(a); }
  ZEROKARA_INLINE Vector<T> derivative(Vector<T> y) { return T(1) - y * y; }
};

// a σ(2u), u = √(2/π) (a + 0.044715 a³): the tanh form of Hendrycks and Gimpel (arXiv:1606.08415), since ½ (1 + tanh u) = σ(2u).
// From |a| = 30 on, σ(2u) is 0 or 1 to the last bit; held there, no power of a overflows. With other parameters that is so later.
template <class T>
struct Gelu {
  static constexpr const char* name = "gelu";
  static constexpr Names parameters = {"rate", "cube"};
  static constexpr bool backward_reads_input = true;
  double steepest = 1.13;
  using Difference = GatedDifference<Gelu>;

  T rate = T(1.5957691216057308), cube = T(0.044715), end = T(30);  // of 2u: 2 √(2/π)

  // With z = 2u, |a dz/da| is at most 3 |z|, and |z| σ'(z) at most 0.224.
  void take(const double* parameter) {
    rate = T(2 * parameter[0]), cube = T(parameter[1]), end = T(1e100);
    steepest = cube >= 0 ? 1.68 : __builtin_inf();
  }

  ZEROKARA_ALWAYS_INLINE Vector<T> held(Vector<T> a) const {
    a = a < -end ? splat(-end) : a;
    return a > end ? splat(end) : a;
  }
  // 2u.
  ZEROKARA_ALWAYS_INLINE Vector<T> inner(Vector<T> a) const { return rate * fma(cube * a * a, a, a); }
  ZEROKARA_ALWAYS_INLINE Vector<T> inner_shift(Vector<T> a, Vector<T> e) const {
    return rate * e * (T(1) + cube * (T(3) * a * (a + e) + e * e));
  }
  // σ(2u) of an a that is held.
  ZEROKARA_ALWAYS_INLINE Vector<T> gate(Vector<T> a) const { return Sigmoid<T>::forward(inner(a)); }
  ZEROKARA_ALWAYS_INLINE Vector<T> forward(Vector<T> a) const { return a * gate(held(a)); }
  ZEROKARA_ALWAYS_INLINE Vector<T> derivative(Vector<T> a) const {
    const Vector<T> x = held(a), p = gate(x);
    const Vector<T> slope = rate * fma(T(3) * cube * x, x, splat(T(1)));  // of 2u
    return fma(x * p * (T(1) - p), slope, p);
  }
};

// a where it is positive, else 0.01 a (Maas, Hannun, Ng 2013). y has the sign of a.
template <class T>
struct LeakyRelu {
  static constexpr const char* name = "leaky-relu";
  static constexpr Names parameters = {"slope"};
  static constexpr bool backward_reads_input = false;
  double steepest = 1;
  using Difference = LeakyDifference<LeakyRelu>;

  T slope_below = T(0.01);

  void take(const double* parameter) {
    slope_below = T(parameter[0]);
    steepest = ::fmax(1, ::fabs(parameter[0]));
  }

  ZEROKARA_ALWAYS_INLINE Vector<T> forward(Vector<T> a) const { return a > T(0) ? a : slope_below * a; }
  ZEROKARA_ALWAYS_INLINE Vector<T> derivative(Vector<T> y) const { return y > T(0) ? splat<T>(1) : splat(slope_below); }
};

template <class T>
using Activations = Table<Sigmoid<T>, Relu<T>, Tanh<T>, Gelu<T>, LeakyRelu<T>>;

// h ← φ(a), for `count` numbers in whole vectors. h and a may be the same.
template <class T>
void activate(Activation activation, const T* a, T* h, long count) {
  Activations<T>::visit(activation, [&](auto op) {
    for (long k = 0; k < count; k += lanes<T>) store(h + k, op.forward(load(a + k)));
  });
}

// d ← d · φ'(a), from what the backward pass of this activation reads: a, or h = φ(a).
template <class T>
void activate_backward(Activation activation, const T* a_or_h, T* d, long count) {
  Activations<T>::visit(activation, [&](auto op) {
    for (long k = 0; k < count; k += lanes<T>) store(d + k, load(d + k) * op.derivative(load(a_or_h + k)));
  });
}

template <class T>
bool backward_reads_input(Activation activation) {
  bool reads = false;
  Activations<T>::visit(activation, [&](auto op) { reads = op.backward_reads_input; });
  return reads;
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
