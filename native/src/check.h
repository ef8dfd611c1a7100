/// @file
/// Errors about values: each names the field, the value and the allowed interval.
#pragma once

#include <charconv>
#include <cmath>
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
[[noreturn]] void reject(const Parts&... parts) {
  throw std::invalid_argument(text(parts...));
}

/// The shortest decimal number that reads back as the same double, in any locale.
inline std::string shortest(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

/// @param allowed what follows "must be", "in [0, 1]" for example
inline void require(bool ok, const char* field, double value, const std::string& allowed) {
  if (!ok) reject(field, " must be ", allowed, ", but is ", shortest(value));
}

inline void require_finite(const char* field, double value) {
  require(std::isfinite(value), field, value, "finite");
}

inline void require_positive(const char* field, double value) {
  require_finite(field, value);
  require(value > 0, field, value, "greater than 0");
}

inline void require_greater(const char* field, double value, double low) {
  require_finite(field, value);
  require(value > low, field, value, text("greater than ", shortest(low)));
}

inline void require_at_least(const char* field, double value, double low) {
  require_finite(field, value);
  require(value >= low, field, value, text("at least ", shortest(low)));
}

inline void require_at_least(const char* field, int64_t value, int64_t low) {
  if (value < low) reject(field, " must be at least ", low, ", but is ", value);
}

}  // namespace noisylr
