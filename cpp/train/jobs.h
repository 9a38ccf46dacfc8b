// What the binding hands to a kernel: checked sizes and plain pointers.
//
// Everything here has been checked: labels and indices are in range, shapes fit, dtypes are what `wide` and `kind` say.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zerokara {

enum class Activation { sigmoid, relu, tanh };
enum class Loss { cross_entropy, textbook, squared };
enum class Rule { sgd, momentum, nesterov, adagrad, rmsprop, adam };
enum class PixelKind { u8, f32, f64 };

// What the textbook adds inside the logarithm of its cross entropy.
constexpr double textbook_epsilon = 1e-7;
// What AdaGrad, RMSProp and Adam add to the root they divide by.
constexpr double rule_epsilon = 1e-7;

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
  Rule rule;
  double learning_rate;
  double decay;         // momentum's and Nesterov's mu, RMSProp's rho
  double beta1, beta2;  // Adam's
  std::int64_t steps;   // updates done before this call
  int slots;            // 0, 1 or 2: how many arrays of its own it keeps for each parameter
  // Slot s of layer l stands at [s * layers + l]; shapes as the parameters'.
  void* const* weight_slots;
  void* const* bias_slots;
};

struct AdvanceJob {
  NetworkView network;
  OptimizerView optimizer;
  Loss loss;
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
