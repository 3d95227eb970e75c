// Where a program's data come from: --data, GRADUS_DATA, ./datasets, or the built-in digits.
#pragma once
#include <cstdint>
#include <string>

#include <gradus/data/dataset.h>

namespace gradus {

struct DataSource {
  Dataset train, test;
  std::string description;  // a line for the program to print: what the data are and where they were found
};

// MNIST from `option` (the program's --data; empty: not given), else from the directory that the environment's
// GRADUS_DATA names, else from ./datasets where that holds it, else the built-in digits drawn from `seed`.
// Throws Error when `option` or GRADUS_DATA names a directory without mnist/, or the files there are not as they
// should.
DataSource find_data(const std::string& option, std::uint64_t seed);

// The directory of that choice, empty for the built-in digits.
std::string data_directory(const std::string& option, const std::string& environment, const std::string& fallback);

}  // namespace gradus
