/// @file
/// Arguments and errors of the programs in this folder.
#pragma once

#include <charconv>
#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

/// An argument of the command line that is an integer, at least 1.
inline int64_t number(const char* name, const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || value < 1) {
    throw std::invalid_argument(std::string(name) + " must be an integer, at least 1, but is " +
                                text);
  }
  return value;
}

/// Calls run(arguments). An exception ends the program with code 2 and the first line of its
/// message.
template <class Run>
int program(const char* name, int count, char** arguments, Run run) {
  try {
    run(std::vector<std::string>(arguments + 1, arguments + count));
    return 0;
  } catch (const std::exception& e) {
    const std::string message = e.what();
    std::cerr << name << ": " << message.substr(0, message.find('\n')) << std::endl;
    return 2;
  }
}
