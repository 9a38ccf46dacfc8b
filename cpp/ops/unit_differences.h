// φ(a + e) - φ(a): how far the output of a unit moves when its pre-activation a moves by e. For the numerical gradient, which
// divides it by 2h: what rounding takes from φ(a + e) and φ(a) would come back ten thousand times as large.
//
// A difference has, op being the activation with its parameters,
//   inner_factor(op)            by how much e may be larger inside of φ than it is; step and move_by_step are for small e times that
//   step(op, e)                 what an input's shift by e means to all units, found once for them
//   move_by_step(op, unit, s)   the difference, from that
//   move(op, unit, e, size)     the same for a shift of any size, which `size` says
//   remember(op, a, unit)       sets what `unit` keeps of a for later, where remembers is true
#pragma once

#include "ops/logistic.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// A unit where it is, unmoved: pre-activation a, output y = φ(a), and two numbers for differences that remember something.
struct Unit {
  vec a, y, slope, rest;
};

// What differences have in common to which a step is the shift itself: such a one has `move`.
template <class Difference>
struct StepIsShift {
  static constexpr bool remembers = false;
  template <class Op>
  ZEROKARA_INLINE double inner_factor(const Op&) {
    return 1;
  }
  template <class Op>
  ZEROKARA_INLINE double step(const Op&, double e) {
    return e;
  }
  template <class Op>
  ZEROKARA_INLINE vec move_by_step(const Op& op, const Unit& unit, vec e) {
    return Difference::move(op, unit, e, ShiftSize::small);
  }
  template <class Op>
  ZEROKARA_INLINE void remember(const Op&, vec, Unit&) {}
};

// Of any activation: its value at both points. Costs one more evaluation for each, and their rounding.
template <class Op>
struct PlainDifference : StepIsShift<PlainDifference<Op>> {
  ZEROKARA_INLINE vec move(const Op& op, const Unit& unit, vec e, ShiftSize) { return op.forward(unit.a + e) - unit.y; }
};

// Of max(0, a).
template <class Op>
struct ReluDifference : StepIsShift<ReluDifference<Op>> {
  ZEROKARA_INLINE vec move(const Op&, const Unit& unit, vec e, ShiftSize) {
    return unit.a > 0.0 ? larger(e, -unit.a) : larger(unit.a + e, vec{});
  }
};

// Of a where it is positive, else slope · a. Where a + e keeps the sign of a it is e or slope · e to the last bit; beyond, two
// numbers of the same sign are added, so nothing cancels.
template <class Op>
struct LeakyDifference : StepIsShift<LeakyDifference<Op>> {
  ZEROKARA_INLINE vec move(const Op& op, const Unit& unit, vec e, ShiftSize) {
    const vec moved = unit.a + e;
    const vec below = op.slope_below * moved - unit.a, above = moved - op.slope_below * unit.a;
    return unit.a > 0.0 ? (moved > 0.0 ? e : below) : (moved > 0.0 ? above : op.slope_below * e);
  }
};

// Of the sigmoid s, and of tanh(a) = 2 s(2a) - 1, where factor is 2. With r = exp(-e) - 1:
// s(a + e) - s(a) = -s'(a) r / (1 + (1 - s(a)) r), in which nothing is rounded that e did not move.
template <class Op, int factor>
struct LogisticDifference {
  static constexpr bool remembers = true;
  ZEROKARA_INLINE double inner_factor(const Op&) { return factor; }
  ZEROKARA_INLINE double step(const Op&, double e) { return expm1_small(-factor * e); }
  ZEROKARA_INLINE vec move_by_step(const Op&, const Unit& unit, vec r) {
    return -unit.slope * r * reciprocal_small(unit.rest * r);
  }
  ZEROKARA_INLINE vec move(const Op& op, const Unit& unit, vec e, ShiftSize size) {
    if (size == ShiftSize::large) return op.forward(unit.a + e) - unit.y;
    // Twice a small shift may be beyond `small`; twice a medium one is so little beyond that the long series still suffices.
    const bool is_small = size != ShiftSize::medium && factor == 1;
    const vec r = is_small ? expm1_small(-double(factor) * e) : expm1_medium(-double(factor) * e);
    return -unit.slope * r / (1.0 + unit.rest * r);
  }
  // slope: φ'(a); rest: 1 - s(factor · a).
  ZEROKARA_INLINE void remember(const Op&, vec a, Unit& unit) {
    const Logistic at = logistic(double(factor) * a);
    unit.slope = double(factor) * at.s * at.rest;
    unit.rest = at.rest;
  }
};

// Of a s(f(a)), s the sigmoid: e s + (a + e) times what s rises by. Such an activation has
//   inner(a)            f(a)
//   inner_shift(a, e)   f(a + e) - f(a)
template <class Op>
struct GatedDifference : StepIsShift<GatedDifference<Op>> {
  static constexpr bool remembers = true;
  ZEROKARA_INLINE vec move(const Op& op, const Unit& unit, vec e, ShiftSize) {
    const vec shift = op.inner_shift(unit.a, e);
    if (any(~Bits<double>(larger(shift, -shift) <= medium))) return op.forward(unit.a + e) - unit.y;
    return unit.slope * (e + (unit.a + e) * logistic_rise<false>(unit.rest, expm1_medium(-shift)));
  }
  // slope: s(f(a)); rest: 1 - s(f(a)).
  ZEROKARA_INLINE void remember(const Op& op, vec a, Unit& unit) {
    const Logistic at = logistic(op.inner(a));
    unit.slope = at.s, unit.rest = at.rest;
  }
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
