// The kernels that exist once per level (level.h), and the call that picks one.
#pragma once

#include "jobs.h"
#include "level.h"
#include "team.h"
#include "watch.h"

namespace zerokara {

#define ZEROKARA_DECLARE_KERNELS(build)                            \
  namespace build {                                                \
  long advance(const AdvanceJob& job, int threads, Watch& watch);  \
  void predict(const PredictJob& job, int threads, Watch& watch);  \
  }
ZEROKARA_DECLARE_KERNELS(baseline)
#ifdef ZEROKARA_X86_LEVELS
ZEROKARA_DECLARE_KERNELS(v3)
ZEROKARA_DECLARE_KERNELS(v4)
#endif
#undef ZEROKARA_DECLARE_KERNELS

// Does the updates of the job in place; returns how many were done before `watch` said stop.
inline long advance(Level level, const AdvanceJob& job, int threads, Watch& watch) {
#ifdef ZEROKARA_X86_LEVELS
  if (level == Level::v4) return v4::advance(job, threads, watch);
  if (level == Level::v3) return v3::advance(job, threads, watch);
#endif
  (void)level;
  return baseline::advance(job, threads, watch);
}

// Writes the scores, or the classes, of all samples; incomplete if `watch` said stop.
inline void predict(Level level, const PredictJob& job, int threads, Watch& watch) {
#ifdef ZEROKARA_X86_LEVELS
  if (level == Level::v4) return v4::predict(job, threads, watch);
  if (level == Level::v3) return v3::predict(job, threads, watch);
#endif
  (void)level;
  return baseline::predict(job, threads, watch);
}

}  // namespace zerokara
