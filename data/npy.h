// .npy files, in which NumPy keeps one array: numpy.save("x.npy", x) writes them, numpy.load("x.npy") reads them.
#pragma once
#include <string>

#include <gradus/core/tensor.h>

namespace gradus {

// Reads a file of format 1.0 or 2.0. float32, float64 and int64 keep their dtype; uint8 becomes float32, its numbers as
// they are, from 0 to 255. Columns first (fortran_order) is put into rows first.
//
// Throws Error, naming the file, where it cannot be read, is no .npy file or of another format, is cut short or goes on
// behind its numbers, has another dtype (named, with what to call in NumPy) or byte order, or more than 6 dimensions.
Tensor read_npy(const std::string& path);

// Writes t, from any device, as format 1.0: float32, float64 or int64. The file is written whole or not at all; throws
// Error where it cannot be.
void write_npy(const std::string& path, const Tensor& t);

}  // namespace gradus
