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

// Lists are written a vector of bytes at a time and may be overrun by that much.
constexpr long list_slack = 64;

// Writes the list of one row of pixels; returns its length.
template <class T>
int compress(const std::uint8_t* row, long features, const PixelTable<T>&, std::uint16_t* index, std::uint8_t* value) {
  int count = 0;
  const auto keep = [&](long i) {
    index[count] = static_cast<std::uint16_t>(i);
    value[count] = row[i];
    count += row[i] != 0;
  };
  long i = 0;
  for (; i + 8 <= features; i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, row + i, 8);
    if (eight == 0) continue;
    for (int k = 0; k < 8; ++k) keep(i + k);
  }
  for (; i < features; ++i) keep(i);
  return count;
}

template <class T, class Pixel>
int compress(const Pixel* row, long features, const PixelTable<T>& table, std::uint16_t* index, T* value) {
  int count = 0;
  for (long i = 0; i < features; ++i) {
    const T x = table.scaled(static_cast<float>(row[i]));
    index[count] = static_cast<std::uint16_t>(i);
    value[count] = x;
    count += x != 0;  // NaN is not 0
  }
  return count;
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

// The columns of pixels [begin, end) from all `samples` rows.
template <class S>
void turn(const SparseLists<S>& rows, long samples, long begin, long end, SparseLists<S>& columns) {
  for (long i = begin; i < end; ++i) columns.count[i] = 0;
  for (long n = 0; n < samples; ++n) {
    const std::uint16_t* index = rows.index + n * rows.room;
    const S* value = rows.value + n * rows.room;
    const int first = position_of(index, rows.count[n], begin), last = position_of(index, rows.count[n], end);
    for (int k = first; k < last; ++k) {
      const long i = index[k], slot = i * columns.room + columns.count[i]++;
      columns.index[slot] = static_cast<std::uint16_t>(n);
      columns.value[slot] = value[k];
    }
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
