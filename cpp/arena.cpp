#include "arena.h"

#include <cstdint>
#include <new>
#include <utility>

namespace zerokara {

namespace {

constexpr std::size_t line = 64;
constexpr std::size_t most_kept = std::size_t{16} << 20;

}  // namespace

Arena::Kept& Arena::kept() {
  static thread_local Kept memory;
  return memory;
}

// It is taken away rather than used in place, because a signal handler may ask for a gradient in the middle of this one.
Arena::Arena() : first_(std::exchange(kept(), Kept())) {}

Arena::~Arena() {
  if (taken_ > first_.size && taken_ <= most_kept) {
    first_ = Kept{Block(new (std::nothrow) char[taken_]), taken_};
    if (first_.block == nullptr) first_.size = 0;
  }
  if (first_.size > kept().size) kept() = std::move(first_);
}

void* Arena::take_bytes(std::size_t bytes) {
  const std::size_t room = (bytes / line + 2) * line, start = taken_;
  taken_ += room;
  if (taken_ > first_.size) more_.emplace_back(new char[room]);
  char* block = taken_ > first_.size ? more_.back().get() : first_.block.get() + start;
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  return block + (line - address % line) % line;
}

}  // namespace zerokara
