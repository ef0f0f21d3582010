#!/usr/bin/env python3
"""Training shards against the tools that own them: sets that real processes (gloo) save here, in worlds of 1 to 8.

    SUTURE=path/to/suture python Tests/Interop/test_shards.py

What `dcp_to_torch_save` and `DTensor.full_tensor()` make of a set is what the command must make of it, byte for byte.
"""
import contextlib
import io
import json
import logging
import os
import shutil
import socket
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

from harness import SEED, Conversions, suture

import torch
import torch.multiprocessing as mp

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
os.environ.setdefault("OMP_NUM_THREADS", "1")
WORLDS = range(1, 9)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def meshes(world):
    """A mesh of one axis, and one of two where the world has divisors."""
    from torch.distributed.device_mesh import init_device_mesh
    yield "flat", init_device_mesh("cpu", (world,), mesh_dim_names=("fsdp",))
    if world % 2 == 0:
        yield "grid", init_device_mesh("cpu", (2, world // 2), mesh_dim_names=("dp", "tp"))


def tensors(world):
    """Tensors spread in every way: rows, columns, copies, both axes; sizes that do not divide, and none at all."""
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor
    random = torch.Generator().manual_seed(SEED)
    made = {}
    for name, mesh in meshes(world):
        ways = [[Shard(0)], [Shard(1)], [Replicate()]]
        if mesh.ndim == 2:
            ways = [[Shard(0), Shard(1)], [Shard(1), Shard(0)], [Shard(0), Shard(0)], [Replicate(), Shard(1)],
                    [Shard(0), Replicate()]]
        for number, placements in enumerate(ways):
            for shape in [(11, 6), (1, 2), (8, 4, 3)]:
                whole = torch.randn(*shape, generator=random)
                dtype = [torch.float32, torch.bfloat16, torch.float64][number % 3]
                key = f"{name}.{number}.{'x'.join(map(str, shape))}"
                made[key] = distribute_tensor(whole.to(dtype), mesh, placements)
    made["plain"] = torch.arange(5)
    made["steps"] = torch.tensor(7)
    return made


def save(rank, world, port, folder):
    import torch.distributed as dist
    import torch.distributed.checkpoint as dcp
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE=str(world))
    torch.set_num_threads(1)
    with contextlib.redirect_stderr(io.StringIO()):
        dist.init_process_group("gloo", rank=rank, world_size=world)
        state = tensors(world)
        dcp.save({"model": state, "optim": {"state": {"plain": {"step": torch.tensor(3.)}}}, "epoch": 4},
                 checkpoint_id=f"{folder}/dcp")
        Path(f"{folder}/ranks").mkdir(exist_ok=True)
        torch.save(state, f"{folder}/ranks/model_world_size_{world}_rank_{rank}.pt")
        whole = {key: value.full_tensor() if hasattr(value, "full_tensor") else value for key, value in state.items()}
        if rank == 0:
            torch.save(whole, f"{folder}/whole.pt")
        dist.barrier()
        dist.destroy_process_group()


class Shards(Conversions, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="suture-shards-"))
        for world in WORLDS:
            folder = cls.folder / str(world)
            folder.mkdir()
            # Forked, so that torch is imported once.
            mp.start_processes(save, (world, free_port(), str(folder)), nprocs=world, start_method="fork")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_a_distributed_checkpoint_is_what_dcp_to_torch_save_makes_of_it(self):
        from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
        for world in WORLDS:
            with self.subTest(world=world):
                folder = self.folder / str(world)
                dcp_to_torch_save(folder / "dcp", folder / "torch.pt")
                truth = torch.load(folder / "torch.pt", weights_only=True)
                self.same(self.converted(folder / "dcp"), truth["model"])
                self.same(self.converted(folder / "dcp", "--key", "optim"), {"state.plain.step": torch.tensor(3.)})

    def test_rank_files_are_what_full_tensor_makes_of_them(self):
        for world in WORLDS:
            with self.subTest(world=world):
                folder = self.folder / str(world)
                self.same(self.converted(folder / "ranks"), torch.load(folder / "whole.pt", weights_only=True))

    def test_the_ranks_are_told(self):
        for kind in ["dcp", "ranks"]:
            found = json.loads(suture("inspect", "--json", self.folder / "3" / kind).stdout)
            self.assertEqual(found["sharding"]["world"], 3)

    def test_a_missing_rank_is_named(self):
        folder = self.folder / "missing"
        shutil.copytree(self.folder / "4/ranks", folder)
        (folder / "model_world_size_4_rank_2.pt").unlink()
        said = suture("inspect", folder, expect=3).stderr
        self.assertIn("model_world_size_4_rank_2.pt", said)
        other = self.folder / "missing-dcp"
        shutil.copytree(self.folder / "4/dcp", other)
        (other / "__2_0.distcp").unlink()
        self.assertIn("__2_0.distcp", suture("inspect", other, expect=3).stderr)

    def test_copies_that_differ_are_refused_and_nothing_is_written(self):
        folder = self.folder / "differ"
        shutil.copytree(self.folder / "2/ranks", folder)
        path = folder / "model_world_size_2_rank_1.pt"
        state = torch.load(path, weights_only=False)
        state["plain"] = state["plain"] + 1
        torch.save(state, path)
        output = self.folder / "differ.safetensors"
        self.assertIn("plain", suture("convert", folder, "-o", output, expect=3).stderr)
        self.assertFalse(output.exists())

    def test_what_lies_beside_the_weights_is_left_out_and_told_or_refused(self):
        folder, output = self.folder / "2/dcp", self.folder / "beside.pth"
        said = suture("convert", folder, "-o", output).stderr
        self.assertRegex(said, r"left out: 2 values outside the state dict")
        self.assertNotIn("kept", said)
        self.assertNotIn("epoch", torch.load(output, weights_only=True))
        output.unlink()
        for job in [["convert", folder], ["edit", folder, "--drop", "plain"]]:
            said = suture(*job, "-o", output, "--extras", "keep", expect=5).stderr
            self.assertIn("--extras drop", said)
            self.assertFalse(output.exists())


if __name__ == "__main__":
    print(f"seed {SEED}", file=sys.stderr)
    unittest.main()
