#include <gradus/core/files.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include <gradus/core/error.h>

namespace gradus {

namespace fs = std::filesystem;

namespace {

// Removes the temporary file unless it was renamed.
struct Temporary {
  fs::path path;
  ~Temporary() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

// errno's text, or "" when all of the bytes were written.
std::string write_all(const fs::path& path, std::span<const std::string_view> pieces) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return std::strerror(errno);
  errno = 0;
  const bool written = std::all_of(pieces.begin(), pieces.end(), [&](std::string_view bytes) {
    return bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  });
  int problem = written ? 0 : errno;
  // A full disk may show no earlier than here.
  if (std::fclose(file) != 0 && problem == 0) problem = errno;
  if (problem != 0) return std::strerror(problem);
  return written ? "" : "the file could not be written to its end";
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  std::error_code problem;
  check(fs::exists(path, problem), "read_file", "there is no file ", path);
  check(fs::is_regular_file(path, problem), "read_file", path, " is not a regular file");
  size_ = fs::file_size(path, problem);
  if (!problem) stream_.open(path, std::ios::binary);
  check(stream_.is_open(), "read_file", path, " could not be opened; is reading it allowed?");
}

void InputFile::read(std::uintmax_t at, void* to, std::size_t bytes) {
  stream_.seekg(static_cast<std::streamoff>(at));
  stream_.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
  check(stream_.good() || bytes == 0, "read_file", path_, " could not be read to its end");
}

std::string read_file(const std::string& path, std::uintmax_t most) {
  InputFile file(path);
  check(file.size() <= most, "read_file", path, " has ", file.size(), " bytes, expected at most ", most);
  std::string bytes(file.size(), '\0');
  file.read(0, bytes.data(), bytes.size());
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes) { write_file(path, {&bytes, 1}); }

void write_file(const std::string& file, std::span<const std::string_view> pieces) {
  const fs::path path(file);
  std::error_code problem;
  fs::path target = path;
  const auto status = fs::status(path, problem);
  if (fs::exists(status)) {
    // Renaming onto a device or a pipe would replace it.
    check(fs::is_regular_file(status), "write_file", path.string(), " exists and is not a regular file");
    target = fs::canonical(path, problem);
    check(!problem, "write_file", path.string(), " could not be resolved: ", problem.message());
  }
  Temporary temporary{target};
  temporary.path += "." + std::to_string(::getpid()) + ".part";
  const std::string reason = write_all(temporary.path, pieces);
  check(reason.empty(), "write_file", path.string(), " could not be written: ", reason);
  fs::rename(temporary.path, target, problem);
  check(!problem, "write_file", path.string(), " could not be written: ", problem.message());
}

void check_writable(const std::string& name) {
  const fs::path folder(name);
  check(!folder.empty(), "check_writable", "the folder's name is empty");
  std::error_code problem;
  fs::create_directories(folder, problem);
  // create_directories reports no error when a regular file has that name.
  check(!problem && fs::is_directory(folder), "check_writable", folder.string(),
        " is not a folder and could not be made one: ", problem ? problem.message() : "a file has that name");
  const Temporary probe{folder / ("writable." + std::to_string(::getpid()) + ".part")};
  const std::string_view something = "?";  // an empty file fits on a full disk
  const std::string reason = write_all(probe.path, {&something, 1});
  check(reason.empty(), "check_writable", "no file can be written in ", folder.string(), ": ", reason);
}

}  // namespace gradus
