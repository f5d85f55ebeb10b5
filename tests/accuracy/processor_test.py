#!/usr/bin/env python3
"""Runs the product on emulated processors that lack what this one may have, and compares with a run on this one.

    processor_test.py --probe PROGRAM --card FILE [--weights FOLDER] PHOTO

The emulator (qemu-user) answers CPUID as the processor it plays, so that our kernels and the runtime choose their code
for that one:

    max      all that the emulator knows: AVX2 and FMA, but no AVX-512
    Nehalem  no AVX at all: SSE4.2

The model's input must have the same bits, since our kernels promise that on every instruction set; boxes must have
IoU >= .999 and scores within .0005, since the runtime sums in another order. Exit code 77 (skipped) without emulator,
model or photo.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from shutil import which

import environment
from accuracy_test import model_of

EMULATOR = "qemu-x86_64"
PROCESSORS = ["Nehalem", "max"]
LEAST_IOU = 0.999
MOST_SCORE_OFF = 0.0005


def run_probe(arguments, model, emulator, folder):
    """What it found, the tensor that the model got, and the seconds that took."""
    tensor = folder / "tensor"
    tensor.unlink(missing_ok=True)
    command = [*emulator, arguments.probe, "--card", arguments.card, "--model", model, "--dump", tensor, arguments.photo]
    begin = time.monotonic()
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])["detections"], tensor.read_bytes(), time.monotonic() - begin


def iou(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def differences(found, expected):
    """Least IoU and most difference in score; None when they are not the same objects."""
    if not expected or [item["class"] for item in found] != [item["class"] for item in expected]:
        return None
    pairs = list(zip(found, expected, strict=True))
    return (min(iou(one["box"], other["box"]) for one, other in pairs),
            max(abs(one["score"] - other["score"]) for one, other in pairs))


def main():
    parser = argparse.ArgumentParser(description="Compares runs on emulated processors with one on this.")
    parser.add_argument("--probe", type=Path, required=True)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("photo", type=Path)
    arguments = parser.parse_args()
    model = model_of(arguments.card, arguments.weights)
    if which(EMULATOR) is None:
        environment.skip(f"{EMULATOR} is not there: install qemu-user")
    for path in (model, arguments.photo):
        if not path.exists():
            environment.skip(f"{path} is not there")

    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        expected, fed, seconds = run_probe(arguments, model, [], Path(folder))
        print(f"{'processor':10} {'seconds':>8} {'boxes':>6} {'least IoU':>10} {'score off':>10}  input")
        print(f"{'this one':10} {seconds:8.1f} {len(expected):6}")
        for processor in PROCESSORS:
            emulator = [EMULATOR, "-cpu", processor]
            found, tensor, seconds = run_probe(arguments, model, emulator, Path(folder))
            worst = differences(found, expected)
            good = worst is not None and worst[0] >= LEAST_IOU and worst[1] <= MOST_SCORE_OFF and tensor == fed
            columns = f"{worst[0]:10.6f} {worst[1]:10.6f}" if worst else "     not the same objects"
            bits = "same bits" if tensor == fed else "OTHER BITS"
            print(f"{processor:10} {seconds:8.1f} {len(found):6} {columns}  {bits}{'' if good else '  FAILED'}")
            failed += not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
