#!/usr/bin/env python3
"""YOLOv8, YOLO11 and their modules against the client itself: the package `ultralytics`, whose own model files are read.

    SUTURE=path/to/suture python Tests/Interop/test_ultralytics.py

For each model file: `check --into` has every key and shape, `build` makes the same, and `verify` computes what the client
computes in double precision, on random weights. Skipped, and says so, where the package is missing.
"""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from detector import ClientTests
from harness import ROOT, SEED, suture

import torch

if importlib.util.find_spec("ultralytics") is None or importlib.util.find_spec("torchvision") is None:
    print("skipped: Ultralytics' own model files need the packages ultralytics and torchvision")
    sys.exit(0)

PACKAGE = Path(importlib.util.find_spec("ultralytics").origin).parent
OFFLINE = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "HF_HUB_OFFLINE": "1"}

# The client makes what it is asked for and writes it beside what it computes.
SCRIPT = '''
import contextlib, io, json, sys, torch
from safetensors.torch import save_file
from ultralytics.nn import tasks
from ultralytics.nn.tasks import DetectionModel
class Timm(torch.nn.Module):
    # What the package has not, and those who add it have.
    def __init__(self, model, pretrained, in_chans, features_only, out_indices):
        super().__init__()
        self.m = __import__("timm").create_model(model, pretrained=pretrained, in_chans=in_chans, features_only=features_only, out_indices=out_indices)
    def forward(self, x): return self.m(x)
tasks.Timm = Timm
generator = torch.Generator().manual_seed(int(sys.argv[1]))
told = {}
for name, (path, height, width, fuse) in json.load(open(sys.argv[2])).items():
    m = DetectionModel(path, ch=3, verbose=False).eval()
    # PyTorch's truncated normal has a -2 where its uniform number is -1 exactly, a hundred deviations away: one in millions.
    drawn = {k: v.double()[v.double() != -2] for k, v in m.state_dict().items() if v.numel() > 1}
    new = {k: (v.mean().item(), v.std().item()) for k, v in drawn.items()}
    told[name] = {"parameters": sum(p.numel() for p in m.parameters()), "stride": [int(s) for s in m.stride], "new": new}
    for key, t in m.state_dict().items():
        if not t.is_floating_point() or "dfl" in key: continue
        noise = torch.randn(t.shape, generator=generator)
        if key.endswith("running_var"): t.copy_(0.5 + noise.abs())
        elif t.ndim == 1 and key.endswith("weight"): t.copy_(1 + 0.2 * noise)
        elif t.ndim == 1 or key.endswith("layer_scale"): t.copy_(0.2 * noise)
        # Of larger scores a softmax makes what float32 cannot tell, not even the client's.
        else: t.copy_((0.25 if "attn.qkv" in key else 1.3) * noise / t[0].numel() ** 0.5)
    half = __import__("copy").deepcopy(m).half()
    if fuse:
        with contextlib.redirect_stdout(io.StringIO()): m.fuse(verbose=False)
    torch.save(m.state_dict(), name + ".pth")
    torch.save({"epoch": -1, "model": None, "ema": half, "date": "2026-03-01T10:00:00"}, name + ".pt")
    x = torch.rand(1, 3, height, width, generator=generator)
    for end, own in ((".raw", m), (".half", half.float())):
        with torch.no_grad(): y, raw = own.double()(x.double())
        outputs, start = {"detect.decoded": y}, 0
        both = torch.cat([raw["boxes"], raw["scores"]], 1)
        for i, f in enumerate(raw["feats"]):
            rows, columns = f.shape[2:]
            outputs[f"detect.raw.{i}"] = both[:, :, start:start + rows * columns].reshape(1, -1, rows, columns)
            start += rows * columns
        save_file({k: v.float().contiguous() for k, v in outputs.items()}, name + end + ".safetensors")
    save_file({"image": x}, name + ".x.safetensors")
json.dump(told, open(sys.argv[2] + ".told", "w"))
'''

