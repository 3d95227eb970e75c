// CIFAR-10: 50,000 training and 10,000 test photographs in ten classes, 32x32, in colour.
#pragma once
#include <string>
#include <vector>

#include <gradus/data/dataset.h>

namespace gradus {

// Reads DIR/cifar-10-batches-bin: data_batch_1.bin to data_batch_5.bin and test_batch.bin, the set's binary version. A
// record has 3,073 bytes: the label, then the red, the green and the blue plane, row by row. Pixels become byte / 255.
//
// Throws Error, naming the file, for one that is missing or cannot be read, that is no whole number of records, that
// holds fewer images than the other training batches, or a label outside 0 to 9.
Datasets cifar10(const std::string& dir);

bool has_cifar10(const std::string& dir);  // any of the files is there

const std::vector<std::string>& cifar10_classes();  // airplane, automobile, ...: by label

}  // namespace gradus
