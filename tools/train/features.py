"""What a track's boxes say at each step: the same numbers as src/infer/behaviour_features.cc, from whole recordings.

A test (tests/accuracy/behaviour_test.py) holds the two within 1e-5. docs/behaviour.md lists the features with their units.
"""

from dataclasses import dataclass

import numpy as np

STEP_NS = 200_000_000
MOST_GAP_NS = 1_000_000_000
STEP_S = STEP_NS / 1e9
REFERENCE_SHARE = 0.0328  # of a new height in the reference height: a time constant of six seconds
FARTHEST = 8.0  # body heights to a neighbour who still is one
NEAR = 2.0
AROUND = 4.0
MOST_SPEED = 10.0

FEATURES = (
    "speed_0.4s", "speed_1s", "speed_3s", "straightness_3s", "path_speed_3s", "displacement_10s",
    "velocity_x", "velocity_y", "acceleration", "turn",
    "log_aspect", "log_height", "height_rate_0.4s", "height_rate_3s",
    "neighbour_distance", "neighbour_second", "neighbour_speed", "neighbour_closing",
    "neighbours_near", "neighbours_aligned", "crowd_speed", "unseen", "age",
)


@dataclass
class Segment:
    """A track's steps without a break."""

    track: int
    first_step: int  # its time is first_step × STEP_NS
    values: np.ndarray  # [step, feature] float32


