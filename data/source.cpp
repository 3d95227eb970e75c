#include <gradus/data/source.h>

#include <cstdlib>
#include <utility>

#include <gradus/core/error.h>
#include <gradus/data/cifar10.h>
#include <gradus/data/digits.h>
#include <gradus/data/mnist.h>
#include <gradus/data/shapes.h>

namespace gradus {
namespace {

// What find_data has to know of a data set.
struct Known {
  const char *name, *command;             // as people call it, and as scripts/get-data does
  const char *folder, *file, *in_place;   // in the data directory; what its absence is told by; what is drawn instead
  bool (*is_in)(const std::string& dir);  // the data directory
  Datasets (*read)(const std::string& dir);
  Datasets (*draw)(std::uint64_t seed);
};

const Known& known(DataSet set) {
  static const Known mnist_files{"MNIST",  "mnist",   "mnist", "train-images-idx3-ubyte, with or without .gz",
                                 "digits", has_mnist, mnist,   [](std::uint64_t seed) { return digits(seed); }};
  static const Known cifar10_files{"CIFAR-10",
                                   "cifar10",
                                   "cifar-10-batches-bin",
                                   "data_batch_1.bin",
                                   "shapes",
                                   has_cifar10,
                                   cifar10,
                                   [](std::uint64_t seed) { return shapes(seed); }};
  return set == DataSet::mnist ? mnist_files : cifar10_files;
}

std::string holding(const Known& set, const char* named_by, const std::string& dir) {
  check(set.is_in(dir), named_by, dir, " holds no ", set.folder, "/", set.file, "; name the directory above ",
        set.folder, "/, or none for the built-in ", set.in_place, ", or fetch it: scripts/get-data ", set.command,
        " --to ", dir);
  return dir;
}

}  // namespace

std::string data_directory(const std::string& option, const std::string& environment, const std::string& fallback,
                           DataSet wanted) {
  const Known& set = known(wanted);
  if (!option.empty()) return holding(set, "--data", option);
  if (!environment.empty()) return holding(set, "GRADUS_DATA", environment);
  return set.is_in(fallback) ? fallback : "";
}

DataSource find_data(const std::string& option, std::uint64_t seed, DataSet wanted) {
  const Known& set = known(wanted);
  const char* environment = std::getenv("GRADUS_DATA");
  const std::string dir = data_directory(option, environment ? environment : "", "datasets", wanted);
  Datasets data = dir.empty() ? set.draw(seed) : set.read(dir);
  std::string description = dir.empty() ? std::string("data: built-in ") + set.in_place + " drawn from seed " +
                                              std::to_string(seed) + ", as there is no " + set.name +
                                              " (--data, GRADUS_DATA or ./datasets)"
                                        : std::string("data: ") + set.name + " from " + dir + "/" + set.folder;
  return {std::move(data.train), std::move(data.test), std::move(description)};
}

}  // namespace gradus
