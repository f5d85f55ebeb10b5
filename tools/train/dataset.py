"""Segments of simulated tracks with the class of each step, made once and kept in a folder.

    dataset.py FOLDER        (minutes on one core)

Each split has scenes of its own: no seed is in two of them.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import features
import simulator
from camera import GEOMETRIES

# split → geometry, first seed, scenes of a minute
SPLITS = {"train": ("usual", 0, 400), "validation": ("usual", 10_000, 40), "test usual": ("usual", 20_000, 60)}
SPLITS |= {f"test {name}": (name, 30_000, 30) for name in GEOMETRIES if name != "usual"}


@dataclass
class Example:
    values: np.ndarray  # [step, feature]
    labels: np.ndarray  # [step]
    settled: np.ndarray  # [step]: for how many steps the track has existed and shown this class


def step_labels(segment, labels):
    """The class that the track's newest box at each step shows; at first, its oldest box's."""
    times = np.array([time for time, _ in labels])
    classes = np.array([label for _, label in labels])
    steps = (segment.first_step + np.arange(len(segment.values))) * features.STEP_NS
    return classes[np.maximum(np.searchsorted(times, steps, "right") - 1, 0)]


def settled_steps(labels):
    result = np.arange(len(labels))
    for change in np.flatnonzero(np.diff(labels)) + 1:
        result[change:] = np.arange(len(labels) - change)
    return result


def examples(recording):
    for segment in features.compute(recording):
        labels = step_labels(segment, recording.labels[segment.track])
        yield Example(segment.values, labels, settled_steps(labels))


def make(folder, split):
    geometry, first, scenes = SPLITS[split]
    made = [example for seed in range(first, first + scenes) for example in examples(simulator.record_scene(seed, geometry))]
    np.savez(folder / f"{split.replace(' ', '_')}.npz", lengths=[len(example.values) for example in made],
             **{name: np.concatenate([getattr(example, name) for example in made]) for name in ("values", "labels", "settled")})


def load(folder, split):
    kept = np.load(Path(folder) / f"{split.replace(' ', '_')}.npz")
    ends = np.cumsum(kept["lengths"])[:-1]
    return [Example(*parts) for parts in zip(*(np.split(kept[name], ends) for name in ("values", "labels", "settled")))]


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        make(folder, split)
        kept = load(folder, split)
        counts = np.bincount(np.concatenate([example.labels for example in kept]), minlength=len(simulator.CLASSES))
        print(f"{split}: {len(kept)} segments, steps by class: {dict(zip(simulator.CLASSES, counts.tolist()))}", flush=True)


if __name__ == "__main__":
    main()
