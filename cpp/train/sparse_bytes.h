// The lists of sparse.h for byte pixels, by the byte compress of AVX-512 VBMI2: sixty-four pixels in a few instructions.
//
// VBMI2 is not part of x86-64-v4, so it is asked for at run time (has_byte_compress in level.h). The lists are the same.
#pragma once

#include "runtime/level.h"
#include "train/sparse.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

constexpr long rows_at_a_time = 64;  // how many rows are transposed into columns together

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD

#if defined(__AVX512BW__)

#define ZEROKARA_VBMI2 __attribute__((target("avx512vbmi2")))

namespace zerokara::ZEROKARA_BUILD {
namespace {

alignas(64) constexpr std::uint8_t first_64[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

// Appends those of 64 bytes that are not 0, with their positions counted from `base`; returns how many.
ZEROKARA_VBMI2 inline int append_nonzero(__m512i bytes, long base, std::uint8_t* index, std::uint8_t* value) {
  const __mmask64 nonzero = _mm512_test_epi8_mask(bytes, bytes);
  const __m512i positions = _mm512_maskz_compress_epi8(nonzero, _mm512_load_si512(first_64));
  _mm512_storeu_si512(value, _mm512_maskz_compress_epi8(nonzero, bytes));
  _mm512_storeu_si512(index, _mm512_add_epi8(positions, _mm512_set1_epi8(static_cast<char>(base))));
  return static_cast<int>(__builtin_popcountll(nonzero));
}
ZEROKARA_VBMI2 __attribute__((always_inline)) inline int list_bytes(const std::uint8_t* pixels, long number, std::uint8_t* index,
                                                                     std::uint8_t* value) {
  int count = 0;
  long base = 0;
  for (; base + 64 <= number; base += 64) {
    count += append_nonzero(_mm512_loadu_si512(pixels + base), base, index + count, value + count);
  }
  if (base < number) {
    // The last vector is read up to the end, not beyond it: what lies there is another sample, and not in the cache.
    const long rest = number - base, begin = number < 64 ? 0 : number - 64;
    const __mmask64 there = number < 64 ? (std::uint64_t(1) << rest) - 1 : ~std::uint64_t(0) << (64 - rest);
    count += append_nonzero(_mm512_maskz_loadu_epi8(there, pixels + begin), begin, index + count, value + count);
  }
  return filled_up(index, value, count);
}

// Sixteen bytes from each of 64 rows, to 64 bytes of each of sixteen columns. Vector r gathers rows r, 16 + r, 32 + r, 48 + r;
// each round of interleaving rotates the address bits (row, column) by one, so four rounds exchange them.
// `read(n)` gives the sixteen bytes of row n.
template <class Read>
ZEROKARA_INLINE void gather_columns(const Read& read, __m512i* columns) {
  __m512i even[16], odd[16];
#pragma GCC unroll 16
  for (int r = 0; r < 16; ++r) {
    __m512i all = _mm512_castsi128_si512(read(r));
    all = _mm512_inserti32x4(all, read(16 + r), 1);
    all = _mm512_inserti32x4(all, read(32 + r), 2);
    even[r] = _mm512_inserti32x4(all, read(48 + r), 3);
  }
  const auto interleave = [](const __m512i* from, __m512i* to) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int r = 0; r < 8; ++r) {
      to[2 * r] = _mm512_unpacklo_epi8(from[r], from[r + 8]);
      to[2 * r + 1] = _mm512_unpackhi_epi8(from[r], from[r + 8]);
    }
  };
  interleave(even, odd);
  interleave(odd, even);
  interleave(even, odd);
  interleave(odd, columns);
}

// The lists by columns of these pixels, straight from the pixels of at most chunk_samples samples. Behind the last row there must be
// pointers to rows of zeros, up to a whole number of rows_at_a_time.
ZEROKARA_VBMI2 inline void list_columns_bytes(const std::uint8_t* const* rows, long samples, Share pixels,
                                              const Lists<std::uint8_t>& columns) {
  for (long i = pixels.begin; i < pixels.end; i += 16) {
    const int width = pixels.end - i < 16 ? static_cast<int>(pixels.end - i) : 16;
    const __mmask16 there = static_cast<__mmask16>((1u << width) - 1);
    int count[16] = {};
    for (long n = 0; n < samples; n += rows_at_a_time) {
      __m512i bytes[16];
      if (width == 16) {
        gather_columns([&](int r) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[n + r] + i)); }, bytes);
      } else {
        gather_columns([&](int r) { return _mm_maskz_loadu_epi8(there, rows[n + r] + i); }, bytes);
      }
      for (int c = 0; c < width; ++c) {
        const List<std::uint8_t> column = columns[i + c];
        count[c] += append_nonzero(bytes[c], n, column.index + count[c], column.value + count[c]);
      }
    }
    for (int c = 0; c < width; ++c) columns.count[i + c] = filled_up(columns[i + c].index, columns[i + c].value, count[c]);
  }
}

// The lists of one sample by rows, for these bands; `lists` begins at this sample's.
ZEROKARA_VBMI2 inline void list_sample_bytes(const std::uint8_t* row, const Bands& all, Share bands, long samples,
                                             const Lists<std::uint8_t>& lists) {
  for (long band = bands.begin; band < bands.end; ++band) {
    const Share pixels = all.pixels(band);
    const List<std::uint8_t> list = lists[band * samples];
    lists.count[band * samples] = list_bytes(row + pixels.begin, pixels.end - pixels.begin, list.index, list.value);
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD

#else  // never called, because has_byte_compress is asked first

namespace zerokara::ZEROKARA_BUILD {
namespace {

inline void list_sample_bytes(const std::uint8_t*, const Bands&, Share, long, const Lists<std::uint8_t>&) {}
inline void list_columns_bytes(const std::uint8_t* const*, long, Share, const Lists<std::uint8_t>&) {}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD

#endif

namespace zerokara::ZEROKARA_BUILD {
namespace {

inline bool can_list_bytes() {
  static const bool can = vector_bytes == 64 && has_byte_compress();
  return can;
}

// The lists of sample n of `samples`, by the best way there is: band b's stands at [b * samples + n].
template <class T, class Pixel, class S>
void list_sample(const Pixel* row, const PixelTable<T>& table, const Bands& all, Share bands, long n, long samples, const Lists<S>& lists) {
  if constexpr (sizeof(Pixel) == 1) {
    if (can_list_bytes()) return list_sample_bytes(row, all, bands, samples, lists.from(n));
  }
  for (long band = bands.begin; band < bands.end; ++band) {
    const Share pixels = all.pixels(band);
    const List<S> list = lists[band * samples + n];
    lists.count[band * samples + n] = list_pixels(row + pixels.begin, pixels.end - pixels.begin, table, list.index, list.value);
  }
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
