"""A chest-CT-like phantom with one nodule of known size.

Shapes are drawn in patient millimetres (x to the patient's left, y to the back, z to the head: LPS) with
partial volume at their edges, then noise is added. It is a picture for demonstration and tests: no organ in
it has the shape of a real patient.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SHAPE = (192, 160, 120)
SPACING_MM = 1.8
ORIGIN_MM = (-171.9, -143.1, 0.0)
NOISE_HU = 10.0
STEP_HU = 8  # coarse steps keep the file small

AIR, LUNG, FAT, MUSCLE, BLOOD, BONE, MARROW, LIVER = -1000, -855, -95, 50, 45, 650, 180, 60


@dataclass(frozen=True)
class Nodule:
    """An ellipsoid: centre and semi-axes in mm, turned by `angle_degrees` about the body's long axis."""

    centre_mm: tuple[float, float, float] = (-74.0, -6.0, 158.0)
    diameters_mm: tuple[float, float, float] = (14.0, 12.0, 12.0)
    angle_degrees: float = 30.0
    hounsfield: float = 35.0

    @property
    def volume_mm3(self) -> float:
        """Volume of the ellipsoid, pi/6 times the product of its diameters."""
        a, b, c = self.diameters_mm
        return math.pi / 6 * a * b * c

    @property
    def centre_voxel(self) -> tuple[float, float, float]:
        """Centre in voxel indices."""
        x, y, z = ((c - o) / SPACING_MM for c, o in zip(self.centre_mm, ORIGIN_MM, strict=True))
        return (x, y, z)


class Canvas:
    """A volume in Hounsfield units on which shapes are laid over one another."""

    def __init__(self) -> None:
        self.hu = np.full(SHAPE, AIR, np.float32)
        axes = [o + SPACING_MM * np.arange(n, dtype=np.float32) for o, n in zip(ORIGIN_MM, SHAPE, strict=True)]
        self.x, self.y, self.z = np.meshgrid(*axes, indexing="ij", sparse=True)

    def lay(self, alpha: Array, hounsfield: float | Array) -> None:
        """Lay a value over the volume with the given coverage (0 to 1)."""
        self.hu += alpha * (hounsfield - self.hu)

    def ellipsoid(
        self,
        centre: tuple[float, float, float],
        radii: tuple[float, float, float],
        angle_degrees: float = 0.0,
        power: float = 2.0,
    ) -> Array:
        """Coverage by a (super-)ellipsoid turned about z; an infinite radius makes a cylinder."""
        turn = math.radians(angle_degrees)
        dx, dy, dz = self.x - centre[0], self.y - centre[1], self.z - centre[2]
        u = (dx * math.cos(turn) + dy * math.sin(turn)) / radii[0]
        v = (-dx * math.sin(turn) + dy * math.cos(turn)) / radii[1]
        w = dz / radii[2]
        norm = (np.abs(u) ** power + np.abs(v) ** power + np.abs(w) ** power) ** (1 / power)
        slope = np.sqrt((u / radii[0]) ** 2 + (v / radii[1]) ** 2 + (w / radii[2]) ** 2) / np.maximum(norm, 1e-6)
        distance: Array = (norm - 1) / np.maximum(slope, 1e-4)
        return self._edge(distance)

    def capsule(
        self, start: NDArray[np.float64], end: NDArray[np.float64], radius: float
    ) -> tuple[tuple[slice, ...], Array]:
        """Coverage by a rod with round ends, computed in its own box only; returns the box and the coverage."""
        low, high = np.minimum(start, end) - radius - 4, np.maximum(start, end) + radius + 4
        box = tuple(
            slice(max(0, int((a - o) / SPACING_MM)), max(0, min(n, int((b - o) / SPACING_MM) + 2)))
            for a, b, o, n in zip(low, high, ORIGIN_MM, SHAPE, strict=True)
        )
        x, y, z = self.x[box[0]], self.y[:, box[1]], self.z[:, :, box[2]]
        along = end - start
        length2 = float(along @ along) or 1.0
        t = ((x - start[0]) * along[0] + (y - start[1]) * along[1] + (z - start[2]) * along[2]) / length2
        t = np.clip(t, 0, 1)
        distance = np.sqrt(
            (x - start[0] - t * along[0]) ** 2 + (y - start[1] - t * along[1]) ** 2 + (z - start[2] - t * along[2]) ** 2
        )
        return box, self._edge(distance - radius)

    @staticmethod
    def _edge(signed_distance_mm: Array) -> Array:
        covered: Array = np.clip(0.5 - signed_distance_mm / SPACING_MM, 0, 1).astype(np.float32)
        return covered


