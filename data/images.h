// Pictures as tensors: read from PNG files, and scaled.
#pragma once
#include <string>

#include <gradus/core/tensor.h>

namespace gradus {

// A PNG file as float32 [channels, height, width], from 0 to 1: a sample of 8 bits is divided by 255, one of 16 bits by
// 65535. With 1 channel a colour becomes the grey 0.299 red + 0.587 green + 0.114 blue; with 3 a grey is repeated. What
// is transparent shows white, as paper does.
//
// Throws Error, naming the file, where it is not there, no PNG, cut short or damaged (each part's checksum is
// verified), or has a side over 16384 pixels or more than 2^27 in all; and for channels other than 1 and 3.
Tensor read_image(const std::string& path, int channels);

// A float32 image [channels, h, w] on the CPU, scaled to [channels, height, width], one side after the other. Output i
// of n from m inputs is the mean of the inputs j with the weights
//
//   max(0, 1 - |j + 1/2 - (i + 1/2) m/n| / max(1, m/n))
//
// Enlarging interpolates linearly between the nearest two; shrinking averages over a triangle that is wide enough for
// every input to count, so that thin lines do not vanish. As in PIL (BILINEAR) and PyTorch (antialias). Not recorded
// for gradients. Throws Error for other tensors, an image without pixels, and sides outside 1 to 16384.
Tensor resize_image(const Tensor& image, Index height, Index width);

}  // namespace gradus
