"""The table of parts that a head is painted from, and how far a point is from each.

A part is a sagittal outline carried sideways in one of a few ways (`SLAB`, `HEAD`, `ARCH`) or an ellipsoid. Parts are painted in
order: a later one covers an earlier one. Each has a filling and a shell (cortical bone, or the wall of a sinus).
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.distances import DistanceGrid, distance_grid
from sos_studio.phantom.kernels import PLAIN, TILE_MM, TILES_A, TILES_LOW_A, TILES_LOW_S, TILES_S
from sos_studio.phantom.outlines import Curve
from sos_studio.phantom.solids import ARCH, HEAD, SLAB

PART = np.dtype(
    [
        ("kind", "i4"),
        ("feature", "i4"),
        ("offset", "i8"),  # first sample of the distance grid in the shared array
        ("columns", "i8"),
        ("rows", "i8"),
        ("a0", "f8"),
        ("s0", "f8"),
        ("step", "f8"),
        ("low_a", "f8"),  # box outside of which the part adds nothing
        ("high_a", "f8"),
        ("low_s", "f8"),
        ("high_s", "f8"),
        ("high_l", "f8"),
        ("middle_l", "f8"),
        ("half_width", "f8"),
        ("rounding", "f8"),
        ("arch_a", "f8"),  # centre of the arch in a, and its half axes
        ("arch_depth", "f8"),
        ("arch_width", "f8"),
        ("radius_l", "f8"),
        ("radius_a", "f8"),
        ("radius_s", "f8"),
        ("end_l", "f8"),  # where a capsule ends
        ("end_a", "f8"),
        ("end_s", "f8"),
        ("fill", "f8"),
        ("grain", "f8"),  # amplitude of the trabecular texture
        ("shell", "f8"),
        ("shell_in", "f8"),
        ("shell_out", "f8"),
        ("uneven", "f8"),  # how uneven the shell is
        ("noise", "i8"),  # stream of its own unevenness
        ("run", "f8"),  # length over which the shell changes
        ("lean", "f8"),  # how much thicker the shell is where the surface faces (lean_a, lean_s); a head's: outwards
        ("ends", "f8"),  # how much thicker where it faces along that direction or against it, thinner where across
        ("lean_a", "f8"),
        ("lean_s", "f8"),
        ("oblique", "f8"),  # how much softer its surface is where it lies askew to the plane
        ("mesh", "f8"),  # size of the marrow's spaces, relative; 0: as around the joint
        ("flat", "f8"),  # how far its plates lie across (-1) or along (1) the jaw
        ("patch", "f8"),  # amplitude of large patches in the marrow
        ("fade_0", "f8"),  # share that is seen: fade_0 + fade_a * a + fade_s * s, at least fade_low
        ("fade_a", "f8"),
        ("fade_s", "f8"),
        ("fade_low", "f8"),
        ("thin_0", "f8"),  # thickness of the shell likewise
        ("thin_a", "f8"),
        ("thin_s", "f8"),
        ("thin_low", "f8"),
        ("stop_inside", "f8"),  # deeper than this, nothing that follows can matter
        ("tooth_mm", "f8"),  # width of single teeth along an arch; 0: one band
        ("tooth_shift", "f8"),
        ("tooth_root", "f8"),  # s of the root's tip and of the crown
        ("tooth_crown", "f8"),
        ("tooth_edge", "f8"),
        ("tooth_seed", "i8"),
        ("tooth_share", "f8"),  # width relative to the whole tooth
        ("tooth_loose", "f8"),  # how unlike neighbours stand
        ("tooth_gap", "f8"),
        ("tooth_missing", "f8"),  # place of one that is not there
        ("lining", "f8"),  # of a sinus: mucosa, level of its air, value and planes (a, s, l, offset, thickness) of its inner walls
        ("level", "f8"),
        ("wall_value", "f8"),
        ("walls", "f8", (3, 5)),
    ]
)


@dataclass(frozen=True)
class Look:
    """Grey values of a part.

    Attributes
    ----------
    fill, grain
        Value inside, and the amplitude of its trabecular texture.
    shell, shell_in_mm, shell_out_mm
        Value of the shell, and how far it reaches inwards and outwards of the outline.
    uneven
        How much its thickness and value vary from place to place; 0 = not at all.
    run_mm
        Over what length they do; 0: over a few millimetres, alike everywhere.
    lean, ends, lean_deg
        How much thicker the shell is where it faces that direction of the sagittal plane (of a `HEAD`: outwards), and where it faces
        along it either way rather than across.
    oblique
        How much softer than the scanner's blur the surface is where it lies most askew to the plane.
    mesh, flat, patch
        Size of the marrow's spaces (0: as around the joint), how far its plates lie across (-1) or along (1) the s axis, and the
        amplitude of patches of some 8 mm.
    """

    fill: float
    grain: float = 0.0
    shell: float = 0.0
    shell_in_mm: float = 0.0
    shell_out_mm: float = 0.0
    uneven: float = 1.0
    run_mm: float = 0.0
    lean: float = 0.0
    ends: float = 0.0
    lean_deg: float = 0.0
    oblique: float = 0.0
    mesh: float = 0.0
    flat: float = 0.0
    patch: float = 0.0


Wall = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Rooms:
    """Inside of a sinus.

    Attributes
    ----------
    lining_mm, level_s
        Thickness of its mucosa, and height above which there is air.
    wall_value, walls
        Grey value of walls, and up to three of them: plane a, s, l, its offset, thickness.
    """

    lining_mm: float = 0.3
    level_s: float = -1e9
    wall_value: float = 500.0
    walls: tuple[Wall, ...] = ()


@dataclass(frozen=True)
class Teeth:
    """Single teeth along an arch.

    Attributes
    ----------
    width_mm, shift_mm
        Width of one, and where the gap between the middle ones lies.
    root_s, crown_s, edge_s
        Heights of root tips, of the widest place of crowns, and of their edges.
    share
        Width of what is drawn relative to the tooth: 1 = all of it, less = its pulp.
    loose_mm, gap_mm
        How far neighbours stand out of line, and the gap between them.
    missing
        Place of a tooth that is not there: -1 or 0 beside the midline.
    seed
        Of how they stand.
    """

    width_mm: float
    shift_mm: float
    root_s: float
    crown_s: float
    edge_s: float
    seed: int = 0
    share: float = 1.0
    loose_mm: float = 0.0
    gap_mm: float = 0.16
    missing: float = 1e9


@dataclass(frozen=True)
class Fade:
    """How a part leaves the plane, or its shell thins out: all of it at `full_as`, the share `low` at `gone_as` and beyond."""

    full_as: tuple[float, float]
    gone_as: tuple[float, float]
    low: float = 0.0


@dataclass(frozen=True)
class Part:
    """One entry of the table before packing.

    Attributes
    ----------
    outline
        Closed, in the sagittal plane. An ellipsoid has none, but a `center` (l, a, s) and `radii`, on both sides of the midline. A capsule
        runs from its `center` to its `end`; its radii are that at the centre, that at the end, and the factor of its height.
    half_width, rounding, middle_l
        How far a `SLAB` reaches sideways, how round its rims are, and where its middle is. A `HEAD` is as wide as its
        `half_width`, and `rounding` is how much the nose recedes.
        An `ARCH` ends at `half_width` sideways, and `rounding` in front of its own middle.
    arch
        Centre of the arch in a, half axis in a (negative: open to the front), half axis in l.
    stop_inside
        Deeper than this, nothing that follows can matter.
    fade, thins
        How it leaves the plane, and how its shell thins out.
    stream
        Number of the noise in its shell; 0 takes one that follows from the name.
    """

    name: str
    look: Look
    outline: Curve | None = None
    kind: int = SLAB
    feature: int = PLAIN
    half_width: float = 10.0
    rounding: float = 1.0
    middle_l: float = 0.0
    arch: tuple[float, float, float] = (0.0, 1.0, 1.0)
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radii: tuple[float, float, float] = (1.0, 1.0, 1.0)
    end: tuple[float, float, float] | None = None
    stop_inside: float = 1e9
    step_mm: float = 0.5
    rooms: Rooms | None = None
    teeth: Teeth | None = None
    fade: Fade | None = None
    thins: Fade | None = None
    stream: int = 0


@dataclass(frozen=True, eq=False)
class PartTable:
    """All parts in painting order, packed for the kernel."""

    rows: npt.NDArray[np.void]
    distances: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    names: tuple[str, ...]

    @property
    def arrays(self) -> tuple[npt.NDArray[np.void], npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """As the kernels take them: parts, distances, and where each tile's list of parts starts in the lists."""
        return self.rows, self.distances, self.starts, self.items


