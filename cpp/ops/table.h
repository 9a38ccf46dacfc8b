// A table of operations. Each entry is a struct that says all there is to know of its operation, and stands in one place.
//
// Whoever needs an operation visits the table with its number. There is no case for "all others": a member that an entry lacks
// is a compile error wherever it is needed, and a number without an entry ends the process.
//
// An entry may have parameters, numbers that belong to its formula: their names, and take(values), which sets them. Without that
// it has those that training uses.
#pragma once

#include "runtime/simd.h"

namespace zerokara::ZEROKARA_BUILD {
namespace {

// A few names; those not given are null.
struct Names {
  const char* name[6];
  constexpr int count() const {
    int n = 0;
    while (n < 6 && name[n] != nullptr) ++n;
    return n;
  }
};

template <class Entry, class = void>
constexpr Names parameters_of = {};
template <class Entry>
constexpr Names parameters_of<Entry, decltype(void(Entry::parameters))> = Entry::parameters;

// The entry with these parameters; null: those of training.
template <class Entry>
ZEROKARA_INLINE Entry entry_with(const double* parameters) {
  Entry entry = {};
  if constexpr (parameters_of<Entry>.count() != 0)
    if (parameters != nullptr) entry.take(parameters);
  return entry;
}

template <class... Entries>
struct Table {
  // Calls body(Entry()) with the entry of this number.
  template <class Number, class Body>
  ZEROKARA_INLINE void visit(Number number, const Body& body) {
    visit(number, nullptr, body);
  }
  template <class Number, class Body>
  ZEROKARA_INLINE void visit(Number number, const double* parameters, const Body& body) {
    int at = 0;
    const bool found = ((at++ == static_cast<int>(number) && (body(entry_with<Entries>(parameters)), true)) || ...);
    if (!found) __builtin_trap();
  }
  // Calls body(Entry()) with each entry, in the order of their numbers.
  template <class Body>
  static void for_each(const Body& body) {
    (body(Entries()), ...);
  }
  // The same table, continued.
  template <class... More>
  static Table<Entries..., More...> and_also();
};

}  // namespace
}  // namespace zerokara::ZEROKARA_BUILD