def make_ct(nodule: Nodule, seed: int = 20261012) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """The phantom in Hounsfield units (x, y, z) and its NIfTI affine (RAS millimetres)."""
    rng = np.random.default_rng(seed)
    canvas = Canvas()
    body = _body(canvas)
    lungs = _lungs(canvas)
    _skeleton(canvas)
    _mediastinum(canvas)
    _vessels(canvas, lungs, nodule, rng)
    canvas.lay(
        canvas.ellipsoid(
            nodule.centre_mm,
            (nodule.diameters_mm[0] / 2, nodule.diameters_mm[1] / 2, nodule.diameters_mm[2] / 2),
            nodule.angle_degrees,
        ),
        nodule.hounsfield,
    )
    volume = _noise(canvas.hu, body, rng)
    affine = np.diag([-SPACING_MM, -SPACING_MM, SPACING_MM, 1.0])
    affine[:3, 3] = [-ORIGIN_MM[0], -ORIGIN_MM[1], ORIGIN_MM[2]]
    return volume, affine


def _body(canvas: Canvas) -> Array:
    far = 1e5
    skin = canvas.ellipsoid((0, 4, 108), (163, 112, far), power=2.4)
    canvas.lay(skin, FAT)
    canvas.lay(canvas.ellipsoid((0, 6, 108), (149, 99, far), power=2.4), MUSCLE)
    return skin


def _lungs(canvas: Canvas) -> Array:
    coverage = np.zeros(SHAPE, np.float32)
    for side in (-1, 1):
        width = 60 if side < 0 else 56
        lung = canvas.ellipsoid((side * 74, 4, 88), (width, 82, 124), power=2.5)
        dome = canvas.ellipsoid((side * 78, 6, -12), (66, 80, 62 if side < 0 else 52))
        coverage = np.maximum(coverage, lung * (1 - dome))
    heart = canvas.ellipsoid((22, -22, 62), (58, 50, 50), 25)
    hila = np.maximum(canvas.ellipsoid((-34, 8, 108), (17, 17, 24)), canvas.ellipsoid((34, 8, 112), (15, 16, 22)))
    coverage *= (1 - heart) * (1 - hila)
    gradient = LUNG + 45 * np.clip((canvas.y + 60) / 140, 0, 1)
    canvas.lay(coverage, np.broadcast_to(gradient, SHAPE).astype(np.float32))
    canvas.lay(canvas.ellipsoid((-74, 6, -14), (70, 82, 58)), LIVER)
    return coverage


