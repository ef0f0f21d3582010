"""Completion in the shells themselves: bash, zsh and fish, each where it is installed."""
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUTURE = Path(os.environ.get("SUTURE", ROOT / ".build/release/suture")).resolve()
ATTO = ROOT / "Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

# What is typed, and words that must be offered.
CASES = [
    ("suture gra", {"graft"}),
    ("suture edit x.pth --naming torchv", {"torchvision"}),
    (f"suture inspect {ATTO} head.", {"head.weight", "head.bias"}),
    (f"suture inspect {ATTO} stages.3.1.pw", {"stages.3.1.pwconv1.weight", "stages.3.1.pwconv2.bias"}),
    ("suture inspect conv", {"convnext.pth", "conv two.pt"}),
    ("suture convert a.pth --shared=", {"copy", "alias", "error"}),
    ("suture diff a.pth b.pth --qui", {"--quiet"}),
    ("suture check a.pth --color=", {"auto", "always", "never"}),
]

# Names of files, and of tensors that do harm where a shell takes them as they are, each with a start that is its alone as one types it.
FILES = {
    "with space.safetensors": "with", "$dollar.safetensors": r"\$dol", "it's.safetensors": r"it\'s", "me:and.safetensors": "me",
    'dou"ble.safetensors': r"dou\"b", "[br]{a}.safetensors": r"\[b", "日本.safetensors": "日",
}
TYPED = {
    "two words": "two", "a;touch ${IFS}pwned;": "a", "b;touch${IFS}pwned;": r"b\;", "$(touch pwned)": r"\$", "`touch pwned`": r"\`",
    "colon:a": "colon:", "it's": "it", 'double"quote': "dou", "back\\slash": "back", "漢字": "漢",
}


def safetensors(names):
    """Tensors of one byte each, their places."""
    header = json.dumps({name: {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i, name in enumerate(names)}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(range(len(names)))


@unittest.skipUnless(SUTURE.exists(), "the command is not built")
class Shells(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("convnext.pth", "conv two.pt"):
            (self.folder / name).touch()
        self.environment = {**os.environ, "PATH": f"{SUTURE.parent}:{os.environ['PATH']}", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    def script(self, shell):
        return subprocess.run([SUTURE, "completions", shell], check=True, capture_output=True, text=True).stdout

    def test_bash(self):
        for line, words in CASES:
            shown = self.ask("bash", line + "\t\t\t")
            for word in words:
                self.assertIn(word, shown, (line, shown))

    @unittest.skipUnless(shutil.which("fish"), "fish is not here")
    def test_fish(self):
        for line, words in CASES:
            said = subprocess.run(
                ["fish", "--no-config", "-c", self.script("fish") + f"\ncomplete -C '{line}'"], capture_output=True, text=True,
                cwd=self.folder, env=self.environment)
            offered = {re.sub("^--[a-z]+=", "", word.split("\t")[0]).replace("\\ ", " ") for word in said.stdout.splitlines()}
            self.assertLessEqual(words, offered, (line, said.stdout, said.stderr))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not here")
    def test_zsh(self):
        for line, words in CASES:
            shown = self.ask("zsh", line + "\t\t")
            for word in words:
                self.assertIn(word.split(" ")[0], shown, (line, shown))

    def test_odd_names_are_completed_to_lines_that_mean_them(self):
        """Each line is completed and run: it prints the tensor that is meant, and does nothing that its name says."""
        for name in FILES:
            (self.folder / name).write_bytes(safetensors(["plain"]))
        (self.folder / "x.safetensors").write_bytes(safetensors(list(TYPED)))
        files = [f"suture print {typed}\tpla\t" for typed in FILES.values()] + ["suture print ~/with\tpla\t"]
        lines = [(keys, 0) for keys in files]
        lines += [(f"suture print x.safetensors {typed}\t", value) for value, typed in enumerate(TYPED.values())]
        for shell in ("bash", "zsh", "fish"):
            if not shutil.which(shell):
                continue
            child, terminal = self.start(shell)
            try:
                for keys, value in lines:
                    os.write(terminal, (keys + "; echo E''ND\n").encode())
                    shown = self.read(terminal, "\nEND")
                    self.assertIn(f"tensor([{value}], dtype=torch.uint8)", shown, (shell, keys, shown))
            finally:
                self.end(child, terminal)
        self.assertEqual(list(self.folder.glob("pwned*")), [])

    SETUP = {
        "bash": "bind 'set bell-style none'; bind 'set completion-query-items 0'; source ./completions.bash",
        "zsh": "cp completions.zsh _suture; fpath=($HOME $fpath); autoload -U compinit; compinit -u; setopt noautomenu listrows; "
               "unsetopt listambiguous; LISTMAX=0",
        "fish": "source completions.fish; function fish_prompt; echo -n 'READY>'; end",
    }
    START = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}

    def start(self, shell):
        """An interactive shell that has been told how to complete."""
        (self.folder / f"completions.{shell}").write_text(self.script(shell))
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe(shell, [shell, *self.START[shell]], {**self.environment, "TERM": "dumb", "PS1": "READY>", "COLUMNS": "200"})
        os.write(terminal, (self.SETUP[shell] + "; echo S''ET\n").encode())
        # The prompt may come with what was asked for.
        if "READY>" not in self.read(terminal, "\nSET").partition("\nSET")[2]:
            self.read(terminal, "READY>")
        return child, terminal

    @staticmethod
    def end(child, terminal):
        os.close(terminal)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    def ask(self, shell, keys):
        """What an interactive shell shows after these keys."""
        child, terminal = self.start(shell)
        try:
            os.write(terminal, keys.encode())
            # What is inserted stands behind what was typed; the bell rings where there are several.
            return self.read(terminal, None).replace("\a", "")
        finally:
            self.end(child, terminal)

    @staticmethod
    def read(terminal, until, seconds=20):
        """What comes, until these words have, or nothing more does."""
        shown, end = "", time.time() + seconds
        while time.time() < end:
            ready, _, _ = select.select([terminal], [], [], 2)
            if not ready and (until is None):
                break
            if ready:
                shown += os.read(terminal, 65536).decode(errors="replace").replace("\r", "")
            if until is not None and until in shown:
                break
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)


if __name__ == "__main__":
    unittest.main(verbosity=0)
