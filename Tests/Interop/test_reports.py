#!/usr/bin/env python3
"""Suture's naming schemes and reports against the libraries themselves.

    SUTURE=path/to/suture python Tests/Interop/test_reports.py

Needs torch and safetensors. What needs timm, torchvision or transformers is skipped, and says so, where they are missing.
"""
import importlib
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from collections import OrderedDict
from pathlib import Path

try:
    import torch
    from safetensors.torch import load_file, save_file
    from torch import nn
except ImportError as missing:
    print(f"skipped: the tests against PyTorch need it ({missing})")
    sys.exit(0)

sys.path.insert(0, str(Path(__file__).parent))
import convnext  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SUTURE = os.environ.get("SUTURE", str(ROOT / ".build/release/suture"))
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))
SCHEMES = ["facebookresearch", "timm", "timm-conv-mlp", "torchvision", "transformers", "openmmlab"]


def suture(*words, expect=0):
    done = subprocess.run([SUTURE, *map(str, words)], capture_output=True, text=True)
    if done.returncode != expect:
        raise AssertionError(f"suture {words} gave {done.returncode}, not {expect}:\n{done.stdout}{done.stderr}")
    return done


def library(name):
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        raise unittest.SkipTest(f"needs {name} ({missing})")


class InTemporaryFolder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        torch.manual_seed(SEED)


def randomized(network):
    """Every tensor different, so that a swap of two shows."""
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.randn_like(tensor) * 0.3)
    return network.double().eval()


class Naming(InTemporaryFolder):
    depths, dims, classes = (2, 1, 3, 1), (8, 16, 24, 40), 7

    def setUp(self):
        super().setUp()
        self.network = randomized(convnext.ConvNeXt(self.depths, self.dims, self.classes))
        torch.save({"model": self.network.state_dict()}, self.folder / "facebook.pth")
        self.image = torch.randn(2, 3, 64, 64, dtype=torch.float64)
        with torch.no_grad():
            self.expected = self.network.outputs(self.image)["logits"]

    def named(self, scheme):
        path = self.folder / f"{scheme}.safetensors"
        suture("convert", self.folder / "facebook.pth", "-o", path, "--naming", scheme)
        return load_file(path)

    def loads_strictly(self, model, scheme, logits=lambda model, image: model(image)):
        model = model.double().eval()
        model.load_state_dict(self.named(scheme), strict=True)
        with torch.no_grad():
            got = logits(model, self.image)
        self.assertLess((got - self.expected).abs().max().item(), 1e-9 * self.expected.abs().max().item())
        # And back: the file that the library itself would save.
        torch.save(model.state_dict(), self.folder / "theirs.pth")
        suture("convert", self.folder / "theirs.pth", "-o", self.folder / "back.pth", "--naming", "facebookresearch")
        back, ours = torch.load(self.folder / "back.pth"), self.network.state_dict()
        self.assertEqual(back.keys(), ours.keys())
        self.assertTrue(all(torch.equal(back[key], ours[key]) for key in ours))

    def test_timm(self):
        timm = library("timm.models.convnext")
        self.loads_strictly(timm.ConvNeXt(depths=self.depths, dims=self.dims, num_classes=self.classes), "timm")

    def test_timm_with_convolutions(self):
        timm = library("timm.models.convnext")
        model = timm.ConvNeXt(depths=self.depths, dims=self.dims, num_classes=self.classes, conv_mlp=True)
        self.loads_strictly(model, "timm-conv-mlp")

    def test_timm_atto(self):
        timm = library("timm")
        model = randomized(timm.create_model("convnext_atto", pretrained=False, num_classes=4))
        torch.save(model.state_dict(), self.folder / "atto.pth")
        suture("convert", self.folder / "atto.pth", "-o", self.folder / "fb.pth", "--naming", "facebookresearch")
        network = convnext.ConvNeXt((2, 2, 6, 2), (40, 80, 160, 320), 4).double().eval()
        network.load_state_dict(torch.load(self.folder / "fb.pth"), strict=True)
        with torch.no_grad():
            one, other = model(self.image), network.outputs(self.image)["logits"]
        self.assertLess((one - other).abs().max().item(), 1e-9 * one.abs().max().item())

    def test_torchvision(self):
        vision = library("torchvision.models.convnext")
        widths = [*self.dims[1:], None]
        settings = [vision.CNBlockConfig(a, b, d) for a, b, d in zip(self.dims, widths, self.depths)]
        self.loads_strictly(vision.ConvNeXt(settings, num_classes=self.classes), "torchvision")

    def transformers_settings(self):
        return library("transformers").ConvNextConfig(
            hidden_sizes=list(self.dims), depths=list(self.depths), num_labels=self.classes, layer_norm_eps=1e-6)

    def test_transformers(self):
        settings = self.transformers_settings()
        model = library("transformers").ConvNextForImageClassification(settings)
        self.loads_strictly(model, "transformers", lambda model, image: model(image).logits)

    def test_transformers_without_classifier(self):
        model = library("transformers").ConvNextModel(self.transformers_settings())
        path = self.folder / "bare.safetensors"
        suture("edit", self.folder / "facebook.pth", "-o", path, "--drop", "head*", "--naming", "transformers")
        model.double().load_state_dict(load_file(path), strict=True)

    def test_openmmlab(self):
        """What mmpretrain's own converter makes of the names."""
        def theirs(key):
            if key.startswith("head"):
                return key.replace("head.", "head.fc.")
            if key.startswith("stages"):
                key = key.replace("dwconv", "depthwise_conv").replace("pwconv", "pointwise_conv")
            elif key.startswith("norm"):
                key = key.replace("norm", "norm3")
            return "backbone." + key
        self.assertEqual(set(self.named("openmmlab")), {theirs(key) for key in self.network.state_dict()})

    def test_round_trips(self):
        for prefix in ["", "module.", "model.1."]:
            for dtype in [torch.float32, torch.bfloat16]:
                state = OrderedDict((prefix + k, v.to(dtype)) for k, v in self.network.state_dict().items())
                torch.save(state, self.folder / "in.pth")
                for scheme in SCHEMES:
                    suture("edit", self.folder / "in.pth", "-o", self.folder / "there.pth", "-f", "--naming", scheme)
                    suture("convert", self.folder / "there.pth", "-o", self.folder / "back.pth", "-f",
                           "--naming", "facebookresearch")
                    back = torch.load(self.folder / "back.pth")
                    self.assertEqual(list(back), list(state))
                    self.assertTrue(all(torch.equal(back[key], state[key]) for key in state))

    def test_extras_stay(self):
        torch.save({"model": self.network.state_dict(), "epoch": 7}, self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "out.pth", "--naming", "timm")
        out = torch.load(self.folder / "out.pth")
        self.assertEqual(out["epoch"], 7)
        self.assertIn("stem.0.weight", out["model"])

    def test_a_stranger_is_refused(self):
        torch.save({"a.weight": torch.ones(2)}, self.folder / "in.pth")
        said = suture("convert", self.folder / "in.pth", "-o", self.folder / "out.pth", "--naming", "timm", expect=5)
        self.assertIn("those of no ConvNeXt", said.stderr)
        self.assertFalse((self.folder / "out.pth").exists())


if __name__ == "__main__":
    print(f"SEED={SEED}")
    unittest.main()
