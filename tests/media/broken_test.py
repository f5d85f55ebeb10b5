"""Broken files: no crash, no hang, times that only increase, and at least the pictures that ffmpeg gets out of them.

    broken_test.py OwnCorpusTest       files of broken_files.py, out of the demo clip (a test picture without it)
    broken_test.py SharedCorpusTest    files of ../shared/data/broken/make_broken.sh, out of one clip
    OCELLI_BROKEN=all broken_test.py   both, out of three clips each: minutes; the tables of docs/robustness.md

A picture counts when the number in it can be read, once; so neither a grey picture nor a repeated one counts.
"""

import concurrent.futures
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import broken_files
import frames

DEMO_CLIP = frames.ROOT / ".deps/clip/vtest.avi"
# H.264 with B-frames, MPEG-4 in AVI, H.264 with 720 lines.
SHARED_CLIPS = ("bikes.mp4", "highway-overlay.avi", "bigbuckbunny.mp4")
ALL = os.environ.get("OCELLI_BROKEN") == "all"


class Finding:
    """What both programs got out of one file, and what is wrong with what we got."""

    def __init__(self, path):
        self.name = path.name
        dump = frames.read_dump(path)
        theirs = {number for number in frames.read_with_ffmpeg(path) if number is not None}
        self.ours, self.theirs = len(dump.recovered()), len(theirs)
        self.frames = len(dump.frames)
        self.damaged = int(dump.summary.get("damaged", 0))
        self.error = (dump.summary.get("error") or {}).get("message", "").replace(str(path), "it")
        self.faults = [fault for fault, found in {
            dump.failure: dump.failure,
            f"took {dump.seconds:.1f} s": dump.seconds > frames.MOST_SECONDS,
            "times do not increase": not dump.times_increase(),
            "fewer pictures than ffmpeg": self.ours < self.theirs,
        }.items() if found]

    def verdict(self):
        if self.faults:
            return "; ".join(self.faults)
        return "more" if self.ours > self.theirs else "same"


def examine(paths):
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as workers:
        return list(workers.map(Finding, paths))


def print_table(title, findings):
    print(f"\n{title}: {len(findings)} files\n")
    print("| file | ocelli | ffmpeg | frames (damaged) | verdict |\n|-|-:|-:|-:|-|")
    for finding in findings:
        print(f"| {finding.name} | {finding.ours} | {finding.theirs} | {finding.frames} ({finding.damaged}) | "
              f"{finding.verdict()} |")
    totals = [sum(getattr(finding, what) for finding in findings) for what in ("ours", "theirs")]
    print(f"| together | {totals[0]} | {totals[1]} | | |", flush=True)


class CorpusTest(unittest.TestCase):

    def setUp(self):
        if not shutil.which("ffmpeg"):
            self.skipTest("ffmpeg is not here: scripts/setup --tests")
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="ocelli-broken-")))

    def judge(self, title, paths, least):
        findings = examine(paths)
        print_table(title, findings)
        self.assertGreaterEqual(len(findings), least)
        self.assertGreater(sum(finding.theirs for finding in findings), 0, "ffmpeg reads no number: is the reader broken?")
        self.assertEqual([f"{finding.name}: {finding.verdict()}" for finding in findings if finding.faults], [])


class OwnCorpusTest(CorpusTest):

    def clips(self):
        if ALL and (frames.SHARED / "data").is_dir():
            return [frames.SHARED / "data/video" / name for name in SHARED_CLIPS]
        if DEMO_CLIP.exists():
            return [DEMO_CLIP]
        pattern = self.folder / "pattern.mp4"
        broken_files.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=4", pattern)
        return [pattern]

    def test_as_much_as_ffmpeg_comes_out(self):
        for clip in self.clips():
            with self.subTest(clip.name):
                paths = broken_files.make(clip, self.folder / clip.stem)
                self.judge(f"Own kinds, {clip.name}", paths, least=len(broken_files.recipes()))


class SharedCorpusTest(CorpusTest):

    def test_as_much_as_ffmpeg_comes_out(self):
        frames.need_shared()
        for name in SHARED_CLIPS if ALL else SHARED_CLIPS[:1]:
            with self.subTest(name):
                self.judge(f"make_broken.sh, {name}", self.make(name), least=79)

    def make(self, name):
        data, folder = frames.SHARED / "data", self.folder / Path(name).stem
        # It ends by counting the frames of each file with ffprobe, half of its time and of no use here.
        (self.folder / "bin").mkdir(exist_ok=True)
        (self.folder / "bin/ffprobe").unlink(missing_ok=True)
        (self.folder / "bin/ffprobe").symlink_to(shutil.which("true"))
        subprocess.run(["bash", data / "broken/make_broken.sh", data / "video" / name, folder], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=600,
                       env={**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"})
        return sorted(path for path in folder.iterdir() if path.name.startswith(("good_", "odd_", "bad_")))


if __name__ == "__main__":
    frames.main()
