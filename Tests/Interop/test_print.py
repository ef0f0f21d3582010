"""`suture print` against what PyTorch prints: every dtype, edges, long rows, odd numbers, views."""
import json
import shutil
import tempfile
import unittest
from pathlib import Path

from harness import SEED, suture, torch, tries

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
SMALL = [torch.float8_e4m3fn, torch.float8_e5m2]
INTS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


class Printing(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def check(self, tensors):
        torch.save(tensors, self.folder / "x.pth")
        for name, tensor in tensors.items():
            said = suture("print", self.folder / "x.pth", name).stdout
            self.assertEqual(said, f"{tensor!r}\n", (name, tensor.dtype, list(tensor.shape), SEED))

    def test_shapes(self):
        torch.manual_seed(SEED)
        shapes = [(), (1,), (7,), (0,), (0, 3), (2, 3), (40,), (1000,), (1001,), (3, 4, 5), (2, 2, 2, 2), (7, 200), (1, 2000),
                  (30, 40), (10, 10, 11), (8, 8, 8, 8), (1, 1, 7, 300), (2000, 1)]
        self.check({f"t{i}": torch.randn(shape) for i, shape in enumerate(shapes)})

    def test_dtypes(self):
        torch.manual_seed(SEED)
        tensors = {}
        for shape in ((5,), (3, 40), (60, 60)):
            for dtype in FLOATS + SMALL:
                tensors[f"{dtype}{shape}"] = (torch.randn(shape) * 3).to(dtype)
            for dtype in INTS:
                tensors[f"{dtype}{shape}"] = torch.randint(0, 100, shape).to(dtype)
            for dtype in (torch.complex64, torch.complex128):
                tensors[f"{dtype}{shape}"] = torch.randn(shape, dtype=dtype)
                tensors[f"far {dtype}{shape}"] = torch.randn(shape, dtype=dtype) * 10 ** torch.randn(shape) * 1e3
        tensors["long"] = torch.tensor([-(2**63), 2**63 - 1, 0])
        self.check({name.replace("torch.", ""): tensor for name, tensor in tensors.items()})

    def test_numbers(self):
        nan, inf = float("nan"), float("inf")
        rows = [[0.0], [1.0, 2.0], [1.0, nan], [inf, -inf, 0.5], [1e-5, 1.0], [1e9, 1.0], [1e-5], [123456.0, 0.1], [0.00012, 0.5],
                [-0.0, 1.5], [1000.0, 1.0], [1001.0, 1.0], [nan, nan], [1e38, 1e-38], [2.5, 3.5], [0.12345, 0.00005], [1e8, 1e8],
                [inf, -inf] * 60, [nan] * 100, [0.0] * 100, [1.5, -inf] * 60]
        self.check({f"n{i}": torch.tensor(row) for i, row in enumerate(rows)})

    def test_views(self):
        torch.manual_seed(SEED)
        base = torch.randn(50, 60)
        self.check({"transposed": base.t(), "part": base[3:9, ::7], "expanded": base[:1].expand(40, 60), "flat": base.reshape(-1)[5:],
                    "conj": torch.randn(4, dtype=torch.complex64).conj()})

    def test_json_has_every_element_exactly(self):
        nan, inf = float("nan"), float("inf")
        tensors = {
            "f": torch.randn(40, 30), "d": torch.randn(3, dtype=torch.float64), "h": torch.randn(2, 0, 3).half(),
            "b": torch.tensor([[0.1, -0.0], [nan, inf]]).bfloat16(), "minus": torch.tensor(-inf), "i": torch.tensor([-(2**63), 2**63 - 1]),
            "u": torch.tensor([2**64 - 1, 2**63, 5], dtype=torch.uint64), "t": torch.tensor([True, False]),
            "z": torch.randn(2, dtype=torch.complex64).conj(), "v": torch.arange(6.).reshape(2, 3).t(),
            "e": torch.tensor([448.0, 0.001953125]).to(torch.float8_e4m3fn)}
        torch.save(tensors, self.folder / "x.pth")
        report = json.loads(suture("print", self.folder / "x.pth", "*", "--json").stdout)
        self.assertEqual([found["name"] for found in report["tensors"]], list(tensors))
        named = {"NaN": nan, "Infinity": inf, "-Infinity": -inf}
        for found in report["tensors"]:
            tensor = tensors[found["name"]]
            self.assertEqual((found["dtype"], found["shape"]), (str(tensor.dtype).removeprefix("torch."), list(tensor.shape)))
            values = [complex(*value) if isinstance(value, list) else named.get(value, value) if isinstance(value, str) else value
                      for value in found["values"]]
            wanted = tensor.double() if tensor.dtype.is_floating_point else tensor.resolve_conj()
            wanted = wanted.numpy().reshape(-1).tolist()
            self.assertEqual(list(map(repr, values)), list(map(repr, wanted)), found["name"])

    def test_random(self):
        generator = torch.Generator().manual_seed(SEED)
        tensors = {}
        for number in range(tries("PRINTS", 60)):
            rank = int(torch.randint(0, 5, (1,), generator=generator))
            shape = [int(x) for x in torch.randint(1, [400, 400, 60, 12, 8][rank], (rank,), generator=generator)]
            scale = 10 ** float(torch.randn(1, generator=generator) * 4)
            tensors[f"r{number}"] = (torch.randn(shape, generator=generator) * scale).to(FLOATS[number % 4])
        self.check(tensors)

    def test_several_have_their_names(self):
        torch.save({"a": torch.ones(2), "b.c": torch.zeros(1)}, self.folder / "x.pth")
        self.assertEqual(suture("print", self.folder / "x.pth", "*").stdout, "a\ntensor([1., 1.])\n\nb.c\ntensor([0.])\n")
        said = suture("print", self.folder / "x.pth", "b.d", "a", expect=1)
        self.assertEqual(said.stdout, "tensor([1., 1.])\n")
        self.assertIn("did you mean b.c?", said.stderr)
        suture("print", self.folder / "x.pth", expect=2)

    def test_what_has_no_elements_is_said(self):
        torch.save({"s": torch.eye(3).to_sparse(), "q": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
                    "huge": torch.zeros(1).expand(2 ** 40).reshape([2] * 40)}, self.folder / "x.pth")
        for name in "sq":
            self.assertIn("which has no elements", suture("print", self.folder / "x.pth", name, expect=3).stderr)
        self.assertIn("it repeats 4 stored bytes", suture("print", self.folder / "x.pth", "huge", expect=3).stderr)


if __name__ == "__main__":
    print(f"SEED={SEED}")
    unittest.main(verbosity=0)