def pack(parts: list[Part], margin_mm: float = 2.5) -> PartTable:
    """Sample every outline's distances and lay the numbers out for the kernel."""
    rows = np.zeros(len(parts), dtype=PART)
    pieces: list[npt.NDArray[np.float32]] = []
    offset = 0
    for row, part in zip(rows, parts, strict=True):
        for name in ("kind", "feature", "half_width", "rounding", "middle_l", "stop_inside"):
            row[name] = getattr(part, name)
        _set_look(row, part)
        row["arch_a"], row["arch_depth"], row["arch_width"] = part.arch
        row["radius_l"], row["radius_a"], row["radius_s"] = part.radii
        _set_inside(row, part)
        reach = margin_mm + part.look.shell_out_mm
        if part.outline is None:
            (middle_l, a, s), (rl, ra, rs) = part.center, part.radii
            row["middle_l"], row["a0"], row["s0"] = middle_l, a, s
            if part.end is not None:
                row["end_l"], row["end_a"], row["end_s"] = part.end
                thick = max(rl, ra) * max(1.0, rs) + reach
                low, high = np.minimum(part.center, part.end) - thick, np.maximum(part.center, part.end) + thick
                _set_box(row, (low[1], low[2]), (high[1], high[2]), high[0])
            else:
                _set_box(row, (a - ra - reach, s - rs - reach), (a + ra + reach, s + rs + reach), middle_l + rl + reach)
            continue
        grid = distance_grid(part.outline, part.step_mm, reach)
        _set_grid(row, grid, offset)
        pieces.append(grid.values_sa.ravel())
        offset += grid.values_sa.size
        (low_a, low_s), (high_a, high_s) = part.outline.min(axis=0) - reach, part.outline.max(axis=0) + reach
        wide = 1e9 if part.kind in (HEAD, ARCH) else part.half_width + reach
        _set_box(row, (low_a, low_s), (high_a, high_s), wide)
    starts, items = _tiled(rows)
    return PartTable(rows, np.concatenate(pieces), starts, items, tuple(part.name for part in parts))


