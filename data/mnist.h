// MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28, one channel.
#pragma once
#include <string>

#include <gradus/data/dataset.h>

namespace gradus {

// Reads DIR/mnist: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte,
// each as it is or with .gz; where both are there, the one without is read. Pixels become byte / 255.
//
// Throws Error, naming the file, for one that is missing, damaged or cut short, has another magic number, more or fewer
// bytes than its header says, images that are not 28x28, labels outside 0 to 9, or not one label for each image.
Datasets mnist(const std::string& dir);

bool has_mnist(const std::string& dir);  // any of the files is there

}  // namespace gradus
