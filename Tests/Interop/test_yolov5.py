#!/usr/bin/env python3
"""Every detector that YOLOv5 ships, and its modules one by one, against the client itself: the package `yolov5`.

    SUTURE=path/to/suture python Tests/Interop/test_yolov5.py

For each model file: `check --into` has every key and shape, `build` makes the same, and `verify` computes what the client
computes in double precision, on random weights. Skipped, and says so, where the package is missing.
"""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from detector import ClientTests
from harness import ROOT, SEED, suture

import torch

if importlib.util.find_spec("yolov5") is None:
    print("skipped: YOLOv5's own model files need the package yolov5")
    sys.exit(0)

PACKAGE = Path(importlib.util.find_spec("yolov5").origin).parent
# What the client's modules are made of: sizes of the nano and the small model.
SIZES = {"n": (0.33, 0.25), "s": (0.33, 0.5)}

# The client makes what it is asked for and writes it beside what it computes.
SCRIPT = '''
import sys, json, types, torch
for name in ("roboflow",):
    fake = types.ModuleType("yolov5.utils." + name); fake.RoboflowConnector = object; sys.modules[fake.__name__] = fake
from safetensors.torch import save_file
from yolov5.models import common
from yolov5.models.yolo import Model
generator = torch.Generator().manual_seed(int(sys.argv[1]))
told = {}
for name, (path, height, width, fuse) in json.load(open(sys.argv[2])).items():
    common.Conv.default_act = torch.nn.SiLU()
    m = Model(path, ch=3).eval()
    count = sum(p.numel() for p in m.parameters())
    for key, t in m.state_dict().items():
        if not t.is_floating_point() or key.endswith("anchors"): continue
        noise = torch.randn(t.shape, generator=generator)
        if key.endswith("running_var"): t.copy_(0.5 + noise.abs())
        elif t.ndim == 1 and key.endswith("weight"): t.copy_(1 + 0.2 * noise)
        elif t.ndim == 1: t.copy_(0.2 * noise)
        else: t.copy_(1.3 * noise / t[0].numel() ** 0.5)
    if fuse: m.fuse()
    torch.save(m.state_dict(), name + ".pth")
    if not fuse: torch.save({"model": m, "ema": None}, name + ".pt")
    x = torch.rand(1, 3, height, width, generator=generator)
    with torch.no_grad(): y, raw = m.double()(x.double())
    outputs = {f"detect.raw.{i}": r for i, r in enumerate(raw)} | {"detect.decoded": y}
    save_file({k: v.float().contiguous() for k, v in outputs.items()}, name + ".raw.safetensors")
    save_file({"image": x}, name + ".x.safetensors")
    told[name] = {"parameters": count, "stride": [int(s) for s in m.stride]}
json.dump(told, open(sys.argv[2] + ".told", "w"))
'''

