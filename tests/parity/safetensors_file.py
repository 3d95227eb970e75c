#!/usr/bin/env python3
"""Files of Python's safetensors package and of gradus, each read by the other (needs safetensors and numpy).

usage: safetensors_file.py write FILE        (FILE is tests/data/python.safetensors, which safetensors_test.cpp reads)
       safetensors_file.py check FILE        (FILE is written by safetensors_test.cpp; tests/safetensors_python_test.sh)

Both files hold the tensors of TENSORS and the metadata below. Element i of tensor k is pattern()'s, and so in C++.
"""

import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

METADATA = {"format": "pt", "größe \"x\"\n": "tab\there, 数字 \U0001f600"}
TENSORS = [
    ("encoder.0.weight", (4, 3), np.float32),
    ("encoder.0.bias", (4,), np.float64),
    ("step", (), np.int64),
    ("kernel", (2, 3, 1, 2), np.float64),
    ("odd", (3,), np.float32),
    ("empty", (0, 5), np.float32),
    ("größe", (2, 2), np.int64),
    ("not finite", (3,), np.float32),
]


def pattern(k, shape, dtype):
    count = int(np.prod(shape, dtype=np.int64))
    whole = [(i * 7919 + k * 1237) % 2003 - 1001 for i in range(count)]
    if dtype == np.int64:
        return np.array([w * 2**40 + w for w in whole], dtype=dtype).reshape(shape)
    return np.array([w / 1024 for w in whole], dtype=dtype).reshape(shape)


def tensors():
    all_of_them = {name: pattern(k, shape, dtype) for k, (name, shape, dtype) in enumerate(TENSORS)}
    all_of_them["not finite"][:] = [np.nan, np.inf, -np.inf]
    return all_of_them


def check(path):
    expected, found = tensors(), load_file(path)
    assert sorted(expected) == sorted(found), f"names: expected {sorted(expected)}, got {sorted(found)}"
    for name, value in expected.items():
        got = found[name]
        assert got.dtype == value.dtype and got.shape == value.shape, f"{name}: {got.dtype} {got.shape}"
        assert np.array_equal(got, value, equal_nan=value.dtype != np.int64), f"{name}: {got}, expected {value}"
    with safe_open(path, framework="np") as file:
        assert file.metadata() == METADATA, file.metadata()


if __name__ == "__main__":
    if sys.argv[1] == "write":
        save_file(tensors(), sys.argv[2], metadata=METADATA)
    else:
        check(sys.argv[2])
