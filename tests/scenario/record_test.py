#!/usr/bin/env python3
"""Clips of events, as `ocelli serve` records them from a real RTSP camera: what is in them, and what a kill leaves."""

import json
import re
import shutil
import signal
import subprocess

import program
from program import OcelliServer, ocelli, people_clip, wait_for
from rtsp_test import RtspCase

RATE, GROUP = 10, 10  # of people_clip: pictures a second, pictures from key frame to key frame
BEFORE_S, AFTER_S, LONGEST_S = 2, 2, 6
NAME = re.compile(r"gate-\d{8}T\d{9}Z-(\d+)\.mp4")


def picture_sums(path):
    """What each picture decodes to. Fails when anything in the file is not in order."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-xerror", "-threads", "1", "-i", path, "-map", "0:v", "-f", "framemd5", "-"],
                          capture_output=True, text=True, timeout=program.PATIENCE_S, check=True)
    assert done.stderr == "", done.stderr
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def ffprobe(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_packets", path],
                          capture_output=True, text=True, timeout=program.PATIENCE_S, check=True)
    return json.loads(done.stdout)


class RecordTest(RtspCase):
    def setUp(self):
        super().setUp()
        program.need_model()
        if not shutil.which("ffprobe"):
            self.skipTest("ffprobe is not here: scripts/setup --tests")
        self.walk = people_clip(self.folder / "walk.mp4", seconds=45)
        self.clips = self.folder / "clips"

    def serve(self, camera):
        config = self.folder / "site.yaml"
        config.write_text(f"""
cameras:
  gate:
    url: '{camera.said}'
    fps: 2
    record: {{folder: {self.clips}, before: {BEFORE_S}s, after: {AFTER_S}s, longest: {LONGEST_S}s, events: [track_began]}}
""")
        server = self.enterContext(OcelliServer(config, self.folder / "serve.log"))
        server.wait_until_ready()
        return server

    def finished(self):
        return sorted(path for path in self.clips.glob("*") if path.suffix != ".part")

    def parts(self):
        return list(self.clips.glob("*.part"))

    def assert_whole(self, path, pictures):
        """A clip of consecutive pictures of the camera, from a key frame on; returns the first and last one's number."""
        self.assertRegex(path.name, NAME)
        probed = ffprobe(path)
        self.assertEqual([stream["codec_name"] for stream in probed["streams"]], ["h264"])
        self.assertIn("K", probed["packets"][0]["flags"])
        self.assertEqual(float(probed["packets"][0]["pts_time"]), 0)
        sums = picture_sums(path)
        self.assertEqual(len(sums), len(probed["packets"]))
        first = pictures.index(sums[0])
        self.assertEqual(first % GROUP, 0)
        self.assertEqual(sums, pictures[first:first + len(sums)])
        self.assertLessEqual(len(sums), (LONGEST_S + 1) * RATE + 1)
        return first, first + len(sums) - 1

    def test_clips_hold_what_was_before_and_after_an_event(self):
        pictures = picture_sums(self.walk)
        self.assertEqual(len(set(pictures)), len(pictures))
        with self.camera(self.walk) as camera:
            server = self.serve(camera)
            wait_for("three clips", lambda: len(self.finished()) >= 3)
            events = {event["id"].rsplit("/", 1)[1]: event["data"]["media_time_s"]
                      for event in server.json("api/v1/events?limit=1000")["events"]}
            self.check_why_names_the_clip(server)
            code, seconds = server.end()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 10)
        self.assertEqual(self.parts(), [])  # the clip under way has got its name
        known = [clip for clip in self.finished() if NAME.fullmatch(clip.name).group(1) in events]
        self.assertGreaterEqual(len(known), 3)
        covered = 0
        for clip in self.finished():
            first, last = self.assert_whole(clip, pictures)
            time = events.get(NAME.fullmatch(clip.name).group(1))
            if time is None:
                continue  # came after the question
            begin = max(0, round((time - BEFORE_S) * RATE))
            self.assertEqual(first, begin - begin % GROUP, f"{clip.name}: event at {time} s")
            if clip != self.finished()[-1]:  # the server's end cuts the last one short
                self.assertGreaterEqual(last, round((time + AFTER_S) * RATE) - 1)
                covered += 1
        self.assertGreaterEqual(covered, 2)

    def check_why_names_the_clip(self, server):
        """Once it is complete, and until it is removed."""
        clip = self.finished()[0]
        event = f"gate/{NAME.fullmatch(clip.name).group(1)}"
        named = lambda: server.get(f"api/v1/why?event={event}")
        wait_for("the event to be stored", lambda: named()[0] == 200)
        self.assertEqual(json.loads(named()[1])["media"], [str(clip)])
        told = ocelli("why", event, "--store", self.folder / "events.db")
        self.assertEqual((told.code, told.out.splitlines()[1:]), (0, [f"  {clip}"]), told)
        aside = clip.rename(clip.with_suffix(".aside"))
        self.assertEqual(json.loads(named()[1])["media"], [])
        aside.rename(clip)

    def test_a_kill_leaves_no_half_clip_under_a_final_name(self):
        pictures = picture_sums(self.walk)
        with self.camera(self.walk) as camera:
            server = self.serve(camera)
            wait_for("a clip, and another one under way", lambda: self.finished() and self.parts())
            code, _ = server.end(signal.SIGKILL)
        self.assertEqual(code, -signal.SIGKILL)
        self.assertGreaterEqual(len(self.finished()), 1)
        for clip in self.finished():
            self.assert_whole(clip, pictures)
        before = {clip: clip.read_bytes() for clip in self.finished()}
        with self.camera(self.walk) as camera:  # who comes next goes on beside what is there
            server = self.serve(camera)
            wait_for("a new clip", lambda: len(self.finished()) > len(before))
            self.assertEqual(server.end()[0], 0)
        for clip, content in before.items():
            self.assertEqual(clip.read_bytes(), content)


if __name__ == "__main__":
    program.main()
