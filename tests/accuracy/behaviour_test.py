#!/usr/bin/env python3
"""Compares infer::Tcn with PyTorch, and infer::BehaviourFeatures with the features of tools/train, on the same inputs.

    behaviour_test.py --probe PROGRAM --weights FILE

Networks with random weights, of several shapes, and the trained one: both forms (whole window, step by step) must be within
1e-5 of PyTorch, and each other's equal bit for bit. Features of simulated scenes must be within 1e-5 of those that the network was trained on.

Needs, and skips visibly (exit code 77) without, a Python that has PyTorch and numpy; Debian's packages python3-torch and
python3-numpy serve.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import environment

MOST_OFF = 1e-5
SYSTEM_PYTHON = Path("/usr/bin/python3")
# features, channels, dilations, kernel, classes
SHAPES = (
    (23, [32] * 5, [1, 2, 4, 8, 16], 3, 6),
    (5, [8, 8], [1, 2], 3, 3),
    (17, [16, 33, 7], [3, 1, 5], 2, 4),
    (3, [48, 64], [2, 4], 5, 20),
)


def ensure_torch():
    if all(importlib.util.find_spec(name) for name in ("torch", "numpy")):
        return
    if SYSTEM_PYTHON.exists() and Path(sys.executable) != SYSTEM_PYTHON:
        os.execv(SYSTEM_PYTHON, [str(SYSTEM_PYTHON), *sys.argv])
    environment.skip("no Python here has PyTorch and numpy: apt-get install python3-torch, or scripts/setup --tests")


def probe(program, arguments, given):
    return subprocess.run([program, *map(str, arguments)], input=given, stdout=subprocess.PIPE, check=True).stdout


def check_network(program, path, network, steps):
    """Largest difference from PyTorch, of both forms."""
    import numpy as np
    import torch

    with torch.no_grad():
        expected = network(torch.from_numpy(steps.T[None]))[0].numpy().T
    forms = [np.frombuffer(probe(program, [form, path], steps.tobytes()), "<f4").reshape(expected.shape)
             for form in ("window", "stream")]
    assert forms[0].tobytes() == forms[1].tobytes(), "the two forms differ"
    assert np.abs(expected).max() > 0.1, "logits near zero show nothing"
    return float(np.abs(forms[0] - expected).max())


def check_random_networks(program, folder):
    import numpy as np
    import torch
    from network import Tcn

    for seed, (features, channels, dilations, kernel, classes) in enumerate(SHAPES):
        torch.manual_seed(seed)
        random = np.random.default_rng(seed)
        network = Tcn({
            "features": [f"f{i}" for i in range(features)], "classes": [f"c{i}" for i in range(classes)],
            "mean": random.normal(size=features).tolist(), "deviation": random.uniform(0.5, 2, features).tolist(),
            "channels": channels, "dilations": dilations, "kernel": kernel, "step_ms": 200,
        }).eval()
        weights_before = network.blocks[0].first.convolution.weight.detach().clone()
        network.fold()
        assert torch.allclose(weights_before, network.blocks[0].first.convolution.weight), "folding changed weights"
        path = folder / f"{seed}.safetensors"
        network.save(path)
        off = check_network(program, path, network, random.normal(size=(300, features)).astype(np.float32))
        yield f"random weights {features} → {channels} → {classes}", off


def check_trained_network(program, path):
    import numpy as np
    from network import load
    import features
    import simulator

    network, _ = load(path)
    assert network.spec["features"] == list(features.FEATURES)
    recording = simulator.record_scene(77, "usual", duration_s=30)
    longest = max(features.compute(recording), key=lambda segment: len(segment.values))
    yield "trained weights, a simulated track", check_network(program, path, network, longest.values)
    noise = np.random.default_rng(1).normal(size=(300, len(features.FEATURES))).astype(np.float32)
    yield "trained weights, noise", check_network(program, path, network, noise)


def check_features(program):
    import numpy as np
    import features
    import simulator

    for seed, geometry in ((1, "usual"), (2, "slow"), (3, "steep")):
        recording = simulator.record_scene(seed, geometry, duration_s=30)
        text = ""
        for time, boxes in zip(recording.frame_ns, recording.boxes):
            text += f"{time} {len(boxes)}\n"
            text += "".join(f"{track} " + " ".join(f"{np.float32(value):.9g}" for value in box) + "\n" for track, *box in boxes)
        rows = [line.split() for line in probe(program, ["features"], text.encode()).decode().splitlines()]
        ours = {(int(row[0]), int(row[1]) // features.STEP_NS): row[2:] for row in rows}
        off, count = 0.0, 0
        for segment in features.compute(recording):
            for index, values in enumerate(segment.values):
                row = ours.pop((segment.track, segment.first_step + index))
                assert int(row[0]) == (index == 0), f"track {segment.track} begins elsewhere"
                off = max(off, float(np.abs(np.array(row[1:], float) - values).max()))
                count += 1
        assert not ours, f"{len(ours)} steps that Python does not have"
        assert count > 200, f"only {count} steps"
        yield f"features of {count} steps, {geometry}", off


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    arguments = parser.parse_args()
    ensure_torch()
    sys.path.insert(0, str(environment.ROOT / "tools" / "train"))
    sys.dont_write_bytecode = True
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for checks in (check_random_networks(arguments.probe, Path(folder)),
                       check_trained_network(arguments.probe, arguments.weights), check_features(arguments.probe)):
            for what, off in checks:
                print(f"{what}: off by at most {off:.1e}")
                worst = max(worst, off)
    if worst > MOST_OFF:
        sys.exit(f"off by {worst:.1e}, where at most {MOST_OFF:.0e} is allowed")


if __name__ == "__main__":
    main()
