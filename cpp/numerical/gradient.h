// The full numerical gradient: differences of the loss for every weight and bias, in double precision.
//
// The textbook evaluates the whole network twice per weight, at w + h and w − h. But the weight from input i to unit j moves only
// the pre-activation a of unit j in sample n: to a + h·x[n, i] and to a − h·x[n, i]. So each sample is shifted to exactly these
// two points, only what depends on unit j is evaluated again, and the difference of the two losses is formed without
// rounding either of them: the loop's (L+ − L−) / 2h, with less noise. The same for any two points beside w.
// Inputs that are zero move nothing; equal inputs of one sample, as pixels often are, share their two points.
#pragma once

#include "train/jobs.h"
#include "runtime/stop_token.h"

namespace zerokara {

struct NumericalJob {
  int layers;        // of weights, at least 1
  const int* sizes;  // layers + 1 of them: features, hidden units, ..., classes
  Activation activation;
  const double* activation_parameters;  // null: those that training has
  Loss loss;
  const double* loss_parameters;
  double weight_decay;  // λ: ½ λ Σ W² over all weights is part of the loss; 0: none
  const double* const* weights;    // of layer l: (sizes[l], sizes[l + 1]), C order
  const double* const* biases;     // of layer l: (sizes[l + 1],)
  double* const* weight_gradients;  // as the weights; null: not wanted
  double* const* bias_gradients;    // as the biases; null: not wanted
  const double* x;                 // (samples, features)
  const double* targets;           // (samples, classes): one-hot, soft, or any numbers
  long samples;                    // at least 1
  double above, below;             // the points beside a weight whose difference quotient is taken; above > below
};

// Writes the gradients that are wanted and returns the loss at the unshifted parameters. Where
// `stop_token` says stop before the end, the gradients are worthless. Results do not depend on the number of threads.
double numerical_gradient(const NumericalJob& job, int threads, StopToken& stop_token);

}  // namespace zerokara
