// Decides between two pieces of work whether to go on.
#pragma once

#include <cstdint>

namespace zerokara {

class StopToken {
 public:
  // `stop` is the caller's flag (may be null); `interrupted` answers whether a signal handler raised something. It is
  // asked at most every 20 ms, because it needs Python's lock.
  StopToken(const std::uint8_t* stop, bool (*interrupted)());

  // Only the calling thread (rank 0) may ask; it tells the others. Once true, always true.
  bool stop_requested();

  // Whether it was a signal, so that the binding raises what the handler raised.
  bool was_interrupted() const { return interrupted_; }

 private:
  const volatile std::uint8_t* stop_;
  bool (*ask_)();
  std::int64_t next_ns_;
  bool stopped_ = false;
  bool interrupted_ = false;
};

}  // namespace zerokara
