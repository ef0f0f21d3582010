#!/usr/bin/env python3
"""Suture against the real PyTorch and safetensors.

    SUTURE=path/to/suture python Tests/Interop/test_interop.py

Needs torch, numpy and safetensors; where they are missing it says so and skips. ROUNDS and SEED vary the random part.
"""
import argparse
import hashlib
import json
import random
import tempfile
import unittest
from collections import OrderedDict
from pathlib import Path

from harness import SEED, suture, tries

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import convnext

ROUNDS = tries("ROUNDS", 60)
SURGERY = ["--drop", "norm*", "--drop", "head*", "--replicate", "model.{0..3}."]


def digest(tensor):
    # A copy: torch calls one element with a stride of 2 contiguous, and then cannot view it as bytes.
    flat = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach()).reshape(-1)
    return hashlib.sha256(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"").hexdigest()


def same(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and digest(one) == digest(other)


def inspect(path, *words):
    return json.loads(suture("inspect", path, "--json", "--sha256", *words).stdout)


class InTemporaryFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assertSameDict(self, got, expected):
        self.assertEqual(sorted(got), sorted(expected))
        for name, tensor in expected.items():
            self.assertTrue(same(got[name], tensor), name)


class TheSurgery(InTemporaryFolder):
    """Drop norm* and head*, replicate under model.0. to model.3.: what the training script's loop does."""

    def check(self, variant, seed, dtype=torch.float32):
        depths, dims = convnext.VARIANTS[variant]
        model = convnext.randomize(convnext.ConvNeXt(depths, dims), seed)
        weights = OrderedDict((k, v.to(dtype)) for k, v in model.state_dict().items())
        self.folder = Path(tempfile.mkdtemp(dir=self.folder))
        source = self.folder / "checkpoint.pth"
        torch.save({"model": weights, "epoch": 3, "args": argparse.Namespace(lr=1e-3)}, source)

        kept = {k: v for k, v in weights.items() if not k.startswith(("norm", "head"))}
        expected = {f"model.{i}.{k}": v for i in range(4) for k, v in kept.items()}
        pth, tensors = self.folder / "out.pth", self.folder / "out.safetensors"
        suture("edit", source, "-o", pth, *SURGERY, "--expect", len(expected))
        said = suture("edit", source, "-o", tensors, *SURGERY).stderr
        self.assertIn("written in full", said)

        plain = torch.load(pth, weights_only=True)
        mapped = torch.load(pth, weights_only=True, mmap=True)
        self.assertEqual(list(plain), list(expected))
        for loaded in (plain, mapped, torch.load(pth, weights_only=True, map_location="meta") and plain):
            self.assertSameDict(loaded, expected)
        first = next(iter(kept))
        self.assertEqual(len({plain[f"model.{i}.{first}"].data_ptr() for i in range(4)}), 1)
        self.assertLess(pth.stat().st_size, sum(v.nbytes for v in kept.values()) * 1.05 + 200_000)
        self.assertSameDict(load_file(tensors), expected)

        detector = convnext.randomize(convnext.Detector(depths, dims), seed + 1)
        own = detector.state_dict()
        own.update(plain)
        self.assertEqual(len(own), len(detector.state_dict()))
        detector.load_state_dict(own, strict=True)
        for name, tensor in detector.state_dict().items():
            wanted = expected.get(name)
            if wanted is not None:
                self.assertTrue(torch.equal(tensor, wanted.float()), name)
        return model, source, pth

    def check_features(self, model, source, result, size, batch=1):
        x = torch.randn(batch, 3, *size, generator=torch.Generator().manual_seed(5))
        widened = {k: v.float().double() for k, v in torch.load(source, weights_only=False)["model"].items()}
        model = model.double()
        model.load_state_dict(widened)
        with torch.no_grad():
            outputs = {k: v.float().contiguous() for k, v in model.outputs(x.double()).items()}
        features = {k: v for k, v in outputs.items() if k.startswith("feature")}
        save_file({"normalized": x}, self.folder / "input.safetensors")
        worst = 0
        for file, wanted in ((source, outputs), (result, features)):
            save_file(wanted, self.folder / "expected.safetensors")
            report = json.loads(suture(
                "verify", file, "--expect", self.folder / "expected.safetensors", "--input",
                self.folder / "input.safetensors", "--json").stdout)
            self.assertTrue(report["passed"])
            self.assertEqual({c["name"] for c in report["checks"]} & set(wanted), set(wanted))
            worst = max(worst, *(c["error"] for c in report["checks"] if c["name"] in wanted))
        suture("verify", result, "--against", source)
        print(f"  farthest from float64: {worst:.1e} of the peak")
        self.assertLess(worst, 5e-6)

    def test_micro(self):
        for seed in (1, 2, 3):
            self.check_features(*self.check("micro", seed), size=(64, 96), batch=2)

    def test_sizes_that_no_vector_width_divides(self):
        for seed in (4, 5):
            self.check_features(*self.check("odd", seed), size=(97, 131), batch=3)

    def test_tiny(self):
        for seed in (1, 2, 3):
            self.check_features(*self.check("tiny", seed), size=(96, 96))

    def test_half_precision(self):
        for dtype in (torch.float16, torch.bfloat16):
            self.check_features(*self.check("micro", 6, dtype), size=(64, 64))

    def test_a_result_that_differs_is_told(self):
        _, source, result = self.check("micro", 7)
        state = {k: v.clone() for k, v in torch.load(result).items()}
        state["model.2.stages.2.1.pwconv1.weight"][0, 0] += 1e-3
        torch.save(state, self.folder / "changed.pth")
        said = suture("verify", self.folder / "changed.pth", "--against", source, expect=1)
        self.assertIn("model.2.stages.2.1.pwconv1.weight", said.stdout + said.stderr)


class RandomStateDicts(InTemporaryFolder):
    DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
              torch.int8, torch.uint8, torch.bool, torch.complex64]

    def tensor(self, rng):
        dtype = rng.choice(self.DTYPES)
        shape = [rng.choice([0, 1, 2, 3, 5, 8]) for _ in range(rng.randrange(5))]
        raw = torch.randint(0, 2 if dtype == torch.bool else 100, shape)
        tensor = raw.to(dtype)
        for _ in range(rng.randrange(3)):
            kind = rng.randrange(5)
            if kind == 0 and tensor.ndim > 1:
                tensor = tensor.transpose(rng.randrange(tensor.ndim), rng.randrange(tensor.ndim))
            elif kind == 1 and tensor.ndim:
                axis = rng.randrange(tensor.ndim)
                tensor = tensor.narrow(axis, 0, tensor.shape[axis] // 2)
            elif kind == 2 and tensor.ndim:
                tensor = tensor[rng.randrange(tensor.shape[0]):] if tensor.shape[0] else tensor
            elif kind == 3:
                tensor = tensor.unsqueeze(0).expand(3, *tensor.shape)
            elif kind == 4 and tensor.ndim == 1 and tensor.numel() > 2:
                tensor = tensor[::2]
        return tensor

    def state(self, rng):
        state, pool = OrderedDict(), []
        for i in range(rng.randrange(1, 12)):
            name = ".".join(rng.choice(["layer", "block", "norm", "0", "1", "weight", "ключ", "b ias"])
                            for _ in range(rng.randrange(1, 4))) + f".{i}"
            tensor = rng.choice(pool) if pool and rng.random() < 0.3 else self.tensor(rng)
            pool.append(tensor)
            state[name] = torch.nn.Parameter(tensor, False) if rng.random() < 0.2 else tensor
        return state

    def test_are_read_and_converted_exactly(self):
        print(f"  {ROUNDS} state dicts from seed {SEED}")
        for round in range(ROUNDS):
            rng = random.Random(SEED + round)
            torch.manual_seed(SEED + round)
            state = self.state(rng)
            wrapper = rng.choice([None, "model", "state_dict"])
            source = self.folder / f"{round}.pth"
            torch.save({wrapper: state, "epoch": round} if wrapper else state, source,
                       pickle_protocol=rng.choice([2, 3, 4, 5]))
            with self.subTest(seed=SEED + round):
                report = inspect(source, *(["--key", wrapper] if wrapper else ["--key", "."]))
                found = {t["name"]: t for t in report["tensors"]}
                self.assertEqual(list(found), list(state))
                for name, tensor in state.items():
                    entry = found[name]
                    self.assertEqual(entry["dtype"], str(tensor.dtype).removeprefix("torch."))
                    self.assertEqual(entry["shape"], list(tensor.shape))
                    self.assertEqual(entry["strides"], list(tensor.stride()))
                    self.assertEqual(entry["sha256"], digest(tensor), name)
                key = ["--key", wrapper] if wrapper else ["--key", "."]
                out, back = self.folder / f"{round}.safetensors", self.folder / f"{round}-back.pth"
                suture("convert", source, "-o", out, *key)
                self.assertSameDict(load_file(out), state)
                suture("convert", out, "-o", back)
                self.assertSameDict(torch.load(back, weights_only=True), state)
                direct = self.folder / f"{round}-direct.pth"
                suture("convert", source, "-o", direct, *key)
                for mmap in (False, True):
                    self.assertSameDict(torch.load(direct, weights_only=True, mmap=mmap), state)


class Writing(InTemporaryFolder):
    def test_safetensors_is_the_librarys_own_file(self):
        state = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.arange(3), "h": torch.ones(5).half(),
                 "t": torch.tensor(True), "e": torch.empty(0, 4)}
        torch.save(state, self.folder / "in.pth")
        save_file(state, self.folder / "library.safetensors", {"format": "pt"})
        suture("convert", self.folder / "in.pth", "-o", self.folder / "ours.safetensors", "--no-provenance")
        self.assertEqual((self.folder / "ours.safetensors").read_bytes(),
                         (self.folder / "library.safetensors").read_bytes())

    def test_metadata_is_kept(self):
        save_file({"w": torch.ones(2)}, self.folder / "in.safetensors", {"author": "someone", "format": "pt"})
        suture("convert", self.folder / "in.safetensors", "-o", self.folder / "out.safetensors")
        with safe_open(self.folder / "out.safetensors", "pt") as file:
            metadata = file.metadata()
        self.assertEqual(json.loads(metadata.pop("suture.provenance"))["runs"][0]["steps"], [])
        self.assertEqual(metadata, {"author": "someone", "format": "pt"})

    def test_dtypes_that_only_untyped_storages_hold(self):
        state = {"u": torch.arange(7).to(torch.uint16), "f": torch.ones(3).to(torch.float8_e4m3fn)}
        torch.save(state, self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "out.pth")
        self.assertSameDict(torch.load(self.folder / "out.pth", weights_only=True), state)

    def test_tensors_that_are_no_plain_views_stay_what_they_are(self):
        dense = torch.relu(torch.randn(4, 6))
        state = {
            "tensor": torch.quantize_per_tensor(dense, 0.25, 3, torch.quint8),
            "channel": torch.quantize_per_channel(dense, torch.rand(4) + 0.1, torch.arange(4), 0, torch.qint8),
            "coo": dense.to_sparse(), "csr": dense.to_sparse_csr(), "bsc": dense.to_sparse_bsc((2, 3)),
            "conj": torch.randn(3, dtype=torch.complex64).conj(),
        }
        source, out = self.folder / "in.pth", self.folder / "out.pth"
        torch.save(state, source)
        suture("convert", source, "-o", out)
        read = torch.load(out, weights_only=True)
        self.assertEqual(list(read), list(state))
        for name, tensor in state.items():
            self.assertEqual(read[name].layout, tensor.layout)
            if tensor.is_quantized:
                self.assertTrue(torch.equal(read[name].int_repr(), tensor.int_repr()), name)
                self.assertTrue(torch.equal(read[name].dequantize(), tensor.dequantize()), name)
            elif tensor.layout == torch.strided:
                self.assertTrue(read[name].is_conj())
                self.assertTrue(torch.equal(read[name], tensor))
            else:
                self.assertTrue(torch.equal(read[name].to_dense(), dense), name)

    def test_safetensors_takes_no_tensor_that_it_would_change(self):
        dense = torch.relu(torch.randn(4, 6))
        source, out = self.folder / "in.pth", self.folder / "out.safetensors"
        for tensor, word in [(torch.quantize_per_tensor(dense, 0.25, 3, torch.quint8), "scale"),
                             (dense.to_sparse(), "--sparse dense"), (torch.empty(2, device="meta"), "meta")]:
            torch.save({"w": tensor}, source)
            self.assertIn(word, suture("convert", source, "-o", out, expect=6).stderr)
            self.assertFalse(out.exists())
        suture("convert", source, "-o", self.folder / "out.pth", expect=6)

    def test_sparse_tensors_are_written_out_where_it_is_asked_for(self):
        dense = torch.relu(torch.randn(4, 6))
        forms = {"coo": dense.to_sparse(), "hybrid": dense.to_sparse(1), "csr": dense.to_sparse_csr(),
                 "csc": dense.to_sparse_csc(), "bsr": dense.to_sparse_bsr((2, 3)), "bsc": dense.to_sparse_bsc((2, 2))}
        torch.save(forms, self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "out.safetensors", "--sparse", "dense")
        self.assertSameDict(load_file(self.folder / "out.safetensors"), {name: dense for name in forms})

    def test_conjugates_are_resolved_for_safetensors(self):
        state = {"c": torch.randn(3, dtype=torch.complex64).conj()}
        torch.save(state, self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "out.safetensors")
        self.assertTrue(torch.equal(load_file(self.folder / "out.safetensors")["c"], state["c"].resolve_conj()))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main(verbosity=2)
