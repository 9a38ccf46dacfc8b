// A table of operations. Each entry is a struct that says all there is to know of its operation, and stands in one place.
//
// Whoever needs an operation visits the table with its number. There is no case for "all others": a member that an entry lacks
// is a compile error wherever it is needed, and a number without an entry ends the process.
#pragma once

#include "runtime/simd.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

template <class... Entries>
struct Table {
  // Calls body(Entry()) with the entry of this number.
  template <class Number, class Body>
  ZEROKARA_INLINE void visit(Number number, const Body& body) {
    int at = 0;
    const bool found = ((at++ == static_cast<int>(number) && (body(Entries()), true)) || ...);
    if (!found) __builtin_trap();
  }
  // Calls body(Entry()) with each entry, in the order of their numbers.
  template <class Body>
  static void for_each(const Body& body) {
    (body(Entries()), ...);
  }
};

// A few names; those not given are null.
struct Names {
  const char* name[6];
  constexpr int count() const {
    int n = 0;
    while (n < 6 && name[n] != nullptr) ++n;
    return n;
  }
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
