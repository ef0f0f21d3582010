"""Packs a prefix with bin/suture into a wheel: wheel.py PREFIX VERSION PLATFORM FOLDER. Prints its path.

The command lies in the wheel's scripts, and so in the bin of the environment; the libraries and the documentation in its data,
below the environment's prefix. `python -m suture` starts the same command.
"""
import base64
import hashlib
import pathlib
import sys
import zipfile

prefix, version, platform, folder = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
path = folder / f"suture-{version}-py3-none-{platform}.whl"
root = pathlib.Path(__file__).resolve().parents[2]

MODULE = '''"""The command suture, for `python -m suture`; it does not need Python itself."""
import os
import sys
import sysconfig


def main():
    for path in (sysconfig.get_path("scripts"), sysconfig.get_path("scripts", os.name + "_user")):
        command = os.path.join(path, "suture")
        if os.path.exists(command):
            os.execv(command, [command, *sys.argv[1:]])
    sys.exit("the command suture does not lie where pip puts commands")


if __name__ == "__main__":
    main()
'''

METADATA = f"""Metadata-Version: 2.1
Name: suture
Version: {version}
Summary: Weight surgery for PyTorch checkpoints, without Python
License: {(root / "LICENSE").read_text(encoding="utf-8").strip().splitlines()[0]}
Requires-Python: >=3.7
Description-Content-Type: text/markdown

{(root / "README.md").read_text(encoding="utf-8")}"""

WHEEL = f"""Wheel-Version: 1.0
Generator: suture
Root-Is-Purelib: false
Tag: py3-none-{platform}
"""

info, data = f"suture-{version}.dist-info", f"suture-{version}.data"
records = []


def add(archive, name, content, mode=0o644):
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, (0o100000 | mode) << 16
    archive.writestr(entry, content)
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    records.append(f"{name},sha256={digest},{len(content)}")


with zipfile.ZipFile(path, "w") as archive:
    add(archive, "suture/__init__.py", b'"""Weight surgery for PyTorch checkpoints: the command suture."""\n')
    add(archive, "suture/__main__.py", MODULE.encode())
    for file in sorted(p for p in prefix.rglob("*") if p.is_file()):
        name = file.relative_to(prefix).as_posix()
        if name.startswith("bin/"):
            add(archive, f"{data}/scripts/{file.name}", file.read_bytes(), 0o755)
        else:
            add(archive, f"{data}/data/{name}", file.read_bytes())
    add(archive, f"{info}/METADATA", METADATA.encode())
    add(archive, f"{info}/WHEEL", WHEEL.encode())
    add(archive, f"{info}/licenses/LICENSE", (root / "LICENSE").read_bytes())
    archive.writestr(f"{info}/RECORD", "\n".join([*records, f"{info}/RECORD,,", ""]))
print(path)
