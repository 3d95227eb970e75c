// A folder of pictures as a data set: a folder in it for each class.
#pragma once
#include <string>

#include <gradus/data/dataset.h>

namespace gradus {

struct ImageFolderOptions {
  int channels = 3;  // 1: grey
  // What every picture is scaled to (resize_image). Without, they stay as they are, and have to be alike.
  Index height = 0, width = 0;
};

// Reads DIR/CLASS/*.png for each folder CLASS in DIR, as read_image does. The classes are the folders' names, sorted,
// and labels count them from 0; images are sorted by class, then by file name: shuffle them (DataLoader's .shuffle).
// What begins with a dot is left out, and so are files that are no pictures.
//
// Throws Error, naming folder or file, where DIR is not there or has no folders, a class has no picture, a picture is
// not PNG or cannot be read, or is not of the first one's size and no other was asked for.
Dataset image_folder(const std::string& dir, ImageFolderOptions options = {});

}  // namespace gradus
