/// @file
/// The checks of L4's settings and state.
#pragma once

#include <string>

#include "noisylr/l4.h"

namespace noisylr {

/// Rejects options outside their intervals.
void check_l4_options(const L4Options& options);

/// Rejects the state of another optimizer.
/// @param where the prefix of field names in messages, with a dot at its end
void check_l4_state(const L4& optimizer, const std::string& where, const L4ParamState& state);

}  // namespace noisylr
