"""Detectors that the tests compare a model file's network with: a YOLOv5 in PyTorch around ConvNeXt's stages, written from
its published behaviour as functions over a state dict, which runs in the dtype of its tensors; and what a client makes.
"""
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F

from harness import SEED, suture

ANCHORS = [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]]


def rows(depths, dims, nc):
    """The layers of the article's model file, scaled to the backbone."""
    big, small = dims[3], dims[2]
    return [
        *([-1, 1, "ConvNeXt_Block", [dims[i], i, 3, list(depths), list(dims)]] for i in range(4)),
        [-1, 1, "Conv", [big, 1, 1]], [-1, 1, "nn.Upsample", [None, 2, "nearest"]],
        [[-1, 2], 1, "Concat", [1]], [-1, 3, "C3", [big, False]],
        [-1, 1, "Conv", [small, 1, 1]], [-1, 1, "nn.Upsample", [None, 2, "nearest"]],
        [[-1, 1], 1, "Concat", [1]], [-1, 3, "C3", [small, False]],
        [-1, 1, "Conv", [small, 3, 2]], [[-1, 8], 1, "Concat", [1]], [-1, 3, "C3", [big, True]],
        [-1, 1, "Conv", [big, 3, 2]], [[-1, 4], 1, "Concat", [1]], [-1, 3, "C3", [big, False]],
        [[11, 14, 17], 1, "Detect", ["nc", "anchors"]],
    ]


def text(depths, dims, nc, depth_multiple=0.33, width_multiple=0.5, more=""):
    def spell(value):
        if isinstance(value, list):
            return "[" + ", ".join(map(spell, value)) + "]"
        return str(value)

    layers = rows(depths, dims, nc)
    head = "\n".join(f"  - {spell(row)}" for row in layers[4:])
    backbone = "\n".join(f"  - {spell(row)}" for row in layers[:4])
    anchors = "\n".join(f"  - {level}" for level in ANCHORS)
    return (
        f"{more}nc: {nc}\ndepth_multiple: {depth_multiple}\nwidth_multiple: {width_multiple}\nanchors:\n{anchors}\n"
        f"backbone:\n{backbone}\nhead:\n{head}\n"
    )


