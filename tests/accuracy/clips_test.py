#!/usr/bin/env python3
"""From pixels to events on real clips, against what people saw in them.

    clips_test.py --program OCELLI --shared FOLDER

Hand labels (SHARED/data/video/labels.json): every car crosses the line once, in its direction and while it is in sight; every
visit is one entry and one leaving, at its time; in still scenes nobody loiters or gathers, and where nothing but leaves moves
nobody is seen at all (among the bottles hands come and go, which the model takes for people). And vtest.avi, whose truth is MOT15's
PETS09-S2L1: over nine vertical lines the counts are off by a tenth of the true crossings at most.

Needs, and skips visibly (exit code 77) without, those clips and the pulled model yolov8n.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import environment

VTEST_LINES = range(1, 10)  # tenths of the picture's width
VTEST_SIZE = (768, 576)
MOST_OFF = 0.1
HYSTERESIS = 0.01  # of the picture's height: ocelli's default
READ_S = 1.5  # the labels are read to a second, and an entry counts half a second after it
KEEP_LOST_S = 2  # whoever is out of sight is out of the zone after this long: the tracker's default

SITE = """cameras:
  cars:
    url: clip
    lines: {middle: {from: [0, 0.5], to: [1, 0.5]}}
  visits:
    url: clip
    classes: [person]
    zones: {room: {points: [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]}}
  still:
    url: clip
    classes: [person]
    zones: {all: {points: [[0, 0], [1, 0], [1, 1], [0, 1]], dwell: 5s, occupancy: 3}}
  vtest:
    url: clip
    classes: [person]
    lines:
""" + "".join(f"      at_{tenth}: {{from: [0.{tenth}, 0], to: [0.{tenth}, 1]}}\n" for tenth in VTEST_LINES)


class Program:
    def __init__(self, path, videos, folder):
        self.path, self.videos, self.folder = path, videos, folder
        (folder / "site.yaml").write_text(SITE)

    def events(self, clip, camera):
        """What happened in a clip, in the order of time."""
        output = self.folder / clip
        subprocess.run([self.path, "analyze", self.videos / clip, "-c", self.folder / "site.yaml", "--camera", camera,
                        "-o", output, "--format", "jsonl", "-q"], check=True)
        return [json.loads(line)["data"] for line in (output / "events.jsonl").read_text().splitlines()]


def check(name, right, said):
    print(f"{'ok    ' if right else 'FAILED'}  {name}: {said}", flush=True)
    return right


def check_cars(program, label):
    # Walking along the line from left to right, its right-hand side lies below: down is forward.
    seen = [(event["media_time_s"], "down" if event["direction"] == "forward" else "up")
            for event in program.events("car-detection.mp4", "cars") if event["event"] == "line_crossed"]
    wanted = [(car["seen"], car["direction"]) for car in label["cars"]]
    right = len(seen) == len(wanted)
    for (begin, end), direction in wanted:
        right &= any(begin - 0.5 <= time <= end + 0.5 and way == direction for time, way in seen)
    return check("four cars", right, seen)


def check_visits(program, label):
    events = program.events("one-by-one-person-detection.mp4", "visits")
    entered = [event["media_time_s"] for event in events if event["event"] == "zone_entered"]
    left = [event["media_time_s"] for event in events if event["event"] == "zone_left"]
    visits = label["visits"]
    right = len(entered) == len(left) == len(visits)
    right = right and all(visit["in"] - READ_S <= time <= visit["in"] + 2 * READ_S for visit, time in zip(visits, entered))
    right = right and all(visit["out"] - READ_S <= time <= visit["out"] + READ_S + KEEP_LOST_S
                          for visit, time in zip(visits, left))
    return check("six visits", right, list(zip(entered, left)))


def check_silence(program, clip, but_for=()):
    events = [event["event"] for event in program.events(clip, "still")]
    return check(f"silence in {clip}", not set(events) - set(but_for), dict(Counter(events)))


def true_crossings(truth_file):
    """Per line and direction, of the true boxes' bottom centres, beyond the hysteresis."""
    width, height = VTEST_SIZE
    walks = defaultdict(dict)
    for line in truth_file.read_text().splitlines():
        frame, identity, left, _top, box_width, _box_height, counts = map(float, line.split(",")[:7])
        if counts:
            walks[identity][frame] = left + box_width / 2
    crossings = Counter()
    for walk in walks.values():
        for tenth in VTEST_LINES:
            side = None
            for frame in sorted(walk):
                distance = walk[frame] - width * tenth / 10
                if abs(distance) <= HYSTERESIS * height:
                    continue
                if side is not None and side != (distance > 0):
                    # Walking down, the right-hand side lies on the left of the picture.
                    crossings[f"at_{tenth}", "backward" if distance > 0 else "forward"] += 1
                side = distance > 0
    return crossings


def check_lines(program, truth_file):
    wanted = true_crossings(truth_file)
    seen = Counter((event["rule"], event["direction"])
                   for event in program.events("vtest.avi", "vtest") if event["event"] == "line_crossed")
    off = sum(abs(wanted[key] - seen[key]) for key in wanted | seen)
    total = sum(wanted.values())
    return check("nine lines on vtest.avi", off <= MOST_OFF * total,
                 f"{off} of {total} crossings wrong ({100 * off / total:.1f} %)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--shared", required=True, type=Path)
    options = parser.parse_args()
    videos = options.shared / "data/video"
    truth_file = options.shared / "data/mot/mot15/PETS09-S2L1/gt/gt.txt"
    for needed in (videos / "labels.json", truth_file):
        if not needed.exists():
            environment.skip(f"{needed} is not there")
    if subprocess.run([options.program, "models", "verify", "yolov8n"], capture_output=True, check=False).returncode != 0:
        environment.skip("the model is not here: ocelli models pull yolov8n")
    labels = json.loads((videos / "labels.json").read_text())
    with tempfile.TemporaryDirectory(prefix="ocelli-") as folder:
        program = Program(options.program, videos, Path(folder))
        right = [check_cars(program, labels["car-detection.mp4"]),
                 check_visits(program, labels["one-by-one-person-detection.mp4"]),
                 check_silence(program, "bottle-detection.mp4",
                               but_for=("track_began", "track_ended", "zone_entered", "zone_left")),
                 check_silence(program, "tree-cinepak.avi"),
                 check_lines(program, truth_file)]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
