# mypy: disable-error-code="no-any-return"
# ruff: noqa: E741, PLR0917
"""The compiled entry points: grey values at points, and a plane or a volume as the scanner would store it.

Numba stores compiled code on disk and compiles it again only when *the file of that function* changes; what an entry point calls lies
in other files. So each entry point carries a stamp of all those files' text, which numba takes into the key of its store, and nothing
else in this room is stored.

Lengths are millimetres; (l, a, s) = to the left, towards the face, towards the vertex in the head frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from sos_studio.phantom.bone import SYNCHONDROSIS, cortex, marrow, steady_cortex
from sos_studio.phantom.flesh_kernel import HOLLOW, flesh_value, lifted_air
from sos_studio.phantom.interiors import foam_value, joint_value, sinus_value, trabeculae
from sos_studio.phantom.lattice import coverage, smooth_noise3
from sos_studio.phantom.machine_kernel import scanned
from sos_studio.phantom.nasal_kernel import nasal_value
from sos_studio.phantom.solids import facing, part_distance

FloatArray = npt.NDArray[np.float64]
Row = Any  # one row of a record array, whose fields only numba knows

PLAIN, NASAL, SINUS, OPEN_AIR, FLESH, FOAM, SKIN = 0, 2, 3, 4, 5, 6, 7  # beside SYNCHONDROSIS: what else happens inside of a part
# Tiles of the sagittal plane, each with the list of parts that can matter in it; the outermost ones reach to infinity.
TILE_MM, TILES_A, TILES_S = 8.0, 30, 38
TILES_LOW_A, TILES_LOW_S = -112.0, -168.0
AIR = -1000.0
EVEN_MM = 2.5  # further than nearly every head moves
BRAIN = 1  # place in the table of parts; the skin has 0

_COMPILED_FILES = (
    "lattice.py",
    "solids.py",
    "bone.py",
    "flesh.py",
    "flesh_kernel.py",
    "interiors.py",
    "nasal_kernel.py",
    "machine_kernel.py",
    "kernels.py",
)


def _stamp() -> int:
    """A number of the text of everything that is compiled; 0 in a frozen program, which has no text and never changes."""
    digest = hashlib.sha256()
    for name in _COMPILED_FILES:
        path = Path(__file__).with_name(name)
        if not path.exists():
            return 0
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:6], "big")


@njit(error_model="numpy")
def _value_at(
    parts: npt.NDArray[np.void],
    distances: npt.NDArray[np.float32],
    starts: npt.NDArray[np.int32],
    items: npt.NDArray[np.int32],
    joint: Row,
    tissue: Row,
    l: float,
    a: float,
    s: float,
) -> tuple[float, bool]:
    """Paint all parts at one point: to the left, towards the face, towards the vertex (mm).

    Also says whether the surroundings are the same but for faint texture: off the skin, or deep in flesh and far from all else.
    """
    blur = tissue.blur
    value = AIR
    column = min(TILES_A - 1, max(0, int((a - TILES_LOW_A) / TILE_MM)))
    tile = min(TILES_S - 1, max(0, int((s - TILES_LOW_S) / TILE_MM))) * TILES_A + column
    reach = 2.3 * blur
    first, end = starts[tile], starts[tile + 1]
    if end - first > 1 and items[first + 1] == BRAIN and parts[BRAIN].low_a < a < parts[BRAIN].high_a:
        # A third of a capture is deep in the brain, where nothing else matters.
        d = part_distance(parts[BRAIN], distances, l, a, s)
        if d < -parts[BRAIN].stop_inside:
            return parts[BRAIN].fill + flesh_value(tissue, -1e3, l, a, s), True
    calm = True
    for place in range(first, end):
        n = items[place]
        part = parts[n]
        d = part_distance(part, distances, l, a, s)
        if n == 0 and d > reach:
            return AIR, d > reach + EVEN_MM
        if (n == 0 and d > -EVEN_MM) or (n > BRAIN and d < EVEN_MM):
            calm = False
        if d > part.shell_out * 1.5 + reach * (1.0 + part.oblique) + 0.3:
            continue
        value = _painted(part, distances, joint, tissue, value, d, l, a, s)
        if d < -part.stop_inside:
            return value, calm
    return value, calm


@njit(error_model="numpy")
def _filling(part: Row, tissue: Row, value: float, shell: float, d: float, l: float, a: float, s: float) -> float:
    """Grey value inside of a part's shell."""
    fill = part.fill
    if part.grain > 0.0:
        # Plates thicken where they meet the cortex.
        rooted = max(0.0, 1.0 + d / 3.5) if shell != 0.0 else 0.0
        grained = marrow(part, tissue.seed, l, a, s) if part.mesh > 0.0 else part.grain * trabeculae(l, a, s, tissue.seed)
        fill += grained + 0.08 * shell * rooted
    elif part.feature == NASAL:
        fill = nasal_value(tissue, value, d, l, a, s)
    elif part.feature == SINUS:
        fill = sinus_value(part, tissue, d, l, a, s)
    elif part.feature == FOAM:
        fill = foam_value(tissue, d, l, a, s)
    elif part.feature == OPEN_AIR:
        fill = tissue.air
    elif part.feature == FLESH:
        fill += flesh_value(tissue, -1e3, l, a, s)
    elif part.feature == SKIN:
        fill += flesh_value(tissue, d, l, a, s)
    return fill if fill >= HOLLOW else lifted_air(tissue, fill, a, s)


