"""What `check` prints for other programs, held to the official schemas of SARIF 2.1.0 and CycloneDX 1.6.

CycloneDX's lies in its own library for Python. SARIF's is OASIS's: it is taken from the path in SARIF_SCHEMA, or fetched, and the test
says so where neither can be had; sarif_shape.py, which tells what it asks of us, is there always.
"""
import json
import os
import resource
import subprocess
import unittest
import urllib.request
from pathlib import Path

import sarif_shape

ROOT = Path(__file__).resolve().parents[2]
SUTURE = os.environ.get("SUTURE", str(ROOT / ".build/release/suture"))
CORPUS = sorted(p for p in (ROOT / "Fixtures/Corpus").iterdir() if p.suffix not in (".md", ".py", ".json"))
FEW = CORPUS[::12]
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

try:
    import jsonschema
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
except ImportError as missing:
    jsonschema = None
    print(f"skipped: the schemas need a validator ({missing})")


def document(*words):
    done = subprocess.run([SUTURE, "check", "--format", *map(str, words)], capture_output=True, text=True, cwd=ROOT)
    return done.stdout, done.returncode


def sarif_schema():
    path = os.environ.get("SARIF_SCHEMA")
    if path:
        return json.loads(Path(path).read_text())
    try:
        with urllib.request.urlopen(SCHEMA, timeout=20) as answer:
            return json.load(answer)
    except OSError as error:
        raise unittest.SkipTest(f"SARIF's schema cannot be fetched here ({error}); SARIF_SCHEMA=PATH names a copy")


class ManyFiles(unittest.TestCase):
    def test_no_file_is_held_open_that_is_done_with(self):
        for kind in ("sarif", "cyclonedx"):
            done = subprocess.run(
                [SUTURE, "check", "--format", kind, *[CORPUS[0]] * 200], capture_output=True, text=True,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
            self.assertEqual(done.returncode, 0, done.stderr[:500])


class SARIF(unittest.TestCase):
    def test_of_the_whole_corpus_has_what_the_standard_asks_for_and_nothing_that_is_not_known(self):
        for words, files in (((), CORPUS), (("--strict",), FEW), (("--absolute-paths",), FEW), (("not here.pth",), FEW)):
            report = json.loads(document("sarif", *words, *files)[0])
            self.assertEqual(sarif_shape.faults(report) + sarif_shape.loose_ends(report), [], words)

    def test_of_something_else_is_a_fault(self):
        report = json.loads(document("sarif", ROOT / "Fixtures/Corpus/407_nan.pth", "not here.pth")[0])
        run = report["runs"][0]
        for change in (
            lambda: report.update(version="2.0.0"), lambda: report.update(runs={}), lambda: run["tool"].pop("driver"),
            lambda: run["results"][0].pop("message"), lambda: run["results"][0].update(level="fatal"),
            lambda: run["results"][0].update(rank="high"), lambda: run["artifacts"][0]["location"].update(uri="not here.pth"),
        ):
            before = json.dumps(report)
            change()
            self.assertNotEqual(sarif_shape.faults(report), [], json.dumps(report)[:300])
            report = json.loads(before)
            run = report["runs"][0]


@unittest.skipUnless(jsonschema, "no validator of JSON schemas")
class Documents(unittest.TestCase):
    def test_sarif_of_the_whole_corpus_is_as_its_schema_says(self):
        validator = jsonschema.Draft4Validator(sarif_schema())
        for words, files in (((), CORPUS), (("--strict",), FEW), (("--absolute-paths",), FEW), (("nothing.pth",), FEW)):
            text, code = document("sarif", *words, *files)
            self.assertEqual(code, 3 if words == ("nothing.pth",) else 1)
            report = json.loads(text)
            self.assertEqual([e.message for e in validator.iter_errors(report)], [])
            self.assertGreater(len(report["runs"][0]["results"]), len(files) // 2)

    def test_cyclonedx_of_the_whole_corpus_is_as_its_schema_says(self):
        for words, files in (((), CORPUS), (("--absolute-paths",), FEW), (("nothing.pth",), FEW)):
            text, code = document("cyclonedx", *words, *files)
            self.assertEqual(code, 3 if words == ("nothing.pth",) else 1)
            fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
            self.assertIsNone(fault, str(fault)[:1000])
            self.assertEqual(len(json.loads(text)["components"]), len(files) + (words == ("nothing.pth",)))


if __name__ == "__main__":
    unittest.main()
