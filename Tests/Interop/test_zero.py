#!/usr/bin/env python3
"""DeepSpeed's ZeRO: folders of worlds of 1 to 8 that are laid out here as its engine lays them out, and, where DeepSpeed is
installed, those that its engine saves, beside its own zero_to_fp32 and ds_to_universal.

    SUTURE=path/to/suture python Tests/Interop/test_zero.py
"""
import contextlib
import importlib.util
import io
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

from harness import SEED, Conversions, suture

import torch

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
os.environ.setdefault("DS_ACCELERATOR", "cpu")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Compiled helpers are built by a program that lies beside this Python.
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]

GROUPS = [[("embed.weight", (11, 5)), ("up.weight", (7, 5)), ("gain", ()), ("down.weight", (5, 7))],
          [("up.bias", (7,)), ("one", (1,)), ("none", (0, 3)), ("norm.weight", (13,))]]
FROZEN = [("old.weight", (3, 5)), ("old.bias", (3,))]


def lay_out(folder, stage, world, padded=False):
    """A step as the engine saves it; the state dict that it must be, and that of the optimizer."""
    folder.mkdir(parents=True)
    random = torch.Generator().manual_seed(SEED + stage + world)
    whole = {name: torch.randn(shape, generator=random) for group in GROUPS for name, shape in group}
    frozen = {name: torch.randn(shape, generator=random).bfloat16() for name, shape in FROZEN}
    moments = {name: torch.randn(shape, generator=random) for group in GROUPS for name, shape in group}
    buffers = {"scale": torch.arange(3) / 7, "half": torch.arange(2).bfloat16() / 3, "count": torch.tensor(42),
               "mask": torch.tensor([True, False])}

    def cut(tensor):
        piece = -(-tensor.numel() // world)
        flat = torch.cat([tensor.reshape(-1), torch.full((piece * world - tensor.numel(),), 9, dtype=tensor.dtype)])
        return [flat[rank * piece:(rank + 1) * piece].clone() for rank in range(world)]

    def vectors(tensors, strips):
        ranks = [[] for _ in range(world)]
        for group in GROUPS:
            if stage == 3:
                pieces = [cut(tensors[name]) for name, _ in group]
                for rank in range(world):
                    ranks[rank].append(torch.cat([piece[rank] for piece in pieces]))
                continue
            flat = torch.cat([tensors[name].reshape(-1) for name, _ in group])
            used = flat.numel()
            flat = torch.cat([flat, torch.full((-used % (2 * world),), 9.)])
            part = flat.numel() // world
            for rank in range(world):
                end = (rank + 1) * part
                ranks[rank].append(flat[rank * part:max(min(end, used), rank * part) if strips else end].clone())
        return ranks

    weights, averages = vectors(whole, not padded), vectors(moments, False)
    for rank in range(world):
        state = {group: {"step": torch.tensor(7.), "exp_avg": averages[rank][group]} for group in range(len(GROUPS))}
        base = {"state": state, "param_groups": [{"lr": 0.1, "params": [group]} for group in range(len(GROUPS))]}
        optimizer = {"zero_stage": stage, "loss_scaler": None, "partition_count": world if stage == 3 else [world] * 2}
        if stage == 3:
            optimizer |= {"fp32_flat_groups": weights[rank], "optimizer_state_dict": base}
        else:
            optimizer |= {"single_partition_of_fp32_groups": weights[rank], "base_optimizer_state": base}
        torch.save({"optimizer_state_dict": optimizer, "ds_version": "0.19.8"},
                   folder / f"bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")
    shared = {"head.weight": "embed.weight"}
    for rank in range(world if stage == 3 else 1):
        model = {name: torch.empty(0, dtype=torch.bfloat16) if stage == 3 else tensor.bfloat16()
                 for name, tensor in {**whole, "head.weight": whole["embed.weight"]}.items()}
        fragments = {name: cut(tensor)[rank] if stage == 3 else tensor for name, tensor in frozen.items()}
        kept = {name: torch.empty(0, dtype=torch.bfloat16) if stage == 3 else tensor for name, tensor in frozen.items()}
        torch.save({"module": {**buffers, **model, **kept}, "buffer_names": list(buffers),
                    "param_shapes": [{name: torch.Size(shape) for name, shape in group} for group in GROUPS],
                    "frozen_param_shapes": None if stage == 1 else {n: torch.Size(s) for n, s in FROZEN},
                    "frozen_param_fragments": None if stage == 1 else fragments,
                    "shared_params": shared if rank == 0 else {}, "dp_world_size": world, "global_steps": 7},
                   folder / (f"zero_pp_rank_{rank}_mp_rank_00_model_states.pt" if stage == 3 else
                             "mp_rank_00_model_states.pt"))
    truth = {**buffers, "half": buffers["half"].float(), **frozen, **whole, "head.weight": whole["embed.weight"]}
    optimizer = {f"state.{name}.exp_avg": tensor for name, tensor in moments.items()}
    return truth, optimizer | {f"state.{name}.step": torch.tensor(7.) for name in moments}


class Folders(Conversions, unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="suture-zero-"))
        self.addCleanup(shutil.rmtree, self.folder)


