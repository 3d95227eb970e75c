#include <gradus/core/safetensors.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <set>

#include <gradus/core/autograd.h>
#include <gradus/core/files.h>
#include <gradus/core/json.h>
#include <gradus/core/ops.h>
#include <gradus/core/safetensors_header.h>

namespace gradus {

static_assert(std::endian::native == std::endian::little, "the file has the lowest byte first, and so must memory");

namespace {

constexpr std::uint64_t length_bytes = 8;  // of the header's length, the file's first number

SafetensorsHeader read_header(InputFile& file, std::uint64_t& numbers_at) {
  constexpr const char* op = "load_safetensors";
  std::array<std::uint8_t, length_bytes> bytes{};
  check(file.size() >= length_bytes, op, file.path(), " has ", file.size(),
        " bytes, fewer than the length of a header");
  file.read(0, bytes.data(), bytes.size());
  const auto length = std::bit_cast<std::uint64_t>(bytes);
  check(length > 0 && length <= SafetensorsHeader::most_bytes && length <= file.size() - length_bytes, op, file.path(),
        " is not a safetensors file, or cut short: its header is said to have ", length, " bytes, expected 1 to ",
        std::min<std::uint64_t>(SafetensorsHeader::most_bytes, file.size() - length_bytes));
  std::string text(length, '\0');
  file.read(length_bytes, text.data(), text.size());
  numbers_at = length_bytes + length;
  return parse_safetensors_header(file.path(), text, file.size() - numbers_at);
}

void check_text(const char* what, const std::string& text) {
  check(is_utf8(text), "save_safetensors", what, " ", JsonReader::shown(text), " is not UTF-8");
}

// The entries in the order given; their places by falling size of an element, so that none begins at an odd one.
SafetensorsHeader make_header(const NamedTensors& tensors, const Metadata& metadata) {
  constexpr const char* op = "save_safetensors";
  SafetensorsHeader header{{}, metadata};
  for (const auto& [key, value] : metadata) {
    check_text("the metadata's key", key);
    check_text("the metadata's value", value);
  }
  std::set<std::string> names;
  for (const auto& [name, t] : tensors) {
    check_text("the name", name);
    check(name != "__metadata__" && names.insert(name).second, op, "the name ", JsonReader::shown(name), " is taken");
    check(t.defined(), op, "the tensor ", JsonReader::shown(name), " is undefined");
    header.tensors.push_back({name, t.dtype(), t.shape(), 0, 0});
  }
  check(std::max(tensors.size(), metadata.size()) <= SafetensorsHeader::most_entries, op, "more than ",
        SafetensorsHeader::most_entries, " tensors, or pairs of metadata");
  Index place = 0;
  for (const std::size_t element : {8, 4}) {
    for (SafetensorsHeader::Entry& entry : header.tensors) {
      if (size_of(entry.dtype) != element) continue;
      entry.begin = place;
      entry.end = place += entry.shape.numel() * static_cast<Index>(element);
    }
  }
  return header;
}

}  // namespace

void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata) {
  const SafetensorsHeader header = make_header(tensors, metadata);
  const std::string text = safetensors_json(header);
  check(text.size() <= SafetensorsHeader::most_bytes, "save_safetensors", "the names and metadata take ", text.size(),
        " bytes, at most ", SafetensorsHeader::most_bytes, " are allowed");
  const auto length = std::bit_cast<std::array<char, length_bytes>>(std::uint64_t{text.size()});
  std::vector<std::string_view> pieces{{length.data(), length.size()}, text};
  Tensors held;  // on the CPU and in row-major order, until they are written
  for (const std::size_t element : {8, 4}) {
    for (const auto& [name, t] : tensors) {
      if (size_of(t.dtype()) != element) continue;
      held.push_back(t.detach().reshape({t.numel()}).to(cpu));
      pieces.emplace_back(static_cast<const char*>(held.back().raw()), static_cast<std::size_t>(t.numel()) * element);
    }
  }
  write_file(path, pieces);
}

NamedTensors load_safetensors(const std::string& path) {
  InputFile file(path);
  std::uint64_t numbers_at = 0;
  const SafetensorsHeader header = read_header(file, numbers_at);
  NamedTensors tensors;
  for (const SafetensorsHeader::Entry& entry : header.tensors) {
    const Tensor t = empty(entry.shape, entry.dtype);
    file.read(numbers_at + static_cast<std::uint64_t>(entry.begin), t.raw(),
              static_cast<std::size_t>(entry.end - entry.begin));
    tensors.emplace_back(entry.name, t);
  }
  return tensors;
}

Metadata safetensors_metadata(const std::string& path) {
  InputFile file(path);
  std::uint64_t numbers_at = 0;
  return read_header(file, numbers_at).metadata;
}

std::vector<std::string> not_finite(const NamedTensors& tensors) {
  NoGrad guard;
  std::vector<std::string> names;
  for (const auto& [name, t] : tensors) {
    if (is_floating(t.dtype()) && sum(t * 0 != 0).item() > 0)
      names.push_back(name);  // NaN * 0 and infinity * 0 are NaN
  }
  return names;
}

}  // namespace gradus