# A row of each module that no shipped file has, and of forms that they do not use; each gives 32 channels of a quarter.
ROWS = {
    "Conv": "[[-1, 1, Conv, [32, 3, 2, None, 1, 2, False]]]",
    "DWConv": "[[-1, 1, DWConv, [32, 5, 2]], [-1, 2, DWConv, [32, 3]]]",
    "GhostConv": "[[-1, 1, GhostConv, [32, 3, 2, 2, False]]]",
    "GhostBottleneck": "[[-1, 1, GhostBottleneck, [32, 5, 2]], [-1, 2, GhostBottleneck, [32]]]",
    "MixConv2d": "[[-1, 1, MixConv2d, [32, [1, 3, 5], 2]]]",
    "MixConv2d-weights": "[[-1, 1, MixConv2d, [40, [1, 3], 2, False]]]",
    "Focus": "[[-1, 1, Focus, [32, 3]]]",
    "CrossConv": "[[-1, 1, CrossConv, [32, 5, 2]], [-1, 1, CrossConv, [32, 3, 1, 2, 0.5, True]]]",
    "BottleneckCSP": "[[-1, 1, Conv, [32, 3, 2]], [-1, 3, BottleneckCSP, [32]], [-1, 1, BottleneckCSP, [32, False, 2]]]",
    "C3x": "[[-1, 1, Conv, [32, 3, 2]], [-1, 2, C3x, [32]]]",
    "C3TR": "[[-1, 1, Conv, [32, 3, 2]], [-1, 2, C3TR, [48]]]",
    "C3SPP": "[[-1, 1, Conv, [32, 3, 2]], [-1, 1, C3SPP, [32, [3, 5]]]]",
    "C3Ghost": "[[-1, 1, Conv, [32, 3, 2]], [-1, 3, C3Ghost, [32]]]",
    "MaxPool2d-ceil": "[[-1, 1, Conv, [32, 3, 2]], [-1, 1, nn.MaxPool2d, [3, 2, 0, 1, False, True]]]",
    "Upsample-bilinear": "[[-1, 1, Conv, [32, 3, 4]], [-1, 1, nn.Upsample, [None, 2, 'bilinear']]]",
    "Upsample-aligned": "[[-1, 1, Conv, [32, 3, 4]], [-1, 1, nn.Upsample, [None, 2, 'bilinear', True]]]",
    "Upsample-bicubic": "[[-1, 1, Conv, [32, 3, 4]], [-1, 1, nn.Upsample, [None, 2, 'bicubic', False]]]",
    "SPP": "[[-1, 1, Conv, [32, 3, 2]], [-1, 1, SPP, [32, [3, 7, 9, 11]]]]",
    "SPPF": "[[-1, 1, Conv, [32, 3, 2]], [-1, 1, SPPF, [32, 3]]]",
    "BatchNorm2d": "[[-1, 1, Conv, [32, 3, 2]], [-1, 1, nn.BatchNorm2d, [32]]]",
    "Contract": "[[-1, 1, Contract, [2]]]",
    "Expand": "[[-1, 1, Conv, [64, 3, 4]], [-1, 1, Expand, [2]]]",
    "ConvTranspose2d": "[[-1, 1, Conv, [32, 3, 4]], [-1, 1, nn.ConvTranspose2d, [32, 3, 2, 1, 1, 2]]]",
    "DWConvTranspose2d": "[[-1, 1, Conv, [32, 3, 4]], [-1, 1, DWConvTranspose2d, [48, 4, 2, 1]]]",
    "MaxPool2d": "[[-1, 1, nn.MaxPool2d, [3, 2, 1]]]",
    "ZeroPad2d": "[[-1, 1, nn.ZeroPad2d, [[1, 0, 0, 1]]], [-1, 1, Conv, [32, 2, 2, 0]]]",
    "activations": "[[-1, 1, Conv, [32, 3, 2]], [-1, 1, nn.SiLU, []], [-1, 1, nn.LeakyReLU, [0.2]], [-1, 1, nn.Hardswish, []], "
    "[-1, 1, nn.Mish, []], [-1, 1, nn.GELU, []], [-1, 1, nn.Sigmoid, []], [-1, 1, nn.ReLU, []], [-1, 1, nn.Identity, []]]",
}
SMALL = """nc: 2
depth_multiple: 1.0
width_multiple: 1.0
anchors:
  - [10, 13, 16, 30]
backbone:
  [[-1, 1, Conv, [16, 3, 2]]]
head: {rows}
"""


