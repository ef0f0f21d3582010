"""What a checkpoint holds, worked out by PyTorch and plain Python: the other side of every comparison."""
import hashlib
import pickle
import types

import torch


def digest(tensor):
    """The SHA-256 of the contiguous little-endian elements; None for a tensor that has none."""
    if tensor.is_meta:
        return None
    tensor = tensor.detach()
    tensor = tensor.int_repr() if tensor.is_quantized else tensor.resolve_conj().resolve_neg()
    # A copy: torch calls one element with a stride of 2 contiguous, and then cannot view it as bytes.
    flat = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor).reshape(-1)
    return hashlib.sha256(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"").hexdigest()


def describe(tensor):
    """A tensor as `inspect --json --sha256` describes it, as far as the two can be compared."""
    result = {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape)}
    if tensor.layout != torch.strided:
        parts = {
            torch.sparse_coo: ["_indices", "_values"], torch.sparse_csr: ["crow_indices", "col_indices", "values"],
            torch.sparse_csc: ["ccol_indices", "row_indices", "values"],
            torch.sparse_bsr: ["crow_indices", "col_indices", "values"],
            torch.sparse_bsc: ["ccol_indices", "row_indices", "values"],
        }[tensor.layout]
        result["parts"] = {name.strip("_"): describe(getattr(tensor, name)()) for name in parts}
        return result
    result["sha256"] = digest(tensor)
    if tensor.is_meta:
        return result
    result["strides"] = list(tensor.stride())
    if tensor.is_quantized and tensor.qscheme() == torch.per_tensor_affine:
        result |= {"scale": tensor.q_scale(), "zero_point": tensor.q_zero_point()}
    elif tensor.is_quantized:
        result |= {"axis": tensor.q_per_channel_axis(), "scales": describe(tensor.q_per_channel_scales()),
                   "zero_points": describe(tensor.q_per_channel_zero_points())}
    return result


def differences(found, wanted, place=""):
    """Where `found`, an entry of `inspect`, says something else than `wanted`."""
    for key, value in wanted.items():
        if isinstance(value, dict):
            yield from differences(found.get(key) or {}, value, f"{place}.{key}")
        elif found.get(key, None) != value:
            yield f"{place}.{key}: {found.get(key)} instead of {value}"


class Stub:
    """Stands for any class that is not to be imported."""

    dump_patches = False

    def __new__(cls, *arguments, **names):
        made = object.__new__(cls)
        made.__dict__["held"] = [arguments, names]
        return made

    def __init__(self, *arguments, **names):
        pass

    def __setstate__(self, state):
        self.held.append(state)

    def __setitem__(self, key, value):
        self.held.append({key: value})

    def append(self, value):
        self.held.append(value)

    def extend(self, values):
        self.held.extend(values)

    def __call__(self, *arguments, **names):
        return Stub(*arguments, **names)

    def __hash__(self):
        return id(self)


ALLOWED = {"torch._utils", "torch.storage", "torch._tensor", "torch.nn.parameter", "collections"}
NAMES = {
    ("builtins", "set"), ("builtins", "frozenset"), ("_codecs", "encode"), ("torch", "Size"), ("torch", "device"),
    ("torch.serialization", "_get_layout"),
}


def is_allowed(module, name):
    if module == "torch":
        value = getattr(torch, name, None)
        kinds = (torch.dtype, torch.qscheme, torch.layout)
        return isinstance(value, kinds) or name.endswith(("Storage", "Tensor")) or (module, name) in NAMES
    return module in ALLOWED or (module, name) in NAMES


class Unpickler(pickle.Unpickler):
    """Knows tensors and containers; everything else becomes a stub, and nothing is run."""

    def find_class(self, module, name):
        if is_allowed(module, name):
            try:
                return super().find_class(module, name)
            except AttributeError:
                pass
        return type(name, (Stub,), {"__module__": module})


def stub_pickle():
    """A module that torch.load takes as its `pickle_module`."""
    module = types.ModuleType("stub_pickle")
    module.Unpickler = Unpickler
    module.load = lambda file, **options: Unpickler(file, encoding="latin1").load()
    return module


def load_with_stubs(path):
    return torch.load(path, map_location="cpu", weights_only=False, pickle_module=stub_pickle(), encoding="latin1")


def tensors(value, above=()):
    """Every tensor in `value`, as often as paths lead to it."""
    if isinstance(value, torch.Tensor):
        yield value
        return
    if id(value) in above:
        return
    above = above + (id(value),)
    if isinstance(value, dict):
        inside = value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        inside = value
    elif isinstance(value, Stub):
        # What a class was called with is not what it holds.
        inside = value.held[2:]
    elif isinstance(value, torch.nn.Module):
        inside = value.state_dict().values()
    else:
        return
    for item in inside:
        yield from tensors(item, above)
    if isinstance(value, (dict, list)) and getattr(value, "__dict__", None):
        yield from tensors(value.__dict__, above)
