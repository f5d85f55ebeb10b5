"""Streams with a published answer: each must come out bit by bit, and what cannot be decoded must be named.

Needs the shared test data (OCELLI_SHARED, or the folder beside the checkout); skipped without it.
"""

import hashlib
import subprocess
import tempfile
import unittest

import frames


def samples_of(path):
    """The summary of a file, and the SHA-1 of its samples as I420."""
    with tempfile.NamedTemporaryFile(prefix="ocelli-samples-") as pixels:
        dump = frames.run_frame_dump(path, "--pixels", pixels.name)
        return dump, hashlib.sha1(pixels.read()).hexdigest()


class Case(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        frames.need_shared()

    def assert_sound(self, dump):
        self.assertEqual(dump.failure, "")
        self.assertLess(dump.seconds, frames.MOST_SECONDS)
        self.assertTrue(dump.times_increase())


class ConformanceTest(Case):
    """The H.264 streams whose sums are in YUV_SHA1.txt."""

    def test_every_stream_is_bit_exact(self):
        folder = frames.SHARED / "data/h264"
        sums = [line.split() for line in (folder / "YUV_SHA1.txt").read_text().splitlines() if line]
        self.assertGreaterEqual(len(sums), 14)
        for name, expected in sums:
            with self.subTest(name):
                dump, actual = samples_of(folder / name)
                self.assert_sound(dump)
                self.assertEqual(actual, expected)
                self.assertEqual((dump.summary["corrupt"], dump.summary["damaged"]), (0, 0))
                self.assertIsNone(dump.summary["error"])


class LossTest(Case):
    """H.264 streams out of which a picture was taken."""

    def test_the_errors_are_counted(self):
        for name in ("BA_MW_D_IDR_LOST.264", "BA_MW_D_P_LOST.264"):
            with self.subTest(name):
                dump = frames.run_frame_dump(frames.SHARED / "data/h264" / name)
                self.assert_sound(dump)
                self.assertIsNone(dump.summary["error"])
                self.assertGreaterEqual(dump.summary["frames"], 97)
                self.assertGreater(dump.summary["corrupt"], 0)
                qualities = [frame["quality"] for frame in dump.frames]
                self.assertIn("damaged", qualities)
                self.assertEqual(qualities[-1], "good")  # later key pictures are whole


class CodecTest(Case):
    """One file of every codec."""

    DECODED = {"av1.ivf": 25, "vp9.ivf": 25, "hevc.mp4": 50, "prog_8s.mp4": 240}
    REFUSED = {"vvc.mp4": "no decoder for vvc1", "audio_only_sidx.mp4": "holds no video"}

    def test_every_file_is_expected(self):
        names = {path.name for path in (frames.SHARED / "data/codecs").iterdir()}
        self.assertEqual(names, {*self.DECODED, *self.REFUSED})

    def test_what_can_be_decoded_is_what_ffmpeg_decodes(self):
        for name, count in self.DECODED.items():
            with self.subTest(name):
                path = frames.SHARED / "data/codecs" / name
                dump, actual = samples_of(path)
                self.assert_sound(dump)
                self.assertEqual((dump.summary["frames"], dump.summary["corrupt"]), (count, 0))
                raw = subprocess.run(["ffmpeg", "-v", "quiet", "-nostdin", "-i", path, "-map", "0:v:0", "-vsync",
                                      "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=60).stdout
                self.assertEqual(actual, hashlib.sha1(raw).hexdigest())

    def test_what_cannot_is_refused_by_name(self):
        for name, words in self.REFUSED.items():
            with self.subTest(name):
                dump = frames.run_frame_dump(frames.SHARED / "data/codecs" / name)
                self.assert_sound(dump)
                self.assertEqual(dump.summary["error"]["code"], "unsupported")
                self.assertIn(words, dump.summary["error"]["message"])


if __name__ == "__main__":
    frames.main()
