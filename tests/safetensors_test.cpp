// Tensors in safetensors files: what is written is read, Python's files too, and a file that breaks a rule is refused.
// One file of over 400 lines: the rules are many, and each broken one is a few lines that change the same small file.
#include "catch.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include <gradus/core/files.h>
#include <gradus/core/on.h>
#include <gradus/core/random.h>
#include <gradus/core/safetensors_header.h>
#include <gradus/models/lecture20.h>

#include "mnist_files.h"

using namespace gradus;

namespace {

struct File {
  TempDir folder;
  std::string path = folder.path() / "net.safetensors";
  void hold(const std::string& header, const std::string& numbers = "") const {
    const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{header.size()});
    gradus::write_file(path, std::string(length.data(), 8) + header + numbers);
  }
  // The message of loading it, without what all messages start with.
  std::string refusal() const {
    const std::string message = message_of([&] { load_safetensors(path); }), start = "load_safetensors: " + path;
    CHECK(message.find(start) == 0);
    return message.substr(std::min(start.size(), message.size()));
  }
};

std::string refusal(const std::string& header, const std::string& numbers = "") {
  const File file;
  file.hold(header, numbers);
  return file.refusal();
}

// A header of one tensor, "a", and the message about it where the numbers are 8 bytes.
std::string of_one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return refusal(of_one(dtype, shape, offsets), std::string(8, 'x'));
}

template <class T>
bool same_bits(const Tensor& a, const Tensor& b) {
  const std::vector<T> x = a.to_vector<T>(), y = b.to_vector<T>();
  return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

void check_same(const NamedTensors& found, const NamedTensors& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(expected[i].first);
    CHECK(found[i].first == expected[i].first);
    REQUIRE(found[i].second.shape() == expected[i].second.shape());
    REQUIRE(found[i].second.dtype() == expected[i].second.dtype());
    on(expected[i].second, [&]<class T>(auto) { CHECK(same_bits<T>(found[i].second, expected[i].second)); });
  }
}

// The tensors of tests/parity/safetensors_file.py.
Tensor pattern(Index k, const Shape& shape, DType dtype) {
  const Tensor t = empty(shape, dtype);
  on(t, [&]<class T>(auto) {
    for (Index i = 0; i < t.numel(); ++i) {
      const Index whole = (i * 7919 + k * 1237) % 2003 - 1001;
      t.data<T>()[static_cast<std::size_t>(i)] =
          std::is_same_v<T, Index> ? static_cast<T>(whole * (Index{1} << 40) + whole) : static_cast<T>(whole / 1024.0);
    }
  });
  return t;
}

NamedTensors python_tensors() {
  NamedTensors all{{"encoder.0.weight", pattern(0, {4, 3}, float32)},
                   {"encoder.0.bias", pattern(1, {4}, float64)},
                   {"step", pattern(2, {}, int64)},
                   {"kernel", pattern(3, {2, 3, 1, 2}, float64)},
                   {"odd", pattern(4, {3}, float32)},
                   {"empty", pattern(5, {0, 5}, float32)},
                   {"gr\xc3\xb6\xc3\x9f\x65", pattern(6, {2, 2}, int64)}};
  const double infinity = std::numeric_limits<double>::infinity();
  all.emplace_back("not finite", tensor({std::nan(""), infinity, -infinity}, float32));
  return all;
}

const Metadata python_metadata{
    {"format", "pt"}, {"gr\xc3\xb6\xc3\x9f\x65 \"x\"\n", "tab\there, \xe6\x95\xb0\xe5\xad\x97 \xf0\x9f\x98\x80"}};

}  // namespace

