"""The tasks written a second time, with numpy, ONNX Runtime and Pillow: what the product is compared with.

Plain rather than fast, and from the definitions rather than from the product's code. Pictures are float32 arrays
[height, width, 3], RGB, 0..255. Boxes are left, top, right, bottom in source pixels.
"""

import subprocess
from typing import NamedTuple

import numpy as np
import onnxruntime
from PIL import Image

# Where a stream does not say its matrix, our decoder takes BT.709 from here on, as makers of cameras do.
HIGH_DEFINITION_LINES = 720
MAX_DETECTIONS = 300


class Detections(NamedTuple):
    boxes: np.ndarray  # [n, 4]
    scores: np.ndarray  # [n]
    classes: np.ndarray  # [n]


class Placement(NamedTuple):
    """Where the scaled picture lies in the canvas, in canvas pixels."""

    left: int
    top: int
    width: int
    height: int


# --- Pictures ---------------------------------------------------------------------------------------------------------


def load_photo(path):
    with Image.open(path) as photo:
        return np.asarray(photo.convert("RGB"), np.float32)


def video_stream(path):
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
               "stream=width,height,color_space,color_range,pix_fmt", "-of", "default=noprint_wrappers=1", str(path)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in shown.split())


def colours(luma, blue_difference, red_difference, stream):
    """Samples as decoded, chroma at the luma's size already, → RGB. ITU-R BT.601-7 2.5 and BT.709-6 3, 8 bits."""
    full = stream.get("color_range") == "pc" or stream["pix_fmt"].startswith("yuvj")
    matrix = stream.get("color_space", "unknown")
    if matrix == "unknown" and not full and int(stream["height"]) >= HIGH_DEFINITION_LINES:
        matrix = "bt709"
    red_share, blue_share = (0.2126, 0.0722) if matrix == "bt709" else (0.299, 0.114)
    y = luma / 255 if full else (luma - 16) / 219
    chroma_levels = 255 if full else 224
    red = y + 2 * (1 - red_share) * (red_difference - 128) / chroma_levels
    blue = y + 2 * (1 - blue_share) * (blue_difference - 128) / chroma_levels
    green = (y - red_share * red - blue_share * blue) / (1 - red_share - blue_share)
    return np.clip(255 * np.stack([red, green, blue], axis=2), 0, 255).astype(np.float32)


def load_frames(path, every):
    """Frames 0, every, 2 × every … of a clip, decoded by the ffmpeg program.

    The planes are taken as decoded and made RGB here, in floating point, with chroma enlarged bilinearly from the middle
    of its 2×2 pixels, as our product is documented to do. ffmpeg's own conversion to 8-bit RGB differs by .1 to .4 levels
    on average through its rounding and chroma filter, and the network is so sharp that this alone moves the scores of
    weak boxes by up to .06.
    """
    stream = video_stream(path)
    if stream["pix_fmt"] not in ("yuv420p", "yuvj420p"):
        raise ValueError(f"{path}: pixel format {stream['pix_fmt']} is not known here")
    width, height = int(stream["width"]), int(stream["height"])
    chroma_width, chroma_height = (width + 1) // 2, (height + 1) // 2
    sizes = [height * width, chroma_height * chroma_width, chroma_height * chroma_width]
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", f"select='not(mod(n,{every}))'", "-fps_mode",
               "passthrough", "-pix_fmt", stream["pix_fmt"], "-f", "rawvideo", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as decoder:
        while data := decoder.stdout.read(sum(sizes)):
            luma, *chroma = np.split(np.frombuffer(data, np.uint8).astype(np.float64), np.cumsum(sizes)[:-1])
            rows = bilinear_weights(height / 2, chroma_height, height)
            columns = bilinear_weights(width / 2, chroma_width, width)
            chroma = [rows @ plane.reshape(chroma_height, chroma_width) @ columns.T for plane in chroma]
            yield colours(luma.reshape(height, width), *chroma, stream)
    if decoder.returncode != 0:
        raise RuntimeError(f"ffmpeg could not decode {path}")


# --- Scaling ----------------------------------------------------------------------------------------------------------


def area_weights(source, target):
    """[target, source]: the share of each source pixel in what a target pixel covers. For shrinking."""
    edges = np.arange(target + 1) * (source / target)
    low, high = edges[:-1, None], edges[1:, None]
    pixel = np.arange(source)[None]
    covered = np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0, None)
    return covered / covered.sum(axis=1, keepdims=True)


def bilinear_weights(extent, source, target):
    """[target, source]: the two pixels nearest to the target pixel's centre. The target covers `extent` source pixels:
    all of them, unless the last chroma sample reaches beyond a picture of odd size."""
    centre = np.clip((np.arange(target) + 0.5) * (extent / target) - 0.5, 0, source - 1)
    return np.clip(1 - np.abs(centre[:, None] - np.arange(source)[None]), 0, None)


def weights(source, target, filter_name):
    if filter_name == "area" and target <= source:
        return area_weights(source, target)
    return bilinear_weights(source, source, target)


def resize(picture, width, height, filter_name):
    rows = weights(picture.shape[0], height, filter_name).astype(np.float32)
    columns = weights(picture.shape[1], width, filter_name).astype(np.float32)
    return np.stack([rows @ picture[:, :, channel] @ columns.T for channel in range(3)], axis=2)


