"""Suture where people work: git's diff, pre-commit, a GitHub Action's steps, and the Hugging Face CLI, each the real program; and
putting it there by hand.

What is not installed beside this Python is skipped, and said.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUTURE = Path(os.environ.get("SUTURE", ROOT / ".build/release/suture")).resolve()
ATTO = ROOT / "Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
EVIL = ROOT / "Fixtures/Corpus/280_evil_posix.pth"
BESIDE = Path(sys.executable).parent

# As the documentation has it: what git runs, and what it says of a file that is no checkpoint.
TEXTCONV = 'f() { suture inspect --plain --stats --sha256 "$1" 2>/dev/null || echo "not a checkpoint that can be read"; }; f'


def example(words):
    """The YAML of the documentation's page that has these words in it."""
    page = (ROOT / "Sources/Suture/Suture.docc/WhereYouWork.md").read_text()
    return next(block.split("```")[0] for block in page.split("```yaml\n")[1:] if words in block)


def beside(name):
    found = shutil.which(name, path=f"{BESIDE}:{os.environ['PATH']}")
    return unittest.skipUnless(found, f"{name} is not installed")


class InFolder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {
            **os.environ, "PATH": f"{SUTURE.parent}:{BESIDE}:{os.environ['PATH']}", "HOME": str(self.folder / "home"),
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
            "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
        (self.folder / "home").mkdir()

