"""Sorts the fixtures into seeds for the fuzz targets: seeds.py FOLDER."""
import json
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
                    for target in ("Pickle", "Unpacked"):
                        seed(target, name, pickle[2:] if pickle[:1] == b"\x80" else pickle)
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

documents = [row[0] for row in json.loads((fixtures / "YAML" / "resolutions.json").read_text(encoding="utf-8"))]
for first in range(0, len(documents), 30):
    seed("YAML", f"resolutions_{first}.yaml", "\n".join(documents[first:first + 30]).encode())
for name, text in {
    "recipe": 'recipe: 1\nsteps:\n  - drop: ["norm*", \'head*\']\n  - replicate: "model.{0..3}."\nexpect: {in: 182}\n',
    "model": "nc: 80  # \U0001f680\nanchors:\n  - [10,13, 16,30]\nhead:\n  [[-1, 1, nn.Upsample, [None, 2, 'nearest']],\n  ]\n",
    "blocks": "%YAML 1.1\n---\na: |+2\n    b\n\n? >-\n  c\n  d\n: !!str \"\\x41\\u00e9\\\n  e\"\n...\n",
    "refused": "a: &x [*x, !y z, {<<: w}]\nb: *x.y\nc: @d\n\te: {f,g}.*\n--- h\n",
}.items():
    seed("YAML", name + ".yaml", text.encode())

for path in sorted((fixtures / "Photos").glob("*.png")) + sorted((fixtures / "YOLOv5").glob("*.yaml")):
    seed("Picture" if path.suffix == ".png" else "ModelFile", path.name, path.read_bytes())
