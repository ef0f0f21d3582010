"""What every test against the real PyTorch needs: the command, a seed, and PyTorch itself.

Where PyTorch is missing, importing this says so and ends the test without a failure.
"""
import os
import random
import subprocess
import sys
from pathlib import Path

try:
    import numpy  # noqa: F401
    import numpy  # noqa: F401
    import safetensors.torch
    import torch
except ImportError as missing:
    print(f"skipped: the tests against PyTorch need it ({missing})")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
SUTURE = os.environ.get("SUTURE", str(ROOT / ".build/release/suture"))
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))


def tries(name, usual):
    """How often something random is tried: what the environment says, or the usual number."""
    return int(os.environ.get(name, usual))


def suture(*words, expect=0, text=True):
    done = subprocess.run([SUTURE, *map(str, words)], capture_output=True, text=text)
    if done.returncode != expect:
        raise AssertionError(f"suture {words} gave {done.returncode}, not {expect}:\n{done.stdout}{done.stderr}")
    return done


def bits(tensor):
    """The elements as bytes, which tell NaNs and zeros apart."""
    tensor = tensor.detach().contiguous().reshape(-1)
    return tensor.view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


class Conversions:
    """What tests have in common that convert a folder and know what must come of it; `self.folder` is theirs."""

    def converted(self, source, *options):
        output = self.folder / "out.safetensors"
        suture("convert", source, "-o", output, "--force", *options)
        return safetensors.torch.load_file(output)

    def same(self, found, wanted):
        self.assertEqual(set(found), set(wanted))
        for name, tensor in wanted.items():
            self.assertEqual((found[name].dtype, found[name].shape), (tensor.dtype, tensor.shape), name)
            self.assertEqual(bits(found[name]), bits(tensor), name)
