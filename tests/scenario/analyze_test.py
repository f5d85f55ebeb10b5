#!/usr/bin/env python3
"""ocelli analyze and snapshot on good input: what they write, that it is the same every time, and that an interrupted
run keeps what it has."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import program
from program import BINARY, DEMO_CLIP, Case, final_names, ocelli, pattern_clip, people_clip, read_events, read_tracks

JPEG_BEGINS = b"\xff\xd8\xff"


class AnalyzeCase(Case):
    def setUp(self):
        super().setUp()
        program.need_model()
        self.out = self.folder / "out"

    def analyze(self, *arguments, out=None):
        outcome = ocelli("analyze", "-q", "-o", out or self.out, *arguments)
        self.assertEqual(outcome, (0, "", ""))

    def frames(self):
        return self.assert_complete(self.out)["frames"]["analysed"]


class ResultTest(AnalyzeCase):
    def test_events_and_tracks_of_people(self):
        self.analyze(people_clip(self.folder / "walk.mp4"), "--fps", 5)
        summary = self.assert_complete(self.out)
        self.assertEqual(summary["frames"]["analysed"], 15)
        self.assertGreater(summary["events"]["track_began"], 2)
        self.assertEqual(summary["events"]["track_began"], summary["events"]["track_ended"])
        events = read_events(self.out)
        self.assertIn("person", {event["data"]["label"] for event in events})
        for event in events:
            self.assertEqual((event["specversion"], event["source"]), ("1.0", "/cameras/walk"))
        began = {event["data"]["track_id"] for event in events if event["data"]["event"] == "track_began"}
        self.assertEqual({int(row[1]) for row in read_tracks(self.out)}, began)

    def test_same_input_gives_the_same_bytes(self):
        """Again, elsewhere, and with another number of threads."""
        clip = people_clip(self.folder / "walk.mp4", seconds=2)
        copy = self.folder / "elsewhere" / "walk.mp4"
        copy.parent.mkdir()
        shutil.copy(clip, copy)
        results = []
        for number, arguments in enumerate(([clip], [clip], [copy], [clip, "--threads", "1"])):
            out = self.folder / f"out-{number}"
            self.analyze(*arguments, "--fps", 5, out=out)
            results.append([(out / name).read_bytes() for name in ("events.jsonl", "tracks.csv")])
        self.assertTrue(all(results[0]), "nothing was found")
        for other in results[1:]:
            self.assertEqual(other, results[0])

    def test_classes(self):
        self.analyze(people_clip(self.folder / "walk.mp4", seconds=2), "--fps", 5, "--classes", "car,truck")
        labels = {event["data"]["label"] for event in read_events(self.out)}
        self.assertLessEqual(labels, {"car", "truck"})

    def test_every_format_and_picture(self):
        self.analyze(people_clip(self.folder / "walk.mp4", seconds=2), "--fps", 5, "--annotate", "--format",
                     "jsonl,mot,coco")
        self.assert_complete(self.out)
        self.assertEqual(final_names(self.out), ["annotated.mp4", "coco.json", "contact-sheet.jpg", "events.jsonl",
                                                 "summary.json", "tracks.csv"])
        self.assertTrue((self.out / "contact-sheet.jpg").read_bytes().startswith(JPEG_BEGINS))
        self.assert_coco(json.loads((self.out / "coco.json").read_text()))
        self.assert_plays(self.out / "annotated.mp4", 10)

    def assert_coco(self, coco):
        images = {image["id"] for image in coco["images"]}
        categories = {category["id"] for category in coco["categories"]}
        self.assertEqual((len(images), len(categories)), (len(coco["images"]), 80))
        self.assertEqual(len({one["id"] for one in coco["annotations"]}), len(coco["annotations"]))
        self.assertEqual(len(coco["annotations"]), len(read_tracks(self.out)))
        for annotation in coco["annotations"]:
            self.assertIn(annotation["image_id"], images)
            self.assertIn(annotation["category_id"], categories)
            self.assertEqual(len(annotation["bbox"]), 4)

    def assert_plays(self, video, frames):
        shown = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames",
                                "-of", "csv=p=0", video], capture_output=True, text=True, check=True)
        self.assertEqual((shown.stdout.strip().strip(","), shown.stderr), (str(frames), ""))

    def test_only_the_formats_asked_for(self):
        self.analyze(pattern_clip(self.folder / "clip.mp4", seconds=1), "--fps", 2, "--format", "coco")
        self.assertEqual(final_names(self.out), ["coco.json", "summary.json"])

    def test_results_of_an_earlier_run_go(self):
        clip = pattern_clip(self.folder / "clip.mp4", seconds=1)
        self.analyze(clip, "--fps", 2, "--annotate", "--format", "jsonl,mot,coco")
        (self.out / "notes.txt").write_text("my own")
        self.analyze(clip, "--fps", 2, "--format", "jsonl")
        self.assertEqual(final_names(self.out), ["events.jsonl", "notes.txt", "summary.json"])

    def test_annotated_video_ends_where_the_picture_changes_its_size(self):
        small = self.folder / "small.ts"
        large = self.folder / "large.ts"
        pattern_clip(small, seconds=1)
        program.ffmpeg("-i", small, "-vf", "scale=640:480", *program.H264, "-output_ts_offset", "1", large)
        both = self.folder / "both.ts"
        both.write_bytes(small.read_bytes() + large.read_bytes())
        self.analyze(both, "--annotate")
        summary = self.assert_complete(self.out)
        self.assertEqual(len(summary["warnings"]), 1)
        self.assertIn("640x480", summary["warnings"][0])
        self.assertGreater(summary["frames"]["analysed"], 15)
        self.assert_plays(self.out / "annotated.mp4", 10)

    def test_summary_on_the_terminal_names_the_files(self):
        outcome = ocelli("analyze", pattern_clip(self.folder / "clip.mp4", seconds=1), "--fps", 2, "-o", self.out)
        self.assertEqual(outcome.code, 0, outcome)
        for name in ("events.jsonl", "tracks.csv", "summary.json"):
            self.assertIn(str(self.out / name), outcome.out)


class SelectionTest(AnalyzeCase):
    def test_fps(self):
        self.analyze(pattern_clip(self.folder / "clip.mp4", seconds=3), "--fps", 2)
        self.assertEqual(self.frames(), 6)

    def test_from_and_to(self):
        self.analyze(pattern_clip(self.folder / "clip.mp4", seconds=4), "--from", "0:01.5", "--to", "2.5", "--format",
                     "jsonl,mot,coco")
        self.assertIn(self.frames(), (10, 11))
        coco = json.loads((self.out / "coco.json").read_text())
        self.assertEqual(len(coco["images"]), self.frames())

    def test_several_inputs_get_a_folder_each(self):
        first = pattern_clip(self.folder / "first.mp4", seconds=1)
        other = self.folder / "other"
        other.mkdir()
        namesake = shutil.copy(first, other / "first.mp4")
        second = shutil.copy(first, self.folder / "second.mp4")
        self.analyze(first, namesake, second, "--fps", 2)
        for name in ("first", "first-2", "second"):
            self.assert_complete(self.out / name)

    def test_a_number_that_is_taken_is_passed_over(self):
        clips = [self.folder / name for name in ("x/a.mp4", "y/a.mp4", "a-2.mp4")]
        pattern_clip(self.folder / "clip.mp4", seconds=1)
        for clip in clips:
            clip.parent.mkdir(exist_ok=True)
            shutil.copy(self.folder / "clip.mp4", clip)
        self.analyze(*clips, "--fps", 2)
        self.assertEqual(sorted(path.name for path in self.out.iterdir()), ["a", "a-2", "a-2-2"])

    def test_quoted_pattern(self):
        clip = pattern_clip(self.folder / "a.mp4", seconds=1)
        shutil.copy(clip, self.folder / "b.mp4")
        shutil.copy(clip, self.folder / "c.mkv")
        self.analyze(self.folder / "*.mp4", "--fps", 2)
        self.assertEqual(sorted(path.name for path in self.out.iterdir()), ["a", "b"])

    def test_zone_of_a_configuration(self):
        clip = people_clip(self.folder / "walk.mp4")
        config = self.folder / "site.yaml"
        config.write_text(f"""cameras:
  path:
    url: {clip}
    zones:
      everywhere: {{points: [[0, 0], [1, 0], [1, 1], [0, 1]], min_stay: 0ms}}
  other: {{url: {clip}}}
