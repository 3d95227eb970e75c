// How the messages of gradus::Error are built.
//
// A message is a sentence: which op, what it expected, what came, and a hint where one helps:
//   linear: input has 785 features, weight expects 784 (shapes [100, 785] and [1000, 784])
#pragma once
#include <sstream>
#include <string>

#include <gradus/kernels/error.h>

namespace gradus {

// Throws Error("op: " + the parts, streamed one after the other).
template <class... Parts>
[[noreturn]] void fail(const char* op, const Parts&... parts) {
  std::ostringstream text;
  text << op << ": ";
  (text << ... << parts);
  throw Error(text.str());
}

// fail() unless `holds`.
template <class... Parts>
void check(bool holds, const char* op, const Parts&... parts) {
  if (!holds) fail(op, parts...);
}

}  // namespace gradus
