#include <gradus/core/safetensors_header.h>

#include <algorithm>
#include <limits>
#include <optional>

#include <gradus/core/json.h>

namespace gradus {

namespace {

using Header = SafetensorsHeader;
constexpr const char* op = "load_safetensors";

struct Names {
  DType dtype;
  const char* in_file;
};
constexpr Names dtypes[] = {{float32, "F32"}, {float64, "F64"}, {int64, "I64"}};

DType parse_dtype(const std::string& file, const std::string& tensor, const std::string& text) {
  for (const Names& names : dtypes) {
    if (text == names.in_file) return names.dtype;
  }
  fail(op, file, ": tensor ", JsonReader::shown(tensor), " has dtype ", JsonReader::shown(text),
       ", gradus reads F32, F64 and I64; convert it where it was written");
}

// {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
Header::Entry parse_tensor(JsonReader& json, const std::string& file, const std::string& name) {
  Header::Entry entry;
  entry.name = name;
  std::optional<DType> dtype;
  std::optional<std::vector<Index>> shape, offsets;
  json.object(3, [&](const std::string& key) {
    if (key == "dtype") {
      dtype = parse_dtype(file, name, json.string());
    } else if (key == "shape" || key == "data_offsets") {
      const std::size_t most = key == "shape" ? Shape::max_rank : 2;
      std::vector<Index> numbers;
      json.array([&] {
        if (numbers.size() == most) json.refuse("no more than " + std::to_string(most) + " numbers as " + key);
        numbers.push_back(json.number());
      });
      (key == "shape" ? shape : offsets) = numbers;
    } else {
      json.refuse("dtype, shape or data_offsets, not " + JsonReader::shown(key) + ",");
    }
  });
  if (!dtype || !shape || !offsets || offsets->size() != 2) {
    json.refuse("dtype, shape and two data_offsets for " + JsonReader::shown(name) + " before this");
  }
  Index elements = 1;
  for (const Index extent : *shape) {
    // The largest that Shape takes: with zeros left out, so that no product of some extents can overflow later.
    check(extent == 0 || (!__builtin_mul_overflow(elements, extent, &elements) &&
                          elements <= std::numeric_limits<Index>::max() / 8),
          op, file, ": tensor ", JsonReader::shown(name), " has more elements than memory can hold");
  }
  entry.dtype = *dtype;
  entry.shape = Shape(std::span<const Index>(*shape));
  entry.begin = offsets->front();
  entry.end = offsets->back();
  return entry;
}

// The tensors' places: each as long as it must be, and all of them the whole, one after the other.
void check_places(const std::string& file, const Header& header, std::uint64_t data_bytes) {
  std::vector<const Header::Entry*> by_place;
  for (const Header::Entry& t : header.tensors) {
    const Index bytes = t.shape.numel() * static_cast<Index>(size_of(t.dtype));
    check(t.begin <= t.end && static_cast<std::uint64_t>(t.end) <= data_bytes, op, file, ": tensor ",
          JsonReader::shown(t.name), " is said to be at bytes ", t.begin, " to ", t.end, " of ", data_bytes,
          "; is the file cut short?");
    check(t.end - t.begin == bytes, op, file, ": tensor ", JsonReader::shown(t.name), " has ", t.end - t.begin,
          " bytes, ", t.dtype, " of shape ", t.shape, " needs ", bytes);
    by_place.push_back(&t);
  }
  std::stable_sort(by_place.begin(), by_place.end(), [](const Header::Entry* a, const Header::Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  Index covered = 0;
  for (const Header::Entry* t : by_place) {
    check(t->begin == covered, op, file, ": tensor ", JsonReader::shown(t->name), " begins at byte ", t->begin,
          " of the numbers, expected ", covered, ", where the one before it ends");
    covered = t->end;
  }
  check(static_cast<std::uint64_t>(covered) == data_bytes, op, file, " has ", data_bytes,
        " bytes of numbers, its tensors ", covered);
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& file, std::string_view text, std::uint64_t data_bytes) {
  check(text.starts_with('{') && is_utf8(text), op, file, " is not a safetensors file: its header is no JSON in UTF-8");
  JsonReader json(op, file + ", header:", text);
  Header header;
  json.object(Header::most_entries, [&](const std::string& key) {
    if (key == "__metadata__") {
      json.object(Header::most_entries, [&](const std::string& name) { header.metadata[name] = json.string(); });
    } else {
      header.tensors.push_back(parse_tensor(json, file, key));
    }
  });
  json.end();
  check_places(file, header, data_bytes);
  return header;
}

std::string safetensors_json(const SafetensorsHeader& header) {
  std::string text;
  const auto add = [&](const std::string& key, const std::string& value) {
    text += (text.empty() ? "{" : ",") + json_string(key) + ":" + value;
  };
  if (!header.metadata.empty()) {
    std::string pairs;
    for (const auto& [key, value] : header.metadata) {
      pairs += (pairs.empty() ? "{" : ",") + json_string(key) + ":" + json_string(value);
    }
    add("__metadata__", pairs + "}");
  }
  for (const Header::Entry& t : header.tensors) {
    std::string extents;
    for (const Index extent : t.shape) extents += (extents.empty() ? "" : ",") + std::to_string(extent);
    const auto* names =
        std::find_if(std::begin(dtypes), std::end(dtypes), [&](const Names& n) { return n.dtype == t.dtype; });
    add(t.name, std::string("{\"dtype\":\"") + names->in_file + "\",\"shape\":[" + extents + "],\"data_offsets\":[" +
                    std::to_string(t.begin) + "," + std::to_string(t.end) + "]}");
  }
  text += text.empty() ? "{}" : "}";
  return text.append((8 - text.size() % 8) % 8, ' ');
}

}  // namespace gradus
