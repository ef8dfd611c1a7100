/// @file
/// Errors about values: each names the field, the value and the allowed interval.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

namespace noisylr {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream joined;
  (joined << ... << parts);
  return joined.str();
}

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  throw std::invalid_argument(text(parts...));
}

/// The shortest decimal number that reads back as the same double.
inline std::string shortest(double value) {
  char digits[32];
  for (int count = 1; count <= std::numeric_limits<double>::max_digits10; ++count) {
    std::snprintf(digits, sizeof digits, "%.*g", count, value);
    if (std::strtod(digits, nullptr) == value) break;
  }
  return digits;
}

inline void require(bool ok, const char* field, double value, const std::string& allowed) {
  if (!ok) refuse(field, " must be in ", allowed, ", but is ", shortest(value));
}

inline void require_at_least(const char* field, int64_t value, int64_t low) {
  if (value < low) refuse(field, " must be in [", low, ", inf), but is ", value);
}

}  // namespace noisylr
