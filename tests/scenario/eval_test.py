#!/usr/bin/env python3
"""ocelli eval mot: benchmarks read, tracked, scored; mistakes in their files; interruption. tests/accuracy/mot_test.py
holds the scores against another scorer."""

import json
import signal
import subprocess

import program
from program import BINARY, Case, final_names, ocelli


def write_sequence(benchmark, name, frames=40, people=3):
    """People who walk in lanes of their own, and are always seen where they are."""
    boxes = [(frame, person, 20 + 3 * frame, 20 + 130 * person) for frame in range(1, frames + 1) for person in range(people)]
    for part in ("gt", "det"):
        (benchmark / name / part).mkdir(parents=True)
    (benchmark / name / "seqinfo.ini").write_text(f"[Sequence]\nname={name}\nframeRate=25\nseqLength={frames}\n")
    (benchmark / name / "gt/gt.txt").write_text(
        "".join(f"{frame},{person},{left},{top},50,100,1,1,1\n" for frame, person, left, top in boxes))
    (benchmark / name / "det/det.txt").write_text(
        "".join(f"{frame},-1,{left},{top},50,100,0.9,-1,-1,-1\n" for frame, _, left, top in boxes))


def only_run(outcome):
    run, = json.loads(outcome.out)["runs"]
    return run


class MotCase(Case):
    def setUp(self):
        super().setUp()
        self.benchmark = self.folder / "bench"
        write_sequence(self.benchmark, "A")
        write_sequence(self.benchmark, "B", frames=60)

    def evaluate(self, *options):
        return ocelli("eval", "mot", self.benchmark, *options)


class MotTest(MotCase):
    def test_tracks_writes_and_scores(self):
        out = self.folder / "results"
        done = self.evaluate("-o", out)
        self.assertEqual((done.code, done.err), (0, ""), done)
        self.assertRegex(done.out, r"\Abench: 2 sequences, 100 frames, protocol dance ")
        for name in ("A", "B", "combined"):
            self.assertRegex(done.out, rf"\n{name} +\d+\.\d\d +\d+\.\d\d ")
        self.assertEqual(final_names(out), ["A.txt", "B.txt"])
        rows = [line.split(",") for line in (out / "B.txt").read_text().splitlines()]
        self.assertEqual({len(row) for row in rows}, {10})
        self.assertEqual(max(int(row[0]) for row in rows), 60)
        self.assertEqual(len({row[1] for row in rows}), 3)

    def test_scores_written_results_as_it_scored_them(self):
        out = self.folder / "results"
        tracked = only_run(self.evaluate("-o", out, "--json", "--repeat", "2"))
        scored = only_run(self.evaluate("--score", out, "--json"))
        self.assertGreater(tracked["combined"]["fps"], 0)
        self.assertIsNone(scored["combined"]["fps"])
        self.assertEqual(tracked["given"], "boxes")
        self.assertNotIn("given", scored)
        self.assertGreater(tracked["combined"]["hota"], 90)
        for key in ("hota", "deta", "assa", "mota", "idf1", "ids", "fp", "fn"):
            self.assertEqual(scored["combined"][key], tracked["combined"][key])

    def test_runs_with_and_without_the_motion_of_the_camera(self):
        (self.benchmark / "B/gmc.txt").write_text("".join(f"{frame} 1 0 0.5 0 1 0\n" for frame in range(1, 61)))
        runs = json.loads(self.evaluate("--json").out)["runs"]
        self.assertEqual([run["given"] for run in runs], ["boxes", "motion"])
        self.assertEqual(only_run(self.evaluate("--json", "--given", "boxes"))["given"], "boxes")

    def test_the_truth_itself_scores_100(self):
        truth = self.folder / "truth"
        truth.mkdir()
        for name in ("A", "B"):
            (truth / f"{name}.txt").write_text((self.benchmark / name / "gt/gt.txt").read_text())
        combined = only_run(self.evaluate("--score", truth, "--json"))["combined"]
        for key in ("hota", "deta", "assa", "mota", "idf1"):
            self.assertAlmostEqual(combined[key], 100)

    def test_truth_alone_can_be_scored(self):
        out = self.folder / "results"
        self.evaluate("-o", out)
        for name in ("A", "B"):
            (self.benchmark / name / "det/det.txt").unlink()
        self.assertEqual(self.evaluate("--score", out).code, 0)
        self.assert_refused(self.evaluate(), 3, "A has no det/det.txt")


class MotMistakeTest(MotCase):
    def test_wrong_use(self):
        for options in (["--preset", "fast"], ["--protocol", "mot99"], ["--given", "depth"], ["--repeat", "0"],
                        ["--score", self.folder, "-o", self.folder], ["--protocol", "mot17", "--score"]):
            with self.subTest(options=options):
                self.assert_refused(self.evaluate(*options), 2)
        self.assert_refused(ocelli("eval"), 2)
        self.assert_refused(ocelli("eval", "mto", self.benchmark), 2, "did you mean 'mot'?")

    def test_a_protocol_that_the_truth_is_not_made_for(self):
        truth = self.benchmark / "A/gt/gt.txt"
        truth.write_text("1,1,10,10,20,40,1,-1,-1,-1\n")
        self.assert_refused(self.evaluate("--protocol", "mot17"), 2, "A/gt/gt.txt", "column 8")

    def test_no_benchmark(self):
        self.assert_refused(ocelli("eval", "mot", self.folder / "none"), 3, "none")
        self.assert_refused(ocelli("eval", "mot", self.benchmark / "A"), 3, "holds no sequence")

    def test_malformed_files_are_named_with_their_line(self):
        for name, text, words in (("gt/gt.txt", "1,1,2,3\n", "4 columns"), ("det/det.txt", "1,-1,2,3,x,5,1\n", "'x'"),
                                  ("seqinfo.ini", "[Sequence]\nseqLength=-1\n", "seqLength"),
                                  ("gmc.txt", "1 1 0 0\n", "six numbers"), ("cam.txt", "1 2 3\n", "RotationMatrices")):
            with self.subTest(name=name):
                path = self.benchmark / "B" / name
                before = path.read_text() if path.exists() else None
                path.write_text(text)
                self.assert_refused(self.evaluate(), 3, f"B/{name}:{2 if name == 'seqinfo.ini' else 1}: ", words)
                path.unlink() if before is None else path.write_text(before)

    def test_unwritable_results(self):
        (self.folder / "file").write_text("")
        self.assert_refused(self.evaluate("-o", self.folder / "file/results"), 5, "file/results")

    def test_results_that_are_not_there(self):
        self.assert_refused(self.evaluate("--score", self.folder), 3, "A.txt cannot be read")


class MotInterruptTest(MotCase):
    def test_ctrl_c_keeps_the_sequences_that_are_done(self):
        write_sequence(self.benchmark, "Z", frames=2000, people=30)
        out = self.folder / "results"
        command = [BINARY, "eval", "mot", str(self.benchmark), "-o", str(out), "--repeat", "1000"]
        process = subprocess.Popen(command, env=program.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        program.wait_for("the first results", (out / "B.txt").exists)
        process.send_signal(signal.SIGINT)
        printed, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, printed), (130, ""), err)
        self.assert_one_line(err, "interrupted after 2 of 3 sequences")
        self.assertEqual(final_names(out), ["A.txt", "B.txt"])


if __name__ == "__main__":
    program.main()
