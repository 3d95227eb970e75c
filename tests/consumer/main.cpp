// A program of somebody else's project, which uses gradus from where it is installed, or from its sources.
#include <gradus/gradus.h>
#include <gradus/models/lecture20.h>

#include <iostream>

using namespace gradus;

int main() {
  int unused;  // their warnings are theirs: ours must not make an error of this
  manual_seed(0);
  const Tensor x = rand({64, 3}), y = sum(x, {1}, true);
  Linear net(3, 1);
  Adam optimizer(net.parameters(), {.lr = 0.05});
  double loss = 0;
  for (int step = 0; step < 200; ++step) {
    const Tensor error = mse_loss(net(x), y);
    optimizer.zero_grad();
    error.backward();
    optimizer.step();
    loss = error.item();
  }
#if defined(GRADUS_CUDA_EMULATED)
  const double three = sum(ones({3}, parse_device("cuda"))).item();
#else
  const double three = sum(ones({3})).item();
#endif
  write_png("consumer.png", tiles(rand({4, 1, 8, 8})));
  std::cout << "gradus " GRADUS_VERSION ", loss " << loss << "\n";
  return loss < 1e-3 && three == 3 ? 0 : 1;
}
