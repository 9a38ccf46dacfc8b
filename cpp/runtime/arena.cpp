#include "runtime/arena.h"

#include <cstdint>
#include <new>
#include <utility>

namespace zerokara {

namespace {

constexpr std::size_t line = 64;
constexpr std::size_t most_spare = std::size_t{16} << 20;

}  // namespace

Arena::Memory& Arena::spare() {
  static thread_local Memory memory;
  return memory;
}

// It is taken away rather than used in place, because a signal handler may ask for a gradient in the middle of this one.
Arena::Arena() : first_(std::exchange(spare(), Memory())) {}

Arena::~Arena() {
  // What one call took in several blocks, the next finds in one.
  if (taken_ > first_.size && taken_ <= most_spare) {
    first_ = Memory{Block(new (std::nothrow) char[taken_]), taken_};
    if (first_.block == nullptr) first_.size = 0;
  }
  if (first_.size > spare().size) spare() = std::move(first_);
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
