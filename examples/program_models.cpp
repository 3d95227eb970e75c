#include <gradus/examples/program_models.h>

#include <algorithm>
#include <filesystem>

#include <gradus/core/ops.h>
#include <gradus/core/safetensors.h>
#include <gradus/core/version.h>
#include <gradus/data/images.h>

namespace gradus {

namespace {

Index names_in_common(const NamedTensors& a, const NamedTensors& b) {
  return std::count_if(a.begin(), a.end(), [&](const auto& x) {
    return std::any_of(b.begin(), b.end(), [&](const auto& y) { return y.first == x.first; });
  });
}

// The mean colour of the outermost pixels of [channels, h, w]: [channels, 1, 1]. A corner counts in both its edges.
Tensor edge_color(const Tensor& image) {
  const Index h = image.size(1), w = image.size(2);
  const Tensor edges = cat({image.slice(1, 0, 1).flatten(1), image.slice(1, h - 1, h).flatten(1),
                            image.slice(2, 0, 1).flatten(1), image.slice(2, w - 1, w).flatten(1)},
                           1);
  return mean(edges, {1}, true).unsqueeze(2);
}

// The image in the middle of a square whose other pixels are of the given colour.
Tensor squared(const Tensor& image, const Tensor& color) {
  const Index h = image.size(1), w = image.size(2), d = h < w ? 1 : 2;
  const Index missing = std::max(h, w) - std::min(h, w);
  const auto strip = [&](Index extent) { return expand(color, image.shape().with(static_cast<int>(d), extent)); };
  return missing == 0 ? image : cat({strip(missing / 2), image, strip(missing - missing / 2)}, d);
}

// "      zero   0.01 %" for each class, five in a line.
std::string table(const std::vector<std::string>& classes, const Tensor& probabilities) {
  std::string text;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const double percent = 100 * probabilities[static_cast<Index>(i)].item();
    text += formatted("%10s %6.2f %%", classes[i].c_str(), percent);
    if (i % 5 == 4 || i + 1 == classes.size()) text += "\n";
  }
  return text;
}

}  // namespace

void save_model(Program& program, const std::string& name, const Module& net) {
  const std::string path = program.file(name + ".safetensors").string();
  save_safetensors(path, net.state_dict(), {{"network", name}, {"written by", version()}});
  program.say("Saved in %s\n", path.c_str());
}

std::size_t load_model(Program& program, const std::string& file, const std::vector<Module>& networks) {
  NamedTensors state = load_safetensors(file);
  const auto best = std::max_element(networks.begin(), networks.end(), [&](const Module& a, const Module& b) {
    return names_in_common(a.state_dict(), state) < names_in_common(b.state_dict(), state);
  });
  Module net = *best;
  for (auto& [name, t] : state) {
    if (is_floating(t.dtype())) t = t.to(net.parameters().front().dtype());
  }
  try {
    net.load_state_dict(state);
  } catch (const Error& error) {
    fail("load_model", file, " holds another network; ", error.what());
  }
  std::string names;
  for (const std::string& name : not_finite(state)) names += (names.empty() ? "" : ", ") + name;
  if (!names.empty()) {
    program.say("%s: NaN or infinity in %s\n", file.c_str(), names.c_str());
    program.result("not finite", names);
  }
  return static_cast<std::size_t>(best - networks.begin());
}

Tensor read_picture(Program& program, const std::string& path, const PictureForm& form) {
  const Tensor image = read_image(path, form.channels);
  const Index h = image.size(1), w = image.size(2);
  check(std::min(h, w) >= form.side, "read_picture", path, " has ", w, " x ", h, " pixels, expected at least ",
        form.side, " x ", form.side);
  const Tensor edges = edge_color(image);
  const Tensor scaled = resize_image(squared(image, edges), form.side, form.side);
  const double lightness = mean(edges).item();
  if (!form.light_on_dark || lightness <= 0.5) return scaled;
  program.say("%s: dark on light (its edges are %.2f, white is 1), so the network is given the negative\n",
              path.c_str(), lightness);
  return 1 - scaled;
}

void predict(Program& program, const Network& net, const std::vector<std::string>& classes, const PictureForm& form,
             std::span<const std::string> paths) {
  NoGrad guard;
  Tensors read;
  for (const std::string& path : paths) read.push_back(read_picture(program, path, form));
  const Tensor pictures = stack(read);
  const Tensor probabilities = softmax(net(pictures.to(program.options.device)), 1).to(cpu);
  check(probabilities.size(1) == static_cast<Index>(classes.size()), "predict", "the network has scores for ",
        probabilities.size(1), " classes, there are ", classes.size());
  const std::vector<Index> best = argmax(probabilities, 1).to_vector<Index>();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto row = static_cast<Index>(i);
    const std::string& name = classes[static_cast<std::size_t>(best[i])];
    program.log() << paths[i] << ": " << name << "\n" << table(classes, probabilities[row]);
    program.result(paths[i], name);
    program.result(paths[i] + ", probability", probabilities[row][best[i]].item());
  }
  program.picture("pictures.png", "What the network was given.", tiles(pictures, grey(), {.zoom = 2}));
}

}  // namespace gradus