# A row of each module in forms that the shipped files do not use; each gives 32 channels of a quarter.
ROWS = {
    "Bottleneck": "[[-1, 1, Conv, [32, 3, 2]], [-1, 2, Bottleneck, [32]], [-1, 1, Bottleneck, [32, False, 2, [1, 3], 1.0]]]",
    "C2f": "[[-1, 1, Conv, [32, 3, 2]], [-1, 3, C2f, [32, True, 2, 0.25]]]",
    "C2": "[[-1, 1, Conv, [32, 3, 2]], [-1, 3, C2, [32]], [-1, 1, C2, [32, False, 2, 0.25]]]",
    "A2C2f": "[[-1, 1, Conv, [64, 3, 2]], [-1, 2, A2C2f, [64, True, 4]], [-1, 1, A2C2f, [64, True, 1, False, 1.5, 1.0]], [-1, 2, A2C2f, [64, False, -1]]]",
    "A2C2f-residual": "[[-1, 1, Conv, [64, 3, 2]], [-1, 2, A2C2f, [64, True, 4, True]], [-1, 1, A2C2f, [64, False, -1, True]]]",
    "C3k2": "[[-1, 1, Conv, [32, 3, 2]], [-1, 2, C3k2, [32, True, 0.5, False, 2, False]], [-1, 3, C3k2, [32]]]",
    "C3k2-attn": "[[-1, 1, Conv, [32, 3, 2]], [-1, 1, C3k2, [32, False, 1.0, True]]]",
    "C2PSA": "[[-1, 1, Conv, [256, 3, 2]], [-1, 2, C2PSA, [256]], [-1, 1, C2PSA, [256, 0.75]]]",
    "SPPF": "[[-1, 1, Conv, [32, 3, 2]], [-1, 1, SPPF, [32, 3]], [-1, 1, SPPF, [32, 5, 2, True]], [-1, 1, SPPF, [32, 7, 1]]]",
    "DWConv": "[[-1, 1, DWConv, [32, 5, 2]], [-1, 2, DWConv, [32, 3]]]",
    "C3": "[[-1, 1, Conv, [32, 3, 2]], [-1, 2, C3, [32]], [-1, 1, C3TR, [48]], [-1, 1, C3Ghost, [32]], [-1, 1, C3x, [32]]]",
    "Ghost": "[[-1, 1, GhostConv, [32, 3, 2]], [-1, 1, GhostBottleneck, [32]]]",
    "Focus": "[[-1, 1, Focus, [32, 3]], [-1, 1, SPP, [32, [3, 7]]]]",
    "torch": "[[-1, 1, nn.MaxPool2d, [3, 2, 1]], [-1, 1, nn.BatchNorm2d, [32]], [-1, 1, nn.SiLU, []], "
    "[-1, 1, nn.ConvTranspose2d, [32, 2, 2]], [-1, 1, Conv, [32, 3, 2]]]",
}
SMALL = """nc: 2
reg_max: {bins}
backbone: [[-1, 1, Conv, [16, 3, 2]]]
head: {rows}
"""

# A ConvNeXt of a library before the neck and the head of YOLO11.
LIBRARY = """nc: 3
scales:
  n: [0.50, 0.25, 1024]
  s: [0.50, 0.50, 1024]
backbone:
  - {row}
  - [0, 1, Index, [{dims[0]}, {places[0]}]]
  - [0, 1, Index, [{dims[1]}, {places[1]}]]
  - [0, 1, Index, [{dims[2]}, {places[2]}]]
  - [-1, 1, SPPF, [1024, 5]]
  - [-1, 2, C2PSA, [1024]]
head:
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 2], 1, Concat, [1]]
  - [-1, 2, C3k2, [512, False]]
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 1], 1, Concat, [1]]
  - [-1, 2, C3k2, [256, False]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [[-1, 8], 1, Concat, [1]]
  - [-1, 2, C3k2, [512, False]]
  - [-1, 1, Conv, [512, 3, 2]]
  - [[-1, 5], 1, Concat, [1]]
  - [-1, 2, C3k2, [1024, True]]
  - [[11, 14, 17], 1, Detect, [nc]]
"""
TINY, ATTO = [192, 384, 768], [80, 160, 320]


