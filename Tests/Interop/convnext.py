"""ConvNeXt in PyTorch with facebookresearch's key names, and a detector's backbone made of it.

What the tests compare Suture with. Written from the published architecture; runs in float64 for a reference.
"""
import torch
import torch.nn.functional as F
from torch import nn

VARIANTS = {
    "micro": ((1, 2, 3, 1), (8, 16, 24, 40)),
    "odd": ((2, 1, 1, 2), (10, 12, 36, 20)),
    "tiny": ((3, 3, 9, 3), (96, 192, 384, 768)),
}


class LayerNorm(nn.Module):
    """Over the channels of N×C×H×W, or of the last axis."""

    def __init__(self, channels, channels_first, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.channels_first = channels_first

    def forward(self, x):
        if self.channels_first:
            x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2) if self.channels_first else x


class Block(nn.Module):
    def __init__(self, channels, eps=1e-6, act=nn.GELU):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = LayerNorm(channels, channels_first=False, eps=eps)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.act = act()
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(self.act(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class Backbone(nn.Module):
    def __init__(self, depths, dims, eps=1e-6, act=nn.GELU):
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, dims[0], 4, 4), LayerNorm(dims[0], True, eps))
        downs = [nn.Sequential(LayerNorm(a, True, eps), nn.Conv2d(a, b, 2, 2)) for a, b in zip(dims, dims[1:])]
        self.downsample_layers = nn.ModuleList([stem, *downs])
        self.stages = nn.ModuleList(nn.Sequential(*(Block(c, eps, act) for _ in range(d))) for d, c in zip(depths, dims))

    def stage(self, index, x):
        return self.stages[index](self.downsample_layers[index](x))

    def features(self, x):
        out = []
        for index in range(4):
            x = self.stage(index, x)
            out.append(x)
        return out


class ConvNeXt(Backbone):
    def __init__(self, depths, dims, classes=10, eps=1e-6, act=nn.GELU):
        super().__init__(depths, dims, eps, act)
        self.norm = nn.LayerNorm(dims[-1], eps=eps)
        self.head = nn.Linear(dims[-1], classes)

    def outputs(self, x):
        features = self.features(x)
        pooled = self.norm(features[-1].mean((-2, -1)))
        return {**{f"feature.{i}": f for i, f in enumerate(features)}, "pooled": pooled, "logits": self.head(pooled)}


class BackboneLayer(Backbone):
    """A detector's layer: builds the whole backbone and runs one stage of it."""

    def __init__(self, index, depths, dims):
        super().__init__(depths, dims)
        self.index = index

    def forward(self, x):
        return self.stage(self.index, x)


class Detector(nn.Module):
    """Four backbone layers, and a neck that the surgery must leave alone."""

    def __init__(self, depths, dims):
        super().__init__()
        layers = [BackboneLayer(i, depths, dims) for i in range(4)]
        self.model = nn.ModuleList([*layers, nn.Conv2d(dims[-1], 8, 1), nn.BatchNorm2d(8)])


def randomize(module, seed):
    """Weights whose blocks matter: layer scales far from their initial 1e-6."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        if name.endswith("gamma"):
            tensor.copy_(0.3 * noise)
        elif tensor.ndim > 1:
            tensor.copy_(noise / tensor[0].numel() ** 0.5)
        elif name.endswith("weight"):
            tensor.copy_(1 + 0.2 * noise)
        else:
            tensor.copy_(0.2 * noise)
    return module
