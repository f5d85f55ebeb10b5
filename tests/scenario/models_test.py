#!/usr/bin/env python3
"""Making a model faster: int8 weights from clips, by the real packages in a throwaway environment."""

import json
import os
import shutil
import unittest
from pathlib import Path

import program
from program import DEMO_CLIP, Case, need_demo_clip, need_model, ocelli, people_clip

PATIENCE_S = 150  # packages may have to be downloaded


class StoreCase(Case):
    """A test with a model store of its own that holds yolov8n."""

    def setUp(self):
        super().setUp()
        need_model()
        need_demo_clip()
        verified = ocelli("models", "verify", "yolov8n").out.splitlines()[0]
        weights = Path(verified.split(": intact, ")[1])
        self.store = self.folder / "store"
        self.store.mkdir()
        os.link(weights, self.store / weights.name) if same_disk(weights, self.store) else shutil.copy(weights, self.store)
        self.env = {"OCELLI_MODEL_STORE": str(self.store)}

    def quantize(self, *clips, frames=4):
        done = ocelli("models", "quantize", "yolov8n", "--on", *clips, "--frames", frames, env=self.env,
                      timeout=PATIENCE_S)
        if "package index cannot be reached" in done.err:
            raise unittest.SkipTest("pip cannot reach its packages")
        return done


def same_disk(a, b):
    return a.stat().st_dev == b.stat().st_dev


class QuantizeTest(StoreCase):
    def test_makes_weights_that_find_what_the_published_ones_find(self):
        clip = people_clip(self.folder / "people.mp4", seconds=1)
        refused = ocelli("analyze", clip, "--precision", "int8", "-o", self.folder / "none", env=self.env)
        self.assert_refused(refused, 4, "ocelli models quantize yolov8n")

        made = self.quantize(DEMO_CLIP)
        self.assertEqual(made.code, 0, made)
        self.assertEqual(list(self.store.glob("**/python-*")), [])
        self.assertRegex(ocelli("models", "list", env=self.env).out, r"yolov8n +present +fp32, int8 ")
        self.assertRegex(ocelli("doctor", env=self.env).out, r"ok +model yolov8n int8 ")

        tracks = {}
        for precision in ("fp32", "int8"):
            out = self.folder / precision
            done = ocelli("analyze", clip, "--precision", precision, "-o", out, env=self.env)
            self.assertEqual(done.code, 0, done)
            self.assertEqual(json.loads((out / "summary.json").read_text())["model"]["precision"], precision)
            tracks[precision] = len(program.read_tracks(out))
        self.assertGreater(tracks["fp32"], 0)
        self.assertLess(abs(tracks["int8"] - tracks["fp32"]), 0.3 * tracks["fp32"])

    def test_says_what_is_wrong_with_a_clip_before_anything_is_downloaded(self):
        text = self.folder / "text.mp4"
        text.write_text("no video")
        self.assert_refused(self.quantize(text), 3, "text.mp4")
        self.assert_refused(ocelli("models", "quantize", "yolov8n", "--on", self.folder / "none.mp4"), 2)

    def test_leaves_nothing_when_the_model_is_not_here(self):
        (self.store / "empty").mkdir()
        done = ocelli("models", "quantize", "yolov8n", "--on", DEMO_CLIP,
                      env={"OCELLI_MODEL_STORE": str(self.store / "empty")})
        self.assert_refused(done, 4, "ocelli models pull yolov8n")
        self.assertEqual(list((self.store / "empty").iterdir()), [])


class TuneTest(StoreCase):
    def tune(self, *options):
        return ocelli("models", "tune", "yolov8n", "--on", DEMO_CLIP, "--frames", 4, *options, env=self.env,
                      timeout=PATIENCE_S)

    def test_what_it_finds_is_what_auto_uses(self):
        clip = people_clip(self.folder / "people.mp4", seconds=1)
        before = ocelli("analyze", clip, "--precision", "auto", "-o", self.folder / "before", env=self.env)
        self.assertEqual(before.code, 0, before)
        self.assertIn("precision auto is fp32: yolov8n was not tuned", before.err)

        tuned = self.tune("--threads", "1")
        self.assertEqual(tuned.code, 0, tuned)
        self.assertRegex(tuned.out, r"onnxruntime +fp32 +1 +[\d.]+ ms +[\d.]+ ms +1\.00x +1\.0000 +0\.0000\n")
        self.assertRegex(tuned.out, r"not measured: onnxruntime int8: .*ocelli models quantize yolov8n")
        self.assertRegex(tuned.out, r"Fastest with F1 of 0\.985 or better: (\w+) (\w+), threads 1\.")
        profile = next(self.store.glob("*.tuned.yaml")).read_text()
        self.assertIn(" ".join(tuned.out.split("better: ")[1].split(",")[0].split()[1:]), profile)
        self.assertRegex(ocelli("models", "list", env=self.env).out, r"yolov8n +present +fp32, auto ")

        after = ocelli("analyze", clip, "--precision", "auto", "-o", self.folder / "after", env=self.env)
        self.assertEqual((after.code, "auto is fp32" in after.err), (0, False), after)

    def test_floor_out_of_range_is_wrong_use(self):
        self.assert_refused(self.tune("--min-f1", "2"), 2, "--min-f1")


if __name__ == "__main__":
    program.main()
