#!/usr/bin/env python3
"""ocelli on an RTSP camera: a real server on this machine."""

import contextlib
import functools
import json
import socket
import subprocess
import threading
import time
from pathlib import Path

import program
from program import Case, OcelliServer, Server, ocelli, pattern_clip, people_clip, self_signed, wait_for

PYTHON = "/usr/bin/python3"  # Debian's own, which has the bindings of GStreamer
SERVER = Path(__file__).with_name("rtsp_server.py")


@functools.cache
def what_is_missing():
    if not Path(PYTHON).exists():
        return f"{PYTHON} is not here"
    done = subprocess.run([PYTHON, SERVER, "--check"], capture_output=True, text=True, timeout=60, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


class RtspCase(Case):
    def setUp(self):
        super().setUp()
        if what_is_missing():
            self.skipTest(f"no RTSP server here: {what_is_missing()}; scripts/setup --tests")

    def camera(self, clip, port=0, *options):
        return Server([PYTHON, str(SERVER), str(clip), str(port), *map(str, options)], r"(rtsps?://\S+)$", self.folder / "rtsp.log")


class RtspInputTest(RtspCase):
    def test_snapshot(self):
        picture = self.folder / "picture.jpg"
        with self.camera(pattern_clip(self.folder / "clip.mp4")) as camera:
            self.assertEqual(ocelli("snapshot", camera.said, "-o", picture), (0, f"{picture}: 320x240\n", ""))
        self.assertTrue(picture.read_bytes().startswith(b"\xff\xd8\xff"))

    def test_wrong_path(self):
        with self.camera(pattern_clip(self.folder / "clip.mp4")) as camera:
            self.assert_refused(ocelli("analyze", camera.said + "x", "-o", self.folder / "out"), 3, "404")
        self.assertFalse((self.folder / "out").exists())


    def test_transports(self):
        clip = pattern_clip(self.folder / "clip.mp4", seconds=30)
        picture = self.folder / "picture.jpg"
        for transport in ("tcp", "udp"):
            with self.subTest(transport), self.camera(clip, 0, "--transport", transport) as camera:
                self.assertEqual(ocelli("snapshot", camera.said, "-o", picture)[0], 0)

    def test_log_in(self):
        clip = pattern_clip(self.folder / "clip.mp4")
        picture = self.folder / "picture.jpg"
        for method in ("basic", "digest"):
            with self.subTest(method), self.camera(clip, 0, "--login", method) as camera:
                right = camera.said.replace("rtsp://", "rtsp://me:s3cret@")
                self.assertEqual(ocelli("snapshot", right, "-o", picture)[0], 0)
                wrong = camera.said.replace("rtsp://", "rtsp://me:wr0ng@")
                code, out, err = ocelli("snapshot", wrong, "-o", picture)
                self.assertNotEqual(code, 0)
                self.assertIn("password refused", err)
                self.assertNotIn("wr0ng", out + err)


class MuteCamera(threading.Thread):
    """Agrees to play over TCP and then sends nothing, as behind a firewall; knows no other transport."""

    SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self.listener.getsockname()[1]}/clip"

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection, connection.makefile("rb") as lines:
            request = []
            for line in lines:
                request.append(line.decode("latin-1").strip())
                if request[-1]:
                    continue
                connection.sendall(self.answer(request))
                request = []

    def answer(self, request):
        head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in request[1:])}
        status, extra, body = "200 OK", "", ""
        if request[0].startswith("DESCRIBE"):
            extra, body = "Content-Type: application/sdp\r\n", self.SDP
        elif request[0].startswith("SETUP") and "TCP" in head["transport"]:
            extra = f"Transport: {head['transport']}\r\nSession: 1\r\n"
        elif request[0].startswith("SETUP"):
            status = "461 Unsupported Transport"
        elif request[0].startswith("GET"):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        return (f"RTSP/1.0 {status}\r\nCSeq: {head.get('cseq', 0)}\r\n{extra}"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class RtspSilenceTest(Case):
    def test_each_transport_is_tried_and_named(self):
        camera = MuteCamera()
        camera.start()
        self.addCleanup(camera.listener.close)
        began = time.monotonic()
        code, _, err = ocelli("snapshot", camera.url, "-o", self.folder / "picture.jpg", "--timeout", 6)
        self.assertNotEqual(code, 0)
        self.assertLess(time.monotonic() - began, 15)
        for words in ("tcp: it agreed to play, but no packet came", "udp: the server refuses this transport", "http: "):
            self.assertIn(words, err)


class TunnelOnlyFirewall(threading.Thread):
    """In front of a real server: lets HTTP through, hangs up on whoever speaks RTSP; keeps what the client said."""

    def __init__(self, server_url):
        super().__init__(daemon=True)
        self.server = ("127.0.0.1", int(server_url.rsplit(":", 1)[1].split("/")[0]))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = server_url.replace(f":{self.server[1]}/", f":{self.listener.getsockname()[1]}/")
        self.first_lines = []
        self.said = bytearray()

    def run(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.guard, args=(client,), daemon=True).start()

    def guard(self, client):
        with client, contextlib.suppress(OSError):
            first = client.recv(65536)
            self.first_lines.append(first.partition(b"\r\n")[0].decode("latin-1"))
            self.said += first
            if not first.startswith((b"GET ", b"POST ")):
                return
            with socket.create_connection(self.server) as server:
                server.sendall(first)
                back = threading.Thread(target=self.carry, args=(server, client), daemon=True)
                back.start()
                self.carry(client, server, keep=True)
                back.join(5)

    def carry(self, source, sink, keep=False):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if keep:
                    self.said += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


class RtspTunnelTest(RtspCase):
    """Where only HTTP passes, the packets come through a tunnel, and nobody has to say so."""

    def firewall(self, *options):
        camera = self.enterContext(self.camera(pattern_clip(self.folder / "clip.mp4", seconds=30), 0, *options))
        firewall = TunnelOnlyFirewall(camera.said)
        firewall.start()
        self.addCleanup(firewall.listener.close)
        return firewall

    def test_the_tunnel_is_found(self):
        firewall = self.firewall("--login", "digest")
        url = firewall.url.replace("rtsp://", "rtsp://me:s3cret@")
        picture = self.folder / "picture.jpg"
        self.assertEqual(ocelli("snapshot", url, "-o", picture), (0, f"{picture}: 320x240\n", ""))
        # TCP and UDP were tried first, and got nowhere.
        self.assertEqual([line.split()[0] for line in firewall.first_lines[:2]], ["OPTIONS", "OPTIONS"])
        self.assertTrue(any(line.startswith("GET /clip HTTP/1") for line in firewall.first_lines), firewall.first_lines)
        self.assertTrue(any(line.startswith("POST /clip HTTP/1") for line in firewall.first_lines), firewall.first_lines)
        self.assertNotIn(b"s3cret", firewall.said)

    def test_a_camera_is_watched_through_it(self):
        program.need_model()
        firewall = self.firewall("--login", "digest")
        config = self.folder / "site.yaml"
        url = firewall.url.replace("rtsp://", "rtsp://me:s3cret@")
        config.write_text(f"log: {{level: debug}}\ncameras: {{gate: {{url: '{url}'}}}}\n")
        with OcelliServer(config, self.folder / "serve.log") as server:
            server.wait_until_ready()
            wait_for("frames", lambda: server.camera()["frames"] > 20)
            self.assertEqual(server.camera()["state"], "live")
            self.assertNotIn("s3cret", server.get("api/v1/cameras")[1] + server.get("metrics")[1])
            server.end()
        self.assertNotIn("s3cret", (self.folder / "serve.log").read_text())

    def test_a_tunnel_that_is_asked_for_is_the_only_thing_tried(self):
        program.need_model()
        firewall = self.firewall()
        config = self.folder / "site.yaml"
        config.write_text(f"cameras: {{gate: {{url: '{firewall.url}', transport: http}}}}\n")
        with OcelliServer(config, self.folder / "serve.log") as server:
            server.wait_until_ready()
            wait_for("frames", lambda: server.camera()["frames"] > 2)
        self.assertEqual({line.split()[0] for line in firewall.first_lines}, {"GET", "POST"})


class RtspTlsTest(RtspCase):
    """A camera that signed its own certificate. FFmpeg cannot check one over RTSP: only who accepts that gets in."""

    def setUp(self):
        super().setUp()
        certificate, key = self_signed(self.folder)
        clip = pattern_clip(self.folder / "clip.mp4", seconds=30)
        camera = self.enterContext(self.camera(clip, 0, "--login", "digest", "--tls", certificate, key))
        self.url = camera.said.replace("rtsps://", "rtsps://me:s3cret@")

    def test_it_is_refused_while_certificates_are_checked(self):
        outcome = ocelli("snapshot", self.url, "-o", self.folder / "picture.jpg")
        self.assert_refused(outcome, 3, "certificate of an rtsps:// server cannot be checked", "tls_verify: false")
        self.assertNotIn("s3cret", outcome.err)

    def test_probe_finds_it_usable_without_the_check(self):
        code, out, _ = ocelli("probe", self.url, "--json", "--no-tls-verify")
        report = json.loads(out)
        self.assertEqual((code, report["usable"], report["video"]["codec"]), (0, True, "h264"), report)
        self.assertNotIn("s3cret", out)

    def test_it_is_watched_where_the_check_is_switched_off_for_it(self):
        program.need_model()
        config = self.folder / "site.yaml"
        config.write_text(f"cameras: {{gate: {{url: '{self.url}', tls_verify: false}}}}\n")
        with OcelliServer(config, self.folder / "serve.log") as server:
            server.wait_until_ready()
            wait_for("frames", lambda: server.camera()["frames"] > 5)


class RtspAnalysisTest(RtspCase):
    def setUp(self):
        super().setUp()
        program.need_model()

    def test_analysis_ends_where_it_was_told_to(self):
        out = self.folder / "out"
        with self.camera(pattern_clip(self.folder / "clip.mp4", seconds=30)) as camera:
            outcome = ocelli("analyze", camera.said, "--to", 6, "--fps", 2, "-q", "-o", out)
        self.assertEqual(outcome, (0, "", ""))
        summary = self.assert_complete(out)
        self.assertGreater(summary["frames"]["analysed"], 0)
        self.assertLess(summary["time"]["media_s"], 6.6)


class RtspReconnectTest(RtspCase):
    def setUp(self):
        super().setUp()
        program.need_model()

    def test_a_camera_that_was_away_is_watched_again(self):
        clip = people_clip(self.folder / "walk.mp4", repeat=20)
        config = self.folder / "site.yaml"
        with self.camera(clip) as camera:
            address = camera.said
            config.write_text(f"cameras: {{gate: {{url: '{address}', fps: 2, timeout: 5s}}}}\n")
            server = self.enterContext(OcelliServer(config, self.folder / "serve.log"))
            server.wait_until_ready()
            wait_for("frames", lambda: server.camera()["frames"] > 2)
            wait_for("the camera to be watched", lambda: server.camera()["state"] == "live")
        wait_for("the loss to be seen", lambda: server.camera()["state"] != "live")
        lost = server.camera()
        self.assertNotEqual(lost["reason"], "")
        self.assertEqual(server.get("health/live")[0], 200)

        port = address.rsplit(":", 1)[1].split("/")[0]
        self.enterContext(self.camera(clip, port))
        wait_for("the camera to be back", lambda: server.camera()["state"] == "live")
        wait_for("new frames", lambda: server.camera()["frames"] > lost["frames"] + 2)
        wait_for("new events", lambda: server.camera()["events"] > lost["events"])
        code, seconds = server.end()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 10)


if __name__ == "__main__":
    program.main()
