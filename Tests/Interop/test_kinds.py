#!/usr/bin/env python3
"""The kinds of files that programs leave behind, each made here with the real libraries: what is weights is read as such,
and what is not is told.

    SUTURE=path/to/suture python Tests/Interop/test_kinds.py
"""
import argparse
import collections
import functools
import json
import os
import pickle
import shutil
import sys
import tempfile
import types
import unittest
import zipfile
from pathlib import Path

from harness import suture

import numpy as np
import torch
from safetensors.torch import load_file, save_file

WEIGHTS = {"conv.weight": torch.arange(6.).reshape(3, 2), "conv.bias": torch.tensor([1., -2., 3.])}


class StateDict(collections.OrderedDict):
    pass


class AttributeDict(dict):
    __getattr__ = dict.__getitem__


class TrainState:
    def __init__(self, **fields):
        self.__dict__.update(fields)


Batch = collections.namedtuple("Batch", "image target")


class Words(list):
    pass


class Settings(dict):
    pass


class Word(str):
    pass


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b


class Key:
    pass


class Paired(torch.nn.Module):
    """A module with a state of its own: a pair of its dict and a version."""

    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(2, 2)
        torch.nn.init.ones_(self.fc.weight)
        torch.nn.init.zeros_(self.fc.bias)

    def __getstate__(self):
        return self.__dict__.copy(), 5


