"""Judges the trained network on scenes that it has not seen, by class and by camera, and prints the tables of docs/behaviour.md.

    evaluate.py FOLDER WEIGHTS.safetensors [--shared FOLDER] [--tracks FILE]

Beside it, trained on the same steps: logistic regression on all features of one step, and on the speeds alone (which amounts
to thresholds on speed). A step counts once its track has existed, and shown its class, for a second. --shared: real people of MOT sets,
as truth boxes; --tracks: a MOT file with tracks of video/one-by-one-person-detection.mp4, as `ocelli analyze` writes it.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import dataset
import features
import simulator
from network import load
from read_mot import read_mot, read_sequence

SETTLED = 5  # steps: a second
EVERY = 5  # steps: neighbours in time are alike, so that regression does with a fifth of them
BATCH = 32
SPEEDS = tuple(features.FEATURES.index(name) for name in ("speed_0.4s", "speed_1s", "speed_3s"))


class Logistic:
    """Multinomial logistic regression on one step's features."""

    def __init__(self, examples, columns):
        torch.manual_seed(1)
        self.columns = list(columns)
        values, labels = (part[::EVERY] for part in counted(examples))
        values = torch.from_numpy(values[:, self.columns])
        self.mean, self.deviation = values.mean(dim=0), values.std(dim=0) + 1e-6
        self.layer = torch.nn.Linear(len(self.columns), len(simulator.CLASSES))
        counts = np.bincount(labels, minlength=len(simulator.CLASSES))
        weights = torch.tensor((counts.sum() / np.maximum(counts, 1)) ** 0.4, dtype=torch.float32)
        loss = torch.nn.CrossEntropyLoss(weight=weights)
        optimiser = torch.optim.Adam(self.layer.parameters(), 0.1)
        inputs, targets = (values - self.mean) / self.deviation, torch.from_numpy(labels)
        for _ in range(150):
            optimiser.zero_grad()
            cost = loss(self.layer(inputs), targets)
            cost.backward()
            optimiser.step()

    def __call__(self, segments):
        with torch.no_grad():
            return [self.layer((torch.from_numpy(values[:, self.columns]) - self.mean) / self.deviation).argmax(dim=1).numpy()
                    for values in segments]


class Network:
    def __init__(self, path):
        self.network, _ = load(path)

    def __call__(self, segments):
        """Several at once, with zeros behind the shorter ones, which a causal network does not see."""
        order = sorted(range(len(segments)), key=lambda i: len(segments[i]))
        guesses = [None] * len(segments)
        for begin in range(0, len(order), BATCH):
            group = order[begin:begin + BATCH]
            inputs = torch.zeros(len(group), len(features.FEATURES), len(segments[group[-1]]))
            for row, index in enumerate(group):
                inputs[row, :, :len(segments[index])] = torch.from_numpy(segments[index].T)
            with torch.no_grad():
                said = self.network(inputs).argmax(dim=1).numpy()
            for row, index in enumerate(group):
                guesses[index] = said[row, :len(segments[index])]
        return guesses


def counted(examples):
    values = np.concatenate([example.values[example.settled >= SETTLED] for example in examples])
    return values, np.concatenate([example.labels[example.settled >= SETTLED] for example in examples])


def confusion_of(classify, examples):
    """[true class, said class] in steps."""
    result = np.zeros((len(simulator.CLASSES),) * 2, int)
    for example, guess in zip(examples, classify([example.values for example in examples])):
        counts = example.settled >= SETTLED
        np.add.at(result, (example.labels[counts], guess[counts]), 1)
    return result


def scores_of(confusion):
    """Precision, recall and F1 of each class."""
    hits = np.diag(confusion)
    precision, recall = hits / np.maximum(confusion.sum(axis=0), 1), hits / np.maximum(confusion.sum(axis=1), 1)
    return precision, recall, 2 * precision * recall / np.maximum(precision + recall, 1e-9)


