#!/usr/bin/env python3
"""ConvNeXt's family against the libraries themselves: names both ways, strict loads, features and logits.

    SUTURE=path/to/suture python Tests/Interop/test_family.py

Needs torch and safetensors. What needs timm or transformers is skipped, and says so, where they are missing.
"""
import json
import unittest
from collections import OrderedDict
from pathlib import Path

from harness import ROOT, SEED, suture

import torch
from safetensors.torch import load_file, save_file
from torch import nn

import convnext
from test_reports import InTemporaryFolder, library

TOLERANCE = 5e-6


def trained(network):
    """Weights as of training: whatever starts as 0 or nearly so does something."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if not tensor.is_floating_point():
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if name.endswith(("gamma", "layer_scale_parameter")) and tensor.ndim == 1:
                tensor.copy_(0.3 + 0.1 * noise)
            elif "grn" in name:
                tensor.copy_(0.3 * noise)
            elif tensor.ndim > 1:
                tensor.copy_(noise / tensor[0].numel() ** 0.5)
            else:
                tensor.copy_((1 if name.endswith("weight") else 0) + 0.2 * noise)
    return network.double().eval()


class ResponseNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x):
        size = x.square().sum((1, 2), keepdim=True).sqrt()
        return x + self.gamma * x * size / (size.mean(-1, keepdim=True) + 1e-6) + self.beta


class Block2(nn.Module):
    """A block of version 2: no layer scale, but global response normalisation."""

    def __init__(self, channels):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = convnext.LayerNorm(channels, channels_first=False)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.grn = ResponseNorm(4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)

    def forward(self, x):
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.pwconv2(self.grn(nn.functional.gelu(self.pwconv1(y))))
        return x + y.permute(0, 3, 1, 2)


class ConvNeXt2(convnext.ConvNeXt):
    def __init__(self, depths, dims, classes=10):
        super().__init__(depths, dims, classes)
        self.stages = nn.ModuleList(nn.Sequential(*(Block2(c) for _ in range(d))) for d, c in zip(depths, dims))


class DINOv3(convnext.Backbone):
    """No classifier; the final norm is the last of the stages' norms too."""

    def __init__(self, depths, dims):
        super().__init__(depths, dims)
        self.norm = nn.LayerNorm(dims[-1], eps=1e-6)
        self.norms = nn.ModuleList([nn.Identity(), nn.Identity(), nn.Identity(), self.norm])

    def outputs(self, x):
        features = self.features(x)
        return {**{f"feature.{i}": f for i, f in enumerate(features)},
                "pooled": self.norm(features[-1].mean((-2, -1)))}


class Isotropic(nn.Module):
    def __init__(self, depth, channels, classes, scaled):
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 16, 16)
        self.blocks = nn.Sequential(*(convnext.Block(channels) for _ in range(depth)))
        if not scaled:
            for block in self.blocks:
                del block.gamma
                block.gamma = 1
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.head = nn.Linear(channels, classes)

    def outputs(self, x):
        features = self.blocks(self.stem(x))
        pooled = self.norm(features.mean((-2, -1)))
        return {"feature.0": features, "pooled": pooled, "logits": self.head(pooled)}


class Family(InTemporaryFolder):
    depths, dims, classes = (1, 2, 2, 1), (8, 16, 24, 40), 9

    def setUp(self):
        super().setUp()
        self.image = torch.randn(2, 3, 96, 96, dtype=torch.float64)
        save_file({"normalized": self.image.float()}, self.folder / "x.safetensors")
        self.image = self.image.float().double()

    def save(self, state, name="in.pth"):
        path = self.folder / name
        torch.save(state, path)
        return path

    def agrees(self, file, outputs, *words):
        """`verify` computes what the library does."""
        save_file({k: v.detach().float().contiguous() for k, v in outputs.items()}, self.folder / "y.safetensors")
        said = json.loads(suture(
            "verify", file, "--input", self.folder / "x.safetensors", "--expect", self.folder / "y.safetensors",
            "--json", *words).stdout)
        checks = {check["name"]: check for check in said["checks"]}
        for name in outputs:
            self.assertLess(checks[name]["error"], TOLERANCE, name)
        largest = max(checks[name]["error"] for name in outputs)
        print(f"  {self.id().split('.', 1)[1]}: {Path(file).name}, {len(outputs)} outputs, largest error {largest:.1e}")
        return said

    def same(self, one, other):
        self.assertEqual(list(one), list(other))
        for key in one:
            self.assertTrue(torch.equal(one[key], other[key]), key)

    def named(self, file, scheme, *words):
        path = self.folder / f"{scheme}.safetensors"
        suture("edit", file, "-o", path, "-f", "--naming", scheme, *words)
        return load_file(path)

    def surgery(self, file, network, *words):
        """The mission's preset takes it, whosever names it has, and the four replicas compute what the backbone does."""
        out = self.folder / "detector.pth"
        suture("edit", file, "-o", out, "-f", "--preset", "convnext-yolov5")
        suture("verify", out, "--against", file, *words)
        with torch.no_grad():
            features = {k: v for k, v in network.items() if k.startswith("feature.")}
        self.assertIn("model.3.stages.3.0.dwconv.weight", torch.load(out))
        self.agrees(out, features, *words)


