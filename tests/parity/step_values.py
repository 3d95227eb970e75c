#!/usr/bin/env python3
"""One training step of each phase of every lecture in PyTorch, in float64, against gradus's.

usage: step_values.py check FILE.safetensors     compares every number with what `unit_tests "writes its training
                                                 steps for Python"` wrote: 1e-9 of each tensor's largest magnitude
       step_values.py write tests/data/step_values.txt
                                                 keeps of each tensor its norm and 64 evenly spaced elements, for
                                                 tests/step_values_test.cpp
(needs torch)

Weights, images and noise come from one formula, hashed(), which the C++ side has too. A tensor is named
"20.autoencoder/loss", "20.autoencoder/grad/encoder.0.weight" or ".../new/...", the parameter after the step.
"""

import json
import struct
import sys

import torch
import torch.nn.functional as F
from torch import nn


def hashed(shape, k):
    """Numbers from 0 to 1: element i of number k."""
    n = torch.Size(shape).numel()
    mask = 0xFFFFFFFF
    x = (torch.arange(n, dtype=torch.int64) * 2654435761 + k * 40503 + 12345) & mask
    x = (x ^ (x >> 16)) * 73244475 & mask
    x = (x ^ (x >> 16)) * 73244475 & mask
    x = x ^ (x >> 16)
    return (x.double() / 4294967296.0).reshape(shape)


def set_weights(net):
    for k, (name, p) in enumerate(net.named_parameters()):
        weights = name.endswith("weight")
        fan_in = p[0].numel() if weights else 1
        limit = fan_in**-0.5 if weights else 0.1
        with torch.no_grad():
            p.copy_((2 * hashed(p.shape, k) - 1) * limit)


