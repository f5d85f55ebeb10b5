#!/usr/bin/env python3
"""`ocelli probe` tells ten kinds of failure apart, each against a real server in that state."""

import contextlib
import functools
import http.server
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import unittest

import program
from program import ROOT, Case, ocelli, self_signed

sys.path.insert(0, str(ROOT / "tests/farm"))
from farm_process import Farm  # noqa: E402  (camera_farm's process lies beside it)


@contextlib.contextmanager
def listener():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web_server(folder, context=None):
    handler = functools.partial(QuietHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_media(path, *arguments):
    if shutil.which("ffmpeg") is None:
        raise unittest.SkipTest("no ffmpeg command")
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(path)], check=True)


class ProbeTest(Case):
    def probe(self, url, *arguments, timeout=3):
        outcome = ocelli("probe", url, "--json", "--timeout", timeout, *arguments)
        report = json.loads(outcome.out)
        self.assertEqual(outcome.code, 0 if report["usable"] else 3, outcome)
        self.assertNotIn("secret", outcome.out + outcome.err)
        return report

    def expect(self, url, step, failure, *arguments, timeout=3, usable=False):
        report = self.probe(url, *arguments, timeout=timeout)
        self.assertEqual((report["steps"][-1]["step"], report["failure"], report["usable"]), (step, failure, usable), report)
        self.assertTrue(all(taken["passed"] for taken in report["steps"][:-1]), report)
        self.assertTrue(report["remedy"])
        text = ocelli("probe", url, "--timeout", timeout, *arguments).out
        self.assertIn(f"FAIL {step}", text)
        self.assertIn(report["remedy"], text)

    def farm(self, *arguments):
        return self.enterContext(Farm("--cameras", "1x640x360@25:800k", *arguments))


class ReachTest(ProbeTest):
    def test_a_name_that_nobody_knows(self):
        self.expect("rtsp://user:secret@camera.invalid/live", "name", "unknown_host")

    def test_a_port_where_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.expect(f"rtsp://user:secret@127.0.0.1:{port}/live", "connection", "refused")

    def test_a_server_that_never_answers(self):
        with listener() as port:
            self.expect(f"rtsp://user:secret@127.0.0.1:{port}/live", "dialogue", "timeout", timeout=1)

    def test_a_server_that_cannot_prove_its_name(self):
        certificate, key = self_signed(self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        make_media(self.folder / "clip.mp4", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-t", "2")
        with web_server(self.folder, context) as port:
            url = f"https://127.0.0.1:{port}/clip.mp4"
            self.expect(url, "encryption", "tls")
            self.assert_refused(ocelli("snapshot", url, "-o", self.folder / "picture.jpg"), 3, "certificate", "tls_verify")
            self.assertTrue(self.probe(url, "--tls-ca-file", certificate)["usable"])
            self.assertTrue(self.probe(url, "--no-tls-verify")["usable"])

    def test_a_server_that_does_not_speak_tls(self):
        with listener() as port:
            self.expect(f"rtsps://127.0.0.1:{port}/live", "encryption", "timeout", timeout=1)
        with web_server(self.folder) as port:
            self.expect(f"https://127.0.0.1:{port}/clip.mp4", "encryption", "tls")


class StreamTest(ProbeTest):
    def test_a_stream_that_is_fine(self):
        report = self.probe(self.farm().url(0))
        self.assertEqual((report["failure"], report["usable"], report["video"]["codec"]), (None, True, "h264"), report)

    def test_a_password_that_is_refused(self):
        farm = self.farm("--auth", "digest:user:right")
        self.expect(farm.url(0).replace("rtsp://", "rtsp://user:secret@"), "dialogue", "unauthorised")
        self.assertTrue(self.probe(farm.url(0).replace("rtsp://", "rtsp://user:right@"))["usable"])

    def test_a_path_that_the_server_does_not_have(self):
        self.expect(self.farm().url(0).replace("/cam/0", "/cam/99"), "dialogue", "not_found")

    def test_a_stream_without_key_frames(self):
        plan = self.folder / "faults.jsonl"
        plan.write_text('{"camera": 0, "kind": "no_key", "begin_s": 0, "end_s": 60}\n')
        farm = self.farm("--join", "now", "--fault-file", plan)
        self.expect(farm.url(0), "key_frame", "no_key_frame")

    def test_times_that_repeat(self):
        plan = self.folder / "faults.jsonl"
        plan.write_text('{"camera": 0, "kind": "ts_repeat", "begin_s": 0, "end_s": 60}\n')
        farm = self.farm("--fault-file", plan)
        self.expect(farm.url(0), "timestamps", "bad_timestamps", usable=True)


class ContentTest(ProbeTest):
    def test_sound_only(self):
        make_media(self.folder / "sound.mp4", "-f", "lavfi", "-i", "sine", "-t", "2")
        with web_server(self.folder) as port:
            self.expect(f"http://127.0.0.1:{port}/sound.mp4", "video", "no_video")

    def test_a_codec_that_nobody_decodes(self):
        make_media(self.folder / "clip.mp4", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-t", "2",
                   "-c:v", "libx264")
        clip = (self.folder / "clip.mp4").read_bytes().replace(b"avc1", b"vvc1").replace(b"avcC", b"vvcC")
        (self.folder / "clip.mp4").write_bytes(clip)
        with web_server(self.folder) as port:
            self.expect(f"http://127.0.0.1:{port}/clip.mp4", "codec", "unsupported_codec")

    def test_a_page_instead_of_a_video(self):
        (self.folder / "index.html").write_text("<html>log in</html>")
        with web_server(self.folder) as port:
            self.expect(f"http://127.0.0.1:{port}/", "dialogue", "not_media")

    def test_a_file_that_is_not_there(self):
        with web_server(self.folder) as port:
            self.expect(f"http://127.0.0.1:{port}/nothing.mp4", "dialogue", "not_found")
        self.expect(self.folder / "nothing.mp4", "dialogue", "not_found")


if __name__ == "__main__":
    program.main()
