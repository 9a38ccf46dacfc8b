// The kernels that exist once per level (level.h), and the call that picks one.
#pragma once

#include "train/jobs.h"
#include "runtime/level.h"
#include "runtime/team.h"
#include "runtime/stop_token.h"

namespace zerokara {

#define ZEROKARA_DECLARE_KERNELS(build)                            \
  namespace build {                                                \
  long advance(const AdvanceJob& job, int threads, StopToken& stop_token);  \
  void predict(const PredictJob& job, int threads, StopToken& stop_token);  \
  }
ZEROKARA_DECLARE_KERNELS(baseline)
#ifdef ZEROKARA_X86_LEVELS
ZEROKARA_DECLARE_KERNELS(v3)
ZEROKARA_DECLARE_KERNELS(v4)
#endif
#undef ZEROKARA_DECLARE_KERNELS

// Does the updates of the job in place; returns how many were done before `stop_token` said stop.
inline long advance(Level level, const AdvanceJob& job, int threads, StopToken& stop_token) {
#ifdef ZEROKARA_X86_LEVELS
  if (level == Level::v4) return v4::advance(job, threads, stop_token);
  if (level == Level::v3) return v3::advance(job, threads, stop_token);
#endif
  (void)level;
  return baseline::advance(job, threads, stop_token);
}

// Writes the scores, or the classes, of all samples; incomplete if `stop_token` said stop.
inline void predict(Level level, const PredictJob& job, int threads, StopToken& stop_token) {
#ifdef ZEROKARA_X86_LEVELS
  if (level == Level::v4) return v4::predict(job, threads, stop_token);
  if (level == Level::v3) return v3::predict(job, threads, stop_token);
#endif
  (void)level;
  return baseline::predict(job, threads, stop_token);
}

}  // namespace zerokara
