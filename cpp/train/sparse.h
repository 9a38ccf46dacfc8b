// Samples as lists of the pixels that are not zero: four of five MNIST pixels are.
//
// By rows (for the forward pass): for each band of pixels and each sample its pixels. By columns (for the gradient): for each chunk
// of samples and each pixel its samples. There is room for the worst case, so a list is written without counting first; what is
// not used is never touched.
#pragma once

#include "runtime/arena.h"
#include "train/jobs.h"
#include "runtime/simd.h"
#include "runtime/team.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// What a list keeps of a pixel: bytes as they are, floats converted.
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

// From what is stored to the network's input. The contract has float32(p) / float32(full) for a byte p. A float32 network sums
// the bytes themselves and divides the sum; a float64 network takes the values that float32 has.
template <class T>
struct PixelTable {
  T values[256];
  float full;

  explicit PixelTable(float full_value) : full(full_value) {
    for (int p = 0; p < 256; ++p) values[p] = scaled(static_cast<float>(p));
  }
  T scaled(float p) const { return static_cast<T>(full != 0 ? p / full : p); }

  // Four neighbours of a list, and what their sums are to be multiplied by.
  Four<T> four(const T* stored) const { return load_four(stored); }
  Four<T> four(const std::uint8_t* stored) const {
    if constexpr (sizeof(T) == sizeof(float)) return load_four_bytes(stored);
    return Four<T>{values[stored[0]], values[stored[1]], values[stored[2]], values[stored[3]]};
  }
  T factor(T) const { return 1; }
  T factor(std::uint8_t) const { return sizeof(T) == sizeof(float) && full != 0 ? 1 / full : 1; }
};

// Where the pixels come apart into two halves with as many nonzero pixels each, as the first samples have them: two members, a half
// each, then have as much to do. It depends on the data only, never on the team, since sums are taken by halves.
template <class Pixel>
long balanced_split(const SamplesView& samples, long features) {
  const long looked_at = samples.count < 64 ? samples.count : 64;
  const Pixel* pixels = static_cast<const Pixel*>(samples.pixels);
  const auto nonzero = [&](long i) {
    long count = 0;
    for (long n = 0; n < looked_at; ++n) count += pixels[n * features + i] != 0;
    return count;
  };
  long low = 0, high = features, below = 0, above = 0;
  while (low < high) {
    if (below <= above) {
      below += nonzero(low++);
    } else {
      above += nonzero(--high);
    }
  }
  return low;
}

// Pixels are gone through in bands: the rows of a panel of W1 that belong to a band stay in the first-level cache while all
// samples pass. A pixel's place in its band fits a byte. Two halves of the pixels can be gone through by two members of a team.
class Bands {
 public:
  static constexpr long widest = 208;

  Bands(long features, long split, Arena& arena) {
    const Share halves[2] = {{0, split}, {split, features}};
    for (int half = 0; half < 2; ++half) first_[half + 1] = first_[half] + bands_for(halves[half]);
    begin_ = take<long>(arena, first_[2] + 1);
    begin_[first_[2]] = features;
    for (int half = 0; half < 2; ++half) {
      const Share pixels = halves[half];
      const int bands = static_cast<int>(bands_for(pixels));
      for (int k = 0; k < bands; ++k) begin_[first_[half] + k] = pixels.begin + share(pixels.end - pixels.begin, k, bands).begin;
    }
  }
  // The bands of these halves, of which there are two.
  Share of(Share halves) const { return {first_[halves.begin], first_[halves.end]}; }
  Share all() const { return of({0, 2}); }
  Share pixels(Share bands) const { return {begin_[bands.begin], begin_[bands.end]}; }
  Share pixels(long band) const { return pixels({band, band + 1}); }

 private:
  // At least one, which may be empty.
  static long bands_for(Share pixels) {
    const long bands = (pixels.end - pixels.begin + widest - 1) / widest;
    return bands > 1 ? bands : 1;
  }

  long first_[3] = {};
  long* begin_;
};

// Samples are gone through in chunks for the same reasons.
constexpr long chunk_samples = 128;

// What is summed over: value[k] times row index[k], for each k.
template <class S>
struct List {
  std::uint8_t* index;
  S* value;
  int count;
};

template <class S>
struct Lists {
  std::uint8_t* index;
  S* value;
  std::int32_t* count;
  long room;  // for each list

  List<S> operator[](long at) const { return {index + at * room, value + at * room, count[at]}; }
  Lists from(long at) const { return {index + at * room, value + at * room, count + at, room}; }
};

// Lists are filled up to whole quartets with (0, 0), so that loops over them need no tail. Adding 0 times a row changes nothing,
// or brings out a NaN that the dense product would have too.
constexpr int quartet = 4;

template <class S>
ZEROKARA_INLINE int filled_up(std::uint8_t* index, S* value, int count) {
  for (int k = 0; k < quartet; ++k) {
    index[count + k] = 0;
    value[count + k] = 0;
  }
  return (count + quartet - 1) / quartet * quartet;
}

// Lists are written up to a vector of bytes at a time, and may be overrun by that much.
constexpr long list_slack = 64;

template <class S>
Lists<S> take_lists(long number, long longest, Arena& arena) {
  Lists<S> lists;
  lists.room = (longest + 2 * list_slack - 1) / list_slack * list_slack;  // so that each list begins on a cache line
  lists.index = take<std::uint8_t>(arena, number * lists.room);
  lists.value = take<S>(arena, number * lists.room);
  lists.count = take<std::int32_t>(arena, number);
  return lists;
}

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

// Writes the list of these pixels of one sample; returns its length.
template <class T>
int list_pixels(const std::uint8_t* pixels, long number, const PixelTable<T>&, std::uint8_t* index, std::uint8_t* value) {
  int count = 0;
  for (long base = 0; base < number; base += 64) {
    const long left = number - base;
    std::uint8_t tail[64] = {};
    if (left < 64) std::memcpy(tail, pixels + base, left);
    for (std::uint64_t bits = nonzero_bits(left < 64 ? tail : pixels + base); bits != 0; bits &= bits - 1) {
      const long i = base + __builtin_ctzll(bits);
      index[count] = static_cast<std::uint8_t>(i);
      value[count++] = pixels[i];
    }
  }
  return filled_up(index, value, count);
}

template <class T, class Pixel>
int list_pixels(const Pixel* pixels, long number, const PixelTable<T>& table, std::uint8_t* index, T* value) {
  int count = 0;
  for (long i = 0; i < number; ++i) {
    const T x = table.scaled(static_cast<float>(pixels[i]));
    index[count] = static_cast<std::uint8_t>(i);
    value[count] = x;
    count += x != 0;  // NaN is not 0
  }
  return filled_up(index, value, count);
}

// The lists by columns of these pixels, a band, from those of the same samples by rows.
template <class S>
void transpose_lists(const Lists<S>& rows, long samples, Share pixels, const Lists<S>& columns) {
  for (long i = pixels.begin; i < pixels.end; ++i) columns.count[i] = 0;
  for (long n = 0; n < samples; ++n) {
    const List<S> row = rows[n];
    for (int k = 0; k < row.count && row.value[k] != 0; ++k) {  // a list ends with the zeros it was filled up with
      const long i = pixels.begin + row.index[k];
      const List<S> column = columns[i];
      column.index[column.count] = static_cast<std::uint8_t>(n);
      column.value[column.count] = row.value[k];
      ++columns.count[i];
    }
  }
  for (long i = pixels.begin; i < pixels.end; ++i) columns.count[i] = filled_up(columns[i].index, columns[i].value, columns.count[i]);
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
