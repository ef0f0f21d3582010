#!/usr/bin/env python3
"""The command among pipes and terminals: a checkpoint through standard input.

    SUTURE=path/to/suture python Tests/Interop/test_streams.py
"""
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import ROOT, SUTURE, suture

import numpy
import torch
from safetensors.torch import save_file


class InTemporaryFolder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="suture-streams-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.spool = self.folder / "spool"
        self.spool.mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.spool)}


class ReadsStandardInput(InTemporaryFolder):
    def run_piped(self, data, *words, expect=0, **more):
        done = subprocess.run([SUTURE, *map(str, words)], input=data, capture_output=True, env=self.environment, **more)
        self.assertEqual(done.returncode, expect, done.stderr)
        self.assertEqual(list(self.spool.iterdir()), [], "nothing stays behind")
        return done

    def test_of_every_format_says_what_the_file_would(self):
        state = {"a": torch.arange(100_000.), "b.c": torch.ones(3, 4, dtype=torch.bfloat16)}
        torch.save({"model": state, "epoch": 3}, self.folder / "zip.pth")
        torch.save(state, self.folder / "legacy.pth", _use_new_zipfile_serialization=False)
        save_file(state, self.folder / "plain.safetensors")
        numpy.savez(self.folder / "arrays.npz", a=state["a"].numpy())
        numpy.save(self.folder / "array.npy", state["a"].numpy())
        for path in sorted(self.folder.iterdir()):
            if path == self.spool:
                continue
            piped = json.loads(self.run_piped(path.read_bytes(), "inspect", "-", "--json", "--sha256").stdout)
            named = json.loads(suture("inspect", path, "--json", "--sha256").stdout)
            self.assertEqual(piped.pop("path"), "standard input")
            named.pop("path")
            self.assertEqual(piped, named, path)

    def test_large_ones_are_converted_as_files_are(self):
        torch.save({"w": torch.randn(8_000_000)}, self.folder / "in.pth")
        data = (self.folder / "in.pth").read_bytes()
        self.run_piped(data, "convert", "-", "-o", self.folder / "piped.safetensors", "--proof", "--no-provenance")
        suture("convert", self.folder / "in.pth", "-o", self.folder / "named.safetensors", "--no-provenance")
        piped, named = (self.folder / "piped.safetensors").read_bytes(), (self.folder / "named.safetensors").read_bytes()
        self.assertEqual(piped, named)
        # Through two pipes, as a filter.
        there = self.run_piped(data, "convert", "-", "-o", "-", "--format", "safetensors", "--no-provenance").stdout
        self.assertEqual(there, named)

    def test_begins_where_whoever_read_before_left_off(self):
        torch.save({"w": torch.ones(10)}, self.folder / "in.pth")
        (self.folder / "with-head").write_bytes(b"0123456789" + (self.folder / "in.pth").read_bytes())
        with open(self.folder / "with-head", "rb", buffering=0) as file:
            file.read(10)
            done = subprocess.run([SUTURE, "check", "-"], stdin=file, capture_output=True, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_needs_room(self):
        def limited():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

        done = self.run_piped(bytes(3 << 20), "inspect", "-", expect=7, preexec_fn=limited)
        self.assertIn(b"spool: cannot write it: File too large", done.stderr)
        self.environment["TMPDIR"] = str(self.folder / "none")
        done = self.run_piped(b"x", "inspect", "-", expect=7)
        self.assertIn(b"standard input is kept here while it is read", done.stderr)
        self.assertIn(b"TMPDIR names another folder", done.stderr)

    def test_leaves_nothing_when_it_is_interrupted(self):
        process = subprocess.Popen([SUTURE, "inspect", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment)
        process.stdin.write(bytes(1 << 22))
        process.stdin.flush()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, 130)
        self.assertEqual(list(self.spool.iterdir()), [])

    def test_is_no_terminal(self):
        leader, follower = pty.openpty()
        try:
            done = subprocess.run([SUTURE, "inspect", "-"], stdin=follower, capture_output=True, env=self.environment, timeout=20)
        finally:
            os.close(leader)
            os.close(follower)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"standard input: it is a terminal", done.stderr)


if __name__ == "__main__":
    unittest.main()
