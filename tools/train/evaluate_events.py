"""Judges the events of learned behaviour on scenes that the network has not seen, and prints the tables of docs/behaviour.md.

    evaluate_events.py PROBE [--shared FOLDER] [--score SCORE] [--hold SECONDS] [--only GEOMETRY]

PROBE is build/dev/bin/behaviour_probe: the boxes of simulated scenes go through ocelli's own rule. Wanted is one event for each time
that a track shows a class for long enough to be told (hold, and SETTLES_S until the score is there); found is a wanted one whose track
was told of the class meanwhile; false is an event of a class that its track did not show at any time since a second before it.
--shared: boxes of real people from MOT's truth, of whom none is known to fight, fall or run: all such events are false.
"""

import argparse
import subprocess
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import dataset
import simulator
from read_mot import read_sequence

SETTLES_S = 2.5
LATE_S = 1.0
ALARMS = ("run", "agitation", "collapse")


def text_of(recording):
    lines = []
    for time, boxes in zip(recording.frame_ns, recording.boxes):
        lines.append(f"{time} {len(boxes)}")
        # Numbers count from 1: to the tracker 0 is nobody.
        lines += [f"{track + 1} " + " ".join(f"{value:.9g}" for value in box) for track, *box in boxes]
    return "\n".join(lines) + "\n"


def began(arguments, recording):
    """[(class, track, since s, time s)] of behaviour_began."""
    options = [str(arguments.score), str(round(1000 * arguments.hold))]
    said = subprocess.run([arguments.probe, "events", *options], input=text_of(recording), text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    rows = [line.split() for line in said.splitlines()]
    return [(name, int(track) - 1, int(since) / 1e9, int(time) / 1e9) for kind, name, track, since, time in rows if kind == "began"]


def episodes(labels):
    """[(class, begin s, end s)] of a track's [(time ns, class)]."""
    found = []
    for time, label in labels:
        if found and found[-1][0] == simulator.CLASSES[label]:
            found[-1][2] = time / 1e9
        else:
            found.append([simulator.CLASSES[label], time / 1e9, time / 1e9])
    return found


def judge_scene(arguments, recording, counts, waits):
    shown = {track: episodes(labels) for track, labels in recording.labels.items()}
    told = began(arguments, recording)
    by_track = defaultdict(list)
    for name, track, _, time in told:
        by_track[name, track].append(time)
    for track, parts in shown.items():
        for name, begin, end in parts:
            if end - begin < arguments.hold + SETTLES_S:
                continue
            counts[name, "wanted"] += 1
            times = [time for time in by_track[name, track] if begin <= time <= end + LATE_S]
            if times:
                counts[name, "found"] += 1
                waits[name].append(times[0] - begin)
    for name, track, since, time in told:
        counts[name, "told"] += 1
        shows = any(label == name and begin <= time and end >= since - LATE_S for label, begin, end in shown[track])
        counts[name, "false"] += not shows


def print_simulated(arguments):
    print("| camera | class | wanted | found | median wait s | told | false | false an hour of one camera |")
    print("|-|-|-|-|-|-|-|-|")
    for split, (geometry, first, scenes) in dataset.SPLITS.items():
        if not split.startswith("test") or arguments.only not in (None, geometry):
            continue
        counts, waits = Counter(), defaultdict(list)
        for seed in range(first, first + scenes):
            judge_scene(arguments, simulator.record_scene(seed, geometry), counts, waits)
        for name in simulator.CLASSES:
            wanted, told = counts[name, "wanted"], counts[name, "told"]
            share = counts[name, "found"] / max(wanted, 1)
            wait = median(waits[name]) if waits[name] else float("nan")
            print(f"| {geometry} | {name} | {wanted} | {share:.2f} | {wait:.1f} | {told} | {counts[name, 'false']} "
                  f"| {counts[name, 'false'] * 60 / scenes:.0f} |", flush=True)


def print_real(arguments):
    print("\n| recording | s | people | " + " | ".join(simulator.CLASSES) + " | false alarms a minute |")
    print("|-|-|-|" + "-|" * len(simulator.CLASSES) + "-|")
    for group in ("mot15", "mot17val"):
        for folder in sorted((arguments.shared / "data" / "mot" / group).iterdir()):
            recording = read_sequence(folder, group)
            told = Counter(name for name, *_ in began(arguments, recording))
            seconds = (recording.frame_ns[-1] - recording.frame_ns[0]) / 1e9
            people = len({track for boxes in recording.boxes for track, *_ in boxes})
            alarms = sum(told[name] for name in ALARMS)
            print(f"| {group}/{folder.name} | {seconds:.0f} | {people} | " +
                  " | ".join(str(told[name]) for name in simulator.CLASSES) + f" | {60 * alarms / seconds:.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probe")
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--score", type=float, default=0.7)
    parser.add_argument("--hold", type=float, default=2.0)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    print_simulated(arguments)
    if arguments.shared:
        print_real(arguments)


if __name__ == "__main__":
    main()
