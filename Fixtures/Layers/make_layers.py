#!/usr/bin/env python3
"""Writes layers.safetensors: single layers where implementations go wrong, computed by PyTorch in float64.

    python make_layers.py        needs torch and safetensors

<layer>.in.<parameter> are float32, <layer>.out is what torch makes of them in float64, rounded once. Activations are
N×C×H×W. Variances near the epsilon, means far beyond the deviation, the tails of GELU, long sums, single rows and
columns, widths that are no multiple of a vector.
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

generator = torch.Generator().manual_seed(20261124)
tensors = {}


def noise(*shape, scale=1.0):
    return scale * (2 * torch.rand(shape, generator=generator) - 1)


def record(name, function, **inputs):
    for key, value in inputs.items():
        tensors[f"{name}.in.{key}"] = value.clone().contiguous()
    tensors[f"{name}.out"] = function(*(value.double() for value in inputs.values())).float().contiguous()


def convolution(name, n, c, h, w, out, kernel, stride, padding, groups=1):
    record(
        f"{name}.{kernel}.{stride}.{padding}.{groups}",
        lambda x, weight, bias: F.conv2d(x, weight, bias, stride, padding, 1, groups),
        x=noise(n, c, h, w), weight=noise(out, c // groups, kernel, kernel), bias=noise(out))


convolution("conv.stem", 2, 3, 19, 34, 7, 4, 4, 0)
convolution("conv.down", 1, 10, 9, 13, 12, 2, 2, 0)
convolution("conv.depthwise", 2, 5, 11, 17, 5, 7, 1, 3, groups=5)
convolution("conv.depthwise_wide", 1, 40, 9, 8, 40, 7, 1, 3, groups=40)
convolution("conv.depthwise_tiny", 1, 9, 1, 2, 9, 7, 1, 3, groups=9)
convolution("conv.1x1", 1, 13, 5, 7, 11, 1, 1, 0)
convolution("conv.3x3", 1, 6, 8, 9, 10, 3, 1, 1)
convolution("conv.3x3_grouped", 1, 6, 8, 9, 10, 3, 1, 1, groups=2)
convolution("conv.3x3_odd", 2, 6, 9, 7, 4, 3, 2, 1)
convolution("conv.3x3_even", 1, 6, 8, 8, 4, 3, 2, 1)


def layer_norm(x, weight, bias):
    return F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],), weight, bias, 1e-6).permute(0, 3, 1, 2)


for c in (1, 3, 40, 96, 257):
    x = noise(2, c, 3, 5)
    x[0, :, 0, 0] = 1.5  # no variance: the output is the bias
    x[0, :, 0, 1] *= 1e-3  # a variance of some 3e-7, below the epsilon
    x[0, :, 0, 2] *= 1e4
    record(f"norm.{c}", layer_norm, x=x, weight=noise(c), bias=noise(c))
# A mean 2000 times the deviation: E[x²] − E[x]² would keep nothing.
record("norm.offset", layer_norm, x=noise(1, 64, 4, 4, scale=0.08) + 100, weight=noise(64), bias=noise(64))

axis = torch.cat((torch.linspace(-12, 12, 1201), torch.tensor([0.0, -0.0, 1e-30, -1e-30, 1e-6, -1e-6, 88, -88, 100, -100])))
record("gelu", F.gelu, x=axis.view(1, 1, 1, -1))
record("silu", F.silu, x=axis.view(1, 1, 1, -1))


def linear(x, weight, bias):
    return F.linear(x.permute(0, 2, 3, 1), weight, bias).permute(0, 3, 1, 2)


record("linear", linear, x=noise(7, 97, 1, 1), weight=noise(33, 97), bias=noise(33))
record("linear.long", linear, x=noise(3, 8192, 1, 1), weight=noise(3, 8192), bias=noise(3))


def batch_norm(x, mean, variance, weight, bias):
    return F.silu(F.batch_norm(x, mean, variance, weight, bias, eps=1e-3))


variance = noise(21).abs()
variance[:3] = torch.tensor([0.0, 1e-6, 1e-3])
record("batchnorm", batch_norm, x=noise(2, 21, 4, 3), mean=noise(21), variance=variance, weight=noise(21), bias=noise(21))
record("upsample", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), x=noise(2, 3, 3, 5))
record("mean", lambda x: x.mean((-2, -1), keepdim=True), x=noise(2, 33, 7, 9) + 50)

path = Path(__file__).with_name("layers.safetensors")
save_file(tensors, path)
print(f"{len(tensors)} tensors, {path.stat().st_size} bytes")
