"""Addresses instead of files: nginx with ranges and TLS, a stand-in for the Hub, and servers that misbehave.

nginx is Debian's nginx-light; without it the tests that need it are skipped, and say so.
"""
import hashlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import ROOT, SEED, SUTURE, suture

import torch
from safetensors.torch import save_file

ATTO = ROOT / "Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"
print(f"SEED={SEED}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*words, **environment):
    """The command's exit code and what it said."""
    done = subprocess.run(
        [SUTURE, *map(str, words)], capture_output=True, text=True, env={**os.environ, **environment})
    return done.returncode, done.stdout + done.stderr


def said(words, expect=0):
    return json.loads(suture(*words, "--json", expect=expect).stdout)


class Nginx:
    """nginx over a folder, on a port for HTTP and one for TLS."""

    def __init__(self, folder):
        self.folder, self.plain, self.tls = folder, free_port(), free_port()
        self.certificate = folder / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
             self.certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True)
        places = " ".join(f"{kind}_temp_path {folder}/temp;"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(f"""
            daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; events {{}}
            http {{ access_log {folder}/access.log; {places}
              server {{ listen 127.0.0.1:{self.plain}; root {folder}/root; }}
              server {{ listen 127.0.0.1:{self.tls} ssl; root {folder}/root;
                ssl_certificate {self.certificate}; ssl_certificate_key {folder}/key.pem; }} }}""")
        self.process = subprocess.Popen(
            ["nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"], stderr=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.plain)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("nginx does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Server:
    """Answers as a function of the request says: (status, headers, body), or None to cut the connection."""

    def __init__(self, answer):
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.seen.append((self.path, dict(self.headers)))
                given = answer(self.path, self.headers)
                if given is None:
                    self.close_connection = True
                    return
                status, headers, body = given
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    for part in body if isinstance(body, list) else [body]:
                        if isinstance(part, float):
                            self.wfile.flush()
                            time.sleep(part)
                        else:
                            self.wfile.write(part)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                if isinstance(body, list):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]

    def address(self, path="w.pth", host="127.0.0.1"):
        return f"http://{host}:{self.port}/{path}"


def ranged(data, headers, tag='"one"'):
    """What a good server answers."""
    if "Range" not in headers:
        return 200, {"ETag": tag}, data
    start, end = headers["Range"].removeprefix("bytes=").split("-")
    start, end = int(start), min(int(end) + 1 if end else len(data), len(data))
    return 206, {"ETag": tag, "Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}, data[start:end]


class Remote(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)


@unittest.skipUnless(shutil.which("nginx") and shutil.which("openssl"), "nginx-light and openssl are not here")
class WithNginx(Remote):
    @classmethod
    def setUpClass(cls):
        cls.home = Path(tempfile.mkdtemp())
        os.chmod(cls.home, 0o755)
        root = cls.home / "root"
        root.mkdir()
        shutil.copy(ATTO, root / "atto.pth")
        weights = {f"layers.{i}.{k}": torch.full((250, 300), float(i)) for i in range(250) for k in ("weight", "bias")}
        torch.save({"model": weights}, root / "big.pth")
        save_file(weights, root / "big.safetensors")
        names = list(weights)
        shards = {"model-00001-of-00002.safetensors": names[:300], "model-00002-of-00002.safetensors": names[300:]}
        for file, part in shards.items():
            save_file({name: weights[name] for name in part}, root / file)
        (root / "model.safetensors.index.json").write_text(json.dumps(
            {"metadata": {}, "weight_map": {name: file for file, part in shards.items() for name in part}}))
        (root / "page.pth").write_text("<!DOCTYPE html><html>sign in</html>" + " " * 2000)
        (root / "empty.pth").write_text("")
        for file in root.iterdir():
            os.chmod(file, 0o644)
        cls.root, cls.nginx = root, Nginx(cls.home)

    @classmethod
    def tearDownClass(cls):
        cls.nginx.stop()
        shutil.rmtree(cls.home, ignore_errors=True)

    def at(self, name):
        return f"http://127.0.0.1:{self.nginx.plain}/{name}"

    def test_listing_takes_few_requests_and_bytes(self):
        pth = said(["inspect", self.at("big.pth")])
        print(f"  .pth of 500 tensors: {pth['requests']} requests, {pth['bytes_read']} bytes")
        self.assertLessEqual(pth["requests"], 8)
        self.assertLessEqual(pth["bytes_read"], 400_000)
        safetensors = said(["inspect", self.at("big.safetensors")])
        with open(self.root / "big.safetensors", "rb") as file:
            header = 8 + int.from_bytes(file.read(8), "little")
        self.assertEqual(safetensors["bytes_read"], header)
        self.assertEqual(safetensors["requests"], 2)

    def test_a_listing_is_that_of_the_file(self):
        for name in "atto.pth", "big.pth", "big.safetensors", "model.safetensors.index.json":
            there, here = said(["inspect", self.at(name)]), said(["inspect", self.root / name])
            for listing in there, here:
                listing.pop("path")
                listing.pop("requests", None), listing.pop("bytes_read", None)
            self.assertEqual(there, here, name)

    def test_only_what_is_needed_is_read(self):
        self.assertLess(said(["why", self.at("big.pth"), "layers.3.bias"], expect=1)["bytes_read"], 400_000)
        for words in (["check", self.at("big.pth")],
                      ["diff", "--shapes", self.at("big.pth"), self.at("big.safetensors")],
                      ["check", self.at("big.pth"), "--into", self.at("big.safetensors")]):
            report = said(words)
            self.assertLess(report["bytes_read"], 800_000, words)
        self.assertFalse(said(["check", self.at("big.pth")])["bytes_checked"])
        self.assertTrue(said(["check", self.at("big.pth"), "--all"])["bytes_checked"])

    def test_each_byte_comes_once(self):
        for name, other in ("big.pth", "o.safetensors"), ("big.safetensors", "o.pth"):
            there, here = self.folder / f"there-{other}", self.folder / f"here-{other}"
            report = said(["convert", self.at(name), "-o", there, "--no-provenance"])
            suture("convert", self.root / name, "-o", here, "--no-provenance")
            self.assertEqual(there.read_bytes(), here.read_bytes())
            size = (self.root / name).stat().st_size
            self.assertLess(report["bytes_read"], 1.01 * size)
            self.assertLess(report["requests"], 40)
        index = said(["convert", self.at("model.safetensors.index.json"), "-o", self.folder / "s.safetensors"])
        self.assertLess(index["bytes_read"], 1.02 * (self.root / "big.safetensors").stat().st_size)
        suture("diff", self.folder / "s.safetensors", self.root / "big.pth")

    def test_every_command_that_takes_a_file(self):
        atto, out = self.at("atto.pth"), self.folder
        self.assertEqual(run("verify", atto, "--size", "64")[0], 0)
        self.assertEqual(run("edit", atto, "-o", out / "y.pth", "--preset", "convnext-yolov5", "--hash", "--proof")[0], 0)
        self.assertEqual(run("verify", out / "y.pth", "--against", atto, "--size", "64")[0], 0)
        self.assertEqual(run("graft", atto, "--from", ATTO, "-o", out / "g.pth")[0], 0)
        self.assertEqual(run("diff", atto, ATTO)[0], 0)
        self.assertEqual(run("inspect", atto, "--sha256", "--stats")[0], 0)
        self.assertEqual(run("convert", atto, "-o", self.at("x.pth"))[0], 2)

    def test_certificates(self):
        address = f"https://localhost:{self.nginx.tls}/atto.pth"
        code, text = run("inspect", address)
        self.assertEqual(code, 8, text)
        self.assertIn("certificate", text)
        self.assertEqual(run("inspect", address, CURL_CA_BUNDLE=str(self.nginx.certificate))[0], 0)
        self.assertEqual(
            run("fetch", address, "-o", f"{self.folder}/", CURL_CA_BUNDLE="", SSL_CERT_FILE=str(self.nginx.certificate))[0],
            0)
        self.assertEqual((self.folder / "atto.pth").read_bytes(), ATTO.read_bytes())

    def test_a_page_is_no_file(self):
        for words in ["inspect", self.at("page.pth")], ["fetch", self.at("page.pth"), "-o", f"{self.folder}/"]:
            code, text = run(*words)
            self.assertEqual(code, 3, text)
            self.assertIn("HTML page", text)
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(run("inspect", self.at("empty.pth"))[0], 8)

    def test_what_is_fetched_is_found_by_torch_hub_and_the_other_way_round(self):
        digest = hashlib.sha256(ATTO.read_bytes()).hexdigest()
        name = f"atto-{digest[:8]}.pth"
        shutil.copy(ATTO, self.root / name)
        os.chmod(self.root / name, 0o644)
        code, text = run("fetch", self.at(name), TORCH_HOME=str(self.folder))
        self.assertEqual(code, 0, text)
        self.assertIn("as its name says", text)
        os.rename(self.root / name, self.root / "gone")
        script = f"import torch; torch.hub.load_state_dict_from_url({self.at(name)!r}, check_hash=True)"
        environment = {**os.environ, "TORCH_HOME": str(self.folder)}
        subprocess.run([os.sys.executable, "-W", "ignore", "-c", script], check=True, env=environment)
        shutil.rmtree(self.folder / "hub")
        os.rename(self.root / "gone", self.root / name)
        subprocess.run(
            [os.sys.executable, "-W", "ignore", "-c", script], check=True, env=environment, stderr=subprocess.DEVNULL)
        code, text = run("fetch", self.at(name), TORCH_HOME=str(self.folder))
        self.assertEqual(code, 0, text)
        self.assertIn("there ", text)

    def test_a_name_is_that_of_a_file_of_the_mirror(self):
        folder = self.root / "mirror"
        folder.mkdir(exist_ok=True)
        os.chmod(folder, 0o755)
        shutil.copy(ATTO, folder / "convnext_tiny_1k_224_ema.pth")
        os.chmod(folder / "convnext_tiny_1k_224_ema.pth", 0o644)
        code, text = run("fetch", "convnext_tiny_1k", TORCH_HOME=str(self.folder), SUTURE_MIRROR=self.at("mirror"))
        self.assertEqual(code, 6, text)
        self.assertIn("its name promises ConvNeXt-T of 1000 classes", text)


class TheHub(Remote):
    def test_a_token_is_told_to_the_hub_alone(self):
        data = ATTO.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        other = Server(lambda path, headers: ranged(data, headers))
        hub = Server(lambda path, headers: (
            302, {"Location": other.address("signed", "localhost"), "X-Linked-ETag": f'"{digest}"'}, b""))
        environment = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.port}", "HF_TOKEN": "hf_geheim"}
        code, text = run("inspect", "hf://someone/some-model@v1/sub/w.pth", **environment)
        self.assertEqual(code, 0, text)
        self.assertEqual(hub.seen[0][0], "/someone/some-model/resolve/v1/sub/w.pth")
        self.assertTrue(all(headers.get("Authorization") == "Bearer hf_geheim" for _, headers in hub.seen))
        self.assertTrue(len(other.seen) == len(hub.seen) > 1)
        self.assertFalse(any("Authorization" in headers for _, headers in other.seen))
        code, text = run("fetch", "hf://someone/some-model/w.pth", "-o", f"{self.folder}/", **environment)
        self.assertEqual(code, 0, text)
        self.assertIn("that of the Hub's record", text)
        self.assertFalse(any("Authorization" in headers for _, headers in other.seen))
        # Nor to another host that is asked for by its address.
        run("inspect", other.address(), **environment)
        self.assertFalse(any("Authorization" in headers for _, headers in other.seen))
        refusing = Server(lambda path, headers: (401, {}, b""))
        code, text = run("inspect", "hf://a/b/c.pth", HF_ENDPOINT=f"http://127.0.0.1:{refusing.port}",
                         HF_TOKEN="hf_geheim")
        self.assertEqual(code, 8)
        self.assertNotIn("geheim", text)

    def test_what_is_not_in_the_hubs_record_is_not_kept(self):
        data = ATTO.read_bytes()
        hub = Server(lambda path, headers: (
            ranged(data, headers)[0], {**ranged(data, headers)[1], "X-Linked-ETag": '"' + "0" * 64 + '"'},
            ranged(data, headers)[2]))
        code, text = run("fetch", "hf://a/b/w.pth", "-o", f"{self.folder}/",
                         HF_ENDPOINT=f"http://127.0.0.1:{hub.port}")
        self.assertEqual(code, 3, text)
        self.assertIn("the Hub's record says", text)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_token_of_a_file_is_used(self):
        (self.folder / "token").write_text("hf_datei\n")
        hub = Server(lambda path, headers: ranged(ATTO.read_bytes(), headers))
        environment = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.port}", "HF_HOME": str(self.folder), "HF_TOKEN": ""}
        self.assertEqual(run("inspect", "hf://a/b/w.pth", **environment)[0], 0)
        self.assertEqual(hub.seen[0][1]["Authorization"], "Bearer hf_datei")


