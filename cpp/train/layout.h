// How matrices lie in memory inside a call.
//
// Activations: one row per sample, units padded to whole vectors, so that no loop has a remainder and an element is computed by the
// same instructions wherever it stands; rows an odd number of cache lines apart, so that the rows of a wide layer do not all fall
// into the same few cache sets.
// Weights: cut into panels of a few vectors of output units; a panel holds its part of row 0, of row 1, ... without a gap, so
// that a kernel which keeps a panel's sums in registers walks straight through memory.
// Padding lanes hold zeros and stay zero under every update.
#pragma once

#include "runtime/simd.h"
#include "runtime/team.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// How many vectors wide a panel may be: with four sums each (sparse_products.h) they must fit the registers.
constexpr int widest_panel = vector_bytes == 64 ? 4 : 2;

template <class T>
long vectors_for(long units) {
  return (units + lanes<T> - 1) / lanes<T>;
}

template <class T>
long row_stride(long units) {
  constexpr long line = 64 / sizeof(T);
  const long lines = (vectors_for<T>(units) * lanes<T> + line - 1) / line;
  return (lines | 1) * line;
}

struct Panel {
  long lane;  // its first output unit
  int width;  // in vectors
};

// The panels of `units` outputs that one member of a team owns: its share of the vectors, cut as evenly as can be.
template <class T>
class Panels {
 public:
  Panels(long units, int rank, int size) {
    const Share mine = share(vectors_for<T>(units), rank, size);
    first_ = mine.begin;
    count_ = mine.end - mine.begin;
    pieces_ = (count_ + widest_panel - 1) / widest_panel;
  }
  int size() const { return static_cast<int>(pieces_); }
  Panel operator[](int piece) const {
    const Share part = share(count_, piece, size());
    return {(first_ + part.begin) * lanes<T>, static_cast<int>(part.end - part.begin)};
  }

 private:
  long first_, count_, pieces_;
};

// Calls `body` with the panel's width as a compile-time constant: body(Width<2>{}).
template <int width>
struct Width {
  static constexpr int value = width;
};
template <class Body>
ZEROKARA_INLINE void with_width(int width, const Body& body) {
  static_assert(widest_panel == 2 || widest_panel == 4);
  if constexpr (widest_panel == 4) {
    if (width == 4) return body(Width<4>{});
    if (width == 3) return body(Width<3>{});
  }
  if (width == 2) return body(Width<2>{});
  body(Width<1>{});
}

// Between the caller's C-ordered (rows, units) and one panel of it.
template <class T>
void pack(const T* from, long rows, long units, Panel panel, T* to) {
  const long stride = panel.width * lanes<T>;
  const long used = units - panel.lane < stride ? units - panel.lane : stride;
  for (long i = 0; i < rows; ++i) std::memcpy(to + i * stride, from + i * units + panel.lane, used * sizeof(T));
}
template <class T>
void unpack(const T* from, long rows, long units, Panel panel, T* to) {
  const long stride = panel.width * lanes<T>;
  const long used = units - panel.lane < stride ? units - panel.lane : stride;
  for (long i = 0; i < rows; ++i) std::memcpy(to + i * units + panel.lane, from + i * stride, used * sizeof(T));
}

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
