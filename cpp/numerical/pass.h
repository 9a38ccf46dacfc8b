// What the stages of one numerical gradient hand to each other: a chunk of samples on its way through the network.
#pragma once

#include "numerical/gradient.h"

namespace zerokara {

// The distinct inputs of each sample that are not zero. The bias is one more input, number fan_in, always 1.
//
// All inputs of group g have value[g]; they are position[begin[g]], ..., position[begin[g + 1] - 1]. The bias is in group 0.
// Arrays are (samples, stride); value ends with zeros, so that whole vectors can be read.
struct InputGroups {
  long stride;
  int* count;            // (samples,) groups
  double* value;
  double* step;          // (samples, stride, 2): what shifts by above * value and below * value mean to a unit; see unit_differences.h
  std::int32_t* begin;
  std::int32_t* position;
  double* largest;       // (samples,) |value|
};

// One layer seen by a chunk of samples. Arrays are (samples, width): the units, then some of score 0, up to whole vectors.
struct LayerTrace {
  int fan_in, fan_out;
  const double *weight, *bias;
  InputGroups inputs;
  long width;
  double* score;   // before activation
  double* output;  // after it
  double* slope;   // what the activation's difference remembers of a unit (unit_differences.h), if it does
  double* rest;
};

struct NumericalPass {
  const NumericalJob* job;
  const LayerTrace* traces;  // layers
  const double *x, *targets;
  long samples;
  double* probability;  // (samples, classes): softmax of the last scores
  double* log_sum;      // (samples,): log Σ exp of them
  double* loss;         // (samples,)
  bool first;           // chunk: it writes the gradients, later ones add to them
  bool (*stopped)(const NumericalPass& pass, int rank);
  void* context;  // of `stopped`
};

}  // namespace zerokara
