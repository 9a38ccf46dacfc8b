// φ(a + e) - φ(a): how far the output of a unit moves when its pre-activation a moves by e. For the numerical gradient, which
// divides it by 2h: what rounding takes from φ(a + e) and φ(a) would come back ten thousand times as large.
//
// A difference has
//   step(e)                 what an input's shift by e means to all units, found once for them; for |inner_factor · e| <= small
//   move_by_step(unit, s)   the difference, from that
//   move(unit, e, size)     the same for a shift of any size, which `size` says
//   remember(a, unit)       sets what `unit` keeps of a for later, where remembers is true
#pragma once

#include "ops/short_series.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// A unit where it is, unmoved: pre-activation a, output y = φ(a), and two numbers for differences that remember something.
struct Unit {
  vec a, y, slope, rest;
};

// Of any activation: its value at both points. Costs one more evaluation for each, and their rounding.
template <class Op>
struct PlainDifference {
  static constexpr bool remembers = false;
  static constexpr double inner_factor = 1;
  ZEROKARA_INLINE double step(double e) { return e; }
  ZEROKARA_INLINE vec move_by_step(const Unit& unit, vec e) { return Op::forward(unit.a + e) - unit.y; }
  ZEROKARA_INLINE vec move(const Unit& unit, vec e, ShiftSize) { return move_by_step(unit, e); }
  ZEROKARA_INLINE void remember(vec, Unit&) {}
};

// Of max(0, a).
struct ReluDifference {
  static constexpr bool remembers = false;
  static constexpr double inner_factor = 1;
  ZEROKARA_INLINE double step(double e) { return e; }
  ZEROKARA_INLINE vec move_by_step(const Unit& unit, vec e) { return unit.a > 0.0 ? larger(e, -unit.a) : larger(unit.a + e, vec{}); }
  ZEROKARA_INLINE vec move(const Unit& unit, vec e, ShiftSize) { return move_by_step(unit, e); }
  ZEROKARA_INLINE void remember(vec, Unit&) {}
};

// Of max(a, slope · a), slope < 1. Where a + e keeps the sign of a it is e or slope · e to the last bit; beyond, two numbers of
// the same sign are added, so nothing cancels.
template <class Op>
struct LeakyDifference {
  static constexpr bool remembers = false;
  static constexpr double inner_factor = 1;
  ZEROKARA_INLINE double step(double e) { return e; }
  ZEROKARA_INLINE vec move_by_step(const Unit& unit, vec e) {
    const vec moved = unit.a + e;
    const vec below = Op::slope_below * moved - unit.a, above = moved - Op::slope_below * unit.a;
    return unit.a > 0.0 ? (moved > 0.0 ? e : below) : (moved > 0.0 ? above : Op::slope_below * e);
  }
  ZEROKARA_INLINE vec move(const Unit& unit, vec e, ShiftSize) { return move_by_step(unit, e); }
  ZEROKARA_INLINE void remember(vec, Unit&) {}
};

// Of the sigmoid s, and of tanh(a) = 2 s(2a) - 1, where factor is 2. With r = exp(-e) - 1:
// s(a + e) - s(a) = -s'(a) r / (1 + (1 - s(a)) r), in which nothing is rounded that e did not move.
template <class Op, int factor>
struct LogisticDifference {
  static constexpr bool remembers = true;
  static constexpr double inner_factor = factor;
  ZEROKARA_INLINE double step(double e) { return expm1_small(-factor * e); }
  ZEROKARA_INLINE vec move_by_step(const Unit& unit, vec r) { return -unit.slope * r * reciprocal_small(unit.rest * r); }
  ZEROKARA_INLINE vec move(const Unit& unit, vec e, ShiftSize size) {
    if (size == ShiftSize::large) return Op::forward(unit.a + e) - unit.y;
    // Twice a small shift may be beyond `small`; twice a medium one is so little beyond that the long series still suffices.
    const bool is_small = size != ShiftSize::medium && factor == 1;
    const vec r = is_small ? expm1_small(-double(factor) * e) : expm1_medium(-double(factor) * e);
    return -unit.slope * r / (1.0 + unit.rest * r);
  }
  // slope: φ'(a); rest: 1 - s(factor · a). From exp(-|a|), so that neither is a difference of two numbers near 1.
  ZEROKARA_INLINE void remember(vec a, Unit& unit) {
    const vec e = exp<double>(-double(factor) * larger(a, -a)), most = 1.0 / (1.0 + e), least = e * most;
    unit.slope = double(factor) * least * most;
    unit.rest = a < 0.0 ? most : least;
  }
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
