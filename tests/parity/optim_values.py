#!/usr/bin/env python3
"""Writes what PyTorch's optimisers, schedules and gradient clipping give, in float64.

usage: optim_values.py FILE        (needs torch; FILE is tests/data/optim_values.txt)

A case is "=== name" and a line of numbers for each tensor after 5 steps, or the learning rate of a group before each of
10 epochs, or the norm and the clipped gradients. Weights and gradients come from pattern(), which optim_test.cpp has too.
"""

import sys

import torch

SHAPES = [(3, 4), (5,), (2, 3, 2)]


def pattern(shape, k):
    n = torch.Size(shape).numel()
    values = [((i * 7919 + k * 1237 + 911) % 2003 - 1001) / 1024 for i in range(n)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def weights():
    return [torch.nn.Parameter(pattern(shape, j)) for j, shape in enumerate(SHAPES)]


def train(make, skip=False):
    """Five steps on three tensors; with skip, the second one has no gradient in the first and the third."""
    ws = weights()
    optimizer = make(ws)
    for t in range(5):
        for j, w in enumerate(ws):
            w.grad = None if skip and j == 1 and t in (0, 2) else pattern(SHAPES[j], 10 * (t + 1) + j)
        optimizer.step()
    return ws


def schedule(make):
    ws = weights()
    optimizer = torch.optim.SGD([{"params": ws[:1], "lr": 0.5}, {"params": ws[1:]}], lr=0.1)
    scheduler = make(optimizer)
    rates = []
    for _ in range(10):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return [torch.tensor(r, dtype=torch.float64) for r in zip(*rates)]


def clip(max_norm):
    ws = weights()
    for j, w in enumerate(ws):
        w.grad = pattern(SHAPES[j], 10 + j)
    norm = torch.nn.utils.clip_grad_norm_(ws, max_norm)
    return [norm] + [w.grad for w in ws]


def groups(ws):
    return [{"params": ws[:1], "lr": 0.5, "weight_decay": 0.2}, {"params": ws[1:]}]


sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
CASES = {
    "sgd": lambda: train(lambda ws: sgd(ws, lr=0.1)),
    "sgd weight_decay": lambda: train(lambda ws: sgd(ws, lr=0.1, weight_decay=0.05)),
    "sgd momentum": lambda: train(lambda ws: sgd(ws, lr=0.1, momentum=0.9)),
    "sgd momentum weight_decay": lambda: train(lambda ws: sgd(ws, lr=0.1, momentum=0.9, weight_decay=0.05)),
    "sgd dampening": lambda: train(lambda ws: sgd(ws, lr=0.1, momentum=0.9, dampening=0.3)),
    "sgd nesterov": lambda: train(lambda ws: sgd(ws, lr=0.1, momentum=0.9, weight_decay=0.05, nesterov=True)),
    "sgd skip": lambda: train(lambda ws: sgd(ws, lr=0.1, momentum=0.9, dampening=0.3), skip=True),
    "sgd groups": lambda: train(lambda ws: sgd(groups(ws), lr=0.1)),
    "adam": lambda: train(lambda ws: adam(ws)),
    "adam options": lambda: train(lambda ws: adam(ws, lr=0.02, betas=(0.5, 0.9), eps=1e-4)),
    "adam weight_decay": lambda: train(lambda ws: adam(ws, lr=0.02, weight_decay=0.1)),
    "adam skip": lambda: train(lambda ws: adam(ws, lr=0.02), skip=True),
    "adam groups": lambda: train(lambda ws: adam(groups(ws), lr=0.02)),
    "adamw": lambda: train(lambda ws: adamw(ws)),
    "adamw weight_decay": lambda: train(lambda ws: adamw(ws, lr=0.02, weight_decay=0.3)),
    "adamw groups": lambda: train(lambda ws: adamw(groups(ws), lr=0.02)),
    "step_lr": lambda: schedule(lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.2)),
    "cosine": lambda: schedule(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 6, 0.01)),
    "clip": lambda: clip(1.5),
    "clip not needed": lambda: clip(1e3),
}

with open(sys.argv[1], "w") as file:
    for name, run in CASES.items():
        print("===", name, file=file)
        for t in run():
            print(*(repr(float(x)) for x in t.detach().flatten()), file=file)
