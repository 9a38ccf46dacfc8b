// A team of threads for the length of one call.
//
// Threads are made per call and joined at its end: a call is worth milliseconds, making a thread some ten
// microseconds, and nothing is left over that a fork, an exit or a second calling thread could trip on.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace zerokara {

class Team {
 public:
  // Work for one member. Must not throw. `rank` counts from 0, which is the calling thread.
  using Work = void (*)(Team& team, int rank, void* context);

  // Makes a team of `threads` (at least 1). If the system refuses a thread the team is smaller; results
  // never depend on the size of a team, so that costs only time.
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }

  // Every member does `work` once; returns when all are done. Call it from the thread that made the team, any number
  // of times.
  void run(Work work, void* context);

  // Inside `run`: waits until every member has come here. What was written before is visible after.
  // Waits by spinning for some microseconds and then sleeps: on a machine that is busy with other work, a sleeper is
  // given a core as soon as it has something to do, while one that goes on spinning uses up its time.
  void barrier();

  // The share of the time since the team was made that the calling thread waited for the others.
  double idle_share() const;

 private:
  using Clock = std::chrono::steady_clock;

  void serve(int rank);
  void wait_until_after(unsigned epoch);
  void sleep_until_after(unsigned epoch);

  int size_ = 1;
  Work work_ = nullptr;
  void* context_ = nullptr;
  const std::thread::id caller_ = std::this_thread::get_id();
  const Clock::time_point made_ = Clock::now();
  Clock::duration waited_{0};
  // Each on its own cache line: the members write `arrived_` while others spin on `epoch_`.
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<unsigned> epoch_{0};
  std::atomic<int> sleeping_{0};
  std::mutex sleep_mutex_;
  std::condition_variable wake_up_;
  bool closing_ = false;
  std::vector<std::thread> others_;
};

// How many threads to use for a call, when as many as `threads` may be used. Where other work keeps the cores, members of a
// team wait for each other most of the time and one thread alone is faster; so after a team that waited more than it
// worked, the next call of the process goes alone before a team is tried again; two calls if that waits too, then four, and so on.
// Results are the same either way.
int threads_worth_using(int threads);
void note_idle_time(const Team& team);

// The part [begin, end) of `count` things that falls to one member: as even as can be, in order of rank.
struct Share {
  long begin, end;
};
inline Share share(long count, int rank, int size) {
  return {count * rank / size, count * (rank + 1) / size};
}

}  // namespace zerokara
