// Threads beside the calling one.
#pragma once

#include <functional>
#include <thread>
#include <vector>

namespace zerokara {

// Starts `count` threads that call work(rank), with ranks from 1 on; fewer if the system refuses one. Where they fit, they start on
// other processors than the caller's.
std::vector<std::thread> start_threads(int count, const std::function<void(int rank)>& work);

}  // namespace zerokara
