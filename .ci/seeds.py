"""Sorts the fixtures into seeds for the fuzz targets: seeds.py FOLDER."""
import pathlib
import sys
import zipfile

fixtures = pathlib.Path(__file__).resolve().parents[1] / "Fixtures"
out = pathlib.Path(sys.argv[1])


def seed(target, name, data):
    if len(data) <= 65536:
        (out / target).mkdir(parents=True, exist_ok=True)
        (out / target / name).write_bytes(data)


for path in sorted((fixtures / "Corpus").rglob("*")):
    if not path.is_file() or path.name in {"verdicts.json", "README.md", "make_more.py"}:
        continue
    name, data = str(path.relative_to(fixtures)).replace("/", "_"), path.read_bytes()
    if data[:2] == b"PK":
        seed("Archive", name, data)
        seed("Legacy", name, data)
        try:
            archive = zipfile.ZipFile(path)
            for record in archive.namelist():
                if record.endswith("data.pkl"):
                    # The target puts the first two bytes, PROTO 2, in front itself.
                    pickle = archive.read(record)
                    seed("Pickle", name, pickle[2:] if pickle[:1] == b"\x80" else pickle)
        except Exception:  # a hostile archive; what could be had of it was taken
            pass
    elif path.suffix == ".json":
        seed("Index", name, data)
    elif path.suffix == ".safetensors":
        seed("Safetensors", name, data)
    else:
        seed("Legacy", name, data)
        if data[:1] == b"\x80":
            seed("Pickle", name, data[2:])
seed("Index", "own.json", b'{"metadata":{"total_size":8},"weight_map":{"a":"a.safetensors","b":"b.safetensors"}}')
