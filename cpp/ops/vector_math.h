// exp and tanh of whole vectors, within about 2 units in the last place; infinities, NaN and denormal results come out as they are.
//
// Argument reduction and the coefficients of the float versions and of tanh follow S. L. Moshier, "Methods and Programs for
// Mathematical Functions" (1989), and its Cephes library; exp in double is the Taylor polynomial, whose first dropped term is 4e-18.
#pragma once

#include "runtime/simd.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class T>
struct ExpParts;

template <>
struct ExpParts<float> {
  static constexpr float lowest = -104, highest = 89;  // beyond: 0 and infinity
  static constexpr float round_magic = 12582912;       // 1.5 * 2^23: adding it rounds to an integer
  static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  static constexpr int mantissa_bits = 23;
  static constexpr std::uint32_t bias = 127;
  static constexpr float coefficients[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                           4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
};

template <>
struct ExpParts<double> {
  static constexpr double lowest = -746, highest = 710;
  static constexpr double round_magic = 6755399441055744;  // 1.5 * 2^52
  static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
  static constexpr int mantissa_bits = 52;
  static constexpr std::uint64_t bias = 1023;
  static constexpr double coefficients[] = {1. / 6227020800, 1. / 479001600, 1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320,
                                            1. / 5040,       1. / 720,       1. / 120,      1. / 24,      1. / 6,      1. / 2};
};

template <class T>
ZEROKARA_INLINE Vector<T> exp(Vector<T> x) {
  using Parts = ExpParts<T>;
  // Written so that NaN fails both comparisons and stays.
  x = x < Parts::lowest ? splat<T>(Parts::lowest) : x;
  x = x > Parts::highest ? splat<T>(Parts::highest) : x;
  const Vector<T> magic = splat<T>(Parts::round_magic);
  const Vector<T> shifted = fma(x, splat<T>(T(1.44269504088896340736)), magic);
  const Vector<T> n = shifted - magic;
  Vector<T> r = fma(n, splat<T>(-Parts::ln2_high), x);
  r = fma(n, splat<T>(-Parts::ln2_low), r);
  Vector<T> y = splat<T>(Parts::coefficients[0]);
#pragma GCC unroll 16
  for (int i = 1; i < static_cast<int>(sizeof(Parts::coefficients) / sizeof(T)); ++i) y = fma(y, r, splat<T>(Parts::coefficients[i]));
  y = fma(y, r * r, r) + T(1);
  // 2^n in two factors: n alone may be beyond what one exponent holds, at both ends.
  typedef typename BitsOf<T>::type Word;
  const Bits<T> k = bits_as<Bits<T>>(shifted) - bits_as<Bits<T>>(magic) + Word(2 * Parts::bias);
  const Bits<T> half = k >> 1;
  return y * bits_as<Vector<T>>(half << Parts::mantissa_bits) * bits_as<Vector<T>>((k - half) << Parts::mantissa_bits);
}

ZEROKARA_INLINE Vector<float> tanh_near_zero(Vector<float> x, Vector<float> z) {
  Vector<float> p = splat(-5.70498872745e-3f);
  p = fma(p, z, splat(2.06390887954e-2f));
  p = fma(p, z, splat(-5.37397155531e-2f));
  p = fma(p, z, splat(1.33314422036e-1f));
  p = fma(p, z, splat(-3.33332819422e-1f));
  return fma(p * z, x, x);
}

ZEROKARA_INLINE Vector<double> tanh_near_zero(Vector<double> x, Vector<double> z) {
  Vector<double> p = splat(-9.64399179425052238628e-1), q = z + 1.12811678491632931402e2;
  p = fma(p, z, splat(-9.92877231001918586564e1));
  p = fma(p, z, splat(-1.61468768441708447952e3));
  q = fma(q, z, splat(2.23548839060100448583e3));
  q = fma(q, z, splat(4.84406305325125486048e3));
  return fma(p * z / q, x, x);
}

template <class T>
ZEROKARA_INLINE Vector<T> tanh(Vector<T> x) {
  const Vector<T> size = x < T(0) ? -x : x;
  const Vector<T> far = T(1) - T(2) / (exp<T>(size + size) + T(1));
  return size < T(0.625) ? tanh_near_zero(x, x * x) : x < T(0) ? -far : far;
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
