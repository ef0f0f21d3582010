#!/usr/bin/env python3
"""Hostile bytes in every field of every format: no command lets one of them act on a terminal.

    SUTURE=path/to/suture python Tests/Interop/test_hostile.py

Needs nothing but Python.
"""
import concurrent.futures
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

import hostile
from hostile import (
    FLOATS, archive, array, call, dictionary, entry, glob, items, legacy, legacy_tensor, name, npy, number, pickled,
    plain, safetensors, tensor, text,
)

ROOT = Path(__file__).resolve().parents[2]
SUTURE = os.environ.get("SUTURE", str(ROOT / ".build/release/suture"))

# What must not come out: C0 but for the program's own newlines and tabs, C1, marks that turn the writing round, ends of
# lines and paragraphs, invisible marks.
ACTING = set(map(chr, [*range(0, 9), *range(11, 32), *range(127, 160)])) | set(map(chr, [
    0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB, 0xE0001, 0xE0041]))

# A line that a file's newline began would begin with this.
FORGED = "FORGED"
EVIL = (
    "e\x1b]0;t\x07\x1b[2J\x9b2J\x7f\x08\r\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    f"\ufff9\U000e0041\n{FORGED}\x85{FORGED}\u2028{FORGED}\u2029{FORGED}\n\n\tz")
WITH_NUL = EVIL + "\0" + "q"
INVALID = b"i\xff\xfe\x80\xc0\xafx\x1b[2J\n" + FORGED.encode() + b"\xed\xa0\x80"
# One line, as what ends at a newline can hold.
LINE = EVIL.replace("\n", "")

GOOD = dict(w=tensor())


def state(more=(), **tensors):
    return pickled(plain([*({**GOOD, **tensors}).items(), *more]))


def zip_files():
    """Files of torch.save, with one hostile field each."""
    def made(pickle=state(), **options):
        return lambda path: archive(path, pickle, **options)

    odd = {
        "prefix": made(prefix=EVIL + "/"), "prefix with NUL": made(prefix=WITH_NUL + "/"),
        "comment": made(comment=EVIL.encode()), "a comment that is no text": made(comment=INVALID),
        "version": made(records={"version": EVIL.encode()}), "version without text": made(records={"version": INVALID}),
        "byte order": made(records={"byteorder": EVIL.encode()}), "byte order without text": made(records={"byteorder": INVALID}),
        "format version": made(records={".format_version": EVIL.encode()}),
        "alignment": made(records={".storage_alignment": EVIL.encode()}),
        "serialization id": made(records={".data/serialization_id": INVALID}),
        "a further record": made(records={EVIL: b"x", "data/" + EVIL: b"x"}),
        "a record beside": made(records={"/" + EVIL: b"x"}),
        "a second data.pkl": made(records={"/" + EVIL + "/data.pkl": state()}),
        "a data.pkl that lies deeper": made(records={EVIL + "/data.pkl": state()}),
        "another pickle": made(records={EVIL + ".pkl": pickled(call(glob("os", "system"), text(EVIL)))}),
        "another pickle's names": made(records={"x.pkl": pickled(name(EVIL, EVIL))}),
        "no checkpoint": lambda path: write_zip(path, {EVIL: b"x", EVIL + ".pth": b"x"}),
        "an exported program": lambda path: write_zip(path, {EVIL + "/archive_format": b"x"}),
        "code": made(records={"constants.pkl": pickled(items()), f"code/{EVIL}.py": f"class {LINE}(Module):\n  {LINE} : Tensor\n".encode()}),
        "code without text": made(records={"constants.pkl": pickled(items()), "code/x.py": INVALID}),
        "own metadata": made(records={".suture/metadata.json": json.dumps({EVIL: EVIL}).encode()}),
        "own provenance": made(records={".suture/provenance.json": provenance()}),
        "own provenance of old": made(records={".suture/provenance.json": json.dumps({
            "schema": "suture.provenance/1", "runs": [{"tool": EVIL, "steps": [EVIL]}]}).encode()}),
        "what follows STOP": made(state() + pickled(call(name("posix", "system"), text(EVIL)))),
        "a record that comes twice": lambda path: (
            archive(path, state(), records={EVIL: b"x"}), path.write_bytes(path.read_bytes()),
            append_to_zip(path, "archive/" + EVIL)),
        "a damaged record": lambda path: damaged(path, EVIL),
        "a name that is no text": lambda path: rename_bytes(path, b"i" * len(INVALID), INVALID),
    }
    # Whatever the pickle says.
    values = {
        "a key": {EVIL: tensor()}, "a key with NUL": {WITH_NUL: tensor()},
        "a wrapper": {"state_dict": plain([(EVIL, tensor())]), EVIL: text(EVIL)},
        "an unknown wrapper": {EVIL: plain([(EVIL, plain([("w", tensor())]))])},
        "two networks": {"model": plain([("w", tensor())]), EVIL: plain([("w", tensor())])},
        "a text": {"v": text(EVIL)}, "a list": {"v": b"]" + text(EVIL) + b"a"}, "a tuple": {"v": items(text(EVIL), number(1))},
        "bytes": {"v": b"C" + bytes([len(INVALID)]) + INVALID}, "a text of Python 2": {"v": b"U" + bytes([len(INVALID)]) + INVALID},
        "a set": {"v": b"\x8f" + hostile.MARK + text(EVIL) + b"\x90"},
        "a key that is a tuple": {}, "a class": {"v": call(name(EVIL, EVIL))}, "a class's arguments": {"v": call(name(EVIL, EVIL), text(EVIL))},
        "an object's state": {"v": call(name(EVIL, EVIL)) + plain([(EVIL, text(EVIL)), ("t", tensor())]) + b"b"},
        "a global": {"v": name(EVIL, EVIL)}, "a global's module": {"v": name(EVIL, "f")}, "a global's name": {"v": name("m", EVIL)},
        "a harmful call": {"v": call(glob("os", "system"), text(EVIL))},
        "a harmful name's attributes": {"v": call(name("os", "system." + EVIL), text(EVIL))},
        "getattr": {"v": call(call(glob("builtins", "getattr"), glob("os", "path"), text(EVIL)))},
        "a finder": {"v": call(call(glob("importlib", "import_module"), text("os." + EVIL)))},
        "a storage's key": {"v": tensor(key=EVIL)}, "a storage's location": {"v": tensor(location=EVIL)},
        "a storage's type": {"v": tensor(kind=name("torch", EVIL))}, "a storage's type that is text": {"v": tensor(kind=text(EVIL))},
        "a storage's count": {"v": tensor(count=text(EVIL))}, "a storage's word": {"v": tensor(word=EVIL)},
        "a persistent id": {"v": text(EVIL) + b"Q"}, "a tensor's shape": {"v": tensor(shape=text(EVIL))},
        "a tensor's sizes": {"v": tensor(shape=items(text(EVIL)))}, "a tensor's strides": {"v": tensor(strides=items(text(EVIL)))},
        "a function that takes a tensor": {"v": call(name(EVIL, EVIL), tensor())},
        "a function of torch that takes a tensor": {"v": call(name("torch", EVIL), tensor())},
        "an array's dtype": {"v": array(call(glob("numpy", "dtype"), text(EVIL)))},
        "an array's extended dtype": {"v": array(call(glob("numpy", "dtype"), name(EVIL, EVIL)))},
        "an array": {EVIL: array(call(glob("numpy", "dtype"), text("f4")))},
        "a path": {"v": call(glob("pathlib", "PosixPath"), text(EVIL))}, "a device": {"v": call(glob("torch", "device"), text(EVIL))},
        "a module": {"model": module(EVIL, EVIL)}, "a module's attribute": {"model": module("m", "M", [(EVIL, text(EVIL)), ("t" + EVIL, tensor())])},
        "a parameter of an unread kind": {EVIL: call(glob("torch._utils", "_rebuild_nested_tensor"), tensor())},
    }
    odd.update({title: made(state(**value)) for title, value in values.items()})
    odd["a key that is a tuple"] = made(pickled(dictionary([(items(text(EVIL), number(1)), tensor())])))
    odd["a key that is an object"] = made(pickled(dictionary([(call(name(EVIL, EVIL)), tensor()), (text("w"), tensor())])))
    odd["a key of two kinds"] = made(pickled(dictionary([(text("1"), tensor()), (number(1), tensor())])))
    odd["two places of a name"] = made(pickled(plain([(EVIL, plain([("b", tensor())])), (EVIL + ".b", tensor())])))
    odd["nothing but values"] = made(pickled(plain([(EVIL, text(EVIL))])))
    odd["nothing but a class"] = made(pickled(name(EVIL, EVIL)))
    odd["a missing storage"] = made(pickled(plain([("w", tensor(key="9" + EVIL))])))
    for title, code in {
        "INT": b"I", "LONG": b"L", "FLOAT": b"F", "STRING": b"S", "UNICODE": b"V", "GET": b"g", "PERSID": b"P",
        "GLOBAL": b"c",
    }.items():
        for kind, argument in (("text", LINE.encode()), ("no text", INVALID.replace(b"\n", b""))):
            odd[f"{title} with {kind}"] = made(pickled(code + argument + b"\n" + argument + b"\n"))
        odd[f"{title} in a dict"] = made(pickled(dictionary([(text("v"), code + LINE.encode() + b"\n")])))
    odd["PUT"] = made(pickled(b"}p" + LINE.encode() + b"\n"))
    odd["an escaped text"] = made(pickled(plain([("w", tensor()), ("v", b"V\\u001b[2J\\u202e\\u000aFORGED\n")])))
    odd["a quoted text"] = made(pickled(plain([("w", tensor()), ("v", b"S'\\x1b[2J\\x9b\\nFORGED'\n")])))
    odd["a text that is no text"] = made(pickled(plain([("w", tensor()), ("v", text(INVALID))])))
    odd["a key that is no text"] = made(pickled(plain([(INVALID, tensor())])))
    odd["an opcode that is none"] = made(pickled(b"\x1b"))
    return {f"zip: {title}": (".pth", make) for title, make in odd.items()}


def write_zip(path, records):
    with zipfile.ZipFile(path, "w") as file:
        for key, value in records.items():
            file.writestr(key, value)


def append_to_zip(path, key):
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(key.upper(), b"y")


def damaged(path, key):
    archive(path, state(), records={key: b"unharmed"})
    path.write_bytes(path.read_bytes().replace(b"unharmed", b"UNHARMED"))


def rename_bytes(path, before, after):
    archive(path, state(), records={before.decode(): b"x"})
    path.write_bytes(path.read_bytes().replace(before, after))


def provenance():
    steps = [
        {EVIL: EVIL}, {"rename": EVIL, "to": EVIL}, {"drop": [EVIL]}, {"replicate": EVIL}, {"graft": EVIL}, {"add-prefix": EVIL},
        {"concat": EVIL, "to": EVIL},
    ]
    run = {
        "tool": EVIL, "steps": steps, "options": {EVIL: EVIL, "key": EVIL},
        "sources": [{"name": EVIL, "sha256": EVIL}]}
    return json.dumps({"schema": "suture.provenance/2", "runs": [run, run]}).encode()


def module(package, kind, attributes=()):
    ordered = call(glob("collections", "OrderedDict"))
    return call(name(package, kind)) + plain([
        ("_parameters", ordered + hostile.MARK + text(EVIL) + tensor() + b"u"), ("_buffers", ordered), ("_modules", ordered),
        *attributes]) + b"b"


def other_files():
    made = {}

    def add(title, suffix, make):
        made[title] = (suffix, make)

    def data(title, suffix, content):
        add(title, suffix, lambda path: path.write_bytes(content))

    for title, value in {
        "a key": {EVIL: legacy_tensor()}, "a location": {"w": legacy_tensor(location=EVIL)},
        "a type": {"w": legacy_tensor(kind=name("torch", EVIL))}, "a value": {"w": legacy_tensor(), EVIL: text(EVIL)},
        "a missing storage": {"w": legacy_tensor(), "v": legacy_tensor(key=EVIL)},
    }.items():
        data(f"legacy: {title}", ".pt", legacy(plain(value.items())))
    good = plain([("w", legacy_tensor())])
    data("legacy: a storage's key", ".pt", legacy(plain([("w", legacy_tensor(key=EVIL))]), keys=[EVIL]))
    data("legacy: an unused storage", ".pt", legacy(good, keys=["0", EVIL]))
    data("legacy: a storage listed twice", ".pt", legacy(plain([("w", legacy_tensor(key=EVIL))]), keys=[EVIL, EVIL]))
    data("legacy: the machine", ".pt", legacy(good, system=((EVIL, text(EVIL)),)))
    data("legacy: the machine calls", ".pt", legacy(good, system=((EVIL, call(name("os", "system"), text(EVIL))),)))
    data("legacy: a class with its source", ".pt", legacy(plain([
        ("w", legacy_tensor()),
        ("m", call(items(text("module"), name(EVIL, EVIL), text(EVIL), text(EVIL)) + b"Q"))])))
    data("legacy: what follows", ".pt", legacy(good) + pickled(call(name("os", "system"), text(EVIL))))
    data("legacy: cut short", ".pt", legacy(plain([("w", legacy_tensor(key=EVIL))]), keys=[EVIL])[:-3])
    data("pickle: bare", ".pkl", pickled(plain([(EVIL, array(call(glob("numpy", "dtype"), text("f4"))))])))
    data("pickle: joblib", ".pkl", pickled(call(name("joblib.numpy_pickle", "NumpyArrayWrapper" + EVIL))) + b"x")

    for title, header in {
        "a name": {EVIL: entry()}, "a name with NUL": {WITH_NUL: entry()}, "a dtype": {"w": entry(EVIL)},
        "a dtype of a hostile name": {EVIL: entry(EVIL)}, "metadata": {"__metadata__": {EVIL: EVIL, "format": EVIL}, "w": entry()},
        "metadata of another kind": {"__metadata__": {EVIL: [EVIL]}, "w": entry()},
        "an alias": {"__metadata__": {EVIL: "w"}, "w": entry()}, "a further member": {"w": {**entry(), EVIL: EVIL}},
        "a shape": {"w": {**entry(), "shape": [EVIL]}}, "offsets": {"w": {**entry(), "data_offsets": [EVIL, 16]}},
        "an entry of another kind": {EVIL: EVIL}, "an overlap": {EVIL: entry(), "w": entry()},
        "a hole": {EVIL: entry(start=4, end=20)}, "sizes that differ": {EVIL: entry(shape=(9,))},
        "provenance": {"__metadata__": {"suture.provenance": provenance().decode()}, "w": entry()},
    }.items():
        add(f"safetensors: {title}", ".safetensors", lambda path, header=header: safetensors(path, header))
    for title, header in {
        "no JSON": b"{" + EVIL.encode(), "no text": b'{"' + INVALID.replace(b"\x1b", b"").replace(b"\n", b"") + b'": 1}',
        "a name twice": b'{%s: 1, %s: 1}' % ((json.dumps(EVIL).encode(),) * 2),
        "a number": b'{"w": 1%s}' % LINE.encode(), "half a pair": b'{"\\ud800": {"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
    }.items():
        add(f"safetensors: {title}", ".safetensors", lambda path, header=header: safetensors(path, header))

    for title, header in {
        "a dtype": f"{{'descr': '{EVIL}', 'fortran_order': False, 'shape': (4,), }}",
        "texts": f"{{'descr': '<U{EVIL}', 'fortran_order': False, 'shape': (4,), }}",
        "fields": f"{{'descr': [('{EVIL}', '<f4')], 'fortran_order': False, 'shape': (4,), }}",
        "a key": f"{{'{EVIL}': '<f4', 'fortran_order': False, 'shape': (4,), }}",
        "an order": f"{{'descr': '<f4', 'fortran_order': {EVIL}, 'shape': (4,), }}",
        "a shape": f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({EVIL},), }}",
        "what follows": f"{{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }}{EVIL}",
    }.items():
        data(f"npy: {title}", ".npy", npy(header))
        add(f"npz: {title}", ".npz", lambda path, header=header: write_zip(path, {EVIL + ".npy": npy(header)}))
    fine = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }"
    objects = "{'descr': '|O', 'fortran_order': False, 'shape': (), }"
    add("npz: a name", ".npz", lambda path: write_zip(path, {EVIL + ".npy": npy(fine), "w.npy": npy(fine)}))
    add("npz: a name that goes on", ".npz", lambda path: write_zip(path, {EVIL + ".npy": npy(fine) + b"x"}))
    add("npz: objects", ".npz", lambda path: write_zip(path, {
        EVIL + ".npy": npy(objects, pickled(plain([(EVIL, name(EVIL, EVIL))]))), "w.npy": npy(fine)}))
    add("npz: objects that call", ".npz", lambda path: write_zip(path, {
        EVIL + ".npy": npy(objects, pickled(call(name("os", "system"), text(EVIL)))), "w.npy": npy(fine)}))
    data("npy: objects", ".npy", npy(objects, pickled(plain([(EVIL, text(EVIL))]))))

    def tar(path, members):
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as file:
            for member, content in members:
                information = tarfile.TarInfo(member)
                information.size, information.uname, information.gname = len(content), LINE[:20], LINE[:20]
                file.addfile(information, io.BytesIO(content))

    def torch_tar(key, location, kind=glob("torch", "FloatStorage"), name_="w", system=EVIL):
        storages = (
            pickled(number(1)) + pickled(items(text(key), text(location), kind)) + struct.pack("<q", 4) + FLOATS + pickled(b"]"))
        tensors = pickled(number(1)) + pickled(items(text("7"), text(key), glob("torch", "FloatTensor"))) + struct.pack(
            "<qqqq", 1, 4, 1, 0)
        return [
            ("storages", storages), ("tensors", tensors), ("pickle", pickled(plain([(name_, text("7") + b"Q")]))),
            ("sys_info", pickled(plain([(system, text(system))])))]

    add("tar: no checkpoint", ".tar", lambda path: tar(path, [(EVIL[:40], b"x"), (LINE[:30] + ".pth", b"x")]))
    add("tar: a key", ".tar", lambda path: tar(path, torch_tar("0", "cpu", name_=EVIL)))
    add("tar: a storage", ".tar", lambda path: tar(path, torch_tar(EVIL, EVIL)))
    add("tar: a type", ".tar", lambda path: tar(path, torch_tar("0", "cpu", kind=name("torch", EVIL))))

    def index(path, document, shards=("s.safetensors",)):
        for shard in shards:
            safetensors(path.parent / shard, {"w": entry()})
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        (path.parent / "model.safetensors.index.json").write_bytes(content)
        return path.parent / "model.safetensors.index.json"

    for title, document in {
        "a key": {"weight_map": {EVIL: "s.safetensors"}}, "a shard": {"weight_map": {"w": EVIL}},
        "a shard of a hostile key": {"weight_map": {EVIL: EVIL}}, "a way out": {"weight_map": {EVIL: "../" + EVIL}},
        "a map of another kind": {"weight_map": EVIL}, "a file of another kind": {"weight_map": {EVIL: [EVIL]}},
        "metadata": {"metadata": {EVIL: EVIL, "total_size": EVIL}, "weight_map": {"w": "s.safetensors"}},
        "no map": {EVIL: EVIL}, "no JSON": b"{" + EVIL.encode(), "unlisted": {"weight_map": {}},
        "provenance": {"metadata": {"suture.provenance": provenance().decode()}, "weight_map": {"w": "s.safetensors"}},
    }.items():
        add(f"index: {title}", "/", lambda path, document=document: index(path, document))
    hostile_file = EVIL.replace("/", "")[:60]
    add("index: a file", "/", lambda path: index(path, {"weight_map": {"w": hostile_file}}, [hostile_file]))
    add("index: a file with a note", "/", lambda path: index(
        path, {"weight_map": {"w": hostile_file}}, [hostile_file, "v.safetensors"]))

    def folder(path, files):
        for file, content in files.items():
            target = os.path.join(os.fsencode(path.parent), file if isinstance(file, bytes) else file.encode())
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as out:
                out.write(content)
        return path.parent

    one = struct.pack("<Q", 68) + json.dumps({"w": entry()}).ljust(68).encode() + FLOATS
    add("folder: nothing", "/", lambda path: folder(path, {hostile_file: b"x"}))
    add("folder: several", "/", lambda path: folder(path, {hostile_file + ".pth": b"x", hostile_file + "2.pth": b"x"}))
    add("folder: one", "/", lambda path: folder(path, {hostile_file + ".safetensors": one}))
    add("folder: one beside training", "/", lambda path: folder(path, {"m.safetensors": one, "optimizer" + hostile_file + ".pt": b"x"}))
    add("folder: a name that is no text", "/", lambda path: folder(path, {INVALID + b".pth": one, INVALID + b".pt": b"x"}))
    add("folder: two indices", "/", lambda path: folder(path, {
        hostile_file + ".safetensors.index.json": b"{}", "model.safetensors.index.json": b"{}"}))
    add("folder: unpacked", "/", lambda path: folder(path, {
        hostile_file + "/data.pkl": state(**{EVIL: text(EVIL)}), hostile_file + "/data/0": FLOATS,
        hostile_file + "/byteorder": b"little"}))
    add("folder: unpacked, its byte order", "/", lambda path: folder(path, {
        "data.pkl": state(), "data/0": FLOATS, "byteorder": EVIL.encode()}))
    add("folder: unpacked, a storage", "/", lambda path: folder(path, {"data.pkl": pickled(plain([("w", tensor(key=EVIL))]))}))
    add("folder: a cache", "/", lambda path: folder(path, {
        f"snapshots/{hostile_file}/m.safetensors": one, "snapshots/x/m.safetensors": one, "refs/main": hostile_file.encode()}))

    for title, content in {
        "a page": b"<!DOCTYPE html>" + EVIL.encode(), "text": EVIL.encode(), "an ONNX model": b"\x08\x07\x12\x07pytorch" + EVIL.encode(),
        "nothing known": INVALID, "a zip cut short": b"PK\x03\x04" + EVIL.encode()[:15],
    }.items():
        data(f"foreign: {title}", ".bin", content)
    return made