class Detector:
    """The network of `text`; `shapes` are the tensors that its neck and head need."""

    def __init__(self, depths, dims, nc, backbone, depth_multiple=0.33, width_multiple=0.5, act=F.silu, eps=1e-3):
        self.act, self.eps = act, eps
        self.layers, self.nc, self.backbone = rows(depths, dims, nc), nc, backbone
        self.gd, self.gw, self.shapes, self.channels = depth_multiple, width_multiple, {}, []
        for i, (source, n, kind, args) in enumerate(self.layers):
            n = max(round(n * self.gd), 1) if n > 1 else n
            sources = source if isinstance(source, list) else [source]
            c1 = [3 if i == 0 else self.channels[s] for s in sources]
            c2 = c1[0]
            if kind == "ConvNeXt_Block":
                c2 = args[0]
            elif kind in ("Conv", "C3"):
                c2 = args[0] if args[0] == 3 * (nc + 5) else math.ceil(args[0] * self.gw / 8) * 8
                if kind == "Conv":
                    self.conv(f"model.{i}", c1[0], c2, args[1])
                else:
                    hidden = c2 // 2
                    self.conv(f"model.{i}.cv1", c1[0], hidden, 1)
                    self.conv(f"model.{i}.cv2", c1[0], hidden, 1)
                    self.conv(f"model.{i}.cv3", 2 * hidden, c2, 1)
                    for j in range(n):
                        self.conv(f"model.{i}.m.{j}.cv1", hidden, hidden, 1)
                        self.conv(f"model.{i}.m.{j}.cv2", hidden, hidden, 3)
            elif kind == "Concat":
                c2 = sum(c1)
            elif kind == "Detect":
                for j, c in enumerate(c1):
                    self.shapes[f"model.{i}.m.{j}.weight"] = (3 * (nc + 5), c, 1, 1)
                    self.shapes[f"model.{i}.m.{j}.bias"] = (3 * (nc + 5),)
            self.layers[i] = [source, n, kind, args]
            self.channels.append(c2)

    def conv(self, start, c1, c2, k):
        self.shapes[start + ".conv.weight"] = (c2, c1, k, k)
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.shapes[f"{start}.bn.{name}"] = (c2,)

    def weights(self, seed):
        generator = torch.Generator().manual_seed(seed)
        state = {}
        for name, shape in self.shapes.items():
            noise = torch.randn(shape, generator=generator)
            if len(shape) > 1:
                state[name] = 1.5 * noise / math.prod(shape[1:]) ** 0.5
            elif name.endswith("running_var"):
                state[name] = 0.5 + noise.abs()
            elif name.endswith("bn.weight"):
                state[name] = 1 + 0.2 * noise
            else:
                state[name] = 0.2 * noise
        strides = torch.tensor([8.0, 16.0, 32.0]).view(3, 1, 1)
        state[f"model.{len(self.layers) - 1}.anchors"] = torch.tensor(ANCHORS).float().view(3, 3, 2) / strides
        return state

    def outputs(self, state, x):
        """layer.N, detect.raw.N and detect.decoded; `self.backbone(i, x)` runs a stage."""
        maps, result = [], {}

        def conv(start, x, k=1, s=1):
            x = F.conv2d(x, state[start + ".conv.weight"], stride=s, padding=k // 2)
            p = [state[f"{start}.bn.{n}"] for n in ("running_mean", "running_var", "weight", "bias")]
            return self.act(F.batch_norm(x, *p, eps=self.eps))

        for i, (source, n, kind, args) in enumerate(self.layers):
            sources = source if isinstance(source, list) else [source]
            xs = [x if i == 0 else maps[s] for s in sources]
            start = f"model.{i}"
            if kind == "ConvNeXt_Block":
                y = self.backbone(i, xs[0])
            elif kind == "Conv":
                y = conv(start, xs[0], args[1], args[2])
            elif kind == "C3":
                y = conv(start + ".cv1", xs[0])
                for j in range(n):
                    z = conv(f"{start}.m.{j}.cv2", conv(f"{start}.m.{j}.cv1", y), 3)
                    y = y + z if args[1] else z
                y = conv(start + ".cv3", torch.cat((y, conv(start + ".cv2", xs[0])), 1))
            elif kind == "Concat":
                y = torch.cat(xs, 1)
            elif kind == "nn.Upsample":
                y = F.interpolate(xs[0], scale_factor=2, mode="nearest")
            else:
                result.update(self.detect(state, start, xs))
                break
            maps.append(y)
            result[f"layer.{i}"] = y
        return result

    def detect(self, state, start, xs):
        result, boxes = {}, []
        for j, (x, stride) in enumerate(zip(xs, (8, 16, 32))):
            y = F.conv2d(x, state[f"{start}.m.{j}.weight"], state[f"{start}.m.{j}.bias"])
            b, _, h, w = y.shape
            y = y.view(b, 3, self.nc + 5, h, w).permute(0, 1, 3, 4, 2).contiguous()
            result[f"detect.raw.{j}"] = y
            s = y.sigmoid()
            gy, gx = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            xy = (s[..., :2] * 2 - 0.5 + torch.stack((gx, gy), 2)) * stride
            wh = (s[..., 2:4] * 2) ** 2 * (state[start + ".anchors"][j] * stride).view(1, 3, 1, 1, 2)
            boxes.append(torch.cat((xy, wh, s[..., 4:]), -1).view(b, -1, self.nc + 5))
        result["detect.decoded"] = torch.cat(boxes, 1)
        return result


class ClientTests(unittest.TestCase):
    """Compares what the command says of model files with what the client of them makes of them."""

    # A program that reads {name: [path, height, width, fuses]} from the file that it is given behind the seed, writes
    # NAME.pth, NAME.x.safetensors and NAME.raw.safetensors of each, and what it tells of them beside that file.
    script = ""
    environment = {}

    def folder(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        return Path(holder.name)

    def python(self, folder, script, *words):
        (folder / "make.py").write_text(script)
        environment = {**os.environ, "YOLO_AUTOINSTALL": "false", "HF_HUB_OFFLINE": "1", "YOLO_CONFIG_DIR": str(folder),
                       "YOLOV5_CONFIG_DIR": str(folder), **self.environment}
        done = subprocess.run([sys.executable, "-W", "ignore", "make.py", *map(str, words)], cwd=folder, env=environment,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-4000:])
        return done.stdout

    def client(self, models):
        """What the client makes of model files: name to path, height, width, whether it fuses."""
        folder = self.folder()
        (folder / "models.json").write_text(json.dumps(models))
        self.python(folder, self.script, SEED, "models.json")
        return folder, json.loads((folder / "models.json.told").read_text())

    def errors(self, folder, file, name, model, end=".raw"):
        proof = ["--input", folder / f"{name}.x.safetensors", "--expect", folder / f"{name}{end}.safetensors", "--tolerance", 1e-4, "--json"]
        report = json.loads(suture("verify", file, *model, *proof).stdout)
        found = {check["name"]: check["error"] for check in report["checks"] if check["name"].startswith("detect.")}
        self.assertIn("detect.decoded", found)
        for check, error in found.items():
            self.assertLess(error, 1e-5 if check == "detect.decoded" else 5e-6, f"{name}: {check}")
        return max(error for check, error in found.items() if ".raw." in check), found["detect.decoded"]

    def alike(self, name, key, ours, new):
        """What the command draws anew beside mean and deviation of what the client drew."""
        mean, deviation = new
        own, count = ours.double(), ours.numel()
        if count >= 500:
            # Both are drawn from the same distribution: six standard errors apart at most.
            self.assertLess(abs(own.mean().item() - mean), 6 * deviation * (2 / count) ** 0.5 + 1e-9, f"{name}: {key}")
            self.assertLess(abs(own.std().item() - deviation), 6 * deviation * (1 / count) ** 0.5 + 0.02 * deviation + 1e-9, f"{name}: {key}")
        elif deviation == 0 or "dfl" in key:
            self.assertAlmostEqual(own.mean().item(), mean, 5, f"{name}: {key}")

    def compare(self, models):
        from safetensors import safe_open

        folder, told = self.client(models)

        def one(name):
            path, state = models[name][0], folder / f"{name}.pth"
            load = json.loads(suture("check", state, "--into", path, "--json").stdout)["load"]
            self.assertEqual(load["keys"]["file"], load["keys"]["base"], name)
            self.assertEqual(load["keys"]["base"], load["loaded"], name)
            built = folder / f"{name}-built.safetensors"
            suture("build", path, "-o", built, "--seed", SEED)
            theirs, new = torch.load(state, weights_only=True, map_location="cpu"), told[name].get("new", {})
            with safe_open(built, "pt") as ours:
                self.assertEqual(set(ours.keys()), set(theirs), name)
                for key in ours.keys():
                    self.assertEqual(list(ours.get_slice(key).get_shape()), list(theirs[key].shape), f"{name}: {key}")
                    if key in new:
                        self.alike(name, key, ours.get_tensor(key), new[key])
            raw, decoded = self.errors(folder, state, name, ["--model", path])
            return name, load["keys"]["base"], told[name]["parameters"], raw, decoded

        with ThreadPoolExecutor(2) as pool:
            rows = list(pool.map(one, models))
        for name, keys, parameters, raw, decoded in rows:
            print(f"  {name}: {keys} keys, {parameters} parameters, raw {raw:.1e}, decoded {decoded:.1e}")
        return folder

    def boxes(self, theirs, file, photo, limits, names, said=True):
        """The boxes that the client found, rows of class, score and corners, beside those of the command. Both have the same
        limits: of confidence, of overlap and of number; said: whether the command is told of them, or has them of itself."""
        sure, most_shared, most = limits
        options = ["--conf", sure, "--iou", most_shared, "--max-det", most, "--letterbox", 320] if said else []
        found = json.loads(suture("verify", file, "--image", photo, *options, "--json").stdout)["detections"]
        ours = [(box["index"], box["score"], *box["box"]) for box in found["boxes"]]
        for box in found["boxes"]:
            self.assertEqual(box["name"], names[box["index"]] if names else None)
        self.assertGreater(len(theirs), 0)
        width, height = struct.unpack(">II", Path(photo).read_bytes()[16:24])

        def near(one, other):
            return one[0] == other[0] and abs(one[1] - other[1]) < 1e-4 and max(abs(a - b) for a, b in zip(one[2:], other[2:])) < 0.05

        def without(these, others):
            return [one for one in these if not any(near(one, other) for other in others)]

        def shared(one, other):
            """How much two boxes overlap, and how much they may have before the edge of the picture cut them."""
            sides = [max(0, min(one[4 + axis], other[4 + axis]) - max(one[2 + axis], other[2 + axis])) for axis in (0, 1)]
            both, *areas = sides[0] * sides[1], *((box[4] - box[2]) * (box[5] - box[3]) for box in (one, other))
            part = both / (sum(areas) - both)
            cut = any(min(box[2:4]) <= 0 or box[4] >= width or box[5] >= height for box in (one, other))
            return part, 1 if cut and both > 0 else part

        # Of two boxes that overlap too much the surer is kept, and which of them that is may be a matter of float32's last bits.
        # What lay under the one then stands, what lay under the other falls, and so on: one tie may make many boxes differ. So
        # each that one of the programs lacks must lie there under a box no less sure, which it alone has or which is at a limit.
        def explained(one, kept, alone):
            if abs(one[1] - sure) < 1e-4 or len(kept) == most and one[1] < kept[-1][1] + 1e-4:
                return True
            for other in (other for other in kept if other[0] == one[0] and other[1] > one[1] - 1e-4):
                part, largest = shared(one, other)
                if other in alone and largest > most_shared - 1e-4 or abs(part - most_shared) < 1e-4:
                    return True
            return False

        lost, added = without(theirs, ours), without(ours, theirs)
        for one, kept, alone in [(one, ours, added) for one in lost] + [(one, theirs, lost) for one in added]:
            self.assertTrue(explained(one, kept, alone), f"{file}: {one} of {len(theirs)} or {len(ours)} only")
        unlike = lost + added
        self.assertLessEqual(len(unlike), max(4, len(theirs) / 10), file)
        far = max(max(abs(a - b) for a, b in zip(one[1:], min(ours, key=lambda own: sum(map(lambda a, b: abs(a - b), own, one)))[1:])) for one in theirs if one not in unlike)
        print(f"  {Path(file).name}: {len(theirs)} boxes as the client finds them, {far:.0e} apart, {len(unlike)} unlike")
