#!/usr/bin/env python3
"""What Suture reads, against what PyTorch wrote: random objects, and files that others published.

    SUTURE=path/to/suture python Tests/Interop/test_reading.py

OBJECTS and SEED vary the random part; REAL names another folder of checkpoints to compare.
"""
import json
import os
import pickle
import random
import subprocess
import tempfile
import unittest
import warnings
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path

from harness import ROOT, SEED, SUTURE, tries

import numpy as np
import torch

import truth

warnings.filterwarnings("ignore")
OBJECTS = tries("OBJECTS", 500)
REAL = Path(os.environ.get("REAL", ROOT / "Fixtures/Real"))


def inspect(path, *words):
    done = subprocess.run([SUTURE, "inspect", str(path), "--json", "--sha256", "--key", ".", *words],
                          capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


class Maker:
    """Makes random objects as training code saves them, and says what is in them."""

    DTYPES = [getattr(torch, name) for name in """float64 float32 float16 bfloat16 complex128 complex64 complex32 int64
        int32 int16 int8 uint64 uint32 uint16 uint8 bool float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz
        float8_e8m0fnu""".split()]

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.pool = []
        self.tensors = {}
        self.values = {}

    def bytes(self, count):
        return torch.randint(0, 256, (count,), dtype=torch.uint8, generator=self.generator)

    def strided(self):
        """A view of any dtype, with any strides, on a storage of its own or on one that is there already."""
        rng = self.rng
        if self.pool and rng.random() < 0.3:
            base = rng.choice(self.pool)
        else:
            dtype = rng.choice(self.DTYPES)
            count = rng.choice([0, 1, 2, 7, 24, 60])
            raw = self.bytes(max(count, 1) * dtype.itemsize)
            base = (raw % 2 if dtype == torch.bool else raw).view(dtype)[:count]
            self.pool.append(base)
        shape, strides, extent = [], [], 1
        for _ in range(rng.randrange(5)):
            size = rng.choice([0, 1, 2, 3]) if rng.random() < 0.9 else 5
            stride = rng.choice([0, 1, extent, extent + 1])
            grown = extent + max(size - 1, 0) * stride
            if grown <= base.numel():
                shape.append(size)
                strides.append(stride)
                extent = grown
        if base.numel() == 0:
            shape, strides = [0] + shape, [1] + strides
        order = rng.sample(range(len(shape)), len(shape))
        offset = rng.randrange(max(base.numel() - extent, 0) + 1)
        return base.as_strided([shape[i] for i in order], [strides[i] for i in order], offset)

    def special(self, kind):
        floats = torch.randn(4, 6, generator=self.generator)
        if kind == "conj":
            return torch.randn(3, dtype=torch.complex64, generator=self.generator).conj()
        if kind == "neg":
            return torch.randn(3, dtype=torch.complex64, generator=self.generator).conj().imag
        if kind == "quantized":
            return torch.quantize_per_tensor(floats, 0.25, 3, self.rng.choice([torch.qint8, torch.quint8, torch.qint32]))
        if kind == "channels":
            return torch.quantize_per_channel(floats, torch.rand(4) + 0.1, torch.arange(4), 0, torch.qint8)
        if kind == "coo":
            return torch.relu(floats).to_sparse()
        if kind in ("csr", "csc"):
            return getattr(torch.relu(floats), f"to_sparse_{kind}")()
        if kind in ("bsr", "bsc"):
            return getattr(torch.relu(floats), f"to_sparse_{kind}")((2, 3))
        if kind == "meta":
            return torch.empty(2, 3, device="meta")
        if kind == "parameter":
            return torch.nn.Parameter(floats, self.rng.random() < 0.5)
        buffer = torch.nn.Buffer(floats) if hasattr(torch.nn, "Buffer") else floats
        return buffer

    KINDS = ["conj", "neg", "quantized", "channels", "coo", "csr", "csc", "bsr", "bsc", "meta", "parameter", "buffer"]

    def leaf(self, path):
        rng = self.rng
        if rng.random() < 0.7:
            tensor = self.strided() if rng.random() < 0.75 else self.special(rng.choice(self.KINDS))
            self.tensors[path] = tensor
            return tensor
        value = rng.choice([3, -7, 2**40, 2.5, True, None, "text", "ключ", 1e300])
        self.values[path] = value
        return value

    def module(self, path):
        layers = [torch.nn.Linear(3, 2), torch.nn.BatchNorm2d(2), torch.nn.Conv2d(2, 2, 1, bias=False)]
        module = torch.nn.Sequential(*self.rng.sample(layers, 2))
        for name, tensor in module.state_dict().items():
            self.tensors[f"{path}.{name}" if path else name] = tensor
        return module

    def tree(self, path="", depth=0):
        rng = self.rng
        if depth > 0 and (depth == 4 or rng.random() < 0.6):
            return self.module(path) if rng.random() < 0.03 else self.leaf(path)
        count = rng.randrange(1, 6) if depth else rng.randrange(2, 9)
        join = lambda name: f"{path}.{name}" if path else str(name)
        kind = rng.choice(["dict", "dict", "ordered", "ints", "list", "tuple"])
        if kind in ("list", "tuple"):
            items = [self.tree(join(i), depth + 1) for i in range(count)]
            # A tuple of plain values is one value, not many.
            if kind == "tuple" and any(isinstance(item, (torch.Tensor, dict, list)) for item in items):
                return tuple(items)
            return items
        keys = rng.sample(range(100), count) if kind == "ints" else rng.sample(
            ["weight", "bias", "layer", "b ias", "слой", "w/1", "0", "1", "running_mean"], count)
        pairs = [(key, self.tree(join(key), depth + 1)) for key in keys]
        return OrderedDict(pairs) if kind == "ordered" else dict(pairs)


def aliases(tensors):
    """The groups of names whose views have bytes in common."""
    by_storage = {}
    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_meta or tensor.numel() == 0:
            continue
        start = tensor.storage_offset() * tensor.element_size()
        span = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride())) + 1
        key = tensor.untyped_storage()._cdata
        by_storage.setdefault(key, []).append((start, start + span * tensor.element_size(), name))
    groups = set()
    for members in by_storage.values():
        group, end = [], -1
        for first, last, name in sorted(members):
            if first >= end and group:
                groups.add(frozenset(group))
                group = []
            group.append(name)
            end = max(end, last)
        groups.add(frozenset(group))
    return {group for group in groups if len(group) > 1}


