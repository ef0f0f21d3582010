"""Writes the cases of this folder that are numbered from 400 on, and their verdicts. Needs torch and numpy.

    python make_more.py
"""

import hashlib
import io
import json
import pathlib
import pickle

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent


def sha256(tensor):
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    return hashlib.sha256(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()).hexdigest()


def entry(name, tensor, **more):
    return {"name": name, "dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape),
            "sha256": sha256(tensor), **more}


cases = []


def reads(file, tensors, how):
    cases.append({"file": file, "how": how, "verdict": "reads", "tensors": tensors})


def refuses(file, because, how):
    cases.append({"file": file, "how": how, "verdict": "refuses", "because": because})


def tensors_of(arrays):
    return [entry(name, torch.from_numpy(np.ascontiguousarray(array))) for name, array in arrays.items()]


arrays = {"a": np.arange(6, dtype="<f4").reshape(2, 3), "b.c": np.arange(4, dtype="<i8")}
np.savez(HERE / "400_arrays.npz", **arrays)
reads("400_arrays.npz", tensors_of(arrays), "np.savez(file, **arrays)")
np.savez_compressed(HERE / "401_arrays_deflated.npz", **arrays)
reads("401_arrays_deflated.npz", tensors_of(arrays), "np.savez_compressed(file, **arrays)")

big = np.arange(6, dtype=">f8").reshape(2, 3)
np.save(HERE / "402_big_endian.npy", big)
reads("402_big_endian.npy", [entry("array", torch.from_numpy(big.astype("<f8")))], "np.save of a big-endian array")

per_channel = torch.quantize_per_channel(
    torch.arange(6.0).reshape(2, 3), torch.tensor([0.1, 0.2]), torch.tensor([1, 2]), 0, torch.quint8)
torch.save({"w": per_channel}, HERE / "403_per_channel.pth")
reads("403_per_channel.pth", [entry("w", per_channel, kind="per_channel_affine", axis=0)],
      "torch.quantize_per_channel")

bits = torch.tensor([1 + 2j, 3 - 4j])
negative = torch.tensor([5 + 6j, 7 - 8j]).conj().imag  # a view of one storage cannot be saved as two dtypes
torch.save({"conj": bits.conj(), "neg": negative}, HERE / "404_lazy_bits.pth")
reads("404_lazy_bits.pth", [entry("conj", bits.conj()), entry("neg", negative)],
      "tensors with the conj and neg bits")

values = torch.arange(4.0)
with open(HERE / "405_pickle_of_numpy.pkl", "wb") as file:
    pickle.dump({"conv.weight": values.numpy(), "step": 3}, file, protocol=4)
reads("405_pickle_of_numpy.pkl", [entry("conv.weight", values)], "pickle.dump of numpy arrays, protocol 4")

torch.save({"w": values, "t": values.view(2, 2).t()}, HERE / "406_legacy_transpose.pth",
           _use_new_zipfile_serialization=False)
reads("406_legacy_transpose.pth", [entry("w", values), entry("t", values.view(2, 2).t())],
      "the format before 1.6, two views of one storage")

special = torch.tensor([1.0, float("nan"), float("inf")])
torch.save({"fine": values, "odd": special}, HERE / "407_nan.pth")
reads("407_nan.pth", [entry("fine", values), entry("odd", special)], "a tensor with NaN and Inf")

packed = torch.quantize_per_channel(torch.ones(2, 4), torch.ones(2), torch.zeros(2), 0, torch.quint4x2)
torch.save({"fine": values, "packed": packed}, HERE / "408_packed.pth")
reads("408_packed.pth", [entry("fine", values)], "a tensor of quint4x2, which is reported")

parts = [torch.ones(2), torch.ones(3)]
nested = {"strided": torch.nested.nested_tensor(parts), "jagged": torch.nested.nested_tensor(parts, layout=torch.jagged)}
torch.save({"fine": values, **nested}, HERE / "409_nested.pth")
refuses("409_nested.pth", "a nested tensor is not supported", "a nested tensor beside an ordinary one")

hostile = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."
magic, version = pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2)
(HERE / "410_legacy_evil_system_info.pth").write_bytes(
    magic + version + hostile + pickle.dumps({}, 2) + pickle.dumps([], 2))
cases.append({"file": "410_legacy_evil_system_info.pth", "how": "the format before 1.6, os.system in its third pickle",
              "verdict": "refuses as unsafe", "because": "the pickle names os.system"})

torch.save({"w": torch.ones(1, dtype=torch.uint8).expand(2**63 - 1)}, HERE / "411_expand_to_the_last_byte.pth")
cases.append({"file": "411_expand_to_the_last_byte.pth", "how": "one byte, expanded to 2^63-1 elements",
              "verdict": "refuses elements", "because": "it would be a bomb"})

halves = torch.tensor([1 + 2j, 3 - 4j], dtype=torch.complex32)
torch.save({"conj": halves.conj()}, HERE / "412_conj_complex32.pth")
reads("412_conj_complex32.pth", [entry("conj", torch.tensor([1 - 2j, 3 + 4j], dtype=torch.complex32))],
      "the conj bit behind the dtype of _rebuild_tensor_v3")



class OnDevice:
    """Pickled as a tensor of another device is, with a cast that loading would do."""

    def __reduce__(self):
        return torch._utils._rebuild_device_tensor_from_cpu_tensor, (values, torch.float16, "cpu", False)


torch.save({"w": OnDevice()}, HERE / "413_cast_on_loading.pth")
cases.append({"file": "413_cast_on_loading.pth", "how": "_rebuild_device_tensor_from_cpu_tensor to another dtype",
              "verdict": "refuses", "because": "a float16 tensor that is stored as float32 is not supported"})

path = HERE / "verdicts.json"
known = [case for case in json.loads(path.read_text())["cases"] if int(case["file"][:3]) < 400]
lines = ",\n".join(json.dumps(case) for case in known + cases)
path.write_text('{"cases": [\n' + lines + "\n]}\n")
