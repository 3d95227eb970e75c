#include <gradus/data/npy.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <gradus/core/error.h>
#include <gradus/core/files.h>

// The format: NumPy's documentation, numpy.lib.format. Six magic bytes, two of version, the length of the header in two
// bytes (version 1.0) or four (2.0), the header, which is a Python dictionary, and the numbers.

namespace gradus {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in the file");

constexpr std::string_view magic = "\x93NUMPY";

struct Header {
  std::string descr;
  bool columns_first = false;
  Shape shape;
};

// Reads the header's dictionary from front to back.
class HeaderReader {
 public:
  HeaderReader(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  Header read() {
    Header header;
    int descr = 0, order = 0, shape = 0;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        check(next() != '[', "read_npy", path_, " holds records of named fields; save each field as an array");
        header.descr = quoted();
        ++descr;
      } else if (key == "fortran_order") {
        header.columns_first = truth();
        ++order;
      } else if (key == "shape") {
        header.shape = extents();
        ++shape;
      } else {
        damaged();
      }
      if (!take(',') && next() != '}') damaged();
    }
    if (descr != 1 || order != 1 || shape != 1 || next() != '\0') damaged();
    return header;
  }

 private:
  [[noreturn]] void damaged() const { fail("read_npy", path_, " has a header that is not NumPy's; is it damaged?"); }

  char next() {  // '\0' at the end
    text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size()));
    return text_.empty() ? '\0' : text_.front();
  }
  bool take(char c) {
    if (next() != c || text_.empty()) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) damaged();
  }
  std::string quoted() {
    const char quote = next();
    if (quote != '\'' && quote != '"') damaged();
    const std::size_t end = text_.find(quote, 1);
    if (end == text_.npos) damaged();
    std::string word(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return word;
  }
  bool truth() {
    for (const std::string_view word : {"True", "False"}) {
      next();
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return word == "True";
    }
    damaged();
  }
  Shape extents() {
    std::vector<Index> all;
    Index bytes = sizeof(double);  // of the longest type, were no extent 0: products of any of them stay in range
    expect('(');
    while (!take(')')) {
      Index extent = 0;
      if (next() < '0' || next() > '9') damaged();
      const auto [end, problem] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      const bool fits = problem == std::errc() && !__builtin_mul_overflow(bytes, std::max<Index>(extent, 1), &bytes);
      check(fits, "read_npy", path_, " declares more numbers than a 64-bit number can count");
      text_.remove_prefix(std::size_t(end - text_.data()));
      all.push_back(extent);
      if (!take(',') && next() != ')') damaged();
    }
    check(all.size() <= Shape::max_rank, "read_npy", path_, " has ", all.size(), " dimensions, expected at most ",
          Shape::max_rank);
    return Shape(std::span<const Index>(all));
  }

  const std::string& path_;
  std::string_view text_;
};

// Takes the header off the front of `bytes`.
Header take_header(const std::string& path, std::string_view& bytes) {
  check(bytes.starts_with(magic), "read_npy", path, " is no .npy file: it does not start with \\x93NUMPY");
  const bool has_version = bytes.size() >= magic.size() + 2;
  const int major = has_version ? std::uint8_t(bytes[6]) : 1, minor = has_version ? std::uint8_t(bytes[7]) : 0;
  check((major == 1 || major == 2) && minor == 0, "read_npy", path, " is of format ", major, ".", minor,
        ", expected 1.0 or 2.0");
  const std::size_t length_bytes = major == 1 ? 2 : 4, begin = magic.size() + 2 + length_bytes;
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes && begin <= bytes.size(); ++i) {
    length |= std::size_t(std::uint8_t(bytes[magic.size() + 2 + i])) << (8 * i);
  }
  check(begin <= bytes.size() && length <= bytes.size() - begin, "read_npy", path, " ends within its header");
  const std::string_view text = bytes.substr(begin, length);
  bytes.remove_prefix(begin + length);
  return HeaderReader(path, text).read();
}

// The numbers in the file's order, as a tensor of `shape`.
template <class T, class Stored = T>
Tensor numbers(const std::string& path, const Shape& shape, std::string_view bytes) {
  const Index declared = shape.numel() * Index(sizeof(Stored));
  check(Index(bytes.size()) >= declared, "read_npy", path, " is cut short: shape ", shape, " takes ", declared,
        " bytes, and ", bytes.size(), " are there");
  check(Index(bytes.size()) == declared, "read_npy", path, " goes on behind its numbers: shape ", shape, " takes ",
        declared, " bytes, and ", bytes.size(), " are there");
  Tensor t = empty(shape, dtype_of<T>);
  if constexpr (std::is_same_v<T, Stored>) {
    if (!bytes.empty()) std::memcpy(t.raw(), bytes.data(), bytes.size());
  } else {
    std::ranges::transform(bytes, t.data<T>().begin(), [](char c) { return T(Stored(c)); });
  }
  return t;
}

std::string advice(const std::string& descr) {
  if (descr.starts_with(">")) return "its bytes are in the other order; x.astype(x.dtype.newbyteorder('<')) turns them";
  return "expected float32, float64, int64 or uint8; x.astype('float32') makes one of them";
}

const char* descr(DType t) { return t == float32 ? "<f4" : t == float64 ? "<f8" : "<i8"; }

template <class T>
std::string bytes_of(const Tensor& t) {
  const std::vector<T> all = t.to_vector<T>();
  return std::string(reinterpret_cast<const char*>(all.data()), all.size() * sizeof(T));
}

}  // namespace

Tensor read_npy(const std::string& path) {
  const std::string file = read_file(path);
  std::string_view bytes = file;
  const Header header = take_header(path, bytes);
  Shape shape = header.shape;
  if (header.columns_first) std::reverse(&shape[0], &shape[0] + shape.rank());
  Tensor t = header.descr == "<f4"                            ? numbers<float>(path, shape, bytes)
             : header.descr == "<f8"                          ? numbers<double>(path, shape, bytes)
             : header.descr == "<i8"                          ? numbers<Index>(path, shape, bytes)
             : header.descr == "|u1" || header.descr == "<u1" ? numbers<float, std::uint8_t>(path, shape, bytes)
                                                              : Tensor();
  check(t.defined(), "read_npy", path, " holds numbers of dtype '", header.descr, "': ", advice(header.descr));
  if (header.columns_first) {
    for (int a = 0, b = t.dim() - 1; a < b; ++a, --b) t = t.transpose(a, b);
  }
  return t;
}

void write_npy(const std::string& path, const Tensor& t) {
  std::string extents;
  for (const Index extent : t.shape()) extents += (extents.empty() ? "" : " ") + std::to_string(extent) + ",";
  if (t.dim() > 1) extents.pop_back();  // a comma ends a tuple of one element only
  std::string header =
      std::string("{'descr': '") + descr(t.dtype()) + "', 'fortran_order': False, 'shape': (" + extents + "), }";
  const std::size_t before = magic.size() + 4, boundary = 64;  // where NumPy wants the numbers to begin
  header.append((boundary - (before + header.size() + 1) % boundary) % boundary, ' ');
  header += '\n';
  const char length[] = {char(header.size() & 0xff), char(header.size() >> 8)};
  write_file(path, std::string(magic) + '\x01' + '\0' + std::string(length, 2) + header +
                       (t.dtype() == float32   ? bytes_of<float>(t)
                        : t.dtype() == float64 ? bytes_of<double>(t)
                                               : bytes_of<Index>(t)));
}

}  // namespace gradus