def _skeleton(canvas: Canvas) -> None:
    far = 1e5
    vertebra = canvas.ellipsoid((0, 68, 108), (18, 15, far), power=2.5)
    disc = (np.abs((canvas.z % 24) - 12) > 9.5).astype(np.float32)
    canvas.lay(vertebra * (1 - disc), BONE)
    canvas.lay(canvas.ellipsoid((0, 68, 108), (15.5, 12.5, far), power=2.5) * (1 - disc), MARROW)
    canvas.lay(vertebra * disc, 90)
    canvas.lay(canvas.ellipsoid((0, 91, 108), (10, 8, far)), BONE)
    canvas.lay(canvas.ellipsoid((0, 91, 108), (7.5, 5.5, far)), 25)
    canvas.lay(canvas.ellipsoid((0, -91, 120), (18, 5.5, 70), power=3), BONE)
    canvas.lay(canvas.ellipsoid((0, -91, 120), (15, 3.2, 66), power=3), MARROW)
    for number in range(9):
        base = 6 + 24 * number
        for side in (-1, 1):
            turns = np.linspace(0.12, math.pi - 0.45, 26)
            points = [
                np.array([side * 144 * math.sin(a), 6 + 92 * math.cos(a), base + 22 - 30 * a / math.pi]) for a in turns
            ]
            for start, end in itertools.pairwise(points):
                for radius, value in ((5.2, BONE), (3.2, MARROW)):
                    box, alpha = canvas.capsule(start, end, radius)
                    if alpha.size:
                        canvas.hu[box] += alpha * (value - canvas.hu[box])


def _mediastinum(canvas: Canvas) -> None:
    far = 1e5
    canvas.lay(canvas.ellipsoid((22, -22, 62), (55, 47, 47), 25), BLOOD)
    canvas.lay(canvas.ellipsoid((26, 46, 70), (12.5, 12.5, far)) * (canvas.z < 150), BLOOD)
    for turn in np.linspace(0, math.pi, 22):
        centre = (8 + 18 * math.cos(turn), 12 - 34 * math.cos(turn + math.pi), 140 + 14 * math.sin(turn))
        canvas.lay(canvas.ellipsoid(centre, (13, 13, 13)), BLOOD)
    canvas.lay(canvas.ellipsoid((-6, 14, 170), (9, 9, 60)), AIR)
    for side in (-1, 1):
        for step in np.linspace(0, 1, 14):
            centre = (-6 + side * 34 * step, 14 + 4 * step, 114 - 18 * step)
            canvas.lay(canvas.ellipsoid(centre, (6, 6, 6)), AIR)
    canvas.lay(canvas.ellipsoid((10, 36, 108), (6, 5, far)), MUSCLE)


def _vessels(canvas: Canvas, lungs: Array, nodule: Nodule, rng: np.random.Generator) -> None:
    centre = np.array(nodule.centre_mm)

    def grow(start: NDArray[np.float64], heading: NDArray[np.float64], radius: float, depth: int) -> None:
        if depth == 0 or radius < 0.6:
            return
        end = start + heading * rng.uniform(14, 24)
        middle = (start + end) / 2
        if min(np.linalg.norm(p - centre) for p in (start, middle, end)) < 20:
            return
        box, alpha = canvas.capsule(start, end, radius)
        if not alpha.size:
            return
        canvas.hu[box] += alpha * np.clip(lungs[box], 0, 1) * (BLOOD - canvas.hu[box])
        for _ in range(2 if depth > 1 else 1):
            turn = rng.normal(0, 0.42, 3)
            new = heading + turn
            grow(end, new / np.linalg.norm(new), radius * rng.uniform(0.68, 0.82), depth - 1)

    for side in (-1, 1):
        for angle in np.linspace(-1.25, 1.35, 7):
            for tilt in (-0.6, 0.1, 0.75):
                heading = np.array([side * math.cos(angle), tilt, math.sin(angle)])
                grow(np.array([side * 36.0, 8.0, 110.0]), heading / np.linalg.norm(heading), 3.6, 6)


def _noise(hu: Array, body: Array, rng: np.random.Generator) -> NDArray[np.int16]:
    """Add slightly correlated grain inside the body; outside it air is even. Values are multiples of `STEP_HU`."""
    from scipy.ndimage import gaussian_filter

    grain = gaussian_filter(rng.standard_normal(SHAPE).astype(np.float32), 0.5)
    grain *= NOISE_HU / float(grain.std())
    noisy = np.where(body > 0, hu + grain, AIR)
    return (STEP_HU * np.round(np.clip(noisy, AIR, 2000) / STEP_HU)).astype(np.int16)
