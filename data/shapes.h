// The built-in pictures: coloured shapes that gradus draws itself, for where there is no CIFAR-10.
//
// A picture is 32x32 in colour: one of ten shapes of random size, place, turn and colour, with its shadow, before a
// background of random colours and stripes. No colour and no place tells the class. Values are bytes/255, as
// CIFAR-10's.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <gradus/data/dataset.h>

namespace gradus {

// As many training and test pictures as asked for, shuffled, every class equally often (to within one). The same seed
// and numbers of pictures give the same pictures, whatever the number of threads; the test pictures are draws of their
// own.
Datasets shapes(std::uint64_t seed, Index train = 50000, Index test = 10000);

const std::vector<std::string>& shape_classes();  // circle, ring, ...: by label

// One picture: as many random numbers in [0, 1) decide everything about it; pixels has 3 * 32 * 32 elements.
inline constexpr int numbers_per_shape = 24;
void draw_shape(int label, std::span<const float> random, std::span<float> pixels);

}  // namespace gradus
