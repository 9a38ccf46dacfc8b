// Which of the builds of a kernel this processor may run.
//
// Kernels are compiled once per level, each in a namespace of its own (ZEROKARA_BUILD, given by CMake), and the
// binding calls the one that `chosen_level` names:
//
//     namespace zerokara::ZEROKARA_BUILD { void kernel(...); }
//
// Such a file must not use templates or inline functions of the standard library that may be emitted out of line: the linker
// keeps one copy, which might be the one an older processor cannot run. Its own helpers stand in an unnamed namespace.
#pragma once

namespace zerokara {

enum class Level { baseline, v3, v4 };

// The best level of this machine, or the one that the environment variable ZEROKARA_LEVEL asks for (v4, v3,
// baseline; read at every call). Throws Refusal if that is unknown or more than the machine has.
Level chosen_level();

// The best level of this machine and of this build.
Level best_level();

const char* name(Level level);

// Whether this processor compresses vectors of bytes (AVX-512 VBMI2), which no level promises. Only asked at level v4.
bool has_byte_compress();

}  // namespace zerokara