class LaidOut(Folders):
    def test_stages_1_to_3_in_worlds_of_1_to_8(self):
        for world in range(1, 9):
            for stage in [1, 2, 3]:
                with self.subTest(world=world, stage=stage):
                    folder = self.folder / f"{world}-{stage}"
                    truth, optimizer = lay_out(folder / "global_step7", stage, world, padded=world % 2 == 0)
                    (folder / "latest").write_text("global_step7")
                    self.same(self.converted(folder), truth)
                    self.same(self.converted(folder, "--key", "optim"), optimizer)

    def test_a_file_of_pytorch_holds_no_more_than_the_weights(self):
        truth, _ = lay_out(self.folder / "step", 3, 4)
        output = self.folder / "out.pth"
        suture("convert", self.folder / "step", "-o", output)
        found = torch.load(output, weights_only=True)
        self.same(found, truth)
        for name in truth:
            self.assertEqual(found[name].untyped_storage().nbytes(), found[name].numel() * found[name].element_size())

    def test_a_missing_rank_is_named_and_nothing_is_written(self):
        lay_out(self.folder / "step", 2, 3)
        (self.folder / "step/bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt").unlink()
        output = self.folder / "out.safetensors"
        said = suture("convert", self.folder / "step", "-o", output, expect=3).stderr
        self.assertIn("bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt", said)
        self.assertFalse(output.exists())


def train(rank, world, port, folder, cases):
    import deepspeed
    import torch.nn as nn
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), LOCAL_RANK=str(rank),
                      WORLD_SIZE=str(world), LOCAL_WORLD_SIZE=str(world))
    torch.set_num_threads(1)
    deepspeed.init_distributed(dist_backend="gloo", verbose=False)
    for name, stage, zero in cases:
        torch.manual_seed(SEED)
        model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 11), nn.LayerNorm(11), nn.Linear(11, 3), nn.Linear(3, 5))
        model[4].requires_grad_(False)
        model.register_buffer("scale", torch.arange(3) / 7)
        model.register_buffer("count", torch.tensor(42))
        own = [p for p in model.parameters() if p.requires_grad]
        groups = [{"params": [p for p in own if p.dim() > 1]}, {"params": [p for p in own if p.dim() < 2]}]
        engine, *_ = deepspeed.initialize(
            model=model, optimizer=torch.optim.AdamW(groups, lr=1e-2),
            config={"train_micro_batch_size_per_gpu": 1, "zero_allow_untested_optimizer": True,
                    "zero_force_ds_cpu_optimizer": False, "bf16": {"enabled": True},
                    "zero_optimization": {"stage": stage, **zero}})
        for _ in range(2):
            engine.backward(engine(torch.randn(2, 5, dtype=torch.bfloat16)).float().pow(2).mean())
            engine.step()
        engine.save_checkpoint(f"{folder}/{name}")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipUnless(importlib.util.find_spec("deepspeed"), "DeepSpeed is not installed")
class Engine(Folders):
    CASES = [("one", 1, {}), ("two", 2, {}), ("three", 3, {}), ("parts", 3, {"sub_group_size": 20}),
             ("aligned", 2, {"parameter_alignment": True})]

    def test_what_its_engine_saves_is_what_zero_to_fp32_makes_of_it(self):
        import torch.multiprocessing as mp
        from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint
        for world in [3]:
            folder = self.folder / str(world)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                mp.spawn(train, (world, free_port(), str(folder), self.CASES), nprocs=world)
            for name, stage, _ in self.CASES:
                with self.subTest(world=world, case=name):
                    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                        truth = dict(get_fp32_state_dict_from_zero_checkpoint(str(folder / name)))
                    found = self.converted(folder / name)
                    # It leaves out what does not train at stage 1.
                    if stage == 1:
                        self.assertEqual(set(found) - set(truth), {"4.weight", "4.bias"})
                        found = {key: found[key] for key in truth}
                    self.same(found, truth)
                    if name in ["two", "parts"]:
                        self.universal(folder / name)

    def universal(self, folder):
        """The optimizer's state, and the weights once more, as ds_to_universal has them."""
        step = next(folder.glob("global_step*"))
        subprocess.run([sys.executable, "-m", "deepspeed.checkpoint.ds_to_universal", "--input_folder", step,
                        "--output_folder", folder / "universal", "--inject_missing_state"], capture_output=True, check=True)
        self.same(self.converted(folder / "universal"), self.converted(folder))
        state = self.converted(folder, "--key", "optim")
        other = self.converted(folder / "universal", "--key", "optim")
        # Of stage 3 it writes no steps.
        self.same({key: value for key, value in state.items() if key in other or not key.endswith(".step")}, other)


if __name__ == "__main__":
    print(f"seed {SEED}", file=sys.stderr)
    unittest.main()
