// The binding of the numerical gradient; module.cpp has the rules for arrays.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "numerical/gradient.h"
#include "runtime/python_lock.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zerokara {
namespace {

template <class T>
using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Row = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class Array>
using Wanted = std::vector<std::optional<Array>>;
using Flag = nb::ndarray<const std::uint8_t, nb::shape<1>, nb::c_contig, nb::device::cpu>;

void expect(bool holds, const std::string& sentence) {
  if (!holds) throw nb::value_error((sentence + " Nothing was changed.").c_str());
}

Activation activation_named(const std::string& name) {
  if (name == "sigmoid") return Activation::sigmoid;
  if (name == "tanh") return Activation::tanh;
  expect(name == "relu", "activation must be one of sigmoid, relu, tanh. Got " + name + ".");
  return Activation::relu;
}

Loss loss_named(const std::string& name) {
  if (name == "textbook") return Loss::textbook;
  if (name == "squared") return Loss::squared;
  expect(name == "cross-entropy", "loss must be one of cross-entropy, textbook, squared. Got " + name + ".");
  return Loss::cross_entropy;
}

std::vector<int> sizes_of(const std::vector<Matrix<const double>>& weights, const std::vector<Row<const double>>& biases) {
  expect(!weights.empty() && weights.size() == biases.size(), "weights and biases must be lists of the same length, at least 1.");
  std::vector<int> sizes = {static_cast<int>(weights[0].shape(0))};
  for (std::size_t l = 0; l < weights.size(); ++l) {
    const std::string layer = std::to_string(l + 1);
    expect(weights[l].size() > 0, "W" + layer + " must not be empty.");
    expect(static_cast<int>(weights[l].shape(0)) == sizes.back(), "W" + layer + " must have as many rows as the layer before has units.");
    expect(biases[l].shape(0) == weights[l].shape(1), "b" + layer + " must have one element per column of W" + layer + ".");
    sizes.push_back(static_cast<int>(weights[l].shape(1)));
  }
  return sizes;
}

template <class Array>
std::vector<const double*> sources(const std::vector<Array>& arrays) {
  std::vector<const double*> all;
  for (const auto& array : arrays) all.push_back(array.data());
  return all;
}

// Where each gradient goes, null where it is None; like(l) gives the number of its elements.
template <class Array, class Like>
std::vector<double*> destinations(const Wanted<Array>& gradients, const std::vector<Like>& like) {
  expect(gradients.size() == like.size(), "There must be a gradient, or None, for each parameter.");
  std::vector<double*> all;
  for (std::size_t l = 0; l < like.size(); ++l) {
    for (std::size_t axis = 0; gradients[l] && axis < like[l].ndim(); ++axis)
      expect(gradients[l]->shape(axis) == like[l].shape(axis), "A gradient must have the shape of its parameter.");
    all.push_back(gradients[l] ? gradients[l]->data() : nullptr);
  }
  return all;
}

double bound_numerical_gradient(const std::vector<Matrix<const double>>& weights, const std::vector<Row<const double>>& biases,
                                const std::string& activation, const std::string& loss, const Matrix<const double>& x,
                                const Matrix<const double>& targets, double h, const Wanted<Matrix<double>>& weight_gradients,
                                const Wanted<Row<double>>& bias_gradients, const std::optional<Flag>& stop, int threads) {
  const std::vector<int> sizes = sizes_of(weights, biases);
  expect(static_cast<int>(x.shape(1)) == sizes.front(), "x must have as many columns as W1 has rows.");
  expect(x.shape(0) > 0, "x must have at least one row.");
  expect(targets.shape(0) == x.shape(0), "targets must have one row per row of x.");
  expect(static_cast<int>(targets.shape(1)) == sizes.back(), "targets must have one column per class.");
  expect(h > 0 && std::isfinite(h), "h must be a positive number. Got " + std::to_string(h) + ".");
  expect(threads >= 1 && threads <= 1024, "threads must lie from 1 to 1024. Got " + std::to_string(threads) + ".");
  const auto w = sources(weights), b = sources(biases);
  const auto dw = destinations(weight_gradients, weights), db = destinations(bias_gradients, biases);
  const NumericalJob job = {static_cast<int>(weights.size()), sizes.data(), activation_named(activation), loss_named(loss),
                            w.data(), b.data(), dw.data(), db.data(), x.data(), targets.data(), static_cast<long>(x.shape(0)), h};
  StopToken stop_token(stop ? stop->data() : nullptr, signal_raised);
  double value = 0;
  {
    WithoutPythonLock unlocked;
    value = numerical_gradient(job, threads, stop_token);
  }
  if (stop_token.was_interrupted()) throw nb::python_error();
  return value;
}

}  // namespace

void bind_numerical(nb::module_& m) {
  m.def("numerical_gradient", &bound_numerical_gradient, "weights"_a.noconvert(), "biases"_a.noconvert(), "activation"_a, "loss"_a,
        "x"_a.noconvert(), "targets"_a.noconvert(), "h"_a, "weight_gradients"_a.noconvert(), "bias_gradients"_a.noconvert(),
        "stop"_a.noconvert().none(), "threads"_a,
        "Writes the central differences of all parameters whose gradient is not None, unfinished where `stop` was raised. "
        "Returns the loss at the parameters as they are.");
}

}  // namespace zerokara
