"""A model of each step of surgery in plain PyTorch, written from what the documentation says of it.

To add a step: a class that makes a random step fitting the weights at hand, and does it; `prepare` puts weights there that
it can be done to. `test_programs` fails where a step of the registry has none.
"""
import copy
import itertools
import math
import random
import re
from collections import OrderedDict

import torch
from torch.nn import functional as F

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
COMPLEX = [torch.complex64, torch.complex128]
OTHERS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


class Refused(Exception):
    """The documentation says that the step is refused."""


class Weight:
    """A tensor of the model: where it comes from, and whether its bits are certain; None where nothing is known of them."""

    def __init__(self, tensor, origins, exact=True):
        self.tensor, self.origins, self.exact = tensor, origins, exact

    def made(self, tensor, exact=None):
        return Weight(tensor, self.origins, exact if exact is not None else self.exact)

    @property
    def view(self):
        """What makes two names the very same tensor."""
        t = self.tensor
        # How far it is to a second place says nothing of an axis that has but one.
        strides = tuple(stride if size > 1 else 0 for size, stride in zip(t.shape, t.stride()))
        return (t.untyped_storage().data_ptr(), t.storage_offset(), t.dtype, tuple(t.shape), strides) if t.numel() else id(self)


# ---------------------------------------------------------------- names
def pieces(text):
    """A pattern as a list of lists: of each piece the regular expressions that it may be."""
    result, index = [], 0
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
            result.append([re.escape(text[index])])
        elif char == "*":
            result.append(["(.*)"])
        elif char == "#":
            result.append(["([0-9]+)"])
        elif char == "?":
            result.append(["(.)"])
        elif char == "[":
            end = text.index("]", index)
            inside = text[index + 1:end]
            result.append([f"([{'^' + inside[1:] if inside[0] == '!' else inside}])"])
            index = end
        elif char == "{":
            end = text.index("}", index)
            result.append([f"({re.escape(choice)})" for choice in choices(text[index + 1:end])])
            index = end
        else:
            result.append([re.escape(char)])
        index += 1
    return result


def choices(inside):
    if ".." in inside:
        first, last = map(int, inside.split(".."))
        return [str(n) for n in (range(first, last + 1) if first <= last else range(first, last - 1, -1))]
    return inside.split(",")


def fit(pattern, name):
    """What the wildcards stand for; None where the name does not fit."""
    if pattern.startswith("!"):
        return [] if fit(pattern[1:], name) is None else None
    if pattern.startswith("re:/"):
        found = re.fullmatch(pattern[4:-1], name)
        return found and [group or "" for group in found.groups()]
    for alternative in itertools.product(*pieces(pattern)):
        if found := re.fullmatch("".join(alternative), name, re.DOTALL):
            return list(found.groups())
    return None


def made(template, name="", captures=()):
    """The names that a template makes; the first braces vary slowest."""
    parts, next_wildcard = [], itertools.count()
    for part in re.split(r"(\{[^}]*\}|\*)", template):
        if part == "*":
            parts.append([captures[next(next_wildcard)]])
        elif part == "{&}":
            parts.append([name])
        elif re.fullmatch(r"\{\d+\}", part):
            parts.append([captures[int(part[1:-1]) - 1]])
        elif found := re.fullmatch(r"\{(\d+|n)([+-]\d+)\}", part):
            digits = captures[next(next_wildcard) if found[1] == "n" else int(found[1]) - 1]
            if int(digits) + int(found[2]) < 0:
                raise Refused(f"{digits} {part}")
            parts.append([str(int(digits) + int(found[2])).zfill(len(digits) if digits[0] == "0" else 0)])
        elif part.startswith("{"):
            parts.append(choices(part[1:-1]))
        else:
            parts.append([part])
    return ["".join(part) for part in itertools.product(*parts)]


def escape(name):
    return re.sub(r"([*#?\[\]{}\\])", r"\\\1", name)


def matching(state, patterns):
    """The names that fit one of the patterns, each of which has to fit something."""
    hits = [[name for name in state if fit(pattern, name) is not None] for pattern in patterns]
    if not all(hits):
        raise Refused(f"{patterns} of {list(state)}")
    found = set(itertools.chain(*hits))
    return [name for name in state if name in found]


def renamed(pairs):
    state = OrderedDict()
    for name, weight in pairs:
        if name in state:
            raise Refused(f"two would be {name}")
        state[name] = weight
    return state


def some_pattern(r, state, wanted=lambda weight: True):
    """Patterns that fit only names that are wanted, as one or a list; None where there are none."""
    names = [name for name, weight in state.items() if wanted(weight)]
    if not names:
        return None
    name = r.choice(names)
    leaf, head = name.rsplit(".", 1)[-1], name.split(".", 1)[0]
    other = r.choice(names)
    proposals = [
        escape(name), f"*.{escape(leaf)}", f"{escape(head)}.*", "*", "!" + escape(r.choice(list(state))),
        re.sub(r"\d+", "#", escape(name)), f"re:/.*{re.escape(leaf)}/", escape(name[:-1]) + "?",
        [escape(name), escape(other)],
    ]
    if not set(",{}.") & set(leaf) and "." in name:
        proposals.append(f"{escape(name.rsplit('.', 1)[0])}.{{{leaf},{leaf}}}")
    r.shuffle(proposals)
    for proposal in proposals:
        listed = proposal if isinstance(proposal, list) else [proposal]
        try:
            if set(matching(state, listed)) <= set(names):
                return proposal
        except Refused:
            continue
    return escape(name)


def listed(value):
    return value if isinstance(value, list) else [value]


def change(state, patterns, function):
    """Each tensor that fits is changed; what was one tensor under several names is one afterwards."""
    state, done = OrderedDict(state), {}
    for name in matching(state, listed(patterns)):
        weight = state[name]
        if weight.view not in done:
            done[weight.view] = function(weight)
        tensor, exact = done[weight.view]
        state[name] = weight.made(tensor, weight.exact and exact)
    return state


