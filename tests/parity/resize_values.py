#!/usr/bin/env python3
"""Writes what PIL makes of small images when it scales them (BILINEAR), in float32.

usage: resize_values.py FILE        (needs pillow and numpy; FILE is tests/data/resize_values.txt)

A line is: height and width before, height and width after, and the numbers. The image comes from pattern(), which
images_test.cpp has too.
"""

import sys

import numpy as np
from PIL import Image

CASES = [(7, 5, 3, 4), (3, 2, 5, 7), (28, 31, 1, 1), (9, 4, 4, 9), (64, 50, 28, 28), (1, 1, 2, 3)]


def pattern(height, width):
    """Sixteenths from 0 to 1, mixed: exact in float32."""
    values = [(i * 7919 + 911) % 17 / 16 for i in range(height * width)]
    return np.array(values, dtype=np.float32).reshape(height, width)


def main():
    with open(sys.argv[1], "w") as out:
        for h, w, to_h, to_w in CASES:
            scaled = Image.fromarray(pattern(h, w)).resize((to_w, to_h), Image.Resampling.BILINEAR)
            numbers = " ".join(f"{v:.9g}" for v in np.asarray(scaled).ravel())
            out.write(f"{h} {w} {to_h} {to_w} {numbers}\n")


if __name__ == "__main__":
    main()
