#!/usr/bin/env python3
"""ocelli on an RTSP camera: a real server on this machine."""

import functools
import subprocess
from pathlib import Path

import program
from program import Case, OcelliServer, Server, ocelli, pattern_clip, people_clip, wait_for

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

    def camera(self, clip, port=0):
        return Server([PYTHON, str(SERVER), str(clip), str(port)], r"(rtsp://\S+)$", self.folder / "rtsp.log")


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
