#!/usr/bin/env python3
"""Compares the scores of `ocelli eval mot` with those of TrackEval on the same result files.

    mot_test.py --program OCELLI --shared FOLDER [--environment FOLDER]

Scored twice by each, for every sequence and combined: what our tracker makes of the detections, and a tracker that is made
up from truth, with boxes off, missing and too many, and identities that change. On three benchmarks that this test makes up
(with distractors; without classes; with frames and sequences in which a side has nothing), and on the sets in
SHARED/data/mot where they are there. HOTA, DetA, AssA, MOTA and IDF1 must be within .01, counts must be equal.

Needs, and skips visibly (exit code 77) without, an environment with mot_requirements.txt:

    python3 -m venv .deps/trackeval && .deps/trackeval/bin/pip install --no-deps --require-hashes -r tests/accuracy/mot_requirements.txt
"""

import argparse
import builtins
import contextlib
import io
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import environment

MOST_OFF = 0.01
SHARES = ("hota", "deta", "assa", "mota", "idf1")
COUNTS = ("ids", "fp", "fn")
SETS = ("mot17val", "mot15", "dance")


def box_text(box):
    return ",".join(f"{value:.2f}" for value in box)


class MadeUpBenchmark:
    """People on straight ways across a picture; class_column says what column 8 of the truth is for a person."""

    def __init__(self, folder, seed, class_column, distractors=()):
        self.folder, self.random, self.class_column, self.distractors = folder, random.Random(seed), class_column, distractors
        for number, people in enumerate((12, 5, 1)):
            self.write_sequence(f"S-{number}", frames=80, people=people)
        self.write_sequence("S-without-detections", frames=10, people=2, seen=False)
        self.write_sequence("S-without-people", frames=10, people=0)

    def walk(self, frames):
        begin, end = sorted(self.random.sample(range(1, frames + 1), 2))
        left, top, height = self.random.uniform(0, 600), self.random.uniform(0, 200), self.random.uniform(60, 200)
        speed = self.random.uniform(-8, 8)
        return {frame: (left + speed * frame, top, height * 0.4, height) for frame in range(begin, end + 1)}

    def write_sequence(self, name, frames, people, seen=True):
        truth, detections = [], []
        for identity in range(people):
            for frame, box in self.walk(frames).items():
                flag = 0 if self.random.random() < 0.03 else 1
                truth.append(f"{frame},{identity},{box_text(box)},{flag},{self.class_column(frame)},1")
                detections += self.detect(frame, box)
        for identity, class_id in enumerate(self.distractors, people):
            for frame, box in self.walk(frames).items():
                truth.append(f"{frame},{identity},{box_text(box)},0,{class_id},1")
                detections += self.detect(frame, box)
        for _ in range(frames // 4):
            box = (self.random.uniform(0, 700), self.random.uniform(0, 300), 40, 90)
            detections += self.detect(self.random.randint(1, frames), box)
        self.random.shuffle(truth)
        place = self.folder / name
        for part in ("gt", "det"):
            (place / part).mkdir(parents=True)
        (place / "seqinfo.ini").write_text(f"[Sequence]\nname={name}\nframeRate=25\nseqLength={frames}\n")
        (place / "gt/gt.txt").write_text("".join(f"{row}\n" for row in truth))
        (place / "det/det.txt").write_text("".join(f"{row}\n" for row in detections if seen))

    def detect(self, frame, box):
        if self.random.random() < 0.1:
            return []
        off = [value + self.random.gauss(0, 3) for value in box[:2]] + [value * self.random.uniform(0.9, 1.1) for value in box[2:]]
        return [f"{frame},-1,{box_text(off)},{self.random.uniform(0.2, 1):.3f},-1,-1,-1"]


def made_up_benchmarks(folder):
    distractors = (8, 7, 2, 12, 8, 7, 3, 9, 11, 13)
    MadeUpBenchmark(folder / "crowd-and-distractors", 1, lambda frame: 1, distractors)
    MadeUpBenchmark(folder / "no-classes", 2, lambda frame: -1)
    MadeUpBenchmark(folder / "one-class", 3, lambda frame: 1)
    return sorted(folder.iterdir())


def sequences_of(benchmark):
    return sorted(path.parents[1].name for path in benchmark.glob("*/gt/gt.txt"))


def make_up_results(benchmark, folder):
    """A tracker that knows the truth and is often wrong about it. All rows of the truth are results, of whatever class."""
    folder.mkdir()
    chance = random.Random(benchmark.name)
    for name in sequences_of(benchmark):
        rows, taken, last = [], {}, 0
        for line in sorted((benchmark / name / "gt/gt.txt").read_text().splitlines(), key=lambda row: int(row.split(",")[0])):
            frame, identity, *box = line.split(",")[:6]
            if identity not in taken or chance.random() < 0.03:
                last += 1
                taken[identity] = last
            if chance.random() < 0.15:
                continue
            left, top, width, height = map(float, box)
            spread = chance.choice((0.02, 0.1, 0.3))
            off = (left + chance.gauss(0, spread * width), top + chance.gauss(0, spread * height), width, height)
            rows.append(f"{frame},{taken[identity]},{box_text(off)},1,-1,-1,-1\n")
            if chance.random() < 0.05:
                last += 1
                rows.append(f"{frame},{last},{box_text((left + width / 3, top, width, height))},1,-1,-1,-1\n")
        (folder / f"{name}.txt").write_text("".join(rows))
    return folder


def score_with_trackeval(benchmark, results, protocol):
    import numpy
    for name in ("float", "int", "bool"):  # which numpy has no longer and TrackEval uses
        if name not in vars(numpy):
            setattr(numpy, name, getattr(builtins, name))
    import trackeval
    silent = dict.fromkeys(("USE_PARALLEL", "PRINT_RESULTS", "PRINT_CONFIG", "TIME_PROGRESS", "OUTPUT_SUMMARY", "OUTPUT_DETAILED",
                            "PLOT_CURVES"), False)
    with tempfile.TemporaryDirectory() as trackers, contextlib.redirect_stdout(io.StringIO()):
        (Path(trackers) / "tracker").mkdir()
        (Path(trackers) / "tracker/data").symlink_to(results.absolute())
        data = trackeval.datasets.MotChallenge2DBox({
            "GT_FOLDER": str(benchmark), "TRACKERS_FOLDER": trackers, "TRACKERS_TO_EVAL": ["tracker"], "SKIP_SPLIT_FOL": True,
            "SEQ_INFO": dict.fromkeys(sequences_of(benchmark)), "PRINT_CONFIG": False,
            "BENCHMARK": "MOT17" if protocol == "mot17" else "MOT15", "DO_PREPROC": protocol == "mot17"})
        metrics = [trackeval.metrics.HOTA(), trackeval.metrics.CLEAR({"PRINT_CONFIG": False}),
                   trackeval.metrics.Identity({"PRINT_CONFIG": False})]
        scores, _ = trackeval.Evaluator({**silent, "LOG_ON_ERROR": None, "BREAK_ON_ERROR": True}).evaluate([data], metrics)
    found = {}
    for name, per_class in scores["MotChallenge2DBox"]["tracker"].items():
        score = per_class["pedestrian"]
        hota, clear = score["HOTA"], score["CLEAR"]
        found["combined" if name == "COMBINED_SEQ" else name] = {
            **{key.lower(): 100 * float(numpy.mean(hota[key])) for key in ("HOTA", "DetA", "AssA")},
            "mota": 100 * float(clear["MOTA"]), "idf1": 100 * float(score["Identity"]["IDF1"]),
            "ids": int(clear["IDSW"]), "fp": int(clear["CLR_FP"]), "fn": int(clear["CLR_FN"])}
    return found


def score_with_product(program, benchmark, options):
    done = subprocess.run([str(word) for word in (program, "eval", "mot", benchmark, "--json", *options)], check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def compare(benchmark, what, report, expected):
    """Prints a line; the number of figures that differ too much."""
    run = report["runs"][-1]  # whose results are written
    rows = {row["name"]: row for row in [*run["sequences"], run["combined"]]}
    failures = [] if sorted(rows) == sorted(expected) else [f"sequences {sorted(rows)}, not {sorted(expected)}"]
    most = 0
    for name, wanted in expected.items():
        found = rows.get(name, {})
        for key in (*SHARES, *COUNTS):
            off = abs(found.get(key, float("inf")) - wanted[key])
            most = max(most, off) if key in SHARES else most
            if off > (MOST_OFF if key in SHARES else 0):
                failures.append(f"{name}: {key} is {found.get(key)}, by TrackEval {wanted[key]}")
    ours = run["combined"]
    print(f"{benchmark.name:24} {what:10} {report['protocol']:6} {len(expected) - 1:3}" +
          "".join(f" {ours[key]:7.2f}" for key in SHARES) + "".join(f" {ours[key]:6}" for key in COUNTS) + f"  {most:.1e}")
    for failure in failures:
        print(f"FAILED: {benchmark.name}, {what}: {failure}")
    return len(failures)


def main():
    parser = argparse.ArgumentParser(description="Compares the scores of `ocelli eval mot` with TrackEval's.")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--environment", type=Path, default=environment.ROOT / ".deps/trackeval")
    arguments = parser.parse_args()
    environment.ensure(arguments.environment.absolute(), "see the head of mot_test.py")

    failed = 0
    with tempfile.TemporaryDirectory(prefix="ocelli-") as folder:
        (Path(folder) / "made-up").mkdir()
        benchmarks = made_up_benchmarks(Path(folder) / "made-up")
        for benchmark in (arguments.shared / "data/mot" / name for name in SETS):
            if benchmark.is_dir():
                benchmarks.append(benchmark.absolute())
            else:
                print(f"left out: {benchmark} is not there")
        print(f"{'benchmark':24} {'tracker':10} {'rules':6} {'seq':>3}" + "".join(f" {key:>7}" for key in SHARES) +
              "".join(f" {key:>6}" for key in COUNTS) + "  most off")
        for benchmark in benchmarks:
            made_up = make_up_results(benchmark, Path(folder) / f"{benchmark.name}-made-up")
            ours = Path(folder) / f"{benchmark.name}-ours"
            for what, results, options in (("ours", ours, ("-o", ours)), ("made up", made_up, ("--score", made_up))):
                report = score_with_product(arguments.program, benchmark, options)
                failed += compare(benchmark, what, report, score_with_trackeval(benchmark, results, report["protocol"]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
