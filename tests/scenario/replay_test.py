"""ocelli analyze --record, ocelli replay and ocelli tune rule, as their user meets them."""

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree

import program
from program import Case, ocelli, people_clip, read_events

SIMULATOR = os.environ["SIMULATED_RECORDING"]
ZONE = "[[0.4, 0.45], [0.6, 0.45], [0.6, 0.75], [0.4, 0.75]]"


def simulate(folder, seconds, seed=1):
    subprocess.run([SIMULATOR, str(folder), str(seconds), str(seed)], check=True, timeout=120)
    return folder


def site(path, min_stay="500ms", dock="dock", extra="", tracker=""):
    path.write_text(f"""{tracker}
cameras:
  yard:
    url: none.mp4
    zones:
      {dock}: {{points: {ZONE}, min_stay: {min_stay}}}
{extra}    lines:
      door: {{from: [0.2, 0.05], to: [0.2, 0.95]}}
""")
    return path


class ReplayCase(Case):
    def replay(self, *arguments, code=0):
        outcome = ocelli("replay", *arguments, "--json", timeout=120)
        self.assertEqual(outcome.code, code, outcome)
        return json.loads(outcome.out)


class SimulatedReplayTest(ReplayCase):
    """Ten minutes of simulated people, and what another configuration makes of them."""

    def test_ten_minutes_twice_equal_and_faster_than_real_time(self):
        recording = simulate(self.folder / "rec", 600)
        factors = []
        for name in ("first", "second"):
            told = self.replay(recording, "-o", self.folder / name)
            self.assertTrue(told["equal_to_run"])
            self.assertEqual(told["recording"]["frames"], 15_000)
            factors.append(told["times_real_time"])
        first, second = ((self.folder / name / "events.jsonl").read_bytes() for name in ("first", "second"))
        self.assertEqual(first, second)
        self.assertGreater(first.count(b"\n"), 100)
        print(f"\nten minutes, {first.count(bytes([10]))} events, equal twice, replayed at "
              f"{' and '.join(f'{factor:.0f}' for factor in factors)} times real time")
        self.assertGreaterEqual(min(factors), 5)

    def test_the_same_seed_gives_the_same_recording(self):
        logs = [(simulate(self.folder / name, 20) / "00000001.rec").read_bytes() for name in ("a", "b")]
        self.assertEqual(*logs)

    def test_a_stricter_zone_tells_what_goes_and_why(self):
        recording = simulate(self.folder / "rec", 120)
        told = self.replay(recording, "-c", site(self.folder / "b.yaml", "3s"), "--diff")["other"]
        self.assertEqual(told["changed"], [{"path": "camera.zones.dock.min_stay", "before": "500ms", "after": "3s"}])
        self.assertIn("recorded detections", told["reran"])
        self.assertGreater(told["removed"], 0)
        self.assertGreater(told["unchanged"], 10)
        for change in told["changes"]:
            self.assertEqual(change["event"]["data"]["rule"], "dock")
            self.assertIn("min_stay 500ms → 3s", change["reason"])
        text = ocelli("replay", recording, "-c", self.folder / "b.yaml", "--diff")
        self.assertEqual(text.code, 0, text)
        self.assertRegex(text.out, r"\n  changed: zones\.dock\.min_stay 500ms → 3s\n")
        self.assertRegex(text.out, r"\n  - +\d:\d\d\.\d  zone_entered 'dock' track \d+ \(person\): now \S+ \d\S*, needs")

    def test_an_equal_configuration_changes_nothing(self):
        recording = simulate(self.folder / "rec", 30)
        told = self.replay(recording, "-c", site(self.folder / "b.yaml"), "--diff")["other"]
        self.assertEqual((told["changed"], told["changes"]), ([], []))

    def test_a_moved_zone_and_a_new_one(self):
        recording = simulate(self.folder / "rec", 60)
        extra = "      gate: {points: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}\n"
        told = self.replay(recording, "-c", site(self.folder / "b.yaml", dock="pier", extra=extra), "--diff")["other"]
        reasons = {(change["kind"], change["event"]["data"]["rule"]): change["reason"] for change in told["changes"]}
        self.assertIn("the rule is gone", reasons["removed", "dock"])
        self.assertIn("a new rule", reasons["added", "pier"])
        self.assertIn("a new rule", reasons["added", "gate"])

    def test_behaviour_that_was_not_looked_for(self):
        recording = simulate(self.folder / "rec", 60)
        config = self.folder / "b.yaml"
        lines = site(config).read_text()
        config.write_text(lines + "    behaviour: {walk: {score: 0.6}, collapse: }\n")
        told = self.replay(recording, "-c", config, "--diff")["other"]
        self.assertIn("recorded detections", told["reran"])
        self.assertEqual(told["removed"], 0)
        walks = [change["event"]["data"] for change in told["changes"] if change["event"]["data"]["rule"] == "walk"]
        self.assertGreater(len(walks), 3)
        self.assertEqual({data["event"] for data in walks}, {"behaviour_began", "behaviour_ended"})
        self.assertTrue(all("a new rule" in change["reason"] for change in told["changes"]), told["changes"])
        for data in walks:
            self.assertTrue(all(gate["passed"] for gate in data["gates"]), data)

    def test_another_tracker(self):
        recording = simulate(self.folder / "rec", 60)
        config = site(self.folder / "b.yaml", tracker="tracker: {confirm_hits: 20}")
        told = self.replay(recording, "-c", config, "--diff")["other"]
        self.assertEqual([change["path"] for change in told["changed"]], ["tracker.confirm_hits"])
        self.assertGreater(told["removed"] + told["moved"], 0)


