// Units of the last hidden layer, and scores, while their shifts are small: one lane is one unit.
//
// Moving unit j by d moves score k by d w[k], so the sums over classes are series in d whose coefficients the inputs
// share: sum of c (exp(d w) - 1) = sum over m of d^m / m! (sum of c w^m). Cut off where double precision ends, they leave
// a few multiplications for each of the two points of an input.
#pragma once

#include "ops/softmax_differences.h"
#include "numerical/pass.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// Sum over classes of c (exp(d w) - 1), for |d w| <= small.
struct ExponentialSum {
  static constexpr int order = 6;
  vec coefficient[order] = {};

  void add(double c, vec w) {
    vec term = c * w;
    for (int m = 0; m < order; ++m, term *= w) coefficient[m] += term;
  }
  void finish() {
    constexpr double factorial[order] = {1, 2, 6, 24, 120, 720};
    for (int m = 1; m < order; ++m) coefficient[m] *= 1 / factorial[m];
  }
  vec operator()(vec d) const {
    vec sum = coefficient[order - 1];
    for (int m = order - 2; m >= 0; --m) sum = sum * d + coefficient[m];
    return sum * d;
  }
  Pair operator()(Pair d) const { return {(*this)(d.plus), (*this)(d.minus)}; }
};

// The classes of one sample; only scores first, ..., last - 1 depend on the units at hand.
struct ClassRow {
  const double *p, *t;
  long classes, first, last;
  const double* weights;  // (classes, width): score k moves by d weights[k]
  vec w(long k) const { return load(weights + k * width); }
};

struct CrossEntropySeries {
  ExponentialSum s;
  vec slope = {};
  double total = 0;

  explicit CrossEntropySeries(const ClassRow& row) {
    for (long k = 0; k < row.classes; ++k) total += row.t[k];
    for (long k = row.first; k < row.last; ++k) {
      s.add(row.p[k], row.w(k));
      slope += row.t[k] * row.w(k);
    }
    s.finish();
  }
  vec difference(Pair d) const { return total * log1p_difference<true>(s(d)) - slope * (d.plus - d.minus); }
};

struct TextbookSeries {
  ClassRow row;
  ExponentialSum s;

  explicit TextbookSeries(const ClassRow& classes) : row(classes) {
    for (long k = row.first; k < row.last; ++k) s.add(row.p[k], row.w(k));
    s.finish();
  }
  vec difference(Pair d) const {
    const Normalizer scale = normalizer<true>(s(d));
    vec sum = {};
    for (long k = 0; k < row.classes; ++k) {
      if (row.t[k] == 0) continue;
      const Pair u = {d.plus * row.w(k), d.minus * row.w(k)};
      sum += textbook_difference<true>(scale, row.p[k], row.t[k], expm1_of<true>(u));
    }
    return sum;
  }
};

struct SquaredSeries {
  ExponentialSum s, q, r;
  double q0 = 0, r0 = 0;

  explicit SquaredSeries(const ClassRow& row) {
    for (long k = 0; k < row.classes; ++k) q0 += row.p[k] * row.p[k], r0 += row.p[k] * row.t[k];
    for (long k = row.first; k < row.last; ++k) {
      s.add(row.p[k], row.w(k));
      q.add(row.p[k] * row.p[k], 2.0 * row.w(k));
      r.add(row.p[k] * row.t[k], row.w(k));
    }
    s.finish(), q.finish(), r.finish();
  }
  vec difference(Pair d) const { return squared_difference(normalizer<true>(s(d)), q0, q(d), r0, r(d)); }
};

// How far the output of a unit moves. What `step` holds of an input is found once for all units, by find_steps.
struct ScoreUnits {
  ScoreUnits(const LayerTrace&, long) {}
  vec move(vec e) const { return e; }
};

struct ReluUnits {
  vec a;
  ReluUnits(const LayerTrace& layer, long at) : a(load(layer.score + at)) {}
  vec move(vec e) const { return a > 0.0 ? larger(e, -a) : larger(a + e, vec{}); }
};

// For s the sigmoid and r = exp(-e) - 1: s(a + e) - s(a) = -s'(a) r / (1 + (1 - s(a)) r). And tanh(a) = 2 s(2a) - 1.
struct SmoothUnits {
  vec slope, rest;
  SmoothUnits(const LayerTrace& layer, long at) : slope(load(layer.slope + at)), rest(load(layer.rest + at)) {}
  vec move(vec r) const { return -slope * r * reciprocal_small(rest * r); }
};

// e = h * value and -e, or for smooth units exp(-e) - 1 and exp(e) - 1; tanh takes twice the e.
ZEROKARA_INLINE void find_steps(const InputGroups& inputs, long n, double h, bool smooth) {
  const double* value = inputs.value + n * inputs.stride;
  double* step = inputs.step + 2 * n * inputs.stride;
  for (int g = 0; g < inputs.count[n]; ++g) {
    const double e = h * value[g];
    step[2 * g] = smooth ? expm1_small(-e) : e;
    step[2 * g + 1] = smooth ? expm1_small(e) : -e;
  }
}

// Adds the differences of sample n to those of all inputs, sum: (fan_in + 1, width).
template <class Units, class Loss>
void add_sample(const InputGroups& inputs, long n, const Units units, const Loss loss, double* sum) {
  const double* step = inputs.step + 2 * n * inputs.stride;
  const std::int32_t *begin = inputs.begin + n * inputs.stride, *position = inputs.position + n * inputs.stride;
  for (int g = 0; g < inputs.count[n]; ++g) {
    const Pair moved = {units.move(splat(step[2 * g])), units.move(splat(step[2 * g + 1]))};
    const vec difference = loss.difference(moved);
    for (int at = begin[g]; at < begin[g + 1]; ++at) {
      double* row = sum + position[at] * width;
      store(row, load(row) + difference);
    }
  }
}

// All samples of the chunk, units first_unit, ..., first_unit + width - 1.
template <class Units, class Loss>
void add_samples(const NumericalPass& pass, const LayerTrace& layer, long first_unit, ClassRow row, double* sum) {
  for (long n = 0; n < pass.samples; ++n) {
    row.p = pass.probability + n * row.classes;
    row.t = pass.targets + n * row.classes;
    add_sample(layer.inputs, n, Units(layer, n * layer.width + first_unit), Loss(row), sum);
  }
}

template <class Units>
void add_samples(const NumericalPass& pass, const LayerTrace& layer, long first_unit, const ClassRow& row, double* sum) {
  switch (pass.job->loss) {
    case Loss::cross_entropy: return add_samples<Units, CrossEntropySeries>(pass, layer, first_unit, row, sum);
    case Loss::textbook: return add_samples<Units, TextbookSeries>(pass, layer, first_unit, row, sum);
    case Loss::squared: return add_samples<Units, SquaredSeries>(pass, layer, first_unit, row, sum);
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