def _tiled(rows: npt.NDArray[np.void]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Which parts can matter in which tile. Parts that are carried sideways along a bend can be anywhere in a."""
    low_a = TILES_LOW_A + TILE_MM * np.arange(TILES_A)[None, :, None]
    low_s = TILES_LOW_S + TILE_MM * np.arange(TILES_S)[:, None, None]
    bent = (rows["kind"] == HEAD) | (rows["kind"] == ARCH)
    along_a = bent | ((rows["low_a"] <= low_a + TILE_MM) & (rows["high_a"] >= low_a))
    # A head's outline is stretched sideways in height too: it counts from its lowest point up.
    along_s = (rows["low_s"] <= low_s + TILE_MM) & ((rows["kind"] == HEAD) | (rows["high_s"] >= low_s))
    lists = (along_a & along_s).reshape(-1, len(rows))
    starts = np.concatenate([[0], np.cumsum(lists.sum(axis=1))]).astype(np.int32)
    return starts, np.nonzero(lists)[1].astype(np.int32)


def _set_look(row: np.void, part: Part) -> None:
    look = part.look
    row["fill"], row["grain"], row["shell"] = look.fill, look.grain, look.shell
    row["shell_in"], row["shell_out"], row["uneven"] = look.shell_in_mm, look.shell_out_mm, look.uneven
    # By name, so that what one part's cortex looks like doesn't depend on which others a head has.
    row["noise"] = part.stream or 400 + zlib.crc32(part.name.encode()) % 100_000
    row["run"], row["lean"], row["ends"], row["oblique"] = look.run_mm, look.lean, look.ends, look.oblique
    row["lean_a"], row["lean_s"] = math.cos(math.radians(look.lean_deg)), math.sin(math.radians(look.lean_deg))
    row["mesh"], row["flat"], row["patch"] = look.mesh, look.flat, look.patch
    for name, fade in (("fade", part.fade), ("thin", part.thins)):
        row[name + "_low"] = 1.0
        if fade is not None:
            full, way = np.asarray(fade.full_as), np.subtract(fade.full_as, fade.gone_as)
            slope = (1.0 - fade.low) / float(way @ way) * way
            row[name + "_a"], row[name + "_s"] = slope
            row[name + "_0"], row[name + "_low"] = 1.0 - float(slope @ full), fade.low


def _set_inside(row: np.void, part: Part) -> None:
    rooms, teeth = part.rooms or Rooms(), part.teeth
    row["lining"], row["level"], row["wall_value"] = rooms.lining_mm, rooms.level_s, rooms.wall_value
    for n, wall in enumerate(rooms.walls):
        row["walls"][n] = wall
    if teeth is not None:
        row["tooth_mm"], row["tooth_shift"] = teeth.width_mm, teeth.shift_mm
        row["tooth_root"], row["tooth_crown"] = teeth.root_s, teeth.crown_s
        row["tooth_edge"], row["tooth_seed"] = teeth.edge_s, teeth.seed
        row["tooth_share"], row["tooth_loose"] = teeth.share, teeth.loose_mm
        row["tooth_gap"], row["tooth_missing"] = teeth.gap_mm, teeth.missing


def _set_grid(row: np.void, grid: DistanceGrid, offset: int) -> None:
    row["offset"] = offset
    row["rows"], row["columns"] = grid.values_sa.shape
    row["a0"], row["s0"], row["step"] = grid.a0_mm, grid.s0_mm, grid.step_mm


def _set_box(row: np.void, low_as: tuple[float, float], high_as: tuple[float, float], high_l: float) -> None:
    row["low_a"], row["low_s"] = low_as
    row["high_a"], row["high_s"] = high_as
    row["high_l"] = high_l
