#!/usr/bin/env python3
"""Writes an ONNX model again with 8-bit integer arithmetic (static quantization, QDQ form).

    quantize_qdq.py model.onnx CALIBRATION quantized.onnx

CALIBRATION is a folder of .npy files, one for each run of the model: its only input as the program that will use the
model makes it. From them come the ranges of all tensors, as their least and greatest value. Weights become int8 with a
scale for each channel, activations uint8.

What follows the last learned layer stays as it is: a detector's tail computes with box coordinates of hundreds of pixels
and with scores below 1 in one tensor, of which 256 steps would leave nothing of the scores. It costs hardly any time.
"""

import argparse
import logging
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

LEARNED_OPERATIONS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
# A convolution with fewer weights is arithmetic in disguise, such as the mean over a distribution in YOLOv8's boxes.
LEAST_LEARNED_WEIGHTS = 100


class QuantizationError(Exception):
    """The model or its calibration is not what this program can use."""


class CalibrationFolder(CalibrationDataReader):
    """Gives the folder's tensors one after the other, since all of them would fill the memory."""

    def __init__(self, folder, input_name):
        self.input_name = input_name
        self.files = sorted(pathlib.Path(folder).glob("*.npy"))
        if not self.files:
            raise QuantizationError(f"{folder} holds no .npy file")
        self.remaining = iter(self.files)

    def get_next(self):
        path = next(self.remaining, None)
        return None if path is None else {self.input_name: np.load(path, allow_pickle=False)}


def simplify(source, target):
    """Folds constants and merges nodes without tying the model to this processor. Returns the model."""
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    InferenceSession(source, options, providers=["CPUExecutionProvider"])
    model = onnx.load(target)
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type.lower()}_{number}"
    onnx.save(model, target)
    return model


def only_input(model):
    constants = {constant.name for constant in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise QuantizationError(f"the model has {len(inputs)} inputs; one is needed")
    return inputs[0]


def nodes_after_the_last_learned_layer(model):
    """Names of the nodes whose results no learned layer uses, not even through others."""
    weights = {constant.name: int(np.prod(constant.dims)) for constant in model.graph.initializer}

    def is_learned(node):
        return node.op_type in LEARNED_OPERATIONS and any(
            weights.get(name, 0) >= LEAST_LEARNED_WEIGHTS for name in node.input
        )

    tail = []
    used_by_learned = set()
    for node in reversed(model.graph.node):  # ONNX lists nodes in the order of computation
        if is_learned(node) or used_by_learned.intersection(node.output):
            used_by_learned.update(node.input)
        else:
            tail.append(node.name)
    if len(tail) == len(model.graph.node):
        raise QuantizationError("the model has no learned layer to quantize")
    return tail


def quantize(source, calibration, target):
    with tempfile.TemporaryDirectory() as scratch:
        simplified = pathlib.Path(scratch) / "simplified.onnx"
        model = simplify(source, simplified)
        quantize_static(
            simplified,
            target,
            CalibrationFolder(calibration, only_input(model)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=nodes_after_the_last_learned_layer(model),
            calibrate_method=CalibrationMethod.MinMax,
        )


def main():
    parser = argparse.ArgumentParser(description="Writes an ONNX model again with 8-bit integer arithmetic.")
    parser.add_argument("model")
    parser.add_argument("calibration", help="folder of .npy files")
    parser.add_argument("output")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # advice for whoever calls the library by hand
    try:
        quantize(arguments.model, arguments.calibration, arguments.output)
    except Exception as error:  # whatever the runtime throws, the caller shows the last line
        sys.exit(f"{arguments.model}: {' '.join(str(error).split()) or type(error).__name__}")


if __name__ == "__main__":
    main()
