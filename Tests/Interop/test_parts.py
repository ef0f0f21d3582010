#!/usr/bin/env python3
"""Parts of a plan: what many processes write together is what one writes, byte for byte, of real sets and of real schedulers' words.

    SUTURE=path/to/suture python Tests/Interop/test_parts.py
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from harness import SEED, SUTURE, suture

import torch
from safetensors.torch import load_file

from test_zero import lay_out


class Parts(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="suture-parts-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.random = random.Random(SEED)

    def plan(self, *words):
        path = self.folder / "plan.json"
        path.write_text(suture("plan", *words).stdout)
        return path

    def files(self, folder):
        return {path.name: path.read_bytes() for path in sorted((self.folder / folder).iterdir())}

    def together(self, plan, parts):
        """All parts at once, each told by another scheduler, in any order."""
        order = self.random.sample(range(parts), parts)
        words = [("SLURM_ARRAY_TASK_ID", 1), ("JOB_COMPLETION_INDEX", 0), ("PARALLEL_SEQ", 1), ("AWS_BATCH_JOB_ARRAY_INDEX", 0)]
        running = []
        for index in order:
            name, first = self.random.choice(words)
            running.append(subprocess.Popen([SUTURE, "apply", plan, "--part", "auto"], stderr=subprocess.PIPE,
                                            env={**os.environ, name: str(index + first)}))
        for process in running:
            _, said = process.communicate()
            self.assertEqual(process.returncode, 0, said)
        self.assertEqual(suture("apply", plan, "--missing").stdout, "")
        suture("apply", plan, "--finalize")

    def same(self, source, *options, parts=5):
        words = [source, "--max-shard-size", "300B", *options]
        suture("convert", *words, "-o", f"{self.folder}/one/")
        self.together(self.plan(*words, "-o", f"{self.folder}/many/", "--parts", parts), parts)
        self.assertEqual(self.files("many"), self.files("one"))

    def test_a_folder_of_zero(self):
        for stage, world in [(2, 3), (3, 4)]:
            truth, _ = lay_out(self.folder / f"run{stage}", stage, world)
            self.same(self.folder / f"run{stage}", "--format", "safetensors")
            found = {}
            for path in (self.folder / "many").glob("*.safetensors"):
                found |= load_file(path)
            self.assertEqual(set(found), set(truth))
            for name, tensor in truth.items():
                self.assertTrue(torch.equal(found[name], tensor), name)
            shutil.rmtree(self.folder / "one")
            shutil.rmtree(self.folder / "many")

    def test_a_file_of_pytorch_with_views_of_one_storage(self):
        whole = torch.randn(40, 30)
        state = {f"rows.{i}": whole[4 * i:4 * i + 4] for i in range(10)} | {"columns": whole[:, 3:20], "turned": whole.t()}
        torch.save(state, self.folder / "in.pth")
        self.same(self.folder / "in.pth", "--format", "safetensors", "--dtype", "bfloat16")

    def test_a_recipe_with_another_file(self):
        torch.save({f"a.{i}": torch.randn(20, 3) for i in range(6)}, self.folder / "in.pth")
        torch.save({f"a.{i}": torch.randn(20, 3) for i in range(6)}, self.folder / "other.pth")
        recipe = self.folder / "steps.yaml"
        recipe.write_text(f'recipe: 1\nsteps:\n  - average: ["{self.folder}/other.pth"]\n  - add-prefix: "b."\n')
        words = [self.folder / "in.pth", "--recipe", recipe, "--format", "safetensors", "--max-shard-size", "300B"]
        suture("edit", *words, "-o", f"{self.folder}/one/")
        plan = self.plan(*words, "-o", f"{self.folder}/many/", "--parts", 3)
        self.assertIn(f"{self.folder}/other.pth", [each["path"] for each in json.loads(plan.read_text())["jobs"][0]["inputs"]])
        self.together(plan, 3)
        self.assertEqual(self.files("many"), self.files("one"))

    def test_a_batch_by_names_with_a_nul_behind_each(self):
        (self.folder / "in").mkdir()
        for index in range(20):
            torch.save({"w": torch.randn(index + 1)}, self.folder / f"in/{index}.pth")
        names = b"".join(bytes(path) + b"\0" for path in sorted((self.folder / "in").iterdir()))
        done = subprocess.run([SUTURE, "plan", "--from0", "-", "--out-dir", self.folder / "many", "--parts", "4"], input=names,
                              capture_output=True, check=True)
        (self.folder / "plan.json").write_bytes(done.stdout)
        self.together(self.folder / "plan.json", 4)
        subprocess.run([SUTURE, "convert", "--from0", "-", "--out-dir", self.folder / "one"], input=names, capture_output=True,
                       check=True)
        self.assertEqual(self.files("many"), self.files("one"))

    def test_an_input_that_was_written_since_is_refused(self):
        torch.save({"w": torch.zeros(4)}, self.folder / "in.pth")
        plan = self.plan(self.folder / "in.pth", "-o", self.folder / "out.safetensors", "--parts", 1)
        torch.save({"w": torch.ones(4)}, self.folder / "in.pth")
        self.assertIn("was written since", suture("apply", plan, "--part", "1/1", expect=5).stderr)
        self.assertFalse((self.folder / "out.safetensors").exists())


if __name__ == "__main__":
    print(f"seed {SEED}", file=sys.stderr)
    unittest.main()
