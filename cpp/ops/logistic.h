// The sigmoid s(a) = 1 / (1 + exp(-a)) without rounding what is small: for differences of activations and losses made of it.
#pragma once

#include "ops/short_series.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// s(a) and 1 - s(a). From exp(-|a|), so that neither is a difference of two numbers near 1.
struct Logistic {
  vec s, rest;
};

ZEROKARA_INLINE Logistic logistic(vec a) {
  const vec e = exp<double>(-larger(a, -a)), most = 1.0 / (1.0 + e), least = e * most;
  return {a < 0.0 ? least : most, a < 0.0 ? most : least};
}

// s(a + e) / s(a) - 1, from rest = 1 - s(a) and r = exp(-e) - 1.
template <bool near>
ZEROKARA_INLINE vec logistic_rise(vec rest, vec r) {
  return -rest * r * reciprocal<near>(rest * r);
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
