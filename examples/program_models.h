// Saved networks in the lectures' programs: written after training, read by --evaluate and --predict.
#pragma once
#include <span>
#include <string>
#include <vector>

#include <gradus/examples/program_epochs.h>
#include <gradus/layers/module.h>

namespace gradus {

// Writes the network's parameters to NAME.safetensors in --out, and says so.
void save_model(Program& program, const std::string& name, const Module& net);

// Reads a file into that one of `networks` of whose names it has most, and returns which. The file may hold float32
// where the network has float64, and the other way round. Where a number in it is not finite, the run says so. Throws
// Error, and changes no network, where the file's names, shapes or dtypes are not the network's, and lists them.
std::size_t load_model(Program& program, const std::string& file, const std::vector<Module>& networks);

// The pictures that a network takes: [n, channels, side, side].
struct PictureForm {
  int channels = 3;
  Index side = 32;
  bool light_on_dark = false;  // as in MNIST: a picture whose edges are light is turned into its negative
};

// A PNG as a network takes it, [channels, side, side] from 0 to 1: widened to a square by the mean colour of its edges,
// scaled (resize_image), and turned, where the form wants it, if its edges are above 1/2. The run says so. Throws Error
// for a picture that has a side below the form's, and as read_image.
Tensor read_picture(Program& program, const std::string& path, const PictureForm& form);

// Prints the class of each picture and the probability, the softmax of the network's scores, of every class, and puts
// them among the run's results; pictures.png shows what the network was given. Throws Error as read_picture, before it
// prints anything.
void predict(Program& program, const Network& net, const std::vector<std::string>& classes, const PictureForm& form,
             std::span<const std::string> paths);

}  // namespace gradus
