// The binding of the numerical gradient; arrays.h has the rules for arrays.
#include <cmath>
#include <optional>

#include "bind/arrays.h"
#include "numerical/gradient.h"
#include "runtime/python_lock.h"

namespace zerokara {
namespace {

template <class Array>
using Wanted = std::vector<std::optional<Array>>;

template <class Array>
std::vector<const double*> sources(const std::vector<Array>& arrays) {
  std::vector<const double*> all;
  for (const auto& array : arrays) all.push_back(array.data());
  return all;
}

// Where each gradient goes, null where it is None; like(l) gives the number of its elements.
template <class Array, class Like>
std::vector<double*> destinations(const Wanted<Array>& gradients, const std::vector<Like>& like) {
  expect(gradients.size() == like.size(), "gradients-missing");
  std::vector<double*> all;
  for (std::size_t l = 0; l < like.size(); ++l) {
    for (std::size_t axis = 0; gradients[l] && axis < like[l].ndim(); ++axis)
      expect(gradients[l]->shape(axis) == like[l].shape(axis), "gradient-shape");
    all.push_back(gradients[l] ? gradients[l]->data() : nullptr);
  }
  return all;
}

using Parameters = std::optional<std::vector<double>>;

// The number of an entry of a table that has these, given as many parameters as it has, or none: those of training.
template <class Number>
Number formula_named(const std::string& what, const std::string& name, const Parameters& parameters,
                     const std::vector<FormulaNames>& formulas) {
  std::vector<std::string> names;
  for (const FormulaNames& formula : formulas) names.push_back(formula.name);
  const Number number = number_of<Number>(what, name, names);
  const std::vector<std::string>& known = formulas[static_cast<std::size_t>(number)].parameters;
  expect(!parameters || parameters->size() == known.size(), "parameters-differ", Fact{"name", name}, Fact{"known", known});
  return number;
}

const double* values(const Parameters& parameters) { return parameters ? parameters->data() : nullptr; }

double bound_numerical_gradient(const Matrices<const double>& weights, const Rows<const double>& biases, const std::string& activation,
                                const Parameters& activation_parameters, const std::string& loss, const Parameters& loss_parameters,
                                double weight_decay, const Matrix<const double>& x, const Matrix<const double>& targets,
                                double above, double below, const Wanted<Matrix<double>>& weight_gradients,
                                const Wanted<Row<double>>& bias_gradients, const std::optional<Flag>& stop, int threads) {
  const std::vector<int> sizes = checked_sizes(weights, biases);
  expect(static_cast<int>(x.shape(1)) == sizes.front(), "x-columns");
  expect(x.shape(0) > 0, "x-empty");
  expect(targets.shape(0) == x.shape(0), "targets-rows");
  expect(static_cast<int>(targets.shape(1)) == sizes.back(), "targets-columns");
  expect(above > below && std::isfinite(above - below), "points-order", Fact{"above", above}, Fact{"below", below});
  const int members = checked_threads(threads);
  const auto w = sources(weights), b = sources(biases);
  const auto dw = destinations(weight_gradients, weights), db = destinations(bias_gradients, biases);
  const Activation phi =
      formula_named<Activation>("activation", activation, activation_parameters, capabilities().numerical_activations);
  const Loss of_scores = formula_named<Loss>("loss", loss, loss_parameters, capabilities().numerical_losses);
  const NumericalJob job = {static_cast<int>(weights.size()), sizes.data(), phi, values(activation_parameters), of_scores,
                            values(loss_parameters), checked_decay(weight_decay), w.data(), b.data(), dw.data(), db.data(),
                            x.data(), targets.data(), static_cast<long>(x.shape(0)), above, below};
  StopToken stop_token(stop ? stop->data() : nullptr, signal_raised);
  double value = 0;
  {
    WithoutPythonLock unlocked;
    value = numerical_gradient(job, members, stop_token);
  }
  if (stop_token.was_interrupted()) throw nb::python_error();
  return value;
}

}  // namespace

void bind_numerical(nb::module_& m) {
  m.def("numerical_gradient", &bound_numerical_gradient, "weights"_a.noconvert(), "biases"_a.noconvert(), "activation"_a,
        "activation_parameters"_a.none(), "loss"_a, "loss_parameters"_a.none(), "weight_decay"_a, "x"_a.noconvert(),
        "targets"_a.noconvert(), "above"_a, "below"_a, "weight_gradients"_a.noconvert(), "bias_gradients"_a.noconvert(),
        "stop"_a.noconvert().none(), "threads"_a,
        "(L(w + above) - L(w + below)) / (above - below) of all parameters w whose gradient is not None.\n\n"
        "Formula parameters are None where a formula is as training has it. Worthless where `stop` was raised.\n"
        "Returns the loss at the parameters as they are.");
}

}  // namespace zerokara
