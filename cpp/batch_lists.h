// The lists of nonzero pixels (sparse.h) that the updates of one call go through: by rows of this batch and the next, by
// columns of this batch.
#pragma once

#include "arena.h"
#include "level.h"
#include "sparse_bytes.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class T, class Pixel>
class BatchLists {
 public:
  using S = Stored<T, Pixel>;

  BatchLists(const AdvanceJob& job, const PixelTable<T>& table, const Bands& bands, int members, Arena& arena)
      : job_(job), table_(table), bands_(bands), features_(job.network.sizes[0]), batch_(job.batch_size) {
    for (RowLists<S>& rows : rows_) rows = take_lists<std::uint8_t, S>(bands.all().end * batch_, Bands::widest, arena);
    columns_ = take_lists<std::uint16_t, S>(features_, batch_, arena);
    pixels_ = take<const Pixel*>(arena, members * (batch_ + rows_at_a_time));
    no_pixels_ = take<Pixel>(arena, features_);
  }

  // Of one sample of this update's batch, the pixels of a band.
  List<std::uint8_t, S> row(long update, long band, long n) const { return rows_[update % 2][band * batch_ + n]; }
  const ColumnLists<S>& columns() const { return columns_; }
  long label(long update, long n) const { return job_.labels[sample(update, n)]; }

  // Asks for these pixels and the label of a sample, so that they are in the cache when they are listed. Inlined by force: GCC
  // takes a function that only prefetches for one without effect, and drops its calls.
  __attribute__((always_inline)) void prefetch(long update, long n, Share pixels) const {
    const Pixel* row = pixels_of(update, n);
    __builtin_prefetch(job_.labels + sample(update, n));
    for (long i = pixels.begin; i < pixels.end; i += 64 / sizeof(Pixel)) __builtin_prefetch(row + i, 0, 3);
    __builtin_prefetch(row + pixels.end - 1, 0, 3);
  }

  void list_rows(long update, Share bands, Share samples) {
    for (long n = samples.begin; n < samples.end; ++n)
      list_sample(pixels_of(update, n), table_, bands_, bands, n, batch_, rows_[update % 2]);
  }

  void list_columns(long update, Share bands, int rank) {
    if constexpr (sizeof(Pixel) == 1) {
      if (can_list_bytes()) {
        const Pixel** pixels = pixels_ + rank * (batch_ + rows_at_a_time);
        for (long n = 0; n < batch_; ++n) pixels[n] = pixels_of(update, n);
        for (long n = 0; n < rows_at_a_time; ++n) pixels[batch_ + n] = no_pixels_;
        return list_columns_bytes(pixels, batch_, bands_.pixels(bands), columns_);
      }
    }
    for (long band = bands.begin; band < bands.end; ++band) turn_lists(rows_[update % 2], band, batch_, bands_.pixels(band), columns_);
  }

 private:
  std::int64_t sample(long update, long n) const { return job_.batches[update * batch_ + n]; }
  const Pixel* pixels_of(long update, long n) const {
    return static_cast<const Pixel*>(job_.samples.pixels) + sample(update, n) * features_;
  }

  const AdvanceJob& job_;
  const PixelTable<T>& table_;
  const Bands& bands_;
  const long features_, batch_;
  RowLists<S> rows_[2];
  ColumnLists<S> columns_;
  const Pixel** pixels_;     // each member's own
  const Pixel* no_pixels_;
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