def yaml_files():
    good = (ROOT / "Fixtures/YOLOv5/yolov5_convnext_atto.yaml").read_text(encoding="utf-8")
    quoted = json.dumps(EVIL)
    return {
        "nc": good.replace("nc: 80", f"nc: {quoted}"), "a key": f"{quoted}: 1\n" + good,
        "a multiple": good.replace("0.33", quoted), "anchors": good.replace("[10,13,", f"[{quoted},13,"),
        "a module": good.replace("C3,", f"{quoted},", 1), "arguments": good.replace("[768, 1, 1]", f"[768, 1, {quoted}]"),
        "a head's name": good.replace("'nearest'", quoted), "from": good.replace("[-1, 6]", f"[-1, {quoted}]").replace("[-1, 2]", f"[{quoted}, 2]"),
        "an activation": f"activation: {quoted}\n" + good, "no YAML": good + "\n@" + LINE, "a tag": f"!{LINE} x",
        "an alias": "a: *" + LINE.replace("\t", ""), "no backbone": f"{quoted}: {quoted}",
    }


def recipes():
    quoted = json.dumps(EVIL)
    steps = {
        "a step": f"- {quoted}: {quoted}", "a pattern": f"- drop: [{quoted}]", "a name": f"- rename: w\n    to: {quoted}",
        "a name of many": f"- rename: '*'\n    to: {quoted}", "a field": f"- drop: w\n    {quoted}: 1",
        "a number": f"- scale: w\n    by: {quoted}", "a dtype": f"- cast: w\n    to: {quoted}", "a file": f"- average: {quoted}",
        "a template": f"- rename: w\n    to: '{{' \n", "an expression": "- drop: " + json.dumps("re:/(" + EVIL + "/"),
        "replicas": f"- replicate: {quoted}", "axes": f"- permute: w\n    axes: {quoted}", "filling": f"- fill: w\n    with: {quoted}",
        "a model file": f"- complete: {quoted}",
    }
    made = {title: f"recipe: 1\nsteps:\n  {step}\n" for title, step in steps.items()}
    fine = "recipe: 1\nsteps:\n  - rename: w\n    to: v\n"
    made.update({
        "a version": f"recipe: {quoted}\nsteps: []\n", "a member": f"{quoted}: {quoted}\n" + fine,
        "a description": f"description: {quoted}\n" + fine, "an expectation": fine + f"expect: {{has: [{quoted}]}}\n",
        "a count": fine + f"expect: {{out: {quoted}}}\n", "an input": fine + f"input: {{key: {quoted}}}\n",
        "an output": fine + f"output: {{dtype: {quoted}}}\n", "an output's member": fine + f"output: {{{quoted}: {quoted}}}\n",
        "no YAML": "@" + LINE,
    })
    return made


