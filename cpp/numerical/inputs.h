// Collects the distinct inputs of a sample that are not zero.
#pragma once

#include "numerical/pass.h"

namespace zerokara {

// How many entries a layer of so many inputs needs: in the arrays of one sample, and as scratch.
long group_stride(long fan_in);
long group_table_size(long fan_in);

// Groups the inputs of sample n. `repeated` says whether looking for equal ones pays: for pixels, not for what units put out.
void group_inputs(const double* input, long fan_in, bool repeated, long n, const InputGroups& groups, std::int32_t* table);

}  // namespace zerokara
