#!/usr/bin/env python3
"""What Suture writes, against the real PyTorch and safetensors.

    SUTURE=path/to/suture python Tests/Interop/test_writing.py

Needs torch, numpy and safetensors; where they are missing it says so and skips. ROUNDS and SEED vary the random part.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings
from collections import OrderedDict
from pathlib import Path

from harness import ROOT, SEED, SUTURE, suture, tries

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import load_file, load_model, save_model

warnings.filterwarnings("ignore")
ROUNDS = tries("ROUNDS", 300)

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2,
          torch.float8_e4m3fnuz, torch.float8_e5m2fnuz]
DTYPES = FLOATS + [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.bool,
                   torch.complex64]


def inspect(path):
    return json.loads(suture("inspect", path, "--json", "--sha256").stdout)


def content(path):
    """Names in order, what is known of each, and who shares bytes with whom."""
    seen = inspect(path)
    tensors = [(t["name"], t["dtype"], t["shape"], t["sha256"]) for t in seen["tensors"]]
    return tensors, sorted(map(sorted, seen["aliases"]))


def bits(tensor):
    flat = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach()).reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


class InTemporaryFolder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="suture-writing-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def assertSameDict(self, one, other):
        self.assertEqual(list(one), list(other))
        for name in other:
            self.assertEqual((one[name].dtype, one[name].shape), (other[name].dtype, other[name].shape), name)
            self.assertEqual(bits(one[name]), bits(other[name]), name)


def random_tensor(rng, generator):
    dtype = rng.choice(DTYPES)
    shape = [rng.choice([0, 1, 2, 3, 5, 8]) for _ in range(rng.randrange(4))]
    size = torch.empty(shape, dtype=dtype).element_size()
    count = int(numpy.prod(shape)) if shape else 1
    raw = torch.randint(0, 256, (count * size,), dtype=torch.uint8, generator=generator)
    if dtype == torch.bool:
        raw &= 1
    return raw.view(dtype).reshape(shape)


def random_dict(rng, generator):
    """Tensors of every kind, and all the ways in which names share storage that one name can stand for."""
    result = OrderedDict()
    for index in range(rng.randrange(1, 9)):
        tensor = random_tensor(rng, generator)
        name = f"{rng.choice(['a', 'layer', 'é', 'x.y'])}.{index}"
        kind = rng.randrange(7)
        if kind == 0:
            result[name + ".tied"] = tensor
        elif kind == 1 and tensor.dim() > 1:
            result[name + ".T"] = tensor.transpose(0, 1)
        elif kind == 2 and tensor.dim() and tensor.shape[0] > 1:
            result[name + ".row"] = tensor[1]
        elif kind == 3 and tensor.dim() and tensor.shape[-1] > 2:
            result[name + ".every"] = tensor[..., ::2]
        elif kind == 4 and tensor.dim() and tensor.shape[0] > 2:
            tensor = tensor[1:]  # the first row is written by nobody
        elif kind == 5 and tensor.dim() and tensor.shape[0] > 3:
            result[name + ".first"], tensor = tensor[:1], tensor[2:]
        result[name] = tensor
    items = list(result.items())
    rng.shuffle(items)
    return OrderedDict(items)


class RoundTrips(InTemporaryFolder):
    def around(self, path):
        first, second, third = (self.folder / name for name in ("1.safetensors", "2.pth", "3.safetensors"))
        suture("convert", path, "-o", first, "--shared", "alias", "--force")
        suture("convert", first, "-o", second, "--force")
        suture("convert", second, "-o", third, "--shared", "alias", "--force")
        expected = content(path)
        for step in (first, second, third):
            self.assertEqual(content(step), expected, f"{path} as {step.name}")
        return first, second

    def test_random_state_dicts_come_back_as_they_were(self):
        print(f"  {ROUNDS} state dicts from seed {SEED}", file=sys.stderr)
        for number in range(ROUNDS):
            rng, generator = random.Random(SEED + number), torch.Generator().manual_seed(SEED + number)
            state = random_dict(rng, generator)
            path = self.folder / "in.pth"
            torch.save(state, path)
            with self.subTest(seed=SEED, number=number):
                first, second = self.around(path)
                back = torch.load(second, weights_only=True, mmap=rng.random() < 0.5)
                self.assertSameDict(back, state)
                stored = load_file(first)
                for name in stored:
                    self.assertEqual(bits(stored[name]), bits(state[name]), name)

    def test_published_files_come_back_as_they_were(self):
        counts = {"round trips": 0, "no place in safetensors": 0, "no tensors": 0}
        for path in sorted((ROOT / "Fixtures/Real").rglob("*")):
            if not path.is_file() or path.name in {"README.md", "verdicts.json", "LICENSE"}:
                continue
            seen = subprocess.run([SUTURE, "inspect", str(path), "--json"], capture_output=True, text=True)
            if seen.returncode or not json.loads(seen.stdout)["tensors"]:
                counts["no tensors"] += 1
                continue
            direct = self.folder / "direct.pth"
            suture("convert", path, "-o", direct, "--force", "--proof")
            with self.subTest(path=str(path)):
                self.assertEqual(content(direct), content(path))
                tried = subprocess.run([SUTURE, "convert", str(path), "-o", str(self.folder / "x.safetensors"), "-f"],
                                       capture_output=True)
                if tried.returncode == 6:
                    counts["no place in safetensors"] += 1
                    continue
                self.around(path)
                counts["round trips"] += 1
        print(f"  {counts}", file=sys.stderr)
        self.assertGreater(counts["round trips"], 40)


class PyTorchFiles(InTemporaryFolder):
    def test_every_way_of_loading_takes_them(self):
        state = OrderedDict(a=torch.randn(3, 4), b=torch.arange(5), h=torch.ones(2).half(), e=torch.empty(0, 2))
        state["tied"], state["t"] = state["a"], state["a"].t()
        torch.save(state, self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "out.pth")
        for options in ({}, {"mmap": True}, {"mmap": True, "map_location": "cpu"}):
            back = torch.load(self.folder / "out.pth", weights_only=True, **options)
            self.assertSameDict(back, state)
            self.assertEqual(back["a"].data_ptr(), back["t"].data_ptr())
            self.assertEqual(back["t"].stride(), state["t"].stride())
        meta = torch.load(self.folder / "out.pth", weights_only=True, map_location="meta")
        self.assertEqual({k: v.shape for k, v in meta.items()}, {k: v.shape for k, v in state.items()})
        with torch.serialization.safe_globals([]):
            from torch.utils.serialization import config
            config.load.calculate_storage_offsets = True
            try:
                self.assertSameDict(torch.load(self.folder / "out.pth", mmap=True), state)
            finally:
                config.load.calculate_storage_offsets = False

    def test_without_provenance_the_records_are_those_of_torch_save(self):
        state = OrderedDict(a=torch.randn(3, 4), b=torch.arange(5))
        torch.save(state, self.folder / "archive.pth")
        suture("convert", self.folder / "archive.pth", "-o", self.folder / "out.pth", "--no-provenance")
        ours, theirs = (torch._C.PyTorchFileReader(str(self.folder / name)) for name in ("out.pth", "archive.pth"))
        self.assertEqual(ours.get_all_records(), theirs.get_all_records())
        for record in theirs.get_all_records():
            self.assertEqual(ours.get_record_offset(record) % 64, 0)
            if record not in ("data.pkl", ".data/serialization_id"):
                self.assertEqual(ours.get_record(record), theirs.get_record(record), record)

    def test_parts_of_storages_that_nobody_views_are_left_out(self):
        big = torch.arange(1000.0)
        state = {"a": big[10:20], "b": big[15:25], "far": big[500:501], "every": big[600:700:2]}
        torch.save(state, self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "small.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "whole.pth", "--keep-storages")
        small, whole = (torch.load(self.folder / name) for name in ("small.pth", "whole.pth"))
        for back, size in ((small, (15 + 1 + 99) * 4), (whole, 4000)):
            self.assertSameDict(back, state)
            self.assertEqual(back["a"].untyped_storage().nbytes(), size)
            back["a"][5] = -1
            self.assertEqual(back["b"][0], -1)
        self.assertEqual(whole["far"].storage_offset(), 500)

    def test_a_training_checkpoint_keeps_everything_as_plain_data(self):
        model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
        optimizer = torch.optim.AdamW(model.parameters())
        model(torch.randn(5, 4)).sum().backward()
        optimizer.step()
        plain = {"epoch": 3, "nested": [1, (2.5, None, "x"), {"k": True}], "big": -2**100, "inf": float("inf"),
                 "keys": {0: "a", (1, 2): "b", None: 1, 2.5: 3, "s": {}}, "bytes": b"\x00\xff", "set": {1, 2},
                 "complex": 1 + 2j, "size": torch.Size([2, 3]), "dtype": torch.float16}
        whole = {"model": model.state_dict(), "ema": model.state_dict(), "optimizer": optimizer.state_dict(), **plain,
                 "args": argparse.Namespace(lr=1e-3, where=Path("/data/x")), "best": numpy.float64(0.5),
                 "unsupported": random.Random()}
        torch.save(whole, self.folder / "in.pth")
        said = suture("convert", self.folder / "in.pth", "-o", self.folder / "out.pth").stderr
        self.assertIn("left out: unsupported", said)
        back = torch.load(self.folder / "out.pth", weights_only=True)
        self.assertEqual({k: back[k] for k in plain}, plain)
        self.assertEqual(back["args"], {"lr": 1e-3, "where": "/data/x"})
        self.assertEqual(back["best"], 0.5)
        self.assertEqual(list(back), [k for k in whole if k != "unsupported"])
        self.assertEqual(back["model"]._metadata, whole["model"]._metadata)
        self.assertEqual(back["model"]["0.weight"].data_ptr(), back["ema"]["0.weight"].data_ptr())
        model.load_state_dict(back["model"])
        optimizer.load_state_dict(back["optimizer"])

        suture("convert", self.folder / "in.pth", "-o", self.folder / "bare.pth", "--extras", "drop")
        self.assertSameDict(torch.load(self.folder / "bare.pth", weights_only=True), model.state_dict())
        suture("edit", self.folder / "in.pth", "-o", self.folder / "cut.pth", "--drop", "1.*", "--extras", "keep")
        cut = torch.load(self.folder / "cut.pth", weights_only=True)
        self.assertEqual((list(cut["model"]), cut["epoch"]), (["0.weight", "0.bias"], 3))
        suture("convert", self.folder / "in.pth", "-o", self.folder / "half.pth", "--dtype", "float16")
        half = torch.load(self.folder / "half.pth", weights_only=True)
        self.assertEqual(half["model"]["0.weight"].dtype, torch.float16)
        self.assertEqual(half["optimizer"]["state"][0]["exp_avg"].dtype, torch.float32)

    def test_a_module_that_was_pickled_whole_becomes_its_state_dict(self):
        module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
        torch.save({"model": module, "epoch": 1}, self.folder / "in.pt")
        suture("convert", self.folder / "in.pt", "-o", self.folder / "out.pt")
        back = torch.load(self.folder / "out.pt", weights_only=True)
        self.assertSameDict(back["model"], module.state_dict())
        self.assertEqual(back["epoch"], 1)


    def test_yolov5_takes_its_own_kind_of_file(self):
        state = OrderedDict([("model.0.weight", torch.randn(3, 2).half()), ("model.1.count", torch.tensor(3))])
        torch.save(state, self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "out.pt", "--as", "yolov5", "--proof")
        # What train.py of YOLOv5 does with --weights, v6.0 to v7.0.
        checkpoint = torch.load(self.folder / "out.pt", map_location="cpu", weights_only=False)
        loaded = checkpoint["model"].float().state_dict()
        self.assertSameDict(loaded, OrderedDict((k, v.float() if v.is_floating_point() else v) for k, v in state.items()))
        self.assertTrue((checkpoint["optimizer"], checkpoint["epoch"], checkpoint["ema"]) == (None, -1, None))
        self.assertEqual([t[0] for t in content(self.folder / "out.pt")[0]], list(state))
        for words in (["x.pth"], ["x.safetensors"], ["x.pt", "--extras", "keep"], ["x.pt", "--as", "yolov9"]):
            suture("convert", self.folder / "in.pth", "-o", self.folder / words[0], "--as", "yolov5", *words[1:], expect=2)


class Casts(InTemporaryFolder):
    def test_are_bit_equal_to_those_of_torch(self):
        generator = torch.Generator().manual_seed(SEED)
        for source in FLOATS:
            raw = torch.randint(0, 256, (40_000 * 8,), dtype=torch.uint8, generator=generator)
            anything = raw.view(source)[:40_000]
            some = torch.cat([(torch.randn(20_000, generator=generator) * 10.0 ** torch.randint(
                -9, 9, (20_000,), generator=generator)).to(source).float(), torch.tensor([0.0, -0.0])]).to(source)
            state = {"anything": anything, "some": some, "ints": torch.arange(3), "complex": torch.ones(2).to(torch.complex64)}
            torch.save(state, self.folder / "in.pth")
            for target in FLOATS:
                name = str(target).removeprefix("torch.")
                suture("convert", self.folder / "in.pth", "-o", self.folder / "out.pth", "--dtype", name, "-f", "--proof")
                back = torch.load(self.folder / "out.pth", weights_only=True)
                for key in ("anything", "some"):
                    expected = state[key].to(target)
                    nan = expected.float().isnan()
                    self.assertTrue(bool((back[key].float().isnan() == nan).all()), (source, target))
                    mask = ~nan.numpy()
                    ours, theirs = (numpy.frombuffer(bits(t), f"V{t.element_size()}") for t in (back[key], expected))
                    self.assertTrue(bool((ours == theirs)[mask].all()), f"{source} to {target}, seed {SEED}")
                self.assertEqual(back["ints"].dtype, torch.int64)
                self.assertEqual(back["complex"].dtype, torch.complex64)

    def test_leave_exceptions_alone_keep_sharing_and_count_overflows(self):
        state = OrderedDict(w=torch.tensor([1.0, 1e6, -1e30]), norm=torch.ones(2), v=torch.ones(3))
        state["tied"], state["t"] = state["w"], torch.ones(2, 3)
        state["t.T"] = state["t"].t()
        torch.save(state, self.folder / "in.pth")
        done = suture("convert", self.folder / "in.pth", "-o", self.folder / "out.pth", "--dtype", "float16",
                      "--keep-dtype", "norm*", "--json")
        self.assertIn("2 numbers too large for float16 became infinite", done.stderr)
        self.assertEqual(json.loads(done.stdout)["overflows"], [{"names": ["w", "tied"], "count": 2}])
        back = torch.load(self.folder / "out.pth", weights_only=True)
        self.assertEqual({k: v.dtype for k, v in back.items()},
                         {k: torch.float32 if k == "norm" else torch.float16 for k in state})
        self.assertEqual(back["w"].data_ptr(), back["tied"].data_ptr())
        self.assertEqual(back["t"].data_ptr(), back["t.T"].data_ptr())
        suture("convert", self.folder / "in.pth", "-o", self.folder / "x.pth", "--dtype", "int8", expect=2)
        suture("convert", self.folder / "in.pth", "-o", self.folder / "x.pth", "--dtype", "float16", "--keep-dtype", "nix*", expect=2)
        suture("convert", self.folder / "in.pth", "-o", self.folder / "x.pth", "--keep-dtype", "norm", expect=2)


class Sharing(InTemporaryFolder):
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
            self.last.weight = self.first.weight

    def test_names_are_recorded_as_the_library_does(self):
        model = self.Tied()
        save_model(model, self.folder / "library.safetensors")
        torch.save(model.state_dict(), self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "ours.safetensors", "--shared", "alias")
        with safe_open(self.folder / "library.safetensors", "pt") as theirs, safe_open(self.folder / "ours.safetensors", "pt") as ours:
            self.assertEqual(set(ours.keys()), set(theirs.keys()))
            self.assertEqual({k: v for k, v in ours.metadata().items() if "." in k and not k.startswith("suture.")},
                             theirs.metadata())
        load_model(self.Tied(), self.folder / "ours.safetensors")
        suture("convert", self.folder / "library.safetensors", "-o", self.folder / "back.pth")
        back = torch.load(self.folder / "back.pth")
        self.assertEqual(set(back), set(model.state_dict()))
        self.assertEqual(back["first.weight"].data_ptr(), back["last.weight"].data_ptr())

    def test_copies_are_told_beforehand_and_errors_refuse(self):
        model = self.Tied()
        torch.save(model.state_dict(), self.folder / "in.pth")
        said = suture("convert", self.folder / "in.pth", "-o", self.folder / "copy.safetensors").stderr
        self.assertIn("2 names of 4 share storage with another", said)
        self.assertSameDict({k: v for k, v in sorted(load_file(self.folder / "copy.safetensors").items())},
                            dict(sorted(model.state_dict().items())))
        suture("convert", self.folder / "in.pth", "-o", self.folder / "no.safetensors", "--shared", "error", expect=5)
        self.assertFalse((self.folder / "no.safetensors").exists())

    def test_views_that_no_name_covers_are_written_in_full_and_told(self):
        base = torch.arange(30.0)
        torch.save({"a": base[:20], "b": base[10:]}, self.folder / "in.pth")
        said = suture("convert", self.folder / "in.pth", "-o", self.folder / "out.safetensors", "--shared", "alias").stderr
        self.assertIn("cannot tell", said)
        self.assertEqual(len(load_file(self.folder / "out.safetensors")), 2)


class Shards(InTemporaryFolder):
    def state(self):
        state = OrderedDict((f"l.{i}", torch.randn(100, 25)) for i in range(10))
        state["big"], state["u"] = torch.randn(100, 100), torch.arange(3)
        state["tied"] = state["l.3"]
        state.move_to_end("l.7")
        return state

    def test_both_formats_have_the_names_of_hugging_face_and_come_back(self):
        state = self.state()
        torch.save(state, self.folder / "in.pth")
        for form, stem, extension, flags in (("safetensors", "model", "safetensors", []),
                                             ("safetensors", "model", "safetensors", ["--shared", "alias"]),
                                             ("pth", "pytorch_model", "bin", [])):
            out = self.folder / "out"
            suture("convert", self.folder / "in.pth", "-o", f"{out}/", "--format", form, "--max-shard-size", "25KB", *flags)
            index = json.loads((out / f"{stem}.{extension}.index.json").read_text())
            files = sorted(set(index["weight_map"].values()))
            self.assertEqual(files, [f"{stem}-{i + 1:05}-of-{len(files):05}.{extension}" for i in range(len(files))])
            loaded = {}
            for file in files:
                part = load_file(out / file) if form == "safetensors" else torch.load(out / file, weights_only=True)
                self.assertTrue(all(index["weight_map"][name] == file for name in part))
                storages = {t.data_ptr(): t.nbytes for t in part.values()}
                self.assertTrue(len(storages) == 1 or sum(storages.values()) <= 25_000)
                loaded.update(part)
            self.assertEqual(set(loaded), set(state) - ({"tied"} if flags else set()))
            self.assertTrue(all(torch.equal(loaded[name], state[name]) for name in loaded))
            suture("convert", out, "-o", self.folder / "one.pth", "--proof", "-f")
            one = torch.load(self.folder / "one.pth", weights_only=True)
            self.assertSameDict(one, state)
            self.assertEqual(one["tied"].data_ptr() == one["l.3"].data_ptr(), form == "pth" or bool(flags))
            shutil.rmtree(out)

    def test_what_fits_one_file_is_one_file(self):
        torch.save(self.state(), self.folder / "in.pth")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "out.safetensors", "--max-shard-size", "5GB")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["in.pth", "out.safetensors"])
        for size in ("0", "5 potatoes", "-1GB", "99999999999TB"):
            suture("convert", self.folder / "in.pth", "-o", self.folder / "x.safetensors", f"--max-shard-size={size}", expect=2)


class Provenance(InTemporaryFolder):
    def setUp(self):
        super().setUp()
        torch.save({"w": torch.randn(5), "a": torch.randn(3)}, self.folder / "in.pth")

    def test_the_same_input_and_steps_give_the_same_bytes(self):
        shutil.copy(self.folder / "in.pth", self.folder / "other name.pth")
        for extension in ("pth", "safetensors"):
            one, two = self.folder / f"one.{extension}", self.folder / f"two.{extension}"
            suture("convert", self.folder / "in.pth", "-o", one, "--dtype", "float16")
            suture("convert", self.folder / "other name.pth", "-o", two, "--dtype", "float16")
            self.assertEqual(one.read_bytes(), two.read_bytes())
            for word in (b"one", b"in.pth", os.uname().nodename.encode()):
                self.assertNotIn(word, one.read_bytes().replace(b"exponent", b""))

    def runs(self, path):
        with safe_open(path, "pt") as file:
            return json.loads(file.metadata()["suture.provenance"])["runs"]

    def test_runs_and_metadata_go_through_both_formats(self):
        suture("edit", self.folder / "in.pth", "-o", self.folder / "1.safetensors", "--drop", "a", "--metadata", "author=me=you")
        suture("convert", self.folder / "1.safetensors", "-o", self.folder / "2.pth", "--hash")
        self.assertSameDict(torch.load(self.folder / "2.pth", weights_only=True, mmap=True),
                            load_file(self.folder / "1.safetensors"))
        suture("convert", self.folder / "2.pth", "-o", self.folder / "3.safetensors", "--dtype", "bfloat16")
        runs = self.runs(self.folder / "3.safetensors")
        self.assertEqual([run["steps"] for run in runs], [[{"drop": "a"}], [], []])
        self.assertEqual([run.get("options") for run in runs],
                         [{"metadata": {"author": True}}, None, {"dtype": "bfloat16"}])
        self.assertEqual(runs[1]["sources"], [{
            "name": "1.safetensors", "sha256": hashlib.sha256((self.folder / "1.safetensors").read_bytes()).hexdigest()}])
        with safe_open(self.folder / "3.safetensors", "pt") as file:
            self.assertEqual(file.metadata()["author"], "me=you")
        suture("convert", self.folder / "3.safetensors", "-o", self.folder / "4.safetensors", "--no-provenance", "--metadata", "author")
        with safe_open(self.folder / "4.safetensors", "pt") as file:
            self.assertEqual(file.metadata(), {"format": "pt"})


class Streams(InTemporaryFolder):
    def test_standard_output_gets_the_same_bytes_as_a_file(self):
        torch.save({"w": torch.randn(300_000), "v": torch.arange(7)}, self.folder / "in.pth")
        for form in ("pth", "safetensors"):
            suture("convert", self.folder / "in.pth", "-o", self.folder / f"out.{form}")
            piped = suture("convert", self.folder / "in.pth", "-o", "-", "--format", form, text=False).stdout
            self.assertEqual(piped, (self.folder / f"out.{form}").read_bytes())
        suture("convert", self.folder / "in.pth", "-o", "-", expect=2)
        for flag in ("--proof", "--sync", "--json"):
            suture("convert", self.folder / "in.pth", "-o", "-", "--format", "pth", flag, expect=2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
