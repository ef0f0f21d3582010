"""Runs the commands of Markdown files here, one after another, and compares what they print with what stands under them.

A command is a line `    $ suture …` of an indented block. Under it stands what it prints, where a line `…` stands for any lines, and
`…` at the end of a line for the rest of that line. Durations may differ. Where nothing stands under a command, it must succeed.
"""
import os
import re
import subprocess
import sys


def commands(path):
    """Each command of a file: the line, and the lines under it; `None` where none are in the block."""
    found, inside = [], False
    for line in open(path, encoding="utf-8"):
        if not line.startswith("    "):
            # A blank line does not end a block, but a text does.
            inside = inside and not line.strip()
            if inside and found:
                found[-1][1].append("")
            continue
        text = line[4:].rstrip("\n")
        if text.startswith("$ "):
            found.append((text[2:], []))
            inside = True
        elif inside and found:
            found[-1][1].append(text)
    return found


def plain(line):
    """A line without what changes from run to run, or from processor to processor."""
    line = re.sub(r"\b\d+(\.\d+)? (ms|s)\b", "T", line)
    return re.sub(r"(\d\.\d{4})\d+", r"\1", line).rstrip()


def fits(expected, printed):
    """The first expected line that was not printed in its place; `None` where all were."""
    place, free = 0, False
    printed = [line for line in printed if line]
    for line in filter(str.strip, expected):
        if line.strip() == "…":
            free = True
            continue
        wanted = plain(line)
        cut = wanted.endswith("…")
        wanted = wanted.rstrip("…").rstrip() if cut else wanted

        def same(text):
            return text.startswith(wanted) if cut else text == wanted
        rest = printed[place:] if free else printed[place:place + 1]
        at = next((i for i, text in enumerate(rest) if same(text)), None)
        if at is None:
            return line
        place, free = place + at + 1, False
    return None if free or not printed[place:] else "the end"


def main():
    environment = {**os.environ, "PATH": os.path.abspath("bin") + os.pathsep + os.environ["PATH"], "NO_COLOR": "1"}
    failed = count = 0
    for path in sys.argv[1:]:
        for command, expected in commands(path):
            if "hf://" in command:
                continue
            count += 1
            while expected and not expected[-1].strip():
                expected.pop()
            done = subprocess.run(["bash", "-c", command + " 2>&1"], env=environment, capture_output=True, text=True)
            printed = [plain(line) for line in done.stdout.splitlines()]
            missing = fits(expected, printed) if expected else None
            if missing is None and (expected or done.returncode == 0):
                continue
            failed += 1
            print(f"{os.path.basename(path)}: $ {command}\n  not printed: {missing}\n  but, with exit code {done.returncode}:")
            print("".join(f"    {line}\n" for line in done.stdout.splitlines()))
    print(f"{count - failed} of {count} commands print what stands under them")
    sys.exit(1 if failed else 0)


main()
