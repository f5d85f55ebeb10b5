#!/usr/bin/env python3
"""Compares what the product reads with the rapidocr Python package on the same pictures, weights and threads.

    text_test.py --probe PROGRAM --cards FOLDER --shared FOLDER [--environment FOLDER] [--threads N] [--runs N]

Needs, and skips visibly (exit code 77) without: the pictures of SHARED/data/ocr with truth.json, SHARED/data/eval/score_ocr.py,
and an environment with text_requirements.txt, whose rapidocr package also holds the weights:

    python3 -m venv .deps/text && .deps/text/bin/pip install --no-deps --require-hashes -r tests/accuracy/text_requirements.txt

Fails when a line that the package reads as it stands in truth.json is not read, when fewer such lines are found in all than
by the package, or when the product is not FASTER times as fast. Each picture's time is the least of the runs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environment

FASTER = 1.3


def read_with_package(pictures, threads, runs):
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                              "EngineConfig.onnxruntime.inter_op_num_threads": 1})
    lines, seconds = {}, {}
    for path in pictures:
        for _ in range(runs):
            begin = time.perf_counter()
            result = engine(str(path))
            took = time.perf_counter() - begin
            seconds[path.name] = min(took, seconds.get(path.name, took))
        lines[path.name] = list(result.txts or [])
    return lines, seconds


def read_with_product(arguments, pictures):
    import rapidocr

    weights = Path(rapidocr.__file__).parent / "models"
    command = [arguments.probe, "--cards", arguments.cards, "--weights", weights, "--threads", arguments.threads, "--runs",
               arguments.runs, *pictures]
    output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    results = [json.loads(line) for line in output.splitlines()]
    return ({result["file"]: [line["text"] for line in result["lines"]] for result in results},
            {result["file"]: result["ms"] / 1000 for result in results})


def score(shared, lines, name):
    """Prints the table of score_ocr.py; truth lines found, by file and, as "all", in all."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(lines, file)
        file.flush()
        table = subprocess.run([sys.executable, shared / "data/eval/score_ocr.py", shared / "data/ocr", file.name],
                               check=True, stdout=subprocess.PIPE, text=True).stdout
    print(f"--- {name}\n{table}")
    return {row.split()[0]: int(row.split()[1].split("/")[0]) for row in table.splitlines()}


def main():
    parser = argparse.ArgumentParser(description="Compares what the product reads with the rapidocr Python package.")
    parser.add_argument("--probe", type=Path, required=True)
    parser.add_argument("--cards", type=Path, required=True)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--environment", type=Path, default=environment.ROOT / ".deps/text")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args()
    truth = arguments.shared / "data/ocr/truth.json"
    if not truth.exists():
        environment.skip(f"{truth} is not there")
    environment.ensure(arguments.environment.absolute(), "see the head of text_test.py")

    pictures = [truth.parent / item["file"] for item in json.loads(truth.read_text())]
    their_lines, their_seconds = read_with_package(pictures, arguments.threads, arguments.runs)
    our_lines, our_seconds = read_with_product(arguments, pictures)
    theirs, ours = score(arguments.shared, their_lines, "package"), score(arguments.shared, our_lines, "product")
    print(f"{'picture':36} {'package':>8} {'product':>8} {'times':>6}")
    for name in our_seconds:
        same = "" if sorted(our_lines[name]) == sorted(their_lines[name]) else "  text differs"
        print(f"{name:36} {their_seconds[name]:7.2f}s {our_seconds[name]:7.2f}s {their_seconds[name] / our_seconds[name]:6.2f}{same}")
    ratio = sum(their_seconds.values()) / sum(our_seconds.values())
    print(f"in all: {ratio:.2f} times as fast as the package, {arguments.threads} threads; lines found {ours['all']}, "
          f"by the package {theirs['all']}")
    worse = [name for name in theirs if ours[name] < theirs[name]]
    for name in worse:
        print(f"FAILED: {name}: the package finds more lines")
    if ratio < FASTER:
        print(f"FAILED: less than {FASTER} times as fast")
    return 1 if worse or ratio < FASTER else 0


if __name__ == "__main__":
    sys.exit(main())