class L1Penalty(torch.autograd.Function):
    """The identity; on the way back it adds the gradient of 0.1 * mean|x|."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.view_as(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy + 0.1 / x.numel() * x.sign()


class Autoencoder20(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 400), nn.Tanh())
        self.decoder = nn.Sequential(nn.Linear(400, 784), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(L1Penalty.apply(self.encoder(x)))


class Classifier20(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.add_module("0", net.encoder)
        self.classifier = nn.Sequential(nn.Linear(400, 10), nn.LogSoftmax(1))

    def forward(self, x):
        return self.classifier(self.get_submodule("0")(x))


def conv(i, o, stride):
    return nn.Conv2d(i, o, 3, stride, 1)


class Autoencoder32(nn.Module):
    def __init__(self, align_corners):
        super().__init__()
        leaky = nn.LeakyReLU(0.1)
        up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=align_corners)
        self.conv_encoder = nn.Sequential(conv(3, 64, 2), leaky, conv(64, 128, 2), leaky, conv(128, 128, 2), leaky)
        self.fc_encoder = nn.Sequential(nn.Linear(2048, 1024), leaky)
        self.fc_decoder = nn.Sequential(nn.Linear(1024, 2048), leaky)
        decoder = [conv(128, 128, 1), leaky, up, conv(128, 64, 1), leaky, up, conv(64, 64, 1), leaky, up]
        self.conv_decoder = nn.Sequential(*decoder, conv(64, 3, 1), nn.ReLU())

    def forward(self, x):
        x = self.fc_decoder(self.fc_encoder(self.conv_encoder(x).flatten(1)))
        return self.conv_decoder(x.view(-1, 128, 4, 4))


class Classifier32(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.conv, self.fc1, self.fc2 = net.conv_encoder, net.fc_encoder, nn.Sequential(nn.Linear(1024, 10))

    def forward(self, x):
        return self.fc2(self.fc1(self.conv(x).flatten(1)))


class Mlp54(nn.Module):
    """Q, P and D of lecture 54, without dropout."""

    def __init__(self, sizes, last, second_relu, end):
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(*sizes[:2]), nn.Linear(*sizes[1:3])
        self.add_module(last, nn.Linear(*sizes[2:]))
        self.last, self.second_relu, self.end = last, second_relu, end

    def forward(self, x):
        x = self.lin2(F.relu(self.lin1(x)))
        return self.end(self.get_submodule(self.last)(F.relu(x) if self.second_relu else x))


class Adversarial54(nn.Module):
    def __init__(self, z):
        super().__init__()
        self.Q = Mlp54((784, 1000, 1000, z), "lin3gauss", True, nn.Identity())
        self.P = Mlp54((z, 1000, 1000, 784), "lin3", False, nn.Sigmoid())
        self.D_gauss = Mlp54((z, 500, 500, 1), "lin3", True, nn.Sigmoid())


class Classifier55(nn.Module):
    def __init__(self, q):
        super().__init__()
        self.l1, self.l2 = q, nn.Linear(100, 10)

    def forward(self, x):
        return self.l2(self.l1(x))


def adversarial_steps(x, labels):
    net, z = Adversarial54(100), 4 * hashed((20, 100), 103) - 2
    phases = {
        "54.reconstruction": (("Q.", "P."), 1e-4, lambda: F.binary_cross_entropy(net.P(net.Q(x)), x)),
        "54.discriminator": (
            ("D_gauss.",),
            5e-5,
            lambda: -(net.D_gauss(z).log() + (1 - net.D_gauss(net.Q(x).detach())).log()).mean(),
        ),
        "54.generator": (("Q.",), 5e-5, lambda: -net.D_gauss(net.Q(x)).log().mean()),
    }
    found = {}
    for name, (changed, lr, loss_of) in phases.items():
        parts = {key: p for key, p in net.named_parameters() if key.startswith(changed)}
        found |= step(name, net, lambda _: torch.optim.Adam(parts.values(), lr=lr), lambda _: loss_of(), parts)
    adam = lambda p: torch.optim.Adam(p, lr=1e-4)
    return found | step("55.classifier", Classifier55(net.Q), adam, lambda n: F.cross_entropy(n(x), labels))


def step(name, net, optimizer, loss_of, parts=None):
    """The loss, and gradient and new value of each parameter, or of `parts` alone."""
    parts = parts or dict(net.named_parameters())
    net.zero_grad()
    set_weights(net)
    optimizer = optimizer(net.parameters())
    loss = loss_of(net)
    loss.backward()
    found = {f"{name}/loss": loss.detach().reshape(1)}
    found |= {f"{name}/grad/{key}": p.grad.clone() for key, p in parts.items()}
    optimizer.step()
    return found | {f"{name}/new/{key}": p.detach().clone() for key, p in parts.items()}


def steps():
    torch.set_default_dtype(torch.float64)
    adam, sgd = lambda p: torch.optim.Adam(p, lr=1e-3), lambda p: torch.optim.SGD(p, lr=0.1)
    labels = torch.arange(20) % 10
    digits, noise = hashed((20, 784), 100), 0.1 + 0.7 * (hashed((20, 784), 101) - 0.5)
    photos = hashed((6, 3, 32, 32), 102)
    noisy = (digits + noise).clamp(0, 1)
    found = step("20.autoencoder", Autoencoder20(), adam, lambda net: F.mse_loss(net(noisy), digits))
    found |= step("20.classifier", Classifier20(Autoencoder20()), sgd, lambda net: F.nll_loss(net(digits), labels))
    for name, corners in (("32.autoencoder", False), ("32.autoencoder_align_corners", True)):
        found |= step(name, Autoencoder32(corners), adam, lambda net: F.mse_loss(net(photos), photos))
    found |= step(
        "32.classifier", Classifier32(Autoencoder32(False)), adam, lambda net: F.cross_entropy(net(photos), labels[:6])
    )
    return found | adversarial_steps(digits, labels)


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        numbers = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F64", f"{name} is {entry['dtype']}"
        tensors[name] = torch.frombuffer(bytearray(numbers[begin:end]), dtype=torch.float64).reshape(entry["shape"])
    return tensors


def check(path):
    expected, got = steps(), read_safetensors(path)
    assert expected.keys() == got.keys(), f"other tensors: {sorted(expected.keys() ^ got.keys())}"
    worst, where = 0.0, ""
    for name, tensor in expected.items():
        assert tensor.shape == got[name].shape, f"{name}: {list(tensor.shape)} here, {list(got[name].shape)} in gradus"
        difference = float((tensor - got[name]).abs().max() / tensor.abs().max())
        if not difference <= worst:
            worst, where = difference, name
    print(f"{len(expected)} tensors; the largest difference is {worst:.2e} of the largest magnitude, in {where}")
    return 0 if worst <= 1e-9 else 1


def write(path):
    lines = []
    for name, tensor in steps().items():
        flat = tensor.flatten()
        count = min(64, flat.numel())
        at = [i * flat.numel() // count for i in range(count)]
        lines.append(f"=== {name}")
        lines.append(" ".join(repr(float(v)) for v in [flat.norm(), *flat[at]]))
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("check", "write"):
        sys.exit(__doc__)
    sys.exit({"check": check, "write": write}[sys.argv[1]](sys.argv[2]))
