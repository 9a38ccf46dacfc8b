// What the bindings have in common: typed arrays, checks, and names.
//
// Every array is typed (dtype, dimensions, C order, const where only read) and bound with noconvert: nanobind then refuses an
// array that it would have to copy, and nothing is ever written to a copy. engine/compiled.py refuses by itself what users may
// meet; what is refused here guards against mistakes in that code.
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
#include "runtime/refusal.h"

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

// The number of an entry of a table whose entries have these names.
template <class Number>
Number number_of(const std::string& what, const std::string& got, const std::vector<std::string>& names) {
  for (std::size_t k = 0; k < names.size(); ++k)
    if (names[k] == got) return static_cast<Number>(k);
  std::string listed;
  for (const std::string& name : names) listed += listed.empty() ? name : ", " + name;
  throw Refusal("unknown-name", {{"name", what}, {"names", listed}, {"got", got}});
}
inline Activation activation_named(const std::string& name) {
  return number_of<Activation>("activation", name, capabilities().activations);
}
inline Loss loss_named(const std::string& name) { return number_of<Loss>("loss", name, capabilities().losses); }

// The units of each layer, inputs first, from weights (fan_in, fan_out) and biases (fan_out,) that fit together.
template <class T>
std::vector<int> checked_sizes(const Matrices<T>& weights, const Rows<T>& biases) {
  expect(!weights.empty() && weights.size() == biases.size(), "layers-differ");
  std::vector<int> sizes = {static_cast<int>(weights[0].shape(0))};
  for (std::size_t l = 0; l < weights.size(); ++l) {
    const Fact layer = {"layer", static_cast<std::int64_t>(l + 1)};
    expect(weights[l].size() > 0, "weights-empty", layer);
    expect(static_cast<int>(weights[l].shape(0)) == sizes.back(), "weights-rows", layer);
    expect(biases[l].shape(0) == weights[l].shape(1), "biases-length", layer);
    sizes.push_back(static_cast<int>(weights[l].shape(1)));
  }
  return sizes;
}

inline int checked_threads(int threads) {
  expect(threads >= 1 && threads <= 1024, "threads-range", Fact{"got", threads});
  return threads;
}

inline double checked_decay(double weight_decay) {
  expect(weight_decay >= 0 && std::isfinite(weight_decay), "weight-decay-negative", Fact{"got", weight_decay});
  return weight_decay;
}

}  // namespace zerokara