class TuneRuleTest(ReplayCase):
    def test_the_score_of_a_behaviour(self):
        recording = simulate(self.folder / "rec", 60)
        config = self.folder / "b.yaml"
        config.write_text("cameras: {yard: {url: none.mp4, behaviour: {walk: {end_score: 0.1}}}}\n")
        outcome = ocelli("tune", "rule", recording, "-c", config, "--rule", "walk", "--threshold", "score", "--from", 0.3,
                         "--to", 0.95, "--steps", 3, "--event", "behaviour_began", "--json")
        self.assertEqual(outcome.code, 0, outcome)
        counts = [step["events"] for step in json.loads(outcome.out)["steps"]]
        self.assertGreater(counts[0], counts[-1])

    def test_a_sweep_with_wanted_events_and_a_chart(self):
        recording = simulate(self.folder / "rec", 120)
        self.replay(recording, "-o", self.folder / "out")
        entered = [event["data"] for event in read_events(self.folder / "out")
                   if event["data"]["event"] == "zone_entered"]
        wanted = self.folder / "wanted.txt"
        wanted.write_text("".join(f"{data['media_time_s']}  # track {data['track_id']}\n" for data in entered))
        chart = self.folder / "dock.svg"
        sweep = ("tune", "rule", recording, "--rule", "dock", "--threshold", "min_stay", "--from", "500ms", "--to", "4.5s",
                 "--steps", 5, "--event", "zone_entered", "--wanted", wanted)
        outcome = ocelli(*sweep, "-o", chart, "--json")
        self.assertEqual(outcome.code, 0, outcome)
        steps = json.loads(outcome.out)["steps"]
        self.assertEqual([step["text"] for step in steps], ["500ms", "1500ms", "2500ms", "3500ms", "4500ms"])
        self.assertEqual((steps[0]["precision"], steps[0]["recall"]), (1, 1))
        counts = [step["events"] for step in steps]
        self.assertEqual(counts, sorted(counts, reverse=True))
        self.assertLess(steps[-1]["recall"], 1)
        root = xml.etree.ElementTree.parse(chart).getroot()
        self.assertEqual(len(root.findall("{http://www.w3.org/2000/svg}polyline")), 3)
        text = ocelli(*sweep)
        self.assertRegex(text.out, r"\n +500ms +\d+ +1\.00 +1\.00  █+")

    def test_what_is_misspelt_is_suggested(self):
        recording = simulate(self.folder / "rec", 5)
        sweep = ("tune", "rule", recording, "--from", "1s", "--to", "2s")
        self.assert_refused(ocelli(*sweep, "--rule", "doc", "--threshold", "min_stay"), 2, "did you mean 'dock'?")
        self.assert_refused(ocelli(*sweep, "--rule", "dock", "--threshold", "min_stai"), 2, "did you mean 'min_stay'?")
        self.assert_refused(ocelli(*sweep, "--rule", "door", "--threshold", "hysteresis"), 2, "--from wants a number")


