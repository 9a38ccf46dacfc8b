// The Python module zerokara._core: arrays in, checked; kernels out, without Python's lock.
//
// Every array is typed (dtype, dimensions, C order, const where only read) and bound with noconvert: nanobind then refuses an
// array that it would have to copy, and nothing is ever written to a copy. engine/compiled.py words what users may meet; the
// sentences here guard against mistakes in that code.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "train/kernels.h"
#include "runtime/python_lock.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zerokara {

void bind_numerical(nb::module_& m);  // numerical_module.cpp

namespace {

template <class T>
using Matrices = std::vector<nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>>;
template <class T>
using Rows = std::vector<nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>>;
using Pixels = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Indices = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Batches = nb::ndarray<const std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Flag = nb::ndarray<const std::uint8_t, nb::shape<1>, nb::c_contig, nb::device::cpu>;
using Losses = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Classes = nb::ndarray<std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

[[noreturn]] void refuse(const std::string& sentence) { throw nb::value_error(sentence.c_str()); }

void expect(bool holds, const std::string& sentence) {
  if (!holds) refuse(sentence + " Nothing was changed.");
}

std::string shape_text(long rows, long columns) { return "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")"; }

// ---- names ---------------------------------------------------------------------------------------------------------------

template <class E, std::size_t n>
E named(const std::string& what, const std::string& got, const std::array<std::pair<const char*, E>, n>& known) {
  std::string names;
  for (const auto& [name, value] : known) {
    if (got == name) return value;
    names += names.empty() ? name : std::string(", ") + name;
  }
  refuse(what + " must be one of " + names + ". Got " + got + ".");
}

Activation activation_named(const std::string& name) {
  return named<Activation, 3>("activation", name, {{{"sigmoid", Activation::sigmoid}, {"relu", Activation::relu}, {"tanh", Activation::tanh}}});
}
Loss loss_named(const std::string& name) {
  return named<Loss, 3>("loss", name, {{{"cross-entropy", Loss::cross_entropy}, {"textbook", Loss::textbook}, {"squared", Loss::squared}}});
}
Rule rule_named(const std::string& name) {
  return named<Rule, 6>("optimizer", name,
                        {{{"sgd", Rule::sgd},
                          {"momentum", Rule::momentum},
                          {"nesterov", Rule::nesterov},
                          {"adagrad", Rule::adagrad},
                          {"rmsprop", Rule::rmsprop},
                          {"adam", Rule::adam}}});
}
int slots_of(Rule rule) { return rule == Rule::sgd ? 0 : rule == Rule::adam ? 2 : 1; }

// ---- views on checked arrays -----------------------------------------------------------------------------------------------

// Holds the pointers that a NetworkView points to.
struct NetworkArrays {
  std::vector<int> sizes;
  std::vector<void*> weights, biases;

  template <class T>
  NetworkArrays(const Matrices<T>& w, const Rows<T>& b) {
    expect(!w.empty() && w.size() == b.size(), "weights and biases must be lists of the same length, at least 1.");
    for (std::size_t l = 0; l < w.size(); ++l) {
      const long fan_in = w[l].shape(0), fan_out = w[l].shape(1);
      expect(fan_in > 0 && fan_out > 0, "Weights must not be empty. Got " + shape_text(fan_in, fan_out) + ".");
      expect(l == 0 || fan_in == sizes.back(), "W" + std::to_string(l + 1) + " must have as many rows as the layer before has units.");
      expect(static_cast<long>(b[l].shape(0)) == fan_out, "b" + std::to_string(l + 1) + " must have one element per column of W.");
      if (l == 0) sizes.push_back(static_cast<int>(fan_in));
      sizes.push_back(static_cast<int>(fan_out));
      weights.push_back(const_cast<void*>(static_cast<const void*>(w[l].data())));
      biases.push_back(const_cast<void*>(static_cast<const void*>(b[l].data())));
    }
    expect(sizes[0] <= most_features, "The compiled engine takes at most " + std::to_string(most_features) + " features.");
  }