def place_of(source_width, source_height, card):
    width, height = card["width"], card["height"]
    if card["fit"] == "stretch":
        return Placement(0, 0, width, height)
    scale = min(width / source_width, height / source_height)
    content_width, content_height = int(source_width * scale + 0.5), int(source_height * scale + 0.5)
    if card["fit"] == "top_left":
        return Placement(0, 0, content_width, content_height)
    return Placement((width - content_width) // 2, (height - content_height) // 2, content_width, content_height)


def canvas_of(picture, card):
    """The picture as the model is to see it, [height, width, 3] in 0..255, and where it lies in it."""
    place = place_of(picture.shape[1], picture.shape[0], card)
    canvas = np.full((card["height"], card["width"], 3), card["pad"], np.float32)
    canvas[place.top : place.top + place.height, place.left : place.left + place.width] = resize(
        picture, place.width, place.height, card["filter"])
    return canvas, place


def tensor_of(canvas, card):
    """The model's input: channels in its order, in its range, layout and type."""
    if card["channels"] == "bgr":
        canvas = canvas[:, :, ::-1]
    if card["element"] == "uint8":
        canvas = np.rint(canvas).astype(np.uint8)
    else:
        canvas = (canvas * np.float32(card["scale"]) - np.float32(card["mean"])) / np.float32(card["deviation"])
    if not card["interleaved"]:
        canvas = canvas.transpose(2, 0, 1)
    return np.ascontiguousarray(canvas[None])


def cut(picture, region):
    """left, top, width, height: whole pixels."""
    left, top, width, height = region
    return picture[top : top + height, left : left + width]


# --- Boxes ------------------------------------------------------------------------------------------------------------


def iou(one, other):
    """[len(one), len(other)]"""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=2)
    area = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (one, other)]
    return common / np.maximum(area[0][:, None] + area[1][None] - common, 1e-12)


def suppress(boxes, scores, classes, limit):
    """Indices that survive: per class, a box yields to a better one that it overlaps by more than `limit`."""
    order = np.argsort(-scores, kind="stable")
    hides = (iou(boxes, boxes) > limit) & (classes[:, None] == classes[None])
    alive = np.ones(len(order), bool)
    kept = []
    for index in order:
        if alive[index]:
            kept.append(index)
            alive &= ~hides[index]
    return np.array(kept[:MAX_DETECTIONS], int)


def yolov8_boxes(output):
    """[1, 4 + classes, anchors] → centres, sizes, and a score for each class."""
    columns = output[0].T.astype(np.float64)
    return columns[:, 0:2], columns[:, 2:4], columns[:, 4:]


def yolox_boxes(output, card):
    """[1, cells, 5 + classes], the raw grids of strides 8, 16 and 32, row by row, → the same."""
    rows = output[0].astype(np.float64)
    cells, strides = [], []
    for stride in (8, 16, 32):
        grid = np.mgrid[: card["height"] // stride, : card["width"] // stride]
        cells.append(grid[::-1].reshape(2, -1).T)
        strides.append(np.full((grid[0].size, 1), stride))
    cells, strides = np.concatenate(cells), np.concatenate(strides)
    return (rows[:, 0:2] + cells) * strides, np.exp(rows[:, 2:4]) * strides, rows[:, 4:5] * rows[:, 5:]


def decode(output, card, place, source_width, source_height):
    """A model's output → Detections in source pixels."""
    centre, size, scores = yolov8_boxes(output) if card["layout"] == "yolov8" else yolox_boxes(output, card)
    scores, classes = scores.max(axis=1), scores.argmax(axis=1)
    passing = scores >= card["score_threshold"]
    centre, size = centre[passing], size[passing]
    scores, classes = scores[passing], classes[passing]
    boxes = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
    kept = suppress(boxes, scores, classes, card["nms_iou"])
    factor = np.array([place.width / source_width, place.height / source_height] * 2)
    boxes = (boxes[kept] - [place.left, place.top, place.left, place.top]) / factor
    boxes = np.clip(boxes, 0, [source_width, source_height] * 2)
    return Detections(boxes, scores[kept], classes[kept])


def probabilities(output, card):
    """[1, classes] → one number a class."""
    values = output[0].astype(np.float64) * card["output_scale"]
    if card["layout"] == "probabilities":
        return values
    shares = np.exp(values - values.max())
    return shares / shares.sum()


def direction(output):
    """[1, length] → the same with length 1."""
    vector = output[0].astype(np.float64)
    return vector / np.linalg.norm(vector)


class Reference:
    """The model on ONNX Runtime in Python. `card` is the first line that task_probe prints."""

    def __init__(self, model, card):
        self.card = card
        self.session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])

    def run(self, tensor):
        (output,) = self.session.run(None, {self.session.get_inputs()[0].name: tensor})
        return output

    def tensor(self, picture):
        canvas, _ = canvas_of(picture, self.card)
        return tensor_of(canvas, self.card)

    def detect_in_tensor(self, tensor, source_width, source_height):
        place = place_of(source_width, source_height, self.card)
        return decode(self.run(tensor), self.card, place, source_width, source_height)

    def classify_tensor(self, tensor):
        return probabilities(self.run(tensor), self.card)

    def embed_tensor(self, tensor):
        return direction(self.run(tensor))
