// The Python module zerokara._core: arrays in, checked; kernels out, without Python's lock.
#include "bind/arrays.h"
#include "runtime/level.h"
#include "runtime/python_lock.h"
#include "train/jobs.h"

namespace zerokara {

void bind_training(nb::module_& m);   // training.cpp
void bind_numerical(nb::module_& m);  // numerical.cpp

namespace {

nb::dict capabilities_of_core() {
  nb::dict all, optimizers;
  for (const UpdateRuleNames& rule : capabilities().update_rules) {
    nb::dict names;
    names["slots"] = nb::cast(rule.slots);
    names["settings"] = nb::cast(rule.settings);
    optimizers[rule.name.c_str()] = names;
  }
  all["activations"] = nb::cast(capabilities().activations);
  all["losses"] = nb::cast(capabilities().losses);
  all["optimizers"] = optimizers;
  all["most_features"] = most_features;
  all["most_in_batch"] = most_in_batch;
  return all;
}

}  // namespace

}  // namespace zerokara

NB_MODULE(_core, m) {
  using namespace zerokara;
  nb::set_leak_warnings(false);  // a daemon thread that hangs at the end of Python (python_lock.h) still holds what it called
  m.doc() = "The compiled core of zerokara: arrays only. Use zerokara.engine.";
  m.def("capabilities", &capabilities_of_core, nb::sig("def capabilities() -> dict[str, typing.Any]"),
        "Activations, losses and optimizers with slots and settings, by name; and how large the input may be.");
  bind_training(m);
  bind_numerical(m);
  m.def("keep_others_out", &keep_others_out, "Called as Python ends: calls of other threads come back no more.");
  m.def("level", [] { return name(chosen_level()); }, "The processor level in use: v4, v3 or baseline.");
  m.def("best_level", [] { return name(best_level()); }, "The best level of this machine and build.");
}
