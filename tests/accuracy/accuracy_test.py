#!/usr/bin/env python3
"""Compares what the product finds with an independent implementation (reference.py), and prints a table.

    accuracy_test.py --probe PROGRAM --card FILE [--every N] [--region LEFT TOP WIDTH HEIGHT]… [--weights FOLDER]
                     [--environment FOLDER] INPUT…

Two comparisons for each photo, or for every Nth frame of each clip, or for each region of these:

    head    both look at the very tensor that our kernel wrote
    pixels  the reference decodes, cuts and scales for itself, with the card's filter

    detection       head: IoU >= .999, score within .0001; pixels: every box above .3, of either side, has a partner of
                    its class in the other with IoU >= .95 and a score within .02 (YOLOX: .03)
    classification  head: the same classes, scores within .0001; pixels: the same best class, its score within .05
    reid            head: cosine >= .99999; pixels: cosine >= .995; and of all regions of a picture, each is most like
                    the same one cut an eighth narrower

Weights are taken from the user's store, else from a folder, by hash. Exit code 77 (skipped) when an input, the model or the Python environment is not there; 1 when a limit is passed.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import environment

PHOTOS = {".jpg", ".jpeg", ".bmp", ".png"}

HEAD = {"iou": 0.999, "score": 1e-4}
# The raw 0..255 that YOLOX takes make its small network sharper: a fiftieth of a level moved one weak score by .022.
PIXELS = {"yolov8": {"iou": 0.95, "score": 0.02}, "yolox": {"iou": 0.95, "score": 0.03}}
COUNTS_FROM = 0.3


def model_of(card, weights):
    """The weights in the user's store, as infer::ModelStore finds them, else in a folder."""
    sha256 = re.search(r"^onnx:\s+sha256: ([0-9a-f]{64})$", card.read_text(), re.MULTILINE).group(1)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    store = Path(os.environ.get("OCELLI_MODEL_STORE") or data / "ocelli/models")
    stored = store / f"{sha256}.onnx"
    if not stored.exists() and weights:
        for path in sorted(weights.glob("*.onnx")):
            if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
                return path
    return stored


def run_probe(arguments, model, regions, folder):
    """The card as the probe read it, its results line by line, and the tensors that it fed."""
    import numpy as np

    dump = folder / "tensors"
    command = [arguments.probe, "--card", arguments.card, "--model", model, "--frames", arguments.every, "--dump", dump,
               *arguments.inputs]
    for region in regions:
        command += ["--region", *region]
    lines = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    card, *frames = (json.loads(line) for line in lines.splitlines())
    pixels = (card["height"], card["width"])
    shape = (len(frames), 1, *pixels, 3) if card["interleaved"] else (len(frames), 1, 3, *pixels)
    return card, frames, np.memmap(dump, card["element"], "r", shape=shape)


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


def compare_detections(frame, fed, tensor, model):
    """The columns of one line of the table, what to add to it, and whether both comparisons pass."""
    left, top, width, height = frame["region"]
    ours = as_detections(frame)
    ours.boxes[:] -= [left, top, left, top]
    from_tensor = model.detect_in_tensor(fed, width, height)
    from_pixels = model.detect_in_tensor(tensor, width, height)
    # A score on the threshold itself may fall to either side of it.
    head = Comparison(ours, from_tensor, model.card["score_threshold"] + HEAD["score"])
    pixels = Comparison(ours, from_pixels, COUNTS_FROM)
    notes = [f"  head: {text}" for text in head.alone] + [f"  pixels: {text}" for text in pixels.alone]
    return f"{head.columns()}   {pixels.columns()}", notes, head.passes(HEAD) and pixels.passes(PIXELS[model.card["layout"]])


def compare_classes(frame, fed, tensor, model):
    ours = frame["classes"]
    from_tensor, from_pixels = model.classify_tensor(fed), model.classify_tensor(tensor)
    order = sorted(range(len(from_tensor)), key=lambda index: (-from_tensor[index], index))[: len(ours)]
    off = max(abs(item["score"] - from_tensor[item["class"]]) for item in ours)
    best = ours[0]["class"]
    pixels_off = abs(ours[0]["score"] - from_pixels[best])
    same = [item["class"] for item in ours] == order
    good = same and off <= 1e-4 and from_pixels.argmax() == best and pixels_off <= 0.05
    label = model.card["labels"][best]
    return f"{off:25.6f}   {pixels_off:25.6f}", [f"  {ours[0]['score']:.3f} {label}"], good


