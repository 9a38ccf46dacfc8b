#include "runtime/python_lock.h"

#include <Python.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace zerokara {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

// Others are kept out until then: longer than Python takes to end, but no deadlock where something else that is called at the end
// waits for a thread of ours.
constexpr auto kept_out = seconds(10);
constexpr auto most_wait = seconds(1);  // a child after fork counts threads that only its parent has

std::atomic<Clock::rep> closed_until{0};
std::atomic<std::thread::id> last_thread;
std::atomic<int> on_their_way{0};

bool closed() {
  const Clock::rep until = closed_until.load();
  return until != 0 && last_thread.load() != std::this_thread::get_id() && Clock::now().time_since_epoch().count() < until;
}

[[noreturn]] void hang() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

// What `acquire` returns, a function of Python's that waits for the lock. Where the lock never comes the thread ends here.
template <class Acquire>
auto acquired(Acquire acquire) {
  // In one total order with keep_others_out: either we see that it is closed, or it sees us and waits.
  on_their_way.fetch_add(1);
  while (closed()) {
    on_their_way.fetch_sub(1);
    std::this_thread::sleep_for(kept_out / 10);
    on_their_way.fetch_add(1);
  }
  if (!Py_IsInitialized()) hang();
  struct Arrival {
    ~Arrival() { on_their_way.fetch_sub(1); }
  } arrival;
  try {
    return acquire();
  } catch (...) {  // no exception, since C throws none, but pthread_exit. To leave this handler would abort, not end, the process.
    hang();
  }
}

}  // namespace

WithoutPythonLock::WithoutPythonLock() : state_(PyEval_SaveThread()) {}

WithoutPythonLock::~WithoutPythonLock() {
  acquired([this] { PyEval_RestoreThread(static_cast<PyThreadState*>(state_)); });
}

bool signal_raised() {
  const PyGILState_STATE before = acquired(PyGILState_Ensure);
  const bool raised = PyErr_CheckSignals() != 0;
  PyGILState_Release(before);
  return raised;
}

void keep_others_out() {
  last_thread.store(std::this_thread::get_id());
  closed_until.store((Clock::now() + kept_out).time_since_epoch().count());
  PyThreadState* state = PyEval_SaveThread();
  const auto deadline = Clock::now() + most_wait;
  while (on_their_way.load() > 0 && Clock::now() < deadline) std::this_thread::sleep_for(std::chrono::microseconds(100));
  PyEval_RestoreThread(state);
}

}  // namespace zerokara
