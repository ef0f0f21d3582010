#!/usr/bin/env python3
"""What `suture build` makes against the YOLOv5 that people run: the package `yolov5`, trained for an epoch.

    SUTURE=path/to/suture python Tests/Interop/test_client.py

A copy of the package gets the two changes that a ConvNeXt backbone needs, a class in `common.py` and a branch in
`parse_model`. Skipped, and says so, where the package is missing.
"""
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from harness import ROOT, SEED, suture

import torch

if importlib.util.find_spec("yolov5") is None:
    print("skipped: training with our file needs the package yolov5")
    sys.exit(0)

MODEL = ROOT / "Fixtures/YOLOv5/yolov5_convnext_atto.yaml"
ATTO = ROOT / "Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

BLOCK = '''

import sys as _sys
_sys.path.insert(0, {folder!r})
import convnext as _convnext


class ConvNeXt_Block(_convnext.BackboneLayer):
    def __init__(self, index, in_chans, depths, dims, drop_path_rate=0.0):
        super().__init__(index, depths, dims)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
            if hasattr(module, "gamma"):
                nn.init.constant_(module.gamma, 1e-6)
'''
BRANCH = """        elif m is ConvNeXt_Block:
            c2, args = args[0], args[1:]
        elif m is nn.BatchNorm2d:
"""


