#!/usr/bin/env python3
"""Splits reference.npz into the files that `suture verify` takes.

    python make_reference.py        needs numpy and safetensors

batch.input / batch.expected   20 normalised images; pooled features and logits of all
image.input / image.expected   the first of them; the output of each stage
"""
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

here = Path(__file__).parent
npz = np.load(here / "reference.npz")


def write(name, **tensors):
    save_file({k.replace("_", "."): np.ascontiguousarray(v) for k, v in tensors.items()}, here / f"{name}.safetensors")


write("batch.input", normalized=npz["input"])
write("batch.expected", pooled=npz["pooled_norm"], logits=npz["logits"])
write("image.input", normalized=npz["input"][:1])
write("image.expected", **{f"feature_{i}": npz[f"stage{i}"][None] for i in range(4)})
