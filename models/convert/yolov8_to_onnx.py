#!/usr/bin/env python3
"""Writes a YOLOv8 detection checkpoint as an ONNX model, with numpy and onnx only.

    yolov8_to_onnx.py [--size PIXELS] checkpoint.pt model.onnx

The model takes `images`, float32 [batch, 3, size, size], RGB in 0..1, and gives `output0`, float32
[batch, 4 + classes, anchors]: centre x, centre y, width, height in input pixels, then one score per class.

A checkpoint is a zip with one pickle and one file per tensor storage. Pickles can run code, so this one is read with an
unpickler that knows how to build tensors and plain containers; every other class becomes an empty stand-in that keeps
the attributes. The same checkpoint and size give the same bytes.
"""

import argparse
import collections
import io
import math
import pickle
import sys
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8

STORAGE_TYPES = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class ConversionError(Exception):
    """The checkpoint is not one that this program can convert."""


# --- Reading the checkpoint -------------------------------------------------------------------------------------------


class StandIn:
    """Takes the place of every class that the pickle names: holds its attributes, has no behaviour."""

    def __init__(self, *_arguments, **_keywords):
        pass

    def __setstate__(self, state):
        if isinstance(state, dict):
            self.__dict__.update(state)

    @property
    def kind(self):
        return type(self).__name__

    def part(self, name):
        return self._modules[name]

    def parts(self):
        return list(self._modules.values())


def rebuild_tensor(storage, offset, size, stride, *_unused):
    last = offset + sum((n - 1) * step for n, step in zip(size, stride))
    if min((offset, *size, *stride), default=0) < 0 or (math.prod(size) > 0 and last >= storage.size):
        raise ConversionError("a tensor reaches outside its storage")
    strides = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, strides).copy()


def rebuild_parameter(tensor, *_unused):
    return tensor


class CheckpointUnpickler(pickle.Unpickler):
    """Builds tensors and plain containers; nothing that the file names is imported or called."""

    KNOWN = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("builtins", "set"): set,
        ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
        ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    }

    def __init__(self, archive, root):
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self.archive = archive
        self.root = root

    def find_class(self, module, name):
        if module == "torch" and name in STORAGE_TYPES:
            return STORAGE_TYPES[name]
        return self.KNOWN.get((module, name)) or type(name, (StandIn,), {"__module__": module})

    def persistent_load(self, reference):
        _tag, element_type, key, *_rest = reference
        return np.frombuffer(self.archive.read(f"{self.root}/data/{key}"), element_type)


def read_network(path):
    with zipfile.ZipFile(path) as archive:
        pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ConversionError("not a checkpoint: the archive should hold one data.pkl")
        checkpoint = CheckpointUnpickler(archive, pickles[0].removesuffix("/data.pkl")).load()
    # `ema`, where present, is the averaged network that training meant to be used.
    network = checkpoint.get("ema") or checkpoint.get("model")
    if not isinstance(network, StandIn):
        raise ConversionError("the checkpoint holds no network")
    return network


# --- Building the graph -----------------------------------------------------------------------------------------------


class Graph:
    """Nodes and constants of the model in the order in which they are added; names are numbered, so always the same."""

    def __init__(self):
        self.nodes = []
        self.constants = []

    def constant(self, values, dtype=np.float32):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def integers(self, *values):
        return self.constant(values, np.int64)

    def add(self, operation, inputs, **attributes):
        return self.add_multiple(operation, inputs, 1, **attributes)[0]

    def add_multiple(self, operation, inputs, output_count, **attributes):
        name = f"{operation.lower()}_{len(self.nodes)}"
        outputs = [name] if output_count == 1 else [f"{name}_{index}" for index in range(output_count)]
        self.nodes.append(helper.make_node(operation, inputs, outputs, name=name, **attributes))
        return outputs

    def split_channels(self, value, *sizes):
        return self.add_multiple("Split", [value, self.integers(*sizes)], len(sizes), axis=1)

    def concat_channels(self, values):
        return self.add("Concat", values, axis=1)

    def rename_last(self, name):
        self.nodes[-1].output[0] = name
        return name


