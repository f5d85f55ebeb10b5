#!/usr/bin/env python3
"""Compares the product's detections with those of an independent implementation (reference.py), and prints a table.

    accuracy_test.py --probe PROGRAM --card FILE [--every N] [--environment FOLDER] INPUT…

Two comparisons for each photo, or for every Nth frame of each clip:

    head    both look at the very tensor that our kernel wrote: IoU >= .999, score within .0001
    pixels  the reference decodes and scales for itself, with the card's filter: every box above .3, of either side, has
            a partner of its class in the other with IoU >= .95 and a score within .02

Exit code 77 (skipped) when an input, the model or the Python environment is not there; 1 when a limit is passed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
ROOT = Path(__file__).resolve().parents[2]
PHOTOS = {".jpg", ".jpeg", ".bmp", ".png"}

HEAD = {"iou": 0.999, "score": 1e-4}
PIXELS = {"iou": 0.95, "score": 0.02}
COUNTS_FROM = 0.3


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def ensure_environment(folder):
    """Starts this program again in the environment that has its packages."""
    python = folder / "bin" / "python"
    if Path(sys.prefix) == folder:
        return
    if not python.exists():
        skip(f"{folder} is not there: run scripts/setup --tests")
    os.execv(python, [str(python), *sys.argv])


def model_of(card):
    """The weights in the user's store, as infer::ModelStore finds them."""
    sha256 = re.search(r"^onnx:\s+sha256: ([0-9a-f]{64})$", card.read_text(), re.MULTILINE).group(1)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    store = Path(os.environ.get("OCELLI_MODEL_STORE") or data / "ocelli/models")
    return store / f"{sha256}.onnx"


def run_probe(arguments, model, folder):
    """The card as the probe read it, its detections frame by frame, and the tensors that it fed."""
    import numpy as np

    dump = folder / "tensors"
    command = [arguments.probe, "--card", arguments.card, "--model", model, "--frames", arguments.every, "--dump", dump,
               *arguments.inputs]
    lines = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    card, *frames = (json.loads(line) for line in lines.splitlines())
    shape = (len(frames), 1, 3, card["height"], card["width"])
    return card, frames, np.memmap(dump, np.float32, "r", shape=shape)


def pictures(path, every):
    import reference

    if path.suffix.lower() in PHOTOS:
        return [reference.load_photo(path)]
    return reference.load_frames(path, every)


def as_detections(frame):
    import numpy as np
    import reference

    found = frame["detections"]
    boxes = np.array([item["box"] for item in found], float).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return reference.Detections(boxes, np.array([item["score"] for item in found], float),
                                np.array([item["class"] for item in found], int))


class Comparison:
    """Partners of one picture's two sets of boxes: same class, one to one, best overlap first."""

    def __init__(self, ours, theirs, counts_from):
        import reference

        overlap = reference.iou(ours.boxes, theirs.boxes)
        overlap[ours.classes[:, None] != theirs.classes[None]] = 0
        self.count = 0
        self.worst_iou, self.worst_score = 1.0, 0.0
        self.alone = []
        partners = {}
        while overlap.size and overlap.max() > 0.5:
            one, other = divmod(int(overlap.argmax()), overlap.shape[1])
            partners[one] = (other, overlap[one, other])
            overlap[one, :], overlap[:, other] = 0, 0
        for one, (other, value) in partners.items():
            if max(ours.scores[one], theirs.scores[other]) <= counts_from:
                continue
            self.count += 1
            self.worst_iou = min(self.worst_iou, value)
            self.worst_score = max(self.worst_score, abs(ours.scores[one] - theirs.scores[other]))
        taken = {other for other, _ in partners.values()}
        for who, side, matched in (("ours", ours, partners), ("reference", theirs, taken)):
            for index, score in enumerate(side.scores):
                if index not in matched and score > counts_from:
                    self.alone.append(f"{who} alone: class {side.classes[index]} score {score:.4f} "
                                      f"box {side.boxes[index].round(1).tolist()}")

    def passes(self, limits):
        return not self.alone and self.worst_iou >= limits["iou"] and self.worst_score <= limits["score"]

    def columns(self):
        return f"{self.count:5d} {self.worst_iou:9.5f} {self.worst_score:9.6f}"


def compare(name, frame, fed, picture, model):
    """Prints one line of the table; true when both comparisons pass."""
    import numpy as np

    ours = as_detections(frame)
    from_pixels, tensor, place = model.detect(picture)
    if picture.shape[:2] != (frame["height"], frame["width"]):
        print(f"{name}: the decoders disagree on the size")
        return False
    from_tensor = model.detect_in_tensor(np.array(fed), place, frame["width"], frame["height"])
    # A score on the threshold itself may fall to either side of it.
    head = Comparison(ours, from_tensor, model.card["score_threshold"] + HEAD["score"])
    pixels = Comparison(ours, from_pixels, COUNTS_FROM)
    levels = float(np.abs(fed - tensor).mean() * 255)
    good = head.passes(HEAD) and pixels.passes(PIXELS)
    print(f"{name:24} {head.columns()}   {pixels.columns()}   {levels:6.3f}   {'' if good else 'FAILED'}")
    for line in [f"  head: {text}" for text in head.alone] + [f"  pixels: {text}" for text in pixels.alone]:
        print(line)
    return good


def main():
    parser = argparse.ArgumentParser(description="Compares the product's detections with an independent implementation.")
    parser.add_argument("--probe", type=Path, required=True)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--environment", type=Path, default=ROOT / ".deps/accuracy")
    parser.add_argument("inputs", type=Path, nargs="+", metavar="INPUT")
    arguments = parser.parse_args()
    ensure_environment(arguments.environment.resolve())
    model_file = model_of(arguments.card)
    if not model_file.exists():
        skip(f"{model_file} is not there: ocelli models pull yolov8n --accept-licence")
    for path in arguments.inputs:
        if not path.exists():
            skip(f"{path} is not there")

    import reference

    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        card, frames, tensors = run_probe(arguments, model_file, Path(folder))
        model = reference.Reference(model_file, card)
        print(f"filter {card['filter']}, input {card['width']}x{card['height']}; levels: mean difference of the input "
              "tensors, of 255")
        print(f"{'':24} {'---------- head ---------':>25}   {'--------- pixels --------':>25}")
        titles = f"{'boxes':>5} {'least IoU':>9} {'score off':>9}"
        print(f"{'picture':24} {titles}   {titles}   {'levels':>6}")
        results = zip(frames, tensors, strict=True)
        for path in arguments.inputs:
            for index, picture in enumerate(pictures(path, arguments.every)):
                frame, fed = next(results)
                name = path.name if path.suffix.lower() in PHOTOS else f"{path.name} {index * arguments.every}"
                failed += not compare(name, frame, fed, picture, model)
        if next(results, None) is not None:
            print("the product decoded more pictures than the reference")
            failed += 1
    print(f"{len(frames)} pictures, {failed} beyond the limits")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
