"""What the tests of hostile files make them of: pickles, archives and headers, byte by byte.

Needs nothing but Python: no library would write such files.
"""
import json
import struct
import zipfile

PROTO, STOP = b"\x80\x02", b"."
MARK, TUPLE, EMPTY_DICT, SETITEMS = b"(", b"t", b"}", b"u"


def text(value):
    """BINUNICODE; bytes are taken as they are, valid or not."""
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    return b"J" + struct.pack("<i", value)


def name(module, attribute):
    """STACK_GLOBAL, whose names may hold anything."""
    return text(module) + text(attribute) + b"\x93"


def glob(module, attribute):
    """GLOBAL, whose names end at the newline."""
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def items(*values):
    return MARK + b"".join(values) + TUPLE


def dictionary(pairs):
    return EMPTY_DICT + MARK + b"".join(key + value for key, value in pairs) + SETITEMS


def plain(pairs):
    """A dict of texts to values that are pickled already."""
    return dictionary([(text(key), value) for key, value in pairs])


def call(callable_, *arguments):
    return callable_ + items(*arguments) + b"R"


def storage(key="0", kind=None, location="cpu", count=4, word="storage"):
    kind = glob("torch", "FloatStorage") if kind is None else kind
    count = number(count) if isinstance(count, int) else count
    return items(text(word), kind, text(key), text(location), count) + b"Q"


def tensor(shape=(4,), strides=(1,), offset=0, **options):
    """What torch pickles of a float32 tensor of four elements."""
    return call(
        glob("torch._utils", "_rebuild_tensor_v2"), storage(**options), number(offset),
        items(*map(number, shape)) if isinstance(shape, tuple) else shape,
        items(*map(number, strides)) if isinstance(strides, tuple) else strides,
        b"\x89", call(glob("collections", "OrderedDict")))


def pickled(value):
    return PROTO + value + STOP


FLOATS = struct.pack("<4f", 1, 2, 3, 4)


def archive(path, pickle, prefix="archive/", records=(), comment=b"", compression=zipfile.ZIP_STORED, data=None):
    """An archive as torch.save writes it; `records` are further ones, or others in the place of its own."""
    contents = {
        prefix + "data.pkl": pickle, prefix + "byteorder": b"little", prefix + "data/0": FLOATS if data is None else data,
        prefix + "version": b"3\n",
    }
    contents.update({prefix + key if not key.startswith("/") else key[1:]: value for key, value in dict(records).items()})
    with zipfile.ZipFile(path, "w", compression) as file:
        for key, value in contents.items():
            information = zipfile.ZipInfo()
            # The constructor cuts a name at its first NUL.
            information.filename = key
            information.compress_type = compression
            file.writestr(information, value)
        file.comment = comment


def safetensors(path, header, data=FLOATS):
    head = header if isinstance(header, bytes) else json.dumps(header, ensure_ascii=False).encode("utf-8", "surrogatepass")
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)


def entry(dtype="F32", shape=(4,), start=0, end=16):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def npy(header, data=FLOATS):
    head = header.encode("utf-8", "surrogatepass")
    head += b" " * (63 - (10 + len(head)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


LEGACY_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def legacy(value, keys=("0",), system=(("little_endian", b"\x88"),), data=FLOATS):
    """The format before PyTorch 1.6."""
    return (
        LEGACY_MAGIC + b"\x80\x02M\xe9\x03." + pickled(plain(system)) + pickled(value)
        + pickled(b"]" + MARK + b"".join(map(text, keys)) + b"e") + struct.pack("<q", 4) + data)


def legacy_tensor(key="0", location="cpu", kind=None):
    kind = glob("torch", "FloatStorage") if kind is None else kind
    reference = items(text("storage"), kind, text(key), text(location), number(4), b"N") + b"Q"
    return call(
        glob("torch._utils", "_rebuild_tensor_v2"), reference, number(0), items(number(4)), items(number(1)),
        b"\x89", call(glob("collections", "OrderedDict")))


def array(dtype=None, content=FLOATS):
    """A NumPy array of four numbers, as protocol 2 pickles it."""
    dtype = call(glob("numpy", "dtype"), text("f4")) if dtype is None else dtype
    return (
        call(glob("numpy.core.multiarray", "_reconstruct"), glob("numpy", "ndarray"), items(number(0)), b"C\x01b")
        + items(number(1), items(number(4)), dtype, b"\x89", b"C\x10" + content) + b"b")