def folded_weights(convolution, norm):
    """Weights and bias of a convolution, with the batch normalisation that follows it (or None) multiplied in."""
    weight = convolution._parameters["weight"].astype(np.float64)
    bias = convolution._parameters.get("bias")
    bias = np.zeros(weight.shape[0]) if bias is None else bias.astype(np.float64)
    if norm is None:
        return weight, bias
    scale, shift = (norm._parameters[name].astype(np.float64) for name in ("weight", "bias"))
    mean, variance = (norm._buffers[name].astype(np.float64) for name in ("running_mean", "running_var"))
    factor = scale / np.sqrt(variance + norm.eps)
    return weight * factor[:, None, None, None], (bias - mean) * factor + shift


def add_convolution(graph, convolution, norm, value):
    weight, bias = folded_weights(convolution, norm)
    return graph.add(
        "Conv",
        [value, graph.constant(weight), graph.constant(bias)],
        kernel_shape=convolution.kernel_size,
        strides=convolution.stride,
        pads=(*convolution.padding, *convolution.padding),
        dilations=convolution.dilation,
        group=convolution.groups,
    )


def add_conv_block(graph, layer, value):
    value = add_convolution(graph, layer.part("conv"), layer.part("bn"), value)
    activation = layer.part("act").kind
    if activation == "Identity":
        return value
    if activation != "SiLU":
        raise ConversionError(f"unknown activation {activation}")
    return graph.add("Mul", [value, graph.add("Sigmoid", [value])])


def add_bottleneck(graph, layer, value):
    result = add_conv_block(graph, layer.part("cv2"), add_conv_block(graph, layer.part("cv1"), value))
    return graph.add("Add", [value, result]) if layer.add else result


def add_c2f(graph, layer, value):
    branches = graph.split_channels(add_conv_block(graph, layer.part("cv1"), value), layer.c, layer.c)
    for bottleneck in layer.part("m").parts():
        branches.append(add_bottleneck(graph, bottleneck, branches[-1]))
    return add_conv_block(graph, layer.part("cv2"), graph.concat_channels(branches))