class RandomObjects(unittest.TestCase):
    def save(self, made, path, rng):
        form = rng.choice(["zip"] * 5 + ["legacy"] * 3 + ["pickle"])
        if form == "pickle":
            with open(path, "wb") as file:
                pickle.dump(made, file, protocol=rng.randrange(6))
        else:
            torch.save(made, path, pickle_protocol=rng.randrange(2, 6),
                       _use_new_zipfile_serialization=form == "zip")
        return form

    def test_are_read_exactly(self):
        print(f"  {OBJECTS} objects from seed {SEED}", flush=True)
        forms, skipped, seed = Counter(), 0, SEED
        with tempfile.TemporaryDirectory() as folder:
            while forms.total() < OBJECTS:
                seed += 1
                rng = random.Random(seed)
                path = Path(folder) / f"{seed}.pt"
                maker = Maker(seed)
                made = maker.tree()
                try:
                    form = self.save(made, path, rng)
                except (RuntimeError, NotImplementedError, ValueError, TypeError, AttributeError, pickle.PicklingError):
                    # Not everything that torch has can be saved in every form.
                    skipped += 1
                    continue
                forms[form] += 1
                with self.subTest(seed=seed, form=form):
                    self.compare(maker, inspect(path), form)
                path.unlink()
        print(f"  {dict(forms)}; {skipped} could not be saved")

    def compare(self, maker, report, form):
        self.assertIsInstance(report, dict, report)
        found = {entry["name"]: entry for entry in report["tensors"]}
        self.assertEqual(sorted(found), sorted(maker.tensors))
        for name, tensor in maker.tensors.items():
            self.assertEqual(list(truth.differences(found[name], truth.describe(tensor))), [], name)
        if form != "pickle":
            # A bare pickle of a tensor holds a storage of its own for each.
            self.assertEqual({frozenset(group) for group in report["aliases"]}, aliases(maker.tensors))
        extras = {extra["path"] for extra in report["extras"]}
        for path in maker.values:
            parent = path.rsplit(".", 1)[0]
            self.assertTrue(path in extras or parent in extras, f"{path} is not accounted for")


