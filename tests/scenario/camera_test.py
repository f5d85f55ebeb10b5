#!/usr/bin/env python3
"""ocelli on a camera of this machine: played ones, through FFmpeg's own V4L2 code (tests/media/fake_camera.cc)."""

import json
import os

import program
from program import Case, OcelliServer, ocelli, wait_for

FAKE = {"LD_PRELOAD": os.environ["FAKE_CAMERA"]}


def camera(number):
    return f"/dev/video90{number}"


class CameraCase(Case):
    def setUp(self):
        super().setUp()
        report = json.loads(ocelli("probe", camera(0), "--json", "--timeout", 5, env=FAKE).out)
        if "apt install libavdevice" in report["steps"][-1]["detail"]:
            self.skipTest(report["steps"][-1]["detail"])


class CameraProbeTest(CameraCase):
    def expect(self, path, step, failure, *words, env=FAKE):
        outcome = ocelli("probe", path, "--json", "--timeout", 1, env=env)
        self.assertEqual(outcome.code, 3, outcome)
        report = json.loads(outcome.out)
        self.assertEqual((report["steps"][-1]["step"], report["failure"], report["usable"]), (step, failure, False), report)
        text = ocelli("probe", path, "--timeout", 1, env=env).out
        for word in (f"FAIL {step}", report["remedy"], *words):
            self.assertIn(word, text)

    def test_a_camera_that_is_fine(self):
        outcome = ocelli("probe", camera(0), "--json", "--timeout", 5, env=FAKE)
        report = json.loads(outcome.out)
        self.assertEqual((outcome.code, report["failure"], report["usable"]), (0, None, True), report)
        video = report["video"]
        self.assertEqual((video["codec"], video["width"], video["height"], video["live"]), ("mjpeg", 320, 240, True))
        self.assertEqual([step["step"] for step in report["steps"]],
                         ["address", "device", "dialogue", "video", "codec", "key_frame", "timestamps"])

    def test_a_camera_without_motion_jpeg(self):
        report = json.loads(ocelli("probe", camera(1), "--json", "--timeout", 5, env=FAKE).out)
        self.assertEqual((report["usable"], report["video"]["codec"]), (True, "rawvideo"), report)

    def test_a_camera_that_is_not_there(self):
        self.expect("/dev/video7654", "device", "no_device", "no such camera", "plug the camera in")

    def test_a_camera_of_somebody_else(self):
        self.expect(camera(5), "device", "no_permission", "permission denied", "group video")

    def test_a_camera_that_is_busy(self):
        self.expect(camera(6), "device", "busy", "another program")

    def test_nodes_that_give_no_pictures(self):
        self.expect(camera(7), "device", "no_camera", "not a capture device")
        self.expect(camera(8), "device", "no_camera", "no V4L2 device")

    def test_a_library_that_is_not_installed(self):
        self.expect(camera(0), "device", "other", "apt install libavdevice", env={**FAKE, "FAKE_CAMERA_WITHOUT_LIBRARY": "1"})


class CameraWatchTest(CameraCase):
    def test_snapshot(self):
        for number in (0, 1):
            picture = self.folder / f"{number}.jpg"
            self.assertEqual(ocelli("snapshot", camera(number), "-o", picture, env=FAKE), (0, f"{picture}: 320x240\n", ""))

    def test_a_camera_that_is_unplugged_is_watched_again(self):
        program.need_model()
        config = self.folder / "site.yaml"
        config.write_text(f"cameras: {{desk: {{url: {camera(3)}, picture_rate: 10}}}}\n")
        server = self.enterContext(OcelliServer(config, self.folder / "serve.log", FAKE))
        wait_for("the camera", lambda: server.json("api/v1/cameras")["cameras"])
        wait_for("pictures of three connections", lambda: server.camera()["frames"] > 10)
        wait_for("the reason", lambda: "unplugged" in server.camera()["reason"])
        code, seconds = server.end()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 10)


if __name__ == "__main__":
    program.main()