class NothingActsOnTheTerminal(unittest.TestCase):
    """What is told of a file is told in characters that are only read."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = Path(holder.name)
        cls.good = cls.folder / "good.safetensors"
        safetensors(cls.good, {"w": entry()})
        cls.count = 0
        cls.runs = 0

    def said(self, words):
        words = [word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogateescape") for word in words]
        done = subprocess.run(
            [SUTURE.encode(), *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
            env={**os.environ, "SUTURE_LOG": "debug", "OMP_NUM_THREADS": "1"})
        return words, done

    def problem(self, words, done):
        """What is wrong with what a run said; None where nothing is."""
        if done.returncode < 0:
            return f"ended by the signal {-done.returncode}"
        streams = [("stdout", done.stdout), ("stderr", done.stderr)]
        for stream, content in streams:
            try:
                content = content.decode()
            except UnicodeDecodeError as error:
                return f"{stream} is no UTF-8: {error}"
            acting = sorted({f"U+{ord(character):04X}" for character in content if character in ACTING})
            if acting:
                return f"{stream} holds {' '.join(acting)}: {content!r:.600}"
            forged = [line for line in content.split("\n") if line.strip().startswith(FORGED)]
            if forged:
                return f"{stream} has a line of the file's: {content!r:.600}"
        if b"--json" in words and done.stdout:
            # Reports come as one document, or one a line.
            try:
                json.loads(done.stdout)
            except ValueError:
                try:
                    for line in done.stdout.splitlines():
                        json.loads(line)
                except ValueError as error:
                    return f"stdout is no JSON: {error}: {done.stdout!r:.600}"
        return None

    def check(self, lines):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = []
            for title, words, done in pool.map(lambda line: (line[0], *self.said(line[1])), lines):
                type(self).runs += 1
                problem = self.problem(words, done)
                if problem:
                    found.append(f"{title}: suture {b' '.join(words)!r:.300}\n    {problem}")
        self.assertFalse(found, f"{len(found)} runs of {len(lines)}:\n" + "\n".join(found[:40]))

    def place(self, suffix):
        type(self).count += 1
        place = self.folder / f"f{self.count}"
        place.mkdir()
        return place / ("index" if suffix == "/" else "f" + suffix)

    def commands(self, file, out):
        good = self.good
        plain = [
            ["inspect", file], ["inspect", file, "--tree", "--extras", "--storages", "--stats", "--sha256", "--key", "."],
            ["inspect", file, "--key", EVIL], ["inspect", file, EVIL], ["inspect", file, "--salvage"], ["check", file],
            ["check", file, "--into", good, "-v"], ["check", good, "--into", file, "-v"], ["convert", file, "-o", f"{out}.pth"],
            ["convert", file, "-o", f"{out}.safetensors", "--key", ".", "--shared", "alias"], ["convert", file, "--out-dir", f"{out}-batch"],
            ["convert", file, "-o", f"{out}-cast.pth", "--dtype", "float16", "--proof"], ["edit", file, "-n", "--drop", "*"],
            ["edit", file, "-n", "--rename", "*=" + EVIL + "*"], ["edit", file, "-n", "--add-prefix", EVIL], ["diff", file, good],
            ["diff", good, file, "-v"], ["diff", file, file], ["graft", file, "--from", good, "-n"],
            ["graft", good, "--from", file, "-n", "--unexpected", "add"], ["graft", good, "--from", file, "-n"], ["why", file, "w"], ["why", file, EVIL],
            ["verify", file], ["bench", file, "--size", "32", "--rounds", "1"],
        ]
        for number, words in enumerate(plain):
            yield words
            # What was written is not to be in the way.
            yield [*words, "--json"] if "-o" not in words else [*words[:3], f"{out}-{number}{Path(words[3]).suffix}", *words[4:], "--json"]

    def test_of_any_field_of_a_file(self):
        lines = []
        for title, (suffix, make) in {**zip_files(), **other_files()}.items():
            path = self.place(suffix)
            made = make(path)
            file = made if isinstance(made, Path) else path
            lines += [(title, words) for words in self.commands(file, path.parent / "out")]
        self.check(lines)

    def test_of_names_in_a_file_that_is_written(self):
        """And the name itself is in the JSON, as it is in the file."""
        path = self.place(".safetensors")
        safetensors(path, {EVIL: entry()})
        _, done = self.said(["inspect", path, "--json"])
        self.assertEqual([tensor["name"] for tensor in json.loads(done.stdout)["tensors"]], [EVIL])

    def test_of_a_model_file(self):
        lines = []
        for title, content in yaml_files().items():
            path = self.place(".yaml")
            path.write_text(content, encoding="utf-8")
            for words in (
                ["build", path, "-n"], ["check", self.good, "--into", path, "-v"], ["inspect", self.good, "--into", path],
                ["verify", self.good, "--model", path], ["edit", self.good, "-n", "--complete", path],
            ):
                lines += [(title, words), (title, [*words, "--json"])]
        self.check(lines)

    def test_of_a_recipe(self):
        lines = []
        for title, content in recipes().items():
            path = self.place(".yaml")
            path.write_text(content, encoding="utf-8")
            for words in (["edit", self.good, "-n", "--recipe", path], ["edit", self.good, "-n", "--map", path]):
                lines += [(title, words), (title, [*words, "--json"])]
        self.check(lines)

    def test_of_the_command_line(self):
        lines = []
        for evil in (EVIL.encode(), INVALID):
            named = os.path.join(os.fsencode(self.folder), evil.replace(b"/", b"")[:80] + b".safetensors")
            with open(named, "wb") as file:
                file.write(self.good.read_bytes())
            for words in (
                [evil], [b"--" + evil], ["help", evil], ["inspect", evil], ["inspect", named], ["check", named, "--into", named, "-v"],
                ["inspect", named, evil], ["inspect", named, b"--" + evil], ["inspect", named, b"-" + evil], ["inspect", named, "--limit", evil],
                ["inspect", named, "--limit", b"depth=" + evil], ["inspect", named, "--key", evil], ["inspect", named, "--into", evil],
                ["convert", named, "-o", evil], ["convert", named, "-o", evil + b"/x.pth"], ["convert", named, named, "--out-dir", evil + b"/" + evil],
                ["convert", named, "-o", "x.pth", "-n", "--dtype", evil], ["convert", named, "-o", "x.pth", "-n", "--naming", evil],
                ["convert", named, "-o", "x.pth", "-n", "--metadata", evil], ["convert", named, "-o", "x.pth", "-n", "--max-shard-size", evil],
                ["convert", named, "-n", "-o", named + b".pth"], ["convert", named, "--out-dir", named],
                ["edit", named, "-n", "--drop", evil], ["edit", named, "-n", "--rename", evil], ["edit", named, "-n", "--rename", evil + b"=x"],
                ["edit", named, "-n", "--rename", b"w=" + evil], ["edit", named, "-n", "--drop", b"re:/(" + evil + b"/"],
                ["edit", named, "-n", "--cast", b"w=" + evil], ["edit", named, "-n", "--scale", b"w=" + evil], ["edit", named, "-n", "--reshape", b"w=" + evil],
                ["edit", named, "-n", "--slice", b"w=" + evil], ["edit", named, "-n", "--fill", b"w=" + evil], ["edit", named, "-n", "--average", evil],
                ["edit", named, "-n", "--preset", evil], ["edit", named, "-n", "--recipe", evil], ["edit", named, "-n", "--digest", evil],
                ["edit", named, "-n", "--add-prefix", evil, "--expect", "2"], ["edit", named, "-n", "--graft", named], ["edit", named, "-n", "--map", evil],
                ["graft", named, "--from", evil, "-n"], ["graft", named, "--from", named, "-n", "--exclude", evil], ["graft", named, "--from", named, "-n", "--allow-missing", evil],
                ["diff", named, evil], ["diff", named, named], ["why", named, evil], ["why", named, "w"], ["presets", evil], ["bench", named],
                ["verify", named, "--image", evil], ["verify", named, "--model", evil], ["verify", named, "--expect", evil], ["verify", named, "--labels", evil],
                ["verify", named, "--against", evil], ["verify", named, "--activation", evil], ["verify", named, "--eps", evil], ["verify", named, "--features", evil],
                ["build", evil, "-n"], ["build", named, "-n"], ["presets"],
            ):
                lines += [(words[0], words), (words[0], [*words, "--json"])]
        with tempfile.TemporaryDirectory() as here:
            before = os.getcwd()
            os.chdir(here)
            self.addCleanup(os.chdir, before)
            self.check(lines)


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=1).result
    print(f"{NothingActsOnTheTerminal.runs} runs")
    sys.exit(0 if outcome.wasSuccessful() else 1)
