"""Trains the network of behaviour on simulated tracks and writes its weights.

    dataset.py FOLDER && train.py FOLDER WEIGHTS.safetensors

Seeded: the same versions of PyTorch and numpy on the same processor give the same bytes.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import dataset
import features
import simulator
from network import Tcn

SEED = 1
CHANNELS, KERNEL, DILATIONS, DROPOUT = [32] * 5, 3, [1, 2, 4, 8, 16], 0.1
MOST_STEPS = 300  # of a segment; a longer one is cut into such pieces
BATCH, EPOCHS, RATE = 16, 3, 4e-3
UNSETTLED = 3  # steps after a change of behaviour that are neither right nor wrong
MIRRORED = features.FEATURES.index("velocity_x")


def make_spec(examples):
    values = np.concatenate([example.values for example in examples])
    return {
        "features": list(features.FEATURES),
        "mean": [round(float(value), 5) for value in values.mean(axis=0)],
        "deviation": [max(round(float(value), 5), 1e-3) for value in values.std(axis=0)],
        "classes": list(simulator.CLASSES),
        "kernel": KERNEL,
        "channels": CHANNELS,
        "dilations": DILATIONS,
        "step_ms": features.STEP_NS // 1_000_000,
    }


def pieces(examples):
    for example in examples:
        for begin in range(0, len(example.values), MOST_STEPS):
            part = slice(begin, begin + MOST_STEPS)
            yield dataset.Example(example.values[part], example.labels[part], example.settled[part])


def batch_of(examples):
    """Padded to the longest: values [example, feature, step], labels [example, step] with -1 for what does not count."""
    longest = max(len(example.values) for example in examples)
    values = np.zeros((len(examples), len(features.FEATURES), longest), np.float32)
    labels = np.full((len(examples), longest), -1)
    for index, example in enumerate(examples):
        values[index, :, :len(example.values)] = example.values.T
        labels[index, :len(example.labels)] = np.where(example.settled >= UNSETTLED, example.labels, -1)
    return torch.from_numpy(values), torch.from_numpy(labels)


def batches(examples, random):
    """Of segments of similar length, in random order, half of them mirrored."""
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].values) + random.uniform(0, 30))
    groups = [order[i:i + BATCH] for i in range(0, len(order), BATCH)]
    random.shuffle(groups)
    for group in groups:
        values, labels = batch_of([examples[i] for i in group])
        values[:, MIRRORED] *= torch.from_numpy(random.choice([-1.0, 1.0], (len(group), 1))).float()
        yield values, labels


def class_weights(examples):
    """Rare classes count more, but not so much that they are found everywhere."""
    counts = np.bincount(np.concatenate([example.labels for example in examples]), minlength=len(simulator.CLASSES))
    weights = (counts.sum() / np.maximum(counts, 1)) ** 0.4
    return torch.tensor(weights / weights.mean(), dtype=torch.float32)


def macro_f1(network, examples):
    confusion = np.zeros((len(simulator.CLASSES),) * 2, int)
    with torch.no_grad():
        for example in examples:
            guess = network(torch.from_numpy(example.values.T[None])).argmax(dim=1)[0].numpy()
            counts = example.settled >= UNSETTLED
            np.add.at(confusion, (example.labels[counts], guess[counts]), 1)
    hits = np.diag(confusion)
    return float(np.mean(2 * hits / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)))


def train(training, validation):
    """The network of the epoch that does best on the validation scenes."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    training = [piece for piece in pieces(training) if len(piece.values) > UNSETTLED]
    network = Tcn(make_spec(training), DROPOUT)
    loss = torch.nn.CrossEntropyLoss(weight=class_weights(training), ignore_index=-1)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    steps = EPOCHS * -(-len(training) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    best, best_state = -1.0, None
    for epoch in range(EPOCHS):
        network.train()
        total = 0.0
        for values, labels in batches(training, random):
            optimiser.zero_grad()
            cost = loss(network(values), labels)
            cost.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1)
            optimiser.step()
            schedule.step()
            total += float(cost) / (steps / EPOCHS)
        score = macro_f1(network.eval(), validation)
        print(f"epoch {epoch + 1}: loss {total:.3f}, validation macro F1 {score:.3f}", flush=True)
        if score > best:
            best, best_state = score, {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(best_state)
    return network.eval().fold(), best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    begin = time.process_time()
    network, score = train(dataset.load(arguments.data, "train"), dataset.load(arguments.data, "validation"))
    network.save(arguments.weights, seed=SEED, data="tools/train/simulator.py, no recordings of people",
                 validation_macro_f1=f"{score:.3f}")
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{count} parameters, {arguments.weights.stat().st_size} bytes, {time.process_time() - begin:.0f} s of CPU time")


if __name__ == "__main__":
    main()
