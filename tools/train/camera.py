"""Cameras over a ground plane: where a person's body appears in the picture.

Metres, seconds, pixels. The world's x goes right, y away from the camera's foot, z up; the ground is z = 0.
"""

from dataclasses import dataclass

import numpy as np

ANGLES = np.linspace(0, 2 * np.pi, 8, endpoint=False)


@dataclass(frozen=True)
class Camera:
    height_m: float
    distance_m: float  # of the point on the ground that the picture's centre aims over, at a height of one metre
    field_of_view_rad: float  # horizontal
    roll_rad: float
    width: int
    height: int
    frames_per_second: float

    def area_radius_m(self):
        """Of the disc on the ground, around the point that is aimed at, in which people are."""
        reach = float(np.hypot(self.distance_m, self.height_m))
        return float(np.clip(0.8 * reach * np.tan(self.field_of_view_rad / 2), 3, 12))

    def project(self, points):
        """[…, 3] → pixels […, 2] and the distance along the axis [...]; nearer than half a metre means nothing."""
        tilt = np.arctan2(self.height_m - 1, self.distance_m)
        forward = np.array([0, np.cos(tilt), -np.sin(tilt)])
        down = np.array([0, -np.sin(tilt), -np.cos(tilt)])
        right = np.array([1.0, 0, 0])
        cosine, sine = np.cos(self.roll_rad), np.sin(self.roll_rad)
        right, down = cosine * right + sine * down, cosine * down - sine * right
        relative = points - np.array([0, 0, self.height_m])
        depth = relative @ forward
        focal = self.width / 2 / np.tan(self.field_of_view_rad / 2)
        safe = np.maximum(depth, 0.5)
        x = self.width / 2 + focal * (relative @ right) / safe
        y = self.height / 2 + focal * (relative @ down) / safe
        return np.stack([x, y], axis=-1), depth

    def boxes(self, position, length, radius, lean, direction):
        """Boxes (left, top, right, bottom) [..., 4] around leaning cylinders, and their distances.

        position [..., 2] of the foot; length and radius in metres; lean 0 (upright) … π/2 (lying) towards `direction`.
        """
        sine, cosine = np.sin(lean), np.cos(lean)
        axis = np.stack([sine * np.cos(direction), sine * np.sin(direction), cosine], axis=-1)
        across = np.stack([-np.sin(direction), np.cos(direction), np.zeros_like(direction)], axis=-1)
        upward = np.cross(axis, across)
        foot = np.concatenate([position, (radius * sine)[..., None]], axis=-1)
        circle = (np.cos(ANGLES)[:, None] * across[..., None, :] + np.sin(ANGLES)[:, None] * upward[..., None, :])
        circle = circle * radius[..., None, None]
        head = foot + axis * length[..., None]
        points = np.concatenate([foot[..., None, :] + circle, head[..., None, :] + circle], axis=-2)
        pixels, depth = self.project(points)
        return np.concatenate([pixels.min(axis=-2), pixels.max(axis=-2)], axis=-1), depth.min(axis=-1)


SIZES = ((1280, 720), (1920, 1080), (640, 480), (704, 576))

# name → height, distance, field of view in degrees, frame rates. "usual" is what training sees; no training scene has
# the others' height, distance, field of view or frame rate, as their name says.
GEOMETRIES = {
    "usual": ((2.5, 7), (6, 16), (45, 90), (5, 8, 10, 12.5, 15, 25, 30)),
    "steep": ((7.5, 10), (3, 5), (60, 80), (10, 15, 25)),
    "far": ((9, 14), (25, 40), (20, 30), (10, 15, 25)),
    "eye-level": ((1.4, 2), (6, 12), (45, 80), (10, 15, 25)),
    "wide": ((3, 4), (5, 8), (100, 115), (10, 15, 25)),
    "slow": ((2.5, 7), (6, 16), (45, 90), (3, 4)),
}


def random_camera(random, geometry):
    height, distance, field, rates = GEOMETRIES[geometry]
    width, rows = SIZES[random.integers(len(SIZES))]
    return Camera(
        height_m=random.uniform(*height),
        distance_m=random.uniform(*distance),
        field_of_view_rad=np.radians(random.uniform(*field)),
        roll_rad=np.radians(random.uniform(-2, 2)),
        width=width,
        height=rows,
        frames_per_second=float(rates[random.integers(len(rates))]),
    )
