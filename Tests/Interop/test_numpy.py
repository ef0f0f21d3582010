#!/usr/bin/env python3
"""What Suture writes for NumPy, against numpy.save, numpy.load and the tensors of PyTorch that it comes from.

    SUTURE=path/to/suture python Tests/Interop/test_numpy.py
"""
import io
import json
import random
import shutil
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path

from harness import SEED, SUTURE, bits, suture, tries

import numpy
import torch

DTYPES = [torch.float64, torch.float32, torch.float16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
          torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.complex64, torch.complex128]
OTHERS = [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]


def tensor(chance, dtype):
    """Any bits, in any shape, lying in any way."""
    shape = [chance.randrange(5) for _ in range(chance.randrange(5))]
    count = 1
    for size in shape:
        count *= size
    made = bytearray(chance.randbytes(count * dtype.itemsize))
    if dtype == torch.bool:
        made = bytearray(byte & 1 for byte in made)
    flat = torch.frombuffer(made, dtype=torch.uint8).view(dtype) if count else torch.empty(0, dtype=dtype)
    value = flat.reshape(shape)
    if len(shape) > 1 and chance.random() < 0.5:
        value = value.permute(chance.sample(range(len(shape)), len(shape)))
    if dtype.is_complex and chance.random() < 0.5:
        value = value.conj()
    return value


class WritesForNumPy(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="suture-numpy-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.chance = random.Random(SEED)

    def save(self, state):
        torch.save(state, self.folder / "in.pth")
        return self.folder / "in.pth"

    def hashes(self, path):
        report = json.loads(suture("inspect", path, "--json", "--sha256").stdout)
        return {t["name"]: (t["dtype"], t["shape"], t["sha256"]) for t in report["tensors"]}

    def test_archives_are_what_numpy_and_suture_read(self):
        for number in range(tries("ROUNDS", 20)):
            state = {f"layer.{place}.weight": tensor(self.chance, dtype) for place, dtype in enumerate(DTYPES * 2)}
            state["tied"] = state["layer.1.weight"]
            source = self.save(state)
            suture("convert", source, "-o", self.folder / "out.npz", "--force", "--proof")
            with numpy.load(self.folder / "out.npz") as arrays:
                self.assertEqual(arrays.files, list(state), f"seed {SEED}, round {number}")
                for name, value in state.items():
                    found = arrays[name]
                    self.assertEqual(found.shape, tuple(value.shape), name)
                    self.assertEqual(found.dtype, value.resolve_conj().numpy().dtype, name)
                    self.assertEqual(found.tobytes(), bits(value.resolve_conj()), f"{name}, seed {SEED}, round {number}")
            with zipfile.ZipFile(self.folder / "out.npz") as archive:
                self.assertIsNone(archive.testzip())
            self.assertEqual(self.hashes(self.folder / "out.npz"), self.hashes(source))

    def test_an_array_is_what_numpy_save_writes(self):
        for _ in range(tries("ROUNDS", 20)):
            dtype = self.chance.choice(DTYPES)
            value = tensor(self.chance, dtype)
            suture("convert", self.save({"w": value}), "-o", self.folder / "out.npy", "--force")
            wanted = io.BytesIO()
            numpy.save(wanted, numpy.ascontiguousarray(value.resolve_conj().numpy()).reshape(tuple(value.shape)))
            self.assertEqual((self.folder / "out.npy").read_bytes(), wanted.getvalue(), f"{dtype} {value.shape}, seed {SEED}")

    def test_large_arrays_and_many(self):
        wide = {"w": torch.arange(3_000_000, dtype=torch.float32).reshape(3, 1000, 1000).transpose(0, 2)}
        suture("convert", self.save(wide), "-o", self.folder / "wide.npz")
        with numpy.load(self.folder / "wide.npz") as arrays:
            self.assertEqual(arrays["w"].tobytes(), bits(wide["w"]))
        # More records than a plain archive counts.
        many = {f"t{place}": torch.full((1,), place) for place in range(70_000)}
        suture("convert", self.save(many), "-o", self.folder / "many.npz")
        with numpy.load(self.folder / "many.npz") as arrays:
            self.assertEqual(len(arrays.files), 70_000)
            self.assertEqual(int(arrays["t69999"][0]), 69_999)

    def test_what_numpy_lacks_is_refused_and_cast_when_asked(self):
        for dtype in OTHERS:
            state = {"w": torch.tensor([0.5, -2, 448], dtype=dtype), "n": torch.tensor([1, 2])}
            source = self.save(state)
            said = suture("convert", source, "-o", self.folder / "out.npz", expect=6)
            self.assertIn("NumPy has no " + str(dtype).removeprefix("torch."), said.stderr)
            self.assertIn("--dtype float32", said.stderr)
            self.assertFalse((self.folder / "out.npz").exists())
            suture("convert", source, "-o", self.folder / "out.npz", "--dtype", "float32")
            with numpy.load(self.folder / "out.npz") as arrays:
                self.assertEqual(arrays["w"].tobytes(), bits(state["w"].float()))
                self.assertEqual(arrays["n"].dtype, numpy.int64)
            (self.folder / "out.npz").unlink()

    def test_extras_and_shared_names_are_told(self):
        weight = torch.ones(1000)
        source = self.save({"model": {"a": weight, "b": weight}, "epoch": 3})
        said = suture("convert", source, "-o", self.folder / "out.npz")
        self.assertIn("left out: 1 value outside the state dict", said.stderr)
        self.assertIn("2 names of 2 share storage with another; NumPy cannot", said.stderr)

    def test_outputs_behave_as_others(self):
        source = self.save({"w": torch.ones(4)})
        output = self.folder / "out.npy"
        suture("edit", source, "-o", output, "--rename", "w=v")
        suture("convert", source, "-o", output, expect=7)
        suture("convert", source, "-o", output, "--force")
        piped = subprocess.run([SUTURE, "convert", source, "-o", "-", "--format", "npy"], capture_output=True, check=True)
        self.assertEqual(piped.stdout, output.read_bytes())
        with open("/dev/full", "wb") as full:
            done = subprocess.run([SUTURE, "convert", source, "-o", "-", "--format", "npz"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 7, done.stderr)
        suture("convert", source, "-o", f"{self.folder}/made/", "--format", "npz")
        self.assertEqual(numpy.load(self.folder / "made/arrays.npz")["w"].tolist(), [1, 1, 1, 1])


if __name__ == "__main__":
    unittest.main()
