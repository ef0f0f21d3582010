#!/usr/bin/env python3
"""Suture's naming schemes and reports against the libraries themselves.

    SUTURE=path/to/suture python Tests/Interop/test_reports.py

Needs torch and safetensors. What needs timm, torchvision or transformers is skipped, and says so, where they are missing.
"""
import importlib
import json
import random
import subprocess
import sys
import tempfile
import unittest
from collections import OrderedDict
from pathlib import Path

from harness import SEED, SUTURE, suture, tries

import torch
from safetensors.torch import load_file, save_file
from torch import nn

import convnext

ROUNDS = tries("ROUNDS", 60)
SCHEMES = ["facebookresearch", "timm", "timm-conv-mlp", "torchvision", "transformers", "openmmlab"]


def library(name):
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        print(f"skipped: a strict load in {name.split('.')[0]} needs it ({missing})", flush=True)
        raise unittest.SkipTest(f"needs {name}")


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
        # The mission's preset takes it as it is.
        suture("edit", self.folder / "theirs.pth", "-o", self.folder / "detector.pth", "-f", "--preset", "convnext-yolov5")
        suture("verify", self.folder / "detector.pth", "--against", self.folder / "theirs.pth")
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


class WholeModules(InTemporaryFolder):
    """Modules that the libraries pickle whole say their eps and activations: each computes what it does there."""

    def runs(self, model, logits=lambda model, x: model(x)):
        generator = torch.Generator().manual_seed(SEED)
        for name, weight in model.eval().state_dict().items():
            if name.endswith(("gamma", "layer_scale", "layer_scale_parameter")):
                weight.copy_(0.3 * torch.randn(weight.shape, generator=generator))
        x = torch.randn(1, 3, 64, 64, generator=generator)
        torch.save({"model": model}, self.folder / "whole.pth")
        with torch.no_grad():
            expected = logits(model.double(), x.double())
        save_file({"normalized": x}, self.folder / "x.safetensors")
        save_file({"logits": expected.float()}, self.folder / "y.safetensors")
        said = suture(
            "verify", self.folder / "whole.pth", "--input", self.folder / "x.safetensors", "--expect",
            self.folder / "y.safetensors", "--json")
        self.assertEqual(json.loads(said.stdout)["assumed"], [])

    def test_torchvision(self):
        self.runs(library("torchvision").models.convnext_tiny())

    def test_timm(self):
        timm = library("timm")
        for words in ({}, {"norm_eps": 1e-4, "act_layer": "gelu_tanh"}, {"act_layer": "silu"}, {"conv_mlp": False}):
            self.runs(timm.create_model("convnext_atto", **words))

    def test_transformers(self):
        transformers = library("transformers")
        for act in ("gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "quick_gelu", "relu", "silu", "mish"):
            config = transformers.ConvNextConfig(
                depths=[1, 2, 1, 1], hidden_sizes=[8, 16, 24, 32], hidden_act=act, layer_norm_eps=1e-3,
                # Enough of them that the largest is no sum of what cancels.
                num_labels=100)
            self.runs(transformers.ConvNextForImageClassification(config), lambda model, x: model(x).logits)


def report(file, base, *words, expect):
    return json.loads(suture("check", file, "--into", base, "--json", *words, expect=expect).stdout)["load"]


def random_network(generator, depth=3):
    """Modules within modules, with batch norms, buffers and numbers without dimensions."""
    kinds = [
        lambda: nn.Conv2d(generator.randint(1, 3), generator.randint(1, 3), 1),
        lambda: nn.BatchNorm2d(generator.randint(1, 3)),
        lambda: nn.Linear(2, 2, bias=generator.random() < 0.5),
        lambda: nn.PReLU(),
    ]
    module = nn.Module()
    names = generator.sample(["a", "b", "c", "0", "1", "conv", "x_y"], generator.randint(1, 4))
    for name in names:
        deeper = depth > 0 and generator.random() < 0.5
        module.add_module(name, random_network(generator, depth - 1) if deeper else generator.choice(kinds)())
    if generator.random() < 0.5:
        module.register_buffer("count", torch.tensor(1.0))
    if generator.random() < 0.5:
        module.weight = nn.Parameter(torch.zeros(generator.randint(1, 3)))
    return module


def damage(generator, state):
    """A state dict that fits less well, with or without the versions that PyTorch records."""
    result = OrderedDict()
    for key, value in state.items():
        roll = generator.random()
        if roll < 0.15:
            continue
        if roll < 0.25:
            value = torch.zeros(*value.shape, generator.randint(1, 2))
        elif roll < 0.35:
            value = value.reshape(1) if value.ndim == 0 else value.half()
        result[key] = value
        if generator.random() < 0.15:
            parts = key.split(".")
            parts.insert(generator.randrange(len(parts) + 1), generator.choice(["extra", "a", "0", "weight"]))
            result.setdefault(".".join(parts), torch.zeros(2))
    items = list(result.items())
    if generator.random() < 0.5:
        generator.shuffle(items)
    result = OrderedDict(items)
    if generator.random() < 0.5 and hasattr(state, "_metadata"):
        result._metadata = state._metadata
    return result


class Loading(InTemporaryFolder):
    def test_pytorch_says_the_same(self):
        generator = random.Random(SEED)
        agreed = 0
        for _ in range(ROUNDS):
            network = random_network(generator)
            if not network.state_dict():
                continue
            state = damage(generator, network.state_dict())
            if not state:
                continue
            torch.save(network.state_dict(), self.folder / "base.pth")
            torch.save({"state_dict": state} if generator.random() < 0.5 else state, self.folder / "file.pth")
            try:
                network.load_state_dict(state)
                expected = None
            except RuntimeError as error:
                expected = str(error).split("\n", 1)[1]
            got = report(self.folder / "file.pth", self.folder / "base.pth", expect=1 if expected else 0)
            said = got["error"].split("\n", 1)[1] if got["error"] else None
            self.assertEqual(said, expected)
            agreed += 1
        self.assertGreater(agreed, ROUNDS // 3)

    def test_a_module_pickled_whole_is_a_base(self):
        network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        torch.save(network, self.folder / "base.pt")
        torch.save({"0.weight": torch.zeros(4, 3, 1, 2)}, self.folder / "file.pth")
        with self.assertRaises(RuntimeError) as raised:
            network.load_state_dict(torch.load(self.folder / "file.pth"))
        got = report(self.folder / "file.pth", self.folder / "base.pt", expect=1)
        self.assertEqual(got["error"], str(raised.exception))
        said = suture("check", self.folder / "file.pth", "--into", self.folder / "base.pt", "-v", expect=1)
        self.assertIn(str(raised.exception), said.stdout)

    def test_advice_is_true(self):
        network = convnext.ConvNeXt((1, 1, 2, 1), (4, 6, 8, 10), 3)
        torch.save(network.state_dict(), self.folder / "base.pth")
        for prefix in ["module.", "_orig_mod.", "model.", "backbone."]:
            for scheme in ["facebookresearch", "torchvision", "transformers"]:
                suture("edit", self.folder / "base.pth", "-o", self.folder / "file.pth", "-f",
                       "--naming", scheme, "--add-prefix", prefix)
                got = report(self.folder / "file.pth", self.folder / "base.pth", expect=1)
                self.assertTrue(got["no_overlap"] and got["advice"]["passes"])
                suture("edit", self.folder / "file.pth", "-o", self.folder / "mended.pth", "-f",
                       *got["advice"]["flags"])
                network.load_state_dict(torch.load(self.folder / "mended.pth"), strict=True)

    def test_blocks_that_never_got_their_weights(self):
        class Detector(nn.Module):
            def __init__(self, depths):
                super().__init__()
                self.model = nn.Sequential(*(convnext.Backbone(depths, (4, 6, 8, 10)) for _ in range(4)))
        model, part = Detector((1, 1, 5, 1)).state_dict(), Detector((1, 1, 2, 1)).state_dict()
        for key, value in model.items():
            if key.endswith("gamma"):
                value.fill_(1e-6)
        torch.save(model, self.folder / "base.pth")
        for dtype in [torch.float32, torch.float16, torch.bfloat16, torch.float64]:
            grafted = {key: value.to(dtype) for key, value in {**model, **part}.items()}
            torch.save(grafted, self.folder / "grafted.pth")
            got = report(self.folder / "grafted.pth", self.folder / "base.pth", expect=0)
            # The copy at layer 2 runs its stage 2; nothing runs that stage of the others.
            never = [f"model.2.stages.2.{block}" for block in (2, 3, 4)]
            self.assertEqual(got["untrained"], {"file": never, "base": []})
        torch.save(part, self.folder / "part.pth")
        got = report(self.folder / "part.pth", self.folder / "base.pth", expect=1)
        self.assertEqual(got["untrained"], {"file": [], "base": never})


def diff(one, other, *words, expect):
    return json.loads(suture("diff", one, other, "--json", *words, expect=expect).stdout)


DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8,
          torch.bool, torch.complex64, torch.complex128, torch.float8_e4m3fn, torch.float8_e5m2]


def random_tensor(generator, shape, dtype):
    base = torch.randn(shape, dtype=torch.complex128 if dtype.is_complex else torch.float64)
    if dtype.is_floating_point and base.numel() and generator.random() < 0.3:
        flat = base.reshape(-1)
        for value in generator.sample([float("nan"), float("inf"), -float("inf"), -0.0], 2):
            flat[generator.randrange(flat.numel())] = value
    if dtype == torch.uint8:
        base = base.abs()
    return base.to(dtype)


class Differences(InTemporaryFolder):
    def save(self, name, state):
        path = self.folder / name
        torch.save(state, path)
        return path

    def test_the_numbers_are_those_of_torch(self):
        generator = random.Random(SEED)
        for _ in range(ROUNDS):
            first, second = OrderedDict(), OrderedDict()
            for index in range(6):
                shape = [generator.randint(0, 5) for _ in range(generator.randint(0, 4))]
                a = random_tensor(generator, shape, generator.choice(DTYPES))
                roll = generator.random()
                if roll < 0.3:
                    b = a.clone()
                elif roll < 0.6 and not a.dtype.is_complex:
                    b = a.to(generator.choice([torch.float64, torch.float32, torch.bfloat16]))
                else:
                    b = random_tensor(generator, shape, a.dtype)
                if generator.random() < 0.3 and a.ndim > 1:
                    a = a.transpose(0, -1).contiguous().transpose(0, -1)
                first[str(index)], second[str(index)] = a, b
            one, other = self.save("a.pth", first), self.save("b.pth", {"model": second})
            equal_nan = generator.random() < 0.5
            atol, rtol = generator.choice([0.0, 1e-3, 0.5]), generator.choice([0.0, 1e-2, 0.5])
            wide = lambda t: t.to(torch.complex128 if t.dtype.is_complex else torch.float64)
            close = {k: torch.isclose(wide(first[k]), wide(second[k]), rtol, atol, equal_nan) for k in first}
            words = ["--atol", atol, "--rtol", rtol] + (["--equal-nan"] if equal_nan else [])
            same = all(c.all() for c in close.values())
            got = diff(one, other, *words, expect=0 if same else 1)
            self.assertEqual(got["same"], same)
            told = {v["name"]: v for v in got["values"]}
            changes = [float("inf") if v["change"] is None else v["change"] for v in got["values"]]
            self.assertEqual(changes, sorted(changes, reverse=True))
            for key, mask in close.items():
                a, b = first[key], second[key]
                bits = a.dtype == b.dtype and a.contiguous().view(torch.uint8).equal(b.contiguous().view(torch.uint8)) \
                    if a.numel() and a.ndim else None
                found = told.get(key, {"not_close": 0, "bit_equal": True})
                self.assertEqual(found["not_close"], int((~mask).sum()), (key, a, b))
                if bits is not None:
                    self.assertEqual(found["bit_equal"], bits, (key, a, b))
                if found["bit_equal"] or not a.numel():
                    continue
                self.check_numbers(found, wide(a), wide(b))
                same = lambda one, two: torch.isclose(wide(one), wide(two), 0, 0, equal_nan=True).all().item()
                are_floats = a.dtype.is_floating_point and b.dtype.is_floating_point
                is_cast = a.dtype != b.dtype and (same(a, b) or are_floats and (same(a.to(b.dtype), b) or same(a, b.to(a.dtype))))
                self.assertEqual(found["cast_equal"], is_cast, (key, a, b))

    def check_numbers(self, found, a, b):
        nan, other = torch.isnan(a), torch.isnan(b)
        self.assertEqual(found["nan"], {"a": int((nan & ~other).sum()), "b": int((other & ~nan).sum()),
                                        "both": int((nan & other).sum())})
        keep = ~nan & ~other
        a, b = a[keep], b[keep]
        apart = torch.where(a == b, torch.zeros(a.shape, dtype=torch.float64), (a - b).abs())
        self.assertEqual(found["differing"], int((apart != 0).sum()) + int((nan ^ other).sum()))
        expected = apart.max().item() if apart.numel() else 0.0
        if expected == float("inf"):
            self.assertIsNone(found["max_abs"])
        else:
            self.assertAlmostEqual(found["max_abs"], expected, delta=1e-12 * max(expected, 1))
        length = apart.norm().item()
        finite = torch.isfinite(a) & torch.isfinite(b)
        whole = a[finite].reshape(-1).norm().item()
        if (nan ^ other).any() or length == float("inf") or length > 0 and whole == 0:
            self.assertIsNone(found["change"])
        else:
            change = length / whole if length else 0
            self.assertAlmostEqual(found["change"], change, delta=1e-9 * max(change, 1))
        a, b = a[finite].reshape(-1), b[finite].reshape(-1)
        norms = a.norm() * b.norm()
        if norms > 0:
            cosine = ((a.conj() * b).sum().real / norms).item()
            self.assertAlmostEqual(found["cosine"], cosine, delta=1e-9)
        else:
            self.assertIsNone(found["cosine"])

    def test_what_surgery_did_is_found_again(self):
        network = randomized(convnext.ConvNeXt((1, 1, 2, 1), (4, 6, 8, 10), 3))
        whole = self.save("whole.pth", {"model": network.state_dict()})
        parts = self.folder / "parts.safetensors"
        suture("edit", whole, "-o", parts, "--drop", "norm*", "--drop", "head*", "--replicate", "model.{0..3}.")
        got = diff(whole, parts, expect=1)
        backbone = [k for k in network.state_dict() if not k.startswith(("norm", "head"))]
        self.assertEqual(got["removed"], [k for k in network.state_dict() if k not in backbone])
        self.assertEqual({(m["a"], m["b"]) for m in got["renamed"]}, {(k, f"model.0.{k}") for k in backbone})
        self.assertEqual({(m["a"], m["b"]) for m in got["copied"]},
                         {(k, f"model.{i}.{k}") for k in backbone for i in (1, 2, 3)})
        self.assertEqual(got["added"], [])

    def test_memory_does_not_depend_on_the_tensors(self):
        state = {"a": torch.zeros(1 << 25), "b": torch.zeros(1 << 13, 1 << 12).t()}
        one = self.save("a.pth", state)
        state["a"][-1] = 1
        other = self.save("b.pth", {"a": state["a"].double(), "b": state["b"]})
        code = "import resource,subprocess,sys;p=subprocess.run(sys.argv[1:],capture_output=True);" \
               "print(p.returncode,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        done = subprocess.run([sys.executable, "-c", code, SUTURE, "diff", str(one), str(other)],
                              capture_output=True, text=True)
        exit_code, kibibytes = map(int, done.stdout.split())
        self.assertEqual(exit_code, 1)
        self.assertLess(kibibytes, 160 << 10)


if __name__ == "__main__":
    print(f"SEED={SEED}")
    unittest.main()
