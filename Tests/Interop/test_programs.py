#!/usr/bin/env python3
"""Random programs of steps against a model of each step in plain PyTorch: surgery_model.py.

    SUTURE=path/to/suture python Tests/Interop/test_programs.py

A program is a checkpoint of random tensors (tied, cut from others, transposed, of all dtypes, without axes or elements)
and some steps of surgery. `edit` and the model must agree on the names and their order, dtypes, shapes, every bit (but for
what is rounded once more), and on which elements lie in the same memory; or both must refuse. What `why` says of a name must
be what the model knows. PROGRAMS and SEED vary it; PROGRAM=SEED,STEP runs again a program that failed.
"""
import itertools
import json
import os
import random
import re
import subprocess
import tempfile
import threading
import unittest
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import ROOT, SEED, SUTURE, suture, tries

import torch
from safetensors.torch import load_file

from surgery_model import COMPLEX, FLOATS, OTHERS, STEPS, Program, Refused, Weight, tensor

PROGRAMS = tries("PROGRAMS", 300)
WORKERS = 2
LOCK = threading.Lock()


def weights(r):
    """A state dict of random tensors."""
    state = OrderedDict()
    for _ in range(r.randint(2, 8)):
        name = r.choice(["a.0.weight", "a.1.weight", "a.1.bias", "b.w.q", "b.w.k", "b.w.v", "c", "é.weight", "a.10.x", "b.[*]", "A.0.weight"])
        if name in state:
            continue
        kind = r.random()
        floating = [t for t in state.values() if t.dim() and t.numel()]
        if kind < 0.2 and floating:
            state[name] = r.choice(floating)
        elif kind < 0.3 and floating:
            state[name] = r.choice([lambda t: t[1:], lambda t: t[:1], lambda t: t.transpose(0, -1)])(r.choice(floating))
        elif kind < 0.35:
            state[name] = tensor(r, [], r.choice(FLOATS + OTHERS))
        elif kind < 0.38:
            state[name] = tensor(r, [0, 3], r.choice(FLOATS))
        elif kind < 0.5:
            state[name] = tensor(r, [r.randint(1, 4)], r.choice(COMPLEX + OTHERS))
        elif kind < 0.7 and "b.w.q" in state:
            t = state["b.w.q"]
            state[name] = tensor(r, list(t.shape), t.dtype)
        else:
            state[name] = tensor(r, [r.randint(1, 4) for _ in range(r.randint(1, 4))], r.choice(FLOATS))
    return state


def enlarge(r, state):
    """Makes some numbers as large as float16 can hold."""
    for t in state.values():
        if t.dtype in FLOATS and t.numel() and r.random() < 0.5:
            t.copy_((t.double() * 2e4).clamp(-65504, 65504))


def program(seed, folder, target):
    """A program of its own seed, which can be run again: the state, the records, and what the model makes of them.

    It tries to do the step `target`, whatever else it does.
    """
    r = random.Random(seed)
    torch.manual_seed(seed)
    context = Program(r, folder)
    state = weights(r)
    STEPS[target].prepare(r, state)
    if r.random() < 0.2:
        STEPS[r.choice(sorted(STEPS))].prepare(r, state)
    if r.random() < 0.3:
        enlarge(r, state)
    # One that takes the whole file is the first, and any may be.
    verbs = [r.choice(sorted(STEPS)) for _ in range(r.randint(0, 4))]
    verbs.insert(0 if target == "take-ema" or r.random() < 0.5 else r.randint(0, len(verbs)), target)
    now, records = OrderedDict((name, Weight(t, [name])) for name, t in state.items()), []
    for verb in verbs:
        record = STEPS[verb].make(context, now)
        if record is None:
            continue
        context.is_first = False
        records.append(record)
        try:
            now = STEPS[verb].do(context, now, record)
        except Refused as refusal:
            return context, state, records, refusal
        if not now:
            return context, state, records, Refused("nothing is left")
        if STEPS[verb].is_last:
            break
    return context, state, records, now


