#!/usr/bin/env python3
"""What `suture verify` computes, against PyTorch in float64.

    SUTURE=path/to/suture python Tests/Interop/test_runtime.py

Needs torch and safetensors; where they are missing it says so and skips.
"""
import json
import tempfile
import unittest
from pathlib import Path

from harness import ROOT, SEED, suture

import torch
from safetensors.torch import save_file

import torchvision_tiny
import detector

import convnext

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)

# Those that are computed, with arguments and without.
ACTIVATIONS = [
    "nn.GELU()", "nn.GELU(approximate='tanh')", "nn.SiLU()", "nn.ReLU()", "nn.ReLU6()", "nn.LeakyReLU()",
    "nn.LeakyReLU(0.1)", "nn.RReLU()", "nn.Hardswish()", "nn.Mish()", "nn.ELU()", "nn.ELU(0.5)", "nn.CELU(1.7)",
    "nn.SELU()", "nn.Sigmoid()", "nn.Tanh()", "nn.Softplus()", "nn.Softplus(2)", "nn.Hardtanh()",
    "nn.Hardtanh(-0.5, 2)", "nn.Hardsigmoid()", "nn.LogSigmoid()", "nn.Identity()",
]


def names(scheme, key):
    """facebookresearch's key as timm, torchvision, transformers or OpenMMLab spell it."""
    parts = key.split(".")
    leaf = parts[-1]
    if parts[0] == "stages":
        stage, block, rest = int(parts[1]), parts[2], ".".join(parts[3:])
        part, dot, leaf = rest.rpartition(".")
        part = part or "gamma"
        table = {
            "timm": ("conv_dw", "norm", "mlp.fc1", "mlp.fc2", "gamma", f"stages.{stage}.blocks.{block}."),
            "torchvision": ("block.0", "block.2", "block.3", "block.5", "layer_scale",
                            f"features.{2 * stage + 1}.{block}."),
            "transformers": ("dwconv", "layernorm", "pwconv1", "pwconv2", "layer_scale_parameter",
                             f"convnext.encoder.stages.{stage}.layers.{block}."),
            "OpenMMLab": ("depthwise_conv", "norm", "pointwise_conv1", "pointwise_conv2", "gamma",
                          f"backbone.stages.{stage}.{block}."),
        }[scheme]
        place = ("dwconv", "norm", "pwconv1", "pwconv2", "gamma").index(part)
        return table[5] + table[place] + (f".{leaf}" if dot else "")
    if parts[0] == "downsample_layers":
        stage, layer = int(parts[1]), parts[2]
        if scheme == "transformers" and stage == 0:
            return f"convnext.embeddings.{('patch_embeddings', 'layernorm')[int(layer)]}.{leaf}"
        return {
            "timm": f"stem.{layer}.{leaf}" if stage == 0 else f"stages.{stage}.downsample.{layer}.{leaf}",
            "torchvision": f"features.{2 * stage}.{layer}.{leaf}",
            "transformers": f"convnext.encoder.stages.{stage}.downsampling_layer.{layer}.{leaf}",
            "OpenMMLab": f"backbone.{key}",
        }[scheme]
    return {
        "timm": {"norm": "head.norm", "head": "head.fc"},
        "torchvision": {"norm": "classifier.0", "head": "classifier.2"},
        "transformers": {"norm": "convnext.layernorm", "head": "classifier"},
        "OpenMMLab": {"norm": "backbone.norm3", "head": "head.fc"},
    }[scheme][parts[0]] + f".{leaf}"