class Version2(Family):
    def setUp(self):
        super().setUp()
        self.network = trained(ConvNeXt2(self.depths, self.dims, self.classes))
        self.file = self.save({"model": {k: v.float() for k, v in self.network.state_dict().items()}})
        with torch.no_grad():
            self.expected = self.network.outputs(self.image)

    def loads_strictly(self, model, scheme, logits):
        state = self.named(self.file, scheme)
        model = model.float().eval()
        model.load_state_dict(state, strict=True)
        model = model.double()
        with torch.no_grad():
            got = logits(model, self.image)
        self.assertLess((got - self.expected["logits"]).abs().max().item(), 1e-9 * got.abs().max().item())
        theirs = self.save(model.float().state_dict(), "theirs.pth")
        self.agrees(theirs, self.expected)
        self.surgery(theirs, self.expected)
        suture("convert", theirs, "-o", self.folder / "back.pth", "-f", "--naming", "facebookresearch")
        back = torch.load(self.folder / "back.pth")
        ours = {k: v.float() for k, v in self.network.state_dict().items()}
        self.assertEqual(set(back), set(ours))
        self.assertTrue(all(torch.equal(back[k], ours[k]) for k in ours))

    def test_facebookresearch(self):
        said = self.agrees(self.file, self.expected)
        self.assertTrue(said["passed"])
        self.surgery(self.file, self.expected)

    def test_timm(self):
        timm = library("timm.models.convnext")
        for scheme, conv in [("timm", False), ("timm-conv-mlp", True)]:
            self.loads_strictly(
                timm.ConvNeXt(depths=self.depths, dims=self.dims, num_classes=self.classes, use_grn=True,
                              ls_init_value=None, conv_mlp=conv), scheme, lambda model, x: model(x))

    def test_transformers(self):
        transformers = library("transformers")
        config = transformers.ConvNextV2Config(
            hidden_sizes=list(self.dims), depths=list(self.depths), num_labels=self.classes, layer_norm_eps=1e-6)
        model = transformers.ConvNextV2ForImageClassification(config)
        state = self.named(self.file, "transformers")
        self.assertIn("convnextv2.encoder.stages.0.layers.0.grn.weight", state)
        model.load_state_dict(state, strict=True)
        with torch.no_grad():
            got = model.double().eval()(self.image).logits
        self.assertLess((got - self.expected["logits"]).abs().max().item(), 1e-9 * got.abs().max().item())
        # With the eps that files of transformers' are run with.
        config = transformers.ConvNextV2Config(
            hidden_sizes=list(self.dims), depths=list(self.depths), num_labels=self.classes)
        model = trained(transformers.ConvNextV2ForImageClassification(config))
        with torch.no_grad():
            got = model(self.image, output_hidden_states=True)
        expected = {f"feature.{i}": f for i, f in enumerate(got.hidden_states[-4:])}
        theirs = self.save(model.float().state_dict(), "theirs.pth")
        self.agrees(theirs, {**expected, "logits": got.logits})
        self.surgery(theirs, expected)
        there = self.named(theirs, "facebookresearch")
        self.assertEqual(tuple(there["stages.0.0.grn.gamma"].shape), (1, 1, 1, 4 * self.dims[0]))
        suture("convert", self.folder / "facebookresearch.safetensors", "-o", self.folder / "back.pth", "--naming",
               "transformers")
        back = torch.load(self.folder / "back.pth")
        self.assertEqual(set(back), set(model.state_dict()))
        self.assertTrue(all(torch.equal(back[k], v) for k, v in model.state_dict().items()))

    def test_timm_atto(self):
        timm = library("timm")
        model = trained(timm.create_model("convnextv2_atto", num_classes=self.classes))
        with torch.no_grad():
            features, logits = model.forward_intermediates(self.image)[1], model(self.image)
        expected = {**{f"feature.{i}": f for i, f in enumerate(features)}, "logits": logits}
        file = self.save(OrderedDict((k, v.float()) for k, v in model.state_dict().items()), "atto.pth")
        self.assertIn("ConvNeXt V2-Atto", suture("verify", file).stderr)
        self.agrees(file, expected)
        self.surgery(file, expected)

    def test_a_detector_of_its_stages(self):
        """A YOLOv5 whose blocks are of version 2: built, checked, and run bit for bit as the backbone."""
        model = (ROOT / "Fixtures/YOLOv5/yolov5_convnext_tiny.yaml").read_text()
        for old, new in [("[3, 3, 9, 3]", str(list(self.depths))), ("[96, 192, 384, 768]", str(list(self.dims))),
                         *((f"[{96 << i}, {i},", f"[{dim}, {i},") for i, dim in enumerate(self.dims)),
                         ("ConvNeXt_Block", "ConvNeXtV2_Block")]:
            self.assertIn(old, model)
            model = model.replace(old, new)
        yaml, detector = self.folder / "v2.yaml", self.folder / "detector.pth"
        yaml.write_text(model)
        suture("build", yaml, "-o", detector, "--backbone", self.file)
        suture("check", detector, "--into", yaml)
        suture("verify", detector, "--model", yaml, "--against", self.file)
        self.agrees(detector, {k: v for k, v in self.expected.items() if k.startswith("feature.")}, "--model", yaml)
        # The class of version 1 has no place for a GRN, and says so.
        yaml.write_text(model.replace("ConvNeXtV2_Block", "ConvNeXt_Block"))
        said = suture("check", detector, "--into", yaml, expect=1)
        self.assertIn("grn.{gamma,beta}", said.stdout)

    def test_torchvision_has_no_name_for_it(self):
        said = suture("convert", self.file, "-o", self.folder / "out.pth", "--naming", "torchvision", expect=5)
        self.assertIn("torchvision has no name for the GRN of version 2", said.stderr)