class Misbehaving(Remote):
    data = ATTO.read_bytes()

    def refused(self, answer, reason, command=("inspect",), code=8, **environment):
        server = Server(answer)
        found, text = run(*command, server.address(), *(["-o", self.folder / "o.pth"] if command[0] != "inspect" else []),
                          **environment)
        self.assertEqual(found, code, text)
        self.assertIn(reason, text)
        self.assertEqual([p.name for p in self.folder.iterdir() if not ".part" in p.name], [])

    def test_the_whole_file_where_a_part_was_asked_for(self):
        self.refused(lambda path, headers: (200, {}, self.data), "sends the whole file (200)")

    def test_a_file_that_changes_while_it_is_converted(self):
        count = iter(range(1000))

        def answer(path, headers):
            return ranged(self.data, headers, '"one"' if next(count) < 4 else '"two"')

        self.refused(answer, "has changed while it was being read", ("convert",))

    def test_bodies_that_are_cut(self):
        def answer(path, headers):
            status, head, body = ranged(self.data, headers)
            return status, {**head, "Content-Length": str(len(body))}, [body[:max(1, len(body) // 2)]]

        server = Server(answer)
        code, text = run("convert", server.address(), "-o", self.folder / "o.pth")
        self.assertEqual(code, 0, text)
        suture("diff", self.folder / "o.pth", ATTO)

    def test_a_server_that_cuts_every_connection(self):
        self.refused(lambda path, headers: None, "cannot be asked")

    def test_a_byte_a_second(self):
        def answer(path, headers):
            status, head, body = ranged(self.data, headers)
            return status, {**head, "Content-Length": str(len(body))}, [x for b in body[:60] for x in (bytes([b]), 1.0)]

        start = time.time()
        self.refused(answer, "for 2 seconds", SUTURE_TIMEOUT="2")
        self.assertLess(time.time() - start, 20)

    def test_a_server_that_says_nothing(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(8)
            code, text = run("inspect", f"http://127.0.0.1:{silent.getsockname()[1]}/w.pth", SUTURE_TIMEOUT="1")
        self.assertEqual(code, 8, text)
        self.assertIn("has not answered for 1 seconds", text)

    def test_too_many_requests(self):
        self.refused(lambda path, headers: (429, {"Retry-After": "9999"}, b""), "asks to wait 9999 seconds")

    def test_a_password_is_never_shown(self):
        for port in 1, Server(lambda path, headers: (404, {}, b"")).port:
            for command in ["inspect"], ["fetch"], ["check", "--json"], ["convert", "-o", self.folder / "o.pth"]:
                code, text = run(*command, f"http://user:geheim@127.0.0.1:{port}/w.pth?X-Signature=geheim")
                self.assertEqual(code, 8, text)
                self.assertNotIn("geheim", text)

    def test_no_output_gives_a_password_away(self):
        server, out = Server(lambda path, headers: ranged(self.data, headers)), self.folder
        address = f"http://user:geheim@127.0.0.1:{server.port}/w.pth?X-Signature=geheim"
        for words in (["edit", address, "-o", out / "a.pth", "--average", address, "--hash"],
                      ["graft", address, f"--from={address}", "-o", out / "b.pth"],
                      ["convert", address, "--out-dir", out / "c"], ["inspect", address, "--json"],
                      ["diff", address, address], ["edit", address, "-n", "--average", address, "--json"],
                      ["fetch", address, "-o", f"{out}/"]):
            code, text = run(*words)
            self.assertEqual(code, 0, text)
            self.assertNotIn("geheim", text)
        for file in out.rglob("*"):
            self.assertNotIn("geheim", file.name)
            if file.is_file():
                self.assertNotIn(b"geheim", file.read_bytes())
        self.assertTrue(all("X-Signature=geheim" in path and "Authorization" in headers for path, headers in server.seen))

    def test_an_interrupted_fetch_goes_on(self):
        middle = len(self.data) // 2

        def answer(path, headers):
            status, head, body = ranged(self.data, headers)
            if status == 206:
                return status, head, body
            return status, {**head, "Content-Length": str(len(body))}, [body[:middle], 30.0, body[middle:]]

        server, target = Server(answer), self.folder / "w.pth"
        for signal_number in signal.SIGINT, signal.SIGTERM:
            child = subprocess.Popen([SUTURE, "fetch", server.address(), "-o", target], stderr=subprocess.PIPE, text=True)
            part = Path(f"{target}.part")
            while not part.exists() or part.stat().st_size < middle:
                time.sleep(0.05)
            child.send_signal(signal_number)
            text = child.communicate()[1]
            self.assertEqual(child.returncode, 130)
            self.assertIn("the same line goes on from there", text)
            self.assertFalse(target.exists())
            if signal_number == signal.SIGINT:
                os.remove(part)
                os.remove(f"{part}.from")
        code, text = run("fetch", server.address(), "-o", target)
        self.assertEqual(code, 0, text)
        self.assertIn("of it from before", text)
        self.assertEqual(target.read_bytes(), self.data)

    def test_a_damaged_file_that_is_there_is_fetched_again_only_when_asked(self):
        server, target = Server(lambda path, headers: ranged(self.data, headers)), self.folder / "w.pth"
        damaged = bytearray(self.data)
        damaged[len(damaged) // 2] ^= 1
        target.write_bytes(damaged)
        code, text = run("fetch", server.address(), "-o", target)
        self.assertEqual(code, 3, text)
        self.assertIn("--force fetches it again", text)
        self.assertEqual(target.read_bytes(), damaged)
        self.assertEqual(run("fetch", server.address(), "-o", target, "--force")[0], 0)
        self.assertEqual(target.read_bytes(), self.data)

    def test_a_hash_that_is_asked_for(self):
        server, target = Server(lambda path, headers: ranged(self.data, headers)), self.folder / "w.pth"
        digest = hashlib.sha256(self.data).hexdigest()
        for wanted, code in (digest, 0), (digest[:8].upper(), 0), ("0" * 64, 3), (digest[:7], 2), ("xyz", 2):
            target.unlink(missing_ok=True)
            self.assertEqual(run("fetch", server.address(), "-o", target, "--sha256", wanted)[0], code, wanted)
            self.assertEqual(target.exists(), code == 0)

    def test_a_disk_that_fills(self):
        full = self.folder / "full"
        full.mkdir()
        if os.getuid() != 0 or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", full], capture_output=True).returncode:
            self.skipTest("no small file system can be mounted here")
        try:
            server = Server(lambda path, headers: ranged(self.data, headers))
            code, text = run("fetch", server.address(), "-o", full / "w.pth")
            self.assertEqual(code, 7, text)
            self.assertIn("what came stays", text)
        finally:
            subprocess.run(["umount", full], check=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
