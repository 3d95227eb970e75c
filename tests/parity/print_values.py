#!/usr/bin/env python3
"""Writes how PyTorch prints the tensors of tests/print_test.cpp: the reference of gradus's own printing.

usage: print_values.py FILE        (needs torch; FILE is tests/data/print_values.txt)

Each tensor gets a line "=== name" and then its repr. Our dtypes are named without "torch.".
"""

import sys

import torch

f32, f64, i64 = torch.float32, torch.float64, torch.int64
nan, inf = float("nan"), float("inf")


def pattern(shape, k, dtype=f32):
    """The odd numbers between -2003 and 2003, mixed, over 2048: exact in every dtype, never 0."""
    n = 1
    for extent in shape:
        n *= extent
    values = [(2 * ((i + 1) * (i + k + 3) * 7919 % 2003) - 2003) / 2048 for i in range(n)]
    return torch.tensor(values, dtype=f64).reshape(shape).to(dtype)


def count(shape, dtype):
    n = 1
    for extent in shape:
        n *= extent
    return torch.arange(n, dtype=dtype).reshape(shape)


def cases():
    yield "pi", torch.tensor(3.14159265, dtype=f32)
    yield "pi float64", torch.tensor(3.14159265, dtype=f64)
    yield "whole scalar", torch.tensor(-7, dtype=f32)
    yield "int64 scalar", torch.tensor(-7, dtype=i64)
    yield "nan scalar", torch.tensor(nan, dtype=f32)
    yield "tiny scalar", torch.tensor(1e-30, dtype=f64)
    yield "whole numbers", torch.tensor([1, 2, 3], dtype=f32)
    yield "whole numbers, negative zero", torch.tensor([-0.0, 2, -30], dtype=f32)
    yield "zeros", torch.zeros(2, 3, dtype=f32)
    yield "fractions", torch.tensor([0.5, -0.25, 12.125], dtype=f32)
    yield "fractions float64", torch.tensor([0.5, -0.25, 12.125], dtype=f64)
    yield "int64", torch.tensor([1, -20, 300], dtype=i64)
    yield "large whole", torch.tensor([1, 100000000], dtype=f64)
    yield "larger whole", torch.tensor([100000000, 200000000], dtype=f64)
    yield "over 1e8", torch.tensor([100000001, 200000000], dtype=f64)
    yield "small", torch.tensor([0.0001, 0.0002], dtype=f64)
    yield "under 1e-4", torch.tensor([0.00009, 0.0002], dtype=f64)
    yield "ratio 1000", torch.tensor([0.5, 500], dtype=f64)
    yield "ratio over 1000", torch.tensor([0.5, 500.5], dtype=f64)
    yield "whole ratio 1000", torch.tensor([1, 1000], dtype=f32)
    yield "whole ratio over 1000", torch.tensor([1, 0, -1001], dtype=f32)
    yield "float32 of 0.1", torch.tensor([0.1, 100.0], dtype=f32)
    yield "exponents of three digits", torch.tensor([1e-200, 1, -1e200], dtype=f64)
    yield "nan and inf, fractions", torch.tensor([nan, 1.5, -inf, inf], dtype=f32)
    yield "nan and inf, whole", torch.tensor([nan, 1, -inf, inf], dtype=f32)
    yield "nan and inf, scientific", torch.tensor([nan, 1e-10, -inf, inf, 0], dtype=f32)
    yield "nan only", torch.tensor([nan, nan, 0], dtype=f32)
    yield "inf only", torch.tensor([[inf, -inf], [0, nan]], dtype=f32)
    yield "matrix", pattern([3, 4], 0)
    yield "matrix float64", pattern([3, 4], 0, f64)
    yield "matrix of one element", torch.tensor([[2.5]], dtype=f32)
    yield "matrix int64", count([3, 5], i64)
    yield "wrapped vector", pattern([25], 1)
    yield "wrapped vector float64", pattern([9], 1, f64)
    yield "wrapped int64", count([40], i64)
    yield "wrapped rows", pattern([2, 13], 2)
    yield "wide numbers", torch.tensor([[1e-200] * 8, [1e100] * 8], dtype=f64)
    yield "blocks", pattern([2, 3, 4], 3)
    yield "blocks of blocks", count([2, 2, 2, 3], f32)
    yield "rank 5", count([2, 1, 2, 2, 2], i64)
    yield "rank 6", count([1, 2, 1, 2, 1, 2], f64)
    yield "empty", torch.zeros(0, dtype=f32)
    yield "empty matrix", torch.zeros(0, 3, dtype=f32)
    yield "empty float64", torch.zeros(2, 0, 4, dtype=f64)
    yield "empty int64", torch.zeros(0, dtype=i64)
    yield "1000 elements", pattern([1000], 0)
    yield "1001 elements", pattern([1001], 0)
    yield "1001 whole", count([1001], f32)
    yield "long int64", count([2000], i64)
    yield "tall", pattern([600, 2], 1)
    yield "wide", pattern([2, 600], 1)
    yield "six rows, not cut", count([6, 200], i64)
    yield "seven rows, cut", count([7, 200], i64)
    yield "image batch", pattern([8, 3, 10, 7], 2)
    yield "odd one in the middle", torch.cat([torch.ones(600), torch.tensor([0.5]), torch.ones(600)])
    yield "requires_grad", torch.tensor([1.5, 2], dtype=f32, requires_grad=True)
    yield "requires_grad float64", torch.tensor([[1.5, 2]], dtype=f64, requires_grad=True)
    yield "grad_fn", torch.tensor([1.5, 2], dtype=f32, requires_grad=True) * 2
    yield "grad_fn float64", pattern([5], 0, f64).requires_grad_() * 2
    yield "suffix on a line of its own", pattern([7], 0, f64).requires_grad_() * 2
    for n in range(3, 9):  # around the width at which a suffix moves to the next line
        yield f"{n} float64", pattern([n], 0, f64).requires_grad_()
    yield "suffix behind a matrix", pattern([2, 6], 0, f64).requires_grad_() * 2


def main():
    with open(sys.argv[1], "w") as out:
        for name, tensor in cases():
            out.write(f"=== {name}\n{tensor!r}\n".replace("torch.", ""))


main()