@njit(error_model="numpy")
def _painted(
    part: Row, distances: npt.NDArray[np.float32], joint: Row, tissue: Row, value: float, d: float, l: float, a: float, s: float
) -> float:
    """One part over what has been painted so far."""
    blur, seed = tissue.blur, tissue.seed
    shell, shell_in, shell_out = part.shell, part.shell_in, part.shell_out
    core_depth = d + shell_in
    if shell != 0.0 and d > -2.5 * shell_in - 2.3 * blur - 0.5:
        if part.run > 0.0:
            across = facing(part, distances, l, a, s)
            d, core_depth, shell_out, shell, blur = cortex(part, seed, across, blur, d, l, a, s)
        else:
            d, core_depth, shell_out, shell = steady_cortex(part, joint, seed, d, l, a, s)
    elif part.oblique > 0.0:
        # A wall lies askew to the plane, here more and there less.
        share = 1.0
        if part.feature == OPEN_AIR:
            share = min(1.0, max(0.0, 0.5 + 0.9 * smooth_noise3(l / 11.0, a / 11.0, s / 11.0, seed + 63)))
        blur *= 1.0 + share * part.oblique
    inside = coverage(d, blur)
    outside = coverage(d - shell_out, blur) if shell_out > 0.0 else inside
    core = coverage(core_depth, blur) if shell_in > 0.0 else inside
    fill = _filling(part, tissue, value, shell, d, l, a, s) if core > 0.0 else part.fill
    painted = value * (1.0 - outside) + shell * (outside - core) + fill * core
    if part.fade_low < 1.0:
        # A rim that leaves the plane little by little.
        painted = value + (painted - value) * min(1.0, max(part.fade_low, part.fade_0 + part.fade_a * a + part.fade_s * s))
    if part.feature == SYNCHONDROSIS:
        painted = joint_value(joint, painted, inside, l, a, s, blur)
        # The joint only exists where there is bone to join; its mouths end with the outline.
        painted = value + (painted - value) * min(1.0, coverage(d - 0.6, blur))
    return painted


def _entry_points(stamp: int) -> tuple[Callable[..., None], Callable[..., None]]:
    """Compile with the stamp closed in (numba keys its store with what a function closes over)."""

    @njit(cache=True, nogil=True, error_model="numpy")
    def fill_values(
        points: npt.NDArray[np.float64],
        parts: npt.NDArray[np.void],
        distances: npt.NDArray[np.float32],
        starts: npt.NDArray[np.int32],
        items: npt.NDArray[np.int32],
        joints: npt.NDArray[np.void],
        tissue: npt.NDArray[np.void],
        out: npt.NDArray[np.float32],
    ) -> None:
        """Grey values at ``(n, 3)`` head coordinates L, P, S."""
        if stamp < 0:
            return
        for n in range(points.shape[0]):
            out[n], _ = _value_at(parts, distances, starts, items, joints[0], tissue[0], points[n, 0], -points[n, 1], points[n, 2])

    @njit(cache=True, nogil=True, error_model="numpy")
    def render(
        head_from_uvw: FloatArray,
        lps_from_uvw: FloatArray,
        parts: npt.NDArray[np.void],
        distances: npt.NDArray[np.float32],
        starts: npt.NDArray[np.int32],
        items: npt.NDArray[np.int32],
        joints: npt.NDArray[np.void],
        tissue: npt.NDArray[np.void],
        device: npt.NDArray[np.void],
        block_a: npt.NDArray[np.int8],
        block_b: npt.NDArray[np.int8],
        out: npt.NDArray[np.float32],
    ) -> None:
        """Fill ``out[w, v, u]``. A head that moved during the scan is seen in two places, more in one than in the other."""
        if stamp < 0:
            return
        h, m = head_from_uvw, lps_from_uvw
        machine = device[0]
        for w in range(out.shape[0]):
            for v in range(out.shape[1]):
                for u in range(out.shape[2]):
                    left = h[0, 0] * u + h[0, 1] * v + h[0, 2] * w + h[0, 3]
                    front = -(h[1, 0] * u + h[1, 1] * v + h[1, 2] * w + h[1, 3])
                    up = h[2, 0] * u + h[2, 1] * v + h[2, 2] * w + h[2, 3]
                    x = m[0, 0] * u + m[0, 1] * v + m[0, 2] * w + m[0, 3]
                    y = m[1, 0] * u + m[1, 1] * v + m[1, 2] * w + m[1, 3]
                    z = m[2, 0] * u + m[2, 1] * v + m[2, 2] * w + m[2, 3]
                    value, even = _value_at(parts, distances, starts, items, joints[0], tissue[0], left, front, up)
                    if machine.moved > 0.0 and not even:
                        elsewhere, _ = _value_at(
                            parts, distances, starts, items, joints[0], tissue[0], left, front + machine.moved_a, up + machine.moved_s
                        )
                        value += machine.moved * (elsewhere - value)
                    out[w, v, u] = scanned(machine, block_a, block_b, value, x, y, z)

    return fill_values, render


fill_values, render = _entry_points(_stamp())