class Detectors(ClientTests):
    script = SCRIPT
    environment = OFFLINE

    def shipped(self, names):
        """Copies of the package's own files under names with a scale."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        models = {}
        for place, (name, file) in enumerate(names.items()):
            shutil.copy(PACKAGE / "cfg/models" / file, f"{holder.name}/{name}.yaml")
            side = 128 if "p6" in name else 64
            models[name] = (f"{holder.name}/{name}.yaml", side, side * (1 + place % 2), False)
        return models

    def test_yolov8_and_yolo11_at_n_and_s(self):
        self.compare(self.shipped({"yolov8n": "v8/yolov8.yaml", "yolov8s": "v8/yolov8.yaml", "yolo11n": "11/yolo11.yaml",
                                   "yolo11s": "11/yolo11.yaml", "yolo11m": "11/yolo11.yaml"}))

    def test_yolo12_at_n_and_s(self):
        self.compare(self.shipped({"yolo12n": "12/yolo12.yaml", "yolo12s": "12/yolo12.yaml"}))

    def library(self, folder, name, row, dims, places):
        path = folder / f"{name}.yaml"
        path.write_text(LIBRARY.format(row=row, dims=dims, places=places))
        return str(path)

    def test_a_convnext_of_a_library_as_backbone(self):
        folder = self.folder()
        tiny = "[-1, 1, TorchVision, [768, convnext_tiny, None, True, 2, True]]"
        models = {
            "torchvision-yolo11n": (self.library(folder, "torchvision-yolo11n", tiny, TINY, [4, 6, 8]), 64, 96, False),
            "torchvision-yolo11s": (self.library(folder, "torchvision-yolo11s", tiny, TINY, [-5, -3, -1]), 96, 64, False),
            "timm-yolo11n": (self.library(
                folder, "timm-yolo11n", "[-1, 1, Timm, [convnext_atto, False, 3, True, [1, 2, 3]]]", ATTO, [0, 1, 2]), 64, 96, False),
            "timm-v2-yolo11s": (self.library(
                folder, "timm-v2-yolo11s", "[-1, 1, Timm, [convnextv2_atto, False, 3, True, [0, 1, 2, 3]]]", ATTO, [1, 2, -1]), 64, 64, False),
        }
        # Without the list: of as many stages as are left.
        for name, row in {"torchvision-whole": "[768, convnext_tiny, None]",
                          "torchvision-truncated": "[384, convnext_tiny, None, True, 4, False]"}.items():
            path = folder / f"{name}.yaml"
            path.write_text(f"nc: 2\nbackbone: [[-1, 1, TorchVision, {row}]]\nhead: [[-1, 1, C2f, [64, True]], [[-1], 1, Detect, [nc]]]\n")
            models[name] = (str(path), 64, 96, False)
        self.compare(models)

    def test_a_convnext_of_any_library_goes_into_it(self):
        from safetensors.torch import load_file

        folder = self.folder()
        self.python(folder, "import sys, torch, torchvision, timm\ntorch.manual_seed(int(sys.argv[1]))\n"
                    "m = torchvision.models.get_model('convnext_tiny', weights=None)\nfor k, v in m.state_dict().items():\n    if k.endswith('scale'): v.normal_(0, 0.1)\n"
                    "torch.save(m.state_dict(), 'tiny.pth')\n"
                    "torch.save(timm.create_model('convnextv2_atto').state_dict(), 'atto.pth')\n", SEED)
        tiny = torch.load(folder / "tiny.pth", weights_only=True)
        suture("edit", folder / "tiny.pth", "-o", folder / "fb.pth", "--naming", "facebookresearch", "--add-prefix", "module.")
        split = self.library(folder, "yolo11n", "[-1, 1, TorchVision, [768, convnext_tiny, None, True, 2, True]]", TINY, [4, 6, 8])
        truncated = self.library(folder, "yolo11s", "[-1, 1, TorchVision, [384, convnext_tiny, DEFAULT, True, 4, True]]", [96, 192, 384], [2, 4, 6])
        for source in ("tiny.pth", "fb.pth"):
            suture("edit", folder / source, "-o", folder / "edited.pth", "--preset", "convnext-ultralytics", "--force")
            load = json.loads(suture("check", folder / "edited.pth", "--into", split, "--json").stdout)["load"]
            # The keys that stay at their initial values are of the neck and the head.
            self.assertEqual((load["loaded"], load["unexpected"], load["mismatched"]), (178, [], []))
            for model, count in ((split, 178), (truncated, 147)):
                built = folder / "built.safetensors"
                suture("build", model, "--backbone", folder / source, "-o", built, "--force")
                ours = {key[len("model.0.m."):]: t for key, t in load_file(built).items() if key.startswith("model.0.")}
                self.assertEqual(len(ours), count)
                for key, tensor in ours.items():
                    self.assertTrue(torch.equal(tensor, tiny["features." + key]), key)
            suture("verify", built, "--model", truncated, "--size", 64)
        timm = self.library(folder, "timm11n", "[-1, 1, Timm, [convnextv2_atto.fcmae_ft_in1k, True, 3, True, [1, 2, 3]]]", ATTO, [0, 1, 2])
        suture("build", timm, "--backbone", folder / "atto.pth", "-o", built, "--force")
        ours, atto = load_file(built), torch.load(folder / "atto.pth", weights_only=True)
        backbone = {key: t for key, t in ours.items() if key.startswith("model.0.")}
        for key, tensor in backbone.items():
            self.assertTrue(torch.equal(tensor, atto[key[len("model.0.m."):].replace("_", ".", 1)]), key)
        self.assertEqual(len(backbone), len([key for key in atto if not key.startswith("head")]))

    def test_a_file_of_all_scales_stands_for_each(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(PACKAGE / "cfg/models/11/yolo11.yaml", folder)
            suture("build", f"{folder}/yolo11s.yaml", "-o", f"{folder}/s.safetensors")
            report = json.loads(suture("check", f"{folder}/s.safetensors", "--into", f"{folder}/yolo11s.yaml", "--json").stdout)
            self.assertEqual((report["load"]["loaded"], report["load"]["assumed"]), (499, []))

    def test_the_client_transfers_every_item_of_what_is_written_for_it(self):
        from safetensors.torch import load_file

        models, folder = self.shipped({"yolo11n": "11/yolo11.yaml", "yolov8s": "v8/yolov8.yaml"}), self.folder()
        own = self.library(folder, "torchvision-yolo11n", "[-1, 1, TorchVision, [768, convnext_tiny, None, True, 2, True]]", TINY, [4, 6, 8])
        script = '''
import sys, torch
from safetensors.torch import save_file
from ultralytics import YOLO
for path, file in zip(sys.argv[1::2], sys.argv[2::2]):
    model = YOLO(path, task="detect").load(file)
    save_file({k: v.contiguous() for k, v in model.model.state_dict().items()}, file + ".safetensors")
'''
        paths = {**{name: path for name, (path, *_) in models.items()}, "own": own}
        words = []
        for name, path in paths.items():
            file = folder / f"{name}.pt"
            suture("build", path, "-o", file, "--as", "ultralytics", "--seed", SEED)
            words += [path, file]
            # The model file lies in it. The blocks of a backbone that nobody put there are untrained.
            suture("verify", file, "--size", 64, expect=int(name == "own"))
        # Whose weights they were does not matter: it is the state dict that is transferred.
        suture("convert", folder / "yolo11n.pt", "-o", folder / "again.pt", "--as", "ultralytics")
        words += [paths["yolo11n"], folder / "again.pt"]
        for safe in ("0", "1"):
            self.environment = {**OFFLINE, "ULTRALYTICS_SAFE_LOAD": safe}
            said = self.python(folder, script, *words)
            for file in words[1::2]:
                ours = load_file(f"{file}.safetensors")
                self.assertIn(f"Transferred {len(ours)}/{len(ours)} items from pretrained weights", said)
                built = torch.load(file, weights_only=False)["model"].state_dict()
                self.assertEqual(set(built), set(ours))
                for key, tensor in ours.items():
                    self.assertTrue(torch.equal(tensor, built[key]), key)
        print(f"  the client transfers every item into {', '.join(paths)}")

    def test_the_boxes_of_a_photograph_are_the_client_s(self):
        folder, photo = self.folder(), ROOT / "Fixtures/Photos/chelsea.png"
        models = self.shipped({"yolov8n": "v8/yolov8.yaml", "yolo11n": "11/yolo11.yaml", "yolov5n-p6": "v5/yolov5-p6.yaml"})
        script = '''
import cv2, json, sys, torch
from ultralytics import YOLO
from ultralytics.nn.tasks import DetectionModel
generator = torch.Generator().manual_seed(int(sys.argv[1]))
told = {}
for path in sys.argv[3:]:
    m = DetectionModel(path, ch=3, nc=5, verbose=False).eval()
    for key, t in m.state_dict().items():
        if not t.is_floating_point() or "dfl" in key: continue
        noise = torch.randn(t.shape, generator=generator)
        if key.endswith("running_var"): t.copy_(0.5 + noise.abs())
        elif t.ndim == 1 and key.endswith("weight"): t.copy_(1 + 0.2 * noise)
        elif t.ndim == 1: t.copy_(0.2 * noise)
        else: t.copy_(1.3 * noise / t[0].numel() ** 0.5)
    # So that some hundred boxes of the picture are over the threshold.
    x = torch.from_numpy(cv2.resize(cv2.imread(sys.argv[2]), (640, 448))[:, :, ::-1].copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad(): scores = m(x)[0][0, 4:].amax(0).logit().sort(descending=True).values
    for key, t in m.state_dict().items():
        if "cv3" in key and key.endswith(".2.bias"): t -= scores[300] + 1.1
    m.names = dict(enumerate(("cat", "dog", "bird", "fish", "cow")))
    torch.save({"epoch": -1, "model": m, "ema": None}, path + ".pt")
    told[path] = []
    for words in ({}, {"conf": 0.1, "iou": 0.2, "max_det": 7, "imgsz": 320}):
        boxes = YOLO(path + ".pt").predict(sys.argv[2], verbose=False, device="cpu", **words)[0].boxes
        told[path].append(torch.cat([boxes.cls[:, None], boxes.conf[:, None], boxes.xyxy], 1).tolist())
print("TOLD" + json.dumps(told))
'''
        said = self.python(folder, script, SEED, photo, *(path for path, *_ in models.values()))
        told = json.loads(said.split("TOLD")[1])
        names = ["cat", "dog", "bird", "fish", "cow"]
        for path, theirs in told.items():
            self.boxes(theirs[0], f"{path}.pt", photo, (0.25, 0.7, 300), names, said=False)
            self.boxes(theirs[1], f"{path}.pt", photo, (0.1, 0.2, 7), names)

    def test_the_other_detectors_of_these_modules(self):
        self.compare(self.shipped({
            "yolov8n-p2": "v8/yolov8-p2.yaml", "yolov8n-ghost": "v8/yolov8-ghost.yaml",
            "yolov5n": "v5/yolov5.yaml", "yolov5n-p6": "v5/yolov5-p6.yaml", "yolov6n": "v6/yolov6.yaml",
            "yolov3-tiny": "v3/yolov3-tiny.yaml"}))

    def test_each_module_alone(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        models = {}
        for place, (name, rows) in enumerate(ROWS.items()):
            path = Path(holder.name) / f"{name}.yaml"
            path.write_text(SMALL.format(bins=(16, 4, 1)[place % 3], rows=rows[:-1] + ", [[-1], 1, Detect, [nc]]]"))
            models[name] = (str(path), 64, 96, False)
        self.compare(models)

    def test_fused_models_run(self):
        models = {name: (path, height, width, True) for name, (path, height, width, _) in self.shipped(
            {"yolov8n": "v8/yolov8.yaml", "yolo11n": "11/yolo11.yaml"}).items()}
        folder, _ = self.client(models)
        for name, (path, *_) in models.items():
            raw, decoded = self.errors(folder, folder / f"{name}.pth", name, ["--model", path])
            print(f"  fused {name}: raw {raw:.1e}, decoded {decoded:.1e}")

    def test_a_trained_file_needs_no_model_file(self):
        models = self.shipped({"yolov8n": "v8/yolov8.yaml", "yolo11s": "11/yolo11.yaml"})
        folder, _ = self.client(models)
        for name, (path, *_) in models.items():
            raw, decoded = self.errors(folder, folder / f"{name}.pt", name, [], end=".half")
            print(f"  {name}.pt: raw {raw:.1e}, decoded {decoded:.1e}")
            told = json.loads(suture("inspect", folder / f"{name}.pt", "--json").stdout)["trained_model"]
            self.assertEqual((told["class"], told["classes"]), ("ultralytics.nn.tasks.DetectionModel", 80))
            self.assertEqual((told["strides"], told["date"], told["fused"]), ([8, 16, 32], "2026-03-01T10:00:00", False))
            suture("check", folder / f"{name}.pt", "--into", path)
            suture("convert", folder / f"{name}.pt", "-o", folder / f"{name}.safetensors")
            self.errors(folder, folder / f"{name}.safetensors", name, ["--model", path], end=".half")


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main()
