// .npy files: what NumPy writes, what gradus writes, and every way in which one can be wrong.
#include "catch.h"

#include <fstream>

#include <gradus/core/files.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/data/loader.h>
#include <gradus/data/npy.h>

#include "mnist_files.h"

using namespace gradus;

namespace {

using namespace std::string_literals;

// A file of this header and these numbers, as NumPy lays it out.
template <class T = char>
std::string npy(const std::string& dictionary, const std::vector<T>& numbers = {}, int version = 1) {
  const std::string header = dictionary + "\n";
  std::string length(version == 1 ? 2 : 4, '\0');
  for (std::size_t i = 0; i < length.size(); ++i) length[i] = char(header.size() >> (8 * i));
  return "\x93NUMPY"s + char(version) + '\0' + length + header +
         std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
}

std::string dictionary(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': (" + shape + "), }";
}

struct File {
  TempDir dir;
  std::string path = (dir.path() / "x.npy").string();
  explicit File(const std::string& bytes) { write_file(path, bytes); }
};

Tensor read(const std::string& bytes) { return read_npy(File(bytes).path); }

// What read_npy says of these bytes behind the file's name; an unexpected beginning as it is.
std::string refusal(const std::string& bytes) {
  const File file(bytes);
  const std::string message = message_of([&] { read_npy(file.path); }), begin = "read_npy: " + file.path + " ";
  return message.compare(0, begin.size(), begin) == 0 ? message.substr(begin.size()) : message;
}

}  // namespace

// numpy.save of numpy.array([[1.5, -2, 3], [4, 5, 6]], dtype), whole, from NumPy 2: the header's padding is NumPy's.
TEST_CASE("read_npy reads to the letter what NumPy writes, and write_npy writes it", "[npy]") {
  const auto header = [](const std::string& descr) {
    std::string text = "\x93NUMPY\x01\x00v\x00{'descr': '"s + descr + "', 'fortran_order': False, 'shape': (2, 3), }";
    text.resize(127, ' ');
    return text + "\n";
  };
  const std::string floats = header("<f4") +
                             "\x00\x00\xc0\x3f\x00\x00\x00\xc0\x00\x00\x40\x40"
                             "\x00\x00\x80\x40\x00\x00\xa0\x40\x00\x00\xc0\x40"s;
  const Tensor t = read(floats);
  REQUIRE(t.dtype() == float32);
  REQUIRE(t.shape() == Shape{2, 3});
  REQUIRE(t.to_vector<float>() == std::vector<float>{1.5, -2, 3, 4, 5, 6});
  const File written("");
  write_npy(written.path, t);
  REQUIRE(read_file(written.path) == floats);
  write_npy(written.path, t.to(float64));
  REQUIRE(read_file(written.path).compare(0, 128, header("<f8")) == 0);
  REQUIRE(read_file(written.path).size() == 128 + 6 * 8);
}

TEST_CASE("what write_npy writes comes back, whatever its shape and dtype", "[npy]") {
  manual_seed(0);
  const File file("");
  for (const DType dtype : {float32, float64, int64}) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{0, 4}, Shape{2, 3, 1, 2, 1, 4}}) {
      const Tensor t = (100 * randn(shape)).to(dtype);
      write_npy(file.path, t);
      REQUIRE(read_file(file.path).find('\n') % 64 == 63);
      const Tensor back = read_npy(file.path);
      REQUIRE(back.shape() == shape);
      REQUIRE(back.dtype() == dtype);
      REQUIRE(back.to(float64).to_vector<double>() == t.to(float64).to_vector<double>());
    }
  }
  const std::string before = read_file(file.path);
  REQUIRE(message_of([&] { write_npy((file.dir.path() / "no/x.npy").string(), zeros({2})); }) != "");
  REQUIRE(read_file(file.path) == before);
}

TEST_CASE("read_npy reads each dtype, both formats, and columns first", "[npy]") {
  REQUIRE(read(npy<double>(dictionary("<f8", "2,"), {0.1, -3})).to_vector<double>() == std::vector<double>{0.1, -3});
  REQUIRE(read(npy<Index>(dictionary("<i8", "2,"), {-7, Index(1) << 40})).to_vector<Index>() ==
          std::vector<Index>{-7, Index(1) << 40});
  const Tensor bytes = read(npy<std::uint8_t>(dictionary("|u1", "3,"), {0, 128, 255}));
  REQUIRE(bytes.dtype() == float32);
  REQUIRE(bytes.to_vector<float>() == std::vector<float>{0, 128, 255});
  REQUIRE(read(npy<float>(dictionary("<f4", "1, 2"), {1, 2}, 2)).shape() == Shape{1, 2});
  REQUIRE(read(npy<float>(dictionary("<f4", ""), {4})).item() == 4);
  REQUIRE(read(npy<float>("{\"shape\": (2,),\"descr\":\"<f4\", \"fortran_order\":False}", {1, 2})).numel() == 2);
  REQUIRE(read(npy<float>(dictionary("<f4", "0, 4294967296, 3"))).numel() == 0);

  const Tensor turned = read(npy<float>(dictionary("<f4", "2, 3", "True"), {1, 4, 2, 5, 3, 6}));
  REQUIRE(turned.shape() == Shape{2, 3});
  REQUIRE(turned.to_vector<float>() == std::vector<float>{1, 2, 3, 4, 5, 6});
  std::vector<Index> cube(
      24);  // element (i, j, k) of 2x3x4, columns first, is at i + 2j + 6k; its value is 100i + 10j + k
  for (Index k = 0; k < 24; ++k) cube[std::size_t(k)] = 100 * (k % 2) + 10 * (k / 2 % 3) + k / 6;
  const Tensor three = read(npy<Index>(dictionary("<i8", "2, 3, 4", "True"), cube));
  REQUIRE(three.shape() == Shape{2, 3, 4});
  for (Index k = 0; k < 24; ++k) {
    REQUIRE(three.data<Index>()[std::size_t(k)] == 100 * (k / 12) + 10 * (k / 4 % 3) + k % 4);
  }
}

