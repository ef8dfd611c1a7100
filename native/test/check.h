/// @file
/// A test is TEST(name) { … } with EXPECT, EXPECT_EQ and EXPECT_THROWS in it. main.cpp runs them
/// and fails if one check does.
#pragma once

#include <exception>
#include <functional>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace check {

struct Failure {
  std::string message;
};

struct Test {
  std::string file, name;
  std::function<void()> body;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline bool add(const std::string& path, std::string name, std::function<void()> body) {
  tests().push_back({path.substr(path.rfind('/') + 1), std::move(name), std::move(body)});
  return true;
}

template <class A, class B>
void equal(const A& actual, const B& expected, const char* text) {
  if (actual == expected) return;
  std::ostringstream message;
  message << text << ": " << std::setprecision(17) << actual << " is not " << expected;
  throw Failure{message.str()};
}

inline void holds(bool condition, const char* text) {
  if (!condition) throw Failure{text};
}

/// The work must throw exactly an E whose message starts with the expected one.
template <class E>
void throws(const std::function<void()>& work, const std::string& expected, const char* text) {
  try {
    work();
  } catch (const E& e) {
    const std::string message = e.what();
    return holds(message.starts_with(expected), (text + (": threw \"" + message) + "\"").c_str());
  }
  throw Failure{text + std::string(": threw nothing")};
}

}  // namespace check

#define EXPECT_TEXT_OF(x) #x
#define EXPECT_TEXT(x) EXPECT_TEXT_OF(x)
#define EXPECT_AT __FILE__ ":" EXPECT_TEXT(__LINE__) ": "
#define EXPECT(condition) check::holds(condition, EXPECT_AT #condition)
#define EXPECT_EQ(actual, expected) check::equal(actual, expected, EXPECT_AT #actual)
#define EXPECT_THROWS(type, statement, message) \
  check::throws<type>([&] { statement; }, message, EXPECT_AT #statement)
#define TEST(name)                                                    \
  static void name();                                                 \
  static const bool name##_added = check::add(__FILE__, #name, name); \
  static void name()
