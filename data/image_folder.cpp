#include <gradus/data/image_folder.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include <gradus/core/error.h>
#include <gradus/data/images.h>

namespace gradus {
namespace {

namespace fs = std::filesystem;

struct Picture {
  fs::path path;
  Index label;
};

std::string extension(const fs::path& path) {
  std::string text = path.extension().string();
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

// What is in a folder and not hidden, sorted by name.
std::vector<fs::path> entries(const fs::path& dir) {
  std::error_code error;
  std::vector<fs::path> all;
  for (fs::directory_iterator i(dir, error), end; !error && i != end; i.increment(error)) {
    if (i->path().filename().string()[0] != '.') all.push_back(i->path());
  }
  check(!error, "image_folder", dir.string(), " could not be read: ", error.message());
  std::ranges::sort(all);
  return all;
}

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> pictures;
  for (const fs::path& path : entries(folder)) {
    const std::string kind = extension(path);
    const bool other = kind == ".jpg" || kind == ".jpeg" || kind == ".bmp" || kind == ".gif" || kind == ".webp" ||
                       kind == ".tif" || kind == ".tiff";
    check(!other, "image_folder", path.string(), " is not PNG, which alone is read; convert it");
    if (kind == ".png") pictures.push_back(path);
  }
  return pictures;
}

Tensor read(const fs::path& path, const ImageFolderOptions& options) {
  const Tensor image = read_image(path.string(), options.channels);
  return options.height > 0 ? resize_image(image, options.height, options.width) : image;
}

}  // namespace

Dataset image_folder(const std::string& dir, ImageFolderOptions options) {
  check(options.height >= 0 && options.width >= 0 && (options.height > 0) == (options.width > 0), "image_folder",
        "height is ", options.height, " and width ", options.width, ", expected both or neither");
  std::error_code ignored;
  check(fs::is_directory(dir, ignored), "image_folder", dir, " is not a folder");
  Dataset set;
  std::vector<Picture> pictures;
  for (const fs::path& folder : entries(dir)) {
    if (!fs::is_directory(folder, ignored)) continue;
    const auto found = pictures_in(folder);
    check(!found.empty(), "image_folder", "no picture (*.png) is in ", folder.string());
    for (const fs::path& path : found) pictures.push_back({path, Index(set.classes.size())});
    set.classes.push_back(folder.filename().string());
  }
  check(!pictures.empty(), "image_folder", dir, " has no folders; expected one for each class, with its pictures");

  const fs::path& first = pictures[0].path;
  const Shape shape = read(first, options).shape();
  const auto n = Index(pictures.size());
  set.images = empty({n, shape[0], shape[1], shape[2]});
  set.labels = empty({n}, int64);
  auto to = set.images.data<float>().begin();
  const auto labels = set.labels.data<Index>();
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const Tensor image = read(pictures[i].path, options);
    check(image.shape() == shape, "image_folder", pictures[i].path.string(), " is ", image.size(2), "x", image.size(1),
          " pixels, ", first.string(), " ", shape[2], "x", shape[1], "; name a height and a width to scale them to");
    to = std::ranges::copy(image.data<float>(), to).out;
    labels[i] = pictures[i].label;
  }
  return set;
}

}  // namespace gradus
