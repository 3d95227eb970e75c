#!/usr/bin/env python3
"""Writes PyTorch's results for the cases of the op table (tests/op_cases.h), in float64.

usage: op_values.py FILE        (needs torch; FILE is tests/data/op_values.txt)

A case is "=== name", then a line for the output and one for the gradient of each input: "y" or "d0", "d1" ..., the
extents and the numbers. Inputs and the output's gradient come from pattern(), which the C++ side computes as well. The
C++ side looks each case up by its name, and fails where either side has one that the other lacks.
"""

import sys

import torch
import torch.nn.functional as F

CASES = []


def numel(shape):
    n = 1
    for extent in shape:
        n *= extent
    return n


def pattern(shape, k):
    """The odd numbers between -2003 and 2003, mixed, over 2048: exact in float32, never 0, no two alike up to 900."""
    values = [(2 * ((i + 1) * (i + k + 3) * 7919 % 2003) - 2003) / 2048 for i in range(numel(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def positive(shape, k):
    """Between 0.5 and 2."""
    return 0.75 * pattern(shape, k) + 1.25


def values(numbers, shape=None):
    t = torch.tensor(numbers, dtype=torch.float64)
    return t if shape is None else t.reshape(shape)


def case(name, f, *inputs, gradient=True):
    assert name not in [c[0] for c in CASES], name
    CASES.append((name, f, inputs, gradient))


def text(shape):
    return "[" + ", ".join(str(extent) for extent in shape) + "]"


def line(key, t):
    numbers = " ".join(repr(float(v)) for v in t.reshape(-1))
    return f"{key} {text(t.shape)} {numbers}".rstrip() + "\n"


def write(out):
    for name, f, inputs, gradient in CASES:
        inputs = [t.clone().requires_grad_(gradient) for t in inputs]
        y = f(*inputs)
        out.write(f"=== {name}\n" + line("y", y.detach()))
        if gradient:
            y.backward(pattern(y.shape, 7).to(y.dtype))
            for i, t in enumerate(inputs):
                out.write(line(f"d{i}", torch.zeros_like(t) if t.grad is None else t.grad))


# --- elementwise ----------------------------------------------------------------------------------------------------


UNARY = {
    "neg": torch.neg,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "abs": torch.abs,
    "sign": torch.sign,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "clamp": lambda x: torch.clamp(x, -0.5, 0.75),
    "pow": lambda x: torch.pow(x, 2.5),
}
BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge"]


def unary():
    inf, nan = float("inf"), float("nan")
    kinks = {"abs": (-1, 0, 2), "sign": (-1, 0, 2), "relu": (-1, 0, 2), "leaky_relu": (-1, 0, 2)}
    kinks["clamp"] = (-0.5, 0.75, 0, 2, -2)
    for name, f in UNARY.items():
        case(f"{name} at the ends", f, values([inf, -inf, nan, 0, -0.0, 100, -100, 2.0**-100]), gradient=False)
        if name in kinks:
            case(f"{name} at its kinks", f, values(kinks[name]))


def binary(name):
    compares = name in ["eq", "ne", "lt", "le", "gt", "ge"]
    op = getattr(torch, name)

    def f(a, b):
        return op(a, b).double() if compares else op(a, b)

    def add(what, g, *inputs):
        case(f"{name} {what}", g, *inputs, gradient=not compares)

    shapes = [((2, 3), (2, 3)), ((3, 1, 5), (4, 1)), ((4,), (3, 1)), ((2, 3), ()), ((), (2, 3)), ((1, 3), (0, 3))]
    shapes += [((2, 3, 4, 5), (2, 3, 4, 5)), ((2, 3, 4, 5), (3, 1, 1))]
    for a, b in shapes:
        add(f"{text(a)} and {text(b)}", f, 2.5 * pattern(a, 0), positive(b, 2))
    add("[2, 3] and 1.5", lambda x: f(x, values(1.5)), 2.5 * pattern((2, 3), 0))
    add("1.5 and [2, 3]", lambda x: f(values(1.5), x), positive((2, 3), 0))
    add("of equals", f, values([1, 2, 3, -1]), values([1, 3, 2, -1]))
    nan = float("nan")
    case(f"{name} of NaN", f, values([nan, 1, nan]), values([1, nan, nan]), gradient=False)


def elementwise():
    unary()
    for name in BINARY:
        binary(name)


# --- reductions -----------------------------------------------------------------------------------------------------


def over(dims, keepdim):
    which = "over all" if not dims else "over " + " ".join(str(d) for d in dims)
    return which + (" keepdim" if keepdim else "")


def reduced(name, f):
    """f(x, dims, keepdim); dims may be empty."""

    def add(shape, dims, keepdim=False):
        case(f"{name} {text(shape)} {over(dims, keepdim)}", lambda x: f(x, dims, keepdim), pattern(shape, 0))

    for dims in [(), (0,), (1,), (2,), (-1,), (0, 1), (1, 2), (0, 2), (-1, 0)]:
        add((2, 3, 4), dims)
    for dims in [(), (1,), (0, 2)]:
        add((2, 3, 4), dims, True)
    for dims in [(0, 2), (1, 3), (0, 1, 3), (1, 2)]:
        add((2, 3, 4, 5), dims)
    add((), ())
    add((1, 3), (0,))
    add((0, 3), (1,))


def reductions():
    reduced("sum", lambda x, dims, keepdim: x.sum(dims or None, keepdim))
    reduced("mean", lambda x, dims, keepdim: x.mean(dims or None, keepdim))
    reduced("max", lambda x, dims, keepdim: x.amax(dims, keepdim))
    case("sum [0, 3] over all", lambda x: x.sum(), pattern((0, 3), 0))
    case("sum [0, 3] over 0", lambda x: x.sum(0), pattern((0, 3), 0))

    ties = values([1, 3, 3, 2, 3, 1], (2, 3))
    case("max of equals over all", lambda x: x.amax(), ties)
    case("max of equals over 0", lambda x: x.amax(0), ties)
    case("max of equals over 1", lambda x: x.amax(1), ties)
    nans = values([1, float("nan"), 2, 4, 3, 5], (2, 3))
    case("max with NaN over 1", lambda x: x.amax(1), nans, gradient=False)
    case("max of infinities", lambda x: x.amax(), values([float("-inf")] * 3), gradient=False)

    def arg(name, x, *args):
        case(f"argmax {name}", lambda t: t.argmax(*args).double(), x, gradient=False)

    x = pattern((2, 3, 4), 0)
    arg("[2, 3, 4] over all", x)
    arg("[2, 3, 4] over 0", x, 0)
    arg("[2, 3, 4] over 1", x, 1)
    arg("[2, 3, 4] over -1", x, -1)
    arg("[2, 3, 4] over 1 keepdim", x, 1, True)
    arg("[2, 3, 4, 5] over all", pattern((2, 3, 4, 5), 0))
    arg("[2, 3, 4, 5] over 1", pattern((2, 3, 4, 5), 0), 1)
    arg("of equals over all", ties)
    arg("of equals over 1", ties, 1)
    arg("with NaN over 1", nans, 1)


# --- matrices -------------------------------------------------------------------------------------------------------


def matrices():
    shapes = [((3, 4), (4, 5)), ((17, 9), (9, 13)), ((1, 4), (4, 1)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,))]
    shapes += [((3, 0), (0, 5)), ((0, 4), (4, 5)), ((3, 4), (4, 0))]
    for a, b in shapes:
        case(f"matmul {text(a)} and {text(b)}", torch.matmul, pattern(a, 0), pattern(b, 1))
    for n in [3, 1, 0]:
        x, w, b = pattern((n, 4), 0), pattern((5, 4), 1), pattern((5,), 2)
        case(f"linear {text((n, 4))} with bias", F.linear, x, w, b)
        case(f"linear {text((n, 4))} without bias", F.linear, x, w)
    activations = [("tanh", torch.tanh), ("sigmoid", torch.sigmoid), ("relu", torch.relu)]
    activations += [(f"leaky_relu {s}", lambda z, s=s: F.leaky_relu(z, s)) for s in (0.1, -0.5)]
    for name, f in activations:
        for n in [3, 1, 0]:
            x, w, b = pattern((n, 4), 0), pattern((5, 4), 1), pattern((5,), 2)
            title = f"linear_activation {name} {text((n, 4))}"
            case(f"{title} with bias", lambda x, w, b, f=f: f(F.linear(x, w, b)), x, w, b)
            case(f"{title} without bias", lambda x, w, f=f: f(F.linear(x, w)), x, w)


# --- images ---------------------------------------------------------------------------------------------------------


def images():
    for x, w, stride, padding in [
        ((2, 3, 5, 6), (4, 3, 3, 2), (1, 1), (0, 0)),
        ((2, 3, 5, 6), (4, 3, 3, 2), (2, 3), (1, 2)),
        ((3, 2, 7, 5), (19, 2, 3, 3), (2, 2), (1, 1)),
        ((2, 17, 4, 3), (5, 17, 1, 1), (1, 1), (0, 0)),
        ((2, 18, 3, 4), (5, 18, 3, 3), (1, 1), (1, 1)),
        ((2, 3, 4, 5), (6, 3, 2, 1), (3, 4), (0, 0)),
        ((2, 3, 2, 1), (4, 3, 6, 5), (1, 2), (2, 3)),
        ((2, 1, 4, 3), (3, 1, 4, 3), (1, 1), (0, 0)),
        ((2, 16, 5, 4), (3, 16, 3, 2), (1, 1), (2, 1)),
        ((0, 2, 4, 3), (5, 2, 3, 1), (1, 1), (0, 0)),
    ]:
        name = f"conv2d {text(x)} and {text(w)} stride {stride[0]} {stride[1]} padding {padding[0]} {padding[1]}"
        inputs = pattern(x, 0), pattern(w, 1)
        case(name, lambda a, b, c, s=stride, p=padding: F.conv2d(a, b, c, s, p), *inputs, pattern((w[0],), 2))
    for x, size, factor in [
        ((2, 3, 4, 5), None, (2, 2)),
        ((2, 3, 4, 5), None, (1.5, 2.75)),
        ((2, 3, 4, 5), (7, 6), None),
        ((2, 1, 7, 9), (3, 4), None),
        ((2, 3, 7, 9), None, (0.5, 0.375)),
        ((2, 3, 1, 4), (5, 1), None),
        ((3, 2, 5, 4), (5, 4), None),
        ((0, 2, 4, 3), None, (2, 3)),
    ]:
        to = f"to {size[0]} {size[1]}" if size else f"by {factor[0]:g} {factor[1]:g}"
        for aligned in [False, True]:
            case(
                f"upsample_bilinear2d {text(x)} {to}" + (" aligned" if aligned else ""),
                lambda t, s=size, f=factor, a=aligned: F.interpolate(t, s, f, "bilinear", a),
                pattern(x, 0),
            )
        case(f"upsample_nearest2d {text(x)} {to}", lambda t, s=size, f=factor: F.interpolate(t, s, f), pattern(x, 0))

    def enlarged(t, w, b=None, to=None, aligned=False, stride=1, padding=0):
        return F.conv2d(F.interpolate(t, mode="bilinear", align_corners=aligned, **to), w, b, stride, padding)

    double, odd = {"scale_factor": 2}, {"size": (7, 9)}
    for name, x, w, options in [
        ("by 2", (2, 3, 4, 5), (6, 3, 3, 3), {"to": double, "padding": 1}),
        ("by 2 aligned", (2, 3, 4, 5), (6, 3, 3, 3), {"to": double, "padding": 1, "aligned": True}),
        ("to few", (2, 17, 3, 4), (3, 17, 3, 3), {"to": double, "padding": 1}),
        ("to many", (2, 3, 2, 4), (19, 3, 3, 2), {"to": {"scale_factor": (1.5, 2.75)}, "padding": (2, 1)}),
        ("with a stride", (2, 4, 3, 5), (6, 4, 2, 3), {"to": odd, "stride": (1, 2), "padding": (0, 1)}),
        ("of few outputs", (2, 3, 5, 4), (6, 3, 4, 3), {"to": odd, "stride": (2, 4)}),
        ("of none", (0, 3, 5, 4), (6, 3, 4, 3), {"to": odd}),
    ]:
        f = lambda t, a, b, o=options: enlarged(t, a, b, **o)
        case(f"upsample_conv2d {name}", f, pattern(x, 0), pattern(w, 1), pattern((w[0],), 2))
    f = lambda t, a: enlarged(t, a, to=double)
    case("upsample_conv2d without bias", f, pattern((2, 3, 4, 5), 0), pattern((6, 3, 3, 2), 1))

    nan = float("nan")
    for x, kernel, stride, padding in [
        ((2, 3, 4, 6), (2, 2), None, (0, 0)),
        ((2, 3, 5, 7), (3, 2), (2, 1), (1, 0)),
        ((2, 1, 4, 5), (2, 3), (1, 1), (1, 1)),
        ((3, 2, 5, 4), (1, 2), (3, 2), (0, 1)),
        ((0, 2, 4, 3), (2, 3), None, (0, 0)),
    ]:
        name = f"max_pool2d {text(x)} kernel {kernel[0]} {kernel[1]}"
        name += f" stride {stride[0]} {stride[1]}" if stride else ""
        name += f" padding {padding[0]} {padding[1]}"
        case(name, lambda t, k=kernel, s=stride, p=padding: F.max_pool2d(t, k, s, p), pattern(x, 0))
    case("max_pool2d of equals", lambda t: F.max_pool2d(t, 2, 1), values([1, 1, 1, 1, 3, 3, 0, 3, 3], (1, 1, 3, 3)))
    nans = values([nan, 2, nan, 1, nan, 3, 4, 5, 6, 7, 8, 9], (1, 1, 3, 4))
    case("max_pool2d with NaN", lambda t: F.max_pool2d(t, 2, 1), nans)

    case("conv2d without bias", lambda a, b: F.conv2d(a, b), pattern((2, 3, 5, 6), 0), pattern((4, 3, 3, 2), 1))


# --- shapes and pieces ----------------------------------------------------------------------------------------------


def shapes():
    x, m, images = pattern((2, 3, 4), 0), pattern((3, 4), 0), pattern((2, 3, 4, 5), 0)

    def add(name, f, t=x):
        case(name, f, t)

    add("reshape to [4, 6]", lambda t: t.reshape(4, 6))
    add("reshape to [-1]", lambda t: t.reshape(-1))
    add("reshape to [6, -1, 2]", lambda t: t.reshape(6, -1, 2))
    add("reshape [] to [1, 1]", lambda t: t.reshape(1, 1), pattern((), 0))
    add("reshape [0, 3] to [5, 0]", lambda t: t.reshape(5, 0), pattern((0, 3), 0))
    add("reshape of images to [5, 4, 3, 2]", lambda t: t.reshape(5, 4, 3, 2), images)
    add("flatten of images from 1", lambda t: t.flatten(1), images)
    add("flatten", lambda t: t.flatten())
    add("flatten from 1", lambda t: t.flatten(1))
    add("flatten 0 to 1", lambda t: t.flatten(0, 1))
    add("unsqueeze 0", lambda t: t.unsqueeze(0))
    add("unsqueeze 1", lambda t: t.unsqueeze(1), m)
    add("unsqueeze -1", lambda t: t.unsqueeze(-1), m)
    add("squeeze 1", lambda t: t.squeeze(1), pattern((3, 1, 4), 0))
    add("squeeze -1", lambda t: t.squeeze(-1), pattern((3, 1), 0))
    add("rows 1 to 3", lambda t: t[1:3], pattern((4, 3), 0))
    add("rows none", lambda t: t[2:2], pattern((4, 3), 0))
    add("rows used twice", lambda t: t[0:3] * t[1:4], pattern((4, 3), 0))
    add("rows of images", lambda t: t[1:4], pattern((5, 2, 3, 4), 0))
    add("row 1 of images", lambda t: t[1], images)
    add("row 1", lambda t: t[1])
    add("row -1", lambda t: t[-1], pattern((3,), 0))
    add("slice of 0", lambda t: t.narrow(0, 1, 2), pattern((4, 3), 0))
    add("slice of 1", lambda t: t.narrow(1, 1, 2))
    add("slice of -1", lambda t: t.narrow(-1, 0, 3))
    add("slice of images of 1", lambda t: t.narrow(1, 1, 2), images)
    add("slice of images of 2", lambda t: t.narrow(2, 1, 2), images)
    add("slice of 2, none", lambda t: t.narrow(2, 1, 0))
    add("transpose 0 and 1", lambda t: t.transpose(0, 1))
    add("transpose 0 and -1", lambda t: t.transpose(0, -1))
    add("transpose 1 and 1", lambda t: t.transpose(1, 1))
    add("t", lambda t: t.t(), m)
    add("permute 2 0 1", lambda t: t.permute(2, 0, 1))
    add("permute 1 2 0", lambda t: t.permute(1, 2, 0))
    add("permute 0 2 3 1", lambda t: t.permute(0, 2, 3, 1), pattern((2, 3, 4, 5), 0))
    add("permute 3 1 -2 0", lambda t: t.permute(3, 1, -2, 0), pattern((2, 3, 4, 5), 0))
    add("permute of [0, 3]", lambda t: t.permute(1, 0), pattern((0, 3), 0))
    add("clone", lambda t: t.clone())
    add("clone of images", lambda t: t.clone(), images)
    add("to float64", lambda t: t.to(torch.float64), m)
    add("to float32", lambda t: t.to(torch.float32), m * 0.1)
    case("to int64", lambda t: t.to(torch.int64), m * 10, gradient=False)
    add("to float32 and back", lambda t: t.to(torch.float32).to(torch.float64), m)
    add("to float32 and back of images", lambda t: t.to(torch.float32).to(torch.float64), images)


def pieces():
    for d in [0, 1, -1]:
        parts = []
        for k, extent in enumerate((5, 1, 2)):
            shape = [2, 3, 4]
            shape[d] = extent
            parts.append(pattern(shape, k))
        case(f"cat of three along {d}", lambda *p, d=d: torch.cat(p, d), *parts)
    for d in [0, 1, 2]:
        shape = [2, 3, 4, 5]
        shape[d] = 6
        parts = [pattern((2, 3, 4, 5), 0), pattern(shape, 1)]
        case(f"cat of images along {d}", lambda *p, d=d: torch.cat(p, d), *parts)
    case("cat of one", lambda a: torch.cat([a]), pattern((2, 3), 0))
    case("cat with an empty part", lambda a, b: torch.cat([a, b]), pattern((2, 3), 0), pattern((0, 3), 1))
    case("cat of a tensor with itself", lambda a: torch.cat([a, a], 1), pattern((2, 3), 0))
    for d in [0, 1, 2, -1]:
        case(f"stack along {d}", lambda a, b, d=d: torch.stack([a, b], d), pattern((3, 4), 0), pattern((3, 4), 1))
    case("stack of scalars", lambda a, b: torch.stack([a, b]), pattern((), 0), pattern((), 1))

    index = torch.tensor([1, 0, 1, 1])
    x = pattern((2, 3, 4), 0)
    for d in [0, 1, 2, -1]:
        case(f"index_select {d} at 1 0 1 1", lambda t, d=d: t.index_select(d, index), x)
    images = pattern((2, 3, 4, 5), 0)
    case("index_select 1 of images at 1 0 1 1", lambda t: t.index_select(1, index), images)
    none = torch.zeros(0, dtype=torch.int64)
    case("index_select 1 at nothing", lambda t: t.index_select(1, none), x)
    case("index_select of a vector", lambda t: t.index_select(0, index), pattern((3,), 0))

    for a, b in [((3, 1), (2, 3, 4)), ((), (2, 3)), ((2, 3), (2, 3)), ((1, 3), (0, 3)), ((4,), (2, 3, 4)), ((2, 3, 4, 1), (2, 3, 4, 5))]:
        case(f"expand {text(a)} to {text(b)}", lambda t, b=b: t.expand(b), pattern(a, 0))
    for a, b in [((2, 3, 4), (3, 1)), ((2, 3, 4), ()), ((2, 3), (2, 3)), ((2, 3, 4), (2, 1, 4)), ((0, 3), (1, 3))]:
        case(f"sum_to {text(a)} to {text(b)}", lambda t, b=b: t.sum_to_size(b), pattern(a, 0))


# --- noise ----------------------------------------------------------------------------------------------------------


def philox(seed, counter):
    """The four words of Philox4x32-10 (Salmon et al., SC 2011)."""
    mask = 0xFFFFFFFF
    key, c = [seed & mask, seed >> 32], [counter & mask, counter >> 32, 0, 0]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ key[0], b & mask, a >> 32 ^ c[3] ^ key[1], a & mask]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return c


assert philox(0, 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]  # the authors' known answer


def dropped(x, p, offset):
    """Element i is dropped where word i % 4 of counter offset + i // 4 lies below p * 2**32."""
    words = [philox(0x123456789ABCDEF, offset + i // 4)[i % 4] for i in range(x.numel())]
    kept = torch.tensor([float(word >= round(p * 2**32)) for word in words], dtype=x.dtype).reshape(x.shape)
    return x * kept / (1 - p) if p < 1 else x * 0


def noise():
    for p in [0.25, 0]:
        inputs = pattern((3, 4), 0), pattern((5, 4), 1), pattern((5,), 2)
        f = lambda x, w, b, p=p: dropped(F.linear(x, w, b), p, 0xFFFFFFFE)
        case(f"linear_dropout p {p}", f, *inputs)
        case(f"linear_dropout_relu p {p}", lambda x, w, b, f=f: torch.relu(f(x, w, b)), *inputs)
    for shape, p, offset in [((3, 5), 0.25, 0), ((2, 3, 4, 5), 0.5, 0xFFFFFFFE), ((7,), 0.9, 10), ((7,), 0, 10), ((7,), 1, 10), ((0, 3), 0.5, 0)]:
        case(f"dropout {text(shape)} p {p}", lambda x, p=p, o=offset: dropped(x, p, o), pattern(shape, 0))


# --- probabilities and losses ---------------------------------------------------------------------------------------


def binary_cross_entropies():
    def probabilities(shape, k):
        return 0.5 * pattern(shape, k) + 0.5

    def both(f, what, x, target, constant_target=False):
        for r in ["mean", "sum"]:
            name = f"{f.__name__} {what} {r}".replace("  ", " ")
            if constant_target:
                case(name, lambda a, r=r: f(a, target, reduction=r), x)
            else:
                case(name, lambda a, b, r=r: f(a, b, reduction=r), x, target)

    f, g = F.binary_cross_entropy, F.binary_cross_entropy_with_logits
    for what, shape in [("", (3, 4)), ("of images", (2, 3, 4, 5))]:
        both(f, what, probabilities(shape, 0), probabilities(shape, 1))
        both(g, what, 4 * pattern(shape, 0), probabilities(shape, 1))
    both(f, "of certainties", values([0, 1, 0.5]), values([0, 1, 1]), constant_target=True)
    both(f, "of errors", values([0, 1, 0, 1]), values([1, 0, 0.5, 0.25]), constant_target=True)
    near = values([2.0**-100, 2.0**-149, 2.0**-20, 1 - 2.0**-20, 1 - 2.0**-24])
    both(f, "near 0 and 1", near, values([0, 1, 1, 1, 0]), constant_target=True)
    nothing = torch.zeros(0, 3, dtype=torch.float64)
    case("binary_cross_entropy of nothing", lambda a, b: f(a, b, reduction="sum"), nothing, nothing)
    both(g, "of large scores", values([1000, -1000, 1000, -1000, 1000, -1000, 0]), values([1, 0, 0, 1, 0.5, 0.25, 0.5]))


def losses():
    for name, f in [("softmax", F.softmax), ("log_softmax", F.log_softmax)]:
        for shape, d in [((3, 4), 0), ((3, 4), 1), ((3, 4), -1), ((2, 3, 4), 1), ((2, 3, 4, 5), 1), ((5,), 0), ((0, 3), 1), ((3, 0), 1), ((3, 1), 1)]:
            case(f"{name} {text(shape)} along {d}", lambda t, f=f, d=d: f(t, d), pattern(shape, 0))
        case(f"{name} of large inputs", lambda t, f=f: f(t, 1), 1024 * pattern((3, 4), 0))

    x, target = pattern((3, 4), 0), pattern((3, 4), 1) + 1 / 4096
    classes = torch.tensor([2, 0, 1, 1])
    for r in ["mean", "sum"]:
        case(f"mse_loss {r}", lambda a, b, r=r: F.mse_loss(a, b, reduction=r), x, target)
        case(f"l1_loss {r}", lambda a, b, r=r: F.l1_loss(a, b, reduction=r), x, target)
        images = pattern((2, 3, 4, 5), 0), pattern((2, 3, 4, 5), 1) + 1 / 4096
        case(f"mse_loss of images {r}", lambda a, b, r=r: F.mse_loss(a, b, reduction=r), *images)
        case(f"l1_loss of images {r}", lambda a, b, r=r: F.l1_loss(a, b, reduction=r), *images)
        case(f"nll_loss {r}", lambda a, r=r: F.nll_loss(a, classes, reduction=r), pattern((4, 3), 0))
        case(f"cross_entropy {r}", lambda a, r=r: F.cross_entropy(a, classes, reduction=r), pattern((4, 3), 0))
    binary_cross_entropies()
    large = 1024 * pattern((4, 3), 0)
    case("cross_entropy of large inputs", lambda a: F.cross_entropy(a, classes), large)


def main():
    elementwise()
    reductions()
    matrices()
    images()
    shapes()
    pieces()
    noise()
    losses()
    with open(sys.argv[1], "w") as out:
        write(out)


main()
