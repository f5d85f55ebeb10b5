"""The temporal convolutional network in PyTorch, and its weights as a safetensors file that infer::Tcn reads.

Bai, Kolter, Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence Modeling", 2018:
causal dilated convolutions in residual blocks of two, with weight normalisation and dropout during training.
"""

import json
import struct

import numpy as np
import torch
from torch import nn
from torch.nn.utils import remove_weight_norm, weight_norm


class Causal(nn.Module):
    """A convolution that sees no step after its own: zeros are put before the first."""

    def __init__(self, inputs, outputs, kernel, dilation):
        super().__init__()
        self.before = (kernel - 1) * dilation
        self.convolution = weight_norm(nn.Conv1d(inputs, outputs, kernel, dilation=dilation))

    def forward(self, x):
        return self.convolution(nn.functional.pad(x, (self.before, 0)))


class Block(nn.Module):
    def __init__(self, inputs, outputs, kernel, dilation, dropout):
        super().__init__()
        self.first = Causal(inputs, outputs, kernel, dilation)
        self.second = Causal(outputs, outputs, kernel, dilation)
        self.adapter = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        inner = self.dropout(torch.relu(self.first(x)))
        outer = self.dropout(torch.relu(self.second(inner)))
        return torch.relu(outer + (x if self.adapter is None else self.adapter(x)))


class Tcn(nn.Module):
    """[batch, feature, step] → logits [batch, class, step]."""

    def __init__(self, spec, dropout=0.0):
        super().__init__()
        self.spec = spec
        self.register_buffer("mean", torch.tensor(spec["mean"], dtype=torch.float32)[:, None])
        self.register_buffer("deviation", torch.tensor(spec["deviation"], dtype=torch.float32)[:, None])
        inputs = [len(spec["features"]), *spec["channels"]]
        self.blocks = nn.ModuleList(Block(*sizes, spec["kernel"], dilation, dropout)
                                    for *sizes, dilation in zip(inputs, spec["channels"], spec["dilations"]))
        self.head = nn.Conv1d(inputs[-1], len(spec["classes"]), 1)

    def forward(self, x):
        x = (x - self.mean) / self.deviation
        for block in self.blocks:
            x = block(x)
        return self.head(x)

    def layers(self):
        """Name in the file → convolution."""
        for index, block in enumerate(self.blocks):
            yield f"blocks.{index}.first", block.first.convolution
            yield f"blocks.{index}.second", block.second.convolution
            if block.adapter is not None:
                yield f"blocks.{index}.adapter", block.adapter
        yield "head", self.head

    def fold(self):
        """Turns normalised weights into plain ones, for good."""
        for _, layer in self.layers():
            if hasattr(layer, "weight_g"):
                remove_weight_norm(layer)
        return self

    def save(self, path, **notes):
        """Of a folded network; `notes` go into the metadata beside it."""
        tensors = {f"{name}.{part}": getattr(layer, part).detach().numpy() for name, layer in self.layers()
                   for part in ("weight", "bias")}
        metadata = {"tcn": json.dumps(self.spec)} | {key: str(value) for key, value in notes.items()}
        header, data = {"__metadata__": metadata}, b""
        for name in sorted(tensors):
            values = np.ascontiguousarray(tensors[name], "<f4").tobytes()
            header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [len(data), len(data) + len(values)]}
            data += values
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load(path):
    """The folded network of a file, and its metadata."""
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8:8 + length])
    metadata = header.pop("__metadata__")
    network = Tcn(json.loads(metadata["tcn"])).fold().eval()
    layers = dict(network.layers())
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(raw[8 + length + begin:8 + length + end], "<f4").reshape(entry["shape"])
        layer, part = name.rsplit(".", 1)
        getattr(layers[layer], part).data = torch.from_numpy(values.copy())
    return network, metadata
