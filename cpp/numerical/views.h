// What operations see of a pass: some units of a layer, and the scores of a sample.
#pragma once

#include "numerical/pass.h"
#include "ops/numerical_activations.h"
#include "ops/numerical_losses.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// The units from `at` in the arrays of their layer, one in each lane.
ZEROKARA_INLINE Unit units_at(const LayerTrace& layer, long at) {
  return {load(layer.score + at), load(layer.output + at), load(layer.slope + at), load(layer.rest + at)};
}

// One unit, in all lanes.
ZEROKARA_INLINE Unit unit_at(const LayerTrace& layer, long at) {
  return {splat(layer.score[at]), splat(layer.output[at]), splat(layer.slope[at]), splat(layer.rest[at])};
}

ZEROKARA_INLINE ScoreRow score_row(const NumericalPass& pass, long n) {
  const LayerTrace& last = pass.traces[pass.job->layers - 1];
  const double *p = pass.probability + n * last.fan_out, *t = pass.targets + n * last.fan_out;
  return {last.score + n * last.width, p, t, pass.log_sum[n], last.fan_out};
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
