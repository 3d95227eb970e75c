// A gradient, a network that learns, and an op of one's own whose gradient is checked.
#include <gradus/gradus.h>

#include <iostream>

using namespace gradus;

// An op: what it computes, and how a gradient comes back through it.
struct Cube {
  double factor;  // 3, if the gradient is to be right
  Tensor forward(Saved& keep, const Tensor& x) const {
    keep(x);
    return x * x * x;
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const { return {factor * square(kept[0]) * dy}; }
};

int main() {
  const Tensor w = tensor({1, 2, 3}).requires_grad_();
  sum(w * w * w).backward();
  std::cout << "the gradient of sum(w^3) is " << w.grad() << "\n";

  manual_seed(0);
  const Tensor points = 2 * rand({1000, 2}) - 1;                     // in a square
  const Tensor inside = (sum(square(points), {1}) < 0.6).to(int64);  // 1 for those in a circle, 0 for the others
  const Sequential net(Linear(2, 16), Tanh(), Linear(16, 2));
  Adam optimizer(net.parameters(), {.lr = 0.01});
  for (int step = 0; step <= 400; ++step) {
    const Tensor scores = net(points);
    const double right = sum(argmax(scores, 1) == inside).item();
    if (step % 100 == 0) std::cout << "step " << step << ": " << right << " of 1000 points are right\n";
    optimizer.zero_grad();
    cross_entropy(scores, inside).backward();
    optimizer.step();
  }

  for (const double factor : {3.0, -3.0}) {
    const auto cube = [factor](const Tensors& in) { return apply(Cube{factor}, in[0]); };
    std::cout << gradcheck(cube, {tensor({1, 2, 3}, float64)}) << "\n";
  }
}
