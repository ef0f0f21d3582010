#!/usr/bin/env python3
"""Writes Fixtures/Casts/torch.pth: awkward numbers of all float formats, and what `.to()` makes of them.

    python Tests/Interop/make_casts.py

The tensor `float32.float16` is float32 as float16, and so on; `float32.float32` holds the numbers
themselves. NaNs have the bits that torch gives them on large tensors on a processor with AVX2.
"""
import random
from pathlib import Path

import torch

FORMATS = ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz",
           "float8_e5m2fnuz", "float8_e8m0fnu"]
INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
COUNT = 1000
random.seed(20)


def dtype(name):
    return getattr(torch, name)


def from_bits(patterns, name):
    """A tensor of the numbers that have these bits, which may be out of the range of a signed integer."""
    width = dtype(name).itemsize
    wrapped = [p % (1 << 8 * width) for p in patterns]
    if width > 1:
        wrapped = [p - (1 << 8 * width) if p >> (8 * width - 1) else p for p in wrapped]
    return torch.tensor(wrapped, dtype=INTEGERS[width]).view(dtype(name))


def borders(name):
    """Numbers of a format: all, or a few neighbours of every power of two. Between them it rounds."""
    width = dtype(name).itemsize
    half = 1 << (8 * width - 1)
    step = {"float32": 23, "float16": 10, "bfloat16": 7}.get(name, 0)
    every = {power + d for power in range(0, half, 1 << step) for d in (-1, 0, 1, 2)}
    every = sorted(pattern for pattern in every if 0 <= pattern < half)
    values = from_bits(every, name).double()
    return sorted(set(values[values.isfinite()].tolist()))


def awkward(name):
    """Numbers of `name`: halfway points of the narrower formats, what lies one step beside them, and NaNs."""
    width = dtype(name).itemsize
    if width == 1:
        return from_bits(range(256), name)
    bits = 8 * width
    fraction = {"float64": 52, "float32": 23, "float16": 10, "bfloat16": 7}[name]
    infinity = ((1 << (bits - 1)) - 1) >> fraction << fraction
    one, half = 1 << fraction, 1 << fraction - 1
    specials = [0, 1, one - 1, one, infinity - 1, infinity, infinity + 1, infinity + half, infinity + one - 1]
    specials += [infinity + random.randrange(1, one) for _ in range(20)]
    patterns = set()
    for narrow in FORMATS[1:]:
        if dtype(narrow).itemsize < width:
            values = borders(narrow)
            middles = [(a + b) / 2 for a, b in zip(values, values[1:])]
            middles.append(values[-1] + (values[-1] - values[-2]) / 2)
            near = random.sample(values, min(60, len(values))) + middles[:2] + middles[-2:]
            near += random.sample(middles, min(100, len(middles)))
            near = torch.tensor(near, dtype=torch.float64).to(dtype(name))
            for pattern in near.view(INTEGERS[width]).tolist():
                # In a float64 also steps that float32 does not see: what it rounds to a tie is rounded twice.
                steps = (0, 1, -1) if name != "float64" else (0, 1, -1, 1 << 20, -(1 << 20))
                patterns |= {pattern + step for step in steps if pattern + step >= 0}
    patterns = sorted(patterns - set(specials))
    patterns = random.sample(patterns, min(len(patterns), COUNT - 2 * len(specials)))
    patterns = [p | random.getrandbits(1) << (bits - 1) for p in patterns]
    patterns = [p for s in specials for p in (s, s | 1 << (bits - 1))] + patterns
    patterns += [random.getrandbits(bits) for _ in range(COUNT - len(patterns))]
    return from_bits(patterns, name)


tensors = {}
for source in FORMATS:
    numbers = awkward(source)
    for target in FORMATS:
        tensors[f"{source}.{target}"] = numbers.to(dtype(target)).clone()
path = Path(__file__).resolve().parents[2] / "Fixtures/Casts/torch.pth"
path.parent.mkdir(exist_ok=True)
torch.save(tensors, path)
print(path.stat().st_size, "bytes,", len(tensors), "tensors, torch", torch.__version__)