class Detectors(ClientTests):
    script = SCRIPT
    environment = {"YOLOv5_AUTOINSTALL": "false", "WANDB_MODE": "disabled"}

    def shipped(self, size):
        """The detectors in the package's folders, at a size."""
        depth, width = SIZES[size]
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        found, bodies = {}, set()
        for path in [*sorted(PACKAGE.glob("models/*.yaml")), *sorted(PACKAGE.glob("models/hub/*.yaml"))]:
            text = path.read_text(errors="ignore")
            if "Detect,[nc,anchors]" not in text.replace(" ", ""):
                continue
            lines = [f"depth_multiple: {depth}" if line.startswith("depth_multiple") else
                     f"width_multiple: {width}" if line.startswith("width_multiple") else line for line in text.splitlines()]
            # Many differ in their size alone.
            body = "\n".join(line.split("#")[0].rstrip() for line in lines if line.split("#")[0].strip())
            if body in bodies:
                continue
            bodies.add(body)
            own = Path(holder.name) / path.name
            own.write_text("\n".join(lines) + "\n")
            # Deeper pyramids need larger images.
            least = 128 if "p7" in path.name else 64
            tall = (64 + 32 * (len(found) % 3)) // least * least if least == 64 else 128
            found[f"{path.stem}-{size}"] = (str(own), max(tall, least), least * (1 + len(found) % 2), False)
        self.assertGreaterEqual(len(found), 10)
        return found

    def test_every_shipped_detector_at_size_n(self):
        self.compare(self.shipped("n"))

    def test_stock_and_unlike_detectors_at_size_s(self):
        models = self.shipped("s")
        unlike = ("yolov5l-s", "yolov3-s", "yolov3-spp-s", "yolov3-tiny-s", "yolov5s-ghost-s", "yolov5s-transformer-s", "yolov5l6-s")
        self.compare({name: models[name] for name in unlike})

    def test_each_module_alone(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        models = {}
        for name, rows in ROWS.items():
            path = Path(holder.name) / f"{name}.yaml"
            path.write_text(SMALL.format(rows=rows[:-1] + ", [[-1], 1, Detect, [nc, anchors]]]"))
            models[name] = (str(path), 64, 96, False)
        self.compare(models)

    def test_fused_models_run(self):
        models = {f"fused-{name}": (path, height, width, True) for name, (path, height, width, _) in self.shipped("n").items()
                  if name in ("yolov5l-n", "yolov5s-ghost-n", "yolov3-spp-n")}
        self.assertEqual(len(models), 3)
        folder, _ = self.client(models)
        for name, (path, *_) in models.items():
            raw, decoded = self.errors(folder, folder / f"{name}.pth", name, ["--model", path])
            print(f"  {name}: raw {raw:.1e}, decoded {decoded:.1e}")

    def test_a_trained_file_needs_no_model_file(self):
        script = """
import sys, types
fake = types.ModuleType("yolov5.utils.roboflow"); fake.RoboflowConnector = object; sys.modules[fake.__name__] = fake
import torch
from copy import deepcopy
from safetensors.torch import save_file
from yolov5.models.yolo import Model
torch.manual_seed(int(sys.argv[1]))
m = Model(sys.argv[2], ch=3, nc=3).eval()
m.names = {0: "cat", 1: "dog", 2: "bird"}
for key, t in m.state_dict().items():
    if key.endswith("running_var"): t.uniform_(0.5, 1.5)
x = torch.rand(1, 3, 64, 96)
def save(name, model, **more):
    torch.save({"epoch": -1, "model": model, "ema": None, "date": "2024-03-01T10:00:00"} | more, name + ".pt")
    with torch.no_grad(): y, raw = deepcopy(model).double()(x.double())
    outputs = {f"detect.raw.{i}": r for i, r in enumerate(raw)} | {"detect.decoded": y}
    save_file({k: v.float().contiguous() for k, v in outputs.items()}, name + ".raw.safetensors")
    save_file({"image": x}, name + ".x.safetensors")
save("best", deepcopy(m).half())
save("last", deepcopy(m), epoch=7, ema=deepcopy(m).half(), updates=70)
other = deepcopy(m); other.yaml["nc"] = 5
torch.save({"model": other, "ema": None}, "unlike.pt")
save("fused", m.fuse())
"""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "make.py").write_text(script)
            model = PACKAGE / "models/yolov5n.yaml"
            environment = {**os.environ, "YOLO_AUTOINSTALL": "false", "YOLOV5_CONFIG_DIR": name, "HF_HUB_OFFLINE": "1"}
            done = subprocess.run([sys.executable, "-W", "ignore", "make.py", str(SEED), str(model)], cwd=folder, env=environment,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-4000:])
            for file in ("best", "last", "fused"):
                raw, decoded = self.errors(folder, folder / f"{file}.pt", file, [])
                print(f"  {file}.pt: raw {raw:.1e}, decoded {decoded:.1e}")
                told = json.loads(suture("inspect", folder / f"{file}.pt", "--json").stdout)["trained_model"]
                self.assertEqual((told["file"], told["classes"], told["names"]), ("yolov5n.yaml", 3, ["cat", "dog", "bird"]))
                self.assertEqual((told["strides"], told["date"]), ([8, 16, 32], "2024-03-01T10:00:00"))
                self.assertEqual(told["fused"], file == "fused")
                # With the model file that lies in it.
                load = json.loads(suture("check", folder / f"{file}.pt", "--into", "--json", expect=int(file == "fused")).stdout)["load"]
                self.assertEqual(load["loaded"] == load["keys"]["base"], file != "fused")
                self.assertEqual(bool(load["fused"]), file == "fused")
                self.assertEqual([w["path"] for w in told["weights"]], ["model", "ema"] if file == "last" else ["model"])
                self.assertIn("classes: cat, dog, bird", suture("inspect", folder / f"{file}.pt").stdout)
                suture("check", folder / f"{file}.pt", "--into", model, "--nc", 3, expect=1 if file == "fused" else 0)
            # What the model file says is not what the weights are: the first key that differs is named.
            said = suture("verify", folder / "unlike.pt", expect=6)
            self.assertIn("model.24.m.0.weight", said.stdout + said.stderr)

    def test_the_boxes_of_a_photograph_are_the_client_s(self):
        folder, photo = self.folder(), ROOT / "Fixtures/Photos/chelsea.png"
        script = '''
import json, sys, types
fake = types.ModuleType("yolov5.utils.roboflow"); fake.RoboflowConnector = object; sys.modules[fake.__name__] = fake
import cv2, numpy, torch
from yolov5.models.yolo import Model
from yolov5.utils.augmentations import letterbox
from yolov5.utils.general import non_max_suppression, scale_boxes
generator = torch.Generator().manual_seed(int(sys.argv[1]))
m = Model(sys.argv[3], ch=3, nc=5).eval()
for key, t in m.state_dict().items():
    if not t.is_floating_point() or key.endswith("anchors"): continue
    noise = torch.randn(t.shape, generator=generator)
    if key.endswith("running_var"): t.copy_(0.5 + noise.abs())
    elif t.ndim == 1 and key.endswith("weight"): t.copy_(1 + 0.2 * noise)
    elif t.ndim == 1: t.copy_(0.2 * noise)
    # Of larger ones some probabilities are 1 in float32, several classes' at a time.
    else: t.copy_((0.3 if ".24.m." in key else 1.3) * noise / t[0].numel() ** 0.5)
picture, told = cv2.imread(sys.argv[2]), []
# So that some hundred boxes of the picture are over the threshold.
x = torch.from_numpy(cv2.resize(picture, (640, 448))[:, :, ::-1].copy()).permute(2, 0, 1)[None].float() / 255
with torch.no_grad(): y = m(x)[0][0]
shifts = torch.linspace(-20, 20, 2000)
shift = next(s for s in shifts if ((y[:, 4].logit() + s).sigmoid() * y[:, 5:].amax(1) > 0.25).sum() >= 300)
for head in m.model[-1].m: head.bias.data.view(3, -1)[:, 4] += shift
torch.save({"epoch": -1, "model": m, "ema": None}, "x.pt")
for side, words in ((640, dict(max_det=1000)), (320, dict(conf_thres=0.1, iou_thres=0.2, max_det=7))):
    x = letterbox(picture, side, stride=32, auto=True)[0].transpose((2, 0, 1))[::-1]
    x = torch.from_numpy(numpy.ascontiguousarray(x)).float()[None] / 255
    with torch.no_grad(): boxes = non_max_suppression(m(x), **words)[0]
    boxes[:, :4] = scale_boxes(x.shape[2:], boxes[:, :4], picture.shape)
    told.append([[row[5], row[4], *row[:4]] for row in boxes.tolist()])
print("TOLD" + json.dumps(told))
'''
        said = self.python(folder, script, SEED, photo, PACKAGE / "models/yolov5n.yaml")
        theirs = json.loads(said.split("TOLD")[1])
        names = [str(place) for place in range(5)]
        self.boxes(theirs[0], folder / "x.pt", photo, (0.25, 0.45, 1000), names, said=False)
        self.boxes(theirs[1], folder / "x.pt", photo, (0.1, 0.2, 7), names)


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main()
