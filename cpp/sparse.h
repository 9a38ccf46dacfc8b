// Samples as lists of the pixels that are not zero: four of five MNIST pixels are.
//
// By rows (for the forward pass): for each sample its pixels. By columns (for the gradient): for each pixel its samples.
// Every row or column has room for the worst case, so a list is written without counting first; what is not used is never
// touched.
#pragma once

#include "jobs.h"
#include "simd.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// What a list keeps of a pixel: bytes as they are, to be looked up in a table of 256 values; floats converted.
template <class T, class Pixel>
struct StoredAs {
  using type = T;
};
template <class T>
struct StoredAs<T, std::uint8_t> {
  using type = std::uint8_t;
};
template <class T, class Pixel>
using Stored = typename StoredAs<T, Pixel>::type;

// From what is stored to the network's input. For bytes, value p is float32(p) / float32(full) as the contract has it.
template <class T>
struct PixelTable {
  T values[256];
  float full;

  explicit PixelTable(float full_value) : full(full_value) {
    for (int p = 0; p < 256; ++p) values[p] = scaled(static_cast<float>(p));
  }
  T scaled(float p) const { return static_cast<T>(full != 0 ? p / full : p); }
  T value(std::uint8_t p) const { return values[p]; }
  T value(T x) const { return x; }
};

template <class S>
struct SparseLists {
  std::uint16_t* index;  // list n begins at [n * room]
  S* value;
  std::int32_t* count;
  long room;
};

// Lists are filled up to whole quartets with (0, 0), so that loops over them need no tail. Adding 0 times a row changes nothing,
// or brings out a NaN that the dense product would have too.
constexpr int quartet = 4;

template <class S>
ZEROKARA_INLINE int filled_up(std::uint16_t* index, S* value, int count) {
  for (int k = 0; k < quartet; ++k) {
    index[count + k] = 0;
    value[count + k] = 0;
  }
  return (count + quartet - 1) / quartet * quartet;
}

// Lists are written up to a vector of bytes at a time, and may be overrun by that much.
constexpr long list_slack = 64;

// One bit for each of 64 bytes: is it not 0?
ZEROKARA_INLINE std::uint64_t nonzero_bits(const std::uint8_t* bytes) {
  std::uint64_t zero = 0;
#if defined(__AVX2__)
  for (int k = 0; k < 2; ++k) {
    const __m256i part = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32 * k));
    const int bits = _mm256_movemask_epi8(_mm256_cmpeq_epi8(part, _mm256_setzero_si256()));
    zero |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(bits)) << (32 * k);
  }
#elif defined(__SSE2__)
  for (int k = 0; k < 4; ++k) {
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * k));
    const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(part, _mm_setzero_si128()));
    zero |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(bits)) << (16 * k);
  }
#else
  for (int k = 0; k < 64; ++k) zero |= static_cast<std::uint64_t>(bytes[k] == 0) << k;
#endif
  return ~zero;
}

// Writes the list of one row of pixels; returns its length.
template <class T>
int list_row(const std::uint8_t* row, long features, const PixelTable<T>&, std::uint16_t* index, std::uint8_t* value) {
  int count = 0;
  for (long base = 0; base < features; base += 64) {
    const long left = features - base;
    std::uint8_t tail[64] = {};
    if (left < 64) std::memcpy(tail, row + base, left);
    for (std::uint64_t bits = nonzero_bits(left < 64 ? tail : row + base); bits != 0; bits &= bits - 1) {
      const long i = base + __builtin_ctzll(bits);
      index[count] = static_cast<std::uint16_t>(i);
      value[count++] = row[i];
    }
  }
  return filled_up(index, value, count);
}

template <class T, class Pixel>
int list_row(const Pixel* row, long features, const PixelTable<T>& table, std::uint16_t* index, T* value) {
  int count = 0;
  for (long i = 0; i < features; ++i) {
    const T x = table.scaled(static_cast<float>(row[i]));
    index[count] = static_cast<std::uint16_t>(i);
    value[count] = x;
    count += x != 0;  // NaN is not 0
  }
  return filled_up(index, value, count);
}

// The first position in an ascending list that is not below `bound`.
inline int position_of(const std::uint16_t* index, int count, long bound) {
  int low = 0;
  while (low < count) {
    const int middle = (low + count) / 2;
    if (index[middle] < bound) {
      low = middle + 1;
    } else {
      count = middle;
    }
  }
  return low;
}

// The lists of pixels [begin, end) from the lists of all `samples` rows.
template <class S>
void list_columns(const SparseLists<S>& rows, long samples, long begin, long end, const SparseLists<S>& columns) {
  for (long i = begin; i < end; ++i) columns.count[i] = 0;
  for (long n = 0; n < samples; ++n) {
    const std::uint16_t* index = rows.index + n * rows.room;
    const S* value = rows.value + n * rows.room;
    // Where a row was filled up with zeros, the indices there no longer ascend.
    int count = rows.count[n];
    while (count > 0 && value[count - 1] == 0) --count;
    const int first = position_of(index, count, begin), last = position_of(index, count, end);
    for (int k = first; k < last; ++k) {
      const long i = index[k], slot = i * columns.room + columns.count[i]++;
      columns.index[slot] = static_cast<std::uint16_t>(n);
      columns.value[slot] = value[k];
    }
  }
  for (long i = begin; i < end; ++i) {
    columns.count[i] = filled_up(columns.index + i * columns.room, columns.value + i * columns.room, columns.count[i]);
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
