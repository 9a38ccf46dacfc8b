// Memory of one call, which the next call of the same thread takes over.
//
// Training by differences calls some thousand times a second, and to the operating system fresh pages are more work
// than the whole gradient of 784-50-10 is to us.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace zerokara {

class NumericalMemory {
 public:
  NumericalMemory();
  ~NumericalMemory();
  NumericalMemory(const NumericalMemory&) = delete;
  NumericalMemory& operator=(const NumericalMemory&) = delete;

  // `count` elements on a cache line of their own, with anything in them. Throws std::bad_alloc.
  template <class T>
  T* take(std::size_t count) {
    return static_cast<T*>(take_bytes(count * sizeof(T)));
  }

 private:
  using Block = std::unique_ptr<char[]>;
  struct Kept {
    Block block;
    std::size_t size = 0;
  };
  static Kept& kept();
  void* take_bytes(std::size_t bytes);

  Kept first_;
  std::vector<Block> more_;  // what first_ has no room for
  std::size_t taken_ = 0;
};

}  // namespace zerokara
