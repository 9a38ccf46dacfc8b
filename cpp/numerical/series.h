// Units of the last hidden layer, and scores, while their shifts are small: one lane is one unit.
//
// Moving unit j by d moves score k by d w[k]: the difference of the loss is a function of d whose coefficients all inputs share.
#pragma once

#include "numerical/pass.h"
#include "ops/activations.h"
#include "ops/losses.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// How far the outputs of `width` units move. What an input's shift means to all units (InputGroups::step) is found once for them.
struct ScoreUnits {
  ScoreUnits(const LayerTrace&, long) {}
  vec move(vec e) const { return e; }
};

template <class Difference>
struct HiddenUnits {
  Unit unit;
  HiddenUnits(const LayerTrace& layer, long at)
      : unit{load(layer.score + at), load(layer.output + at), load(layer.slope + at), load(layer.rest + at)} {}
  vec move(vec step) const { return Difference::move_by_step(unit, step); }
};

// h · value and -h · value as the units take them.
template <class Step>
void find_steps(const InputGroups& inputs, long n, double h, Step step) {
  const double* value = inputs.value + n * inputs.stride;
  double* steps = inputs.step + 2 * n * inputs.stride;
  for (int g = 0; g < inputs.count[n]; ++g) {
    const double e = h * value[g];
    steps[2 * g] = step(e);
    steps[2 * g + 1] = step(-e);
  }
}

// Adds the differences of sample n to those of all inputs, sum: (fan_in + 1, width).
template <class Units, class Series>
void add_sample(const InputGroups& inputs, long n, const Units units, const Series loss, double* sum) {
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

// All samples of the chunk, units first_unit, ..., first_unit + width - 1.
template <class Units, class Series>
void add_samples(const NumericalPass& pass, const LayerTrace& layer, long first_unit, ClassRow row, double* sum) {
  for (long n = 0; n < pass.samples; ++n) {
    row.p = pass.probability + n * row.classes;
    row.t = pass.targets + n * row.classes;
    add_sample(layer.inputs, n, Units(layer, n * layer.width + first_unit), Series(row), sum);
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
