// Where a program's data come from: --data, GRADUS_DATA, ./datasets, or what gradus draws itself.
#pragma once
#include <cstdint>
#include <string>

#include <gradus/data/dataset.h>

namespace gradus {

enum class DataSet { mnist, cifar10 };

struct DataSource {
  Dataset train, test;
  std::string description;  // a line for the program to print: what the data are and where they were found
};

// The data set from `option` (the program's --data; empty: not given), else from the directory that the environment's
// GRADUS_DATA names, else from ./datasets where that holds it, else built-in pictures drawn from `seed`: digits (data/
// digits.h) for MNIST, shapes (data/shapes.h) for CIFAR-10.
// Throws Error when `option` or GRADUS_DATA names a directory without it, or the files there are not as they should.
DataSource find_data(const std::string& option, std::uint64_t seed, DataSet wanted = DataSet::mnist);

// The directory of that choice, empty for the built-in pictures.
std::string data_directory(const std::string& option, const std::string& environment, const std::string& fallback,
                           DataSet wanted = DataSet::mnist);

}  // namespace gradus
