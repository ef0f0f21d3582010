#!/usr/bin/env python3
"""The command among pipes and terminals: a checkpoint through standard input, a long report through a pager.

    SUTURE=path/to/suture python Tests/Interop/test_streams.py
"""
import fcntl
import json
import os
import pty
import re
import resource
import shutil
import select
import signal
import struct
import subprocess
import tempfile
import termios
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


class PagesLongReports(InTemporaryFolder):
    maxDiff = 500
    ATTO = ROOT / "Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

    def setUp(self):
        super().setUp()
        self.environment = {**self.environment, "TERM": "xterm", "NO_COLOR": "1"}
        for name in ("PAGER", "SUTURE_PAGER", "LESS"):
            self.environment.pop(name, None)
        self.got = self.folder / "got"

    def terminal(self, *words, rows=24, columns=80, keys=(), **environment):
        """What a terminal of that size shows, and the exit code; of `keys` each is pressed once its words were seen."""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        process = subprocess.Popen(
            [SUTURE, *map(str, words)], stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
            env={**self.environment, **environment}, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(follower)
        shown, keys, end = b"", list(keys), time.time() + 60
        while time.time() < end:
            ready, _, _ = select.select([leader], [], [], 0.1)
            try:
                part = os.read(leader, 65536) if ready else b""
            except OSError:
                break
            shown += part
            if keys and keys[0][0].encode() in shown:
                os.write(leader, keys.pop(0)[1])
            if not ready and process.poll() is not None:
                break
        os.close(leader)
        return shown.decode().replace("\r\n", "\n"), process.wait(timeout=60)

    def pager(self, then=""):
        return f"cat >'{self.got}'; {then}"

    def test_goes_through_the_pager_as_it_is(self):
        for words in [("inspect", self.ATTO), ("diff", self.ATTO, self.ATTO, "--help"), ("print", self.ATTO, "*"), ("--help",), ("help", "recipes"), ("modules",)]:
            plain = subprocess.run([SUTURE, *map(str, words)], capture_output=True, text=True, env=self.environment).stdout
            shown, code = self.terminal(*words, columns=500, SUTURE_PAGER=self.pager("echo shown"))
            self.assertEqual((shown, code), ("shown\n", 0))
            self.assertEqual(self.got.read_text(), plain)

    def test_is_not_there_for_what_fits(self):
        plain = suture("print", self.ATTO, "head.bias").stdout
        shown, code = self.terminal("print", self.ATTO, "head.bias", SUTURE_PAGER=self.pager())
        self.assertEqual((shown, code), (plain, 0))
        # Nor where the terminal has one line more than the report; with one less it is.
        lines = len(suture("inspect", self.ATTO).stdout.splitlines())
        self.terminal("inspect", self.ATTO, rows=lines + 1, columns=200, SUTURE_PAGER=self.pager())
        self.assertFalse(self.got.exists())
        self.terminal("inspect", self.ATTO, rows=lines, columns=200, SUTURE_PAGER=self.pager())
        self.assertTrue(self.got.exists())

    def test_is_the_one_that_is_asked_for_or_none(self):
        other = f"cat >'{self.folder}/other'"
        self.terminal("inspect", self.ATTO, SUTURE_PAGER=self.pager(), PAGER=other)
        self.assertTrue(self.got.exists() and not (self.folder / "other").exists())
        self.terminal("inspect", self.ATTO, PAGER=other)
        self.assertTrue((self.folder / "other").exists())
        self.got.unlink()
        for words, environment in [((), {"PAGER": ""}), ((), {"SUTURE_PAGER": "", "PAGER": self.pager()}), ((), {"PAGER": "cat"}),
                                   ((), {"PAGER": "/no/such/pager"}), ((), {"PAGER": "no-such-pager -x"}),
                                   (("--no-pager",), {"PAGER": self.pager()}), ((), {"PAGER": self.pager(), "TERM": "dumb"}),
                                   (("--json",), {"PAGER": self.pager()}), (("-q", "--no-pager"), {"PAGER": self.pager()})]:
            shown, code = self.terminal("inspect", self.ATTO, *words, **environment)
            self.assertEqual(code, 0)
            self.assertIn("stages.2.5.pwconv2.bias", shown, environment)
            self.assertFalse(self.got.exists())
        subprocess.run([SUTURE, "inspect", self.ATTO], check=True, stdout=subprocess.DEVNULL, env={**self.environment, "PAGER": self.pager()})
        self.assertFalse(self.got.exists())

    def test_leaves_exit_codes_alone(self):
        suture("edit", self.ATTO, "-o", self.folder / "b.pth", "--scale", "*=2")
        for pager in (self.pager(), "head -n 1", "true", "false", "exit 3"):
            shown, code = self.terminal("diff", self.ATTO, self.folder / "b.pth", "-v", SUTURE_PAGER=pager)
            self.assertEqual(code, 1, (pager, shown))
            self.assertNotIn("error", shown)
            self.assertEqual(self.terminal("inspect", self.ATTO, SUTURE_PAGER=pager)[1], 0)

    def test_of_several_files_has_the_errors_too(self):
        shown, code = self.terminal("inspect", self.ATTO, "/no/such/file.pth", self.ATTO, SUTURE_PAGER=self.pager())
        self.assertEqual((shown, code), ("", 3))
        self.assertIn("error: /no/such/file.pth", self.got.read_text())

    def test_has_control_c_to_itself(self):
        pager = f"trap 'echo stopped' INT; cat >'{self.got}'; echo ready; sleep 2; sleep 2"
        shown, code = self.terminal("inspect", self.ATTO, SUTURE_PAGER=pager, keys=[("ready", b"\x03")])
        self.assertEqual(code, 0, shown)
        self.assertIn("stopped", shown)
        self.assertNotIn("interrupted", shown)
        self.assertTrue(self.got.read_text().rstrip().endswith("float32 12.9 MiB"))

    def test_lines_fit_the_terminal_and_lose_no_word(self):
        cases = [("check", self.ATTO), ("check", self.ATTO, "--into", self.ATTO), ("--help",), ("diff", "--help"), ("help", "patterns"),
                 ("help", "recipes"), ("modules", "Detect"), ("edit", self.ATTO, "-n", "--drop", "Norm*"), ("inspect", "/no/such/file")]
        for words in cases:
            plain = subprocess.run([SUTURE, *map(str, words)], capture_output=True, text=True, env=self.environment)
            said = re.sub(r"[0-9.]+ s\b", "", plain.stdout + plain.stderr)
            for columns in (20, 60):
                shown, code = self.terminal(*words, columns=columns, PAGER="")
                self.assertEqual(code, plain.returncode)
                self.assertEqual(sorted(re.sub(r"[0-9.]+\s+s\b", "", shown).split()), sorted(said.split()), words)
                for line in shown.splitlines():
                    is_left = line.lstrip().startswith("suture ") or any(len(word) > columns - 8 for word in line.split())
                    self.assertTrue(len(line) <= columns or is_left, (words, columns, line))

    def test_tables_fit_the_terminal(self):
        suture("edit", self.ATTO, "-o", self.folder / "b.pth", "--scale", "*=2")
        cases = [("inspect", self.ATTO), ("inspect", self.ATTO, "--by", "2"), ("inspect", self.ATTO, "--tree"), ("fetch", "--list"),
                 ("diff", self.ATTO, self.folder / "b.pth", "-v"), ("diff", self.ATTO, self.folder / "b.pth", "--by", "2")]
        for words in cases:
            for columns in (20, 60, 80):
                shown, _ = self.terminal(*words, columns=columns, PAGER="")
                table = shown[re.search(r"^  (NAMES?|MODULE)\b", shown, re.MULTILINE).start():]
                for line in table.split("\n\n")[0].splitlines():
                    self.assertLessEqual(len(line), columns, (words, line))
        shown, _ = self.terminal("diff", self.ATTO, self.folder / "b.pth", columns=80, PAGER="")
        self.assertRegex(shown, r"stages\.\d\.\d\.\w+\.(weight|bias)  ")
        self.assertRegex(shown, r"a wider terminal shows COSINE.* too")

    def test_control_c_leaves_one_line(self):
        header = json.dumps({"t": {"dtype": "F32", "shape": [1 << 29], "data_offsets": [0, 1 << 31]}}).encode()
        with open(self.folder / "big.safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            file.truncate(8 + len(header) + (1 << 31))
        (self.folder / "out.pth").write_bytes(b"what stood there")
        for words in (("convert", self.folder / "big.safetensors", "-fo", self.folder / "out.pth"),
                      ("report", self.folder / "big.safetensors", "-o", self.folder / "page.html")):
            shown, code = self.terminal(*words, keys=[("read ", b"\x03")])
            self.assertEqual(code, 130)
            self.assertTrue(shown.endswith("\r\x1b[Kinterrupted\n"), shown[-200:])
        self.assertEqual((self.folder / "out.pth").read_bytes(), b"what stood there")
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.startswith(".suture")], [])

    @unittest.skipUnless(shutil.which("less"), "less is not here")
    def test_is_less_where_nobody_says_another(self):
        shown, code = self.terminal("inspect", self.ATTO, keys=[(":", b"G"), ("float32 12.9 MiB", b"q")])
        self.assertEqual(code, 0)
        self.assertIn("head.bias", shown)
        shown, code = self.terminal("inspect", self.ATTO, PAGER="less", keys=[(":", b"q")])
        self.assertEqual(code, 0)
        self.assertNotIn("head.bias", shown)


if __name__ == "__main__":
    unittest.main()
