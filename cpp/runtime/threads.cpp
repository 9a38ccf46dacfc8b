#include "runtime/threads.h"

#include <atomic>
#include <exception>
#include <memory>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace zerokara {

namespace {

#if defined(__linux__)
// Moves new threads to other processors than their maker's. Linux puts a new or a woken thread beside the one that made or woke it
// when it takes the idle processors for occupied, as it does in many virtual machines; the two then take turns until the
// load is balanced, milliseconds later, which is longer than many a call.
class Placement {
 public:
  explicit Placement(int others) {
    known_ = sched_getaffinity(0, sizeof(free_), &free_) == 0;
    CPU_CLR(sched_getcpu(), &free_);
    one_each_ = CPU_COUNT(&free_) == others;
    known_ &= CPU_COUNT(&free_) >= others;
  }
  void place(std::thread& thread) {
    if (!known_) return;
    cpu_set_t set = free_;
    if (one_each_) {
      while (!CPU_ISSET(next_, &free_)) ++next_;
      CPU_ZERO(&set);
      CPU_SET(next_++, &set);
    }
    pthread_setaffinity_np(thread.native_handle(), sizeof(set), &set);
  }

 private:
  cpu_set_t free_;  // those the caller may use, without the one it is on
  bool known_, one_each_;
  int next_ = 0;
};
#else
struct Placement {
  explicit Placement(int) {}
  void place(std::thread&) {}
};
#endif

}  // namespace

std::vector<std::thread> start_threads(int count, const std::function<void(int rank)>& work) {
  std::vector<std::thread> threads;
  if (count < 1) return threads;
  threads.reserve(count);
  Placement placement(count);
  // Threads that end early wait for this: one that has ended has no number left, and 0, which stands in its place, would mean the
  // caller to the system.
  const auto placed = std::make_shared<std::atomic<bool>>(false);
  try {
    for (int rank = 1; rank <= count; ++rank) {
      threads.emplace_back([work, rank, placed] {
        work(rank);
        while (!*placed) std::this_thread::yield();
      });
      placement.place(threads.back());
    }
  } catch (const std::exception&) {
    // No thread or no memory for one: fewer hands, the same result.
  }
  *placed = true;
  return threads;
}

}  // namespace zerokara
