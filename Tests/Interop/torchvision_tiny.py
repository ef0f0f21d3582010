#!/usr/bin/env python3
"""torchvision's convnext_tiny with the weights that `torch.manual_seed(0)` gives it, without torchvision.

    python torchvision_tiny.py OUT.pth INPUT.safetensors

torchvision 0.14's own test makes a model of 50 classes so, feeds it with `torch.rand(1, 3, 224, 224)`, and compares
with a recorded output. Random numbers are drawn in the order of its constructors: first each layer's default
initialisation as the layers are made, then a truncated normal for every weight, layer by layer; the latter by the inverse
of the cumulative distribution, as PyTorch had it before 2.13.
"""
import math
import sys
from collections import OrderedDict

import torch
from torch import nn

DEPTHS, DIMS = (3, 3, 9, 3), (96, 192, 384, 768)


def truncated_normal(tensor, std):
    bound = math.erf(2 / std / math.sqrt(2))
    tensor.uniform_(-bound, bound).erfinv_().mul_(std * math.sqrt(2)).clamp_(-2, 2)


@torch.no_grad()
def state_dict(classes=50):
    """The weights, then `torch.rand` goes on from where they left it."""
    torch.manual_seed(0)
    layers = OrderedDict()
    scales = OrderedDict()
    layers["features.0.0"] = nn.Conv2d(3, DIMS[0], 4, 4)
    layers["features.0.1"] = nn.LayerNorm(DIMS[0])
    for stage, (depth, width) in enumerate(zip(DEPTHS, DIMS)):
        for block in range(depth):
            start = f"features.{2 * stage + 1}.{block}"
            layers[start + ".block.0"] = nn.Conv2d(width, width, 7, padding=3, groups=width)
            layers[start + ".block.2"] = nn.LayerNorm(width)
            layers[start + ".block.3"] = nn.Linear(width, 4 * width)
            layers[start + ".block.5"] = nn.Linear(4 * width, width)
            scales[start + ".layer_scale"] = torch.ones(width, 1, 1) * 1e-6
        if stage < 3:
            layers[f"features.{2 * stage + 2}.0"] = nn.LayerNorm(width)
            layers[f"features.{2 * stage + 2}.1"] = nn.Conv2d(width, DIMS[stage + 1], 2, 2)
    layers["classifier.0"] = nn.LayerNorm(DIMS[3])
    layers["classifier.2"] = nn.Linear(DIMS[3], classes)
    for layer in layers.values():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            truncated_normal(layer.weight, 0.02)
            nn.init.zeros_(layer.bias)
    state = OrderedDict(scales)
    for name, layer in layers.items():
        state[name + ".weight"], state[name + ".bias"] = layer.weight.detach(), layer.bias.detach()
    return state


if __name__ == "__main__":
    from safetensors.torch import save_file

    torch.save(state_dict(), sys.argv[1])
    save_file({"normalized": torch.rand(1, 3, 224, 224)}, sys.argv[2])
