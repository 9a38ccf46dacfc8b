// The bindings of training and prediction; arrays.h has the rules for arrays.
#include <algorithm>
#include <map>
#include <utility>

#include "bind/arrays.h"
#include "runtime/python_lock.h"
#include "train/kernels.h"

namespace zerokara {

namespace {

using Pixels = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Indices = Row<const std::int64_t>;
using Batches = Matrix<const std::int64_t>;
template <class Array>
using ByName = std::map<std::string, Array>;

// ---- views on checked arrays -----------------------------------------------------------------------------------------------

template <class Arrays>
std::vector<void*> pointers(const Arrays& arrays) {
  std::vector<void*> all;
  for (const auto& array : arrays) all.push_back(const_cast<void*>(static_cast<const void*>(array.data())));
  return all;
}

// Holds what a NetworkView points to.
struct NetworkArrays {
  std::vector<int> sizes;
  std::vector<void*> weights, biases;

  template <class T>
  NetworkArrays(const Matrices<T>& w, const Rows<T>& b) : sizes(checked_sizes(w, b)), weights(pointers(w)), biases(pointers(b)) {
    expect(sizes[0] <= most_features, "too-many-features", Fact{"most", most_features});
  }

  NetworkView view(bool is_float64, Activation activation) const {
    return {is_float64, static_cast<int>(weights.size()), sizes.data(), activation, weights.data(), biases.data()};
  }
};

const UpdateRuleNames& names_of(UpdateRule rule) { return capabilities().update_rules[static_cast<std::size_t>(rule)]; }

UpdateRule rule_named(const std::string& name) {
  std::vector<std::string> names;
  for (const UpdateRuleNames& rule : capabilities().update_rules) names.push_back(rule.name);
  return number_of<UpdateRule>("optimizer", name, names);
}

// The values of these names, which must be all there are, in their order.
template <class Value>
std::vector<Value> in_order(const char* refusal, const std::vector<std::string>& names, const ByName<Value>& given) {
  std::vector<Value> values;
  for (const std::string& name : names) {
    const auto found = given.find(name);
    if (found != given.end()) values.push_back(found->second);
  }
  if (values.size() != names.size() || given.size() != names.size()) throw Refusal(refusal, {{"known", names}});
  return values;
}

// Holds what an OptimizerView points to.
struct OptimizerArrays {
  UpdateRule rule;
  std::vector<double> settings;
  std::vector<void*> weight_slots, bias_slots;

  template <class T>
  OptimizerArrays(const std::string& name, const ByName<double>& given, const ByName<Matrices<T>>& of_weights,
                  const ByName<Rows<T>>& of_biases, const Matrices<T>& weights, const Rows<T>& biases)
      : rule(rule_named(name)), settings(in_order("settings-differ", names_of(rule).settings, given)) {
    for (const Matrices<T>& slot : in_order("slots-differ", names_of(rule).slots, of_weights)) add(slot, weights, weight_slots);
    for (const Rows<T>& slot : in_order("slots-differ", names_of(rule).slots, of_biases)) add(slot, biases, bias_slots);
  }

  OptimizerView view(std::int64_t steps) const {
    return {rule, settings.data(), steps, static_cast<int>(names_of(rule).slots.size()), weight_slots.data(), bias_slots.data()};
  }

