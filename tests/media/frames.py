"""What the media tests share: the frames that frame_dump and ffmpeg make of a file, and the number in each picture.

Every picture of a clip made by number_pictures() carries its number in ten cells of 16x16 in its top left corner, the
lowest bit first; a cell is white when its bit is set. The cells of ../shared/data/broken/make_broken.sh are the same.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass, field
from pathlib import Path

FRAME_DUMP = os.environ["OCELLI_FRAME_DUMP"]
ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("OCELLI_SHARED") or ROOT.parent / "shared")
SKIPPED = 77
MOST_SECONDS = 5  # of a core, for any file
PATIENCE_S = 60  # of the clock
PICTURES = 200  # of make_broken.sh; a number beyond is no number
WIDTH, HEIGHT = 640, 360
CELLS = 10
CELL_SIDE = 16
CELL_LEFT = CELL_TOP = 8


@dataclass
class Dump:
    """All that came out of a file."""
    frames: list = field(default_factory=list)  # one dict each, as frame_dump prints them
    summary: dict = field(default_factory=dict)
    numbers: list = field(default_factory=list)  # of the pictures; None where it cannot be read
    seconds: float = 0
    failure: str = ""  # how the program itself failed: crash, hang

    def recovered(self):
        return {number for number in self.numbers if number is not None}

    def times_increase(self):
        times = [frame["time_ns"] for frame in self.frames]
        return all(earlier < later for earlier, later in zip(times, times[1:]))


def cpu_seconds_of_children():
    """Time that a busy machine spends on others does not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_frame_dump(path, *options):
    """frame_dump's report on `path`, without the pixels."""
    began = cpu_seconds_of_children()
    try:
        done = subprocess.run([FRAME_DUMP, *options, str(path)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return Dump(failure=f"no end after {PATIENCE_S} s", seconds=cpu_seconds_of_children() - began)
    seconds = cpu_seconds_of_children() - began
    if done.returncode != 0:
        return Dump(failure=f"exit code {done.returncode}: {done.stderr.strip()[-300:]}", seconds=seconds)
    *frames, summary = (json.loads(line) for line in done.stdout.splitlines())
    return Dump(frames, summary, seconds=seconds)


def read_dump(path):
    """What frame_dump makes of `path`, with the numbers of the pictures."""
    with tempfile.NamedTemporaryFile(prefix="ocelli-luma-") as pixels:
        dump = run_frame_dump(path, "--luma", "--pixels", pixels.name)
        for frame in dump.frames:
            pixel_bytes = 3 if frame["format"] == "bgr24" else 1
            plane = pixels.read(frame["width"] * frame["height"] * pixel_bytes)
            dump.numbers.append(read_number(plane[::pixel_bytes], frame["width"], frame["height"]))
    return dump


def read_with_ffmpeg(path):
    """Numbers of the pictures that the ffmpeg command gets out of `path`."""
    width, height = 176, 32
    picture_bytes = width * height * 3 // 2
    command = ["ffmpeg", "-nostdin", "-v", "quiet", "-threads", "1", "-noautorotate", "-err_detect", "ignore_err",
               "-i", str(path), "-map", "0:v:0", "-vsync", "passthrough", "-vf",
               f"scale={WIDTH}:{HEIGHT},crop={width}:{height}:0:0,format=yuv420p", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120, check=False).stdout
    return [read_number(raw[at:at + width * height], width, height, scaled_from=(WIDTH, HEIGHT))
            for at in range(0, len(raw) - picture_bytes + 1, picture_bytes)]


def read_number(plane, width, height, scaled_from=None):
    """The number in a picture, or None. `scaled_from`: the whole picture's size where `plane` is its top left corner."""
    whole_width, whole_height = scaled_from or (width, height)
    number = 0
    top, bottom = ((CELL_TOP + y) * whole_height // HEIGHT for y in (4, 12))
    if whole_width < 80 or whole_height < 45:  # a cell would have no pixels
        return None
    for cell in range(CELLS):
        left, right = ((CELL_LEFT + cell * CELL_SIDE + x) * whole_width // WIDTH for x in (4, 12))
        total = sum(sum(plane[row * width + left:row * width + right]) for row in range(top, bottom))
        mean = total / ((right - left) * (bottom - top))
        if abs(mean - 128) <= 40:
            return None
        number |= (mean > 128) << cell
    return number if number < PICTURES else None


def need_shared():
    if not (SHARED / "data").is_dir():
        raise unittest.SkipTest("the shared test data is not here: set OCELLI_SHARED")


def main():
    """Like unittest.main(), but its exit code tells when a test was skipped."""
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.skipped else 0)
