#include "runtime/level.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "runtime/refusal.h"

namespace zerokara {

Level best_level() {
#ifdef ZEROKARA_X86_LEVELS
  // The features that the x86-64 psABI lists for v4 and v3, as far as they are not implied by one another in practice.
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return v4 ? Level::v4 : v3 ? Level::v3 : Level::baseline;
#else
  return Level::baseline;
#endif
}

Level chosen_level() {
  const char* asked = std::getenv("ZEROKARA_LEVEL");
  if (asked == nullptr || *asked == '\0') return best_level();
  for (Level level : {Level::baseline, Level::v3, Level::v4}) {
    if (std::string(asked) != name(level)) continue;
    if (level > best_level()) {
      throw Refusal("level-too-high", {{"got", std::string(asked)}, {"best", std::string(name(best_level()))}});
    }
    return level;
  }
  throw Refusal("level-unknown", {{"got", std::string(asked)}});
}

bool has_byte_compress() {
#ifdef ZEROKARA_X86_LEVELS
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512vbmi2");
#else
  return false;
#endif
}

const char* name(Level level) {
  switch (level) {
    case Level::v4: return "v4";
    case Level::v3: return "v3";
    case Level::baseline: return "baseline";
  }
  throw std::logic_error("not a level");
}

}  // namespace zerokara