def cast(weights, dtypes):
    """Tensors in other dtypes; those that share a storage still do, where they are cast alike."""
    storages, result = {}, []
    for weight, dtype in zip(weights, dtypes):
        t = weight.tensor
        if dtype is None or not t.is_floating_point() or t.dtype == dtype:
            result.append(weight)
            continue
        if t.numel() == 0:
            result.append(weight.made(t.to(dtype)))
            continue
        key = t.untyped_storage().data_ptr(), t.dtype, dtype
        if key not in storages:
            whole = torch.empty(0, dtype=t.dtype).set_(t.untyped_storage(), 0, (t.untyped_storage().nbytes() // t.itemsize,))
            storages[key] = whole.to(dtype)
        result.append(weight.made(storages[key].as_strided(t.shape, t.stride(), t.storage_offset())))
    return result


def rounded(tensor, dtype):
    """What was computed, as it is stored: row by row."""
    return tensor.to(dtype).contiguous()


def tensor(r, shape, dtype):
    """Of any strides: a slice of a permuted tensor."""
    order = r.sample(range(len(shape)), len(shape))
    stored = torch.randn([shape[axis] + r.randint(0, 1) for axis in order], dtype=torch.float64)
    stored = (stored * 3).to(dtype) if not dtype.is_complex else torch.complex(stored, torch.randn(stored.shape, dtype=torch.float64)).to(dtype)
    view = stored.permute([order.index(axis) for axis in range(len(shape))])
    return view[tuple(slice(0, size) for size in shape)]


def convnext(r):
    state, dims = OrderedDict(), [2, 3, 4, 5]

    def add(name, *shape):
        state[f"{name}.weight"], state[f"{name}.bias"] = tensor(r, shape, torch.float32), tensor(r, shape[:1], torch.float32)

    for stage, dim in enumerate(dims):
        last = dims[stage - 1] if stage else 3
        convolution, norm = (0, 1) if stage == 0 else (1, 0)
        size = 4 if stage == 0 else 2
        add(f"downsample_layers.{stage}.{convolution}", dim, last, size, size)
        add(f"downsample_layers.{stage}.{norm}", dim if stage == 0 else last)
        block = f"stages.{stage}.0"
        state[f"{block}.gamma"] = tensor(r, [dim], torch.float32)
        add(f"{block}.dwconv", dim, 1, 7, 7)
        add(f"{block}.norm", dim)
        add(f"{block}.pwconv1", 4 * dim, dim)
        add(f"{block}.pwconv2", dim, 4 * dim)
    add("norm", dims[-1])
    add("head", 3, dims[-1])
    return state


# ---------------------------------------------------------------- steps
class Program:
    """Where a program's files lie, and what the checkpoint has beside its weights."""

    def __init__(self, r, folder):
        self.random, self.folder, self.files = r, folder, itertools.count()
        self.wrapped = {}
        self.is_first = True
        # What other files hold that steps read.
        self.others = []

    def save(self, value):
        path = self.folder / f"other{next(self.files)}.pth"
        torch.save(value, path)
        self.others.append(value)
        return path


class Step:
    """A step of the registry: `make` gives a record for the state at hand, or None; `do` is what it means."""

    verb = None
    # Whether nothing can be said of what other steps would make of it.
    is_last = False

    def prepare(self, r, state):
        """Adds weights that it can be done to."""

    def make(self, program, state):
        raise NotImplementedError

    def do(self, program, state, record):
        raise NotImplementedError


STEPS = {}


def step(cls):
    STEPS[cls.verb] = cls()
    return cls


@step
class Drop(Step):
    verb = "drop"

    def make(self, program, state):
        return {"drop": some_pattern(program.random, state)}

    def do(self, program, state, record):
        gone = set(matching(state, listed(record["drop"])))
        return OrderedDict((n, w) for n, w in state.items() if n not in gone)


@step
class Keep(Step):
    verb = "keep"

    def make(self, program, state):
        return {"keep": some_pattern(program.random, state)}

    def do(self, program, state, record):
        return OrderedDict((n, state[n]) for n in matching(state, listed(record["keep"])))


@step
class Rename(Step):
    verb = "rename"

    def make(self, program, state):
        name = program.random.choice(list(state))
        pattern, template = program.random.choice([
            ("*.*", "{1}/{2}"), ("*", "x.{&}"), ("?*", "{2}{1}"), ("*.#.*", "{1}.{3}.{2}"), ("re:/(.*)\\.(.*)/", "{2}_{1}"),
            (escape(name), "new.name"), ("{a,b,c}.*", "q{1}.*"), ("*.weight", "*.w"), ("[a-c]*", "z{1}{2}"),
            ("*.#.*", "{1}.{2+3}.{3}"), ("*.#.*", "*.{n+10}.*"), ("*.#.*", "{1}.{2-1}.{3}"),
        ])
        return {"rename": pattern, "to": template}

    def do(self, program, state, record):
        hits = set(matching(state, [record["rename"]]))
        return renamed(
            (made(record["to"], n, fit(record["rename"], n))[0] if n in hits else n, w) for n, w in state.items())


@step
class MapNames(Step):
    verb = "map"

    def make(self, program, state):
        heads = sorted({name.split(".", 1)[0] for name in state if "." in name and not set(name.split(".")[0]) & set("*#?[]{}\\")})
        if not heads:
            return None
        some = program.random.sample(heads, program.random.randint(1, len(heads)))
        table = {f"{head}.*": f"t{index}.{{1}}" for index, head in enumerate(some)}
        record = {"map": table}
        if program.random.random() < 0.3:
            record = {"map": {f"u{index}.{{1}}".replace("{1}", "*"): f"{head}.*" for index, head in enumerate(some)}, "reverse": True}
        if program.random.random() < 0.6:
            record["rest"] = program.random.choice(["keep", "drop", "error"])
        return record

    def do(self, program, state, record):
        rows = list(record["map"].items())
        if record.get("reverse"):
            # The tables that are made have one wildcard a row.
            rows = [(template, pattern) for pattern, template in rows]
        pairs, matched, left = [], False, False
        for name, weight in state.items():
            fitting = [(made(template, name, fit(pattern, name))[0]) for pattern, template in rows if fit(pattern, name) is not None]
            if len(fitting) > 1:
                raise Refused(name)
            matched, left = matched or bool(fitting), left or not fitting
            if fitting or record.get("rest", "keep") != "drop":
                pairs.append((fitting[0] if fitting else name, weight))
        if not matched or left and record.get("rest") == "error":
            raise Refused(record)
        return renamed(pairs)


@step
class AddPrefix(Step):
    verb = "add-prefix"

    def make(self, program, state):
        return {"add-prefix": program.random.choice(["module.", "é.", "x{", "a"])}

    def do(self, program, state, record):
        return OrderedDict((record["add-prefix"] + n, w) for n, w in state.items())


@step
class StripPrefix(Step):
    verb = "strip-prefix"

    def make(self, program, state):
        name = program.random.choice(list(state))
        if "." not in name[:-1]:
            return None
        return {"strip-prefix": name[:name.index(".") + 1]}

    def do(self, program, state, record):
        prefix = record["strip-prefix"]
        if not any(n.startswith(prefix) for n in state):
            raise Refused(prefix)
        return renamed((n.removeprefix(prefix), w) for n, w in state.items())


@step
class Replicate(Step):
    verb = "replicate"

    def make(self, program, state):
        if len(state) > 40:
            return None
        return {"replicate": program.random.choice(["model.{0..2}.", "{a,b}.", "x.", "m{3..1}.{u,v}."])}

    def do(self, program, state, record):
        return renamed((p + n, w) for p in made(record["replicate"]) for n, w in state.items())


@step
class Naming(Step):
    verb = "naming"
    # facebookresearch's names, and timm's for the same.
    PAIRS = [
        (r"downsample_layers\.0\.(.*)", "stem.{}"), (r"downsample_layers\.(\d)\.(.*)", "stages.{}.downsample.{}"),
        (r"stages\.(\d)\.(\d+)\.gamma", "stages.{}.blocks.{}.gamma"),
        (r"stages\.(\d)\.(\d+)\.dwconv\.(.*)", "stages.{}.blocks.{}.conv_dw.{}"),
        (r"stages\.(\d)\.(\d+)\.norm\.(.*)", "stages.{}.blocks.{}.norm.{}"),
        (r"stages\.(\d)\.(\d+)\.pwconv([12])\.(.*)", "stages.{}.blocks.{}.mlp.fc{}.{}"),
        (r"norm\.(.*)", "head.norm.{}"), (r"head\.(.*)", "head.fc.{}"),
    ]
    PREFIX = "net."

    def prepare(self, r, state):
        network = convnext(r)
        state.update((self.PREFIX + n, t) for n, t in network.items())

    def make(self, program, state):
        network = {n: w.tensor.shape for n, w in state.items() if n.startswith(self.PREFIX)}
        shapes = {self.PREFIX + n: t.shape for n, t in convnext(random.Random(0)).items()}
        is_alone = not any("downsample_layers" in n for n in state if not n.startswith(self.PREFIX))
        return {"naming": "timm"} if is_alone and network == shapes else None

    def do(self, program, state, record):
        pairs = []
        for name, weight in state.items():
            rest = name.removeprefix(self.PREFIX)
            found = rest != name and next(((p, t) for p, t in self.PAIRS if re.fullmatch(p, rest)), None)
            pairs.append((self.PREFIX + found[1].format(*re.fullmatch(found[0], rest).groups()) if found else name, weight))
        return renamed(pairs)


@step
class LiveOnly(Step):
    verb = "live-only"
    COPY = r"((?:.*\.)?model\.)(\d+)\.(?:stages|downsample_layers)\.([0-3])\..*"

    def prepare(self, r, state):
        backbone = {n: t for n, t in convnext(r).items() if not n.startswith(("norm", "head"))}
        layers = r.choice([range(4), range(4, 8), (1, 2, 4, 11), range(2), range(1, 3)])
        state.update((f"model.{i}.{n}", t) for i in layers for n, t in backbone.items())

    def places(self, state):
        found = {}
        for name in state:
            place = re.fullmatch(self.COPY, name, re.DOTALL)
            if place:
                found[name] = place[1], place[2], int(place[3])
        return found

    def make(self, program, state):
        return {"live-only": None} if self.places(state) else None

    def do(self, program, state, record):
        places, runs = self.places(state), {}
        for model in {model for model, _, _ in places.values()}:
            layers = sorted({layer for m, layer, _ in places.values() if m == model}, key=lambda n: (int(n), n))
            numbers = [int(layer) for layer in layers]
            for rank, layer in enumerate(layers):
                held = {stage for m, n, stage in places.values() if (m, n) == (model, layer)}
                if len(layers) == 4 or len(layers) in (2, 3) and numbers == list(range(len(layers))):
                    runs[model, layer] = rank
                elif len(held) == 1:
                    runs[model, layer] = held.pop()
                else:
                    raise Refused(f"nothing tells what {model}{layer} runs")
        live = OrderedDict((n, w) for n, w in state.items() if n not in places or runs[places[n][:2]] == places[n][2])
        if len(live) == len(state):
            raise Refused("all are read")
        return live


@step
class Tie(Step):
    verb = "tie"

    def make(self, program, state):
        name = program.random.choice(list(state))
        model = state[name].tensor
        pattern = some_pattern(program.random, state, lambda w: w.tensor.shape == model.shape and w.tensor.dtype == model.dtype)
        return {"tie": pattern, "to": name}

    def do(self, program, state, record):
        state, model = OrderedDict(state), state[record["to"]]
        for name in matching(state, listed(record["tie"])):
            state[name] = model
        return state


@step
class Untie(Step):
    verb = "untie"

    def make(self, program, state):
        return {"untie": some_pattern(program.random, state)}

    def do(self, program, state, record):
        state = OrderedDict(state)
        for name in matching(state, listed(record["untie"])):
            state[name] = state[name].made(state[name].tensor.clone(memory_format=torch.contiguous_format))
        return state


@step
class Cast(Step):
    verb = "cast"

    def make(self, program, state):
        record = {"cast": some_pattern(program.random, state), "to": str(program.random.choice(FLOATS)).removeprefix("torch.")}
        if program.random.random() < 0.3:
            record["except"] = some_pattern(program.random, state)
        return record

    def do(self, program, state, record):
        hits = set(matching(state, listed(record["cast"])))
        if "except" in record:
            hits -= set(matching(state, listed(record["except"])))
        dtype = getattr(torch, record["to"])
        weights = cast(list(state.values()), [dtype if name in hits else None for name in state])
        return OrderedDict(zip(state, weights))


class View(Step):
    """A step that looks at each tensor in another way."""

    def arguments(self, program, tensor):
        """The fields for a tensor, and which others take them."""
        raise NotImplementedError

    def make(self, program, state):
        tensor = program.random.choice(list(state.values())).tensor
        found = self.arguments(program, tensor)
        if found is None:
            return None
        fields, takes = found
        pattern = some_pattern(program.random, state, lambda w: takes(w.tensor))
        return pattern and {self.verb: pattern, **fields}

    def do(self, program, state, record):
        return change(state, record[self.verb], lambda w: (self.view(w.tensor, record), True))


@step
class Transpose(View):
    verb = "transpose"

    def arguments(self, program, tensor):
        if tensor.dim() < 2:
            return None
        a, b = program.random.sample(range(tensor.dim()), 2)
        rank = tensor.dim()
        return {"axes": [a, b - rank]}, lambda t: t.dim() == rank

    def view(self, tensor, record):
        return tensor.transpose(*record.get("axes", [0, 1]))


@step
class Permute(View):
    verb = "permute"

    def arguments(self, program, tensor):
        rank = tensor.dim()
        if rank < 1:
            return None
        return {"order": program.random.sample(range(rank), rank)}, lambda t: t.dim() == rank

    def view(self, tensor, record):
        return tensor.permute(record["order"])


@step
class Reshape(View):
    verb = "reshape"

    def arguments(self, program, tensor):
        count = tensor.numel()
        if count == 0:
            return None
        sizes = program.random.choice([[-1], [count], [1, -1], [-1, 1, 1], [d for d in (2, 3) if count % d == 0][:1] + [-1]])
        return {"to": sizes}, lambda t: t.numel() == count

    def view(self, tensor, record):
        return tensor.reshape(record["to"])


@step
class Squeeze(View):
    verb = "squeeze"

    def prepare(self, r, state):
        state["point.weight"] = tensor(r, [3, 2, *r.choice([[], [1], [1, 1]])], r.choice(FLOATS + OTHERS))

    def arguments(self, program, tensor):
        return {}, lambda t: t.dim() >= 2 and all(side == 1 for side in t.shape[2:])

    def view(self, tensor, record):
        return tensor.reshape(tensor.shape[:2]) if tensor.dim() > 2 else tensor


@step
class Unsqueeze(View):
    verb = "unsqueeze"

    def arguments(self, program, tensor):
        rank = program.random.choice([4, 4, 5, tensor.dim()])
        if rank == 0:
            return None
        return {} if rank == 4 else {"rank": rank}, lambda t: t.dim() <= rank

    def view(self, tensor, record):
        sides = [1] * (record.get("rank", 4) - tensor.dim())
        return tensor.reshape([*tensor.shape, *sides]) if sides else tensor


@step
class IndexSelect(View):
    verb = "index-select"

    def arguments(self, program, tensor):
        axes = [axis for axis in range(tensor.dim()) if tensor.shape[axis] > 0]
        if not axes or tensor.numel() == 0:
            return None
        axis = program.random.choice(axes)
        length, rank = tensor.shape[axis], tensor.dim()
        indices = [program.random.randrange(length) for _ in range(program.random.randint(1, 4))]
        return (
            {"indices": indices, "axis": program.random.choice([axis, axis - rank])},
            lambda t: t.dim() == rank and t.shape[axis] == length)

    def view(self, tensor, record):
        axis, indices = record.get("axis", 0), record["indices"]
        return tensor.index_select(axis, torch.tensor(indices))


class Constant(Step):
    """A step that does arithmetic with a Python number."""

    key = None

    def make(self, program, state):
        pattern = some_pattern(program.random, state, lambda w: w.tensor.is_floating_point() or w.tensor.is_complex())
        return pattern and {self.verb: pattern, self.key: program.random.choice([2, 0.5, -1, 0.1, 1 / 3, 1e-3, 0])}

    def do(self, program, state, record):
        number = record[self.key]
        # torch multiplies complex numbers by number + 0j, which turns the sign of some zeros.
        return change(state, record[self.verb], lambda w: (
            rounded(self.result(w.tensor, number), w.tensor.dtype), number != 0 or not w.tensor.is_complex()))


@step
class Scale(Constant):
    verb, key = "scale", "by"

    def result(self, tensor, number):
        return tensor * number


@step
class Add(Constant):
    verb, key = "add", "number"

    def result(self, tensor, number):
        return tensor + number


@step
class Slice(View):
    verb = "slice"

    def arguments(self, program, tensor):
        axes = [axis for axis in range(tensor.dim()) if tensor.shape[axis] > 0]
        if not axes or tensor.numel() == 0:
            return None
        axis = program.random.choice(axes)
        length, rank = tensor.shape[axis], tensor.dim()
        start = program.random.randrange(length)
        stop = program.random.choice(["", str(program.random.randint(start + 1, length))])
        step = program.random.choice(["", ":1", ":2"])
        return (
            {"range": f"{start}:{stop}{step}", "axis": program.random.choice([axis, axis - rank])},
            lambda t: t.dim() == rank and t.shape[axis] == length)

    def view(self, tensor, record):
        index = [slice(None)] * tensor.dim()
        index[record.get("axis", 0)] = slice(*[int(x) if x else None for x in record["range"].split(":")])
        return tensor[tuple(index)]


class Join(Step):
    """A step that makes one tensor of several."""

    def prepare(self, r, state):
        shape, dtype = [r.randint(1, 4) for _ in range(r.randint(1, 3))], r.choice(FLOATS + COMPLEX + OTHERS)
        state.update((f"b.w.{leaf}", tensor(r, shape, dtype)) for leaf in "qkv")

    def make(self, program, state):
        groups = {}
        for name, weight in state.items():
            if weight.tensor.dim() and set(name.rsplit(".", 1)[-1]).isdisjoint(",{}*#?[]\\") and "." in name:
                key = name.rsplit(".", 1)[0], weight.tensor.dtype, tuple(weight.tensor.shape)
                groups.setdefault(key, []).append(name.rsplit(".", 1)[1])
        groups = [(key, leaves) for key, leaves in groups.items() if len(leaves) > 1]
        if not groups:
            return None
        (head, _, shape), leaves = program.random.choice(groups)
        chosen = program.random.sample(leaves, program.random.randint(2, min(4, len(leaves))))
        axis = program.random.choice(self.axes(len(shape)))
        return {self.verb: f"{escape(head)}.{{{','.join(chosen)}}}", "to": "joined.w", "axis": axis}

    def do(self, program, state, record):
        # The patterns that are made have one group, whose order is that of the braces.
        head, leaves = record[self.verb].rsplit(".{", 1)
        names = [re.sub(r"\\(.)", r"\1", head) + "." + leaf for leaf in leaves[:-1].split(",")]
        if any(name not in state for name in names):
            raise Refused(names)
        parts = [state[name] for name in names]
        origins = list(dict.fromkeys(itertools.chain(*(part.origins for part in parts))))
        tensor = self.join([part.tensor for part in parts], record["axis"])
        first = min(names, key=list(state).index)
        return renamed(
            (record["to"], Weight(tensor, origins, all(p.exact for p in parts))) if name == first else (name, weight)
            for name, weight in state.items() if name == first or name not in names)


@step
class Concat(Join):
    verb = "concat"

    def axes(self, rank):
        return range(-rank, rank)

    def join(self, tensors, axis):
        return torch.cat(tensors, axis)


@step
class Stack(Join):
    verb = "stack"

    def axes(self, rank):
        return range(-rank - 1, rank + 1)

    def join(self, tensors, axis):
        return torch.stack(tensors, axis)


@step
class Split(Step):
    verb = "split"

    def make(self, program, state):
        names = [n for n, w in state.items() if any(size > 1 for size in w.tensor.shape)]
        if not names:
            return None
        name = program.random.choice(names)
        shape = state[name].tensor.shape
        axis = program.random.choice([a for a, size in enumerate(shape) if size > 1])
        record = {"split": escape(name), "to": "{&}.{p,q}", "axis": axis}
        if shape[axis] % 2 or program.random.random() < 0.5:
            first = program.random.randint(1, shape[axis] - 1)
            record["sizes"] = [first, shape[axis] - first]
        return record

    def do(self, program, state, record):
        pairs, hits = [], set(matching(state, [record["split"]]))
        for name, weight in state.items():
            if name not in hits:
                pairs.append((name, weight))
                continue
            length = weight.tensor.shape[record["axis"]]
            sizes = record.get("sizes", [length // 2] * 2)
            names = made(record["to"], name, fit(record["split"], name))
            for new, piece in zip(names, torch.split(weight.tensor, sizes, record["axis"])):
                pairs.append((new, weight.made(piece)))
        return renamed(pairs)


@step
class Fill(Step):
    verb = "fill"

    def make(self, program, state):
        pattern = some_pattern(program.random, state, lambda w: not w.tensor.is_complex())
        return pattern and {"fill": pattern, "with": program.random.choice(["zeros", 1, 0])}

    def do(self, program, state, record):
        value = 0 if record["with"] == "zeros" else record["with"]
        after = change(state, record["fill"], lambda w: (torch.full(w.tensor.shape, value, dtype=w.tensor.dtype), True))
        for name in matching(state, listed(record["fill"])):
            after[name] = Weight(after[name].tensor, [])
        return after


@step
class AdaptInput(Step):
    """timm.models._manipulate.adapt_input_conv."""

    verb = "adapt-input"

    def prepare(self, r, state):
        state["stem.weight"] = tensor(r, [2, r.choice([3, 3, 1]), 2, 2], r.choice(FLOATS))

    def make(self, program, state):
        pattern = some_pattern(
            program.random, state, lambda w: w.tensor.dim() >= 3 and w.tensor.shape[1] in (1, 3) and w.tensor.is_floating_point())
        return pattern and {"adapt-input": pattern, "channels": program.random.randint(1, 7)}

    def do(self, program, state, record):
        n = record["channels"]

        def adapt(weight):
            t = weight.tensor
            old = t.shape[1]
            if n == old:
                return t, True
            if n == 1:
                return rounded(t.double().sum(1, keepdim=True), t.dtype), False
            wide = t.double().repeat(1, -(-n // old), *[1] * (t.dim() - 2))[:, :n]
            return rounded(wide * float(torch.tensor(old / n, dtype=torch.float32)), t.dtype), True

        return change(state, record["adapt-input"], adapt)


@step
class FuseBatchNorm(Step):
    """torch.nn.utils.fuse_conv_bn_weights."""

    verb = "fuse-bn"

    def prepare(self, r, state):
        channels, inputs, groups, dtype = r.randint(1, 4), r.randint(1, 4), r.randint(1, 2), r.choice(FLOATS)
        shape = r.choice([[inputs * groups, channels, 1, 2], [channels * groups, inputs, 1, 2]])
        channels *= groups
        state["m.0.conv.weight"] = tensor(r, shape, dtype)
        if r.random() < 0.5:
            state["m.0.conv.bias"] = tensor(r, [channels], r.choice(FLOATS))
        for leaf in ("weight", "bias", "running_mean"):
            state[f"m.0.bn.{leaf}"] = tensor(r, [channels], r.choice([dtype, torch.float32]))
        state["m.0.bn.running_var"] = tensor(r, [channels], torch.float32).abs() + 0.1
        state["m.0.bn.num_batches_tracked"] = torch.tensor(7)

    def make(self, program, state):
        if not any(n.endswith(".conv.weight") and n[:-11] + "bn.running_mean" in state for n in state):
            return None
        record = {"fuse-bn": "*.conv", "with": "*.bn", "eps": program.random.choice([1e-3, 1e-5])}
        return {**record, "transposed": program.random.random() < 0.5} if program.random.random() < 0.8 else record

    def do(self, program, state, record):
        state, result, gone = OrderedDict(state), [], set()
        for name, weight in state.items():
            bn = name[:-11] + "bn."
            if not name.endswith(".conv.weight") or bn + "running_mean" not in state:
                continue
            names = [bn + leaf for leaf in ("running_mean", "running_var", "weight", "bias")]
            if bn + "running_var" not in state:
                raise Refused(bn)
            bias_name = name[:-6] + "bias"
            parts = [state[n] for n in [name, *names] if n in state] + [state[n] for n in [bias_name] if n in state]
            if any(not p.tensor.is_floating_point() for p in parts) or not weight.tensor.dim():
                raise Refused(name)
            w, channels = weight.tensor, len(state[names[0]].tensor) if state[names[0]].tensor.dim() == 1 else -1
            # [in, out/groups, kernel], where each group of inputs has outputs of its own.
            groups = channels // w.shape[1] if w.dim() > 2 and w.shape[1] and channels % w.shape[1] == 0 else 0
            is_second = groups > 0 and w.shape[0] % groups == 0
            is_transposed = record.get("transposed", w.shape[0] != channels)
            if not (is_second if is_transposed else w.shape[0] == channels):
                raise Refused(name)
            if any(p.tensor.shape != (channels,) for p in parts[1:]):
                raise Refused(name)
            mean, var, gain, shift = (state[n].tensor.double() if n in state else None for n in names)
            factor = (1 if gain is None else gain) / torch.sqrt(var + record["eps"])
            bias = state.get(bias_name)
            start = torch.zeros(channels, dtype=torch.float64) if bias is None else bias.tensor.double()
            new_bias = (start - mean) * factor + (0 if shift is None else shift)
            if is_transposed:
                # The factors of each group's outputs, for each of its inputs.
                factor = factor.reshape(groups, 1, w.shape[1]).expand(groups, w.shape[0] // groups, w.shape[1]).reshape(w.shape[:2])
            new_weight = w.double() * factor.reshape(*factor.shape, *[1] * (w.dim() - factor.dim()))
            origins = lambda keys: [o for key in keys if key in state for o in state[key].origins]
            fused = [
                (name, Weight(rounded(new_weight, weight.tensor.dtype), origins([name, bn + "running_var", bn + "weight"]), False)),
                (bias_name, Weight(rounded(new_bias, (bias or weight).tensor.dtype), origins([bias_name, *names]), False)),
            ]
            gone |= {name, bias_name, *names, bn + "num_batches_tracked"}
            result.append((name, fused))
        if not result:
            raise Refused("no norm")
        fused = dict(result)
        return renamed(itertools.chain(*(fused.get(n, [] if n in gone else [(n, w)]) for n, w in state.items())))


class Parametrized(Step):
    """Parts of a weight that the module computes from them: what torch's own functions leave when they remove it."""

    HOOKED, PARAMETRIZED = (), ()

    def spelled(self, name, is_old):
        head, leaf = name.rsplit(".", 1)
        return [name + end for end in self.HOOKED] if is_old else [f"{head}.parametrizations.{leaf}.{end}" for end in self.PARAMETRIZED]

    def prepare(self, r, state):
        shape = [r.randint(1, 4) for _ in range(r.randint(2, 4))]
        parts = self.parts(r, shape, r.randrange(len(shape)), r.choice(FLOATS))
        state.update(zip(self.spelled(f"{self.verb}.0.weight", r.random() < 0.5), parts))

    def groups(self, state):
        found = {}
        for name in state:
            for weight, is_old in self.candidates(name):
                names = self.spelled(weight, is_old)
                if names[0] == name and names[1] in state:
                    found.setdefault(weight, []).append(names)
        return found

    def candidates(self, name):
        if name.endswith(self.HOOKED[0]) and "." in name[:-len(self.HOOKED[0])]:
            yield name[:-len(self.HOOKED[0])], True
        if found := re.fullmatch(rf"(.*\.)parametrizations\.([^.]*)\.{self.PARAMETRIZED[0]}", name, re.DOTALL):
            yield found[1] + found[2], False

    def make(self, program, state):
        found = self.groups(state)
        return {self.verb: program.random.choice(["*", escape(program.random.choice(list(found)))])} if found else None

    def do(self, program, state, record):
        found, gone, made, done = self.groups(state), set(), {}, {}
        hits = matching(found, [record[self.verb]])
        for name, names in [(name, names) for name in hits for names in found[name]]:
            parts = [state[n] for n in names if n in state]
            if len(parts) < len(names) or any(not p.tensor.is_floating_point() for p in parts):
                raise Refused(name)
            key = tuple(p.view for p in parts)
            if key not in done:
                done[key] = rounded(self.weight([p.tensor for p in parts]), self.dtype(parts))
            made[names[0]] = name, Weight(done[key], [o for p in parts for o in p.origins], False)
            gone |= set(names)
        return renamed(made.get(n, (n, w)) for n, w in state.items() if n in made or n not in gone)


@step
class RemoveWeightNorm(Parametrized):
    """torch._weight_norm, which the hooks and the parametrization call."""

    verb = "remove-weight-norm"
    HOOKED, PARAMETRIZED = ("_g", "_v"), ("original0", "original1")

    def parts(self, r, shape, axis, dtype):
        sizes = r.choice([[n if a == axis else 1 for a, n in enumerate(shape)]] * 3 + [[]])
        return tensor(r, sizes, dtype), tensor(r, shape, dtype)

    def dtype(self, parts):
        return parts[1].tensor.dtype

    def weight(self, parts):
        g, v = parts
        if g.dtype != v.dtype:
            raise Refused("dtypes")
        if g.dim() == 0:
            return torch._weight_norm(v.double(), g.double(), -1)
        axes = [a for a, n in enumerate(g.shape) if n != 1]
        if g.dim() != v.dim() or len(axes) > 1 or any(g.shape[a] != v.shape[a] for a in axes) or not axes and 1 not in v.shape:
            raise Refused("shapes")
        return torch._weight_norm(v.double(), g.double(), axes[0] if axes else v.shape.index(1))


@step
class RemoveSpectralNorm(Parametrized):
    """What SpectralNorm.compute_weight does without an iteration."""

    verb = "remove-spectral-norm"
    HOOKED, PARAMETRIZED = ("_orig", "_u", "_v"), ("original", "0._u", "0._v")

    def parts(self, r, shape, axis, dtype):
        rest = math.prod(shape) // shape[axis]
        # Of signs that leave no norm near nothing, where rounding would be all there is.
        return tensor(r, shape, dtype).abs() + 0.5, tensor(r, [shape[axis]], dtype).abs() + 0.5, tensor(r, [rest], dtype).abs() + 0.5

    def dtype(self, parts):
        return parts[0].tensor.dtype

    def weight(self, parts):
        w, u, v = (p.double() for p in parts)
        fitting = [a for a in range(w.dim()) if u.shape == (w.shape[a],) and w.shape[a] and v.shape == (w.numel() // w.shape[a],)]
        if not fitting:
            raise Refused("shapes")
        matrix = w.movedim(fitting[0], 0).reshape(w.shape[fitting[0]], -1)
        return w / torch.dot(u, torch.mv(matrix, v))


@step
class Interpolate(Step):
    """torch.nn.functional.interpolate with align_corners=False."""

    verb = "interpolate"

    def prepare(self, r, state):
        side, channels = r.randint(1, 5), r.randint(1, 3)
        table = [side * side + r.randint(0, 1), channels]
        shape = r.choice([[2, 3, r.randint(1, 6), r.randint(1, 6)], [1, *table], table, [1, side, side, side + 1]])
        state["pos_embed"] = tensor(r, shape, r.choice(FLOATS))

    def make(self, program, state):
        r = program.random
        pattern = some_pattern(r, state, lambda w: w.tensor.is_floating_point() and self.grid(w.tensor, {}))
        if not pattern:
            return None
        record = {"interpolate": pattern, "to": [r.randint(2, 9), r.randint(2, 9)]}
        mode = r.choice(["bicubic", "bicubic", "bilinear", "nearest", "nearest-exact"])
        if mode != "bicubic" or r.random() < 0.3:
            record["mode"] = mode
        if mode[0] == "b" and r.random() < 0.5:
            record["antialias"] = True
        return record

    def grid(self, t, record):
        """As [grids, channels, h, w], with the rows before it; None where it has no grid.

        A side of 1 makes torch 2.13 take one memory format for the other, and mix rows up.
        """
        if 0 in t.shape or t.dim() == 4 and 1 in t.shape[2:]:
            return None
        if t.dim() == 4:
            is_last = t.shape[0] == 1 and t.shape[1] == t.shape[2] != t.shape[3]
            return (t.permute(0, 3, 1, 2) if is_last else t), None, is_last
        if t.dim() not in (2, 3) or t.dim() == 3 and t.shape[0] != 1:
            return None
        rows = t.reshape(t.shape[-2:])
        for prefix in (0, 1):
            side = math.isqrt(len(rows) - prefix)
            if side and side * side == len(rows) - prefix:
                return rows[prefix:].reshape(1, side, side, -1).permute(0, 3, 1, 2), rows[:prefix], True
        return None

    def do(self, program, state, record):
        mode = record.get("mode", "bicubic")
        options = {} if mode[0] == "n" else {"align_corners": False, "antialias": record.get("antialias", False)}

        def resample(weight):
            t = weight.tensor
            found = self.grid(t, record) if t.is_floating_point() else None
            if found is None:
                raise Refused(t.shape)
            grid, prefix, is_last = found
            if list(grid.shape[2:]) == record["to"]:
                return t, True
            # torch computes in single precision, but for float64; with antialias it is wrong of what is not contiguous.
            grid = (grid if t.dtype == torch.float64 else grid.float()).contiguous()
            new = F.interpolate(grid, record["to"], mode=mode, **options)
            new = new.permute(0, 2, 3, 1) if is_last else new
            if prefix is not None:
                rows = torch.cat([prefix.to(new.dtype), new.reshape(-1, new.shape[-1])])
                new = rows[None] if t.dim() == 3 else rows
            return rounded(new, t.dtype), False

        return change(state, record["interpolate"], resample)


@step
class Merge(Step):
    verb = "merge"

    def make(self, program, state):
        part = OrderedDict((f"m{next(program.files)}.{i}", torch.randn(2)) for i in range(program.random.randint(1, 3)))
        if program.random.random() < 0.2:
            part[program.random.choice(list(state))] = torch.ones(1)
        return {"merge": str(program.save(part))}

    def do(self, program, state, record):
        state = OrderedDict(state)
        for name, tensor in torch.load(record["merge"], weights_only=True).items():
            if name in state:
                raise Refused(name)
            state[name] = Weight(tensor, [])
        return state


@step
class FoldNormalization(Step):
    verb = "fold-normalization"

    def prepare(self, r, state):
        dtype = r.choice(FLOATS)
        state["stem.weight"], state["stem.bias"] = tensor(r, [2, 3, 2, 2], dtype), tensor(r, [2], dtype)

    def make(self, program, state):
        names = [n for n, w in state.items() if n.endswith(".weight") and w.tensor.dim() >= 3 and w.tensor.shape[1] == 3
                 and w.tensor.is_floating_point() and n[:-6] + "bias" in state]
        return {"fold-normalization": escape(program.random.choice(names)), "mean": [0.5, 0.4, 0.3], "std": [0.25, 0.5, 2]} if names else None

    def do(self, program, state, record):
        state = OrderedDict(state)
        for name in matching(state, [record["fold-normalization"]]):
            bias_name = name[:-6] + "bias"
            weight, bias = state[name], state[bias_name]
            if bias.tensor.shape != weight.tensor.shape[:1] or not bias.tensor.is_floating_point():
                raise Refused(bias_name)
            shape = (1, 3, *[1] * (weight.tensor.dim() - 2))
            mean, std = (torch.tensor(record[key], dtype=torch.float64).reshape(shape) for key in ("mean", "std"))
            wide = weight.tensor.double() / std
            state[name] = weight.made(rounded(wide, weight.tensor.dtype), False)
            state[bias_name] = Weight(
                rounded(bias.tensor.double() - (wide * mean).flatten(1).sum(1), bias.tensor.dtype), bias.origins + weight.origins, False)
        return state


@step
class Average(Step):
    """timm's avg_checkpoints: added in float64, divided, rounded."""

    verb = "average"

    def make(self, program, state):
        others = []
        for _ in range(program.random.randint(1, 3)):
            # A copy keeps what is tied.
            other = copy.deepcopy(OrderedDict((n, w.tensor) for n, w in state.items()))
            if program.random.random() < 0.3:
                other = OrderedDict((n, t.clone()) for n, t in other.items())
            for storage in {t.untyped_storage().data_ptr(): t for t in other.values() if t.dtype in FLOATS + COMPLEX}.values():
                whole = torch.empty(0, dtype=storage.dtype).set_(storage.untyped_storage(), 0, (storage.untyped_storage().nbytes() // storage.itemsize,))
                whole.copy_(torch.randn(whole.shape, dtype=torch.float64).to(whole.dtype))
            others.append(other)
        record = {"average": [str(program.save(other)) for other in others]}
        return {**record, "complex": True} if program.random.random() < 0.7 else record

    def do(self, program, state, record):
        others = [torch.load(path, weights_only=True) for path in record["average"]]
        if any(set(other) != set(state) for other in others):
            raise Refused("other keys")
        state, done = OrderedDict(state), {}
        for name, weight in state.items():
            t = weight.tensor
            if not t.is_floating_point() and not t.is_complex():
                continue
            if t.is_complex() and "complex" not in record:
                raise Refused(name)
            parts = [t] + [other[name] for other in others]
            if any(p.shape != t.shape for p in parts) or any(p.is_complex() != t.is_complex() for p in parts):
                raise Refused(name)
            key = tuple(Weight(p, []).view if p.numel() else (name, i) for i, p in enumerate(parts))
            if key not in done:
                wide = torch.complex128 if t.is_complex() else torch.float64
                total = parts[0].to(wide)
                for part in parts[1:]:
                    total = total + part.to(wide)
                # What is stored in one order everywhere is stored in that order again.
                order = sorted(range(t.dim()), key=lambda axis: -t.stride(axis))
                back = [order.index(axis) for axis in range(t.dim())]
                is_one = all(p.permute(order).is_contiguous() for p in parts) and not t.is_contiguous()
                mean = total / len(parts)
                done[key] = rounded(mean.permute(order), t.dtype).permute(back) if is_one else rounded(mean, t.dtype)
            # torch divides complex numbers by others in another order.
            state[name] = weight.made(done[key], weight.exact and not t.is_complex())
        return state


@step
class GraftFrom(Step):
    verb = "graft"

    def make(self, program, state):
        names = [n for n in state if program.random.random() < 0.5] or [next(iter(state))]
        part = OrderedDict()
        for name in names:
            t = state[name].tensor
            if t.is_floating_point():
                part[name] = torch.randn(t.shape, dtype=torch.float64).to(program.random.choice(FLOATS))
            else:
                part[name] = t.clone()
        record = {}
        if program.random.random() < 0.2:
            # Other names for all of them, or all but one.
            part = OrderedDict((n, part.get(n, state[n].tensor)) for n in list(state)[program.random.random() < 0.2:])
            part = OrderedDict((f"p.{index}", t) for index, t in enumerate(part.values()))
            return {"graft": str(program.save(part)), "by-order": True}
        if program.random.random() < 0.5:
            part["zz.more"] = torch.ones(2)
            record["unexpected"] = program.random.choice(["add", "drop", "error"])
        if program.random.random() < 0.3:
            record["exclude"] = escape(program.random.choice(names))
        return {"graft": str(program.save(part)), **record}

    def do(self, program, state, record):
        part = torch.load(record["graft"], weights_only=True)
        if "by-order" in record:
            if len(part) != len(state):
                raise Refused(len(part))
            part = OrderedDict(zip(state, part.values()))
        if "exclude" in record:
            hits = matching(part, listed(record["exclude"]))
            part = OrderedDict((n, t) for n, t in part.items() if n not in hits)
        unexpected = [n for n in part if n not in state]
        what = record.get("unexpected", "error")
        if unexpected and what == "error" or len(unexpected) == len(part) and what != "add" or not part:
            raise Refused(unexpected)
        state = OrderedDict(state)
        for name, tensor in part.items():
            if name in state:
                base = state[name].tensor
                if base.shape != tensor.shape or base.dtype != tensor.dtype and not (base.is_floating_point() and tensor.is_floating_point()):
                    raise Refused(name)
                state[name] = Weight(tensor.to(base.dtype), [])
            elif what == "add":
                state[name] = Weight(tensor, [])
        return state


@step
class TakeEMA(Step):
    verb = "take-ema"

    def make(self, program, state):
        if not program.is_first:
            return None
        ema = OrderedDict()
        for name, weight in state.items():
            if program.random.random() < 0.8:
                t = weight.tensor
                ema[name] = torch.randn(t.shape, dtype=torch.float64).to(t.dtype) if t.is_floating_point() else t.clone()
        if not ema:
            return None
        program.wrapped["model_ema"] = ema
        return {"take-ema": None}

    def do(self, program, state, record):
        ema = program.wrapped["model_ema"]
        taken = OrderedDict((name, Weight(tensor, [name])) for name, tensor in ema.items())
        averaged = {}
        for name in ema:
            averaged.setdefault(state[name].view, taken[name])
        # What no average is kept of is the weights', and what is one tensor with another is that.
        taken.update((name, averaged.get(weight.view, weight)) for name, weight in state.items() if name not in ema)
        return taken


@step
class StripOptimizer(Step):
    verb = "strip-optimizer"

    def make(self, program, state):
        program.wrapped["optimizer"] = {"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 0.1}]}
        return {"strip-optimizer": None}

    def do(self, program, state, record):
        return state


@step
class Complete(Step):
    """What is made anew has values of its own generator, which other tests know."""

    verb = "complete"
    is_last = True
    MODEL = """
        nc: 2
        depth_multiple: 1.0
        width_multiple: 1.0
        anchors:
          - [10, 13, 16, 30]
        backbone:
          - [-1, 1, Conv, [8, 3, 2]]
        head:
          - [[0], 1, Detect, [nc, anchors]]
        """
    SHAPES = {
        "model.0.conv.weight": [8, 3, 3, 3], **{f"model.0.bn.{n}": [8] for n in ("weight", "bias", "running_mean", "running_var")},
        "model.0.bn.num_batches_tracked": [], "model.1.anchors": [1, 2, 2], "model.1.m.0.weight": [14, 8, 1, 1], "model.1.m.0.bias": [14],
    }

    def dtype(self, name):
        return torch.int64 if name.endswith("tracked") else torch.float32

    def prepare(self, r, state):
        state.clear()
        for name, shape in self.SHAPES.items():
            if r.random() < 0.6:
                state[name] = tensor(r, shape, r.choice(FLOATS) if shape else torch.int64)

    def make(self, program, state):
        if any(name not in self.SHAPES or list(w.tensor.shape) != self.SHAPES[name] for name, w in state.items()):
            return None
        if any(w.tensor.is_floating_point() != self.dtype(name).is_floating_point for name, w in state.items()):
            return None
        path = program.folder / f"model{next(program.files)}.yaml"
        path.write_text("\n".join(line[8:] for line in self.MODEL.strip("\n").splitlines()))
        return {"complete": str(path), "seed": program.random.randint(0, 3)}

    def do(self, program, state, record):
        names = list(self.SHAPES)
        given = [state[name] for name in names if name in state]
        after = dict(zip((n for n in names if n in state), cast(given, [self.dtype(n) for n in names if n in state])))
        return OrderedDict(
            (n, after.get(n) or Weight(torch.empty(self.SHAPES[n], dtype=self.dtype(n)), [], None)) for n in names)
