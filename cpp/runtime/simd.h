// Vectors of one level: plain arithmetic by the compilers' vector types, and the few operations those lack.
//
// Contraction is switched off for the kernels (CMakeLists.txt) and every fused multiply-add is written out, so that an element
// is computed by the same operations wherever it lands: that is what makes results identical for any number of threads.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ZEROKARA_ALWAYS_INLINE inline __attribute__((always_inline))
#define ZEROKARA_INLINE static ZEROKARA_ALWAYS_INLINE

namespace zerokara::ZEROKARA_BUILD {
namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T, int bytes = vector_bytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(bytes)));
};
template <class T>
using Vector = typename VectorOf<T>::type;

template <class T>
constexpr int lanes = vector_bytes / static_cast<int>(sizeof(T));

// The unsigned integer as wide as T.
template <class T>
struct BitsOf;
template <>
struct BitsOf<float> {
  using type = std::uint32_t;
};
template <>
struct BitsOf<double> {
  using type = std::uint64_t;
};
template <class T>
using Bits = Vector<typename BitsOf<T>::type>;

// All memory that holds vectors is aligned and padded to whole vectors (layout.h).
template <class T>
ZEROKARA_INLINE Vector<T> load(const T* from) {
  return *reinterpret_cast<const Vector<T>*>(from);
}
template <class T>
ZEROKARA_INLINE void store(T* to, Vector<T> v) {
  *reinterpret_cast<Vector<T>*>(to) = v;
}
// x in all lanes. x - 0 is x for every x, also for -0, so only the broadcast is left of it.
template <class T>
ZEROKARA_INLINE Vector<T> splat(T x) {
  return x - Vector<T>{};
}
template <class To, class From>
ZEROKARA_INLINE To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

// a * b + c, rounded once where the level has the instruction.
#if defined(__AVX512F__)
ZEROKARA_INLINE Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) { return _mm512_fmadd_ps(a, b, c); }
ZEROKARA_INLINE Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) { return _mm512_fmadd_pd(a, b, c); }
ZEROKARA_INLINE Vector<float> root(Vector<float> a) { return _mm512_sqrt_ps(a); }
ZEROKARA_INLINE Vector<double> root(Vector<double> a) { return _mm512_sqrt_pd(a); }
#elif defined(__AVX2__)
ZEROKARA_INLINE Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) { return _mm256_fmadd_ps(a, b, c); }
ZEROKARA_INLINE Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) { return _mm256_fmadd_pd(a, b, c); }
ZEROKARA_INLINE Vector<float> root(Vector<float> a) { return _mm256_sqrt_ps(a); }
ZEROKARA_INLINE Vector<double> root(Vector<double> a) { return _mm256_sqrt_pd(a); }
#else
template <class V>
ZEROKARA_INLINE V fma(V a, V b, V c) {
  return a * b + c;
}
#if defined(__SSE2__)
ZEROKARA_INLINE Vector<float> root(Vector<float> a) { return _mm_sqrt_ps(a); }
ZEROKARA_INLINE Vector<double> root(Vector<double> a) { return _mm_sqrt_pd(a); }
#else
ZEROKARA_INLINE Vector<float> root(Vector<float> a) {
  for (int i = 0; i < lanes<float>; ++i) a[i] = __builtin_sqrtf(a[i]);
  return a;
}
ZEROKARA_INLINE Vector<double> root(Vector<double> a) {
  for (int i = 0; i < lanes<double>; ++i) a[i] = __builtin_sqrt(a[i]);
  return a;
}
#endif
#endif

// Four neighbours in memory, and one of them in all lanes.
template <class T>
using Four = typename VectorOf<T, 4 * sizeof(T)>::type;

template <class T>
ZEROKARA_INLINE Four<T> load_four(const T* from) {
  Four<T> four;
  std::memcpy(&four, from, sizeof(four));
  return four;
}
ZEROKARA_INLINE Four<float> load_four_bytes(const std::uint8_t* from) {
#if defined(__SSE4_1__)
  std::int32_t bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return _mm_cvtepi32_ps(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)));
#else
  return Four<float>{float(from[0]), float(from[1]), float(from[2]), float(from[3])};
#endif
}

// The lanes of a vector as doubles, in as many vectors as they need.
template <class T>
constexpr int vectors_of_doubles = sizeof(double) / sizeof(T);
ZEROKARA_INLINE void widen(Vector<double> v, Vector<double>* to) { to[0] = v; }
ZEROKARA_INLINE void widen(Vector<float> v, Vector<double>* to) {
  typename VectorOf<float, vector_bytes / 2>::type half[2];
  std::memcpy(half, &v, sizeof(v));
  for (int k = 0; k < 2; ++k) to[k] = __builtin_convertvector(half[k], Vector<double>);
}

#if defined(__AVX512F__)
template <int k>
ZEROKARA_INLINE Vector<float> splat_lane(Four<float> x) {
  return _mm512_permutexvar_ps(_mm512_set1_epi32(k), _mm512_castps128_ps512(x));
}
template <int k>
ZEROKARA_INLINE Vector<double> splat_lane(Four<double> x) {
  return _mm512_permutexvar_pd(_mm512_set1_epi64(k), _mm512_castpd256_pd512(x));
}
#else
template <int k, class V>
ZEROKARA_INLINE auto splat_lane(V x) {
  return splat(x[k]);
}
#endif

// Sum and maximum of all lanes, by halves.
template <class T, int bytes>
ZEROKARA_INLINE T sum_of(const typename VectorOf<T, bytes>::type& v) {
  if constexpr (bytes == 2 * sizeof(T)) {
    return v[0] + v[1];
  } else {
    typename VectorOf<T, bytes / 2>::type low, high;
    std::memcpy(&low, &v, bytes / 2);
    std::memcpy(&high, reinterpret_cast<const char*>(&v) + bytes / 2, bytes / 2);
    return sum_of<T, bytes / 2>(low + high);
  }
}
template <class T, int bytes>
ZEROKARA_INLINE T max_of(const typename VectorOf<T, bytes>::type& v) {
  if constexpr (bytes == 2 * sizeof(T)) {
    return v[0] > v[1] ? v[0] : v[1];
  } else {
    typename VectorOf<T, bytes / 2>::type low, high;
    std::memcpy(&low, &v, bytes / 2);
    std::memcpy(&high, reinterpret_cast<const char*>(&v) + bytes / 2, bytes / 2);
    return max_of<T, bytes / 2>(low > high ? low : high);
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
