// Which activation, loss or update rule: the number of an entry of the tables in activations.h, losses.h and update_rules.h.
// The tables of the numerical gradient, which knows more, begin with the same entries.
//
// The binding makes one from a name that a table has (capabilities.h); nobody else does, and nobody compares one with another.
#pragma once

namespace zerokara {

enum class Activation : int {};
enum class Loss : int {};
enum class UpdateRule : int {};

}  // namespace zerokara