def add_spatial_pyramid(graph, layer, value):
    levels = [add_conv_block(graph, layer.part("cv1"), value)]
    kernel = layer.part("m").kernel_size
    for _ in range(3):
        pooled = graph.add("MaxPool", levels[-1:], kernel_shape=[kernel] * 2, strides=[1, 1], pads=[kernel // 2] * 4)
        levels.append(pooled)
    return add_conv_block(graph, layer.part("cv2"), graph.concat_channels(levels))


def add_upsample(graph, layer, value):
    factor = int(layer.scale_factor)
    if layer.mode != "nearest":
        raise ConversionError(f"unknown upsampling mode {layer.mode}")
    return graph.add(
        "Resize",
        [value, "", graph.constant([1, 1, factor, factor])],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


# --- The detection head -----------------------------------------------------------------------------------------------


def add_head_branch(graph, branch, value):
    for layer in branch.parts():
        if layer.kind == "Conv2d":
            value = add_convolution(graph, layer, None, value)
        else:
            value = add_conv_block(graph, layer, value)
    return value


def anchor_grid(size, strides):
    """Cell centres, [2, anchors] in cells, and the stride of each anchor, [anchors], level by level, row by row."""
    centres, anchor_strides = [], []
    for stride in strides:
        cells = np.arange(size // stride) + 0.5
        rows, columns = np.meshgrid(cells, cells, indexing="ij")
        centres.append(np.stack([columns.ravel(), rows.ravel()]))
        anchor_strides.append(np.full(rows.size, stride))
    return np.concatenate(centres, axis=1), np.concatenate(anchor_strides)


def add_expected_distances(graph, logits, bins):
    """Each box side is a distribution over `bins` distances, in cells; its mean is the prediction: [batch, 4, anchors]."""
    split = graph.add("Reshape", [logits, graph.integers(0, 4, bins, -1)])
    probabilities = graph.add("Softmax", [graph.add("Transpose", [split], perm=[0, 2, 1, 3])], axis=1)
    weights = graph.constant(np.arange(bins).reshape(1, bins, 1, 1))
    means = graph.add("Conv", [probabilities, weights], kernel_shape=[1, 1])
    return graph.add("Reshape", [means, graph.integers(0, 4, -1)])


def add_boxes(graph, distances, centres, anchor_strides):
    """Distances to left, top, right and bottom become centre and size in input pixels."""
    left_top, right_bottom = graph.split_channels(distances, 2, 2)
    centres = graph.constant(centres[None])
    low = graph.add("Sub", [centres, left_top])
    high = graph.add("Add", [centres, right_bottom])
    middle = graph.add("Mul", [graph.add("Add", [low, high]), graph.constant(np.array(0.5))])
    cells = graph.concat_channels([middle, graph.add("Sub", [high, low])])
    return graph.add("Mul", [cells, graph.constant(anchor_strides[None, None])])


def add_detection_head(graph, layer, values, size):
    """Returns the shape of the output, [rows, anchors]."""
    bins, class_count = int(layer.reg_max), int(layer.nc)
    levels = []
    for index, value in enumerate(values):
        boxes = add_head_branch(graph, layer.part("cv2").part(str(index)), value)
        scores = add_head_branch(graph, layer.part("cv3").part(str(index)), value)
        level = graph.concat_channels([boxes, scores])
        levels.append(graph.add("Reshape", [level, graph.integers(0, 4 * bins + class_count, -1)]))
    logits, class_logits = graph.split_channels(graph.add("Concat", levels, axis=2), 4 * bins, class_count)

    centres, anchor_strides = anchor_grid(size, [int(stride) for stride in layer.stride])
    boxes = add_boxes(graph, add_expected_distances(graph, logits, bins), centres, anchor_strides)
    graph.concat_channels([boxes, graph.add("Sigmoid", [class_logits])])
    graph.rename_last("output0")
    return [4 + class_count, anchor_strides.size]


# --- The whole model --------------------------------------------------------------------------------------------------

SIMPLE_LAYERS = {
    "Conv": add_conv_block,
    "C2f": add_c2f,
    "SPPF": add_spatial_pyramid,
    "Upsample": add_upsample,
}


def add_layers(graph, layers, size):
    """Adds all layers; each names where its input comes from, -1 being the layer before it."""
    results = []
    for layer in layers:
        sources = layer.f if isinstance(layer.f, list) else [layer.f]
        inputs = [results[source] if results else "images" for source in sources]
        if layer.kind in SIMPLE_LAYERS:
            results.append(SIMPLE_LAYERS[layer.kind](graph, layer, inputs[0]))
        elif layer.kind == "Concat":
            results.append(graph.concat_channels(inputs))
        elif layer.kind == "Detect":
            return add_detection_head(graph, layer, inputs, size)
        else:
            raise ConversionError(f"unknown layer {layer.kind}: not a YOLOv8 detection network")
    raise ConversionError("the network has no detection head")


def convert(network, size):
    graph = Graph()
    output_shape = add_layers(graph, network.part("model").parts(), size)
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, size, size])
    output = helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", *output_shape])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "yolov8", [images], [output], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="ocelli yolov8_to_onnx",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def input_size(text):
    size = int(text)
    if size < 32 or size > 4096 or size % 32:
        raise argparse.ArgumentTypeError("must be a multiple of 32 from 32 to 4096")
    return size


def main():
    parser = argparse.ArgumentParser(description="Writes a YOLOv8 detection checkpoint as an ONNX model.")
    parser.add_argument("checkpoint")
    parser.add_argument("output")
    parser.add_argument("--size", type=input_size, default=640, help="side of the square input in pixels (default 640)")
    arguments = parser.parse_args()
    try:
        model = convert(read_network(arguments.checkpoint), arguments.size)
        with open(arguments.output, "wb") as file:
            file.write(model.SerializeToString(deterministic=True))
    except (ConversionError, OSError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        sys.exit(f"{arguments.checkpoint}: {error}")
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        sys.exit(f"{arguments.checkpoint}: not a YOLOv8 detection checkpoint ({type(error).__name__}: {error})")


if __name__ == "__main__":
    main()
