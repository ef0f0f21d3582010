#!/usr/bin/env python3
"""Every step of surgery against the same operation in the real PyTorch.

    SUTURE=path/to/suture python Tests/Interop/test_surgery.py

Needs torch, numpy and safetensors; where they are missing it says so and skips. ROUNDS and SEED vary the random part.
"""
import copy
import json
import random
import statistics
import tempfile
import unittest
from collections import OrderedDict
from pathlib import Path

from harness import SEED, suture, tries

import torch
from safetensors.torch import load_file, save_file

import convnext

ROUNDS = tries("ROUNDS", 15)
DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]


def raw(tensor):
    # A copy: torch calls one element with a stride of 2 contiguous, and then cannot view it as bytes.
    flat = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach()).reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def same(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and raw(one) == raw(other)


def close(one, other, steps=1):
    """Equal but for so many units in the last place."""
    one, other = one.detach(), other.detach()
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    unit = torch.finfo(one.dtype).eps * other.double().abs().clamp_min(torch.finfo(one.dtype).tiny)
    return bool(((one.double() - other.double()).abs() <= steps * unit + 1e-300).all())


class Steps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.random = random.Random(SEED)
        torch.manual_seed(SEED)

    def tensor(self, *shape, dtype=torch.float32):
        """Of any strides: a slice of a permuted tensor."""
        order = self.random.sample(range(len(shape)), len(shape))
        stored = torch.randn([shape[axis] + 1 for axis in order]).to(dtype)
        view = stored.permute([order.index(axis) for axis in range(len(shape))])
        return view[tuple(slice(self.random.randint(0, 1), None) for _ in shape)][tuple(slice(0, n) for n in shape)]

    def shape(self, low=1, high=4):
        return [self.random.randint(1, 5) for _ in range(self.random.randint(low, high))]

    def edit(self, state, *steps):
        """What comes out of the steps, as .pth and as .safetensors."""
        source = self.folder / "in.pth"
        torch.save(OrderedDict(state), source)
        for name in ("out.pth", "out.safetensors"):
            suture("edit", source, "-o", self.folder / name, "--force", "--proof", *steps)
        results = torch.load(self.folder / "out.pth", weights_only=True), load_file(self.folder / "out.safetensors")
        self.assertEqual(set(results[0]), set(results[1]))
        for key, tensor in results[0].items():
            self.assertTrue(same(tensor, results[1][key]), key)
        return results[0]

    def rounds(self):
        for _ in range(ROUNDS):
            yield self.random.choice(DTYPES)

    def assertSame(self, got, wanted, message=""):
        self.assertTrue(same(got, wanted), f"{message}\n{got}\n{wanted} (SEED={SEED})")

    def assertClose(self, got, wanted, steps=1):
        self.assertTrue(close(got, wanted, steps), f"{got}\n{wanted} (SEED={SEED})")

    # ---------------------------------------------------------------- views
    def test_permute_transpose_reshape(self):
        for dtype in self.rounds():
            x = self.tensor(*self.shape(2, 4), dtype=dtype)
            order = self.random.sample(range(x.dim()), x.dim())
            a, b = order[0], order[1] - x.dim()
            got = self.edit({"x": x}, "--permute", f"x={','.join(map(str, order))}")
            self.assertSame(got["x"], x.permute(order))
            self.assertSame(self.edit({"x": x}, "--transpose", f"x={a},{b}")["x"], x.transpose(a, b))
            self.assertSame(self.edit({"x": x}, "--reshape", "x=-1,1")["x"], x.reshape(-1, 1))

    def test_slice(self):
        for dtype in self.rounds():
            x = self.tensor(*self.shape(), dtype=dtype)
            axis = self.random.randrange(x.dim())
            start = self.random.randrange(x.shape[axis])
            step = self.random.randint(1, 3)
            index = [slice(None)] * x.dim()
            index[axis] = slice(start, None, step)
            got = self.edit({"x": x}, "--slice", f"x={start}::{step}@{axis}")
            self.assertSame(got["x"], x[tuple(index)])

    # ---------------------------------------------------------------- one and many
    def test_concat_and_split(self):
        for dtype in self.rounds():
            shape = self.shape()
            axis = self.random.randrange(len(shape))
            parts = []
            for _ in range(3):
                shape[axis] = self.random.randint(1, 4)
                parts.append(self.tensor(*shape, dtype=dtype))
            state = {f"b.0.{name}": part for name, part in zip("qkv", parts)}
            got = self.edit(state, "--concat", f"b.#.{{q,k,v}}=b.{{1}}.qkv@{axis}")
            self.assertEqual(list(got), ["b.0.qkv"])
            self.assertSame(got["b.0.qkv"], torch.cat(parts, axis))
            sizes = [part.shape[axis] for part in parts]
            back = self.edit(got, "--split", f"b.#.qkv=b.{{1}}.{{q,k,v}}@{axis}:{','.join(map(str, sizes))}")
            for name, piece in zip("qkv", torch.split(got["b.0.qkv"], sizes, axis)):
                self.assertSame(back[f"b.0.{name}"], piece)

    def test_stack(self):
        for dtype in self.rounds():
            shape = self.shape(1, 3)
            parts = [self.tensor(*shape, dtype=dtype) for _ in range(12)]
            axis = self.random.randint(-len(shape) - 1, len(shape))
            got = self.edit({f"e.{i}.w": part for i, part in enumerate(parts)}, "--stack", f"e.#.w=e.w@{axis}")
            self.assertSame(got["e.w"], torch.stack(parts, axis))

    def test_tie_and_untie(self):
        a, b = self.tensor(3, 4), self.tensor(3, 4)
        tied = self.edit({"a": a, "b": b}, "--tie", "b=a")
        self.assertEqual(tied["a"].data_ptr(), tied["b"].data_ptr())
        self.assertSame(tied["b"], a)
        untied = self.edit(tied, "--untie", "b")
        self.assertNotEqual(untied["a"].data_ptr(), untied["b"].data_ptr())
        self.assertSame(untied["b"], a)

    # ---------------------------------------------------------------- numbers
    def test_cast(self):
        for dtype in self.rounds():
            to = self.random.choice(DTYPES)
            x, y = self.tensor(*self.shape(), dtype=dtype), self.tensor(*self.shape(), dtype=dtype)
            name = str(to).removeprefix("torch.")
            got = self.edit({"x": x, "y": y, "i": torch.arange(3)}, "--cast", f"{{x,i}}={name}")
            self.assertSame(got["x"], x.to(to))
            self.assertSame(got["y"], y)
            self.assertSame(got["i"], torch.arange(3))

    def test_adapt_input(self):
        """timm.models._manipulate.adapt_input_conv."""
        for dtype in self.rounds():
            w = self.tensor(self.random.randint(1, 5), 3, *self.shape(2, 2), dtype=dtype)
            n = self.random.randint(1, 8)
            wide = w.float()
            if n == 1:
                pixels = self.random.choice([1, 4])
                w = self.tensor(w.shape[0], 3 * pixels, *w.shape[2:], dtype=dtype)
                wanted = w.float().reshape(w.shape[0], pixels, 3, *w.shape[2:]).sum(dim=2)
            elif n == 3:
                wanted = wide
            else:
                wanted = wide.repeat(1, -(-n // 3), 1, 1)[:, :n] * (3 / float(n))
            got = self.edit({"stem.weight": w}, "--adapt-input", f"stem.weight={n}")["stem.weight"]
            if dtype == torch.float64:
                # timm computes in float32, and the sum of three may be taken in any order.
                self.assertTrue(torch.allclose(got, wanted.double(), rtol=1e-6, atol=1e-6))
            elif n == 1:
                self.assertTrue(torch.allclose(got.float(), wanted.to(dtype).float(), rtol=1e-2 if dtype != torch.float32 else 1e-6, atol=1e-6))
            else:
                self.assertSame(got, wanted.to(dtype))

    def test_fuse_batch_norm(self):
        for _ in range(ROUNDS):
            inputs, outputs, kernel = self.random.randint(1, 4), self.random.randint(1, 6), self.random.randint(1, 3)
            conv = torch.nn.Conv2d(inputs, outputs, kernel, bias=self.random.random() < 0.5)
            norm = torch.nn.BatchNorm2d(outputs, eps=1e-3)
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.1, 2)
            torch.nn.init.normal_(norm.weight)
            torch.nn.init.normal_(norm.bias)
            state = OrderedDict((f"m.conv.{k}", v.detach()) for k, v in conv.state_dict().items())
            state.update((f"m.bn.{k}", v.detach()) for k, v in norm.state_dict().items())
            got = self.edit(state, "--fuse-bn", "*.conv=*.bn@1e-3")
            self.assertEqual(list(got), ["m.conv.weight", "m.conv.bias"])
            fused = torch.nn.utils.fuse_conv_bn_eval(conv.double().eval(), norm.double().eval())
            self.assertClose(got["m.conv.weight"], fused.weight.float())
            self.assertTrue(torch.allclose(got["m.conv.bias"], fused.bias.float(), rtol=1e-6, atol=1e-7))
            single = torch.nn.Conv2d(inputs, outputs, kernel)
            single.load_state_dict({k.removeprefix("m.conv."): v for k, v in got.items()}, strict=True)
            x = torch.randn(2, inputs, 5, 5)
            with torch.no_grad():
                wanted = norm(conv(x.double())).float()
                self.assertTrue(torch.allclose(single(x), wanted, atol=1e-4))

    def test_fold_normalization(self):
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        for _ in range(ROUNDS):
            conv = torch.nn.Conv2d(3, self.random.randint(1, 6), 4, 4)
            got = self.edit(OrderedDict((f"s.{k}", v) for k, v in conv.state_dict().items()), "--fold-normalization", "s.weight")
            m = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(1, 3, 1, 1)
            s = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).view(1, 3, 1, 1)
            w = conv.weight.double() / s
            self.assertSame(got["s.weight"], w.float())
            self.assertTrue(torch.allclose(got["s.bias"], (conv.bias.double() - (w * m).sum((1, 2, 3))).float(), rtol=1e-6, atol=1e-7))
            folded = torch.nn.Conv2d(3, conv.out_channels, 4, 4)
            folded.load_state_dict({k.removeprefix("s."): v for k, v in got.items()}, strict=True)
            x = torch.rand(1, 3, 8, 8)
            normalized = (x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
            with torch.no_grad():
                self.assertTrue(torch.allclose(folded(x), conv(normalized), atol=1e-4))

    def test_average(self):
        for dtype in self.rounds():
            shape, n = self.shape(), self.random.randint(2, 4)
            states = [{"w": self.tensor(*shape, dtype=dtype), "n": torch.tensor(i)} for i in range(n)]
            words = []
            for i, state in enumerate(states[1:]):
                path = self.folder / f"other{i}.{'safetensors' if i % 2 else 'pth'}"
                save = save_file if i % 2 else torch.save
                save({k: v.contiguous() for k, v in state.items()}, path)
                words += ["--average", path]
            got = self.edit(states[0], *words)
            # timm's avg_checkpoints adds in float64.
            self.assertSame(got["w"], (sum(s["w"].double() for s in states) / n).to(dtype))
            self.assertSame(got["n"], torch.tensor(0))

    def test_fill(self):
        for dtype in self.rounds():
            x = self.tensor(*self.shape(), dtype=dtype)
            self.assertSame(self.edit({"x": x}, "--fill", "x=zeros")["x"], torch.zeros_like(x))
            self.assertSame(self.edit({"x": x}, "--fill", "x=0.1")["x"], torch.full_like(x, 0.1))
        integers = torch.arange(6).reshape(2, 3)
        self.assertSame(self.edit({"i": integers}, "--fill", "i=-7")["i"], torch.full_like(integers, -7))

    def test_fill_normal(self):
        """SplitMix64 by seed and name, through the inverse of the normal distribution: written again here."""
        mask = (1 << 64) - 1

        def number(seed, name, index):
            value = 0xCBF29CE484222325
            for byte in name.encode():
                value = (value ^ byte) * 0x100000001B3 & mask
            value = ((seed & mask ^ value) + (index + 1) * 0x9E3779B97F4A7C15) & mask
            value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & mask
            value = (value ^ value >> 27) * 0x94D049BB133111EB & mask
            return statistics.NormalDist().inv_cdf(((value ^ value >> 31) >> 11) / 2**53 + 0.5 / 2**53)

        for _ in range(3):
            seed, name = self.random.randint(-(1 << 40), 1 << 40), self.random.choice(["w", "model.18.m.0.weight", "é"])
            got = self.edit({name: torch.zeros(40, 50)}, "--fill", f"{name}=normal(0.5,2,{seed})")[name]
            wanted = torch.tensor([0.5 + 2 * number(seed, name, i) for i in range(2000)], dtype=torch.float64)
            self.assertTrue(torch.allclose(got.double().reshape(-1), wanted, rtol=2e-7, atol=1e-7), f"SEED={SEED}")

    # ---------------------------------------------------------------- whole files
    def test_ema_and_optimizer(self):
        weights, ema = {"w": self.tensor(2, 3)}, {"w": self.tensor(2, 3)}
        model = torch.nn.Linear(3, 2)
        optimizer = torch.optim.AdamW(model.parameters())
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        source, out = self.folder / "train.pth", self.folder / "out.pth"
        torch.save({"model": weights, "model_ema": ema, "optimizer": optimizer.state_dict(), "epoch": 3}, source)
        suture("edit", source, "-o", out, "--take-ema")
        self.assertSame(torch.load(out, weights_only=True)["w"], ema["w"])
        suture("edit", source, "-o", out, "--preset", "strip-training", "--force")
        self.assertSame(torch.load(out, weights_only=True)["w"], ema["w"])
        suture("edit", source, "-o", out, "--strip-optimizer", "--force")
        self.assertSame(torch.load(out, weights_only=True)["w"], weights["w"])
        suture("edit", source, "-o", out, "--strip-optimizer", "--extras", "keep", "--force")
        self.assertEqual(set(torch.load(out, weights_only=True)), {"model", "model_ema", "epoch"})
        suture("edit", source, "-o", out, "--key", ".", "--strip-optimizer", "--force")
        self.assertEqual(set(torch.load(out, weights_only=True)), {"model.w", "model_ema.w"})
        torch.save(weights, source)
        suture("edit", source, "-o", out, "--take-ema", "--force", expect=5)
        # As timgaripov/swa saves it; and in the state of a callback.
        swa = {**{f"module.{name}": tensor for name, tensor in ema.items()}, "n_averaged": torch.tensor(3)}
        for beside in [{"swa_state_dict": swa}, {"callbacks": {"EMA": {"model_ema": ema}}}]:
            torch.save({"state_dict": weights, **beside, "optimizer": optimizer.state_dict()}, source)
            suture("edit", source, "-o", out, "--take-ema", "--force")
            self.assertSame(torch.load(out, weights_only=True)["w"], ema["w"])

    def network(self):
        """With buffers, tied weights, and names that need their dots."""
        net = torch.nn.Sequential()
        net.add_module("0", torch.nn.Conv2d(3, 4, 1))
        net.add_module("1", torch.nn.BatchNorm2d(4))
        net.add_module("10", torch.nn.Sequential(torch.nn.Conv2d(4, 4, 1), torch.nn.Linear(4, 4, bias=False)))
        net.head = torch.nn.Linear(4, 4, bias=False)
        net.head.weight = net[2][1].weight
        return net

    def trained(self):
        """A network, what an average of its parameters would be, and what a model that loads that holds."""
        net = self.network()
        averages = {name: torch.randn_like(p) for name, p in net.named_parameters()}
        wanted = copy.deepcopy(net)
        with torch.no_grad():
            for name, parameter in wanted.named_parameters():
                parameter.copy_(averages[name])
        return net, averages, wanted.state_dict()

    def take(self, saved, wanted, *words, expect=0):
        source, out = self.folder / "ema.pth", self.folder / "taken.pth"
        torch.save(saved, source)
        done = suture("edit", source, "-o", out, "--force", *(words or ["--take-ema"]), expect=expect)
        if expect == 0:
            got = torch.load(out, weights_only=True)
            self.assertEqual(set(got), set(wanted))
            for name, tensor in wanted.items():
                self.assertSame(got[name], tensor, name)
        return done.stderr

    def test_moving_averages_of_libraries(self):
        net, averages, wanted = self.trained()
        weights = net.state_dict()
        # torch.optim.swa_utils keeps a copy of the module, and a count.
        averaged = torch.optim.swa_utils.AveragedModel(net)
        averaged.module.load_state_dict(wanted)
        self.take({"model": weights, "ema_model": averaged.state_dict()}, wanted)
        # LitEma: parameters without their dots, beside the model in one module.
        lit = {name.replace(".", ""): average for name, average in averages.items()}
        lit.update(decay=torch.tensor(0.99), num_updates=torch.tensor(3))
        whole = {f"model.{k}": v for k, v in weights.items()} | {"cond.w": torch.ones(2)}
        said = self.take(
            {"state_dict": {**whole, **{f"model_ema.{k}": v for k, v in lit.items()}}},
            {f"model.{k}": v for k, v in wanted.items()} | {"cond.w": torch.ones(2)})
        self.assertIn("model_ema.decay and model_ema.num_updates", said)
        self.take({"model": weights, "model_ema": lit}, wanted)
        # torch_ema and diffusers: a list, in the order of parameters().
        listed = {"decay": 0.9, "num_updates": 3, "shadow_params": [averages[n] for n, _ in net.named_parameters()], "collected_params": None}
        said = self.take({"model": weights, "ema": listed}, wanted, expect=5)
        self.assertIn("--take-ema-by-order", said)
        self.take({"model": weights, "ema": listed}, wanted, "--take-ema-by-order")
        # mmcv's hook: buffers of the model, exchanged for the weights at the end of an epoch.
        buffers = {f"ema_{name.replace('.', '_')}": average for name, average in averages.items()}
        said = self.take({"state_dict": {**weights, **buffers}}, wanted, expect=5)
        self.assertIn("--take-ema-from-buffers", said)
        self.take({"state_dict": {**weights, **buffers}}, wanted, "--take-ema-from-buffers")
        self.take({"state_dict": {**wanted, **buffers}}, wanted, "--drop", "ema_*")
        # mmengine exchanges them in the file.
        raw = {"steps": torch.tensor(7), **{f"module.{k}": v for k, v in weights.items()}}
        self.assertIn("already", self.take({"state_dict": wanted, "ema_state_dict": raw}, wanted))
        # Names that are nobody's are named.
        lit["strange"] = torch.ones(1)
        self.assertIn("strange", self.take({"model": weights, "model_ema": lit}, wanted, expect=5))

    def test_averages_of_averages(self):
        files, emas = [], []
        for index in range(3):
            net, averages, wanted = self.trained()
            emas.append(wanted)
            files.append(self.folder / f"{index}.pth")
            torch.save({"model": net.state_dict(), "model_ema": averages}, files[-1])
        out = self.folder / "mean.pth"
        suture("edit", files[0], "-o", out, "--take-ema", "--average", files[1], "--average", files[2])
        for name, tensor in torch.load(out, weights_only=True).items():
            if tensor.is_floating_point():
                self.assertSame(tensor, (sum(e[name].double() for e in emas) / 3).float(), name)
        plain = self.folder / "plain.pth"
        torch.save({"model": emas[0]}, plain)
        suture("edit", files[0], "-o", out, "--take-ema", "--average", plain, "--force", expect=5)

    def test_fuse_batch_norm_of_transposed_convolutions(self):
        for _ in range(ROUNDS):
            groups = self.random.choice([1, 1, 2, 3])
            inputs, outputs = groups * self.random.randint(1, 3), groups * self.random.randint(1, 3)
            conv = torch.nn.ConvTranspose2d(inputs, outputs, 2, groups=groups, bias=self.random.random() < 0.5)
            norm = torch.nn.BatchNorm2d(outputs, eps=1e-2)
            for tensor in (norm.running_mean, norm.weight.data, norm.bias.data):
                tensor.normal_()
            norm.running_var.uniform_(0.1, 2)
            module = torch.nn.ModuleDict({"conv": conv, "bn": norm}).eval()
            fused = copy.deepcopy(module).double()
            with torch.no_grad():
                x = torch.randn(2, inputs, 3, 3)
                wanted = fused["bn"](fused["conv"](x.double())).float()
            state = OrderedDict((k, v.detach()) for k, v in module.state_dict().items())
            single = torch.nn.ConvTranspose2d(inputs, outputs, 2, groups=groups)
            results = [self.edit(state, "--fuse-bn-transposed", "conv=bn@1e-2")]
            # The module says its kind and its eps itself.
            source, out = self.folder / "module.pt", self.folder / "fused.pth"
            torch.save(module, source)
            suture("edit", source, "-o", out, "--fuse-bn", "conv=bn", "--force")
            results.append(torch.load(out, weights_only=True))
            for got in results:
                single.load_state_dict({k.removeprefix("conv."): v for k, v in got.items()}, strict=True)
                with torch.no_grad():
                    self.assertTrue(torch.allclose(single(x), wanted, atol=1e-4), f"SEED={SEED}")

    def test_average_of_complex_numbers(self):
        states = [{"w": torch.randn(3, 2, dtype=torch.complex64)} for _ in range(3)]
        paths = [self.folder / f"complex{i}.pth" for i in range(3)]
        for state, path in zip(states, paths):
            torch.save(state, path)
        out = self.folder / "complex.pth"
        suture("edit", paths[0], "-o", out, "--average", paths[1], expect=6)
        suture("edit", paths[0], "-o", out, "--average-complex", paths[1], "--average-complex", paths[2])
        wanted = torch.stack([state["w"] for state in states]).mean(0)
        self.assertTrue(torch.allclose(torch.load(out, weights_only=True)["w"], wanted, rtol=1e-6, atol=1e-6))

    def test_a_graft_that_parts_what_was_tied_says_so(self):
        net = self.network()
        torch.save(net.state_dict(), self.folder / "base.pth")
        torch.save({"head.weight": torch.zeros(4, 4)}, self.folder / "part.pth")
        done = suture("graft", self.folder / "base.pth", "--from", self.folder / "part.pth", "-o", self.folder / "out.pth", "--json")
        self.assertEqual(json.loads(done.stdout)["untied"], [{"names": ["head.weight"], "others": ["10.1.weight"]}])
        self.assertIn("10.1.weight was one tensor with head.weight", done.stderr)

    def test_a_recipe_is_what_its_flags_are(self):
        source = self.folder / "in.pth"
        torch.save({f"{n}.w": self.tensor(2, 2) for n in ("norm", "a", "b")}, source)
        flags = ["--drop", "norm*", "--concat", "{a,b}.w=ab.w@1", "--fill", "ab.w=normal(0,1,3)"]
        suture("edit", source, "-o", self.folder / "1.pth", *flags, "--dtype", "float16", "--save-recipe", self.folder / "r.yaml")
        suture("edit", source, "-o", self.folder / "2.pth", *flags, "--dtype", "float16", "--save-recipe", self.folder / "r.json")
        for name in ("r.yaml", "r.json"):
            suture("edit", source, "-o", self.folder / "3.pth", "--recipe", self.folder / name, "--force")
            self.assertEqual((self.folder / "3.pth").read_bytes(), (self.folder / "1.pth").read_bytes())
        self.assertEqual(json.loads((self.folder / "r.json").read_text())["output"], {"dtype": "float16"})

    def test_the_mission_and_the_graft(self):
        for variant, dtype in (("micro", torch.float32), ("odd", torch.float16), ("micro", torch.bfloat16)):
            depths, dims = convnext.VARIANTS[variant]
            model = convnext.randomize(convnext.ConvNeXt(depths, dims), SEED)
            weights = OrderedDict((f"module.{k}", v.to(dtype)) for k, v in model.state_dict().items())
            source, part = self.folder / "checkpoint.pth", self.folder / "part.pth"
            torch.save({"model": weights, "epoch": 3}, source)
            suture("edit", source, "-o", part, "--preset", "convnext-yolov5", "--force")
            bare = {k.removeprefix("module."): v for k, v in weights.items()}
            update = {f"model.{i}.{k}": v for i in range(4) for k, v in bare.items() if not k.startswith(("norm", "head"))}
            got = torch.load(part, weights_only=True)
            self.assertEqual(list(got), list(update))
            for key, tensor in update.items():
                self.assertSame(got[key], tensor, key)

            detector = convnext.randomize(convnext.Detector(depths, dims), SEED + 1)
            before = OrderedDict((k, v.clone()) for k, v in detector.state_dict().items())
            wanted = OrderedDict(before)
            wanted.update(update)
            detector.load_state_dict(wanted, strict=True)
            # A whole module's classes are not importable from another place, which must not matter.
            for base, whole in ((self.folder / "base.pth", before), (self.folder / "base.pt", {"model": detector, "ema": None})):
                torch.save(whole, base)
                out = self.folder / "grafted.pth"
                report = json.loads(suture("graft", base, "--from", part, "-o", out, "--force", "--json").stdout)
                self.assertEqual(len(report["replaced"]), len(update))
                self.assertEqual(len(report["stayed"]), len(before) - len(update))
                self.assertEqual(len(report["cast"]), 0 if dtype == torch.float32 else len(update))
                grafted = torch.load(out, weights_only=True)
                self.assertEqual(list(grafted), list(before))
                for key, tensor in detector.state_dict().items():
                    self.assertSame(grafted[key], tensor, key)

            live = self.folder / "live.pth"
            suture("edit", source, "-o", live, "--preset", "convnext-yolov5-live", "--force")
            alive = {k for k in update if k.split(".")[3] == k.split(".")[1]}
            self.assertEqual(set(torch.load(live, weights_only=True)), alive)


if __name__ == "__main__":
    print(f"SEED={SEED} ROUNDS={ROUNDS}")
    unittest.main()