def sample(recording):
    """Boxes at the steps: track → rows of (step, left, top, width, height, unseen seconds, 1 where a segment begins)."""
    seen = {}
    for time, boxes in zip(recording.frame_ns, recording.boxes):
        for track, *box in boxes:
            box = np.asarray(box, np.float32).astype(float)
            if np.isfinite(box).all() and box[2] > 0 and box[3] > 0:
                seen.setdefault(track, []).append((time, box))
    frames = np.asarray(recording.frame_ns, np.int64)
    steps = np.arange(-(-frames[0] // STEP_NS), frames[-1] // STEP_NS + 1)
    due = frames[np.searchsorted(frames, steps * STEP_NS)]  # the frame at which a step is computed
    return {track: sample_track(rows, steps, due) for track, rows in seen.items()}


def sample_track(rows, steps, due):
    times = np.array([time for time, _ in rows], np.int64)
    boxes = np.array([box for _, box in rows])
    begin, end = np.searchsorted(due, times[0]), np.searchsorted(steps * STEP_NS, times[-1] + MOST_GAP_NS, "right")
    sights = np.concatenate([[0], np.cumsum(np.diff(times) > MOST_GAP_NS)])  # counts the times that it came into sight
    result, last_sight = [], -1
    for step, frame in zip(steps[begin:end], due[begin:end]):
        at = step * STEP_NS
        after = np.searchsorted(times, at)
        here = after < len(times) and times[after] == frame
        before = after - 1
        sight = sights[before]
        if here and frame == at:
            box, unseen, sight = boxes[after], 0.0, sights[after]
        elif here and before >= 0 and frame - times[before] <= MOST_GAP_NS:
            share = (at - times[before]) / (frame - times[before])
            box, unseen = boxes[before] + share * (boxes[after] - boxes[before]), 0.0
        elif not here and before >= 0 and at - times[before] <= MOST_GAP_NS:
            box, unseen = boxes[before], (at - times[before]) / 1e9
        else:
            continue
        result.append((step, *box, unseen, float(sight != last_sight)))
        last_sight = sight
    return np.array(result).reshape(-1, 7)


def split(samples):
    """Segments as (track, first step, rows of left, top, width, height, unseen)."""
    for track in sorted(samples):
        rows = samples[track]
        begins = np.flatnonzero(rows[:, 6]).tolist() + [len(rows)]
        for begin, end in zip(begins, begins[1:]):
            yield track, int(rows[begin, 0]), rows[begin:end, 1:6]


def lagged(values, lag):
    """values[n - lag], or the first one where there is none so old, and how many steps old it is."""
    ages = np.minimum(np.arange(len(values)), lag)
    return values[np.arange(len(values)) - ages], ages


def rate(values, lag):
    """Change per second over `lag` steps, as far as there are that many."""
    old, ages = lagged(values, lag)
    seconds = np.maximum(ages, 1) * STEP_S
    return (values - old) / (seconds[:, None] if values.ndim == 2 else seconds)


def reference_heights(heights):
    result = np.empty_like(heights)
    reference = 0.0
    for index, height in enumerate(heights):
        reference += max(1 / (index + 1), REFERENCE_SHARE) * (height - reference)
        result[index] = reference
    return result


def length(vectors):
    return np.hypot(vectors[..., 0], vectors[..., 1])


def own_features(rows):
    """Of a segment's own boxes: values [step, feature] without the neighbours', feet, velocities, reference heights."""
    left, top, width, height, unseen = rows.T
    feet = np.stack([left + width / 2, top + height], axis=-1)
    count = np.arange(len(rows))
    reference = reference_heights(height)
    log_height = np.log(height)
    velocity = rate(feet, 2)
    path, back = np.zeros(len(rows)), np.minimum(count // 3, 5) * 3
    for part in range(5):
        newer, older = count - 3 * part, count - 3 * part - 3
        path += np.where(older >= 0, length(feet[np.maximum(newer, 0)] - feet[np.maximum(older, 0)]), 0)
    straight = length(feet - feet[count - back])
    before, _ = lagged(velocity, 2)
    a, b = feet - lagged(feet, 3)[0], lagged(feet, 3)[0] - lagged(feet, 6)[0]
    angle = np.arctan2(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]), (a * b).sum(axis=-1)) / np.pi
    slower = np.minimum(length(a), length(b))
    speed = lambda lag: np.minimum(length(rate(feet, lag)) / reference, MOST_SPEED)
    values = [
        speed(2), speed(5), speed(15),
        straight / (path + 0.05 * reference),
        np.minimum(path / (np.maximum(back, 1) * STEP_S * reference), MOST_SPEED),
        np.minimum(length(feet - lagged(feet, 50)[0]) / reference, 20),
        np.clip(velocity[:, 0] / reference, -MOST_SPEED, MOST_SPEED),
        np.clip(velocity[:, 1] / reference, -MOST_SPEED, MOST_SPEED),
        np.where(count >= 4, np.minimum(length(velocity - before) / (0.4 * reference), 5 * MOST_SPEED), 0),
        np.where(count >= 6, angle * slower / (slower + 0.2 * reference), 0),
        np.log(width / height),
        log_height - np.log(reference),
        np.clip(rate(log_height, 2), -MOST_SPEED, MOST_SPEED),
        np.clip(rate(log_height, 15), -MOST_SPEED, MOST_SPEED),
    ]
    return np.stack(values, axis=-1), feet, rate(feet, 5), reference, unseen, np.minimum(count * STEP_S, 10)


def neighbour_features(feet, velocity, reference):
    """Of everybody in one step, [person, feature]."""
    people = len(feet)
    way = feet[None] - feet[:, None]
    distance = length(way) / reference[:, None]
    np.fill_diagonal(distance, np.inf)
    speed = np.minimum(length(velocity) / reference, MOST_SPEED)
    values = np.zeros((people, 7))
    values[:, :2] = FARTHEST
    if people == 1:
        return values
    everybody = np.arange(people)
    order = np.argsort(distance, axis=1, kind="stable")
    near, around = distance <= NEAR, distance <= AROUND
    first = order[:, 0]
    nearest = distance[everybody, first]
    direction = way[everybody, first] / np.maximum(length(way[everybody, first]), 1e-6)[:, None]
    relative = (velocity - velocity[first]) / reference[:, None]
    is_near = nearest <= FARTHEST
    values[:, 0] = np.minimum(nearest, FARTHEST)
    values[:, 2] = is_near * np.minimum(length(relative), MOST_SPEED)
    values[:, 3] = is_near * np.clip((direction * relative).sum(axis=-1), -MOST_SPEED, MOST_SPEED)
    values[:, 4] = np.minimum(near.sum(axis=1), 8)
    values[:, 6] = (around * speed).sum(axis=1) / np.maximum(around.sum(axis=1), 1)
    if people > 2:
        second = order[:, 1]
        distant = distance[everybody, second]
        other = way[everybody, second] / np.maximum(length(way[everybody, second]), 1e-6)[:, None]
        values[:, 1] = np.minimum(distant, FARTHEST)
        values[:, 5] = (distant <= AROUND) * (direction * other).sum(axis=-1)
    return values


def compute(recording):
    """All segments of a recording, in the order of their tracks."""
    segments, steps = [], {}
    for track, first, rows in split(sample(recording)):
        own, feet, velocity, reference, unseen, age = own_features(rows)
        values = np.concatenate([own, np.zeros((len(rows), 7)), unseen[:, None], age[:, None]], axis=-1)
        segments.append(Segment(track, first, values))
        for index in range(len(rows)):
            steps.setdefault(first + index, []).append((len(segments) - 1, index, feet[index], velocity[index], reference[index]))
    for present in steps.values():
        feet, velocity, reference = (np.array([entry[i] for entry in present]) for i in (2, 3, 4))
        for entry, values in zip(present, neighbour_features(feet, velocity, reference)):
            segments[entry[0]].values[entry[1], 14:21] = values
    for segment in segments:
        segment.values = segment.values.astype(np.float32)
    return segments
