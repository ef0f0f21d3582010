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

# What only PyTorch can write, where it is there.
try:
    import tempfile
    sys.path.insert(0, str(fixtures.parent / "Tests" / "Interop"))
    import torch
    import torch.distributed.checkpoint as dcp
    from test_zero import lay_out

    def pickled(path):
        archive = zipfile.ZipFile(path)
        return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))[2:]

    with tempfile.TemporaryDirectory() as folder:
        for stage in [2, 3]:
            step = pathlib.Path(folder) / str(stage)
            lay_out(step, stage, 1)
            model = pickled(next(step.glob("*model_states.pt")))
            optimizer = pickled(next(step.glob("*optim_states.pt")))
            seed("Zero", str(stage), bytes([stage - 2, len(model) % 256, len(model) // 256]) + model + optimizer)
        dcp.save({"w": torch.arange(6.0), "step": 3}, checkpoint_id=folder + "/dcp", no_dist=True)
        seed("Distributed", "own", (pathlib.Path(folder) / "dcp/.metadata").read_bytes()[2:])
except (ImportError, SystemExit):
    pass
seed("Parts", "own.json", json.dumps({
    "schema": "suture.parts/1", "tool": "suture 0.2.0", "id": "sha256:", "parts": 2, "folder": "", "options": {"dtype": "float16"},
    "jobs": [{"input": "a", "output": "b", "digest": "", "inputs": [{"path": "a", "bytes": 1, "modified": 2}],
              "files": [{"path": "b", "bytes": 3, "part": 1, "reads": [{"input": 0, "ranges": [[0, 1]]}]}]}]}).encode())

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