TEST_CASE("read_npy refuses what is no array of numbers that gradus has", "[npy]") {
  const auto numbers = std::vector<float>{1, 2, 3, 4, 5, 6};
  REQUIRE(refusal(npy<float>(dictionary("<f4", "2, 3"), numbers)) == "");  // so that what follows fails for its reason

  REQUIRE(refusal("") == "is no .npy file: it does not start with \\x93NUMPY");
  REQUIRE(refusal("PK\x03\x04") == "is no .npy file: it does not start with \\x93NUMPY");  // .npz
  REQUIRE(refusal("\x93NUMPY\x03\x00"s + std::string(100, ' ')) == "is of format 3.0, expected 1.0 or 2.0");
  REQUIRE(refusal("\x93NUMPY\x01\x01"s + std::string(100, ' ')) == "is of format 1.1, expected 1.0 or 2.0");
  const std::string one_of_them = "': expected float32, float64, int64 or uint8; x.astype('float32') makes one of them";
  for (const std::string descr : {"<i4", "<f2", "|b1", "<c8", "<U3", "|i1", "|O"}) {
    REQUIRE(refusal(npy<float>(dictionary(descr, "2, 3"), numbers)) ==
            "holds numbers of dtype '" + descr + one_of_them);
  }
  REQUIRE(refusal(npy<float>(dictionary(">f4", "2, 3"), numbers)) ==
          "holds numbers of dtype '>f4': its bytes are in the other order; x.astype(x.dtype.newbyteorder('<')) turns "
          "them");
  REQUIRE(refusal(npy<float>("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (6,), }", numbers)) ==
          "holds records of named fields; save each field as an array");
  REQUIRE(refusal(npy<float>(dictionary("<f4", "1, 1, 1, 1, 1, 2, 3"), numbers)) ==
          "has 7 dimensions, expected at most 6");
  REQUIRE(refusal(npy<float>(dictionary("<f4", "2, 2"), numbers)) ==
          "goes on behind its numbers: shape [2, 2] takes 16 bytes, and 24 are there");
  REQUIRE(refusal(npy<float>(dictionary("<f4", "2, 4"), numbers)) ==
          "is cut short: shape [2, 4] takes 32 bytes, and 24 are there");
  REQUIRE(refusal(npy<float>(dictionary("<f4", "4294967296, 4294967296"), numbers)) ==
          "declares more numbers than a 64-bit number can count");
  REQUIRE(refusal(npy<float>(dictionary("<f4", "99999999999999999999"), numbers)) ==
          "declares more numbers than a 64-bit number can count");
  REQUIRE(refusal(npy<float>(dictionary("<f4", "0, 4294967296, 4294967296", "True"))) ==
          "declares more numbers than a 64-bit number can count");
  for (const std::string header : {
           "{}",
           "",
           "{'descr': '<f4', 'fortran_order': False}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': 6, }",
           "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
           "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
           "{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3), }",
           "{'descr': '<f4, 'fortran_order': False, 'shape': (2, 3), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x",
       }) {
    INFO(header);
    REQUIRE(refusal(npy<float>(header, numbers)) == "has a header that is not NumPy's; is it damaged?");
  }
  REQUIRE(refusal(npy<float>(dictionary("<f4", "2, 3"), numbers).replace(10, 1, "\0"s)) ==
          "has a header that is not NumPy's; is it damaged?");
  REQUIRE(message_of([] { read_npy("/no/such.npy"); }) == "read_file: there is no file /no/such.npy");
}

TEST_CASE("read_npy refuses a file that is cut, wherever", "[npy]") {
  for (const int version : {1, 2}) {
    const std::string whole = npy<float>(dictionary("<f4", "2, 3"), {1, 2, 3, 4, 5, 6}, version);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      INFO(size << " of " << whole.size() << " bytes");
      const std::string message = refusal(whole.substr(0, size));
      REQUIRE((message.starts_with("is no .npy file") || message == "ends within its header" ||
               message.starts_with("is cut short")));
    }
  }
}

TEST_CASE("two .npy files are a data set for the loader", "[npy]") {
  const File images(npy<std::uint8_t>(dictionary("|u1", "3, 1, 1, 2"), {0, 255, 51, 102, 153, 204}));
  const File labels(npy<Index>(dictionary("<i8", "3,"), {2, 0, 1}));
  const Dataset data{read_npy(images.path) / 255, read_npy(labels.path)};
  Index seen = 0;
  for (const Batch& batch : DataLoader(data, {.batch_size = 2, .dtype = float64})) {
    seen += batch.size;
    if (batch.size == 1) REQUIRE(batch.images.to_vector<double>()[0] == double(153.f / 255));
  }
  REQUIRE(seen == 3);
}