class MetaDINOv3(Family):
    def setUp(self):
        super().setUp()
        self.network = trained(DINOv3(self.depths, self.dims))
        self.state = OrderedDict((k, v.float()) for k, v in self.network.state_dict().items())
        self.assertIn("norms.3.weight", self.state)
        self.file = self.save(self.state)
        with torch.no_grad():
            self.expected = self.network.outputs(self.image)

    def test_runs_and_is_taken(self):
        self.agrees(self.file, self.expected)
        out = self.folder / "detector.pth"
        suture("edit", self.file, "-o", out, "--preset", "convnext-yolov5")
        suture("verify", out, "--against", self.file)
        self.agrees(out, {k: v for k, v in self.expected.items() if k.startswith("feature.")})

    def test_transformers(self):
        transformers = library("transformers")
        config = transformers.DINOv3ConvNextConfig(hidden_sizes=list(self.dims), depths=list(self.depths))
        model = transformers.DINOv3ConvNextModel(config)
        model.load_state_dict(self.named(self.file, "transformers-dinov3"), strict=True)
        with torch.no_grad():
            got = model.double().eval()(self.image, output_hidden_states=True)
        pooled = self.expected["pooled"]
        self.assertLess((got.pooler_output - pooled).abs().max().item(), 1e-9 * pooled.abs().max().item())
        theirs = self.save(model.float().state_dict(), "theirs.pth")
        self.agrees(theirs, self.expected)
        # Files on disk leave `model.` out.
        model.save_pretrained(self.folder / "saved")
        saved = self.folder / "saved/model.safetensors"
        self.agrees(saved, self.expected)
        for file in [theirs, saved]:
            suture("convert", file, "-o", self.folder / "back.pth", "-f", "--naming", "dinov3")
            back = torch.load(self.folder / "back.pth")
            self.assertEqual(set(back), set(self.state))
            self.assertTrue(all(torch.equal(back[k], self.state[k]) for k in self.state))
            self.surgery(file, self.expected)

    def test_timm(self):
        timm = library("timm.models.convnext")
        model = timm.ConvNeXt(depths=self.depths, dims=self.dims, num_classes=0)
        state = self.named(self.file, "timm")
        model.load_state_dict(state, strict=True)
        with torch.no_grad():
            got = model.double().eval()(self.image)
        self.assertLess((got - self.expected["pooled"]).abs().max().item(), 1e-9)
        suture("convert", self.folder / "timm.safetensors", "-o", self.folder / "back.pth", "--naming", "dinov3")
        back = torch.load(self.folder / "back.pth")
        DINOv3(self.depths, self.dims).load_state_dict(back, strict=True)
        self.assertTrue(all(torch.equal(back[k], self.state[k]) for k in self.state))
        self.assertEqual(back["norm.weight"].data_ptr(), back["norms.3.weight"].data_ptr())

    def test_a_norm_that_is_another_is_no_repetition(self):
        self.state["norms.3.weight"] = self.state["norms.3.weight"] + 1
        file = self.save(self.state, "other.pth")
        said = suture("convert", file, "-o", self.folder / "out.pth", "--naming", "timm", expect=5)
        self.assertIn("norms.3.weight is not the final norm once more", said.stderr)


