/// @file
/// What L4's settings and state must be.
#pragma once

#include <string>

#include "noisylr/l4.h"

namespace noisylr {

/// Refuses options outside their intervals.
void check_l4_options(const L4Options& options);

/// Refuses a state that is not one of this optimizer.
/// @param where what the message calls it, with a dot at its end
void check_l4_state(const L4& optimizer, const std::string& where, const L4ParamState& state);

}  // namespace noisylr