def raw(t):
    flat = torch.empty(t.shape, dtype=t.dtype).copy_(t.detach()).reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def is_close(one, other):
    if one.is_complex():
        one, other = torch.view_as_real(one), torch.view_as_real(other)
    if one.dtype not in FLOATS:
        return raw(one) == raw(other)
    # Whatever is computed is so in double precision, and sums there in any order; what torch sums in single precision is
    # as exact as the largest of what it adds.
    unit = (64 if one.dtype == torch.float64 else 8) * torch.finfo(one.dtype).eps
    finite = other.double()[other.isfinite()].abs()
    largest = max(1, finite.max().item()) if finite.numel() else 1
    return torch.allclose(one.double(), other.double(), rtol=unit, atol=unit * largest, equal_nan=True)


def memory(state):
    """Which elements lie in the same memory: of each pair of names how many."""
    addresses = {}
    for name, t in state.items():
        if t.numel() == 0:
            addresses[name] = set()
            continue
        places = torch.zeros((), dtype=torch.int64)
        for axis, (size, stride) in enumerate(zip(t.shape, t.stride())):
            places = places.unsqueeze(-1) + torch.arange(size) * stride
        start = t.untyped_storage().data_ptr()
        addresses[name] = {start + (place + t.storage_offset()) * t.itemsize for place in places.reshape(-1).tolist()}
    shared = {}
    for one, other in itertools.combinations(state, 2):
        if count := len(addresses[one] & addresses[other]):
            shared[one, other] = count
    return shared


