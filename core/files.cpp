#include <gradus/core/files.h>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
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
std::string write_all(const fs::path& path, std::string_view bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return std::strerror(errno);
  errno = 0;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  int problem = written ? 0 : errno;
  // A full disk may show no earlier than here.
  if (std::fclose(file) != 0 && problem == 0) problem = errno;
  if (problem != 0) return std::strerror(problem);
  return written ? "" : "the file could not be written to its end";
}

}  // namespace

std::string read_file(const std::string& path, std::uintmax_t most) {
  std::error_code problem;
  check(fs::exists(path, problem), "read_file", "there is no file ", path);
  check(fs::is_regular_file(path, problem), "read_file", path, " is not a regular file");
  const std::uintmax_t size = fs::file_size(path, problem);
  check(!problem && size <= most, "read_file", path, " has ", size, " bytes, expected at most ", most);
  std::ifstream file(path, std::ios::binary);
  check(file.is_open(), "read_file", path, " could not be opened; is reading it allowed?");
  std::string bytes(size, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  check(static_cast<std::uintmax_t>(file.gcount()) == size, "read_file", path, " could not be read to its end");
  return bytes;
}

void write_file(const std::string& file, std::string_view bytes) {
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
  const std::string reason = write_all(temporary.path, bytes);
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
  const std::string reason = write_all(probe.path, "?");
  check(reason.empty(), "check_writable", "no file can be written in ", folder.string(), ": ", reason);
}

}  // namespace gradus
