"""What the scenario tests share: ocelli as its user starts it, clips, servers, and skips where something is absent."""

import contextlib
import functools
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

BINARY = os.environ["OCELLI_BINARY"]
ROOT = Path(__file__).resolve().parents[2]
DEMO_CLIP = ROOT / ".deps/clip/vtest.avi"  # scripts/clip brings it
SKIPPED = 77
PATIENCE_S = 50


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def environment(changes=None):
    """This process' variables without ocelli's own settings, which would change what is tested. Nothing is stored in
    the data folder of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("OCELLI_") or name in ("OCELLI_ONNXRUNTIME", "OCELLI_MODEL_STORE")}
    return {**kept, "OCELLI_STORE_ENABLED": "false", **(changes or {})}


def ocelli(*arguments, env=None, prefix=(), preexec_fn=None, timeout=PATIENCE_S):
    """Runs the program to its end."""
    done = subprocess.run([*prefix, BINARY, *map(str, arguments)], env=environment(env), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout, check=False, preexec_fn=preexec_fn)
    return Outcome(done.returncode, done.stdout, done.stderr)


@functools.cache
def model_is_here():
    return ocelli("models", "verify", "yolov8n").code == 0


def need_model():
    if not model_is_here():
        raise unittest.SkipTest("the model is not here: ocelli models pull yolov8n")


def need_demo_clip():
    if not DEMO_CLIP.exists():
        raise unittest.SkipTest("the demo clip is not here: scripts/clip")


def wait_for(what, condition, timeout=PATIENCE_S):
    """The first true value of `condition`, asked again and again."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.1)


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="ocelli-")))

    def assert_refused(self, outcome, code, *words):
        """One line on standard error that says `words`, and the exit code; nothing on standard output."""
        self.assertEqual(outcome.code, code, outcome)
        self.assert_one_line(outcome.err, *words)
        self.assertEqual(outcome.out, "")

    def assert_one_line(self, text, *words):
        self.assertRegex(text, r"\Aocelli: [^\n]{10,}\n\Z")
        for word in words:
            self.assertIn(word, text)

    def assert_complete(self, folder, outcome="complete"):
        """The three result files of an analysis are whole and agree with each other; returns the summary."""
        self.assertEqual(list(folder.glob("**/*.part")), [])
        summary = json.loads((folder / "summary.json").read_text())
        self.assertEqual(summary["input"]["outcome"], outcome)
        events = read_events(folder)
        self.assertEqual(len(events), sum(summary["events"].values()))
        ids = [event["id"] for event in events]
        self.assertEqual(len(set(ids)), len(ids))
        for row in read_tracks(folder):
            self.assertEqual(len(row), 10)
        return summary


def read_events(folder):
    text = (folder / "events.jsonl").read_text()
    assert text == "" or text.endswith("\n"), "the last line is not whole"
    return [json.loads(line) for line in text.splitlines()]


def read_tracks(folder):
    text = (folder / "tracks.csv").read_text()
    assert text == "" or text.endswith("\n"), "the last line is not whole"
    return [[float(value) for value in line.split(",")] for line in text.splitlines()]


def final_names(folder):
    """Files under `folder` that claim to be complete."""
    return sorted(path.name for path in folder.glob("**/*") if path.is_file() and path.suffix != ".part")


def ffmpeg(*arguments):
    if not shutil.which("ffmpeg"):
        raise unittest.SkipTest("ffmpeg is not here: scripts/setup --tests")
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", *map(str, arguments)], check=True,
                   stderr=subprocess.DEVNULL, timeout=PATIENCE_S)


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "10", "-threads", "1")


def pattern_clip(path, *options, seconds=2):
    """A test picture that moves, 10 pictures per second; nothing in it is a person."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=10:duration={seconds}", *H264, *options, path)
    return path


def people_clip(path, seconds=3, repeat=1):
    """Pedestrians out of the demo clip, as MP4 that can be read from its beginning."""
    need_demo_clip()
    once = path if repeat == 1 else path.with_suffix(".once.mp4")
    ffmpeg("-ss", "10", "-t", str(seconds), "-i", DEMO_CLIP, *H264, "-movflags", "+faststart", once)
    if repeat > 1:
        ffmpeg("-stream_loop", str(repeat - 1), "-i", once, "-c", "copy", "-movflags", "+faststart", path)
    return path


def self_signed(folder):
    """Certificate and key of a server on this machine that no authority has signed."""
    if not shutil.which("openssl"):
        raise unittest.SkipTest("no openssl command")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


class Server(contextlib.AbstractContextManager):
    """A program that prints one line once it listens, and is ended with the test."""

    def __init__(self, command, first_line, log, env=None):
        self._log = open(log, "ab")
        self.log = Path(log)
        self.process = subprocess.Popen(command, env=environment(env), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self._log)
        line = self._first_line()
        found = re.search(first_line, line)
        if not found:
            self.__exit__()
            raise AssertionError(f"{command[0]} said {line!r}; {self.log.read_text()}")
        self.said = found.group(1)

    def _first_line(self):
        if not select.select([self.process.stdout], [], [], PATIENCE_S)[0]:
            return ""
        return self.process.stdout.readline().decode()

    def end(self, number=signal.SIGTERM, timeout=20):
        """Sends a signal; returns the exit code and how long that took."""
        begin = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(timeout), time.monotonic() - begin

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._log.close()


class OcelliServer(Server):
    """ocelli serve on a free port."""

    def __init__(self, config, log, env=None):
        folder = Path(log).parent
        env = {"OCELLI_STORE_ENABLED": "true", "OCELLI_STORE_PATH": str(folder / "events.db"),
               "OCELLI_SERVER_TOKENS": str(folder / "tokens.json"), **(env or {})}
        super().__init__([BINARY, "serve", "-c", str(config), "--port", "0"], r"listening on (http://\S+/)$", log, env)

    def get(self, path):
        """Status and text of an answer, errors too."""
        return self._ask(self.said + path)

    def post(self, path, body=b""):
        return self.send("POST", path, body)

    def send(self, method, path, body=None, headers=None):
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        return self._ask(urllib.request.Request(self.said + path, data=data, method=method, headers=headers or {}))

    @staticmethod
    def _ask(request):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def json(self, path):
        status, text = self.get(path)
        assert status == 200, f"{path}: {status} {text}"
        return json.loads(text)

    def camera(self):
        return self.json("api/v1/cameras")["cameras"][0]

    def wait_until_ready(self):
        wait_for("the server to be ready", lambda: self.get("health/ready")[0] == 200)


def file_server(folder, log):
    """An HTTP server of a folder; `said` is its address."""
    return Server([sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)],
                  r"(http://127\.0\.0\.1:\d+/)", log)


def main():
    """Like unittest.main(), but its exit code tells when a test was skipped."""
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.skipped else 0)