""")
        self.analyze(clip, "-c", config, "--camera", "path", "--fps", 5)
        entered = [event["data"] for event in read_events(self.out) if event["data"]["event"] == "zone_entered"]
        self.assertGreater(len(entered), 2)
        outcome = ocelli("analyze", clip, "-c", config, "-o", self.out)
        self.assert_refused(outcome, 2, "--camera")


class PhotoTest(AnalyzeCase):
    def test_png_and_jpeg_become_an_annotated_jpeg(self):
        for suffix in ("png", "jpg"):
            with self.subTest(suffix=suffix):
                photo = self.folder / f"photo.{suffix}"
                program.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=321x241", "-frames:v", "1", photo)
                out = self.folder / suffix
                self.analyze(photo, "--annotate", out=out)
                self.assertEqual(self.assert_complete(out)["frames"]["analysed"], 1)
                self.assertTrue((out / "annotated.jpg").read_bytes().startswith(JPEG_BEGINS))
                self.assertFalse((out / "annotated.mp4").exists())


class ClassifyTest(Case):
    """With a model store of its own, filled from the folder that the tests' data lies in."""

    def setUp(self):
        super().setUp()
        shared = Path(os.environ.get("OCELLI_SHARED") or program.ROOT.parent / "shared") / "models"
        if not (shared / "photos").exists():
            self.skipTest(f"{shared} is not there")
        self.photos = shared / "photos"
        self.env = {"OCELLI_MODEL_STORE": str(self.folder / "store")}
        pulled = ocelli("models", "pull", "mobilenet_v2", "yolox_nano", "--from", shared, env=self.env)
        self.assertEqual(pulled.code, 0, pulled)
        self.out = self.folder / "out"

    def analyze(self, *arguments):
        return ocelli("analyze", "-o", self.out, *arguments, env=self.env)

    def lines(self):
        return [json.loads(line) for line in (self.out / "classes.jsonl").read_text().splitlines()]

    def test_a_folder_of_photos(self):
        done = self.analyze("--task", "classify", self.photos)
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertRegex(done.out, r"cat.bmp: Egyptian cat 0\.\d\d\n.*grace_hopper.bmp: military uniform 0\.\d\d\n")
        lines = self.lines()
        self.assertEqual([line["classes"][0]["label"] for line in lines], ["Egyptian cat", "military uniform", "macaw"])
        for line in lines:
            self.assertEqual((line["frame"], line["time_s"], len(line["classes"])), (0, 0, 5))
        self.assertEqual(final_names(self.out), ["classes.jsonl"])

    def test_a_clip_at_a_lower_rate(self):
        done = self.analyze("--task", "classify", "--fps", 5, "--from", 1, people_clip(self.folder / "walk.mp4"))
        self.assertEqual((done.code, done.err), (0, ""))
        times = [line["time_s"] for line in self.lines()]
        self.assertEqual(len(times), 10)
        self.assertTrue(all(1 <= time < 3 for time in times), times)

    def test_another_detector(self):
        done = self.analyze("--model", "yolox_nano", "-q", people_clip(self.folder / "walk.mp4"), "--fps", 5)
        self.assertEqual(done, (0, "", ""))
        self.assertIn("person", {event["data"]["label"] for event in read_events(self.out)})

    def test_a_bad_input_among_good_ones(self):
        bad = self.folder / "bad.jpg"
        bad.write_text("no picture")
        done = self.analyze("--task", "classify", bad, self.photos / "cat.bmp")
        self.assertEqual(done.code, 3)
        self.assert_one_line(done.err, "bad.jpg")
        self.assertEqual(len(self.lines()), 1)

    def test_what_does_not_go_together(self):
        cat = self.photos / "cat.bmp"
        wrong = "is a classification model, not one for detection"
        self.assert_refused(self.analyze(cat, "--model", "mobilenet_v2"), 4, wrong)
        self.assert_refused(self.analyze(cat, "--task", "classify", "--model", "yolox_nano"), 4,
                            "is a detection model, not one for classification")
        self.assert_refused(self.analyze(cat, "--task", "classify", "--annotate"), 2, "--annotate is for --task detect")


