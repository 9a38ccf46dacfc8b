// The two products of the first layer, whose input is sparse. Both keep the sums of a panel in registers over a whole list.
//
// Each sum is carried in four parts, k mod 4, so that an addition need not wait for the one before: a list comes in whole
// quartets. A panel's width never changes what is added to what.
#pragma once

#include "layout.h"
#include "sparse.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// sums[p] = initial[p] + Σ_k value_k · matrix[index_k · stride + p-th vector], over one list.
template <int width, class T, class S>
ZEROKARA_INLINE void weighted_sum(const std::uint16_t* index, const S* value, int count, const PixelTable<T>& table, const T* matrix,
                                  long stride, const Vector<T>* initial, Vector<T>* sums) {
  Vector<T> sum[quartet][width] = {};
  for (int p = 0; p < width; ++p) sum[0][p] = initial[p];
  const auto add = [&](int part, int k) __attribute__((always_inline)) {
    const Vector<T> x = splat<T>(table.value(value[k]));
    const T* row = matrix + index[k] * stride;
#pragma GCC unroll 4
    for (int p = 0; p < width; ++p) sum[part][p] = fma(x, load(row + p * lanes<T>), sum[part][p]);
  };
  for (int k = 0; k < count; k += quartet) {
#pragma GCC unroll 4
    for (int part = 0; part < quartet; ++part) add(part, k + part);
  }
  for (int p = 0; p < width; ++p) sums[p] = (sum[0][p] + sum[1][p]) + (sum[2][p] + sum[3][p]);
}

// out[panel's units] = bias + x · W, of one sample. `bias` is NaN where a zero pixel meets a weight that is not finite.
template <int width, class T, class S>
ZEROKARA_INLINE void forward_sparse(const SparseLists<S>& rows, long n, const PixelTable<T>& table, const T* panel, const T* bias,
                                    T* out) {
  Vector<T> initial[width], sums[width];
  for (int p = 0; p < width; ++p) initial[p] = load(bias + p * lanes<T>);
  weighted_sum<width>(rows.index + n * rows.room, rows.value + n * rows.room, rows.count[n], table, panel, width * lanes<T>, initial, sums);
  for (int p = 0; p < width; ++p) store(out + p * lanes<T>, sums[p]);
}

// gradient[panel's units] = Σ_n x[n, i] · delta[n, panel's units], of pixel i. `initial` is 0, or NaN where a zero pixel meets a
// delta that is not finite.
template <int width, class T, class S>
ZEROKARA_INLINE void gradient_sparse(const SparseLists<S>& columns, long i, const PixelTable<T>& table, const T* delta, long stride,
                                     const T* initial_values, T* gradient) {
  Vector<T> initial[width], sums[width];
  for (int p = 0; p < width; ++p) initial[p] = load(initial_values + p * lanes<T>);
  weighted_sum<width>(columns.index + i * columns.room, columns.value + i * columns.room, columns.count[i], table, delta, stride, initial,
                      sums);
  for (int p = 0; p < width; ++p) store(gradient + p * lanes<T>, sums[p]);
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
