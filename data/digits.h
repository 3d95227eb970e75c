// The built-in digits: handwritten digits that gradus draws itself, for where there is no MNIST.
//
// A digit is one of several skeletons (strokes.h) whose points are moved a little, under random slant, scale, rotation
// and shift, drawn by a pen (pen.h) of random thickness and blur: white ink on black, 28x28, bytes/255 like MNIST's.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <gradus/data/dataset.h>

namespace gradus {

// As many training and test images as asked for, shuffled, every digit equally often (to within one). The same seed and
// numbers of images give the same images, whatever the number of threads; the test images are draws of their own.
Datasets digits(std::uint64_t seed, Index train = 60000, Index test = 10000);

const std::vector<std::string>& digit_classes();  // "0" to "9"

// One image: as many random numbers in [0, 1) decide everything about it; pixels has 28 * 28 elements.
inline constexpr int numbers_per_digit = 64;
void draw_digit(int digit, std::span<const float> random, std::span<float> pixels);

}  // namespace gradus
