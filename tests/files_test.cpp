// Files: read by their size, written whole or not at all.
#include "catch.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include <gradus/core/files.h>

#include "mnist_files.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

std::ptrdiff_t entries(const TempDir& folder) { return std::distance(fs::directory_iterator(folder.path()), {}); }

}  // namespace

TEST_CASE("a file's bytes are read, from first to last or a piece") {
  const TempDir folder;
  const std::string path = folder.path() / "file", bytes("a\0b\n\xff", 5);
  gradus::write_file(path, bytes);
  CHECK(read_file(path) == bytes);
  CHECK(read_file(path, 5) == bytes);
  InputFile file(path);
  CHECK(file.size() == 5);
  char piece[2];
  file.read(3, piece, 2);
  CHECK(std::string(piece, 2) == "\n\xff");
  file.read(0, piece, 2);
  CHECK(std::string(piece, 2) == std::string("a\0", 2));
  file.read(5, nullptr, 0);
  CHECK(message_of([&] { file.read(4, piece, 2); }) == "read_file: " + path + " could not be read to its end");
  gradus::write_file(path, "");
  CHECK(read_file(path) == "");
}

TEST_CASE("what cannot be read is refused by name") {
  const TempDir folder;
  const std::string path = folder.path() / "file", missing = folder.path() / "missing";
  gradus::write_file(path, "12345");
  CHECK(message_of([&] { read_file(missing); }) == "read_file: there is no file " + missing);
  CHECK(message_of([&] { read_file(""); }) == "read_file: there is no file ");
  CHECK(message_of([&] { read_file(folder.path()); }) ==
        "read_file: " + folder.path().string() + " is not a regular file");
  CHECK(message_of([] { read_file("/dev/zero"); }) == "read_file: /dev/zero is not a regular file");
  CHECK(message_of([&] { read_file(path, 4); }) == "read_file: " + path + " has 5 bytes, expected at most 4");
}

TEST_CASE("a file is written whole") {
  const TempDir folder;
  const fs::path path = folder.path() / "file";
  const std::string_view pieces[] = {"a", "", "bc"};
  gradus::write_file(path, pieces);
  CHECK(read_file(path) == "abc");
  gradus::write_file(path, "new");
  CHECK(read_file(path) == "new");
  gradus::write_file(folder.path() / "empty", "");
  CHECK(fs::file_size(folder.path() / "empty") == 0);
  CHECK(entries(folder) == 2);

  fs::create_symlink(path, folder.path() / "link");
  gradus::write_file(folder.path() / "link", "through a link");
  CHECK(fs::is_symlink(folder.path() / "link"));
  CHECK(read_file(path) == "through a link");
}

TEST_CASE("a file that cannot be written is left as it was") {
  const TempDir folder;
  const fs::path path = folder.path() / "figures.csv";
  gradus::write_file(path, "old");

  const std::string below_a_file = message_of([&] { gradus::write_file(path / "x.png", "new"); });
  CHECK(below_a_file == "write_file: " + (path / "x.png").string() + " could not be written: Not a directory");
  CHECK(message_of([&] { gradus::write_file(folder.path() / "missing" / "x.png", "new"); }) ==
        "write_file: " + (folder.path() / "missing" / "x.png").string() +
            " could not be written: No such file or directory");
  CHECK(message_of([&] { gradus::write_file(folder.path(), "new"); }) ==
        "write_file: " + folder.path().string() + " exists and is not a regular file");
  CHECK(message_of([] { gradus::write_file("/dev/full", "new"); }) ==
        "write_file: /dev/full exists and is not a regular file");
  CHECK(fs::is_character_file("/dev/full"));

  // A disk that fills up half way.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string full = message_of([&] { gradus::write_file(path, std::string(100000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(full == "write_file: " + path.string() + " could not be written: File too large");

  CHECK(read_file(path) == "old");
  CHECK(entries(folder) == 1);
}

TEST_CASE("check_writable makes the folder and leaves nothing in it") {
  const TempDir folder;
  const fs::path made = folder.path() / "a" / "b";
  check_writable(made);
  CHECK(fs::is_directory(made));
  CHECK(fs::is_empty(made));
  check_writable(made);
  gradus::write_file(made / "file", "old");
  CHECK(message_of([&] { check_writable(made / "file"); }).find((made / "file").string() + " is not a folder") !=
        std::string::npos);
  CHECK(message_of([&] { check_writable(made / "file" / "below"); }).find("could not be made one: Not a directory") !=
        std::string::npos);
  CHECK(message_of([] { check_writable(""); }) == "check_writable: the folder's name is empty");
  CHECK(message_of([] { check_writable("/proc"); }).find("check_writable: no file can be written in /proc: ") == 0);
}
