#include <gradus/data/source.h>

#include <cstdlib>
#include <utility>

#include <gradus/core/error.h>
#include <gradus/data/digits.h>
#include <gradus/data/mnist.h>

namespace gradus {
namespace {

std::string holding_mnist(const char* named_by, const std::string& dir) {
  check(has_mnist(dir), named_by, dir,
        " holds no mnist/train-images-idx3-ubyte, with or without .gz; name the directory",
        " above mnist/, or none for the built-in digits");
  return dir;
}

}  // namespace

std::string data_directory(const std::string& option, const std::string& environment, const std::string& fallback) {
  if (!option.empty()) return holding_mnist("--data", option);
  if (!environment.empty()) return holding_mnist("GRADUS_DATA", environment);
  return has_mnist(fallback) ? fallback : "";
}

DataSource find_data(const std::string& option, std::uint64_t seed) {
  const char* environment = std::getenv("GRADUS_DATA");
  const std::string dir = data_directory(option, environment ? environment : "", "datasets");
  Datasets data = dir.empty() ? digits(seed) : mnist(dir);
  std::string description = dir.empty() ? "data: built-in digits drawn from seed " + std::to_string(seed) +
                                              ", as there is no MNIST (--data, GRADUS_DATA or ./datasets)"
                                        : "data: MNIST from " + dir + "/mnist";
  return {std::move(data.train), std::move(data.test), std::move(description)};
}

}  // namespace gradus