class TheNetwork(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def verify(self, checkpoint, inputs, expected, *words, tolerance=5e-6):
        save_file(inputs, self.folder / "input.safetensors")
        save_file({k: v.float().contiguous() for k, v in expected.items()}, self.folder / "expected.safetensors")
        said = suture(
            "verify", checkpoint, "--expect", self.folder / "expected.safetensors", "--input",
            self.folder / "input.safetensors", "--json", "--tolerance", tolerance, *words)
        checks = {c["name"]: c["error"] for c in json.loads(said.stdout)["checks"]}
        worst = max(checks[name] for name in expected)
        print(f"  {self.id().split('.')[-1]}: farthest from float64 {worst:.1e} of the peak")
        return checks

    def model(self, variant, seed, classes=10):
        depths, dims = convnext.VARIANTS[variant]
        return convnext.randomize(convnext.ConvNeXt(depths, dims, classes), seed).eval()

    def check(self, model, shape, *words, dtype=torch.float32):
        state = {k: v.to(dtype) for k, v in model.state_dict().items()}
        torch.save({"model": state}, self.folder / "checkpoint.pth")
        x = torch.randn(*shape, generator=torch.Generator().manual_seed(SEED))
        model = model.double()
        model.load_state_dict({k: v.double() for k, v in state.items()})
        with torch.no_grad():
            expected = model.outputs(x.double())
        self.verify(self.folder / "checkpoint.pth", {"normalized": x}, expected, *words)

    def test_any_size_of_image(self):
        for shape in ((1, 3, 97, 131), (3, 3, 64, 33), (1, 3, 32, 32), (2, 3, 63, 32), (1, 3, 224, 224)):
            self.check(self.model("odd", SEED), shape)

    def test_reference_engine(self):
        self.check(self.model("micro", SEED), (1, 3, 40, 72), "--engine", "reference")

    def test_half_precision(self):
        for dtype in (torch.float16, torch.bfloat16, torch.float64):
            self.check(self.model("micro", SEED), (1, 3, 64, 64), dtype=dtype)

    def test_tiny(self):
        self.check(self.model("tiny", SEED, 1000), (1, 3, 160, 128))

    def test_every_naming_scheme(self):
        model = self.model("micro", SEED)
        x = torch.randn(1, 3, 64, 64)
        with torch.no_grad():
            expected = model.double().outputs(x.double())
        for scheme in ("timm", "torchvision", "transformers", "OpenMMLab"):
            for prefix in ("", "module."):
                state = {}
                for key, value in model.float().state_dict().items():
                    if scheme == "torchvision" and key.endswith("gamma"):
                        value = value.view(-1, 1, 1)
                    # timm with conv_mlp: 1×1 convolutions.
                    if scheme == "timm" and "pwconv" in key and key.endswith("weight"):
                        value = value[:, :, None, None]
                    state[prefix + names(scheme, key)] = value
                torch.save(state, self.folder / "named.pth")
                wanted = dict(expected)
                if scheme == "transformers":
                    # Its last norm adds 1e-12 to the variance.
                    pooled = expected["feature.3"].mean((-2, -1))
                    norm = model.double().norm
                    wanted["pooled"] = torch.nn.functional.layer_norm(
                        pooled, pooled.shape[-1:], norm.weight, norm.bias, 1e-12).detach()
                    wanted["logits"] = model.head(wanted["pooled"]).detach()
                self.verify(self.folder / "named.pth", {"normalized": x}, wanted)

    def test_torchvisions_recorded_output(self):
        state = torchvision_tiny.state_dict()
        x = torch.rand(1, 3, 224, 224)
        torch.save(state, self.folder / "tiny.pth")
        recorded = torch.load(ROOT / "Fixtures/Real/torchvision-0.14.1/ModelTester.test_convnext_tiny_expect.pkl")
        save_file({"normalized": x}, self.folder / "input.safetensors")
        save_file({"logits": recorded}, self.folder / "expected.safetensors")
        # Layer scales as they are before training: verify must say so, and it does.
        said = suture(
            "verify", self.folder / "tiny.pth", "--expect", self.folder / "expected.safetensors", "--input",
            self.folder / "input.safetensors", "--json", expect=1)
        checks = {c["name"]: c for c in json.loads(said.stdout)["checks"]}
        print(f"  torchvision's recorded output: off by {checks['logits']['error']:.1e} of the peak")
        self.assertLess(checks["logits"]["error"], 1e-6)
        self.assertFalse(checks["layer_scale"]["passed"])
        self.assertIn("18 of 18", checks["layer_scale"]["detail"])

    def test_the_detector(self):
        for variant, size, batch in (("micro", (64, 96), 2), ("odd", (96, 64), 1)):
            depths, dims = convnext.VARIANTS[variant]
            backbones = [self.model(variant, SEED + i).double() for i in range(4)]
            network = detector.Detector(depths, dims, 4, lambda i, x: backbones[i].stage(i, x))
            state = network.weights(SEED)
            for i, backbone in enumerate(backbones):
                for key, value in backbone.state_dict().items():
                    if not key.startswith(("norm", "head")):
                        state[f"model.{i}.{key}"] = value.float()
            torch.save(state, self.folder / "detector.pth")
            (self.folder / "model.yaml").write_text(detector.text(depths, dims, 4))
            x = torch.rand(batch, 3, *size)
            with torch.no_grad():
                expected = network.outputs({k: v.double() for k, v in state.items()}, x.double())
            save_file({"image": x}, self.folder / "input.safetensors")
            save_file({k: v.float().contiguous() for k, v in expected.items()}, self.folder / "expected.safetensors")
            # Four backbones that differ, as in a detector that was trained: each layer reads its own stage alone.
            said = suture(
                "verify", self.folder / "detector.pth", "--model", self.folder / "model.yaml", "--expect",
                self.folder / "expected.safetensors", "--input", self.folder / "input.safetensors", "--json")
            checks = {c["name"]: c for c in json.loads(said.stdout)["checks"]}
            self.assertEqual([n for n, c in checks.items() if not c["passed"]], [])
            self.assertIn("differ from those of the first where no forward pass reads", checks["replicas"]["detail"])
            worst = max(checks[n]["error"] for n in expected)
            print(f"  the detector of {variant}: farthest from float64 {worst:.1e} of the peak")
            self.assertLess(worst, 5e-6)

    def test_every_activation_of_blocks_is_torchs_on_every_engine(self):
        depths, dims = convnext.VARIANTS["micro"]
        x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(SEED))
        for text in ACTIVATIONS:
            make = lambda: eval(text, {"nn": torch.nn})
            model = convnext.randomize(convnext.ConvNeXt(depths, dims, act=make), SEED).eval()
            torch.save(model.state_dict(), self.folder / "state.pth")
            torch.save({"model": model}, self.folder / "module.pth")
            with torch.no_grad():
                expected = model.double().outputs(x.double())
            for engine in ("fast", "onednn", "reference"):
                self.verify(
                    self.folder / "state.pth", {"normalized": x}, expected, "--activation", text, "--engine", engine)
            # A module that was pickled whole says it by itself.
            self.verify(self.folder / "module.pth", {"normalized": x}, expected)
            if text != "nn.GELU()":
                self.assertRaises(AssertionError, self.verify, self.folder / "state.pth", {"normalized": x}, expected)

    def test_eps_is_what_a_module_says_or_who_asks(self):
        depths, dims = convnext.VARIANTS["micro"]
        model = convnext.randomize(convnext.ConvNeXt(depths, dims, eps=1e-2), SEED).eval()
        torch.save(model.state_dict(), self.folder / "state.pth")
        torch.save(model, self.folder / "module.pth")
        x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(SEED))
        with torch.no_grad():
            expected = model.double().outputs(x.double())
        self.verify(self.folder / "state.pth", {"normalized": x}, expected, "--eps", "0.01")
        self.verify(self.folder / "module.pth", {"normalized": x}, expected)
        self.assertRaises(AssertionError, self.verify, self.folder / "state.pth", {"normalized": x}, expected)
        # Assumed is what nobody says.
        def assumed(*words):
            report = json.loads(suture("verify", *words, "--size", 64, "--json").stdout)
            return [(a["what"], a["value"]) for a in report["assumed"]]

        self.assertEqual(assumed(self.folder / "module.pth"), [])
        self.assertEqual(
            assumed(self.folder / "state.pth"), [("layer_norm.eps", "1e-06"), ("activation", "nn.GELU()")])
        # One network is one network: the backbone cut out of the module is run as that.
        suture("edit", self.folder / "module.pth", "-o", self.folder / "cut.pth", "--preset", "convnext-yolov5")
        report = json.loads(suture(
            "verify", self.folder / "cut.pth", "--against", self.folder / "module.pth", "--size", 64, "--json").stdout)
        self.assertEqual(report["assumed"], [])

    def test_blocks_at_any_layers(self):
        """A model of YOLOv5's kind whose blocks stand at other layers than their stages, pickled and as a state dict."""
        depths, dims = convnext.VARIANTS["micro"]
        for places in ((4, 5, 6, 7), (1, 2, 8, 11), (9, 10, 11, 12)):
            blocks = [convnext.randomize(convnext.BackboneLayer(i, depths, dims), SEED + i).eval() for i in range(4)]
            model = torch.nn.Module()
            model.model = torch.nn.ModuleList([torch.nn.Identity() for _ in range(13)])
            for place, block in zip(places, blocks):
                model.model[place] = block
            state = model.state_dict()
            torch.save(state, self.folder / "state.pth")
            save_file(state, self.folder / "state.safetensors")
            torch.save({"model": model}, self.folder / "module.pth")
            live = {
                f"model.{place}.{key}" for stage, place in enumerate(places) for key in blocks[stage].state_dict()
                if key.startswith((f"stages.{stage}.", f"downsample_layers.{stage}."))}
            x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(SEED))
            expected, y = {}, x.double()
            with torch.no_grad():
                for stage, block in enumerate(blocks):
                    expected[f"feature.{stage}"] = y = block.double()(y)
            for name in ("state.pth", "state.safetensors", "module.pth"):
                self.verify(self.folder / name, {"normalized": x}, expected)
                out = self.folder / "live.pth"
                suture("edit", self.folder / name, "-o", out, "--live-only", "--force")
                self.assertEqual(set(torch.load(out, weights_only=True)), live)
                self.verify(out, {"normalized": x}, expected)

    def test_every_activation_of_a_model_file_is_torchs(self):
        depths, dims = convnext.VARIANTS["micro"]
        backbones = [self.model("micro", SEED + i).double() for i in range(4)]
        x = torch.rand(1, 3, 64, 64)
        save_file({"image": x}, self.folder / "input.safetensors")
        for number, text in enumerate(ACTIVATIONS + ["nn.LeakyReLU(negative_slope=0.2, inplace=True)"]):
            act, eps = eval(text, {"nn": torch.nn}).eval(), (1e-3, 1e-5)[number % 2]
            network = detector.Detector(
                depths, dims, 4, lambda i, x: backbones[i].to(x.dtype).stage(i, x), act=lambda x: act(x.clone()), eps=eps)
            state = network.weights(SEED)
            for i, backbone in enumerate(backbones):
                for key, value in backbone.state_dict().items():
                    if not key.startswith(("norm", "head")):
                        state[f"model.{i}.{key}"] = value.float()
            torch.save(state, self.folder / "detector.pth")
            (self.folder / "model.yaml").write_text(detector.text(depths, dims, 4, more=f'activation: "{text}"\n'))
            with torch.no_grad():
                expected = network.outputs({k: v.double() for k, v in state.items()}, x.double())
                single = network.outputs(state, x)
            # Some of these nets make every rounding error larger from layer to layer, in PyTorch's float32 too.
            bounds = {
                n: max(5e-6, 8 * ((single[n] - y).abs().max() / y.abs().max()).item()) for n, y in expected.items()}
            # A box is as far off as the numbers before the sigmoid, which without an activation are large.
            bounds["detect.decoded"] = 5e-6 * max(
                2, *(y.abs().max().item() for n, y in expected.items() if n.startswith("detect.raw")))
            save_file({k: v.float().contiguous() for k, v in expected.items()}, self.folder / "expected.safetensors")
            for engine in ("fast", "onednn", "reference"):
                said = suture(
                    "verify", self.folder / "detector.pth", "--model", self.folder / "model.yaml", "--expect",
                    self.folder / "expected.safetensors", "--input", self.folder / "input.safetensors", "--json",
                    "--engine", engine, "--eps", f"batch_norm={eps}", "--tolerance", 1e-3)
                errors = {c["name"]: c["error"] for c in json.loads(said.stdout)["checks"]}
                self.assertEqual([(n, errors[n], b) for n, b in bounds.items() if errors[n] > b], [], (text, engine))

    def test_what_does_not_fit_is_refused(self):
        model = self.model("micro", SEED)
        x = {"normalized": torch.randn(1, 3, 64, 64)}
        save_file(x, self.folder / "x.safetensors")

        def refused(state, code, *words):
            torch.save(state, self.folder / "bad.pth")
            said = suture("verify", self.folder / "bad.pth", "--input", self.folder / "x.safetensors", expect=code)
            for word in words:
                self.assertIn(word, said.stderr + said.stdout)

        state = model.state_dict()
        refused({k: v for k, v in state.items() if "stages.2.1." not in k}, 6, "stages.2.1.dwconv.weight", "stages.2.2")
        refused({k: v for k, v in state.items() if k != "stages.0.0.norm.bias"}, 6, "stages.0.0.norm.bias")
        bent = dict(state)
        bent["stages.1.0.pwconv1.weight"] = bent["stages.1.0.pwconv1.weight"][:-1]
        refused(bent, 6, "stages.1.0.pwconv1.weight", "[63, 16]", "[64, 16]")
        bent = {k: v.clone() for k, v in state.items()}
        bent["stages.2.0.pwconv2.weight"][3, 5] = float("nan")
        refused(bent, 6, "stages.2.0.pwconv2.weight", "nan", str(3 * 96 + 5))
        bent = {k: v.clone() for k, v in state.items()}
        bent["stages.1.0.pwconv1.weight"] *= 1e30
        bent["stages.1.0.pwconv2.weight"] *= 1e30
        refused(bent, 1, "FAILED", "stages.1.0 gives")
        bent = {k: v.clone() for k, v in state.items()}
        bent["stages.3.0.gamma"].fill_(1e-6)
        refused(bent, 1, "FAILED", "stages.3.0.gamma")
        refused({**state, "stages.0.0.grn.gamma": torch.ones(1)}, 6, "stages.0.0.grn.gamma")
        for shape, code in (((1, 3, 20000, 4), 6), ((1, 3, 16, 16), 6), ((1, 4, 64, 64), 6)):
            save_file({"normalized": torch.zeros(shape)}, self.folder / "x.safetensors")
            refused(state, code)


if __name__ == "__main__":
    print(f"SEED={SEED}")
    unittest.main(verbosity=0)