class WebTest(AnalyzeCase):
    def test_clip_of_a_web_server_gives_what_the_file_gives(self):
        clip = pattern_clip(self.folder / "clip.mp4", "-movflags", "+faststart", seconds=1)
        with program.file_server(self.folder, self.folder / "log") as server:
            self.analyze(server.said + "clip.mp4", "--fps", 4)
        from_web = (self.out / "tracks.csv").read_bytes()
        self.assertEqual(self.frames(), 4)
        self.analyze(clip, "--fps", 4)
        self.assertEqual((self.out / "tracks.csv").read_bytes(), from_web)


class SnapshotTest(Case):
    def assert_snapshot(self, url, size):
        picture = self.folder / "picture.jpg"
        outcome = ocelli("snapshot", url, "-o", picture)
        self.assertEqual(outcome, (0, f"{picture}: {size}\n", ""))
        self.assertTrue(picture.read_bytes().startswith(JPEG_BEGINS))
        self.assertEqual(list(self.folder.glob("*.part")), [])

    def test_file(self):
        self.assert_snapshot(pattern_clip(self.folder / "clip.mp4", seconds=1), "320x240")

    def test_web_server(self):
        pattern_clip(self.folder / "clip.mp4", seconds=1)
        with program.file_server(self.folder, self.folder / "log") as server:
            self.assert_snapshot(server.said + "clip.mp4", "320x240")

    def test_each_codec(self):
        for codec, name in (("libx264", "h264.mkv"), ("libx265", "h265.mkv"), ("mpeg4", "mpeg4.avi"),
                            ("mjpeg", "mjpeg.avi")):
            with self.subTest(codec=codec):
                clip = self.folder / name
                program.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:duration=0.4", "-c:v", codec, clip)
                self.assert_snapshot(clip, "320x240")


