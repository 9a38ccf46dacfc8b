// Activations of networks that others wrote, which only the numerical gradient knows. To add one: its struct, and its name in the
// table at the end. An entry has what activations.h says but for what training needs: backward_reads_input and derivative.
#pragma once

#include "ops/activations.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

struct Identity {
  static constexpr const char* name = "identity";
  static constexpr double steepest = 1;

  ZEROKARA_INLINE vec forward(vec a) { return a; }

  struct Difference : StepIsShift<Difference> {
    ZEROKARA_INLINE vec move(const Identity&, const Unit&, vec e, ShiftSize) { return e; }
  };
};

// min(max(0, a), cap).
struct CappedRelu {
  static constexpr const char* name = "capped-relu";
  static constexpr Names parameters = {"cap"};
  static constexpr double steepest = 1;
  double cap = 6;

  void take(const double* parameter) { cap = parameter[0]; }

  // NaN stays NaN.
  ZEROKARA_INLINE vec clip(vec a, vec low, vec high) {
    a = a < low ? low : a;
    return a > high ? high : a;
  }
  ZEROKARA_ALWAYS_INLINE vec forward(vec a) const { return clip(a, vec{}, splat(cap)); }

  // From where a is clipped to.
  struct Difference : StepIsShift<Difference> {
    ZEROKARA_INLINE vec move(const CappedRelu& op, const Unit& unit, vec e, ShiftSize) {
      return clip((unit.a - unit.y) + e, -unit.y, op.cap - unit.y);
    }
  };
};

// log(1 + exp(a)).
struct Softplus {
  static constexpr const char* name = "softplus";
  static constexpr double steepest = 1;

  ZEROKARA_INLINE vec forward(vec a) {
    const vec e = exp<double>(-larger(a, -a));
    return larger(a, vec{}) + log_ratio_medium(e / (2.0 + e));  // log(1 + e)
  }

  // log(1 + s(a) (exp(e) - 1)), s the sigmoid.
  struct Difference : StepIsShift<Difference> {
    static constexpr bool remembers = true;
    ZEROKARA_INLINE vec move(const Softplus&, const Unit& unit, vec e, ShiftSize size) {
      if (size == ShiftSize::large) return forward(unit.a + e) - unit.y;
      if (size == ShiftSize::medium) return log1p_of<false>(unit.slope * expm1_medium(e));
      return log1p_of<true>(unit.slope * expm1_small(e));
    }
    ZEROKARA_INLINE void remember(const Softplus&, vec a, Unit& unit) { unit.slope = logistic(a).s; }
  };
};

// a Φ(a), Φ the normal distribution's (Hendrycks and Gimpel, arXiv:1606.08415).
struct GeluExact {
  static constexpr const char* name = "gelu-exact";
  static constexpr double steepest = 1.13;

  ZEROKARA_INLINE vec normal_distribution(vec a) {
    vec phi;
    for (int i = 0; i < width; ++i) phi[i] = 0.5 * ::erfc(a[i] * -0.70710678118654752440);  // √½
    return phi;
  }
  ZEROKARA_INLINE vec forward(vec a) { return a * normal_distribution(a); }

  // Φ moves by φ(a) Σ (-1)ᵐ Heₘ(a) eᵐ⁺¹ / (m + 1)!, with Hermite's polynomials He and the density φ = Φ'.
  struct Difference : StepIsShift<Difference> {
    static constexpr bool remembers = true;
    template <int terms>
    ZEROKARA_INLINE vec hermite_sum(vec a, vec e) {
      vec he = splat(1.0), before = {}, power = e, sum = e;
#pragma GCC unroll 16
      for (int m = 1; m < terms; ++m) {
        const vec next = a * he - double(m - 1) * before;
        before = he, he = next;
        power *= e * (-1.0 / (m + 1));
        sum += he * power;
      }
      return sum;
    }
    // Beyond ±40, φ is 0; held there, no power of a overflows.
    ZEROKARA_INLINE vec move(const GeluExact&, const Unit& unit, vec e, ShiftSize size) {
      if (size == ShiftSize::large) return forward(unit.a + e) - unit.y;
      const vec held = CappedRelu::clip(unit.a, splat(-40.0), splat(40.0));
      const vec sum = size == ShiftSize::medium ? hermite_sum<16>(held, e) : hermite_sum<8>(held, e);
      return e * unit.rest + (unit.a + e) * unit.slope * sum;
    }
    // slope: φ(a); rest: Φ(a).
    ZEROKARA_INLINE void remember(const GeluExact&, vec a, Unit& unit) {
      unit.slope = 0.39894228040143267794 * exp<double>(-0.5 * a * a);  // 1 / √(2π)
      unit.rest = normal_distribution(a);
    }
  };
};

// a s(βa) (Ramachandran, Zoph, Le, arXiv:1710.05941); with β = 1 it is SiLU.
struct Swish {
  static constexpr const char* name = "swish";
  static constexpr Names parameters = {"beta"};
  static constexpr double steepest = 1.1;  // whatever β
  using Difference = GatedDifference<Swish>;
  double beta = 1;

  void take(const double* parameter) { beta = parameter[0]; }

  ZEROKARA_ALWAYS_INLINE vec forward(vec a) const { return a * Sigmoid<double>::forward(inner(a)); }
  ZEROKARA_ALWAYS_INLINE vec inner(vec a) const { return beta * a; }
  ZEROKARA_ALWAYS_INLINE vec inner_shift(vec, vec e) const { return beta * e; }
};

// a where it is positive, else α (exp(a) - 1) (Clevert, Unterthiner, Hochreiter, arXiv:1511.07289).
struct Elu {
  static constexpr const char* name = "elu";
  static constexpr Names parameters = {"alpha"};
  double steepest = 1;
  double alpha = 1;

  void take(const double* parameter) {
    alpha = parameter[0];
    steepest = ::fmax(1, ::fabs(alpha));
  }

  ZEROKARA_INLINE vec expm1(vec a) { return larger(a, -a) <= medium ? expm1_medium(a) : exp<double>(a) - 1.0; }
  ZEROKARA_ALWAYS_INLINE vec forward(vec a) const { return a > 0.0 ? a : alpha * expm1(a); }

  // Below, exp(a) (exp(e) - 1); across 0 both points are near it.
  struct Difference : StepIsShift<Difference> {
    static constexpr bool remembers = true;
    ZEROKARA_INLINE vec move(const Elu& op, const Unit& unit, vec e, ShiftSize size) {
      if (size == ShiftSize::large) return op.forward(unit.a + e) - unit.y;
      const vec moved = unit.a + e;
      const vec down = op.alpha * expm1_of(moved < 0.0 ? moved : vec{}, size) - unit.a, up = moved - unit.y;
      const vec below = op.alpha * unit.slope * expm1_of(e, size);
      return unit.a > 0.0 ? (moved > 0.0 ? e : down) : (moved > 0.0 ? up : below);
    }
    // slope: exp(a) where a is not positive.
    ZEROKARA_INLINE void remember(const Elu&, vec a, Unit& unit) { unit.slope = exp<double>(a < 0.0 ? a : vec{}); }
  };
};

using NumericalActivations = decltype(Activations<double>::and_also<Identity, CappedRelu, Softplus, GeluExact, Swish, Elu>());

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
