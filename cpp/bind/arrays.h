// What the bindings have in common: typed arrays, checks with a sentence, and names.
//
// Every array is typed (dtype, dimensions, C order, const where only read) and bound with noconvert: nanobind then refuses an
// array that it would have to copy, and nothing is ever written to a copy. engine/compiled.py words what users may meet; the
// sentences here guard against mistakes in that code.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/capabilities.h"
#include "ops/entries.h"

namespace zerokara {

namespace nb = nanobind;
using namespace nb::literals;

template <class T>
using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Row = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrices = std::vector<Matrix<T>>;
template <class T>
using Rows = std::vector<Row<T>>;
using Flag = nb::ndarray<const std::uint8_t, nb::shape<1>, nb::c_contig, nb::device::cpu>;

// Raises ValueError where that does not hold.
inline void expect(bool holds, const std::string& sentence) {
  if (!holds) throw nb::value_error((sentence + " Nothing was changed.").c_str());
}

inline std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += list.empty() ? name : ", " + name;
  return list;
}

// The number of an entry of a table whose entries have these names.
template <class Number>
Number number_of(const std::string& what, const std::string& got, const std::vector<std::string>& names) {
  for (std::size_t k = 0; k < names.size(); ++k)
    if (names[k] == got) return static_cast<Number>(k);
  throw nb::value_error((what + " must be one of " + listed(names) + ". Got " + got + ". Nothing was changed.").c_str());
}
inline Activation activation_named(const std::string& name) {
  return number_of<Activation>("activation", name, capabilities().activations);
}
inline Loss loss_named(const std::string& name) { return number_of<Loss>("loss", name, capabilities().losses); }

// The units of each layer, inputs first, from weights (fan_in, fan_out) and biases (fan_out,) that fit together.
template <class T>
std::vector<int> checked_sizes(const Matrices<T>& weights, const Rows<T>& biases) {
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

inline int checked_threads(int threads) {
  expect(threads >= 1 && threads <= 1024, "threads must lie from 1 to 1024. Got " + std::to_string(threads) + ".");
  return threads;
}

inline double checked_decay(double weight_decay) {
  expect(weight_decay >= 0 && std::isfinite(weight_decay),
         "weight_decay must be 0 or a positive number. Got " + std::to_string(weight_decay) + ".");
  return weight_decay;
}

}  // namespace zerokara
