// Python's lock (the GIL): work without it, and a way back to it that is safe while Python ends.
//
// A thread that wants the lock when Python has begun to end never gets it. Python 3.14 lets it hang; older ones end it by
// pthread_exit, which with glibc unwinds its frames as an exception would. On the way lie functions and destructors that must not
// throw, nanobind's and ours, and a Team whose threads have not been joined: std::terminate, and "Aborted" instead of an exit
// status. Later still, what belongs to the thread in Python has been freed. So such a thread does not ask, or is
// stopped where it asks, and hangs as in 3.14. Nobody waits for it; and since its frames are never left, whatever it and its team
// still read and write is kept alive.
#pragma once

namespace zerokara {

// While it lives, other threads of Python run.
class WithoutPythonLock {
 public:
  WithoutPythonLock();
  ~WithoutPythonLock();
  WithoutPythonLock(const WithoutPythonLock&) = delete;
  WithoutPythonLock& operator=(const WithoutPythonLock&) = delete;

 private:
  void* state_;
};

// Runs Python's signal handlers; true if one raised. The exception stays set until the call ends. Asked without the lock, by
// the thread that gave it away.
bool signal_raised();

// To be called with the lock as one of the last things before Python ends, by the thread that ends it. When it returns, no other
// thread is on its way back to the lock, and for some seconds none sets out.
void keep_others_out();

}  // namespace zerokara
