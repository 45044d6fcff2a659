"""What a machine does slowly over its field, on a coarse lattice; and what it does row by row and ring by ring, in tables.

All of it is laid out once per scan, so that the kernel pays for a look-up, however much is going on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.parameters import PhantomParameters

FloatArray = npt.NDArray[np.float64]

NODES_Z, NODES_Y, NODES_X = 96, 28, 13
CHANNELS = 4  # shade (factor), grain (factor of the noise), glow (grey values added to everything), streaky (share of smeared noise)
ROWS, ROW_MM = 1024, 0.25
RINGS, RING_MM = 1024, 0.25


class Place(NamedTuple):
    """Where the head is in the field, LPS mm: middle of the brain, tongue, teeth, lowest point of the chin, skull base (its height)."""

    brain: FloatArray
    tongue: FloatArray
    teeth: FloatArray
    chin: FloatArray
    base_s: float


def smooth_field(parameters: PhantomParameters, place: Place, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Lattice (z, y, x, channel) over the whole field of view."""
    scanner = parameters.scanner
    half_l, half_p, half_s = (size / 2 for size in scanner.size_lps_mm)
    z = np.linspace(-half_s, half_s, NODES_Z)[:, None, None]
    y = np.linspace(-half_p, half_p, NODES_Y)[None, :, None]
    x = np.linspace(-half_l, half_l, NODES_X)[None, None, :]
    radius = np.hypot(x, y)
    small = min(half_l, half_p) < 92.0
    rim = np.maximum(min(half_l, half_p) - radius, 0.0) if scanner.cylinder else np.full_like(radius, 1e3)
    top, bottom = half_s - z - scanner.margin_mm, half_s + z - scanner.margin_mm
    border = np.minimum(top, bottom)
    edge = np.exp(-np.maximum(border, 0.0) / 5.0)

    def waves(z_mm: float, y_mm: float, x_mm: float) -> FloatArray:
        return _noise(rng, (2 * half_s / z_mm, 2 * half_p / y_mm, 2 * half_l / x_mm))

    # Beam hardening, scatter and truncation: darker within the skull, brighter where less bone is in the way and at the rim.
    uneven = waves(34.0, 55.0, 60.0) + 0.6 * waves(9.0, 70.0, 90.0)
    uneven = uneven + 0.9 * float(rng.normal()) * y / half_p + 0.9 * float(rng.normal()) * z / half_s
    if small:
        # A head that reaches far beyond the field leaves clouds and streaks of all sizes in it.
        uneven = uneven + 0.8 * waves(11.0, 24.0, 40.0) + 0.5 * waves(5.0, 17.0, 40.0)
    hard = scanner.shading * float(rng.uniform(0.5, 1.7)) * (3.4 if small else 1.5)
    hardened = 0.7 * _blob((x, y, z), place.tongue, (45.0, 40.0, 45.0)) - 0.7 * _blob((x, y, z), place.brain, (70.0, 75.0, 60.0))
    shade = 1.0 - scanner.cupping * (1.0 - (radius / 100.0) ** 2) + scanner.shading * uneven + hard * hardened
    shade = shade + scanner.edge_glow * (np.exp(-rim / 6.0) + 0.6 * edge)
    if not small:
        # The cone of rays sees the outermost slices from one side only: dark in the middle, a brighter belt behind it.
        middle = np.maximum(0.0, 1.0 - (radius / 95.0) ** 2)
        deep = scanner.edge_glow * float(rng.uniform(0.5, 1.3))
        shade = shade - deep * middle * np.exp(-((np.maximum(top, 0.0) / float(rng.uniform(7.0, 13.0))) ** 2))
        shade = shade + 0.5 * deep * middle * np.exp(-(((top - 22.0) / 10.0) ** 2)) * (0.6 + 0.5 * waves(30.0, 40.0, 60.0))
    # Rays through skull and shoulders are starved, those near the skin are not.
    skull = 1.0 / (1.0 + np.exp(-(z - place.base_s) / 9.0))
    thick = np.exp(-((radius / 88.0) ** 4))
    patches = 0.16 * waves(26.0, 38.0, 45.0) + 0.08 * waves(9.0, 60.0, 60.0)
    shoulders = np.exp(-np.maximum(bottom, 0.0) / 24.0)
    starved = 1.0 + 0.7 * edge + 0.3 * np.exp(-np.maximum(top, 0.0) / 14.0)
    grain = (0.60 + 0.34 * skull + 0.16 * shoulders + 0.14 * thick) * starved * (1.0 + patches)
    smear = scanner.edge_glow * edge * np.where(z < 0.0, 1.0, 0.35)
    beside = 1.0 + 0.8 * waves(8.0, 22.0, 60.0)
    # At the top the skull bleeds along its slices into scalp and air.
    across = np.sqrt(((x - place.brain[0]) / 72.0) ** 2 + ((y - place.brain[1]) / 88.0) ** 2)
    bleeding = np.exp(-np.maximum(top, 0.0) / 4.5) * np.exp(-(((across - 1.04) / 0.14) ** 2)) * float(rng.uniform(0.2, 1.6))
    glow = 330.0 * smear * beside + 900.0 * scanner.edge_glow * bleeding * (0.75 + 0.5 * waves(20.0, 25.0, 40.0))
    teeth = np.exp(-(((z - place.teeth[2]) / (11.0 if small else 7.0)) ** 2)) * np.exp(-np.abs(y - place.teeth[1]) / 55.0)
    base = np.exp(-(((z - place.base_s) / 8.0) ** 2))
    streaky = 0.55 * shoulders + (0.9 if small else 0.55) * teeth + 0.3 * base + 0.8 * edge + 0.25 * waves(7.0, 40.0, 60.0)
    layers = [np.maximum(shade, 0.2), np.clip(grain, 0.25, 3.0), glow, np.clip(streaky, 0.0, 1.2)]
    return np.stack(np.broadcast_arrays(*layers), axis=-1).astype(np.float32)