class Odd(torch.nn.Module):
    """Has one of everything that a module may hold."""

    def __init__(self):
        super().__init__()
        self.register_buffer("kept", torch.arange(3))
        self.register_buffer("dropped", torch.arange(4), persistent=False)
        self.register_buffer("nothing", None)
        self.register_parameter("none", None)
        self.scale = torch.nn.Parameter(torch.ones(2))
        self.attribute = torch.zeros(5)
        self.lists = torch.nn.ParameterList([torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(2))])
        self.dicts = torch.nn.ParameterDict({"a": torch.nn.Parameter(torch.ones(3))})
        self.layers = torch.nn.ModuleDict({"x": torch.nn.BatchNorm2d(2), "y": torch.nn.Identity()})
        self.missing = None
        self.embed = torch.nn.Embedding(4, 3)
        self.head = torch.nn.Linear(3, 4, bias=False)
        self.head.weight = self.embed.weight


class WholeModules(unittest.TestCase):
    """A module that was pickled whole reads as its state_dict(): names, order, sharing, and nothing else."""

    def test_read_as_their_state_dict(self):
        nn = torch.nn
        modules = [
            Odd(), nn.LSTM(3, 4, 2, bidirectional=True), nn.MultiheadAttention(8, 2), nn.TransformerEncoderLayer(8, 2, 16),
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.Linear(2, 2), Odd())), nn.Linear(2, 3),
        ]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "module.pt"
            for module in modules:
                for form in (True, False):
                    for wrapped in (lambda m: m, lambda m: {"epoch": 3, "model": m, "ema": None}):
                        torch.save(wrapped(module), path, _use_new_zipfile_serialization=form)
                        with self.subTest(module=type(module).__name__, zip=form):
                            self.compare(module, path)

    def compare(self, module, path):
        done = subprocess.run([SUTURE, "inspect", str(path), "--json", "--sha256"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        report, state = json.loads(done.stdout), module.state_dict()
        self.assertEqual([entry["name"] for entry in report["tensors"]], list(state))
        for entry, tensor in zip(report["tensors"], state.values()):
            self.assertEqual(list(truth.differences(entry, truth.describe(tensor))), [], entry["name"])
        self.assertIn(type(module).__name__, report["modules"][0]["class"])
        if isinstance(module, Odd):
            self.assertIn(["embed.weight", "head.weight"], report["aliases"])
            extras = {extra["path"].removeprefix("model.") for extra in report["extras"]}
            self.assertLessEqual({"dropped", "attribute"}, extras)


class Containers(unittest.TestCase):
    """What torch and NumPy write that is no plain archive, and what people do to archives."""

    STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.ones(3)}

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def expect(self, path, state, told=""):
        report = inspect(path)
        self.assertIsInstance(report, dict, report)
        self.assertEqual([entry["name"] for entry in report["tensors"]], list(state))
        for entry, tensor in zip(report["tensors"], state.values()):
            self.assertEqual(list(truth.differences(entry, truth.describe(tensor))), [], entry["name"])
        self.assertIn(told, " ".join(report["warnings"]))

    def refused(self, path, words):
        done = subprocess.run([SUTURE, "convert", str(path), "-o", str(self.folder / "out.safetensors")],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn(words, done.stderr)

    def test_storages_that_were_skipped(self):
        path = self.folder / "skipped.pth"
        with torch.serialization.skip_data():
            torch.save(self.STATE, path)
        self.expect(path, torch.load(path), "skip_data")

    def test_unpacked_archives(self):
        path = self.folder / "whole.pth"
        torch.save(self.STATE, path)
        zipfile.ZipFile(path).extractall(self.folder / "unpacked")
        for name in ("unpacked", "unpacked/whole"):
            self.expect(self.folder / name, self.STATE, "unpacked")

    def test_another_pickle_deeper(self):
        path = self.folder / "whole.pth"
        torch.save(self.STATE, path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("whole/extra/data.pkl", pickle.dumps({}, 2))
        self.assertEqual(list(torch.load(path)), list(self.STATE))
        self.expect(path, self.STATE, "whole/extra/data.pkl")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("data.pkl", pickle.dumps({}, 2))
        with self.assertRaises(RuntimeError):
            torch.load(path)
        self.refused(path, "checkpoints in it")

    def test_tensors_of_kinds_that_are_not_read(self):
        parts = [torch.ones(2, 3), torch.ones(4, 3)]
        for layout in (torch.strided, torch.jagged):
            path = self.folder / "nested.pth"
            torch.save({**self.STATE, "x": torch.nested.nested_tensor(parts, layout=layout)}, path)
            self.refused(path, "a nested tensor")

    def test_arrays(self):
        arrays = {name: tensor.numpy() for name, tensor in self.STATE.items()}
        np.save(self.folder / "dict.npy", arrays)
        self.expect(self.folder / "dict.npy", self.STATE)
        for odd in (np.array(["a", "bc"]), np.longdouble(1), np.zeros(2, [("f", "f4")]), np.array({"a": 1}),
                    np.datetime64("2026-01-01")):
            np.savez(self.folder / "odd.npz", **arrays, odd=odd)
            self.expect(self.folder / "odd.npz", self.STATE, "left out: odd")


class Published(unittest.TestCase):
    """Equal to torch where it loads a file, to the unpickler with stubs where it refuses, to torch.jit for TorchScript."""

    def test_files_are_read_as_pytorch_reads_them(self):
        results = Counter()
        for path in sorted(p for p in REAL.rglob("*") if p.is_file()):
            if path.suffix in {".md", ".txt", ".json", ".npz", ".jpg", ".png", ".ppm", ".safetensors"} or "LICENSE" in path.name:
                continue
            with self.subTest(path=str(path.relative_to(REAL))):
                results[self.compare(path)] += 1
        print(f"  {dict(results)}")

    def compare(self, path):
        report = inspect(path)
        found = None
        if isinstance(report, dict):
            found = Counter((t["dtype"], tuple(t["shape"]), t.get("sha256")) for t in report["tensors"])
        if zipfile.is_zipfile(path) and any(n.endswith("constants.pkl") for n in zipfile.ZipFile(path).namelist()):
            script = torch.jit.load(path, map_location="cpu").state_dict()
            wanted = Counter(self.key(tensor) for tensor in script.values())
            self.assertIsNotNone(found, report)
            self.assertEqual(wanted - found, Counter())
            return "torchscript"
        how, value = self.load(path)
        if how == "neither":
            self.assertIsNone(found, "torch cannot read it, and we do")
            return how
        self.assertIsNotNone(found, report)
        self.assertEqual(found, Counter(self.key(tensor) for tensor in truth.tensors(value)))
        return how

    def load(self, path):
        try:
            return "torch", torch.load(path, map_location="cpu", weights_only=True)
        except Exception:
            pass
        try:
            return "stubs", truth.load_with_stubs(path)
        except Exception:
            return "neither", None

    def key(self, tensor):
        entry = truth.describe(tensor)
        return entry["dtype"], tuple(entry["shape"]), entry.get("sha256")


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main(verbosity=2)
