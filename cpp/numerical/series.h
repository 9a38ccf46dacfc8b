// Units of the last hidden layer, and scores, while their shifts are small: one lane is one unit.
//
// Moving unit j by d moves score k by d w[k]: the difference of the loss is a function of d whose coefficients all inputs share.
#pragma once

#include "numerical/views.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// How far the outputs of `width` units move. What an input's shift means to all units (InputGroups::step) is found once for them.
struct ScoreUnits {
  ZEROKARA_ALWAYS_INLINE vec move(vec e) const { return e; }
};

template <class Op>
struct HiddenUnits {
  Op op;
  Unit unit;
  ZEROKARA_ALWAYS_INLINE vec move(vec step) const { return Op::Difference::move_by_step(op, unit, step); }
};

// The shifts of both points as the units take them.
template <class Step>
void find_steps(const InputGroups& inputs, long n, const NumericalJob& job, Step step) {
  const double* value = inputs.value + n * inputs.stride;
  double* steps = inputs.step + 2 * n * inputs.stride;
  for (int g = 0; g < inputs.count[n]; ++g) {
    steps[2 * g] = step(job.above * value[g]);
    steps[2 * g + 1] = step(job.below * value[g]);
  }
}

// Adds the differences of sample n to those of all inputs, sum: (fan_in + 1, width).
template <class Units, class Series>
ZEROKARA_INLINE void add_sample(const InputGroups& inputs, long n, const Units units, const Series loss, double* sum) {
  const double* steps = inputs.step + 2 * n * inputs.stride;
  const std::int32_t *begin = inputs.begin + n * inputs.stride, *position = inputs.position + n * inputs.stride;
  for (int g = 0; g < inputs.count[n]; ++g) {
    const Pair moved = {units.move(splat(steps[2 * g])), units.move(splat(steps[2 * g + 1]))};
    const vec difference = loss.difference(moved);
    for (int at = begin[g]; at < begin[g + 1]; ++at) {
      double* row = sum + position[at] * width;
      store(row, load(row) + difference);
    }
  }
}

// All samples of the chunk; units_of(n) gives the units of sample n.
template <class LossOp, class Units>
void add_samples(const NumericalPass& pass, const LayerTrace& layer, const LossOp& loss, const Units units_of, const Classes moved,
                 double* sum) {
  for (long n = 0; n < pass.samples; ++n) {
    const ClassRow row = {score_row(pass, n), moved};
    add_sample(layer.inputs, n, units_of(n), typename LossOp::Difference::Series(loss, row), sum);
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