    def run_in(self, folder, *words, expect=0, **more):
        done = subprocess.run(
            [str(word) for word in words], cwd=folder, env={**self.environment, **more}, capture_output=True, text=True)
        self.assertEqual(done.returncode, expect, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def repository(self, name="repository"):
        folder = self.folder / name
        folder.mkdir()
        self.run_in(folder, "git", "init", "-q", "-b", "main")
        return folder


@beside("git")
class Git(InFolder):
    def test_what_git_runs_is_what_the_documentation_says(self):
        self.assertIn(TEXTCONV, (ROOT / "Sources/Suture/Suture.docc/WhereYouWork.md").read_text())

    def test_a_diff_shows_the_tensors_that_changed_and_no_others(self):
        folder = self.repository()
        (folder / ".gitattributes").write_text("*.pth diff=suture\n")
        self.run_in(folder, "git", "config", "diff.suture.textconv", TEXTCONV)
        shutil.copy(ATTO, folder / "model.pth")
        self.run_in(folder, "git", "add", ".")
        self.run_in(folder, "git", "commit", "-qm", "one")
        self.run_in(folder, "suture", "edit", ATTO, "--scale", "head.bias=2", "--drop", "norm.bias", "-o", "model.pth", "--force", "-q")
        shown = self.run_in(folder, "git", "diff").splitlines()
        changed = [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        gone = [line.split()[1] for line in changed if line[0] == "-" and line.startswith("-tensor")]
        come = [line.split()[1] for line in changed if line[0] == "+" and line.startswith("+tensor")]
        self.assertEqual((gone, come), (["norm.bias", "head.bias"], ["head.bias"]), shown)
        self.assertNotIn(str(self.folder), "\n".join(shown))
        # Both versions of a file that is equal in all that is told are told alike, wherever git puts them.
        self.run_in(folder, "git", "checkout", "-q", "model.pth")
        self.run_in(folder, "suture", "convert", ATTO, "-o", "model.pth", "--force", "-q", "--no-provenance")
        same = [line for line in self.run_in(folder, "git", "diff").splitlines() if line[1:7] == "tensor" and line[:1] in "+-"]
        self.assertEqual(same, [])
        # What is no checkpoint ends no diff.
        (folder / "model.pth").write_text("version https://git-lfs.github.com/spec/v1\n")
        self.assertIn("+not a checkpoint that can be read", self.run_in(folder, "git", "diff"))


@beside("pre-commit")
class PreCommit(InFolder):
    def test_the_hooks_and_the_configuration_of_the_documentation_are_as_pre_commit_has_them(self):
        config = self.folder / "config.yaml"
        config.write_text(example("id: suture-check"))
        self.run_in(self.folder, "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
        self.run_in(self.folder, "pre-commit", "validate-config", config)

    def test_a_harmful_file_stops_the_commit_and_a_sound_one_does_not(self):
        hooks = self.repository("hooks")
        shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
        self.run_in(hooks, "git", "add", ".")
        self.run_in(hooks, "git", "commit", "-qm", "hooks")
        revision = self.run_in(hooks, "git", "rev-parse", "HEAD").strip()
        folder = self.repository()
        (folder / ".pre-commit-config.yaml").write_text(
            f"repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n      - id: suture-check\n")
        self.run_in(folder, "pre-commit", "install")
        self.run_in(folder, "git", "add", ".")
        shutil.copy(ATTO, folder / "model.pth")
        self.run_in(folder, "git", "add", ".")
        self.assertIn("Passed", self.run_in(folder, "git", "commit", "-m", "sound"))
        shutil.copy(EVIL, folder / "evil.pth")
        self.run_in(folder, "git", "add", ".")
        said = self.run_in(folder, "git", "commit", "-m", "evil", expect=1)
        self.assertIn("posix.system, which starts a process", said)
        self.assertEqual(self.run_in(folder, "git", "log", "--format=%s").split(), ["sound"])
        # Strictly, a class that weights_only does not take stops it too.
        self.run_in(folder, "git", "rm", "-q", "--cached", "evil.pth")
        (folder / "evil.pth").unlink()
        shutil.copy(ROOT / "Fixtures/Corpus/271_yolov5_style.pt", folder / "best.pt")
        self.run_in(folder, "git", "add", ".")
        config = folder / ".pre-commit-config.yaml"
        config.write_text(config.read_text().replace("suture-check", "suture-check-strict"))
        self.run_in(folder, "git", "add", ".")
        self.assertIn("weights_only", self.run_in(folder, "git", "commit", "-m", "strict", expect=1))


@beside("git")
class Action(InFolder):
    def setUp(self):
        super().setUp()
        try:
            import yaml
        except ImportError:
            self.skipTest("PyYAML is not installed")
        self.action = yaml.safe_load((ROOT / ".github/actions/check/action.yml").read_text())

    def step(self, folder, expect, **inputs):
        """Runs the action's one step as a runner does, and gives its outputs."""
        step = self.action["runs"]["steps"][0]
        values = {name: given["default"] for name, given in self.action["inputs"].items()}
        values |= {name.replace("_", "-"): value for name, value in inputs.items()}
        environment = {}
        for name, text in step["env"].items():
            for key, value in values.items():
                text = text.replace("${{ inputs.%s }}" % key, value)
            self.assertNotIn("${{", text)
            environment[name] = text
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
            environment[name] = str(self.folder / name)
            Path(environment[name]).write_text("")
        # As GitHub calls bash where a step asks for it.
        said = self.run_in(folder, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"], expect=expect, **environment)
        return dict(line.split("=", 1) for line in Path(environment["GITHUB_OUTPUT"]).read_text().splitlines()), said

    def test_the_findings_of_the_files_of_a_repository_are_written_and_fail_it(self):
        folder = self.repository()
        (folder / "sub dir").mkdir()
        shutil.copy(ATTO, folder / "sub dir/model.pth")
        self.run_in(folder, "git", "add", ".")
        outputs, _ = self.step(folder, 0)
        self.assertEqual(outputs, {"files": "1", "sarif": "suture.sarif"})
        self.assertEqual(json.loads((folder / "suture.sarif").read_text())["runs"][0]["results"], [])
        shutil.copy(ROOT / "Fixtures/Corpus/271_yolov5_style.pt", folder)
        self.run_in(folder, "git", "add", ".")
        self.step(folder, 0, strict="false")
        outputs, _ = self.step(folder, 1, sarif="other.sarif")
        results = json.loads((folder / outputs["sarif"]).read_text())["runs"][0]["results"]
        self.assertEqual({result["level"] for result in results}, {"error"})
        self.assertEqual(
            results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "271_yolov5_style.pt")

    def test_a_repository_without_checkpoints_and_a_machine_without_suture_are_told(self):
        folder = self.repository()
        outputs, said = self.step(folder, 0)
        self.assertEqual(outputs, {"files": "0"})
        self.assertIn("nothing was checked", said)
        self.assertIn("is not installed", self.step(folder, 2, command="no-such-suture")[1])

    def test_it_and_the_workflow_of_the_documentation_are_as_github_has_them(self):
        try:
            import check_jsonschema
        except ImportError:
            self.skipTest("check-jsonschema is not installed")
        workflow = self.folder / "workflow.yml"
        workflow.write_text(example("jobs:"))
        for schema, file in (("actions", ROOT / ".github/actions/check/action.yml"), ("workflows", workflow)):
            self.run_in(ROOT, sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.github-{schema}", file)


@beside("hf")
class HuggingFace(InFolder):
    def test_the_extension_is_found_runs_and_goes(self):
        help_text = self.run_in(self.folder, "hf", "--help")
        if "extensions" not in help_text:
            self.skipTest("this hf has no extensions")
        tools = self.folder / "tools"
        tools.mkdir()
        shutil.copy(ROOT / ".hf/hf-suture", tools)
        self.environment["HF_HUB_DISABLE_UPDATE_CHECK"] = "1"
        self.environment["HF_HUB_OFFLINE"] = "1"
        self.run_in(self.folder, tools / "hf-suture", "--register")
        manifest = self.folder / "home/.local/share/hf/extensions/hf-suture/manifest.json"
        # What hf would update it from cannot be anybody's.
        self.assertNotRegex(json.loads(manifest.read_text())["owner"], r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$")
        version = self.run_in(self.folder, "suture", "--version")
        self.assertIn(version.strip(), self.run_in(self.folder, "hf", "suture", "--version"))
        self.assertIn("posix.system", self.run_in(self.folder, "hf", "suture", "check", EVIL, expect=1))
        self.assertIn("suture", self.run_in(self.folder, "hf", "--help"))
        self.assertIn("128 tensors", self.run_in(self.folder, "hf", "extensions", "exec", "suture", "inspect", ATTO))
        self.run_in(self.folder, tools / "hf-suture", "--unregister")
        self.assertFalse((self.folder / "home/.local/share/hf/extensions/hf-suture").exists())
        self.assertIn("not installed", self.run_in(
            self.folder, tools / "hf-suture", "--version", expect=127, PATH="/usr/bin:/bin"))


@unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
class Scripts(InFolder):
    def test_the_scripts_are_as_shellcheck_likes_them(self):
        self.run_in(ROOT, "shellcheck", ".hf/hf-suture")


@unittest.skipUnless(SUTURE.exists(), "the command is not built")
class Installing(InFolder):
    def install(self, what, prefix, expect=0):
        # One to whom other people's folders are closed, where the tests run as root.
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        return self.run_in(self.folder, *words, "bash", ROOT / ".ci/install", what, prefix, expect=expect, SUTURE=str(SUTURE))

    def test_twice_and_away_twice_leaves_nothing(self):
        self.folder.chmod(0o777)
        prefix = self.folder / "prefix"
        self.install("install", prefix)
        self.install("install", prefix)
        files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
        self.assertLessEqual(
            {"bin/suture", "bin/hf-suture", "share/man/man1/suture.1", "share/man/man1/suture-edit.1",
             "share/zsh/site-functions/_suture", "share/bash-completion/completions/suture",
             "share/fish/vendor_completions.d/suture.fish"}, files)
        self.install("uninstall", prefix)
        self.install("uninstall", prefix)
        self.assertEqual([path for path in prefix.rglob("*") if path.is_file()], [])

    def test_into_a_folder_that_cannot_be_written_does_nothing_and_says_which(self):
        self.folder.chmod(0o777)
        prefix = self.folder / "prefix"
        (prefix / "share/man").mkdir(parents=True)
        for folder in (prefix, prefix / "share"):
            folder.chmod(0o777)
        (prefix / "share/man").chmod(0o555)
        self.addCleanup((prefix / "share/man").chmod, 0o755)
        said = self.install("install", prefix, expect=1)
        self.assertIn(f"cannot write to {prefix}/share/man/man1, so nothing was installed", said)
        self.assertEqual([path for path in prefix.rglob("*") if path.is_file()], [])


if __name__ == "__main__":
    unittest.main()
