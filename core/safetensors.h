// Tensors in a file: the safetensors format, which Python's package of that name reads and writes, too.
//
//   save_safetensors("net.safetensors", net.state_dict());
//   net.load_state_dict(load_safetensors("net.safetensors"));
//
// A file is 8 bytes with the length of the header, the header, and the numbers of all tensors, each lowest byte first.
// The header is JSON, and names each tensor's place in the numbers: {"NAME": {"dtype": "F32", "shape": [400, 784],
// "data_offsets": [0, 1254400]}, ...}. Metadata, text of the user's, is under "__metadata__". There is no code in such
// a file: reading a stranger's is safe.
#pragma once
#include <map>
#include <string>
#include <vector>

#include <gradus/core/tensor.h>

namespace gradus {

using Metadata = std::map<std::string, std::string>;

// Writes the tensors, from any device, as write_file does (files.h): whole or not at all. Throws Error, and leaves the
// file as it was, for a name that comes twice, is "__metadata__" or is not UTF-8, and for an undefined tensor.
void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata = {});

// The tensors of a file, on the CPU, in the header's order. The whole file is checked before the first tensor is made
// (safetensors_header.h lists the rules); Throws Error, naming the file, for one that breaks a rule, and for dtypes
// other than F32, F64 and I64, each by its name.
NamedTensors load_safetensors(const std::string& path);

Metadata safetensors_metadata(const std::string& path);  // of such a file; throws as load_safetensors

// The names of the tensors that hold NaN or infinity. A file may, and a network that does computes nothing else.
std::vector<std::string> not_finite(const NamedTensors& tensors);

}  // namespace gradus