class BadRecordingTest(ReplayCase):
    def test_what_is_no_recording(self):
        self.assert_refused(ocelli("replay", self.folder / "absent"), 3, "is not a recording")
        (self.folder / "00000001.rec").write_text("something else")
        self.assert_refused(ocelli("replay", self.folder), 3, "no recording of ocelli")
        (self.folder / "00000001.rec").write_bytes(b"oclrec\x07\x00")
        self.assert_refused(ocelli("replay", self.folder), 3, "version 7")

    def test_a_killed_recorder_loses_the_last_record(self):
        recording = simulate(self.folder / "rec", 30)
        log = recording / "00000001.rec"
        log.write_bytes(log.read_bytes()[:-5000])
        told = self.replay(recording)
        self.assertTrue(told["equal_to_run"])
        self.assertGreater(told["recording"]["frames"], 700)
        self.assertIn("cut off", told["recording"]["notes"][0])

    def test_an_edited_configuration(self):
        recording = simulate(self.folder / "rec", 5)
        log = recording / "00000001.rec"
        log.write_bytes(log.read_bytes().replace(b"500ms", b"600ms", 1))
        self.assert_refused(ocelli("replay", recording), 3, "header cannot be read", "checksum")

    def test_misspelt_classes_and_cameras(self):
        recording = simulate(self.folder / "rec", 5)
        config = self.folder / "b.yaml"
        config.write_text("cameras:\n  yard: {url: a.mp4, classes: [persn]}\n  other: {url: b.mp4}\n")
        self.assert_refused(ocelli("replay", recording, "-c", config), 2, "did you mean 'person'?")
        self.assert_refused(ocelli("replay", recording, "-c", config, "--camera", "othr"), 2, "did you mean 'other'?")
        self.assert_refused(ocelli("replay", recording, "--diff"), 2, "--config")

    def test_a_model_that_is_not_here(self):
        recording = simulate(self.folder / "rec", 5)
        config = site(self.folder / "b.yaml", tracker="model: {name: yolox_nano}")
        env = {"OCELLI_MODEL_STORE": str(self.folder / "store")}
        self.assert_refused(ocelli("replay", recording, "-c", config, env=env), 4, "ocelli models pull yolox_nano")


class RecordedClipTest(ReplayCase):
    """A real clip through the real model."""

    def setUp(self):
        super().setUp()
        program.need_model()
        clip = people_clip(self.folder / "walk.mp4", seconds=4)
        self.config = self.folder / "a.yaml"
        self.config.write_text(f"""cameras:
  path:
    url: {clip}
    classes: [person]
    zones:
      middle: {{points: [[0.2, 0.2], [0.8, 0.2], [0.8, 1], [0.2, 1]]}}
    behaviour:
      walk: {{score: 0.5, hold: 400ms}}
""")
        self.out = self.folder / "out"
        self.recording = self.folder / "rec"
        done = ocelli("analyze", clip, "-c", self.config, "-o", self.out, "--record", self.recording, timeout=170)
        self.assertEqual(done.code, 0, done)
        self.assertIn(str(self.recording), done.out)

    def test_the_run_again_with_stricter_rules_and_with_the_model(self):
        told = self.replay(self.recording, "-o", self.folder / "again")
        self.assertTrue(told["equal_to_run"])
        self.assertIn("behaviour_began", [event["data"]["event"] for event in read_events(self.out)])
        self.assertEqual((self.folder / "again/events.jsonl").read_bytes(), (self.out / "events.jsonl").read_bytes())
        print(f"\na real clip: {told['recording']['frames']} frames replayed at {told['times_real_time']:.0f} times real time")

        stricter = self.folder / "b.yaml"
        stricter.write_text(self.config.read_text().replace("1]]}", "1]], min_stay: 2s}"))
        told = self.replay(self.recording, "-c", stricter, "--diff")["other"]
        self.assertEqual(told["changed"][0]["path"], "camera.zones.middle.min_stay")
        self.assertGreater(told["removed"] + told["moved"], 0)

        seen = self.replay(self.recording, "-c", self.config, "--redetect", "--diff")["other"]
        self.assertIn("yolov8n", seen["reran"])
        self.assertEqual(seen["frames_without_picture"], 0)
        self.assertEqual(seen["changes"], [])
        seen_frames = self.replay(self.recording)["recording"]["frames"]

        shutil.rmtree(self.folder / "again")
        (self.recording / "00000001-1.mp4").unlink()
        blind = self.replay(self.recording, "-c", self.config, "--redetect")["other"]
        self.assertEqual(blind["frames_without_picture"], seen_frames)

        again = ocelli("analyze", self.folder / "walk.mp4", "-o", self.out, "--record", self.recording)
        self.assert_refused(again, 5, "not empty")


if __name__ == "__main__":
    program.main()
