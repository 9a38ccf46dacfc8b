// The product behind both passes of the first layer, whose input is sparse. The sums of a panel stay in registers over a list.
//
// Each sum is carried in four parts, k mod 4, so that an addition need not wait for the one before: a list comes in whole
// quartets. A panel's width never changes what is added to what.
#pragma once

#include "train/layout.h"
#include "train/sparse.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// sums = initial + Σ_k value_k · row index_k of the matrix, in `width` vectors.
template <int width, class T, class S>
ZEROKARA_INLINE void weighted_sum(List<S> list, const PixelTable<T>& table, const T* matrix, long stride, const T* initial, T* sums) {
  Vector<T> sum[quartet][width] = {};
  for (int k = 0; k < list.count; k += quartet) {
    const Four<T> values = table.four(list.value + k);
    // GCC makes one load of these four, where the processor's byte order allows it.
    const std::uint8_t* index = list.index + k;
    const std::uint32_t positions = index[0] | std::uint32_t(index[1]) << 8 | std::uint32_t(index[2]) << 16 | std::uint32_t(index[3]) << 24;
    const auto add = [&](auto part) __attribute__((always_inline)) {
      const T* row = matrix + static_cast<long>(positions >> (8 * part.value) & 0xff) * stride;
      asm("" : "+r"(row));  // or GCC finds the address of each vector anew
      const Vector<T> x = splat_lane<part.value>(values);
#pragma GCC unroll 4
      for (int p = 0; p < width; ++p) sum[part.value][p] = fma(x, load(row + p * lanes<T>), sum[part.value][p]);
    };
    add(Width<0>{});
    add(Width<1>{});
    add(Width<2>{});
    add(Width<3>{});
  }
  const Vector<T> factor = splat(table.factor(S()));
  for (int p = 0; p < width; ++p) {
    const Vector<T> all = (sum[0][p] + sum[1][p]) + (sum[2][p] + sum[3][p]);
    store(sums + p * lanes<T>, fma(factor, all, load(initial + p * lanes<T>)));
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
