#!/usr/bin/env python3
"""Everything a user can give that is wrong: one line that says what to do, the right exit code, no half file under
a final name."""

import os
import resource
import shutil
import signal
import socket
import subprocess

import program
from program import ROOT, Case, final_names, ocelli, pattern_clip, people_clip


class UnreadableInputTest(Case):
    """Exit code 3, and not even a folder is made."""

    def assert_unreadable(self, url, *words):
        out = self.folder / "out"
        self.assert_refused(ocelli("analyze", url, "-o", out), 3, *words)
        self.assertFalse(out.exists())
        picture = self.folder / "picture.jpg"
        self.assert_refused(ocelli("snapshot", url, "-o", picture, "--timeout", 2), 3, *words)
        self.assertEqual(list(self.folder.glob("picture*")), [])

    def test_text_named_mp4(self):
        path = self.folder / "text.mp4"
        path.write_text("This is no video.\n" * 100)
        self.assert_unreadable(path, "text.mp4", "no video file")

    def test_empty_file(self):
        path = self.folder / "zero.mp4"
        path.touch()
        self.assert_unreadable(path, "zero.mp4", "empty")

    def test_folder(self):
        self.assert_unreadable(self.folder, "folder")

    def test_sound_only(self):
        path = self.folder / "sound.mp4"
        program.ffmpeg("-f", "lavfi", "-i", "sine=duration=1", path)
        self.assert_unreadable(path, "sound.mp4", "holds no video")

    def test_missing_file(self):
        self.assert_unreadable(self.folder / "missing.mp4", "missing.mp4", "No such file")

    def test_cut_off_before_its_index(self):
        """Its header was to be written last, so nothing can be saved of it."""
        path = pattern_clip(self.folder / "cut.mp4")
        os.truncate(path, path.stat().st_size * 6 // 10)
        self.assert_unreadable(path, "cut.mp4", "damaged")

    def test_pattern_that_matches_nothing(self):
        out = self.folder / "out"
        self.assert_refused(ocelli("analyze", self.folder / "*.mkv", "-o", out), 3, "*.mkv")
        self.assertFalse(out.exists())

    def test_refused_port(self):
        with socket.socket() as nobody_listens:
            nobody_listens.bind(("127.0.0.1", 0))
            port = nobody_listens.getsockname()[1]
            for scheme in ("http", "rtsp"):
                with self.subTest(scheme=scheme):
                    self.assert_unreadable(f"{scheme}://127.0.0.1:{port}/stream1", "refused", str(port))

    def test_unknown_host(self):
        for scheme in ("http", "rtsp"):
            with self.subTest(scheme=scheme):
                self.assert_unreadable(f"{scheme}://camera.invalid/stream1", "camera.invalid", "check")

    def test_host_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/stream1"
            picture = self.folder / "picture.jpg"
            self.assert_refused(ocelli("snapshot", url, "-o", picture, "--timeout", 1), 3, url)
            self.assertFalse(picture.exists())

    def test_missing_page_of_a_web_server(self):
        with program.file_server(self.folder, self.folder / "log") as server:
            self.assert_unreadable(server.said + "none.mp4", "404")

    def test_a_password_is_never_printed(self):
        for command in (["analyze", "-o", self.folder / "out"], ["snapshot", "-o", self.folder / "picture.jpg"]):
            outcome = ocelli(*command, "rtsp://gate:tops3cret@camera.invalid/stream1")
            self.assertEqual(outcome.code, 3)
            self.assertNotIn("tops3cret", outcome.out + outcome.err)


class TruncatedFileTest(Case):
    def setUp(self):
        super().setUp()
        program.need_model()

    def test_saves_what_is_there(self):
        whole = people_clip(self.folder / "walk.mp4")
        cut = self.folder / "cut.mp4"
        cut.write_bytes(whole.read_bytes()[:whole.stat().st_size * 6 // 10])
        out = self.folder / "out"
        outcome = ocelli("analyze", cut, "--fps", 5, "-q", "-o", out)
        self.assert_refused(outcome, 3, "cut.mp4 is cut off")
        self.assertRegex(outcome.err, r"\b1\d of 30 frames\b")
        summary = self.assert_complete(out, "failed")
        self.assertIn("cut off", summary["input"]["reason"])
        self.assertGreater(len(program.read_tracks(out)), 0)

    def test_others_are_still_analysed(self):
        good = pattern_clip(self.folder / "good.mp4", seconds=1)
        text = self.folder / "text.mp4"
        text.write_text("no video")
        out = self.folder / "out"
        outcome = ocelli("analyze", text, good, "--fps", 2, "-q", "-o", out)
        self.assert_refused(outcome, 3, "text.mp4")
        self.assert_complete(out / "good")
        self.assertFalse((out / "text").exists())


class ModelTest(Case):
    """Exit code 4, and no result."""

    def setUp(self):
        super().setUp()
        self.clip = pattern_clip(self.folder / "clip.mp4", seconds=1)
        self.store = self.folder / "store"
        self.store.mkdir()
        self.cards = self.folder / "cards"
        shutil.copytree(ROOT / "models", self.cards)
        self.card = self.cards / "yolov8n.yaml"
        head, tail = self.card.read_text().split("\nonnx:")
        self.sha256 = tail.split("sha256:")[1].split()[0]
        self.card_with = lambda sha256: self.card.write_text(head + "\nonnx:" + tail.replace(self.sha256, sha256))

    def analyze(self, *options):
        env = {"OCELLI_MODEL_STORE": str(self.store), "OCELLI_MODEL_CARDS": str(self.cards)}
        outcome = ocelli("analyze", self.clip, "-o", self.folder / "out", *options, env=env)
        self.assertEqual(final_names(self.folder / "out"), [])
        return outcome

    def test_absent(self):
        self.assert_refused(self.analyze(), 4, "ocelli models pull yolov8n")

    def test_absent_said_by_the_configuration_too(self):
        config = self.folder / "site.yaml"
        config.write_text(f"model: {{store: {self.folder}/none, cards: {self.cards}}}\n")
        outcome = ocelli("analyze", self.clip, "-c", config, "-o", self.folder / "out")
        self.assert_refused(outcome, 4, "ocelli models pull yolov8n")

    def test_absent_when_serving(self):
        config = self.folder / "site.yaml"
        config.write_text(f"model: {{store: {self.store}}}\ncameras: {{gate: {{url: {self.clip}}}}}\n")
        outcome = ocelli("serve", "-c", config, "--port", 0)
        self.assertEqual(outcome.code, 4, outcome)
        self.assertIn("ocelli: ", outcome.err.splitlines()[-1])
        self.assertIn("ocelli models pull yolov8n", outcome.err.splitlines()[-1])

    def test_hash_mismatch(self):
        (self.store / f"{self.sha256}.onnx").write_text("something else")
        self.assert_refused(self.analyze(), 4, "damaged", self.sha256, "ocelli models pull yolov8n")

    def test_right_hash_of_a_file_that_is_no_model(self):
        text = b"This is no model.\n"
        sha256 = subprocess.run(["sha256sum"], input=text, capture_output=True, check=True).stdout.decode().split()[0]
        (self.store / f"{sha256}.onnx").write_bytes(text)
        self.card_with(sha256)
        self.assert_refused(self.analyze(), 4, f"{sha256}.onnx")

    def test_unknown_name(self):
        self.assert_refused(self.analyze("--model", "yolo8n"), 4, "did you mean 'yolov8n'?")

    def test_card_with_an_unknown_key(self):
        self.card.write_text(self.card.read_text() + "colour: rgb\n")
        self.assert_refused(self.analyze(), 4, "yolov8n.yaml:", "colour")

    def test_no_cards(self):
        shutil.rmtree(self.cards)
        self.cards.mkdir()
        self.assert_refused(self.analyze(), 4, "yolov8n")


class ConfigurationTest(Case):
    """Exit code 2, and no result."""

    def setUp(self):
        super().setUp()
        self.clip = self.folder / "clip.mp4"
        self.config = self.folder / "site.yaml"

    def test_unknown_key(self):
        pattern_clip(self.clip, seconds=1)
        self.config.write_text(f"cameras:\n  gate:\n    url: {self.clip}\n    time_out: 5s\n")
        place = "site.yaml:4:5: unknown key 'time_out' (did you mean 'timeout'?)"
        out = self.folder / "out"
        self.assert_refused(ocelli("analyze", self.clip, "-c", self.config, "-o", out), 2, place)
        self.assertFalse(out.exists())
        self.assert_refused(ocelli("serve", "-c", self.config, "--port", 0), 2, place)
        checked = ocelli("config", "check", self.config)
        self.assertEqual(checked.code, 2)
        self.assertIn(place, checked.out + checked.err)

    def test_broken_yaml(self):
        self.config.write_text("cameras:\n  gate: [\n")
        outcome = ocelli("serve", "-c", self.config, "--port", 0)
        self.assert_refused(outcome, 2, "site.yaml:")
        self.assertRegex(outcome.err, r"site\.yaml:\d+:\d+: ")

    def test_unknown_variable(self):
        self.clip.touch()
        outcome = ocelli("analyze", self.clip, env={"OCELLI_MODEL_STOER": "x"})
        self.assert_refused(outcome, 2, "did you mean 'OCELLI_MODEL_STORE'?")

    def test_variable_with_a_wrong_value(self):
        self.config.write_text(f"cameras: {{gate: {{url: {self.clip}}}}}\n")
        outcome = ocelli("serve", "-c", self.config, env={"OCELLI_SERVER_PORT": "eighty"})
        self.assert_refused(outcome, 2, "OCELLI_SERVER_PORT", "eighty")


class UnknownClassTest(Case):
    def setUp(self):
        super().setUp()
        program.need_model()
        self.clip = pattern_clip(self.folder / "clip.mp4", seconds=1)

    def test_on_the_command_line(self):
        out = self.folder / "out"
        outcome = ocelli("analyze", self.clip, "--classes", "car,persn", "-o", out)
        self.assert_refused(outcome, 2, "'persn' (did you mean 'person'?)")
        self.assertNotIn("camera :", outcome.err)
        self.assertFalse(out.exists())

    def test_in_the_configuration(self):
        config = self.folder / "site.yaml"
        config.write_text(f"cameras: {{gate: {{url: {self.clip}, classes: [persn]}}}}\n")
        outcome = ocelli("serve", "-c", config, "--port", 0)
        self.assertEqual(outcome.code, 2, outcome)
        self.assertIn("camera gate: the model knows no class 'persn' (did you mean 'person'?)", outcome.err)


def without_root():
    """What to start a program with, so that permissions hold for it."""
    return ("setpriv", "--inh-caps=-all", "--bounding-set=-all") if os.geteuid() == 0 else ()


class UnwritableFolderTest(Case):
    """Exit code 5, before any work is done."""

    def setUp(self):
        super().setUp()
        self.clip = pattern_clip(self.folder / "clip.mp4", seconds=1)

    def test_below_a_file(self):
        self.assert_refused(ocelli("analyze", self.clip, "-o", self.clip / "out"), 5, "clip.mp4/out", "-o")
        self.assert_refused(ocelli("snapshot", self.clip, "-o", self.clip / "a.jpg"), 5, "clip.mp4/a.jpg", "-o")

    def test_below_proc(self):
        self.assert_refused(ocelli("analyze", self.clip, "-o", "/proc/out"), 5, "/proc/out", "-o")

    def test_trace(self):
        outcome = ocelli("analyze", self.clip, "-o", self.folder / "out", "--trace", self.clip / "trace.json")
        self.assert_refused(outcome, 5, "clip.mp4/trace.json", "--trace")
        self.assertFalse((self.folder / "out").exists())

    def test_input_among_the_results(self):
        out = self.folder / "out"
        out.mkdir()
        annotated = self.clip.rename(out / "annotated.mp4")
        self.assert_refused(ocelli("analyze", annotated, "-o", out), 2, "annotated.mp4", "-o")
        self.assertTrue(annotated.exists())

    def test_without_permission(self):
        out = self.folder / "out"
        out.mkdir(mode=0o555)
        self.folder.chmod(0o755)  # for the other user
        outcome = ocelli("analyze", self.clip, "-o", out, prefix=without_root())
        self.assert_refused(outcome, 5, "Permission denied", "-o")


class UnwritableFileTest(Case):
    """The folder itself promised to be writable."""

    def test_in_proc(self):
        program.need_model()
        clip = pattern_clip(self.folder / "clip.mp4", seconds=1)
        self.assert_refused(ocelli("analyze", clip, "-q", "-o", "/proc"), 5, "/proc", "-o")


class PullTest(Case):
    """Exit code 4, or 2 without consent; never a file under the weights' name that is not the weights."""

    def setUp(self):
        super().setUp()
        self.source = self.folder / "from"
        self.source.mkdir()
        self.store = self.folder / "store"

    def pull(self, code, *options):
        env = {"OCELLI_MODEL_STORE": str(self.store)}
        outcome = ocelli("models", "pull", "yolov8n", "--from", self.source, *options, env=env)
        self.assertEqual(outcome.code, code, outcome)
        self.assertEqual(list(self.store.glob("*.onnx")), [])
        self.assertRegex(outcome.err.splitlines()[-1], r"\Aocelli: .{10}")
        return outcome.err

    def test_needs_consent(self):
        self.assertIn("--accept-licence", self.pull(2))

    def test_hash_mismatch(self):
        (self.source / "yolov8n.onnx").write_text("something else")
        said = self.pull(4, "--accept-licence")
        self.assertIn(f"{self.source}/yolov8n.onnx has SHA-256", said)
        self.assertNotIn(".part", said)

    def test_empty_folder(self):
        self.assertIn("yolov8n.onnx", self.pull(4, "--accept-licence"))


def limit_file_size(size):
    """To be called in the child: longer files fail as they do where the disk is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class FullDiskCase(Case):
    """Exit code 5; what could not be completed is not under its final name."""

    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()

    def on_small_disk(self, kilobytes, *arguments):
        """Runs ocelli where self.disk is a file system of that size; returns its outcome and the files left there."""
        script = f'mount -t tmpfs -o size={kilobytes}k tmpfs "$0" || exit 77; "$@"; code=$?; ls "$0"; exit $code'
        prefix = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(self.disk))
        outcome = ocelli(*arguments, prefix=prefix)
        if outcome.code == program.SKIPPED or "unshare" in outcome.err:
            self.skipTest("no private mount here: " + outcome.err.strip())
        return outcome._replace(out=""), outcome.out.split()


class FullDiskTest(FullDiskCase):
    def setUp(self):
        super().setUp()
        program.need_model()

    def test_analysis(self):
        clip = people_clip(self.folder / "walk.mp4")
        outcome, left = self.on_small_disk(4, "analyze", clip, "--fps", 5, "-q", "-o", self.disk)
        self.assert_refused(outcome, 5, "No space left", "free some")
        self.assertEqual([name for name in left if not name.endswith(".part")], [])

    def test_annotated_video(self):
        clip = people_clip(self.folder / "walk.mp4", seconds=1)
        outcome, left = self.on_small_disk(24, "analyze", clip, "--fps", 5, "-q", "--annotate", "-o", self.disk)
        self.assert_refused(outcome, 5, "No space left", "free some")
        self.assertNotIn("annotated.mp4", left)
        self.assertNotIn("contact-sheet.jpg", left)
        self.assertNotIn("summary.json", left)

    def test_file_size_limit(self):
        clip = people_clip(self.folder / "walk.mp4")
        outcome = ocelli("analyze", clip, "--fps", 5, "-q", "-o", self.disk, preexec_fn=lambda: limit_file_size(2000))
        self.assert_refused(outcome, 5, "File too large", "free some")
        self.assertEqual(final_names(self.disk), [])


class FullDiskSnapshotTest(FullDiskCase):
    def test_snapshot(self):
        clip = pattern_clip(self.folder / "clip.mp4", seconds=1)
        outcome, left = self.on_small_disk(4, "snapshot", clip, "-o", self.disk / "picture.jpg")
        self.assert_refused(outcome, 5, "picture.jpg", "No space left", "free some")
        self.assertNotIn("picture.jpg", left)

    def test_snapshot_over_the_file_size_limit(self):
        clip = pattern_clip(self.folder / "clip.mp4", seconds=1)
        picture = self.disk / "picture.jpg"
        outcome = ocelli("snapshot", clip, "-o", picture, preexec_fn=lambda: limit_file_size(1000))
        self.assert_refused(outcome, 5, "picture.jpg", "File too large")
        self.assertFalse(picture.exists())


if __name__ == "__main__":
    program.main()
