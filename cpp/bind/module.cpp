// The Python module zerokara._core: arrays in, checked; kernels out, without Python's lock.
#include <nanobind/stl/variant.h>

#include "bind/arrays.h"
#include "runtime/level.h"
#include "runtime/python_lock.h"
#include "train/jobs.h"

namespace zerokara {

void bind_training(nb::module_& m);   // training.cpp
void bind_numerical(nb::module_& m);  // numerical.cpp

namespace {

nb::dict parameters_by_name(const std::vector<FormulaNames>& formulas) {
  nb::dict parameters;
  for (const FormulaNames& formula : formulas) parameters[formula.name.c_str()] = nb::cast(formula.parameters);
  return parameters;
}

nb::dict capabilities_of_core() {
  nb::dict all, optimizers, differences;
  for (const UpdateRuleNames& rule : capabilities().update_rules) {
    nb::dict names;
    names["slots"] = nb::cast(rule.slots);
    names["settings"] = nb::cast(rule.settings);
    optimizers[rule.name.c_str()] = names;
  }
  all["activations"] = nb::cast(capabilities().activations);
  all["losses"] = nb::cast(capabilities().losses);
  all["optimizers"] = optimizers;
  differences["activations"] = parameters_by_name(capabilities().numerical_activations);
  differences["losses"] = parameters_by_name(capabilities().numerical_losses);
  all["differences"] = differences;
  all["most_features"] = most_features;
  all["most_in_batch"] = most_in_batch;
  return all;
}

// `zerokara._core.Refusal`, whose arguments are the name and a dict of the facts. It lives as long as the process.
void bind_refusal(nb::module_& m) {
  const char* doc = "What the core refuses: its name, and the facts of the case. zerokara.engine.refusals has the sentences.";
  nb::object type = nb::steal(PyErr_NewExceptionWithDoc("zerokara._core.Refusal", doc, PyExc_ValueError, nullptr));
  if (!type.is_valid()) throw nb::python_error();
  m.attr("Refusal") = type;
  nb::register_exception_translator(
      [](const std::exception_ptr& thrown, void* type) {
        try {
          std::rethrow_exception(thrown);
        } catch (const Refusal& refusal) {
          nb::dict facts;
          for (const Fact& fact : refusal.facts()) facts[fact.name] = nb::cast(fact.value);
          PyErr_SetObject(static_cast<PyObject*>(type), nb::make_tuple(refusal.what(), facts).ptr());
        }
      },
      type.release().ptr());
}

}  // namespace

}  // namespace zerokara

NB_MODULE(_core, m) {
  using namespace zerokara;
  nb::set_leak_warnings(false);  // a daemon thread that hangs at the end of Python (python_lock.h) still holds what it called
  m.doc() = "The compiled core of zerokara: arrays only. Use zerokara.engine.";
  m.def("capabilities", &capabilities_of_core, nb::sig("def capabilities() -> dict[str, typing.Any]"),
        "What training knows by name: activations, losses, and optimizers with slots and settings; how large its input may be;\n"
        "and in \"differences\" the activations and losses of the numerical gradient, with the names of their parameters.");
  bind_refusal(m);
  bind_training(m);
  bind_numerical(m);
  m.def("keep_others_out", &keep_others_out, "Called as Python ends: calls of other threads come back no more.");
  m.def("level", [] { return name(chosen_level()); }, "The processor level in use: v4, v3 or baseline.");
  m.def("best_level", [] { return name(best_level()); }, "The best level of this machine and build.");
}