  NetworkView view(bool is_float64, Activation activation) const {
    return {is_float64, static_cast<int>(weights.size()), sizes.data(), activation, weights.data(), biases.data()};
  }
};

SamplesView samples_view(const Pixels& pixels, double full, int features) {
  expect(static_cast<long>(pixels.shape(1)) == features, "pixels must have as many columns as W1 has rows.");
  expect(full >= 0, "full must be positive, or 0 for pixels that are values.");
  const auto dtype = pixels.dtype();
  PixelKind kind = PixelKind::u8;
  if (dtype == nb::dtype<float>()) {
    kind = PixelKind::f32;
  } else if (dtype == nb::dtype<double>()) {
    kind = PixelKind::f64;
  } else if (dtype != nb::dtype<std::uint8_t>()) {
    throw nb::type_error("pixels must be uint8, float32 or float64.");
  }
  return {pixels.data(), kind, static_cast<long>(pixels.shape(0)), static_cast<float>(full)};
}

void expect_range(const std::int64_t* values, std::size_t count, std::int64_t end, const std::string& what) {
  std::int64_t low = 0, high = 0;
  for (std::size_t k = 0; k < count; ++k) {
    low = values[k] < low ? values[k] : low;
    high = values[k] > high ? values[k] : high;
  }
  if (low < 0 || high >= end) {
    refuse(what + " must lie from 0 to " + std::to_string(end - 1) + ". Got " + std::to_string(low < 0 ? low : high) +
           ". Nothing was changed.");
  }
}

template <class T>
void expect_slots(const Matrices<T>& slots, const Matrices<T>& like, const Rows<T>& row_slots, const Rows<T>& like_rows, int count) {
  expect(slots.size() == count * like.size() && row_slots.size() == count * like.size(),
         "This optimizer keeps " + std::to_string(count) + " array(s) for each parameter.");
  for (std::size_t k = 0; k < slots.size(); ++k) {
    const std::size_t l = k % like.size();
    expect(slots[k].shape(0) == like[l].shape(0) && slots[k].shape(1) == like[l].shape(1) && row_slots[k].shape(0) == like_rows[l].shape(0),
           "The optimizer's state must have the shapes of the parameters.");
  }
}

template <class Arrays>
std::vector<void*> pointers(const Arrays& arrays) {
  std::vector<void*> all;
  for (const auto& array : arrays) all.push_back(array.data());
  return all;
}

// ---- calls -----------------------------------------------------------------------------------------------------------------

int checked_threads(int threads) {
  expect(threads >= 1 && threads <= 1024, "threads must lie from 1 to 1024. Got " + std::to_string(threads) + ".");
  return threads;
}

// A member must have more to do than to wait: one for each quarter of a million multiplications of a dense update.
int useful_threads(const AdvanceJob& job) {
  constexpr double enough = 250e3;
  double products = 0;
  for (int l = 0; l < job.network.layers; ++l) products += static_cast<double>(job.network.sizes[l]) * job.network.sizes[l + 1];
  const double members = 1 + products * static_cast<double>(job.batch_size) / enough;
  return members < 1024 ? static_cast<int>(members) : 1024;
}

template <class T>
long bound_advance(const Matrices<T>& weights, const Rows<T>& biases, const std::string& activation, const std::string& loss,
                   const std::string& optimizer, double learning_rate, double decay, double beta1, double beta2, std::int64_t steps,
                   const Matrices<T>& weight_slots, const Rows<T>& bias_slots, const Pixels& pixels, double full, const Indices& labels,
                   const Batches& batches, const Losses& losses, const Flag& stop, int threads,
                   bool adaptive) {
  const NetworkArrays network(weights, biases);
  const Rule rule = rule_named(optimizer);
  expect_slots(weight_slots, weights, bias_slots, biases, slots_of(rule));
  const auto weight_pointers = pointers(weight_slots), bias_pointers = pointers(bias_slots);
  AdvanceJob job;
  job.network = network.view(sizeof(T) == 8, activation_named(activation));
  job.optimizer = {rule, learning_rate, decay, beta1, beta2, steps, slots_of(rule), weight_pointers.data(), bias_pointers.data()};
  job.loss = loss_named(loss);
  job.samples = samples_view(pixels, full, network.sizes.front());
  job.labels = labels.data();
  job.batches = batches.data();
  job.updates = static_cast<long>(batches.shape(0));
  job.batch_size = static_cast<long>(batches.shape(1));
  job.losses = losses.data();
  expect(static_cast<long>(labels.shape(0)) == job.samples.count, "There must be one label per sample.");
  expect(losses.shape(0) == batches.shape(0), "losses must have one element per batch.");
  expect(job.batch_size >= 1 && job.batch_size <= most_in_batch,
         "The compiled engine takes batches of 1 to " + std::to_string(most_in_batch) + " samples.");
  expect_range(labels.data(), labels.size(), network.sizes.back(), "Labels");
  expect_range(batches.data(), batches.size(), job.samples.count, "Sample indices");
  const Level level = chosen_level();
  checked_threads(threads);
  if (adaptive) threads = threads_worth_using(std::min(threads, useful_threads(job)));
  StopToken stop_token(stop.data(), signal_raised);
  long done = 0;
  {
    WithoutPythonLock unlocked;
    done = advance(level, job, threads, stop_token);
  }
  if (stop_token.was_interrupted()) throw nb::python_error();
  return done;
}

void run_predict(const NetworkView& network, const Pixels& pixels, double full, int threads, void* scores, std::int64_t* classes) {
  const PredictJob job = {network, samples_view(pixels, full, network.sizes[0]), scores, classes};
  const Level level = chosen_level();
  StopToken stop_token(nullptr, signal_raised);
  {
    WithoutPythonLock unlocked;
    predict(level, job, checked_threads(threads), stop_token);
  }
  if (stop_token.was_interrupted()) throw nb::python_error();
}

template <class T>
void bound_predict(const Matrices<const T>& weights, const Rows<const T>& biases, const std::string& activation, const Pixels& pixels,
                   double full, const nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>& scores, int threads) {
  const NetworkArrays network(weights, biases);
  expect(scores.shape(0) == pixels.shape(0) && static_cast<long>(scores.shape(1)) == network.sizes.back(),
         "scores must have shape (samples, classes).");
  run_predict(network.view(sizeof(T) == 8, activation_named(activation)), pixels, full, threads, scores.data(), nullptr);
}

template <class T>
void bound_classify(const Matrices<const T>& weights, const Rows<const T>& biases, const std::string& activation, const Pixels& pixels,
                    double full, const Classes& classes, int threads) {
  const NetworkArrays network(weights, biases);
  expect(classes.shape(0) == pixels.shape(0), "classes must have one element per sample.");
  run_predict(network.view(sizeof(T) == 8, activation_named(activation)), pixels, full, threads, nullptr, classes.data());
}

template <class T>
void bind(nb::module_& m) {
  m.def("advance", &bound_advance<T>, "weights"_a.noconvert(), "biases"_a.noconvert(), "activation"_a, "loss"_a, "optimizer"_a,
        "learning_rate"_a, "decay"_a, "beta1"_a, "beta2"_a, "steps"_a, "weight_slots"_a.noconvert(), "bias_slots"_a.noconvert(),
        "pixels"_a.noconvert(), "full"_a, "labels"_a.noconvert(), "batches"_a.noconvert(), "losses"_a.noconvert(), "stop"_a.noconvert(),
        "threads"_a, "adaptive"_a, "One update per row of `batches`, in place. Returns how many were done; `losses` has their losses.");
  m.def("predict", &bound_predict<T>, "weights"_a.noconvert(), "biases"_a.noconvert(), "activation"_a, "pixels"_a.noconvert(), "full"_a,
        "scores"_a.noconvert(), "threads"_a, "Writes the scores of all samples to `scores`.");
  m.def("classify", &bound_classify<T>, "weights"_a.noconvert(), "biases"_a.noconvert(), "activation"_a, "pixels"_a.noconvert(),
        "full"_a, "classes"_a.noconvert(), "threads"_a, "Writes the class of each sample's highest score to `classes`, -1 where that is not finite.");
}

}  // namespace

}  // namespace zerokara

NB_MODULE(_core, m) {
  nb::set_leak_warnings(false);  // a daemon thread that hangs at the end of Python (python_lock.h) still holds what it called
  m.doc() = "The compiled core of zerokara: arrays only. Use zerokara.engine.";
  zerokara::bind<float>(m);
  zerokara::bind<double>(m);
  zerokara::bind_numerical(m);
  m.def("keep_others_out", &zerokara::keep_others_out, "Called as Python ends: calls of other threads come back no more.");
  m.def("level", [] { return zerokara::name(zerokara::chosen_level()); }, "The processor level in use: v4, v3 or baseline.");
  m.def("best_level", [] { return zerokara::name(zerokara::best_level()); }, "The best level of this machine and build.");
}
