// What the tables of operations have, by name: for the binding, and through it for Python.
#pragma once

#include <string>
#include <vector>

namespace zerokara {

struct UpdateRuleNames {
  std::string name;
  std::vector<std::string> slots, settings;  // in the order in which its kernels take them
};

struct FormulaNames {
  std::string name;
  std::vector<std::string> parameters;  // in the order in which `take` has them
};

// An entry's number is its place here. What the numerical gradient knows begins with what training does, so a number is the same
// in both.
struct Capabilities {
  std::vector<std::string> activations, losses;
  std::vector<FormulaNames> numerical_activations, numerical_losses;
  std::vector<UpdateRuleNames> update_rules;
};

const Capabilities& capabilities();

}  // namespace zerokara