def client(folder):
    """A copy of the package that knows ConvNeXt_Block."""
    package = Path(importlib.util.find_spec("yolov5").origin).parent
    shutil.copytree(package, folder / "yolov5")
    common, yolo = (folder / "yolov5/models" / name for name in ("common.py", "yolo.py"))
    common.write_text(common.read_text() + BLOCK.format(folder=str(ROOT / "Tests/Interop")))
    # It looks for weights on a hub, with a library of its own year.
    with (folder / "yolov5/utils/downloads.py").open("a") as file:
        file.write("\n\ndef attempt_download_from_hub(*_, **__):\n    return None\n")
    # A function that NumPy has renamed since.
    (folder / "sitecustomize.py").write_text("import numpy\nnumpy.trapz = getattr(numpy, 'trapz', None) or numpy.trapezoid\n")
    # It fetches a font that it does not find.
    font = Path(importlib.util.find_spec("matplotlib").origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"
    shutil.copy(font, folder / "Arial.ttf")
    text = yolo.read_text()
    branch = "        elif m is nn.BatchNorm2d:\n"
    # It imports a service that no test asks.
    (folder / "yolov5/utils/roboflow.py").write_text("class RoboflowConnector: pass\n")
    assert text.count(branch) == 1, "parse_model is not what it was"
    yolo.write_text(text.replace(branch, BRANCH))


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.holder.name)
        client(cls.folder)
        cls.detector = cls.folder / "detector.pt"
        cls.report = json.loads(
            suture("build", MODEL, "--backbone", ATTO, "-o", cls.detector, "--as", "yolov5", "--nc", 3, "--json").stdout
        )

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def python(self, *words):
        environment = {
            **os.environ, "PYTHONPATH": str(self.folder), "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1", "WANDB_MODE": "disabled",
            "YOLO_AUTOINSTALL": "false", "YOLOv5_AUTOINSTALL": "false", "HF_HUB_OFFLINE": "1", "MPLBACKEND": "Agg",
            "YOLOV5_CONFIG_DIR": str(self.folder), "CLEARML": "false", "COMET_MODE": "disabled",
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *map(str, words)], capture_output=True, text=True, cwd=self.folder, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])
        return done.stdout + done.stderr

    def test_a_new_model_has_the_same_keys_and_values_of_the_same_distributions(self):
        script = self.folder / "new.py"
        script.write_text(
            f"import torch; torch.manual_seed({SEED})\n"
            "from yolov5.models.yolo import Model\n"
            f"torch.save(Model({str(MODEL)!r}, ch=3, nc=3).state_dict(), 'new.pth')\n")
        self.python(script)
        suture("build", MODEL, "-o", self.folder / "ours.pth", "--nc", 3, "--seed", SEED, "--force")
        theirs = torch.load(self.folder / "new.pth", weights_only=True)
        ours = torch.load(self.folder / "ours.pth", weights_only=True)
        self.assertEqual(list(ours), list(theirs))
        for name, a in theirs.items():
            b = ours[name]
            self.assertEqual((a.shape, a.dtype), (b.shape, b.dtype), name)
            if ".bn.running_" in name or name.endswith("num_batches_tracked"):
                # To find its strides, the client has run an image of zeros through it.
                self.assertEqual(b.unique().tolist(), [1.0 if name.endswith("var") else 0], name)
                continue
            if not a.is_floating_point() or a.unique().numel() == 1 or name.endswith("anchors"):
                self.assertTrue(torch.equal(a, b), name)
                continue
            a, b = a.double().flatten(), b.double().flatten()
            if name.endswith(("m.0.bias", "m.1.bias", "m.2.bias")):
                # Eight numbers a box, each somewhere about its own middle.
                spread = 2 * max(theirs[name[:-4] + "weight"].abs().max().item(), 1e-9)
                self.assertLess((a - b).abs().max().item(), spread * 1.2, name)
                continue
            # PyTorch's truncated normal has a -2 where its uniform number is -1 exactly, a hundred deviations away: one in millions.
            a[a == -2] = 0
            # Two samples of one distribution: means within five deviations of their difference, and alike in spread.
            n = a.numel()
            self.assertLess(abs((a.mean() - b.mean()).item()), 5 * a.std().item() * math.sqrt(2 / n), name)
            self.assertLess(abs((a.std() / b.std()).item() - 1), 5 / math.sqrt(n) + 0.01, name)
            if n > 1000:
                # The largest distance between the two distributions (Kolmogorov and Smirnov).
                points = torch.cat([a, b]).sort().values
                distance = (torch.searchsorted(a.sort().values, points, right=True)
                            - torch.searchsorted(b.sort().values, points, right=True)).abs().max().item() / n
                self.assertLess(distance, 2.5 * math.sqrt(2 / n), name)

    def test_models_of_other_settings_have_the_keys_that_check_builds_and_compute_what_verify_does(self):
        text = MODEL.read_text()
        anchors = text[text.index("anchors:"):text.index("# YOLOv5 backbone")]
        # A layer before the blocks and one between them: their numbers are not their indices.
        same = "[-1, 1, nn.Upsample, [None, 1, 'nearest']],\n   "
        first, third = "[-1, 1, ConvNeXt_Block, [40, 0,", "[-1, 1, ConvNeXt_Block, [160, 2,"
        moved = text[:text.index("head:")].replace(first, same + first).replace(third, same + third)
        moved += "head:\n  [[-1, 1, Conv, [64, 1, 1]],\n   [[2, 4, 6], 1, Detect, [nc, anchors]]]\n"
        assert "ConvNeXt_Block, [320, 3, 3, [2, 2, 6, 2], [40, 80, 160, 320]]" in text, "the model file is not what it was"
        rate = text.replace("[40, 80, 160, 320]]", "[40, 80, 160, 320], 0.1]")
        variants = {
            "nc": (text, {"nc": 7}, ["--nc", 7]),
            "nc-unscaled": (text, {"nc": 123}, ["--nc", 123]),
            "anchors-int": (text.replace(anchors, "anchors: 3\n"), {}, []),
            "anchors-asked": (text, {"anchors": 4}, ["--anchors", 4]),
            "anchors-rounded": (text, {"anchors": 2.6, "nc": 2}, ["--anchors", 3, "--nc", 2]),
            "drop-path": (rate, {}, []),
            "moved": (moved, {}, []),
        }
        for i, activation in enumerate((
                "nn.ReLU()", "nn.LeakyReLU(0.1)", "nn.Hardswish()", "nn.Mish()", "nn.GELU()", "nn.ELU(0.5)", "nn.Identity()",
                "nn.ReLU6(inplace=True)", "torch.nn.Sigmoid()", "nn.Tanh()", "nn.Softplus(2)", "nn.SELU()")):
            variants[f"activation-{i}"] = (f"activation: {activation}\n" + text, {}, [])
        script = self.folder / "variants.py"
        script.write_text(
            "import json, sys, torch\n"
            "from safetensors.torch import save_file\n"
            "from yolov5.models.yolo import Model\n"
            f"generator = torch.Generator().manual_seed({SEED})\n"
            "for name, (text, words, _) in json.load(open('variants.json')).items():\n"
            "    open(name + '.yaml', 'w').write(text)\n"
            "    m = Model(name + '.yaml', ch=3, **words).eval()\n"
            "    for key, t in m.state_dict().items():\n"
            "        noise = torch.randn(t.shape, generator=generator) if t.is_floating_point() else None\n"
            "        if key.endswith('gamma'): t.copy_(0.3 * noise)\n"
            "        elif key.endswith('running_var'): t.copy_(0.5 + noise.abs())\n"
            "        elif key.endswith('running_mean'): t.copy_(0.2 * noise)\n"
            "    torch.save(m.state_dict(), name + '.pth')\n"
            "    torch.save({'model': m, 'ema': None}, name + '.pt')\n"
            "    old = dict(m.state_dict()); last = f'model.{len(m.model) - 1}.'\n"
            "    old[last + 'anchor_grid'] = torch.ones(3, 1, 3, 1, 1, 2)\n"
            "    torch.save(old, name + '-old.pth')\n"
            "    try: m.load_state_dict(old); said = ''\n"
            "    except RuntimeError as error: said = str(error)\n"
            "    assert last + 'anchor_grid' in said\n"
            "    x = torch.rand(1, 3, 64, 96, generator=generator)\n"
            "    with torch.no_grad(): y, raw = m.double()(x.double())\n"
            "    outputs = {f'detect.raw.{i}': r for i, r in enumerate(raw)} | {'detect.decoded': y}\n"
            "    save_file({k: v.float().contiguous() for k, v in outputs.items()}, name + '.raw.safetensors')\n"
            "    save_file({'image': x}, name + '.x.safetensors')\n")
        (self.folder / "variants.json").write_text(json.dumps(variants))
        self.python(script)
        for name, (_, _, flags) in variants.items():
            model, state, whole = (self.folder / f"{name}{end}" for end in (".yaml", ".pth", ".pt"))
            suture("check", state, "--into", model, *flags)
            report = json.loads(suture("check", state, "--into", model, *flags, "--json").stdout)["load"]
            self.assertEqual(report["keys"]["file"], report["keys"]["base"], name)
            self.assertEqual(report["keys"]["base"], report["loaded"], name)
            old = json.loads(
                suture("check", self.folder / f"{name}-old.pth", "--into", model, *flags, "--json", expect=1).stdout)["load"]
            self.assertEqual([key.split(".")[-1] for key in old["unexpected"]], ["anchor_grid"])
            proof = ["--input", self.folder / f"{name}.x.safetensors", "--expect", self.folder / f"{name}.raw.safetensors"]
            told = json.loads(suture("verify", whole, *proof, "--json", "--tolerance", 1e-4).stdout)["assumed"]
            # The test's blocks are torch's modules all through, and say it all.
            self.assertEqual(told, [], name)
            said = suture("verify", state, "--model", model, *flags, *proof, "--json", "--tolerance", 1e-4)
            assumed = {a["what"] for a in json.loads(said.stdout)["assumed"]}
            own = set() if "activation" in name else {"conv.activation"}
            self.assertEqual(assumed, {"layer_norm.eps", "activation", "batch_norm.eps"} | own, name)
        print(f"  {len(variants)} model files are built and computed as the client does")

    def test_an_epoch_of_training_transfers_every_item_and_comes_back(self):
        import numpy
        from PIL import Image

        data, generator = self.folder / "data", numpy.random.default_rng(SEED)
        for kind in ("images", "labels"):
            (data / kind).mkdir(parents=True, exist_ok=True)
        for i in range(8):
            Image.fromarray(generator.integers(0, 255, (64, 64, 3), dtype=numpy.uint8)).save(data / f"images/{i}.png")
            x, y = generator.uniform(0.3, 0.7, 2)
            (data / f"labels/{i}.txt").write_text(f"{i % 3} {x:.3f} {y:.3f} 0.4 0.4\n")
        (data / "data.yaml").write_text(f"path: {data}\ntrain: images\nval: images\nnc: 3\nnames: [a, b, c]\n")
        said = self.python(
            "-m", "yolov5.train", "--weights", self.detector, "--data", data / "data.yaml", "--epochs", 1,
            "--imgsz", 64, "--batch-size", 4, "--workers", 0, "--device", "cpu", "--project", self.folder / "runs", "--noplots",
            "--noautoanchor")
        # The model file lies in our file, so none is given.
        count = self.report["tensors"]
        transferred = f"Transferred {count}/{count} items"
        self.assertIn(transferred, said)
        print(f"  the client says: {transferred}")
        for name in ("best.pt", "last.pt"):
            trained = next(self.folder.glob(f"runs/**/{name}"))
            report = json.loads(suture("inspect", trained, "--json").stdout)
            self.assertEqual(len(report["tensors"]), count, name)
            suture("check", trained, "--into", MODEL, "--nc", 3)
            suture("convert", trained, "-o", self.folder / "trained.safetensors", "--force")
            from safetensors.torch import load_file

            script = self.folder / "load.py"
            script.write_text(
                "import torch\n"
                f"c = torch.load({str(trained)!r}, map_location='cpu')\n"
                "m = c['ema'] or c['model']\n"
                f"torch.save(m.state_dict(), 'truth.pth')\n"
                "m = m.float().eval(); x = torch.rand(1, 3, 64, 96)\n"
                "with torch.no_grad(): y, raw = m(x)\n"
                f"torch.save(x, 'x.pth')\n"
                "from safetensors.torch import save_file\n"
                "save_file({f'detect.raw.{i}': r.contiguous() for i, r in enumerate(raw)} | {'detect.decoded': y.contiguous()}, 'raw.safetensors')\n"
                "save_file({'image': x}, 'x.safetensors')\n")
            self.python(script)
            truth, ours = torch.load(self.folder / "truth.pth", weights_only=True), load_file(self.folder / "trained.safetensors")
            self.assertEqual(set(truth), set(ours))
            for key, tensor in truth.items():
                self.assertTrue(torch.equal(tensor, ours[key]), key)
            suture(
                "verify", trained, "--input", self.folder / "x.safetensors", "--expect", self.folder / "raw.safetensors")
            suture(
                "verify", self.folder / "trained.safetensors", "--model", MODEL, "--nc", 3, "--input",
                self.folder / "x.safetensors", "--expect", self.folder / "raw.safetensors")


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main()
