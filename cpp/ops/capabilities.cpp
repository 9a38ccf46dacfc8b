// Reads names only, which are the same at every level; so any level will do.
#define ZEROKARA_BUILD baseline

#include "ops/capabilities.h"

#include "ops/numerical_activations.h"
#include "ops/numerical_losses.h"
#include "ops/update_rules.h"

namespace zerokara {

namespace {

std::vector<std::string> strings(const baseline::Names& names) { return {names.name, names.name + names.count()}; }

template <class Op>
FormulaNames formula_names(Op op) {
  return {op.name, strings(baseline::parameters_of<Op>)};
}

Capabilities read_tables() {
  Capabilities all;
  baseline::Activations<float>::for_each([&](auto op) { all.activations.push_back(op.name); });
  baseline::LossTable::for_each([&](auto op) { all.losses.push_back(op.name); });
  baseline::NumericalActivations::for_each([&](auto op) { all.numerical_activations.push_back(formula_names(op)); });
  baseline::NumericalLosses::for_each([&](auto op) { all.numerical_losses.push_back(formula_names(op)); });
  baseline::UpdateRules<float>::for_each([&](auto op) {
    all.update_rules.push_back({op.name, strings(op.slots), strings(op.settings)});
  });
  return all;
}

}  // namespace

const Capabilities& capabilities() {
  static const Capabilities all = read_tables();
  return all;
}

}  // namespace zerokara
