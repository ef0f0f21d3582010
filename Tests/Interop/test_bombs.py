#!/usr/bin/env python3
"""Files that ask for more than they are: every command stays within a gigabyte and ten seconds.

    SUTURE=path/to/suture python Tests/Interop/test_bombs.py [NAME…]

Needs nothing but Python. What counts is the processor's time, so that a busy machine fails nothing. Each file goes through
one command, which is another with another SEED. ALL=1 makes the long ones four times as long and runs every command on
every file, which takes a quarter of an hour. SHOW=1 shows each run.
"""
import json
import os
import random
import re
import resource
import struct
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import hostile
from hostile import (
    FLOATS, MARK, archive, call, dictionary, entry, glob, items, name, npy, number, pickled, plain, safetensors, storage,
    tensor, text,
)

ROOT = Path(__file__).resolve().parents[2]
SUTURE = os.environ.get("SUTURE", str(ROOT / ".build/release/suture"))
MOST_SECONDS, MOST_BYTES = 10, 10**9
ALL = "ALL" in os.environ
SEED = int(os.environ.get("SEED", random.randrange(1 << 16)))
DEFLATED = zipfile.ZIP_DEFLATED


def long(count):
    """How long something is: what matters is that it is longer than anything sound."""
    return count if ALL else count // 4


def get(slot):
    return b"j" + struct.pack("<I", slot)


def put(slot):
    return b"r" + struct.pack("<I", slot)


def ladder(levels, width, inner, wrap):
    """Containers of which each holds the one before many times: width to the power of levels paths in a few bytes."""
    value = inner + put(0)
    for level in range(levels):
        value = wrap([value] + [get(level)] * (width - 1)) + put(level + 1)
    return value


def listed(values):
    return b"]" + MARK + b"".join(values) + b"e"


def keyed(values, length=8):
    return dictionary([(text(f"{index:0{length}}"), value) for index, value in enumerate(values)])


def nested_keys(depth, length, leaves):
    """Dicts in dicts with long keys over many leaves: each name is as long as all keys together."""
    value = keyed([tensor() + put(0)] + [get(0)] * (leaves - 1))
    for level in range(depth):
        value = dictionary([(text(chr(97 + level % 26) * length), value)])
    return value


def expanded(count, sizes):
    """Tensors of 10¹² elements on a storage of one: strides of 0."""
    return plain([(f"w{index}", tensor(shape=sizes, strides=(0,) * len(sizes))) for index in range(count)])


