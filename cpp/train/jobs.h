// What the binding hands to a kernel: checked sizes and plain pointers.
//
// Everything here has been checked: labels and indices are in range, shapes fit, dtypes are what `is_float64` and `kind` say.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/entries.h"

namespace zerokara {

enum class PixelKind { u8, f32, f64 };

// There is room for lists of all pixels of all samples of a batch: these bound it.
constexpr long most_features = 65535;
constexpr long most_in_batch = 65535;

struct NetworkView {
  bool is_float64;         // float64, else float32: of all parameters and slots
  int layers;        // of weights, at least 1
  const int* sizes;  // layers + 1 of them: features, hidden units, ..., classes
  Activation activation;
  void* const* weights;  // of layer l: (sizes[l], sizes[l + 1]), C order
  void* const* biases;   // of layer l: (sizes[l + 1],)
};

struct SamplesView {
  const void* pixels;  // (count, features), C order
  PixelKind kind;
  long count;
  float full;  // the stored value that means 1.0; 0 if values are taken as they are
};

struct OptimizerView {
  UpdateRule rule;
  const double* settings;  // in the order in which its rule names them
  std::int64_t steps;      // updates done before this call
  int slots;               // how many arrays of its own it keeps for each parameter
  // Slot s of layer l stands at [s * layers + l]; shapes as the parameters'.
  void* const* weight_slots;
  void* const* bias_slots;
};

struct AdvanceJob {
  NetworkView network;
  OptimizerView optimizer;
  Loss loss;
  double weight_decay;  // λ: ½ λ Σ W² over all weights is part of the loss; 0: none
  SamplesView samples;
  const std::int64_t* labels;   // (samples.count,)
  const std::int64_t* batches;  // (updates, batch_size) sample indices
  long updates;
  long batch_size;
  double* losses;  // (updates,): written for the updates that are done
};

struct PredictJob {
  NetworkView network;
  SamplesView samples;
  void* scores;          // (count, classes) in the network's dtype, or null
  std::int64_t* classes;  // (count,): the class of the highest score, -1 where that is not finite; or null
};

}  // namespace zerokara
