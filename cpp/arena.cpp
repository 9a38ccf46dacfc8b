#include "arena.h"

#include <cstdint>
#include <cstdlib>
#include <new>

namespace zerokara {

Arena::~Arena() {
  for (void* block : blocks_) std::free(block);
}

void* Arena::zeroed(std::size_t bytes) {
  constexpr std::size_t line = 64;
  // calloc, because the zeros of a large block cost nothing until they are touched.
  void* block = std::calloc(bytes + line, 1);
  if (block == nullptr) throw std::bad_alloc();
  blocks_.push_back(block);
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  return reinterpret_cast<void*>((address + line - 1) / line * line);
}

}  // namespace zerokara