def bombs():
    def zipped(value, **options):
        return ".pth", lambda path: archive(path, pickled(value()), **options)

    def raw(suffix, make):
        return suffix, make

    model = ("w", tensor())
    object_ = call(glob("some", "Thing"))
    made = {
        # One value that is long.
        "a text of 400 MB, deflated": raw(".pth", long_text),
        "a text of 200 MB": zipped(lambda: plain([model, ("v", text(b"x" * long(200_000_000)))])),
        "bytes of 200 MB": zipped(lambda: plain([model, ("v", byte_string(long(200_000_000)))])),
        "a name of 200 MB": zipped(lambda: plain([("n" * long(200_000_000), tensor())])),
        "a name of 200 MB that is no text for a terminal": zipped(lambda: plain([(b"\xc2\x9b" * long(100_000_000), tensor())])),
        "a key of 100 MB over values": zipped(lambda: plain([model, ("k" * long(100_000_000), keyed([b"N"] * 100))])),
        "a storage's key of 100 MB": zipped(lambda: plain([model, ("v", tensor(key="k" * long(100_000_000)))])),
        "a location of 100 MB": zipped(lambda: plain([model, ("v", tensor(location="l" * long(100_000_000)))])),
        "a safetensors name of 90 MB": raw(".safetensors", lambda path: safetensors(path, {"n" * long(90_000_000): entry()})),
        "safetensors metadata of 90 MB": raw(".safetensors", lambda path: safetensors(
            path, {"__metadata__": {"k": "v" * long(90_000_000)}, "w": entry()})),
        "safetensors metadata of many keys": raw(".safetensors", lambda path: safetensors(
            path, {"__metadata__": {f"{n}": "" for n in range(2_000_000)}, "w": entry()})),
        "safetensors of many tensors": raw(".safetensors", lambda path: safetensors(
            path, {f"{n}": entry(shape=(0,), start=0, end=0) for n in range(300_000)}, b"")),
        # Many values.
        "5,000,000 empty dicts": zipped(lambda: plain([model, ("v", listed([b"}"] * 4_900_000))])),
        "lists of empty dicts": zipped(lambda: plain([model, ("v", keyed([listed([b"}"] * 900)] * 5_000))])),
        "2,000,000 objects": zipped(lambda: plain([model, ("v", listed([glob("some", "Thing") + put(0) + b")R"] + [get(0) + b")R"] * 2_000_000))])),
        "objects in dicts": zipped(lambda: plain([model, ("v", keyed([keyed([object_] * 500, 3)] * 1500))])),
        "a million numbers of NumPy": zipped(lambda: plain([model, ("v", listed([scalar()] * 600_000))])),
        "a dict of a million texts": zipped(lambda: plain([model, ("v", keyed([text("x")] * 1_000_000))])),
        "a million tensors of one storage": zipped(lambda: plain([("v", keyed([tensor() + put(0)] + [get(0)] * 450_000))])),
        "200,000 tensors": zipped(lambda: plain([("v", keyed([tensor()] * 200_001))])),
        "a million marks": zipped(lambda: b"N" + b"(" * 900_000 + b"1" * 900_000),
        "a million memo slots": zipped(lambda: b"N" + b"".join(put(n) for n in range(3_000_000))),
        "a stack of millions": zipped(lambda: b"(" + b"N" * 4_000_000 + b"t"),
        "globals of many names": zipped(lambda: plain([model, ("v", listed([name("m" * 1000, f"{n}") for n in range(30_000)]))])),
        # Wide, deep and long.
        "nested dicts with long keys": zipped(lambda: nested_keys(200, 5_000, 20_000)),
        "nested dicts with longer keys": zipped(lambda: nested_keys(20, 50_000, 500)),
        "nested dicts with keys": zipped(lambda: nested_keys(900, 50, 60_000)),
        "a list in itself": zipped(lambda: plain([model, ("v", b"]" + put(9) + MARK + get(9) * 1_000_000 + b"e")])),
        "dicts 100,000 deep": zipped(lambda: plain([model, ("v", b"}" + b"".join(
            b"U\x01k}" for _ in range(100_000)) + b"s" * 100_000)])),
        "lists 300,000 deep": zipped(lambda: plain([model, ("v", b"]" * 300_000 + b"a" * 299_999)])),
        "tuples 300,000 deep": zipped(lambda: plain([model, ("v", b")" + b"\x85" * 300_000)])),
        "calls 300,000 deep": zipped(lambda: plain([model, ("v", glob("some", "Thing") + b")R" * 300_000)])),
        # Shared through the memo.
        "lists that double": zipped(lambda: plain([model, ("v", ladder(60, 2, b"]", listed))])),
        "tuples that double": zipped(lambda: plain([model, ("v", ladder(60, 2, b")", lambda v: MARK + b"".join(v) + b"t"))])),
        "dicts that double": zipped(lambda: plain([model, ("v", ladder(60, 2, b"}", keyed))])),
        "dicts of tensors that double": zipped(lambda: ladder(40, 2, tensor(), keyed)),
        "lists of a hundred": zipped(lambda: plain([model, ("v", ladder(6, 100, b"]", listed))])),
        "tuples of a hundred": zipped(lambda: plain([model, ("v", ladder(6, 100, b"N", lambda v: MARK + b"".join(v) + b"t"))])),
        "objects that double": zipped(lambda: plain([model, ("v", ladder(40, 2, b"N", lambda v: call(glob("some", "Thing"), *v)))])),
        "modules that double": zipped(lambda: plain([("model", ladder(40, 2, tensor(), module))])),
        "sets of a thousand": zipped(lambda: plain([model, ("v", ladder(3, 1000, b"N", lambda v: MARK + b"".join(v) + b"\x91"))])),
        "keys that double": zipped(lambda: dictionary([(ladder(40, 2, b"N", lambda v: MARK + b"".join(v) + b"t"), tensor()), (text("w"), tensor())])),
        "arguments that a million calls share": zipped(lambda: plain([model, ("v", MARK + b"N" * 100_000 + b"t" + put(0) + b"0" + glob(
            "some", "Thing") + put(1) + b"0" + listed([get(1) + get(0) + b"R"] * 300_000))])),
        "states that share": zipped(lambda: plain([model, ("v", keyed([b"N"] * 900) + put(0) + b"0" + listed(
            [glob("some", "Thing") + b")R" + get(0) + b"b"] * 60_000))])),
        # Views larger than what they view.
        "expanded views": zipped(lambda: expanded(20, (1000, 1000, 1000, 1000))),
        "an expanded view": zipped(lambda: expanded(1, (1 << 20, 1 << 20))),
        "many expanded views": zipped(lambda: expanded(20_000, (10_000, 10_000))),
        "expanded views of many places": zipped(lambda: plain([
            (f"w{n}", tensor(shape=(15_000, 15_000), strides=(0, 0), count=2_000, offset=n)) for n in range(2_000)]), data=bytes(8_000)),
        "windows that overlap": zipped(lambda: plain([
            (f"w{n}", tensor(shape=(15_000, 15_000), strides=(1, 1), count=30_000)) for n in range(3)]), data=bytes(120_000)),
        "an expanded matrix": zipped(lambda: expanded(2, (50_000, 50_000))),
        # Archives.
        "many records": raw(".pth", lambda path: archive(path, pickled(plain([model])), records={f"{n}": b"" for n in range(100_000)})),
        "many small records, deflated": raw(".pth", lambda path: archive(
            path, pickled(plain([model])), records={f"{n}": bytes(65_000) for n in range(long(20_000))}, compression=DEFLATED)),
        "code of 700 MB": raw(".pth", lambda path: archive(
            path, pickled(plain([model])), records={"constants.pkl": pickled(b")"), **{
                f"code/{n}.py": b"class A(Module):\n" * long(10_000_000) for n in range(4)}}, compression=DEFLATED)),
        "own metadata of 250 MB": raw(".pth", lambda path: archive(
            path, pickled(plain([model])), records={".suture/metadata.json": b"[" + b"[]," * long(80_000_000) + b"0]"}, compression=DEFLATED)),
        "own provenance of 250 MB": raw(".pth", lambda path: archive(
            path, pickled(plain([model])), records={".suture/provenance.json": b'{"runs":["' + b"x" * long(250_000_000) + b'"]}'}, compression=DEFLATED)),
        "another pickle of 250 MB": raw(".pth", lambda path: archive(
            path, pickled(plain([model])), records={"x.pkl": pickled(text(b"x" * long(250_000_000)))}, compression=DEFLATED)),
        "a storage of 600 MB, deflated": raw(".pth", lambda path: archive(
            path, pickled(plain([("w", tensor(shape=(long(150_000_000),), count=long(150_000_000)))])), data=bytes(long(600_000_000)), compression=DEFLATED)),
        "an npz of objects": raw(".npz", lambda path: write_zip(path, {"a.npy": npy(
            "{'descr': '|O', 'fortran_order': False, 'shape': (), }", pickled(plain([("k", text(b"x" * long(600_000_000)))])))})),
        "an npz of 600 MB": raw(".npz", lambda path: write_zip(path, {"a.npy": npy(
            f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({long(150_000_000)},), }}", bytes(long(600_000_000)))})),
        "an index of many": raw("/", lambda path: index(path, {f"{n}": "s.safetensors" for n in range(500_000)})),
        "an index of a long name": raw("/", lambda path: index(path, {"n" * long(90_000_000): "s.safetensors"})),
        "a bare pickle of 300 MB": raw(".pkl", lambda path: path.write_bytes(pickled(plain([
            ("v", byte_string(long(300_000_000))), ("a", hostile.array())])))),
    }
    return made


def long_text(path):
    """A text that deflates to 5 MB, not as far as it could."""
    generator = random.Random(1)
    piece = generator.randbytes(4_800).hex().encode() + b"x" * 990_400
    archive(path, pickled(plain([("w", tensor()), ("v", text(piece * long(400)))])), compression=DEFLATED)


def byte_string(count):
    return b"B" + struct.pack("<I", count) + bytes(count)


def scalar():
    return call(glob("numpy.core.multiarray", "scalar"), call(glob("numpy", "dtype"), text("f8")), b"C\x08" + bytes(8))


def module(values):
    ordered = call(glob("collections", "OrderedDict"))
    return call(glob("some", "Module")) + plain([
        ("_parameters", ordered), ("_buffers", ordered), ("_modules", keyed(values))]) + b"b"


def write_zip(path, records):
    with zipfile.ZipFile(path, "w", DEFLATED) as file:
        for key, value in records.items():
            file.writestr(key, value)


def index(path, weight_map):
    safetensors(path.parent / "s.safetensors", {key: entry(shape=(0,), end=0) for key in list(weight_map)[:300_000]}, b"")
    place = path.parent / "model.safetensors.index.json"
    place.write_text(json.dumps({"weight_map": weight_map}))
    return place


class NothingTakesMoreThanItIs(unittest.TestCase):
    """What a command may take depends on what a file is, and not on what it says."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.good = self.folder / "good.safetensors"
        safetensors(self.good, {"w": entry()})
        self.found, self.worst = [], (0, 0, 0)

    def run_limited(self, title, words):
        """Runs a command, and notes whether it takes too much."""
        out = os.open(self.folder / "out", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        process = os.fork()
        if process == 0:
            os.dup2(out, 1)
            os.dup2(out, 2)
            # It ends by itself when it is far over the mark, and cannot fill the machine.
            resource.setrlimit(resource.RLIMIT_CPU, (3 * MOST_SECONDS, 3 * MOST_SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (12 * MOST_BYTES, 12 * MOST_BYTES))
            resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MOST_BYTES, 3 * MOST_BYTES))
            os.environ["OMP_NUM_THREADS"] = "1"
            try:
                os.execv(SUTURE, [SUTURE, *map(str, words)])
            finally:
                os._exit(127)
        _, status, usage = os.wait4(process, 0)
        size = os.fstat(out).st_size
        os.close(out)
        seconds, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
        code = os.waitstatus_to_exitcode(status)
        if os.environ.get("SHOW"):
            print(f"{seconds:6.2f} s {memory / 1e6:7.0f} MB  code {code:3} out {size / 1e6:6.1f} MB  {title}: {' '.join(map(str, words))[:90]}", flush=True)
        problem = ""
        if seconds > MOST_SECONDS:
            problem += f" {seconds:.1f} s"
        if memory > MOST_BYTES:
            problem += f" {memory / 1e6:.0f} MB"
        if code < 0:
            problem += f" ended by the signal {-code}"
        if problem:
            self.found.append(f"{title}: suture {' '.join(map(str, words))[:200]}:{problem}")
        for made in self.folder.glob("f/out*"):
            if made.is_dir():
                for part in made.iterdir():
                    part.unlink()
                made.rmdir()
            else:
                made.unlink()

    def commands(self, file):
        out, good = file.parent / "out", self.good
        return [
            ["inspect", file, "--extras"], ["convert", file, "-o", f"{out}.pth"], ["inspect", file, "--json"], ["inspect", file, "--tree", "--extras", "--storages", "--key", "."],
            ["inspect", file, "nothing"], ["check", file], ["check", good, "--into", file, "-v"], ["check", file, "--into", good, "--json"],
            ["convert", file, "-o", f"{out}.safetensors"], ["convert", file, "-o", f"{out}2.pth", "--key", "."],
            ["edit", file, "-n", "--add-prefix", "p."], ["edit", file, "-n", "--drop", "nothing"], ["diff", file, good], ["diff", file, file],
            ["graft", file, "--from", good, "-n"], ["why", file, "nothing"], ["verify", file],
        ]

    def test_of_files(self):
        wanted = sys.argv[1:]
        for number, (title, (suffix, make)) in enumerate(bombs().items()):
            if wanted and not any(word in title for word in wanted):
                continue
            file = self.make(suffix, make)
            commands = self.commands(file)
            if not wanted and not ALL:
                commands = [commands[(number + SEED) % len(commands)]]
            for words in commands:
                self.run_limited(title, words)
        self.assertFalse(self.found, f"{len(self.found)} (SEED={SEED}):\n" + "\n".join(self.found))

    def test_of_views_that_are_larger_than_what_they_view_under_every_step(self):
        page = (ROOT / "Sources/Suture/Suture.docc/Steps.md").read_text()
        verbs = set(re.findall(r"^\| `\{([a-z0-9-]+):", page, re.MULTILINE))
        self.assertEqual(verbs, {words[0].lstrip("-") for words in STEPS} | {"map", "graft", "complete", "average", "merge"})
        views = {title: made for title, made in bombs().items() if "expanded" in title}
        self.assertGreater(len(views), 3)
        for title, (suffix, make) in views.items():
            file = self.make(suffix, make)
            table = file.parent / "map.json"
            table.write_text(json.dumps({"w*": "v*"}))
            others = [["--map", table], ["--average", file], ["--graft", file], ["--merge", self.good], ["--complete", table]]
            for words in STEPS + others:
                # A rename alone leaves views as they are, and a .safetensors has no views.
                for out in ["pth", "safetensors"] if ALL else ["pth"]:
                    self.run_limited(title, ["edit", file, *words, "-o", f"{file.parent}/out.{out}"])
        self.assertFalse(self.found, f"{len(self.found)}:\n" + "\n".join(self.found))

    def make(self, suffix, make):
        place = self.folder / "f"
        if place.exists():
            for part in place.iterdir():
                part.unlink()
        place.mkdir(exist_ok=True)
        path = place / ("index" if suffix == "/" else "f" + suffix)
        made = make(path)
        return made if isinstance(made, Path) else path


# Each step of the registry that needs no other file.
STEPS = [
    ["--drop", "w0"], ["--keep", "w*"], ["--rename", "w0=a"], ["--add-prefix", "p."], ["--strip-prefix", "w"],
    ["--replicate", "{0..3}."], ["--naming", "timm"], ["--live-only"], ["--tie", "w0=w1"], ["--untie", "*"],
    ["--cast", "*=float16"], ["--transpose", "*"], ["--permute", "*=1,0"], ["--reshape", "*=-1"], ["--squeeze", "*"],
    ["--unsqueeze", "*"], ["--slice", "*=1:5"], ["--index-select", "*=1,0"], ["--concat", "*=w"], ["--stack", "*=w"],
    ["--split", "w0={a,b}"], ["--scale", "*=2"], ["--add", "*=1"], ["--fill", "*=1"], ["--adapt-input", "*=1"],
    ["--interpolate", "*=4,4"], ["--fuse-bn", "*=bn"], ["--remove-weight-norm", "*"], ["--remove-spectral-norm", "*"],
    ["--fold-normalization", "*"], ["--take-ema"], ["--strip-optimizer"],
]


if __name__ == "__main__":
    sys.exit(0 if unittest.main(argv=sys.argv[:1], exit=False).result.wasSuccessful() else 1)