 private:
  template <class Arrays>
  static void add(const Arrays& slot, const Arrays& like, std::vector<void*>& all) {
    expect(slot.size() == like.size(), "slot-length");
    for (std::size_t l = 0; l < like.size(); ++l) {
      for (std::size_t axis = 0; axis < like[l].ndim(); ++axis)
        expect(slot[l].shape(axis) == like[l].shape(axis), "slot-shape");
      all.push_back(slot[l].data());
    }
  }
};

SamplesView samples_view(const Pixels& pixels, double full, int features) {
  expect(static_cast<long>(pixels.shape(1)) == features, "pixels-columns");
  expect(full >= 0, "full-negative");
  const auto dtype = pixels.dtype();
  PixelKind kind = PixelKind::u8;
  if (dtype == nb::dtype<float>()) {
    kind = PixelKind::f32;
  } else if (dtype == nb::dtype<double>()) {
    kind = PixelKind::f64;
  } else if (dtype != nb::dtype<std::uint8_t>()) {
    throw Refusal("pixels-dtype");
  }
  return {pixels.data(), kind, static_cast<long>(pixels.shape(0)), static_cast<float>(full)};
}

void expect_range(const std::int64_t* values, std::size_t count, std::int64_t end, const char* refusal) {
  std::int64_t low = 0, high = 0;
  for (std::size_t k = 0; k < count; ++k) {
    low = values[k] < low ? values[k] : low;
    high = values[k] > high ? values[k] : high;
  }
  expect(low >= 0 && high < end, refusal, Fact{"last", end - 1}, Fact{"got", low < 0 ? low : high});
}

// ---- calls -----------------------------------------------------------------------------------------------------------------

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
                   double weight_decay, const std::string& optimizer, const ByName<double>& settings, std::int64_t steps,
                   const ByName<Matrices<T>>& weight_slots, const ByName<Rows<T>>& bias_slots, const Pixels& pixels, double full,
                   const Indices& labels, const Batches& batches, const Row<double>& losses, const Flag& stop, int threads,
                   bool adaptive) {
  const NetworkArrays network(weights, biases);
  const OptimizerArrays arrays(optimizer, settings, weight_slots, bias_slots, weights, biases);
  AdvanceJob job;
  job.network = network.view(sizeof(T) == 8, activation_named(activation));
  job.optimizer = arrays.view(steps);
  job.loss = loss_named(loss);
  job.weight_decay = checked_decay(weight_decay);
  job.samples = samples_view(pixels, full, network.sizes.front());
  job.labels = labels.data();
  job.batches = batches.data();
  job.updates = static_cast<long>(batches.shape(0));
  job.batch_size = static_cast<long>(batches.shape(1));
  job.losses = losses.data();
  expect(static_cast<long>(labels.shape(0)) == job.samples.count, "labels-length");
  expect(losses.shape(0) == batches.shape(0), "losses-length");
  expect(job.batch_size >= 1 && job.batch_size <= most_in_batch, "batch-size", Fact{"most", most_in_batch});
  expect_range(labels.data(), labels.size(), network.sizes.back(), "labels-range");
  expect_range(batches.data(), batches.size(), job.samples.count, "batches-range");
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
                   double full, const Matrix<T>& scores, int threads) {
  const NetworkArrays network(weights, biases);
  expect(scores.shape(0) == pixels.shape(0) && static_cast<long>(scores.shape(1)) == network.sizes.back(), "scores-shape");
  run_predict(network.view(sizeof(T) == 8, activation_named(activation)), pixels, full, threads, scores.data(), nullptr);
}

template <class T>
void bound_classify(const Matrices<const T>& weights, const Rows<const T>& biases, const std::string& activation, const Pixels& pixels,
                    double full, const Row<std::int64_t>& classes, int threads) {
  const NetworkArrays network(weights, biases);
  expect(classes.shape(0) == pixels.shape(0), "classes-length");
  run_predict(network.view(sizeof(T) == 8, activation_named(activation)), pixels, full, threads, nullptr, classes.data());
}

template <class T>
void bind(nb::module_& m) {
  m.def("advance", &bound_advance<T>, "weights"_a.noconvert(), "biases"_a.noconvert(), "activation"_a, "loss"_a, "weight_decay"_a,
        "optimizer"_a, "settings"_a, "steps"_a, "weight_slots"_a.noconvert(), "bias_slots"_a.noconvert(),
        "pixels"_a.noconvert(), "full"_a, "labels"_a.noconvert(), "batches"_a.noconvert(), "losses"_a.noconvert(), "stop"_a.noconvert(),
        "threads"_a, "adaptive"_a, "One update per row of `batches`, in place. Returns how many were done; `losses` has them.");
  m.def("predict", &bound_predict<T>, "weights"_a.noconvert(), "biases"_a.noconvert(), "activation"_a, "pixels"_a.noconvert(), "full"_a,
        "scores"_a.noconvert(), "threads"_a, "Writes the scores of all samples to `scores`.");
  m.def("classify", &bound_classify<T>, "weights"_a.noconvert(), "biases"_a.noconvert(), "activation"_a, "pixels"_a.noconvert(),
        "full"_a, "classes"_a.noconvert(), "threads"_a,
        "Writes the class of each sample's highest score to `classes`, -1 where it is not finite.");
}

}  // namespace

void bind_training(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace zerokara
