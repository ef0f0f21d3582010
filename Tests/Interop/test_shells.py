"""Completion in the shells themselves: bash, zsh and fish, each where it is installed."""
import os
import pty
import re
import select
import shutil
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
            program = self.script("bash") + r'''
                line=$1; COMP_LINE=$line; COMP_POINT=${#line}
                # As bash itself splits it.
                read -r -a COMP_WORDS <<<"${line//=/ = }"
                [[ $line == *[\ =] ]] && COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _suture; printf '%s\n' "${COMPREPLY[@]}"'''
            said = subprocess.run(
                ["bash", "-c", program, "bash", line], capture_output=True, text=True, cwd=self.folder, env=self.environment)
            self.assertLessEqual(words, set(said.stdout.splitlines()), (line, said.stdout, said.stderr))

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
        (self.folder / "_suture").write_text(self.script("zsh"))
        for line, words in CASES:
            shown = self.ask_zsh(line)
            for word in words:
                self.assertIn(word.split(" ")[0], shown, (line, shown))

    def ask_zsh(self, line):
        """What an interactive zsh shows after the line and a tab, or two."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {**self.environment, "TERM": "dumb", "PS1": "READY>", "COLUMNS": "200"})
        try:
            self.read(terminal, "READY>")
            setup = "fpath=($HOME $fpath); autoload -U compinit; compinit -u; setopt noautomenu listrows; unsetopt listambiguous; LISTMAX=0"
            os.write(terminal, (setup + "; print SET\n").encode())
            self.read(terminal, "\nSET")
            self.read(terminal, "READY>")
            os.write(terminal, (line + "\t\t").encode())
            # What is inserted stands behind what was typed; the bell rings where there are several.
            return self.read(terminal, None).replace("\a", "")
        finally:
            os.close(terminal)
            os.waitpid(child, 0)

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
