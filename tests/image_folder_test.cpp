// A folder of pictures as a data set: labels, order, sizes, and what is refused.
#include "catch.h"

#include <gradus/core/files.h>
#include <gradus/data/image_folder.h>
#include <gradus/data/loader.h>
#include <gradus/report/image.h>

#include "mnist_files.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

void add_picture(const fs::path& path, int width, int height, Rgb color) {
  fs::create_directories(path.parent_path());
  write_png(path.string(), Image(width, height, color));
}

// Three classes, whose pictures say by their red what they are: 10 * label + number.
struct Pictures {
  TempDir dir;
  Pictures() {
    for (const auto& [name, red] :
         {std::pair("ape/1.png", 10), {"ape/0.png", 0}, {"Zoo/x.png", 20}, {"bee/a.PNG", 30}}) {
      add_picture(dir.path() / name, 4, 3, {std::uint8_t(red), 100, 200});
    }
  }
  std::string path(const std::string& name = "") const { return (dir.path() / name).string(); }
  Dataset read(ImageFolderOptions options = {}) const { return image_folder(dir.path().string(), options); }
  std::string message(ImageFolderOptions options = {}) const {
    return message_of([&] { read(options); });
  }
};

}  // namespace

TEST_CASE("image_folder takes classes and pictures in the order of their names", "[image_folder]") {
  const Pictures pictures;
  write_file(pictures.path("notes.txt"), "no folder");
  write_file(pictures.path("bee/notes.txt"), "no picture");
  write_file(pictures.path("bee/.hidden.png"), "no picture");
  fs::create_directories(pictures.path(".cache"));
  const Dataset data = pictures.read();
  REQUIRE(data.classes == std::vector<std::string>{"Zoo", "ape", "bee"});
  REQUIRE(data.labels.to_vector<Index>() == std::vector<Index>{0, 1, 1, 2});
  REQUIRE(data.images.shape() == Shape{4, 3, 3, 4});
  REQUIRE(data.images.dtype() == float32);
  const std::vector<int> red{20, 0, 10, 30};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto image = data.images.data<float>().subspan(i * 36, 36);
    CHECK(image[0] == float(red[i]) / 255);
    CHECK(image[12] == 100.f / 255);
    CHECK(image[35] == 200.f / 255);
  }
  Index seen = 0;
  for (const Batch& batch : DataLoader(data, {.batch_size = 3, .shuffle = true})) seen += batch.size;
  REQUIRE(seen == 4);
}

TEST_CASE("image_folder reads grey and scales", "[image_folder]") {
  const Pictures pictures;
  REQUIRE(pictures.read({.channels = 1}).images.shape() == Shape{4, 1, 3, 4});
  add_picture(pictures.path("bee/b.png"), 9, 7, {40, 100, 200});
  REQUIRE(pictures.message() == "image_folder: " + pictures.path("bee/b.png") + " is 9x7 pixels, " +
                                    pictures.path("Zoo/x.png") + " 4x3; name a height and a width to scale them to");
  const Dataset scaled = pictures.read({.height = 5, .width = 6});
  REQUIRE(scaled.images.shape() == Shape{5, 3, 5, 6});
  REQUIRE(scaled.images.data<float>()[4 * 90] == Approx(40. / 255));
}

TEST_CASE("image_folder names what it cannot read", "[image_folder]") {
  const Pictures pictures;
  REQUIRE(pictures.message() == "");  // so that what follows fails for its own reason
  REQUIRE(message_of([&] { image_folder(pictures.path("none")); }) ==
          "image_folder: " + pictures.path("none") + " is not a folder");
  REQUIRE(message_of([&] { image_folder(pictures.path("ape/0.png")); }) ==
          "image_folder: " + pictures.path("ape/0.png") + " is not a folder");
  REQUIRE(message_of([&] { image_folder(pictures.path("ape")); }) ==
          "image_folder: " + pictures.path("ape") + " has no folders; expected one for each class, with its pictures");
  REQUIRE(pictures.message({.height = 4}) == "image_folder: height is 4 and width 0, expected both or neither");
  REQUIRE(pictures.message({.channels = 2}).find("channels") != std::string::npos);

  fs::create_directories(pictures.path("cat"));
  REQUIRE(pictures.message() == "image_folder: no picture (*.png) is in " + pictures.path("cat"));
  write_file(pictures.path("cat/1.jpg"), "");
  REQUIRE(pictures.message() ==
          "image_folder: " + pictures.path("cat/1.jpg") + " is not PNG, which alone is read; convert it");
  fs::remove(pictures.path("cat/1.jpg"));
  write_file(pictures.path("cat/1.png"), "<html>");
  REQUIRE(pictures.message().find(pictures.path("cat/1.png")) != std::string::npos);
  const std::string whole = read_file(pictures.path("ape/0.png"));
  write_file(pictures.path("cat/1.png"), whole.substr(0, whole.size() / 2));
  REQUIRE(pictures.message().find(pictures.path("cat/1.png")) != std::string::npos);
}
