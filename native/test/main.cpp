// Runs the tests of the files NAME_test.cpp for each argument NAME, or all tests.

#include <algorithm>
#include <iostream>

#include "check.h"

int main(int count, char** arguments) {
  const std::vector<std::string> names(arguments + 1, arguments + count);
  int run = 0, failed = 0;
  for (const check::Test& test : check::tests()) {
    const auto matches = [&](const std::string& name) { return test.file == name + "_test.cpp"; };
    if (!names.empty() && std::none_of(names.begin(), names.end(), matches)) continue;
    std::string error;
    try {
      test.body();
    } catch (const check::Failure& failure) {
      error = failure.message;
    } catch (const std::exception& e) {
      error = std::string("unexpected: ") + e.what();
    }
    ++run;
    failed += !error.empty();
    std::cout << (error.empty() ? "ok    " : "FAILED ") << test.name << (error.empty() ? "" : ": ")
              << error << std::endl;
  }
  std::cout << run << " tests, " << failed << " failed" << std::endl;
  return failed != 0 || run == 0;
}