TEST_CASE("what is saved is loaded, to the bit and in order") {
  const File file;
  save_safetensors(file.path, python_tensors(), python_metadata);
  check_same(load_safetensors(file.path), python_tensors());
  CHECK(safetensors_metadata(file.path) == python_metadata);
  // Every tensor begins at a multiple of its element's size, although "odd" has 3 elements of 4 bytes.
  const std::string bytes = read_file(file.path);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  for (const auto& t : parse_safetensors_header("", bytes.substr(8, length), bytes.size() - 8 - length).tensors) {
    CHECK(t.begin % static_cast<Index>(size_of(t.dtype)) == 0);
  }

  save_safetensors(file.path, {});
  CHECK(read_file(file.path) == std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
  CHECK(load_safetensors(file.path).empty());
  CHECK(safetensors_metadata(file.path).empty());
}

TEST_CASE("a network is saved under its parameters' names, and loaded") {
  const File file;
  lecture20::Autoencoder net, other;
  save_safetensors(file.path, net.state_dict());
  const NamedTensors loaded = load_safetensors(file.path);
  check_same(loaded, net.state_dict());
  REQUIRE(loaded.size() == 4);
  CHECK(loaded[0].first == "encoder.0.weight");
  CHECK(loaded[3].first == "decoder.0.bias");
  other.load_state_dict(loaded);
  check_same(other.state_dict(), net.state_dict());

  const Sequential classifier = lecture20::make_classifier(net);
  save_safetensors(file.path, classifier.state_dict());
  std::string names;
  for (const auto& [name, t] : load_safetensors(file.path)) names += name + " ";
  CHECK(names == "0.0.weight 0.0.bias classifier.0.weight classifier.0.bias ");
  CHECK(message_of([&] { other.load_state_dict(load_safetensors(file.path)); }) ==
        "load_state_dict: missing: encoder.0.weight, encoder.0.bias, decoder.0.weight, decoder.0.bias; not in the "
        "module: 0.0.weight, 0.0.bias, classifier.0.weight, classifier.0.bias; nothing was loaded");
}

TEST_CASE("a view, a transposed tensor and one with a gradient are saved as they read") {
  const File file;
  const Tensor x = rand({6, 4}, float64).requires_grad_();
  save_safetensors(file.path, {{"rows", x.rows(2, 5)}, {"t", x.t()}, {"x", x}, {"product", x * x}});
  const NamedTensors loaded = load_safetensors(file.path);
  CHECK(same_bits<double>(loaded[0].second, x.rows(2, 5)));
  CHECK(same_bits<double>(loaded[1].second, x.t()));
  CHECK(same_bits<double>(loaded[2].second, x));
  CHECK(same_bits<double>(loaded[3].second, x * x));
  CHECK(!loaded[2].second.requires_grad());
}

TEST_CASE("a file of Python's safetensors package is read") {
  const std::string path = std::string(GRADUS_SOURCE_DIR) + "/tests/data/python.safetensors";
  NamedTensors found = load_safetensors(path), expected = python_tensors();
  const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::sort(found.begin(), found.end(), by_name);  // Python orders them by dtype and name
  std::sort(expected.begin(), expected.end(), by_name);
  check_same(found, expected);
  CHECK(safetensors_metadata(path) == python_metadata);
}

// For tests/safetensors_python_test.sh, which has Python read the file.
TEST_CASE("writes a file for Python", "[.python]") {
  const char* path = std::getenv("GRADUS_SAFETENSORS_FILE");
  REQUIRE(path != nullptr);
  save_safetensors(path, python_tensors(), python_metadata);
}

TEST_CASE("tensors that are not finite are named") {
  CHECK(not_finite(python_tensors()) == std::vector<std::string>{"not finite"});
  CHECK(not_finite({{"a", zeros({0})}, {"b", tensor({1, std::nan("")}, float64)}, {"c", full({2}, 1e30)}}) ==
        std::vector<std::string>{"b"});
}

TEST_CASE("what cannot be saved is refused, and the old file stays") {
  const File file;
  const Tensor one = ones({1});
  save_safetensors(file.path, {{"a", one}});
  const std::string before = read_file(file.path);
  const auto refused = [&](const NamedTensors& tensors, const Metadata& metadata = {}) {
    return message_of([&] { save_safetensors(file.path, tensors, metadata); });
  };
  CHECK(refused({{"a", one}, {"b", one}, {"a", one}}) == "save_safetensors: the name \"a\" is taken");
  CHECK(refused({{"__metadata__", one}}) == "save_safetensors: the name \"__metadata__\" is taken");
  CHECK(refused({{"a", Tensor()}}) == "save_safetensors: the tensor \"a\" is undefined");
  CHECK(refused({{"\xff", one}}) == "save_safetensors: the name \"\xff\" is not UTF-8");
  CHECK(refused({{"a", one}}, {{"\xc3", "x"}}) == "save_safetensors: the metadata's key \"\xc3\" is not UTF-8");
  CHECK(refused({{"a", one}}, {{"x", "\xed\xa0\x80"}}).find("the metadata's value") != std::string::npos);
  CHECK(refused({{"a", one}}, {{"x", std::string(100'000'000, 'x')}}) ==
        "save_safetensors: the names and metadata take 100000080 bytes, at most 100000000 are allowed");
  CHECK(refused(NamedTensors(100'001, {"a", one})).find("is taken") != std::string::npos);
  Metadata many;
  for (int i = 0; i <= 100'000; ++i) many[std::to_string(i)];
  CHECK(refused({}, many) == "save_safetensors: more than 100000 tensors, or pairs of metadata");
  CHECK(read_file(file.path) == before);
  CHECK(message_of([&] { save_safetensors(file.path + "/x", {}); }).find("write_file: " + file.path + "/x could not") ==
        0);
}

TEST_CASE("a header's length is checked before anything is read") {
  const File file;
  CHECK(message_of([&] { load_safetensors(file.path); }) == "read_file: there is no file " + file.path);
  gradus::write_file(file.path, "1234567");
  CHECK(file.refusal() == " has 7 bytes, fewer than the length of a header");
  const auto refused = [&](std::uint64_t length, const std::string& rest) {
    gradus::write_file(file.path, std::string(std::bit_cast<std::array<char, 8>>(length).data(), 8) + rest);
    return file.refusal();
  };
  const std::string start = " is not a safetensors file, or cut short: its header is said to have ";
  CHECK(refused(0, "{}") == start + "0 bytes, expected 1 to 2");
  CHECK(refused(3, "{}") == start + "3 bytes, expected 1 to 2");
  CHECK(refused(4'000'000, "{}  ") == start + "4000000 bytes, expected 1 to 4");
  CHECK(refused(~std::uint64_t{0}, "{}") == start + "18446744073709551615 bytes, expected 1 to 2");
  CHECK(refused(~std::uint64_t{0} - 7, "{}") == start + "18446744073709551608 bytes, expected 1 to 2");
  std::filesystem::resize_file(file.path, 200'000'000);  // a file with a hole: no disk is needed
  const std::uint64_t length = 100'000'001;
  std::FILE* raw = std::fopen(file.path.c_str(), "r+b");
  std::fwrite(&length, 8, 1, raw);
  std::fclose(raw);
  CHECK(file.refusal() == start + "100000001 bytes, expected 1 to 100000000");
}

TEST_CASE("a header that is no JSON is refused with the place") {
  const std::string none = " is not a safetensors file: its header is no JSON in UTF-8";
  CHECK(refusal("[]") == none);
  CHECK(refusal(" {}") == none);
  CHECK(refusal("{\"\xff\":1}") == none);
  CHECK(refusal("{\"\xed\xa0\x80\":1}") == none);
  CHECK(refusal("{\"\xc0\xaf\":1}") == none);
  CHECK(refusal("{\"\xf4\x90\x80\x80\":1}") == none);
  CHECK(refusal("{") == ", header: expected '\"' at byte 1, got its end");
  CHECK(refusal("{\"a") == ", header: expected a quote that ends the text at byte 3, got its end");
  CHECK(refusal("{\"a\n\":1}") ==
        ", header: expected text without control characters at byte 3, got \"\\u000a\\\":1}\"");
  CHECK(refusal("{\"\\x\":1}") == ", header: expected one of \"\\/bfnrtu at byte 3, got \"x\\\":1}\"");
  CHECK(refusal("{\"\\u12g4\":1}").find(", header: expected a hexadecimal digit at byte 6") == 0);
  CHECK(refusal("{\"\\ud800\":1}").find(", header: expected a whole character before this at byte 8") == 0);
  CHECK(refusal("{\"\\udc00\":1}").find(", header: expected a whole character before this at byte 8") == 0);
  CHECK(refusal("{\"\\ud83d\\u0041\":1}").find(", header: expected the second half of a character") == 0);
  CHECK(refusal("{\"a\" 1}") == ", header: expected ':' at byte 5, got \"1}\"");
  CHECK(refusal("{\"a\":1}") == ", header: expected '{' at byte 5, got \"1}\"");
  CHECK(refusal("{,}") == ", header: expected '\"' at byte 1, got \",}\"");
  CHECK(refusal("{\"__metadata__\":{\"a\":\"b\",}}") == ", header: expected '\"' at byte 25, got \"}}\"");
  CHECK(refusal("{}x") == ", header: expected nothing more at byte 2, got \"x\"");
  CHECK(refusal(std::string("{}\0", 3)) == ", header: expected nothing more at byte 2, got \"\\u0000\"");
  CHECK(refusal("{\"__metadata__\":{\"a\":1}}") == ", header: expected '\"' at byte 21, got \"1}}\"");
  CHECK(refusal("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}") ==
        ", header: expected every key once, got another \"a\" at byte 28, got \":\\\"2\\\"}}\"");
  CHECK(refusal(std::string(100'000, '{')) == ", header: expected '\"' at byte 1, got \"{{{{{{{{{{{{\"");
  CHECK(refusal(std::string(99'999, '[').insert(0, "{\"a\":")).find(", header: expected '{' at byte 5") == 0);
}

TEST_CASE("escapes and white space are read as JSON has them") {
  const File file;
  file.hold("{ \"__metadata__\" :\t{\"\\\"\\\\\\/\\b\\f\\n\\r\\t\" : \"\\u0041\\u00E9\\u6570\\uD83D\\ude00\"\n}\r }  ");
  CHECK(safetensors_metadata(file.path) == Metadata{{"\"\\/\b\f\n\r\t", "A\xc3\xa9\xe6\x95\xb0\xf0\x9f\x98\x80"}});
  file.hold(of_one("F32", "[ 2\t, 1 ]", " [0 , 8]") + "   ", std::string("\0\0\x80\x3f\0\0\0\x40", 8));
  check_same(load_safetensors(file.path), {{"a", tensor({1, 2}, {2, 1}, float32)}});
}

TEST_CASE("a tensor's entry that breaks a rule is refused") {
  CHECK(one("BF16", "[4]", "[0,8]") ==
        ": tensor \"a\" has dtype \"BF16\", gradus reads F32, F64 and I64; convert it where it was written");
  for (const char* dtype : {"F16", "BOOL", "U8", "I32", "F8_E4M3", "f32", "", "F128"}) {
    CHECK(one(dtype, "[4]", "[0,8]").find(": tensor \"a\" has dtype \"" + std::string(dtype) + "\", gradus reads") ==
          0);
  }
  CHECK(one("F32", "[2]", "[0,8,8]").find(", header: expected no more than 2 numbers as data_offsets at byte") == 0);
  CHECK(one("F32", "[2]", "[0]").find(", header: expected dtype, shape and two data_offsets for \"a\" before") == 0);
  CHECK(one("F32", "[1,1,1,1,1,1,2]", "[0,8]").find(", header: expected no more than 6 numbers as shape") == 0);
  CHECK(one("F32", "[-2]", "[0,8]").find(", header: expected a whole number at byte") == 0);
  CHECK(one("F32", "[2.0]", "[0,8]").find(", header: expected ']' at byte") == 0);
  CHECK(one("F32", "[2e0]", "[0,8]").find(", header: expected ']' at byte") == 0);
  CHECK(one("F32", "[02]", "[0,8]").find(", header: expected a number without zeros before it") == 0);
  CHECK(one("F32", "[9223372036854775808]", "[0,8]").find(", header: expected a number up to 9223372036854775807") ==
        0);
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2]}})", "12345678").find(", header: expected dtype, shape and") == 0);
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", "12345678")
            .find(", header: expected no more than 3 keys at byte") == 0);
  CHECK(refusal(R"({"a":{"dtype":"F32","shapes":[2],"data_offsets":[0,8]}})", "12345678")
            .find(", header: expected dtype, shape or data_offsets, not \"shapes\", at byte") == 0);
  CHECK(refusal(R"({"a":{"dtype":"F32","dtype":"F64","shape":[1]}})", "12345678")
            .find(", header: expected every key once, got another \"dtype\"") == 0);
  const std::string twice = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  CHECK(refusal("{" + twice + "," + twice + "}", "1234").find(", header: expected every key once, got another \"a\"") ==
        0);
}

TEST_CASE("shapes are multiplied without overflow") {
  const std::string too_many = ": tensor \"a\" has more elements than memory can hold";
  CHECK(one("F32", "[4294967296,4294967296]", "[0,0]") == too_many);
  CHECK(one("F32", "[4611686018427387905,4]", "[0,4]") == too_many);
  CHECK(one("F32", "[0,4611686018427387904,4611686018427387904]", "[8,8]") == too_many);
  CHECK(one("F32", "[4611686018427387904,0,4611686018427387904]", "[8,8]") == too_many);
  CHECK(one("F32", "[4611686018427387904]", "[0,0]") == too_many);
  CHECK(one("F64", "[1152921504606846975]", "[0,8]") ==
        ": tensor \"a\" has 8 bytes, float64 of shape [1152921504606846975] needs 9223372036854775800");
}

TEST_CASE("tensors lie inside the numbers, without overlap or holes") {
  CHECK(one("F32", "[2]", "[0,9]") == ": tensor \"a\" is said to be at bytes 0 to 9 of 8; is the file cut short?");
  CHECK(one("F32", "[2]", "[8,0]") == ": tensor \"a\" is said to be at bytes 8 to 0 of 8; is the file cut short?");
  CHECK(one("F32", "[2]", "[9223372036854775800,9223372036854775807]").find("is the file cut short?") !=
        std::string::npos);
  CHECK(one("F32", "[1]", "[0,8]") == ": tensor \"a\" has 8 bytes, float32 of shape [1] needs 4");
  CHECK(one("F32", "[0]", "[0,8]") == ": tensor \"a\" has 8 bytes, float32 of shape [0] needs 0");
  CHECK(one("F32", "[]", "[0,8]") == ": tensor \"a\" has 8 bytes, float32 of shape [] needs 4");
  CHECK(one("F32", "[1]", "[0,4]") == " has 8 bytes of numbers, its tensors 4");
  CHECK(one("F32", "[1]", "[4,8]") ==
        ": tensor \"a\" begins at byte 4 of the numbers, expected 0, where the one before it ends");
  CHECK(refusal("{}", "x") == " has 1 bytes of numbers, its tensors 0");

  // Tensors at [begin, end), named a, b, c.
  const auto several = [](const std::vector<std::pair<int, int>>& places) {
    std::string header;
    char name = 'a';
    for (const auto& [begin, end] : places) {
      header += (header.empty() ? "{\"" : ",\"") + std::string(1, name++) + R"(":{"dtype":"F32","shape":[)" +
                std::to_string((end - begin) / 4) + R"(],"data_offsets":[)" + std::to_string(begin) + "," +
                std::to_string(end) + "]}";
    }
    const File file;
    file.hold(header + "}", std::string(16, '\0'));
    return message_of([&] { load_safetensors(file.path); });
  };
  CHECK(several({{0, 8}, {8, 16}}) == "");
  CHECK(several({{8, 16}, {0, 8}}) == "");
  CHECK(several({{0, 8}, {8, 8}, {8, 16}}) == "");
  CHECK(several({{16, 16}, {0, 16}, {0, 0}}) == "");
  CHECK(several({{0, 8}, {4, 16}}).find("tensor \"b\" begins at byte 4 of the numbers, expected 8") !=
        std::string::npos);
  CHECK(several({{0, 8}, {0, 8}, {8, 16}}).find("tensor \"b\" begins at byte 0") != std::string::npos);
  CHECK(several({{0, 16}, {4, 8}}).find("tensor \"b\" begins at byte 4") != std::string::npos);
  CHECK(several({{0, 4}, {8, 16}}).find("tensor \"b\" begins at byte 8 of the numbers, expected 4") !=
        std::string::npos);
  CHECK(several({{0, 16}, {8, 8}}).find("tensor \"b\" begins at byte 8") != std::string::npos);  // empty, but inside
}

TEST_CASE("a header of a hundred thousand tensors is read, one of more is refused") {
  const File file;
  std::string header = "{";
  for (int i = 0; i < 100'000; ++i) {
    header += "\"" + std::to_string(i) + R"(":{"dtype":"I64","shape":[0],"data_offsets":[0,0]},)";
  }
  header.back() = '}';
  file.hold(header);
  CHECK(load_safetensors(file.path).size() == 100'000);
  header.back() = ',';
  file.hold(header + "\"one more\":0}");
  CHECK(file.refusal().find(", header: expected no more than 100000 keys at byte ") == 0);
}

TEST_CASE("a file that is cut short or damaged throws an error or loads tensors that it can hold") {
  const File file;
  save_safetensors(file.path, {{"a.b", ones({2, 3})}, {"c", ones({2}, float64)}, {"d", ones({0, 2}, int64)}},
                   {{"by", "gr\xc3\xa4\\dus\n"}});
  const std::string whole = read_file(file.path);
  const std::size_t end_of_header = whole.size() - 24 - 16;
  const auto survives = [&](const std::string& bytes) {
    gradus::write_file(file.path, bytes);
    std::size_t size = 0;
    try {
      for (const auto& [name, t] : load_safetensors(file.path))
        size += static_cast<std::size_t>(t.numel()) * size_of(t.dtype());
    } catch (const Error& error) {
      return std::string(error.what()).find("load_safetensors: " + file.path) == 0;
    }
    return size < bytes.size();
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    gradus::write_file(file.path, whole.substr(0, size));
    INFO("cut to " << size << " of " << whole.size());
    CHECK(file.refusal() != "");
  }
  CHECK((gradus::write_file(file.path, whole + "x"), file.refusal()) != "");
  for (std::size_t i = 0; i < end_of_header; ++i) {
    for (const int flipped : {1, 4, 32, 128, 255}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ flipped);
      INFO("byte " << i << " ^ " << flipped);
      CHECK(survives(bytes));
    }
  }
}

TEST_CASE("headers put together at random throw an error or are sound") {
  const std::vector<std::string> words{"{",
                                       "}",
                                       "[",
                                       "]",
                                       ":",
                                       ",",
                                       "\"a\":",
                                       "\"b\":",
                                       R"("dtype":)",
                                       R"("F32")",
                                       R"("I64")",
                                       R"("shape":)",
                                       "[0,2]",
                                       "[2]",
                                       "[]",
                                       R"("data_offsets":)",
                                       "[0,8]",
                                       "[8,8]",
                                       "[0,0]",
                                       "[8,16]",
                                       R"("__metadata__":)",
                                       "\"x\":\"\\u00e9\"",
                                       "0",
                                       "9223372036854775807",
                                       " ",
                                       "\\",
                                       "\"",
                                       R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})",
                                       R"("b":{"dtype":"I64","shape":[],"data_offsets":[8,16]})",
                                       R"("c":{"dtype":"F64","shape":[1,0],"data_offsets":[16,16]})"};
  Generator generator(3);
  int sound = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    const std::vector<double> random = rand({13}, float64, generator).to_vector<double>();
    std::string header = "{";
    const int length = 1 + static_cast<int>(random[12] * 8);
    for (int i = 0; i < length; ++i) {
      // Half of the time what makes sense next, so that some headers get far.
      const double r = random[static_cast<std::size_t>(i)];
      const std::size_t any = static_cast<std::size_t>(r * 2 * static_cast<double>(words.size()));
      header += any < words.size() ? words[any] : i % 2 == 1 ? "," : words[words.size() - 1 - any % 3];
    }
    header += "}";
    INFO(header);
    try {
      const SafetensorsHeader parsed = parse_safetensors_header("x", header, 16);
      Index bytes = 0;
      for (const auto& t : parsed.tensors) {
        CHECK((t.begin >= 0 && t.begin <= t.end && t.end <= 16));
        bytes += t.end - t.begin;
      }
      CHECK(bytes == 16);
      ++sound;
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("load_safetensors: x") == 0);
    }
  }
  CHECK(sound > 20);
}
