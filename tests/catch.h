// What every test includes: Catch2 (2.13 or 3), and the few helpers that all tests share.
#pragma once
#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <gradus/core/error.h>

// The message of the gradus::Error that f throws, "" where it throws none.
template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const gradus::Error& error) {
    return error.what();
  }
  return "";
}

// The data directory, GRADUS_DATA, which holds a folder `what` ("mnist"). Throws gradus::Error where it does not. Tests
// that call it live in files of their own, *_data_test.cpp: ctest skips those where the data is missing.
std::string require_data(const std::string& what);