class InterruptTest(AnalyzeCase):
    """Of a run that would take long, once it has found something."""

    def setUp(self):
        super().setUp()
        program.need_demo_clip()
        command = [BINARY, "analyze", str(DEMO_CLIP), "-q", "--annotate", "-o", str(self.out)]
        self.process = subprocess.Popen(command, env=program.environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        part = self.out / "tracks.csv.part"
        program.wait_for("the first tracks", lambda: part.exists() and part.stat().st_size > 0)

    def test_ctrl_c_keeps_what_was_found(self):
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=20)
        self.assertEqual(self.process.returncode, 130, err)
        self.assert_one_line(err, "interrupted", str(self.out))
        summary = self.assert_complete(self.out, "interrupted")
        self.assertGreater(summary["events"]["track_began"], 0)
        self.assertEqual(summary["events"]["track_began"], summary["events"]["track_ended"])
        self.assertIn("annotated.mp4", final_names(self.out))

    def test_termination_too(self):
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=20)
        self.assertEqual(self.process.returncode, 130, err)
        self.assert_complete(self.out, "interrupted")

    def test_sudden_death_leaves_no_final_name(self):
        self.process.kill()
        self.process.wait()
        self.assertEqual(final_names(self.out), [])


if __name__ == "__main__":
    program.main()
