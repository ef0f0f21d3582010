"""The page that `report` makes, as a browser draws it: Debian's Chromium, without a screen.

Nothing of a file becomes markup, nothing is asked for, no error comes to the console, and the search finds.
"""
import html
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import ROOT, suture

import numpy
import torch
from safetensors.numpy import save_file

CHROMIUM = shutil.which("chromium")
ATTO = ROOT / "Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"


@unittest.skipUnless(CHROMIUM, "chromium is not installed")
class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def drawn(self, page, find=""):
        """The text of the page as it is drawn, and its markup."""
        done = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
             f"--user-data-dir={self.folder}/browser", "--virtual-time-budget=20000", "--dump-dom",
             f"file://{page}" + (f"#find={find}" if find else "")],
            capture_output=True, text=True, timeout=300)
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        self.assertEqual(console, [])
        markup = re.sub(r"<script.*?</script>|<style.*?</style>", "", done.stdout, flags=re.S)
        return html.unescape(re.sub(r"<[^>]*>", "\n", markup)), markup

    def test_a_backbone_has_its_tensors_sums_and_feature_maps(self):
        page = self.folder / "atto.html"
        suture("report", ATTO, "-o", page)
        self.assertLess(page.stat().st_size, 1 << 20)
        self.assertNotRegex(page.read_text(), r"(src|href)=.(https?:|//)")
        text, markup = self.drawn(page)
        for words in ["3,377,730", "downsample_layers", "128 of 128 tensors", "Feature maps", "loads it"]:
            self.assertIn(words, text)
        self.assertEqual(markup.count('class="histogram"'), 100)
        self.assertEqual(markup.count("data:image/png"), 1)

    def test_the_search_finds(self):
        page = self.folder / "atto.html"
        suture("report", ATTO, "-o", page)
        text, markup = self.drawn(page, "gamma")
        self.assertIn("12 of 128 tensors", text)
        self.assertEqual(markup.count("<mark>gamma</mark>"), 12)
        self.assertIn("0 of 128 tensors", self.drawn(page, "gammo")[0])

    def test_what_changed_stands_beside_the_original(self):
        edited, page = self.folder / "edited.pth", self.folder / "edited.html"
        suture("edit", ATTO, "--drop", "head*", "--scale", "stages.1.*.gamma=1.01", "-o", edited)
        suture("report", edited, "--against", ATTO, "-o", page)
        text, _ = self.drawn(page)
        self.assertIn("126 tensors compared, 2 with other values; 0 only here, 2 only there", text)
        self.assertIn("drop \"head*\"", text)

    def test_hostile_names_stay_text(self):
        evil = "<img src=x onerror=document.title='owned'>"
        path, page = self.folder / "evil.pth", self.folder / "evil.html"
        torch.save({"state_dict": {evil: torch.ones(2), "</script><script>document.title='owned'</script>": torch.ones(1)},
                    evil: "</textarea>" + evil}, path)
        suture("report", path, "-o", page)
        text, markup = self.drawn(page)
        self.assertIn(evil, text)
        self.assertNotIn("<img", markup)
        self.assertNotIn("<title>owned", markup)

    def test_a_hundred_thousand_tensors_are_paged(self):
        path, page = self.folder / "many.safetensors", self.folder / "many.html"
        values = numpy.random.default_rng(0).standard_normal((100_000, 8), dtype=numpy.float32)
        save_file({f"model.layers.{i // 1000}.experts.{i % 1000}.mlp.gate_proj.weight": row for i, row in enumerate(values)}, path)
        suture("report", path, "-o", page)
        self.assertLess(page.stat().st_size, 10_000_000)
        text, markup = self.drawn(page, "layers.99.experts.999.")
        self.assertIn("1 of 100,000 tensors", text)
        self.assertLess(len(markup), 1_000_000)


if __name__ == "__main__":
    unittest.main()
