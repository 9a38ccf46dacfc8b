// The lists of nonzero pixels (sparse.h) that the updates of one call go through: by rows of this batch and the next, by
// columns of this batch.
#pragma once

#include "runtime/arena.h"
#include "runtime/level.h"
#include "train/sparse_bytes.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class T, class Pixel>
class BatchLists {
 public:
  using S = Stored<T, Pixel>;

  BatchLists(const AdvanceJob& job, const PixelTable<T>& table, const Bands& bands, int members, Arena& arena)
      : job_(job), table_(table), bands_(bands), features_(job.network.sizes[0]), batch_(job.batch_size) {
    for (Lists<S>& rows : rows_) rows = take_lists<S>(bands.all().end * batch_, Bands::widest, arena);
    columns_ = take_lists<S>(chunks() * features_, batch_ < chunk_samples ? batch_ : chunk_samples, arena);
    pixels_ = take<const Pixel*>(arena, members * (chunk_samples + rows_at_a_time));
    no_pixels_ = zeros<Pixel>(arena, features_);
  }

  // Of one sample of this update's batch, the pixels of a band.
  List<S> row(long update, long band, long n) const { return rows_[update % 2][band * batch_ + n]; }
  // Of one pixel, the samples of a chunk.
  List<S> column(long chunk, long i) const { return columns_[chunk * features_ + i]; }
  long chunks() const { return (batch_ + chunk_samples - 1) / chunk_samples; }
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
    for (long chunk = 0; chunk < chunks(); ++chunk) {
      const long begin = chunk * chunk_samples, left = batch_ - begin, samples = left < chunk_samples ? left : chunk_samples;
      const Lists<S> columns = columns_.from(chunk * features_);
      if constexpr (sizeof(Pixel) == 1) {
        if (can_list_bytes()) {
          const Pixel** pixels = pixels_ + rank * (chunk_samples + rows_at_a_time);
          for (long n = 0; n < samples + rows_at_a_time; ++n) pixels[n] = n < samples ? pixels_of(update, begin + n) : no_pixels_;
          list_columns_bytes(pixels, samples, bands_.pixels(bands), columns);
          continue;
        }
      }
      for (long band = bands.begin; band < bands.end; ++band)
        transpose_lists(rows_[update % 2].from(band * batch_ + begin), samples, bands_.pixels(band), columns);
    }
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
  Lists<S> rows_[2], columns_;
  const Pixel** pixels_;  // each member's own, of one chunk
  const Pixel* no_pixels_;
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
