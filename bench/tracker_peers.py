#!/usr/bin/env python3
"""How fast our tracker is beside others, on the very same detections and in the same run.

    python3 -m venv env && env/bin/pip install --no-deps --require-hashes -r bench/tracker_peers.requirements.txt
    git clone https://github.com/ymzis69/HybridSORT && git -C HybridSORT checkout 396f8d3
    env/bin/python bench/tracker_peers.py --program build/dev/bin/ocelli --hybrid-sort HybridSORT mot17val mot15 dance

Each arm runs over all sequences of a set in turn, and again in the next round. Only the time inside update() counts, one
thread, detections in memory. Ratios are taken within a round; printed are the median and the range over rounds. HOTA says
that each arm did its work. Ends with 1 where we are slower than an aim: 20 times Hybrid-SORT's reference, and each
compiled peer in its own mode.

What favours whom: so that a busy machine counts as little as can be, a time is the sum over frames of the fastest of
several passes (Hybrid-SORT takes seconds: one pass, in the first round); for the others by the clock or by the thread's processor time, whichever is less, for us
by the clock. pyxtrackers is native code called from Python and has no call for several frames, so that its calls
count; they are also measured with no object and no box, and the ratio without them stands beside. Its SORT is given the
boxes from the threshold up, sorted out beforehand; ours sorts them out itself. Trackers made of Python pay for being so;
that is what their users pay. Settings are those of ../shared/data/eval/PEERS.md: threshold 0.6 where boxes are sure
(mot17val, dance), 0.5 on mot15, lost tracks kept 30 frames.
"""

import argparse
import configparser
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
import numpy as np  # noqa: E402
import pyxtrackers  # noqa: E402

LEAST_SCORE = 0.1
KEPT_FRAMES = 30
FEWEST_TIMES_HYBRID_SORT = 20
EMPTY_CALLS = 1_000


@dataclass
class Sequence:
    name: str
    frames: list  # boxes of each: left, top, right, bottom, score
    size: tuple  # height, width


def read_sequence(folder):
    ini = configparser.ConfigParser()
    ini.read(folder / "seqinfo.ini")
    info = ini["Sequence"]
    rows = np.loadtxt(folder / "det/det.txt", delimiter=",", ndmin=2)
    boxes = np.column_stack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6], rows[:, 6]])
    frames = [np.ascontiguousarray(boxes[rows[:, 0] == frame + 1]) for frame in range(int(info["seqLength"]))]
    return Sequence(folder.name, frames, (int(info["imHeight"]), int(info["imWidth"])))


def threshold_of(benchmark):
    return 0.5 if benchmark.name == "mot15" else 0.6


class Peer:
    """A tracker in this process; make() gives a new one, whose update() takes what shown() makes of a frame's boxes."""

    passes = 20
    most_rounds = 1_000

    def shown(self, boxes, threshold):
        return boxes[boxes[:, 4] > LEAST_SCORE]

    def call_seconds(self, threshold, size):
        """What a call costs in which there is nothing to do."""
        update = self.make(threshold, size)
        nothing = np.empty((0, 5))
        batches = []
        for _ in range(self.passes):
            begin = time.thread_time()
            for _ in range(EMPTY_CALLS):
                update(nothing)
            batches.append((time.thread_time() - begin) / EMPTY_CALLS)
        return min(batches)

    def run(self, sequence, threshold):
        """Seconds inside update() of each frame, and the rows of a results file."""
        frames = [self.shown(boxes, threshold) for boxes in sequence.frames]
        update = self.make(threshold, sequence.size)
        seconds, rows = [], []
        for frame, boxes in enumerate(frames, 1):
            begin_cpu, begin = time.thread_time(), time.perf_counter()
            tracks = update(boxes)
            end, end_cpu = time.perf_counter(), time.thread_time()
            seconds.append(min(end - begin, end_cpu - begin_cpu))
            rows += [(frame, *track[:5]) for track in tracks]
        return np.array(seconds), rows


class NativeSort(Peer):
    name, ours = "pyxtrackers SORT", "sort"

    def __init__(self, benchmark):
        self.kept = 1 if benchmark.name == "mot15" else KEPT_FRAMES

    def shown(self, boxes, threshold):
        return boxes[boxes[:, 4] >= threshold]

    def make(self, threshold, size):
        return pyxtrackers.Sort(max_age=self.kept, min_hits=3, iou_threshold=0.3).update


class NativeByteTrack(Peer):
    name, ours = "pyxtrackers ByteTrack", "bytetrack"

    def __init__(self, benchmark):
        pass

    def make(self, threshold, size):
        return pyxtrackers.BYTETracker(track_thresh=threshold, match_thresh=0.9, track_buffer=KEPT_FRAMES).update


class NativeOcSort(Peer):
    name, ours = "pyxtrackers OC-SORT", "default"

    def __init__(self, benchmark):
        pass

    def make(self, threshold, size):
        return pyxtrackers.OCSort(det_thresh=threshold, max_age=KEPT_FRAMES, iou_threshold=0.3).update