def compare_embeddings(frame, fed, tensor, model):
    import numpy as np

    ours = np.array(frame["embedding"])
    head, pixels = ours @ model.embed_tensor(fed), ours @ model.embed_tensor(tensor)
    unit = abs(np.linalg.norm(ours) - 1) < 1e-4
    return f"{head:25.6f}   {pixels:25.6f}", [], unit and head >= 0.99999 and pixels >= 0.995


COMPARE = {"detection": compare_detections, "classification": compare_classes, "reid": compare_embeddings}


def compare(name, frame, fed, picture, model):
    """Prints one line of the table; true when both comparisons pass."""
    import numpy as np
    import reference

    if picture.shape[:2] != (frame["height"], frame["width"]):
        print(f"{name}: the decoders disagree on the size")
        return False
    fed = np.array(fed)
    tensor = model.tensor(reference.cut(picture, frame["region"]))
    levels = float(np.abs(fed.astype(np.float64) - tensor).mean())
    levels /= model.card["scale"] if model.card["element"] == "float32" else 1
    columns, notes, good = COMPARE[model.card["task"]](frame, fed, tensor, model)
    print(f"{name:24} {columns}   {levels:6.3f}   {'' if good else 'FAILED'}")
    for note in notes:
        print(note)
    return good


def narrower(region):
    """An eighth narrower, so that the same person is seen a little differently."""
    left, top, width, height = region
    return [left + width / 16, top, width * 7 / 8, height]


def alike(frames, count):
    """True when each of a picture's first regions is most like the same one cut narrower. They come in twos."""
    import numpy as np

    vectors = np.array([frame["embedding"] for frame in frames])
    likeness = vectors[:count] @ vectors[count:].T
    print("cosines of each region and each one cut narrower:")
    print(np.array2string(likeness, precision=3))
    return bool((likeness.argmax(axis=1) == np.arange(count)).all())


def main():
    parser = argparse.ArgumentParser(description="Compares what the product finds with an independent implementation.")
    parser.add_argument("--probe", type=Path, required=True)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--region", dest="regions", type=float, nargs=4, action="append", default=[])
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--environment", type=Path, default=environment.ROOT / ".deps/accuracy")
    parser.add_argument("inputs", type=Path, nargs="+", metavar="INPUT")
    arguments = parser.parse_args()
    environment.ensure(arguments.environment.resolve(), "run scripts/setup --tests")
    model_file = model_of(arguments.card, arguments.weights)
    if not model_file.exists():
        environment.skip(f"{model_file} is not there: ocelli models pull {arguments.card.stem}")
    for path in arguments.inputs:
        if not path.exists():
            environment.skip(f"{path} is not there")

    import reference

    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        reid = 'task: reid' in arguments.card.read_text()
        regions = arguments.regions + ([narrower(region) for region in arguments.regions] if reid else [])
        card, frames, tensors = run_probe(arguments, model_file, regions, Path(folder))
        model = reference.Reference(model_file, card)
        print(f"filter {card['filter']}, input {card['width']}x{card['height']}; levels: mean difference of the input "
              "tensors, of 255")
        print(f"{'':24} {'---------- head ---------':>25}   {'--------- pixels --------':>25}")
        titles = {"detection": f"{'boxes':>5} {'least IoU':>9} {'score off':>9}", "classification": f"{'score off':>25}",
                  "reid": f"{'cosine':>25}"}[card["task"]]
        print(f"{'picture':24} {titles}   {titles}   {'levels':>6}")
        results = zip(frames, tensors, strict=True)
        for path in arguments.inputs:
            for index, picture in enumerate(pictures(path, arguments.every)):
                for _ in regions or [None]:
                    frame, fed = next(results)
                    name = path.name if path.suffix.lower() in PHOTOS else f"{path.name} {index * arguments.every}"
                    failed += not compare(name, frame, fed, picture, model)
        if next(results, None) is not None:
            print("the product decoded more pictures than the reference")
            failed += 1
        if reid and regions:
            failed += not alike(frames, len(arguments.regions))
    print(f"{len(frames)} looks, {failed} beyond the limits")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
