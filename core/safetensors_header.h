// The header of a safetensors file: what it may say, read and written. For safetensors.cpp, and for the tests.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/core/safetensors.h>

namespace gradus {

struct SafetensorsHeader {
  struct Entry {
    std::string name;
    DType dtype = float32;
    Shape shape;
    Index begin = 0, end = 0;  // in the numbers, in bytes
  };
  std::vector<Entry> tensors;
  Metadata metadata;

  static constexpr std::uint64_t most_bytes = 100'000'000;
  static constexpr std::size_t most_entries = 100'000;  // tensors, and pairs of metadata: more can only mean harm
};

// Reads the header of a file (named in messages) whose numbers are `data_bytes` long. Throws Error unless
//  - it is UTF-8 and JSON, starts with '{', and nothing but white space follows the object;
//  - no key comes twice in its object, and there are at most most_entries of them;
//  - each tensor has a dtype of ours, a shape and two data_offsets, and nothing else; metadata is all text;
//  - a shape has at most Shape::max_rank extents, whose product, zeros left out, is a number of elements that could be;
//  - begin <= end <= data_bytes, and end - begin is the bytes that dtype and shape need;
//  - the tensors cover the numbers, without overlap and without holes. Tensors without elements lie between others.
SafetensorsHeader parse_safetensors_header(const std::string& file, std::string_view json, std::uint64_t data_bytes);

// As JSON, filled up with spaces to a multiple of 8 bytes. Names and metadata must be UTF-8.
std::string safetensors_json(const SafetensorsHeader& header);

}  // namespace gradus