def rows_and_rings(parameters: PhantomParameters, place: Place, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Grey values added to whole slices (even over depth, and growing towards the back), and to whole rings about the axis."""
    scanner = parameters.scanner
    half_s = scanner.size_lps_mm[2] / 2
    height = np.arange(ROWS) * ROW_MM - half_s
    border = half_s - np.abs(height) - scanner.margin_mm
    edge = np.exp(-np.maximum(border, 0.0) / 5.0)
    # One slice and a little more is the width of a streak.
    step = max(1.7 * scanner.voxel_mm, 0.3)
    fine = [np.interp(height / step, np.arange(-1000, 1000), rng.uniform(-1.0, 1.0, 2000)) for _ in range(2)]
    coarse = [np.interp(height / 2.6, np.arange(-200, 200), rng.uniform(-1.0, 1.0, 400)) for _ in range(2)]
    smear = scanner.edge_glow * edge * np.where(height < 0.0, 1.0, 0.35)
    rows = np.stack([(scanner.banding_value * (0.08 + 0.9 * edge) + 600.0 * smear) * f for f in fine], axis=1)
    rows += np.stack([scanner.banding_value * (0.25 + 0.4 * edge) * c for c in coarse], axis=1)
    strength = scanner.banding_value * float(rng.uniform(0.5, 1.6))
    teeth = np.exp(-(((height - place.teeth[2]) / 5.0) ** 2))
    rows[:, 0] += strength * teeth * coarse[1]
    if scanner.chin_rest:
        rows[:, 0] += (1.5 * strength + 38.0) * _plate_bands(height - place.chin[2], rng)
    wide = np.interp(np.arange(RINGS) * RING_MM / step, np.arange(900), rng.normal(0.0, 1.0, 900))
    radius = np.arange(RINGS) * RING_MM
    rings = scanner.noise_value * float(rng.uniform(0.03, 0.16)) * wide * (0.35 + np.exp(-radius / 22.0))
    return rows, rings


def _plate_bands(height: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The plate under the chin hardens the rays of its slices: bright above it, dark in it, in bands of a few millimetres."""
    bands = np.zeros_like(height)
    for at, width, value in ((0.5, 1.4, 1.0), (-2.6, 1.5, -1.2), (4.6, 2.0, -0.55), (-7.5, 2.4, 0.45), (-13.0, 2.0, -0.3)):
        middle = at + float(rng.normal(0.0, 0.8))
        bands += value * float(rng.uniform(0.3, 1.3)) * np.exp(-(((height - middle) / (width * float(rng.uniform(0.7, 1.3)))) ** 2))
    return bands


def _blob(xyz: tuple[FloatArray, FloatArray, FloatArray], middle: FloatArray, radii: tuple[float, float, float]) -> FloatArray:
    square = sum(((p - m) / r) ** 2 for p, m, r in zip(xyz, middle, radii, strict=True))
    blob: FloatArray = np.exp(-np.asarray(square))
    return blob


def _noise(rng: np.random.Generator, cells: tuple[float, float, float]) -> FloatArray:
    """Smooth noise of so many cells along each axis, uniform in [-1, 1] at its own lattice's points."""
    counts = [max(1, int(np.ceil(count))) + 2 for count in cells]
    field: FloatArray = rng.uniform(-1.0, 1.0, counts)
    for axis, (count, nodes) in enumerate(zip(cells, (NODES_Z, NODES_Y, NODES_X), strict=True)):
        at = float(rng.random()) + np.linspace(0.0, count, nodes)
        low = np.floor(at).astype(int)
        t = at - low
        t = t * t * (3.0 - 2.0 * t)
        shape = [1, 1, 1]
        shape[axis] = nodes
        t = t.reshape(shape)
        field = np.take(field, low, axis=axis) * (1.0 - t) + np.take(field, low + 1, axis=axis) * t
    return field
