// Memory for one call: aligned, zeroed, freed together.
#pragma once

#include <cstddef>
#include <vector>

namespace zerokara {

class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `bytes` of zeros on a cache line of their own. Throws std::bad_alloc.
  void* zeroed(std::size_t bytes);

 private:
  std::vector<void*> blocks_;
};

namespace {

template <class T>
T* take(Arena& arena, long count) {
  return static_cast<T*>(arena.zeroed(static_cast<std::size_t>(count) * sizeof(T)));
}

}  // namespace

}  // namespace zerokara
