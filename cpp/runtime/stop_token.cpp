#include "runtime/stop_token.h"

#include <chrono>

namespace zerokara {

namespace {

constexpr std::int64_t interval_ns = 20'000'000;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

StopToken::StopToken(const std::uint8_t* stop, bool (*interrupted)())
    : stop_(stop), ask_(interrupted), next_ns_(now_ns() + interval_ns) {}

bool StopToken::stop_requested() {
  if (stopped_) return true;
  if (stop_ != nullptr && *stop_ != 0) return stopped_ = true;
  const std::int64_t now = now_ns();
  if (now < next_ns_) return false;
  next_ns_ = now + interval_ns;
  interrupted_ = ask_ != nullptr && ask_();
  return stopped_ = interrupted_;
}

}  // namespace zerokara