class HybridSort(Peer):
    """The authors' own code, with the settings that they give for the detector's training set."""

    name, ours = "Hybrid-SORT (reference)", "default"
    passes = most_rounds = 1  # of seconds

    def __init__(self, folder, benchmark):
        sys.path.insert(0, str(folder / "trackers"))
        from hybrid_sort_tracker import hybrid_sort

        self.module, self.overlap = hybrid_sort, 0.15 if benchmark.name == "dance" else 0.25
        self.unwrap_score()

    def unwrap_score(self):
        """NumPy no longer takes the score's array of one number for a number."""
        box_tracker = self.module.KalmanBoxTracker
        if hasattr(box_tracker, "predict_array"):
            return
        box_tracker.predict_array = box_tracker.predict

        def predict(tracker):
            box, score, simple_score = tracker.predict_array()
            return box, score.item(), simple_score

        box_tracker.predict = predict

    def make(self, threshold, size):
        settings = SimpleNamespace(
            track_thresh=threshold, TCM_first_step=True, TCM_first_step_weight=1.0, TCM_byte_step=True, TCM_byte_step_weight=1.0
        )
        settings.use_nsa_kalman = False
        tracker = self.module.Hybrid_Sort(
            settings, det_thresh=threshold, iou_threshold=self.overlap, asso_func="Height_Modulated_IoU", inertia=0.05, use_byte=True
        )
        return lambda boxes: tracker.update(boxes, size, size)


def scored(program, benchmark, results):
    """HOTA of rows by sequence; what reference evaluations leave out of these sets is left out."""
    leave_out = benchmark.name != "mot15"
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in results.items():
            lines = []
            for frame, left, top, right, bottom, identity in rows:
                width, height = right - left, bottom - top
                if leave_out and (width * height <= 100 or width / height > 1.6):
                    continue
                lines.append(f"{int(frame)},{int(identity)},{left:.3f},{top:.3f},{width:.3f},{height:.3f},1,-1,-1,-1\n")
            (Path(folder) / f"{name}.txt").write_text("".join(lines))
        report = evaluate(program, benchmark, "--score", folder)
    return report["runs"][0]["combined"]["hota"]


def evaluate(program, benchmark, *options):
    command = [program, "eval", "mot", benchmark, *options, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def ours(program, benchmark, preset):
    """Seconds inside update() and HOTA."""
    run = evaluate(program, benchmark, "--given", "boxes", "--preset", preset, "--repeat", str(Peer.passes))["runs"][0]
    return sum(row["frames"] / row["fps"] for row in run["sequences"]), run["combined"]["hota"]


def theirs(peer, sequences, threshold):
    seconds, results = 0.0, {}
    for sequence in sequences:
        passes = [peer.run(sequence, threshold) for _ in range(peer.passes)]
        seconds += np.min([taken for taken, _ in passes], axis=0).sum()
        results[sequence.name] = passes[0][1]
    return seconds, results


def spread(values):
    return f"{statistics.median(values):7.2f}  ({min(values):.2f} to {max(values):.2f})"


def measure(options, benchmark):
    """Prints a set's table; whether every aim is met."""
    sequences = [read_sequence(folder) for folder in sorted(benchmark.iterdir()) if (folder / "det/det.txt").exists()]
    frames = sum(len(sequence.frames) for sequence in sequences)
    threshold = threshold_of(benchmark)
    peers = [NativeSort(benchmark), NativeByteTrack(benchmark), NativeOcSort(benchmark)]
    if options.hybrid_sort:
        peers.append(HybridSort(options.hybrid_sort, benchmark))
    our_seconds = {preset: [] for preset in ("sort", "bytetrack", "default")}
    their_seconds = {peer.name: [] for peer in peers}
    our_hota, their_results = {}, {}
    for _ in range(options.rounds):
        for peer in peers:
            if len(our_seconds[peer.ours]) < len(their_seconds[peer.name]) + 1:
                seconds, our_hota[peer.ours] = ours(options.program, benchmark, peer.ours)
                our_seconds[peer.ours].append(seconds)
            if len(their_seconds[peer.name]) == peer.most_rounds:
                continue
            seconds, their_results[peer.name] = theirs(peer, sequences, threshold)
            their_seconds[peer.name].append(seconds)

    print(f"\n{benchmark.name}: {len(sequences)} sequences, {frames} frames, {options.rounds} rounds")
    print(f"{'':24}{'HOTA':>7}{'fps':>10}   ocelli  {'HOTA':>13}{'fps':>10}   times as fast: median (range), without the call")
    met = True
    for peer in peers:
        own, other = our_seconds[peer.ours], their_seconds[peer.name]
        calls = peer.call_seconds(threshold, sequences[0].size) * frames
        ratios = [theirs / ours for theirs, ours in zip(other, own)]
        bare = statistics.median((theirs - calls) / ours for theirs, ours in zip(other, own))
        aim = FEWEST_TIMES_HYBRID_SORT if isinstance(peer, HybridSort) else 1
        reached = statistics.median(ratios) >= aim
        met &= reached
        print(
            f"{peer.name:24}{scored(options.program, benchmark, their_results[peer.name]):7.2f}"
            f"{frames / statistics.median(other):10,.0f}   {peer.ours:10}{our_hota[peer.ours]:11.2f}{frames / statistics.median(own):10,.0f}"
            f"   {spread(ratios)}, {bare:.2f}   aim {aim}: {'met' if reached else 'MISSED'}",
            flush=True,
        )
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True, help="ocelli")
    parser.add_argument("--hybrid-sort", type=Path, help="a checkout of the reference; without, it is left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("benchmarks", type=Path, nargs="+", metavar="BENCH_DIR")
    options = parser.parse_args()
    met = [measure(options, benchmark) for benchmark in options.benchmarks]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