class Outer(torch.nn.Module):
    class Inner(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(2, 2)

    def __init__(self):
        super().__init__()
        self.inner = Outer.Inner()
        self.call = Outer.Inner.forward
        self.bound = self.inner.extra_repr


class Kinds(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def reads(self, path, want, *words, says=()):
        """`convert` gives exactly the tensors `want`, and says each of `says`."""
        out = self.folder / "out.safetensors"
        done = suture("convert", path, "-o", out, "--force", *words)
        got = load_file(out)
        self.assertEqual(set(got), set(want))
        for name, tensor in want.items():
            self.assertEqual(got[name].dtype, tensor.dtype, name)
            self.assertTrue(torch.equal(got[name], tensor), name)
        for word in says:
            self.assertIn(word, done.stderr)

    def saves(self, value, want, *words, says=(), **options):
        path = self.folder / "file.pth"
        torch.save(value, path, **options)
        self.reads(path, want, *words, says=says)
        return path

    def refuses(self, path, code, *words):
        done = suture("convert", path, "-o", self.folder / "out.safetensors", "--force", expect=code)
        for word in words:
            self.assertIn(word, done.stderr)

    # What lies beside the weights

    def test_a_tensor_beside_a_wrapper_does_not_hide_it(self):
        for beside in [{"rng_state": torch.get_rng_state()}, {"losses": torch.rand(5)}, {"mean": torch.rand(1)}]:
            for wrapper in ["state_dict", "model_state_dict", "model", "net", "weight"]:
                self.saves({**beside, wrapper: WEIGHTS, "epoch": 3}, WEIGHTS, says=[next(iter(beside))])

    def test_a_dict_of_any_name_around_all_of_training_is_entered(self):
        training = {"model": {"state_dict": WEIGHTS}, "rng": torch.get_rng_state(), "optimizer": {"m": torch.rand(2)}}
        self.saves({"everything": training, "cfg": {"a": 1}}, WEIGHTS)
        self.saves({"everything": {"model": WEIGHTS, "optimizer": {"m": torch.rand(2)}}}, WEIGHTS)
        # Without a sign of training a name is kept.
        self.saves({"encoder": {"model": WEIGHTS}}, {f"encoder.model.{k}": v for k, v in WEIGHTS.items()})
        self.saves({"encoder": {"model": WEIGHTS, "head": {"w": torch.ones(1)}}},
                   {**{f"encoder.model.{k}": v for k, v in WEIGHTS.items()}, "encoder.head.w": torch.ones(1)})

    def test_the_state_of_optimizers_of_any_name_is_no_weight(self):
        parameter = torch.nn.Parameter(torch.ones(3))
        optimizer = torch.optim.AdamW([parameter])
        parameter.sum().backward()
        optimizer.step()
        state = optimizer.state_dict()
        weights = {f"{net}.{k}": v for net in ["actor", "critic"] for k, v in WEIGHTS.items()}
        nets = {"actor": WEIGHTS, "critic": WEIGHTS, "rng_state": [torch.get_rng_state()]}
        path = self.saves({**nets, "actor_optim": state, "opt": state}, weights, says=["actor_optim (3 tensors)", "opt (3"])
        out = self.folder / "out.pth"
        suture("convert", path, "-o", out)
        self.assertEqual(set(torch.load(out)), {*nets, "actor_optim", "opt"})
        self.assertTrue(torch.equal(torch.load(out)["opt"]["state"][0]["exp_avg"], state["state"][0]["exp_avg"]))
        done = suture("edit", path, "-o", out, "--strip-optimizer", "--extras", "keep", "--force")
        self.assertEqual(set(torch.load(out)), set(weights))
        self.assertIn("left out: everything beside the state dict", done.stderr)
        suture("edit", path, "-o", out, "--key", ".", "--strip-optimizer", "--force")
        self.assertEqual(set(torch.load(out)), {*weights, "rng_state.0"})
        self.saves((WEIGHTS, state), {f"0.{k}": v for k, v in WEIGHTS.items()}, says=["--key 1"])

    def test_what_was_set_on_a_tensor_is_told(self):
        weight = torch.nn.Parameter(torch.ones(2))
        weight.is_fused, weight.scale = True, torch.tensor([3.])
        path = self.saves({"w": weight, "b": torch.nn.Parameter(torch.ones(1))}, {"w": torch.ones(2), "b": torch.ones(1)},
                          says=["left out: what was set in Python on 1 tensor: w", "1 tensor lies inside"])
        extras = suture("inspect", path, "--extras").stdout
        self.assertIn("w.is_fused", extras)
        self.assertIn("w.scale", extras)

    def test_a_second_network_is_named_with_its_key(self):
        path = self.saves({"net": WEIGHTS, "classifier": {"fc.weight": torch.rand(2, 2)}}, WEIGHTS,
                          says=["classifier (1 tensor)", "--key classifier"])
        self.assertEqual(len(json.loads(suture("inspect", path, "--json").stdout)["candidates"]), 1)

    def test_arrays_beside_tensors_are_tensors(self):
        arrays = {name: tensor.numpy() for name, tensor in WEIGHTS.items()}
        self.saves({"model": arrays, "optimizer": {"state": {0: {"step": torch.tensor(1.)}}}}, WEIGHTS)
        self.saves({**arrays, "x": torch.ones(2)}, {**WEIGHTS, "x": torch.ones(2)})

    def test_the_state_of_a_random_generator_is_no_weight(self):
        self.saves({"model": WEIGHTS, "numpy_rng": np.random.RandomState(1).get_state()}, WEIGHTS)

    # Arrays

    def test_arrays_of_every_order_and_protocol(self):
        base = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        for array in [base, base.T, base.transpose(2, 0, 1), np.asfortranarray(base), base.astype(">f4"), base[::2]]:
            for protocol in range(2, 6):
                path = self.folder / "file.pkl"
                path.write_bytes(pickle.dumps({"w": array}, protocol=protocol))
                self.reads(path, {"w": torch.from_numpy(np.ascontiguousarray(array).astype(np.float32))})

    def test_numbers_of_other_devices_are_cast_as_torch_casts_them(self):
        class Device:
            def __init__(self, tensor, dtype):
                self.parts = (tensor.numpy(), dtype, "cpu", False)

            def __reduce__(self):
                return torch._utils._rebuild_device_tensor_from_numpy, self.parts

        numbers = torch.randn(1000)
        for dtype in [torch.float32, torch.bfloat16, torch.float16]:
            self.saves({"w": Device(numbers, dtype)}, {"w": numbers.to(dtype)})

    def test_the_odd_member_of_an_npz_is_told_and_the_rest_is_read(self):
        arrays = {name: tensor.numpy() for name, tensor in WEIGHTS.items()}
        odd = {"holds texts": np.array(["a", "bc"]), "precision": np.zeros(2, np.longdouble),
               "structured": np.zeros(2, [("a", "f4"), ("b", "i8", (2, 3))]), "Python objects": np.array([{}, None]),
               "times": np.zeros(2, "datetime64[s]")}
        for words, array in odd.items():
            path = self.folder / "file.npz"
            np.savez(path, **arrays, odd=array)
            self.reads(path, WEIGHTS, says=["odd", words])
            np.savez(path, odd=array)
            # One array of objects alone is what it holds.
            self.refuses(path, 3, "no tensors" if words == "Python objects" else words)

    def test_files_beside_the_arrays_of_an_npz_are_told(self):
        path = self.folder / "file.npz"
        np.savez(path, **{name: tensor.numpy() for name, tensor in WEIGHTS.items()})
        with zipfile.ZipFile(path, "a") as file:
            file.writestr("readme.txt", "hello")
            file.writestr("folder/", "")
        self.reads(path, WEIGHTS, says=["left out: readme.txt is no .npy file"])
        # Under another name it is a zip archive of something.
        self.refuses(path.rename(self.folder / "file.zip"), 3, "unpack it")

    def test_dicts_in_an_npz_are_read_under_their_names(self):
        arrays = {name: tensor.numpy() for name, tensor in WEIGHTS.items()}
        path = self.folder / "file.npz"
        np.savez(path, params=arrays, opt={"m": {"w": np.ones(2, np.float32)}}, epoch=np.array(3))
        want = {f"params.{name}": tensor for name, tensor in WEIGHTS.items()}
        self.reads(path, {**want, "opt.m.w": torch.ones(2), "epoch": torch.tensor(3)},
                   says=["params is an array of Python objects: its 2 tensors are read under its name"])

    def test_a_masked_array_is_told(self):
        path = self.folder / "file.pkl"
        path.write_bytes(pickle.dumps({**{name: tensor.numpy() for name, tensor in WEIGHTS.items()},
                                       "m": np.ma.masked_array([1., 2.], mask=[0, 1])}))
        self.reads(path, WEIGHTS, says=["left out: 1 array", ": m"])

    def test_a_dict_that_numpy_saved(self):
        path = self.folder / "file.npy"
        arrays = {name: tensor.numpy() for name, tensor in WEIGHTS.items()}
        np.save(path, arrays)
        self.reads(path, WEIGHTS)
        np.savez(path.with_suffix(".npz"), arrays)
        self.reads(path.with_suffix(".npz"), WEIGHTS)

    # Objects

    def test_classes_of_dicts_and_objects_that_hold_a_state_dict(self):
        for value in [StateDict(WEIGHTS), collections.UserDict(WEIGHTS), AttributeDict(WEIGHTS),
                      {"model": StateDict(WEIGHTS)}, TrainState(state_dict=WEIGHTS, step=1),
                      {"state": TrainState(params=dict(WEIGHTS))}, argparse.Namespace(weights=WEIGHTS),
                      collections.defaultdict(list, WEIGHTS), types.SimpleNamespace(model=WEIGHTS)]:
            self.saves(value, WEIGHTS)

    def test_named_tuples_are_their_items(self):
        tensor = torch.arange(4.).reshape(2, 2)
        top = torch.topk(tensor, 1)
        self.saves({"batch": Batch(tensor, tensor + 1), "top": top},
                   {"batch.0": tensor, "batch.1": tensor + 1, "top.0": top.values, "top.1": top.indices})
        # What lies in one place alone is called as it is there.
        self.saves({"batch": Batch(tensor, tensor + 1)}, {"0": tensor, "1": tensor + 1}, says=['under "batch"'])
        # Beside weights they are no part of them.
        self.saves({**WEIGHTS, "batch": Batch(tensor, tensor)}, WEIGHTS, says=["inside objects"])

    def test_keys_that_are_no_texts_lose_no_tensor(self):
        long = "x" * 80
        for keys in [[b"a", b"b"], [(*range(7), 1), (*range(7), 2)], [(long + "a", 1), (long + "b", 1)],
                     [(((((1,),),),),), (((((2,),),),),)], [Key(), Key()], [torch.ones(1), torch.ones(1)],
                     [bytes(200), bytes(199) + b"a"], [2 ** 200, 2 ** 201]]:
            tensors = [torch.rand(2), torch.rand(2)]
            path = self.folder / "file.pth"
            torch.save(dict(zip(keys, tensors)), path)
            for name in ["out.safetensors", "out.pth"]:
                out = self.folder / name
                suture("convert", path, "-o", out, "--force")
                got = load_file(out) if name.endswith("s") else torch.load(out, weights_only=True)
                self.assertEqual(sorted(t.tolist() for t in got.values()), sorted(t.tolist() for t in tensors), keys)
        self.saves({b"conv": {b"w": torch.ones(2)}}, {"b'conv'.b'w'": torch.ones(2)})

    def test_texts_with_half_characters_are_told(self):
        path = self.saves({"state_dict": WEIGHTS, "file": "a\udcff.jpg", "n": 1}, WEIGHTS, says=["1 text with half characters"])
        out = self.folder / "out.pth"
        done = suture("convert", path, "-o", out, "--force")
        self.assertIn("left out: file is a text with half characters", done.stderr)
        self.assertEqual(torch.load(out, weights_only=True)["n"], 1)
        torch.save({"a\udcff": torch.ones(1)}, path)
        self.refuses(path, 3, "a tensor's name has half characters")
        self.saves({"state_dict": WEIGHTS, "optimizer": {"a\udcff": torch.ones(1)}}, WEIGHTS, says=["left out: 1 tensor"])

    def test_what_is_simplified_for_a_pth_loses_nothing_and_is_told(self):
        pair = Batch(1, "b")
        path, out = self.folder / "file.pth", self.folder / "out.pth"
        for protocol in [2, 4]:
            for value, want, told in [
                    (pair, (1, "b"), "a tuple of its items"), (Words("ab"), ["a", "b"], "a list"), (Word("ab"), "ab", "a text"),
                    (Slots(1, "x"), {"a": 1, "b": "x"}, "a dict of its attributes"),
                    (collections.deque([1, 2]), [1, 2], "a list"), (AttributeDict(a=1), {"a": 1}, "a dict"),
                    (bytearray(b"ab"), b"ab", "bytes"), ({b"a": 1, b"b": 2}, {b"a": 1, b"b": 2}, "")]:
                torch.save({"state_dict": WEIGHTS, "x": value}, path, pickle_protocol=protocol)
                done = suture("convert", path, "-o", out, "--force")
                got = torch.load(out, weights_only=True)["x"]
                self.assertEqual((type(got), got), (type(want), want))
                self.assertIn(f"and becomes {told}" if told else "", done.stderr)
        for protocol in [0, 1]:
            path.write_bytes(pickle.dumps({"lr": np.float32(1), "model": Settings(
                {name: tensor.numpy() for name, tensor in WEIGHTS.items()})}, protocol=protocol))
            self.reads(path, WEIGHTS)

    def test_modules_by_every_road(self):
        module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).eval()
        want = module.state_dict()
        self.saves(module, want)
        self.saves(module.state_dict, want)
        path = self.saves(torch.fx.symbolic_trace(module), want)
        self.assertIn("reduce_graph_module, which runs code", suture("check", path, expect=1).stdout)
        self.saves({"net": module, "rng_state": torch.get_rng_state()}, want)
        self.saves(torch.compile(module), {f"_orig_mod.{name}": tensor for name, tensor in want.items()})
        self.saves({"model": Paired(), "set": {1}}, Paired().state_dict())
        self.saves({"x": {WEIGHTS["conv.bias"]}}, {"x.0": WEIGHTS["conv.bias"]})
        outer = Outer()
        for protocol in [2, 4]:
            self.saves(outer, outer.state_dict(), pickle_protocol=protocol)

    def test_a_frozen_script_is_named_for_what_it_is(self):
        network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3)).eval()
        path = self.folder / "frozen.pt"
        torch.jit.freeze(torch.jit.trace(network, torch.ones(1, 3, 8, 8))).save(path)
        self.refuses(path, 3, "2 tensors are constants of the module's code, which torch.jit.freeze makes")

    def test_names_are_inert(self):
        for value in [print, os.path.join, type(None), int | None, functools.partial(max, 1), Outer.Inner, torch.nn.ReLU]:
            self.saves({"state_dict": WEIGHTS, "hyper_parameters": {"x": value}}, WEIGHTS)

    def test_what_is_called_and_harmful_is_refused_and_salvaged(self):
        class Evil:
            def __reduce__(self):
                return os.system, ("true",)

        path = self.folder / "file.pth"
        torch.save({"state_dict": WEIGHTS, "x": Evil()}, path)
        self.refuses(path, 4, "posix.system, which starts a process", "2 tensors in it do not depend", "--salvage")
        self.reads(path, WEIGHTS, "--salvage", says=["what depends on it is left out"])
        for words in [[], ["--salvage"]]:
            done = suture("check", path, *words, expect=1)
            self.assertIn("posix.system", done.stdout + done.stderr)

    def test_check_says_what_weights_only_says(self):
        for value in [WEIGHTS, {"model": WEIGHTS, "epoch": 3}, Outer(), {"w": WEIGHTS, "x": np.float32(1)}]:
            path = self.folder / "file.pth"
            torch.save(value, path)
            try:
                torch.load(path, weights_only=True)
                loads = True
            except pickle.UnpicklingError:
                loads = False
            report = json.loads(suture("check", path, "--json").stdout)
            self.assertEqual(report["weights_only"]["loads"], loads)
            suture("check", path, "--strict", expect=0 if loads else 1)

    def test_plain_data_in_number_costs_nothing(self):
        words = [f"word{n}" for n in range(600_000)]
        vectors = torch.rand(3, 2)
        self.saves({"itos": words, "stoi": {word: n for n, word in enumerate(words)}, "vectors": vectors},
                   {"vectors": vectors})

    # Containers

    def test_folders_and_archives_that_people_have(self):
        path = self.saves(WEIGHTS, WEIGHTS)
        unpacked = self.folder / "unpacked"
        zipfile.ZipFile(path).extractall(unpacked)
        self.reads(unpacked, WEIGHTS, says=["unpacked archive"])
        self.reads(next(unpacked.iterdir()), WEIGHTS)
        renamed = self.folder / "renamed.pth"
        renamed.write_bytes(b"05" + path.read_bytes()[2:])
        self.reads(renamed, WEIGHTS)
        alone = self.folder / "alone"
        alone.mkdir()
        (alone / "config.json").write_text("{}")
        save_file(WEIGHTS, alone / "model.safetensors")
        self.reads(alone, WEIGHTS)
        cache = self.folder / "models--a--b"
        for revision in ["abc", "def"]:
            shutil.copytree(alone, cache / "snapshots" / revision)
        self.refuses(cache, 3, "2 snapshots", "snapshots/abc")
        (cache / "refs").mkdir()
        (cache / "refs/main").write_text("def")
        self.reads(cache, WEIGHTS)
        with zipfile.ZipFile(self.folder / "sb3.zip", "w") as archive:
            archive.write(path, "policy.pth")
            archive.writestr("data", "{}")
        self.refuses(self.folder / "sb3.zip", 3, "unpack it and open policy.pth")

    def test_indices_of_every_spelling(self):
        for folder, index, shard, start in [
                ("variant", "diffusion_pytorch_model.safetensors.index.fp16.json", "s.fp16.safetensors", b""),
                ("inside", "model.safetensors.index.json", "shards/s.safetensors", b""),
                ("mark", "model.safetensors.index.json", "s.safetensors", b"\xef\xbb\xbf")]:
            place = self.folder / folder
            (place / shard).parent.mkdir(parents=True)
            save_file(WEIGHTS, place / shard)
            text = json.dumps({"weight_map": {name: shard for name in WEIGHTS}}).encode()
            (place / index).write_bytes(start + text)
            self.reads(place, WEIGHTS)
            self.reads(place / index, WEIGHTS)
        (place / index).write_text(json.dumps({"weight_map": {"conv.bias": "../inside/shards/s.safetensors"}}))
        self.refuses(place, 3, "no name may lead out of there")

    def test_another_pickle_deeper_in_the_archive_is_told(self):
        path = self.saves(WEIGHTS, WEIGHTS)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("file/extra/data.pkl", pickle.dumps({}))
        self.reads(path, WEIGHTS, says=["another pickle"])

    def test_metadata_that_name_a_tensor_by_chance_stay_metadata(self):
        tensors = {"layer_15": torch.rand(2), "layer_16": torch.rand(2)}
        path = self.folder / "file.safetensors"
        save_file(tensors, path, metadata={"best_layer": "layer_15"})
        report = json.loads(suture("inspect", path, "--json").stdout)
        self.assertEqual([t["name"] for t in report["tensors"]], sorted(tensors))
        self.assertEqual(report["metadata"], {"best_layer": "layer_15"})
        # Names that share a tensor still come back, whatever they are called.
        shared = torch.rand(2, 2)
        self.saves({"a": shared, "b": shared, "x.weight": shared}, {"a": shared}, "--shared", "alias")
        self.assertEqual(len(json.loads(suture("inspect", self.folder / "out.safetensors", "--json").stdout)["tensors"]), 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
