#!/usr/bin/env python3
"""Which resize filter finds more: area-averaging or bilinear, by truth.

    python3 -m venv env && env/bin/pip install --require-hashes -r bench/resize_accuracy.requirements.txt
    env/bin/python bench/resize_accuracy.py --truth gt.txt [--photo bus.jpg …]

The clip is vtest.avi (scripts/clip), 768x576, which is sequence PETS09-S2L1 of the MOT15 benchmark; `--truth` is its
gt.txt. The network is built with smaller and smaller inputs, so that the same picture is shrunk 1.2 to 6 times; every
frame is looked at with both filters by the product's own chain (tests/accuracy/task_probe), and scored as COCO does,
for persons. The filters' scores are also compared box by box, on the clip and on the photos. Four minutes on two cores.
"""

import argparse
import contextlib
import io
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/accuracy"))
import reference  # noqa: E402

CARD = ROOT / "models/yolov8n.yaml"
FILTERS = ("area", "bilinear")
CLIP_WIDTH = 768
PERSON = 0
LEAST_SCORE = 0.01  # average precision wants the weak boxes too
COUNTS_FROM = 0.3
STRETCHES = 16  # of 5 s each
RESAMPLES = 200


def checkpoint_file():
    sha256 = re.search(r"^checkpoint:\s+sha256: ([0-9a-f]{64})$", CARD.read_text(), re.MULTILINE).group(1)
    return Path.home() / ".local/share/ocelli/models/downloads" / sha256


def build_model(checkpoint, size, folder):
    model = folder / f"{size}.onnx"
    converter = ROOT / "models/convert/yolov8_to_onnx.py"
    subprocess.run([sys.executable, converter, "--size", str(size), checkpoint, model], check=True)
    return model


def detect(probe, model, size, filter_name, every, inputs):
    """One list of detections per picture."""
    command = [probe, "--card", CARD, "--model", model, "--size", size, "--filter", filter_name, "--score", LEAST_SCORE,
               "--frames", every, *inputs]
    lines = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()[1:]]


def read_truth(path, frames):
    """COCO's form of the people in these frames. Frame k of the clip, from 0, is frame k + 1 of the file."""
    rows = np.loadtxt(path, delimiter=",")
    boxes = [{"id": number + 1, "image_id": int(row[0]) - 1, "category_id": PERSON, "bbox": row[2:6].tolist(),
              "area": float(row[4] * row[5]), "iscrowd": 0}
             for number, row in enumerate(rows) if row[6] and int(row[0]) - 1 in frames]
    truth = COCO()
    truth.dataset = {"info": {}, "images": [{"id": frame} for frame in sorted(frames)], "annotations": boxes,
                     "categories": [{"id": PERSON, "name": "person"}]}
    truth.createIndex()
    return truth


class Evaluation:
    """COCO's average precision for persons, over all frames or over any choice of them with repetition."""

    def __init__(self, truth, pictures):
        found = [{"image_id": picture["frame"], "category_id": PERSON, "bbox": item["box"], "score": item["score"]}
                 for picture in pictures for item in picture["detections"] if item["class"] == PERSON]
        self.coco = COCOeval(truth, truth.loadRes(found), "bbox")
        self.coco.params.areaRng, self.coco.params.areaRngLbl = [[0, 1e10]], ["all"]
        self.coco.params.maxDets = [100]
        self.coco.evaluate()
        self.by_frame = list(self.coco.evalImgs)

    def precision(self, frames):
        """AP@.5 and AP@[.5:.95] of the frames with these positions."""
        self.coco.evalImgs = [self.by_frame[frame] for frame in frames]
        self.coco.params.imgIds = self.coco._paramsEval.imgIds = list(range(len(frames)))
        self.coco.accumulate()
        precision = self.coco.eval["precision"]
        return np.array([precision[0].mean(), precision.mean()])