class Timm(Family):
    """What timm builds beside: stems of two convolutions, norms without bias, a norm before the mean, a hidden layer."""

    def builds(self, words, *options, scheme="timm-conv-mlp", model=None):
        timm = library("timm.models.convnext")
        if model is None:
            model = timm.ConvNeXt(depths=self.depths, dims=self.dims, num_classes=self.classes, conv_mlp=True, **words)
        model = trained(model)
        with torch.no_grad():
            features, logits = model.forward_intermediates(self.image)[1], model(self.image)
        expected = {**{f"feature.{i}": f for i, f in enumerate(features)}, "logits": logits}
        state = OrderedDict((k, v.float()) for k, v in model.state_dict().items())
        file = self.save(state, "timm.pth")
        self.agrees(file, expected, *options)
        there = self.named(file, "facebookresearch")
        self.assertNotEqual(set(there), set(state))
        suture("convert", self.folder / "facebookresearch.safetensors", "-o", self.folder / "back.pth", "-f",
               "--naming", scheme)
        back = torch.load(self.folder / "back.pth")
        model.float().load_state_dict(back, strict=True)
        self.assertTrue(all(torch.equal(back[k], state[k]) for k in state))
        self.surgery(file, expected, *options)
        return file

    def test_overlapping_stems(self):
        for stem in ["overlap", "overlap_tiered", "overlap_act"]:
            self.builds({"stem_type": stem})

    def test_norms_without_bias(self):
        self.builds({"norm_layer": "rmsnorm2d"})
        self.builds({"norm_layer": "simplenorm"}, "--norm", "simple")

    def test_zepto(self):
        timm = library("timm")
        for name in ["convnext_zepto_rms", "convnext_zepto_rms_ols"]:
            self.builds({}, model=timm.create_model(name, num_classes=self.classes))

    def test_atto_and_nano(self):
        timm = library("timm")
        for name in ["convnext_atto_rms", "convnext_nano_ols"]:
            self.builds({}, model=timm.create_model(name, num_classes=self.classes))

    def test_whole_modules_tell_their_norms(self):
        timm = library("timm.models.convnext")
        for norm in ["rmsnorm2d", "simplenorm"]:
            model = trained(timm.ConvNeXt(
                depths=self.depths, dims=self.dims, num_classes=self.classes, conv_mlp=True, norm_layer=norm,
                norm_eps=1e-4, stem_type="overlap_act", act_layer="silu"))
            with torch.no_grad():
                logits = model(self.image)
            said = self.agrees(self.save({"model": model.float()}, "whole.pth"), {"logits": logits})
            self.assertEqual(said["assumed"], [])

    def test_a_norm_before_the_mean(self):
        self.builds({"head_norm_first": True})

    def test_a_hidden_layer(self):
        self.builds({"head_hidden_size": 32})


class CLIP(Family):
    """OpenCLIP's image towers: timm's network under `visual.trunk.`, without timm's classifier."""

    def test_the_trunk_runs_and_is_taken(self):
        timm = library("timm.models.convnext")
        trunk = trained(timm.ConvNeXt(depths=self.depths, dims=self.dims, num_classes=0))
        state = OrderedDict((f"visual.trunk.{k}", v.float()) for k, v in trunk.state_dict().items())
        state["visual.head.proj.weight"] = torch.randn(12, self.dims[-1])
        state["text.positional_embedding"] = torch.randn(4, 12)
        with torch.no_grad():
            features, pooled = trunk.forward_intermediates(self.image)[1], trunk(self.image)
        expected = {**{f"feature.{i}": f for i, f in enumerate(features)}, "pooled": pooled}
        file = self.save(state)
        self.agrees(file, expected)
        self.assertIn("whose head is not run: visual.head.proj.weight takes pooled", suture("verify", file).stderr)
        self.surgery(file, expected)
        self.assertEqual(len(torch.load(self.folder / "detector.pth")), 4 * (len(trunk.state_dict()) - 2))
        steps = ["--keep", "visual.trunk.*", "--strip-prefix", "visual.trunk."]
        suture("edit", file, "-o", self.folder / "trunk.pth", *steps)
        trunk.float().load_state_dict(torch.load(self.folder / "trunk.pth"), strict=True)
        self.surgery(self.folder / "trunk.pth", expected)