def run(seed, target):
    """Runs one program; what is wrong with it, or None, and the verbs of its steps."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # Making a program draws from PyTorch's one generator of random numbers.
        with LOCK:
            context, state, records, wanted = program(seed, folder, target)
        if not records:
            return None, []
        verbs = [next(iter(record)) for record in records]
        source, recipe, out = folder / "in.pth", folder / "recipe.json", folder / "out.pth"
        torch.save({"model": state, **context.wrapped} if context.wrapped else state, source)
        recipe.write_text(json.dumps({"recipe": 1, "steps": records}))
        words = [SUTURE, "edit", source, "-o", out, "--recipe", recipe, "--json"]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
        if isinstance(wanted, Refused):
            # What is refused is refused for the plan or for a shape.
            return (None if done.returncode in (2, 5, 6) else f"gave {done.returncode}, refused by the model: {wanted}\n{records}"), []
        if done.returncode:
            return f"gave {done.returncode}\n{done.stderr}\n{records}", verbs
        try:
            check(out, wanted, seed)
            given = [state] + [other for other in context.others if isinstance(other, dict)]
            check_overflows(json.loads(done.stdout), given, wanted)
        except AssertionError as error:
            return f"{error}\n{records}\n{done.stderr}", verbs
        return None, verbs


def check(out, wanted, seed):
    got = torch.load(out, weights_only=True)
    assert list(got) == list(wanted), f"names {list(got)}\nwanted {list(wanted)}"
    for name, weight in wanted.items():
        one, other = got[name], weight.tensor
        assert one.dtype == other.dtype and one.shape == other.shape, f"{name}: {one.dtype} {one.shape}, wanted {other.dtype} {other.shape}"
        same = weight.exact is None or (raw(one) == raw(other) if weight.exact else is_close(one, other))
        assert same, f"{name}: {one}\nwanted {other}"
    shared, expected = memory(got), memory({n: w.tensor for n, w in wanted.items()})
    assert shared == expected, f"shares {shared}\nwanted {expected}"
    r = random.Random(seed)
    name = r.choice(list(wanted))
    check_origins(out, name, wanted[name])
    if r.random() < 0.3:
        check_form(out, got, name, wanted[name], r)


def check_overflows(report, given, wanted):
    """What is no finite number any more is told, where all that was given are; it is told of nothing else."""
    given = [t for state in given for t in state.values() if isinstance(t, torch.Tensor)]
    told = {name for overflow in report.get("overflows", []) for name in overflow["names"]}
    infinite = {name for name, weight in wanted.items() if weight.exact is not None and not weight.tensor.isfinite().all()}
    if all(t.isfinite().all() for t in given):
        assert infinite <= told, f"{infinite - told} are not told to be infinite: {report.get('overflows')}"
    # Elements beside those of a view count too, and numbers that became infinite on the way.
    assert infinite or not told or any(t.dtype in FLOATS and (t.abs() > 1e3).any() for t in given), f"told: {told}"


def check_origins(file, name, weight):
    """What `why` says of a name."""
    answer = json.loads(suture("why", "--json", "--key", ".", "--", file, name).stdout)
    known = answer["source_names"]
    is_sure = not any(step["ambiguous"] for run in answer["runs"] for step in run["steps"])
    origins = set(weight.origins)
    assert known is not None, f"why knows nothing of {name} in {file.name}"
    assert set(known) == origins if is_sure else origins <= set(known), f"why {name} in {file.name}: {known}, wanted {origins}"


def check_form(out, got, name, weight, r):
    """The same in another form: the tensors, and what `why` says."""
    words, file = r.choice([
        ([], "form.safetensors"), (["--shared", "alias"], "form.safetensors"), ([], "form.pt"),
        (["--max-shard-size", "100B"], "form.safetensors"), (["--max-shard-size", "100B"], "form.pth"),
    ])
    if file.endswith("safetensors") and any(t.dtype == torch.complex128 for t in got.values()):
        return
    file = out.parent / file
    files = json.loads(suture("convert", out, "-o", file, "--json", *words).stdout).get("files") or [file]
    loaded = {}
    for part in files:
        if str(part).endswith(".safetensors"):
            loaded |= load_file(part)
        elif not str(part).endswith(".json"):
            loaded |= torch.load(part, weights_only=True)
    # What is an alias is in the metadata alone.
    missing = set(got) - set(loaded)
    assert not missing or "alias" in words, f"{missing} are not in {file.name}"
    for key, tensor in loaded.items():
        assert raw(tensor) == raw(got[key]), f"{key} is another in {file.name}"
    check_origins(Path(files[-1]), name, weight)


class Programs(unittest.TestCase):
    def test_every_step_of_the_registry_has_a_model(self):
        # A test of the library holds this table to the registry.
        page = (ROOT / "Sources/Suture/Suture.docc/Steps.md").read_text()
        verbs = set(re.findall(r"^\| `\{([a-z0-9-]+):", page, re.MULTILINE))
        self.assertGreater(len(verbs), 20)
        self.assertEqual(verbs, set(STEPS))

    def test_random_programs(self):
        verbs = sorted(STEPS)
        programs = [(SEED * 100_000 + index, verbs[index % len(verbs)]) for index in range(PROGRAMS)]
        if "PROGRAM" in os.environ:
            seed, verb = os.environ["PROGRAM"].split(",")
            programs = [(int(seed), verb)]
        counts, failures = {verb: 0 for verb in verbs}, []

        def run_all(programs):
            with ThreadPoolExecutor(WORKERS) as pool:
                for (seed, target), (failure, done) in zip(programs, pool.map(run, *zip(*programs))):
                    for verb in done:
                        counts[verb] += 1
                    if failure:
                        failures.append(f"PROGRAM={seed},{target}: {failure}")

        run_all(programs)
        if len(programs) > 1:
            # Each is done, however the dice fell.
            for verb in verbs:
                for index in range(50):
                    if counts[verb] == 0:
                        run_all([(SEED * 100_000 + 50_000 + index, verb)])
        print(f"{len(programs)} programs, steps done: {counts}")
        if failures:
            self.fail("\n\n".join(failures[:8]) + f"\n{len(failures)} of {len(programs)} programs fail (SEED={SEED})")
        if len(programs) > 1:
            idle = [verb for verb, count in counts.items() if count == 0]
            self.assertFalse(idle, f"no program has done {idle}")


if __name__ == "__main__":
    print(f"SEED={SEED} PROGRAMS={PROGRAMS}")
    torch.set_num_threads(1)
    unittest.main()
