/// @file
/// Errors about values: each names the field, the value and the allowed interval.
#pragma once

#include <charconv>
#include <cstdint>
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

/// The shortest decimal number that reads back as the same double, in any locale.
inline std::string shortest(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

inline void require(bool ok, const char* field, double value, const std::string& allowed) {
  if (!ok) refuse(field, " must be in ", allowed, ", but is ", shortest(value));
}

inline void require_at_least(const char* field, int64_t value, int64_t low) {
  if (value < low) refuse(field, " must be in [", low, ", inf), but is ", value);
}

}  // namespace noisylr
