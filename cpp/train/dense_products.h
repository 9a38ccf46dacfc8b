// The products of the later layers: small dense matrices against a panel of weights, in tiles held in registers.
//
// Each sum runs over k in order, one at a time, whatever the tile: results do not depend on how rows are shared out.
#pragma once

#include "train/layout.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

constexpr int tallest_tile = vector_bytes == 64 ? 6 : 4;

// out[r, panel] = initial + Σ_k a[r, k] · panel[k, :], for `height` rows r.
template <int height, int width, class T>
ZEROKARA_INLINE void multiply_tile(const T* a, long a_stride, const T* panel, long depth, const Vector<T>* initial, T* out,
                                   long out_stride) {
  Vector<T> sum[height][width];
#pragma GCC unroll 8
  for (int r = 0; r < height; ++r)
    for (int p = 0; p < width; ++p) sum[r][p] = initial[p];
  for (long k = 0; k < depth; ++k) {
    Vector<T> w[width];
#pragma GCC unroll 4
    for (int p = 0; p < width; ++p) w[p] = load(panel + (k * width + p) * lanes<T>);
#pragma GCC unroll 8
    for (int r = 0; r < height; ++r) {
      const Vector<T> x = splat<T>(a[r * a_stride + k]);
#pragma GCC unroll 4
      for (int p = 0; p < width; ++p) sum[r][p] = fma(x, w[p], sum[r][p]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < height; ++r)
    for (int p = 0; p < width; ++p) store(out + r * out_stride + p * lanes<T>, sum[r][p]);
}

// The same for rows [begin, end). `bias` may be null, for zeros.
template <int width, class T>
void multiply(const T* a, long a_stride, long begin, long end, const T* panel, long depth, const T* bias, T* out, long out_stride) {
  Vector<T> initial[width] = {};
  if (bias != nullptr) {
    for (int p = 0; p < width; ++p) initial[p] = load(bias + p * lanes<T>);
  }
  long r = begin;
  for (; r + tallest_tile <= end; r += tallest_tile)
    multiply_tile<tallest_tile, width>(a + r * a_stride, a_stride, panel, depth, initial, out + r * out_stride, out_stride);
  for (; r + 2 <= end; r += 2)
    multiply_tile<2, width>(a + r * a_stride, a_stride, panel, depth, initial, out + r * out_stride, out_stride);
  if (r < end) multiply_tile<1, width>(a + r * a_stride, a_stride, panel, depth, initial, out + r * out_stride, out_stride);
}

// gradient[i, panel] = Σ_n h[n, i] · delta[n, panel], for `height` rows i; written without gaps, as the panel's rows lie.
template <int height, int width, class T>
ZEROKARA_INLINE void gradient_tile(const T* h, long h_stride, const T* delta, long delta_stride, long samples, T* gradient) {
  Vector<T> sum[height][width] = {};
  for (long n = 0; n < samples; ++n) {
    Vector<T> d[width];
#pragma GCC unroll 4
    for (int p = 0; p < width; ++p) d[p] = load(delta + n * delta_stride + p * lanes<T>);
#pragma GCC unroll 8
    for (int r = 0; r < height; ++r) {
      const Vector<T> x = splat<T>(h[n * h_stride + r]);
#pragma GCC unroll 4
      for (int p = 0; p < width; ++p) sum[r][p] = fma(x, d[p], sum[r][p]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < height; ++r)
    for (int p = 0; p < width; ++p) store(gradient + (r * width + p) * lanes<T>, sum[r][p]);
}

// The sum over all samples of a panel's columns.
template <int width, class T>
void column_sums(const T* delta, long stride, long samples, T* sums) {
  Vector<T> sum[width] = {};
  for (long n = 0; n < samples; ++n) {
#pragma GCC unroll 4
    for (int p = 0; p < width; ++p) sum[p] = sum[p] + load(delta + n * stride + p * lanes<T>);
  }
  for (int p = 0; p < width; ++p) store(sums + p * lanes<T>, sum[p]);
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
