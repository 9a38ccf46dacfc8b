// The inner work of a numerical gradient, built once per level (level.h).
#pragma once

#include "numerical/pass.h"

namespace zerokara {

// Memory of one thread.
struct NumericalScratch {
  double* numbers;      // at the start of a cache line
  std::int32_t* table;  // see group_table_size
};

struct NumericalKernel {
  // Doubles that one thread needs as scratch.
  long (*scratch_size)(const NumericalPass& pass);
  // How many units of a layer one call of `find_gradient` takes at most.
  long (*units_at_once)(const NumericalPass& pass, int layer);
  // Takes sample n through the network: fills its part of the traces, of probability and of loss.
  void (*forward)(const NumericalPass& pass, long n, const NumericalScratch& scratch);
  // Adds what this chunk brings to the gradient of units first, ..., first + count - 1. May leave early when stopped.
  void (*find_gradient)(const NumericalPass& pass, int layer, long first, long count, int rank, const NumericalScratch& scratch);
};

namespace baseline {
extern const NumericalKernel numerical_kernel;
}
#ifdef ZEROKARA_X86_LEVELS
namespace v3 {
extern const NumericalKernel numerical_kernel;
}
namespace v4 {
extern const NumericalKernel numerical_kernel;
}
#endif

}  // namespace zerokara
