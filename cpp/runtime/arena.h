// Memory of one call, which the next call of the same thread takes over.
//
// A call may be worth less than a millisecond, and to the operating system fresh pages are more work than the whole numerical
// gradient of 784-50-10 is to us.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

namespace zerokara {

// All of it is defined in arena.cpp, because kernels include this (level.h).
class Arena {
 public:
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `bytes` on a cache line of their own, with anything in them. Throws std::bad_alloc.
  void* take_bytes(std::size_t bytes);

 private:
  using Block = std::unique_ptr<char[]>;
  struct Memory {
    Block block;
    std::size_t size = 0;
  };
  static Memory& spare();  // of this thread, between its calls

  Memory first_;
  std::vector<Block> more_;  // what first_ has no room for
  std::size_t taken_ = 0;
};

namespace {

// `count` elements with anything in them, or zeros.
template <class T>
T* take(Arena& arena, long count) {
  return static_cast<T*>(arena.take_bytes(static_cast<std::size_t>(count) * sizeof(T)));
}
template <class T>
T* zeros(Arena& arena, long count) {
  void* all = arena.take_bytes(static_cast<std::size_t>(count) * sizeof(T));
  return static_cast<T*>(std::memset(all, 0, static_cast<std::size_t>(count) * sizeof(T)));
}

}  // namespace

}  // namespace zerokara
