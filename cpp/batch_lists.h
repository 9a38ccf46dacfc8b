// The lists of nonzero pixels (sparse.h) that the updates of one call go through: by rows of this batch and the next, by
// columns of this batch.
#pragma once

#include "layers.h"
#include "level.h"
#include "sparse_bytes.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class T, class Pixel>
class BatchLists {
 public:
  using S = Stored<T, Pixel>;

  BatchLists(const AdvanceJob& job, const PixelTable<T>& table, Arena& arena)
      : job_(job), table_(table), features_(job.network.sizes[0]), batch_(job.batch_size) {
    const Pixel* no_pixels = take<Pixel>(arena, features_);
    for (Turn& turn : turns_) {
      make_lists(turn.rows, batch_, features_, arena);
      turn.labels = take<std::int32_t>(arena, batch_);
      turn.pixels = take<const Pixel*>(arena, batch_ + rows_at_a_time);
      for (long n = 0; n < rows_at_a_time; ++n) turn.pixels[batch_ + n] = no_pixels;
    }
    make_lists(columns_, features_, batch_, arena);
  }

  const SparseLists<S>& rows(long update) const { return turns_[update % 2].rows; }
  const SparseLists<S>& columns() const { return columns_; }
  long label(long update, long n) const { return turns_[update % 2].labels[n]; }

  // Asks for the pixels and the label of a sample, so that they are in the cache when they are listed. Inlined by force: GCC
  // takes a function that only prefetches for one without effect, and drops its calls.
  __attribute__((always_inline)) void prefetch(long update, long n) const {
    const std::int64_t sample = job_.batches[update * batch_ + n];
    const long bytes = features_ * static_cast<long>(sizeof(Pixel));
    const char* row = static_cast<const char*>(job_.samples.pixels) + sample * bytes;
    __builtin_prefetch(job_.labels + sample);
    for (long at = 0; at < bytes; at += 64) __builtin_prefetch(row + at, 0, 2);
  }

  void list_rows(long update, Share samples) {
    Turn& turn = turns_[update % 2];
    for (long n = samples.begin; n < samples.end; ++n) {
      const std::int64_t sample = job_.batches[update * batch_ + n];
      turn.pixels[n] = static_cast<const Pixel*>(job_.samples.pixels) + sample * features_;
      turn.labels[n] = static_cast<std::int32_t>(job_.labels[sample]);
      const long at = n * turn.rows.room;
      turn.rows.count[n] = list_one(turn.pixels[n], features_, table_, turn.rows.index + at, turn.rows.value + at);
    }
  }

  // The share of one member of a team. Pixels are shared out in sixteens, which is what the byte lists are made of.
  void list_columns_of(long update, int rank, int size) {
    const Share mine = share((features_ + 15) / 16, rank, size);
    const long begin = mine.begin * 16, end = mine.end * 16 < features_ ? mine.end * 16 : features_;
    const Turn& turn = turns_[update % 2];
    if constexpr (sizeof(Pixel) == 1) {
      if (can_list_bytes()) return list_columns_bytes(turn.pixels, batch_, begin, end, columns_);
    }
    list_columns(turn.rows, batch_, begin, end, columns_);
  }

 private:
  struct Turn {
    SparseLists<S> rows;
    const Pixel** pixels;
    std::int32_t* labels;
  };

  static void make_lists(SparseLists<S>& lists, long count, long room, Arena& arena) {
    lists.room = (room + 2 * list_slack - 1) / list_slack * list_slack;  // so that each list begins on a cache line
    lists.index = take<std::uint16_t>(arena, count * lists.room);
    lists.value = take<S>(arena, count * lists.room);
    lists.count = take<std::int32_t>(arena, count);
  }

  const AdvanceJob& job_;
  const PixelTable<T>& table_;
  const long features_, batch_;
  Turn turns_[2];
  SparseLists<S> columns_;
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
