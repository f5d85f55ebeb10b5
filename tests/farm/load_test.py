#!/usr/bin/env python3
"""ocelli's streams (stream_load) against camera_farm: many at once, and through faults.

usage: load_test.py HoldTest|ChaosTest|UdpChaosTest     short forms, as the tests run them
       OCELLI_SOAK=1 load_test.py …     200 streams for 10 minutes; 64 streams through 30 minutes of faults, over TCP or UDP
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from farm_process import Farm

LOAD = os.environ.get("STREAM_LOAD_BINARY", Path(__file__).resolve().parents[2] / "build/dev/bin/stream_load")
SOAK = os.environ.get("OCELLI_SOAK") == "1"
KEY_INTERVAL_S = 2
LOOP_S = 10
FPS = 25
STALL_S = 3 * KEY_INTERVAL_S
RECOVERY_S = 5 if SOAK else 7  # the short form runs on machines that do other things as well
NOTICED_MS = 5 if SOAK else 30  # delays below are not told apart


def run_load(farm, seconds, *options):
    """The lines that stream_load prints for all cameras of the farm."""
    urls = [camera["url"] for camera in farm.ready["cameras"]]
    command = [LOAD, "--seconds", seconds, "--stall-after", STALL_S, *options, *urls]
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def of_kind(lines, event):
    return [line for line in lines if line["event"] == event]


def show(**figures):
    for name, value in figures.items():
        print(f"  {name.replace('_', ' '):34} {value}", file=sys.stderr)


class HoldTest(unittest.TestCase):
    """Many cameras by their key frames: none may stall."""

    def test_no_stream_stalls(self):
        cameras = ("20x1920x1080@25:4M,60x1280x720@25:2M,120x640x360@25:800k" if SOAK else
                   "2x1280x720@25:2M,14x640x360@25:800k")
        seconds = 600 if SOAK else 20
        with Farm("--cameras", cameras, "--ports", "shared", "--key-interval", KEY_INTERVAL_S, "--loop", LOOP_S) as farm:
            lines = run_load(farm, seconds, "--level", "key")
            late = [second["late_ms"]["max"] for second in farm.of_kind("second")]
            _, end = farm.end()
        summary = of_kind(lines, "summary")[0]
        # Pauses that the sender made by being late itself are not ours.
        sender_late_s = max(late) / 1000
        stalls = [stall for stall in summary["stalls"] if stall["duration_s"] - sender_late_s > STALL_S]
        settled = of_kind(lines, "second")[len(of_kind(lines, "second")) // 4:]
        show(streams=summary["streams"], seconds=f"{summary['elapsed_s']:.0f}", stalls=len(stalls),
             core=f"{statistics.mean(line['core'] for line in settled):.2f} (sender: {end['cpu_cores']:.2f})",
             memory_per_stream=f"{summary['memory_mb_per_stream']:.1f} MB",
             packet_to_frame=f"p50 {summary['delay_ms']['p50']:.1f} ms, p99 {summary['delay_ms']['p99']:.1f} ms",
             sender_late=f"p99 {end['late_ms']['p99']:.1f} ms, max {max(late):.1f} ms",
             threads=summary["threads"], interruptions=summary["interruptions"])
        self.assertEqual(stalls, [])
        self.assertEqual(summary["states"], {"live": summary["streams"]})
        self.assertLessEqual(summary["threads"], summary["streams"] + os.cpu_count() + 1)


class ChaosTest(unittest.TestCase):
    """Cameras with seeded faults beside cameras without: who is hurt returns, nobody else notices."""

    TRANSPORT = "tcp"
    SOAK_FAULTS = "7:1800:0.5"
    # The short form: each of these on a camera of its own, with this percentage, and as many cameras without.
    FAULTS = (("loss", 10), ("stall", 0), ("half_open", 0), ("restart", 0), ("reboot", 0), ("sdp", 0), ("resolution", 0),
              ("garbage", 10), ("no_key", 0), ("ts_wall", 0))
    WARM_S = 120 if SOAK else 10  # before the first: until every pool of pictures is as large as it gets
    QUIET_S = 15  # after the last

    def setUp(self):
        self.cameras, self.fault_s = (64, 1800) if SOAK else (2 * len(self.FAULTS), 22 + len(self.FAULTS))

    def farm(self, *options):
        return Farm("--cameras", f"{self.cameras}x640x360@{FPS}:800k", "--ports", "each", "--loop", LOOP_S,
                    "--key-interval", KEY_INTERVAL_S, *options)

    def faults(self):
        """The options that make the faults."""
        if SOAK:
            return "--faults", self.SOAK_FAULTS, "--fault-delay", self.WARM_S
        plan = Path(self.enterContext(tempfile.TemporaryDirectory())) / "faults.jsonl"
        plan.write_text("".join(json.dumps({"camera": camera, "kind": kind, "begin_s": 12 + camera,
                                            "end_s": 24 + camera, "percent": percent}) + "\n"
                                for camera, (kind, percent) in enumerate(self.FAULTS)))
        return "--fault-file", plan

    def load(self, farm, seconds):
        return run_load(farm, seconds, "--level", "every", "--pictures", LOOP_S * FPS, "--transport", self.TRANSPORT)

    def recoveries(self, farm, lines):
        """Seconds from the end of each fault to the next picture, by kind; overlapping faults of a camera count as one."""
        gaps = of_kind(lines, "gap")
        ends = farm.of_kind("fault_end")
        begins = farm.of_kind("fault_begin")
        found = {}
        for end in ends:
            over_ns = end["wall_ns"]
            again = [begin for begin in begins if begin["camera"] == end["camera"]
                     and over_ns - 1e9 < begin["wall_ns"] < over_ns + RECOVERY_S * 1e9 and begin["fault"] != end["fault"]]
            if again:
                continue
            hit = [gap for gap in gaps if gap["stream"] == end["camera"]
                   and gap["begin_ns"] < over_ns + 0.5e9 and gap["end_ns"] > over_ns]
            recovery_s = max(((gap["end_ns"] - over_ns) / 1e9 for gap in hit), default=0)
            found.setdefault(end["kind"], []).append((recovery_s, end["camera"]))
        return found

    def check_faulty(self, streams):
        """What else is true of the cameras with faults; the farm lists them first."""

    def test_whoever_is_hurt_returns_and_nobody_else_notices(self):
        with self.farm() as farm:
            calm = of_kind(self.load(farm, 120 if SOAK else 15), "summary")[0]
        seconds = self.WARM_S + self.fault_s + self.QUIET_S
        with self.farm(*self.faults()) as farm:
            faulty = {camera["camera"] for camera in farm.ready["cameras"] if camera["faulty"]}
            lines = self.load(farm, seconds)
            recoveries = self.recoveries(farm, lines)
            dropped = farm.end()[1]["dropped_pictures"]
        summary = of_kind(lines, "summary")[0]
        ticks = of_kind(lines, "second")
        before = statistics.median(tick["memory_mb"] for tick in ticks[self.WARM_S - 5:self.WARM_S])
        after = statistics.median(tick["memory_mb"] for tick in ticks[-5:])
        self.check_faulty(summary["by_stream"])
        untouched = [stream for i, stream in enumerate(summary["by_stream"]) if i not in faulty]
        calm_p99 = statistics.median(stream["p99_ms"] for stream in calm["by_stream"])
        untouched_p99 = statistics.median(stream["p99_ms"] for stream in untouched)
        show(streams=f"{self.cameras}, {len(faulty)} with faults", **{
            kind: f"{len(times)} faults, back after {max(times)[0]:.1f} s at most (stream {max(times)[1]})"
            for kind, times in sorted(recoveries.items())},
            untouched=f"{sum(stream['pictures'] for stream in untouched)} pictures, "
                      f"{sum(stream['lost'] for stream in untouched)} lost",
            p99_delay=f"{untouched_p99:.1f} ms, {calm_p99:.1f} ms without faults",
            memory=f"{before:.1f} MB before, {after:.1f} MB after; every 5 minutes: "
                   + " ".join(f"{tick['memory_mb']:.1f}" for tick in ticks[self.WARM_S::300]),
            threads=f"{ticks[self.WARM_S - 2]['threads']} before, {ticks[-1]['threads']} after",
            descriptors=f"{ticks[self.WARM_S - 2]['descriptors']} before, {ticks[-1]['descriptors']} after", sender_dropped=dropped)
        self.assertGreaterEqual(len(recoveries), 5, "too few kinds of faults to tell anything")
        for kind, times in recoveries.items():
            self.assertLessEqual(max(times)[0], RECOVERY_S, kind)
        self.assertEqual([stream["lost"] for stream in untouched], [0] * len(untouched))
        self.assertLessEqual(untouched_p99, 2 * max(calm_p99, NOTICED_MS))
        self.assertEqual(summary["states"], {"live": self.cameras})
        self.assertEqual([stream["placeholders"] for stream in untouched], [0] * len(untouched))
        self.assertEqual(ticks[-1]["threads"], ticks[self.WARM_S - 2]["threads"])
        self.assertEqual(ticks[-1]["descriptors"], ticks[self.WARM_S - 2]["descriptors"])
        self.assertLessEqual(abs(after - before), 0.03 * before if SOAK else 0.25 * before)


class UdpChaosTest(ChaosTest):
    """The same over UDP, where what is lost stays lost."""

    TRANSPORT = "udp"
    SOAK_FAULTS = "8:1800:0.5"
    FAULTS = (("loss", 1), ("loss", 5), ("loss", 20), ("reorder", 5), ("reorder", 20), ("stall", 0), ("half_open", 0),
              ("restart", 0), ("reboot", 0), ("no_key", 0))
    LEAST_REPLACED, MOST_REPLACED = 0.7, 1.1  # of the pictures that did not come through whole

    def check_faulty(self, streams):
        if SOAK:  # several kinds on each camera, in turns
            return
        for (kind, percent), stream in zip(self.FAULTS, streams):
            with self.subTest(kind, percent=percent):
                if kind in ("loss", "reorder"):
                    self.assertEqual(stream["interruptions"], 0, "it stays live")
                if kind == "reorder":
                    self.assertEqual((stream["lost"], stream["placeholders"]), (0, 0), "all is put in order again")
                if kind == "no_key":
                    self.assertEqual(stream["lost"], 0, "nothing that builds on what never came is taken for whole")
                if kind in ("loss", "no_key"):
                    self.assertGreater(stream["placeholders"], 0)
                    self.assertGreater(stream["left_out"], 0)
                if kind == "loss" and stream["lost"] > 100:
                    self.assertGreater(stream["replaced"], self.LEAST_REPLACED * stream["lost"])
                    self.assertLess(stream["replaced"], self.MOST_REPLACED * stream["lost"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