def print_report(judged, folder):
    splits = [split for split in dataset.SPLITS if split.startswith("test ")]
    print("| camera | steps | " + " | ".join(judged) + " |\n|-|-|" + "-|" * len(judged))
    usual = None
    for split in splits:
        examples = dataset.load(folder, split)
        confusions = {name: confusion_of(classify, examples) for name, classify in judged.items()}
        usual = usual or confusions
        cells = [f"{scores_of(confusion)[2].mean():.3f} ({np.diag(confusion).sum() / confusion.sum():.3f})"
                 for confusion in confusions.values()]
        print(f"| {split[5:]} | {confusions['TCN'].sum()} | " + " | ".join(cells) + " |", flush=True)
        print_classes(split[5:], confusions)
    print("\nConfusion of the TCN, usual cameras (rows: truth, in % of its steps)\n")
    print("| | " + " | ".join(simulator.CLASSES) + " |\n|-|" + "-|" * len(simulator.CLASSES))
    for name, row in zip(simulator.CLASSES, usual["TCN"]):
        print(f"| {name} | " + " | ".join(f"{100 * value / max(row.sum(), 1):.1f}" for value in row) + " |")


CLASS_ROWS = []


def print_classes(camera, confusions):
    """Kept until the end: a table of its own."""
    for name, confusion in confusions.items():
        precision, recall, f1 = scores_of(confusion)
        CLASS_ROWS.append(f"| {camera} | {name} | " + " | ".join(
            f"{p:.2f} / {r:.2f} / {f:.2f}" for p, r, f in zip(precision, recall, f1)) + " |")


# ------------------------------------------------------------------------------------------------------ real recordings


def shares(classify, segments, span=(0, 1e9)):
    """Of the steps within some seconds, whose track exists for two, how many are said to be what."""
    counts = np.zeros(len(simulator.CLASSES), int)
    for segment, guess in zip(segments, classify([segment.values for segment in segments])):
        times = (segment.first_step + np.arange(len(segment.values))) * features.STEP_S
        wanted = (np.arange(len(times)) >= 2 * SETTLED) & (times >= span[0]) & (times <= span[1])
        if wanted.any():
            counts += np.bincount(guess[wanted], minlength=len(counts))
    return counts


def print_row(name, counts):
    print(f"| {name} | {counts.sum()} | " + " | ".join(f"{100 * count / max(counts.sum(), 1):.1f}" for count in counts) + " |", flush=True)


def print_real(classify, shared, tracks):
    print("\nReal tracks: steps, and what the TCN says in % of them\n")
    print("| recording | steps | " + " | ".join(simulator.CLASSES) + " |\n|-|-|" + "-|" * len(simulator.CLASSES))
    for group in ("mot15", "mot17val"):
        for folder in sorted((shared / "data" / "mot" / group).iterdir()):
            print_row(f"{group}/{folder.name}", shares(classify, features.compute(read_sequence(folder, group))))
    if tracks is None:
        return
    labels = json.loads((shared / "data" / "video" / "labels.json").read_text())["one-by-one-person-detection.mp4"]
    segments = features.compute(read_mot(tracks, labels["fps"]))
    stands = sum(shares(classify, segments, (visit["stands"][0] + 1, visit["stands"][1] - 1)) for visit in labels["visits"])
    print_row("one-by-one-person-detection, stands", stands)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--tracks", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network = Network(arguments.weights)
    training = dataset.load(arguments.data, "train")
    judged = {"TCN": network, "logistic regression": Logistic(training, range(len(features.FEATURES))),
              "speeds alone": Logistic(training, SPEEDS)}
    print("Macro F1 (share of steps that are right)\n")
    print_report(judged, arguments.data)
    print("\nPrecision / recall / F1 by class\n")
    print("| camera | | " + " | ".join(simulator.CLASSES) + " |\n|-|-|" + "-|" * len(simulator.CLASSES))
    print("\n".join(CLASS_ROWS))
    if arguments.shared:
        print_real(network, arguments.shared, arguments.tracks)


if __name__ == "__main__":
    main()
