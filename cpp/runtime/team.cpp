#include "runtime/team.h"

#include <algorithm>

#include "runtime/threads.h"

namespace zerokara {

namespace {

// Long enough for a barrier between threads that run (a few microseconds), short enough to lose little where
// they take turns on one core.
constexpr int spins_before_sleep = 1000;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Team::Team(int threads) {
  if (threads <= 1) return;
  // A member that starts early waits in its first barrier, which counts the members there will be. So the size
  // is fixed only once we know how many threads we got, and until then nobody may enter.
  others_ = start_threads(threads - 1, [this](int rank) { serve(rank); });
  size_ = 1 + static_cast<int>(others_.size());
  {
    std::lock_guard<std::mutex> lock(sleep_mutex_);
    epoch_.store(1);
  }
  wake_up_.notify_all();
}

Team::~Team() {
  closing_ = true;  // a plain bool: the barrier orders it
  barrier();
  for (auto& thread : others_) thread.join();
}

void Team::run(Work work, void* context) {
  work_ = work;
  context_ = context;
  barrier();
  work(*this, 0, context);
  barrier();
}

void Team::serve(int rank) {
  wait_until_after(0);
  for (;;) {
    barrier();
    if (closing_) return;
    work_(*this, rank, context_);
    barrier();
  }
}

void Team::barrier() {
  if (size_ == 1) return;
  // The epoch cannot change before this member has arrived, so no order is needed to read it. Arriving releases what this member
  // wrote; the last to arrive acquires what all wrote, and hands it on with the new epoch, which the others acquire.
  const unsigned epoch = epoch_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);  // nobody looks at it before the new epoch
    epoch_.store(epoch + 1);
    // In one total order: either a sleeper sees the new epoch, or we see the sleeper.
    if (sleeping_.load() > 0) {
      { std::lock_guard<std::mutex> lock(sleep_mutex_); }
      wake_up_.notify_all();
    }
    return;
  }
  const bool caller = std::this_thread::get_id() == caller_;
  const auto began = caller ? Clock::now() : Clock::time_point();
  wait_until_after(epoch);
  if (caller) waited_ += Clock::now() - began;
}

void Team::wait_until_after(unsigned epoch) {
  for (int spin = 0; spin < spins_before_sleep; ++spin) {
    if (epoch_.load(std::memory_order_acquire) != epoch) return;
    pause();
  }
  sleep_until_after(epoch);
}

void Team::sleep_until_after(unsigned epoch) {
  sleeping_.fetch_add(1);
  {
    std::unique_lock<std::mutex> lock(sleep_mutex_);
    wake_up_.wait(lock, [&] { return epoch_.load() != epoch; });
  }
  sleeping_.fetch_sub(1);
}

double Team::idle_share() const {
  const auto lived = Clock::now() - made_;
  return std::chrono::duration<double>(waited_) / std::chrono::duration<double>(lived);
}

namespace {

constexpr int most_calls_alone = 16;
std::atomic<int> calls_left_alone{0}, next_calls_alone{1};

}  // namespace

int threads_worth_using(int threads) {
  if (threads == 1 || calls_left_alone.load() <= 0) return threads;
  calls_left_alone.fetch_sub(1);
  return 1;
}

void note_idle_time(const Team& team) {
  if (team.size() == 1) return;
  const int calls = next_calls_alone.load();
  const bool idle = team.idle_share() > 0.5;
  if (idle) calls_left_alone.store(calls);
  next_calls_alone.store(idle ? std::min(2 * calls, most_calls_alone) : 1);
}

}  // namespace zerokara