def compare_precision(truth, found):
    """Average precisions by filter, their difference, and its standard error: whole stretches of frames are drawn anew,
    since neighbours show the same people."""
    evaluations = [Evaluation(truth, found[name]) for name in FILTERS]
    count = len(found["area"])
    whole = [evaluation.precision(range(count)) for evaluation in evaluations]
    stretches = np.array_split(np.arange(count), STRETCHES)
    draw = np.random.default_rng(1)
    differences = []
    for _ in range(RESAMPLES):
        frames = np.concatenate([stretches[k] for k in draw.integers(0, STRETCHES, STRETCHES)])
        area, bilinear = (evaluation.precision(frames) for evaluation in evaluations)
        differences.append(area - bilinear)
    return *whole, whole[0] - whole[1], np.std(differences, axis=0)


def score_differences(pictures, others):
    """|score - score| of boxes of one class that overlap by more than half, where either is over .3."""
    differences = []
    for picture, other in zip(pictures, others, strict=True):
        one, two = (sorted(side["detections"], key=lambda item: -item["score"]) for side in (picture, other))
        corners = [np.array([item["box"] for item in side], float).reshape(-1, 4) for side in (one, two)]
        for boxes in corners:
            boxes[:, 2:] += boxes[:, :2]
        overlap = reference.iou(*corners)
        for index, item in enumerate(one):
            candidates = [k for k in range(len(two)) if two[k]["class"] == item["class"] and overlap[index, k] > 0.5]
            if not candidates:
                continue
            best = max(candidates, key=lambda k: overlap[index, k])
            if max(item["score"], two[best]["score"]) > COUNTS_FROM:
                differences.append(abs(item["score"] - two[best]["score"]))
            overlap[:, best] = 0
    return np.array(differences or [0.0])


def measure(arguments, size, folder):
    """Prints one line of the table."""
    model = build_model(arguments.checkpoint, size, folder)
    found = {name: detect(arguments.probe, model, size, name, arguments.every, [arguments.clip]) for name in FILTERS}
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools talks
        truth = read_truth(arguments.truth, {picture["frame"] for picture in found["area"]})
        area, bilinear, difference, error = compare_precision(truth, found)
    cells = [f"{size:5d} {CLIP_WIDTH / size:7.2f}"]
    for k in range(2):
        cells.append(f"{area[k]:6.3f} {bilinear[k]:9.3f}  {difference[k]:+6.3f} ± {error[k]:.3f}")
    clip = score_differences(found["area"], found["bilinear"])
    cells.append(f"{clip.mean():6.3f} {clip.max():6.3f}")
    if arguments.photo:
        photos = (detect(arguments.probe, model, size, name, 1, arguments.photo) for name in FILTERS)
        cells.append(f"{score_differences(*photos).max():6.3f}")
    print("   ".join(cells), flush=True)


def main():
    parser = argparse.ArgumentParser(description="Which resize filter finds more, by truth.")
    parser.add_argument("--truth", type=Path, required=True, help="gt.txt of MOT15's PETS09-S2L1")
    parser.add_argument("--clip", type=Path, default=ROOT / ".deps/clip/vtest.avi")
    parser.add_argument("--photo", type=Path, action="append", default=[])
    parser.add_argument("--probe", type=Path, default=ROOT / "build/dev/bin/task_probe")
    parser.add_argument("--checkpoint", type=Path, default=checkpoint_file())
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--sizes", type=int, nargs="+", default=[640, 384, 320, 256, 192, 128])
    arguments = parser.parse_args()
    titles = f"{'area':>6} {'bilinear':>9}  {'difference':>14}"
    print(f"{'':13}   {'AP@.5, persons':31}   {'AP@[.5:.95], persons':31}   score differs"
          + ("   photos" if arguments.photo else ""))
    print(f"{'input':>5} {'shrink':>7}   {titles}   {titles}   {'mean':>6} {'max':>6}"
          + (f"   {'max':>6}" if arguments.photo else ""))
    with tempfile.TemporaryDirectory() as folder:
        for size in arguments.sizes:
            measure(arguments, size, Path(folder))


if __name__ == "__main__":
    main()
