// A small CIFAR-10 for tests, which a test then breaks.
#pragma once
#include "mnist_files.h"

// n records from number `first` on: the label of record i is i modulo 10, byte p of its pixels 5i + p, cut to 8 bits.
inline Bytes cifar10_bytes(int n, int first = 0) {
  Bytes bytes;
  for (int i = first; i < first + n; ++i) {
    bytes.push_back(std::uint8_t(i % 10));
    for (int p = 0; p < 3072; ++p) bytes.push_back(std::uint8_t(5 * i + p));
  }
  return bytes;
}

// The six files in dir/cifar-10-batches-bin: records 0 to 14 for training, three a file, and 15 and 16 for the test.
inline void write_small_cifar10(const std::filesystem::path& dir) {
  const std::filesystem::path folder = dir / "cifar-10-batches-bin";
  for (int i = 0; i < 5; ++i) {
    write_file(folder / ("data_batch_" + std::to_string(i + 1) + ".bin"), cifar10_bytes(3, 3 * i));
  }
  write_file(folder / "test_batch.bin", cifar10_bytes(2, 15));
}