class Pretraining(Family):
    """FCMAE: the encoder's layers are MinkowskiEngine's, which sees what is not masked alone."""

    def sparse(self, dense):
        state = OrderedDict()
        for name, value in dense.items():
            if name.startswith(("norm", "head")):
                continue
            module, leaf = name.rsplit(".", 1)
            is_stem = name.startswith("downsample_layers.0.")
            if "dwconv" in name or (name.startswith("downsample_layers") and module.endswith(".1") and not is_stem):
                if leaf == "weight":
                    # Column by column: the first axis of the kernel's square is x.
                    value = value.transpose(2, 3).flatten(2).permute(2, 1, 0)
                    name, value = f"{module}.kernel", (value[:, 0] if "dwconv" in name else value).contiguous()
                else:
                    value = value[None]
            elif "grn" in name:
                value = value[0, 0]
            elif "pwconv" in name:
                name = f"{module}.linear.{leaf}"
            elif not is_stem:
                name = f"{module}.ln.{leaf}"
            state[f"encoder.{name}"] = value
        state["mask_token"] = torch.randn(1, 16, 1, 1)
        state["decoder.0.dwconv.weight"] = torch.randn(16, 1, 7, 7)
        return state

    def test_the_encoder_becomes_a_dense_network(self):
        network = trained(ConvNeXt2(self.depths, self.dims, self.classes))
        dense = OrderedDict((k, v.float()) for k, v in network.state_dict().items())
        sparse = self.sparse(dense)
        # By the way that the authors' own loader goes.
        self.assertEqual(tuple(sparse["encoder.stages.1.0.dwconv.kernel"].shape), (49, self.dims[1]))
        self.assertEqual(tuple(sparse["encoder.downsample_layers.1.1.kernel"].shape), (4, *self.dims[:2]))
        file = self.save({"model": sparse})
        said = suture("verify", file, expect=6)
        self.assertIn("FCMAE pre-training of a ConvNeXt V2", said.stderr)
        steps = ["--keep", "encoder.*", "--strip-prefix", "encoder."]
        for out in ["dense.pth", "dense.safetensors"]:
            suture("edit", file, "-o", self.folder / out, *steps, "--naming", "facebookresearch")
        backbone = {k: v for k, v in dense.items() if not k.startswith(("norm", "head"))}
        for state in [torch.load(self.folder / "dense.pth"), load_file(self.folder / "dense.safetensors")]:
            self.assertEqual(set(state), set(backbone))
            self.assertTrue(all(torch.equal(state[k], backbone[k]) for k in backbone))
        with torch.no_grad():
            features = {k: v for k, v in network.outputs(self.image).items() if k.startswith("feature.")}
        self.agrees(self.folder / "dense.pth", features)
        timm = library("timm.models.convnext")
        model = timm.ConvNeXt(depths=self.depths, dims=self.dims, num_classes=0, use_grn=True, ls_init_value=None)
        state = self.named(self.folder / "dense.pth", "timm")
        left = model.load_state_dict(state, strict=False)
        self.assertEqual((left.missing_keys, left.unexpected_keys), (["head.norm.weight", "head.norm.bias"], []))
        # The pre-training has no final norm that the preset could drop; it takes the sparse layers too.
        for source in [self.folder / "dense.pth", file]:
            suture("edit", source, "-o", self.folder / "detector.pth", "-f", "--preset", "convnext-yolov5")
            self.agrees(self.folder / "detector.pth", features)
            self.assertEqual(len(torch.load(self.folder / "detector.pth")), 4 * len(backbone))
        said = suture("convert", self.folder / "dense.pth", "-o", self.folder / "x.pth", "--naming", "fcmae", expect=5)
        self.assertIn("without a copy", said.stderr)


class WithoutStages(Family):
    def test_isotropic(self):
        for scaled in [False, True]:
            network = trained(Isotropic(3, 24, self.classes, scaled))
            with torch.no_grad():
                expected = network.outputs(self.image)
            file = self.save({"model": {k: v.float() for k, v in network.state_dict().items()}})
            self.agrees(file, expected)
            said = suture("convert", file, "-o", self.folder / "out.pth", "--naming", "timm", expect=5)
            self.assertIn("isotropic has none, timm has 4", said.stderr)


if __name__ == "__main__":
    print(f"SEED={SEED}")
    unittest.main()
