"""Moving, turning and scaling the 2:1 frame: pure functions on `Roi`, in full-image pixels.

Every function returns a whole `Roi`, so 2:1 can't be broken by any route; a wish that would leave the image, or make the frame too small,
is answered with the nearest frame that may be and with the code of the reason in `Edit.refused`. Numbers that are none raise
``roi.not_a_frame``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from sos_studio.core.roi import MIN_WIDTH_PX, Point, Roi

Shape = tuple[int, int]

# The turning knobs stand this share of the frame's width outside its short sides.
KNOB_OUTSIDE = 0.07
HAIR_PX = 1e-7
# Of the search for a border that is met on the way.
MOST_STEPS, BISECTIONS = 360, 12


class Grip(StrEnum):
    """What of the frame is held."""

    ENDOCRANIAL_END = "endocranial_end"
    ECTOCRANIAL_END = "ectocranial_end"
    CORNER = "corner"
    TURN = "turn"
    INSIDE = "inside"


@dataclass(frozen=True)
class Ends:
    """The two clicked ends of the SOS; they stay where they were clicked while the frame is adjusted."""

    endocranial_uv: Point
    ectocranial_uv: Point

    @property
    def distance_px(self) -> float:
        """Between the ends."""
        return math.dist(self.endocranial_uv, self.ectocranial_uv)


@dataclass(frozen=True)
class Edit:
    """Answer to a wish: the frame to show, the ends that go with it, and why the wish was not fulfilled (empty if it was)."""

    roi: Roi
    ends: Ends | None
    refused: str = ""


OUTSIDE, TOO_SMALL = "crop.at_border", "roi.too_small"


def knobs_uv(roi: Roi) -> tuple[Point, Point]:
    """Where the two turning knobs are: beyond the endocranial and beyond the ectocranial side."""
    angle = math.radians(roi.angle_deg)
    reach = roi.width_px * (0.5 + KNOB_OUTSIDE)
    du, dv = reach * math.cos(angle), reach * math.sin(angle)
    u, v = roi.center_uv
    return (u - du, v - dv), (u + du, v + dv)


def contains(roi: Roi, uv: Point) -> bool:
    """Whether a point lies within the frame."""
    angle = math.radians(roi.angle_deg)
    du, dv = uv[0] - roi.center_uv[0], uv[1] - roi.center_uv[1]
    along = du * math.cos(angle) + dv * math.sin(angle)
    across = -du * math.sin(angle) + dv * math.cos(angle)
    return abs(along) <= roi.width_px / 2 and abs(across) <= roi.height_px / 2


def grip_at(roi: Roi, ends: Ends | None, uv: Point, reach_px: float) -> Grip | None:
    """What lies under the pointer, small things first.

    Parameters
    ----------
    reach_px
        How near counts as touching, in full-image pixels (a few screen pixels divided by the zoom).
    """
    if ends is not None:
        if math.dist(uv, ends.endocranial_uv) <= reach_px:
            return Grip.ENDOCRANIAL_END
        if math.dist(uv, ends.ectocranial_uv) <= reach_px:
            return Grip.ECTOCRANIAL_END
    if any(math.dist(uv, (float(u), float(v))) <= reach_px for u, v in roi.corners_uv):
        return Grip.CORNER
    if any(math.dist(uv, knob) <= reach_px for knob in knobs_uv(roi)):
        return Grip.TURN
    return Grip.INSIDE if contains(roi, uv) else None


def dragged(roi: Roi, ends: Ends | None, grip: Grip, *, start_uv: Point, now_uv: Point, shape_vu: Shape) -> Edit:
    """The frame after dragging a grip from `start_uv` to `now_uv`; `roi` and `ends` are as they were at the start."""
    match grip:
        case Grip.INSIDE:
            return moved(roi, ends, now_uv[0] - start_uv[0], now_uv[1] - start_uv[1], shape_vu)
        case Grip.TURN:
            u, v = roi.center_uv
            before = math.atan2(start_uv[1] - v, start_uv[0] - u)
            after = math.atan2(now_uv[1] - v, now_uv[0] - u)
            return turned(roi, ends, math.degrees(after - before), shape_vu)
        case Grip.CORNER:
            before_px = max(math.dist(start_uv, roi.center_uv), 1e-6)
            return scaled(roi, ends, math.dist(now_uv, roi.center_uv) / before_px, shape_vu)
        case _:
            return _end_dragged(roi, ends, grip, now_uv, shape_vu)


def moved(roi: Roi, ends: Ends | None, du_px: float, dv_px: float, shape_vu: Shape) -> Edit:
    """Shift; at the border the frame slides along it."""
    u, v = roi.center_uv
    wish = Roi.of((u + du_px, v + dv_px), roi.angle_deg, roi.width_px)
    if wish.inside(shape_vu):
        return Edit(wish, ends)
    height, width = shape_vu
    low, high = wish.corners_uv.min(axis=0), wish.corners_uv.max(axis=0)
    back = np.maximum(-0.5 - low, 0.0) - np.maximum(high - (np.array([width, height]) - 0.5), 0.0)
    # A hair farther in: a frame that touches the border exactly may lie beyond it by the last bit.
    shift = back + np.sign(back) * HAIR_PX
    slid = Roi.of((wish.center_uv[0] + float(shift[0]), wish.center_uv[1] + float(shift[1])), roi.angle_deg, roi.width_px)
    return Edit(slid if slid.inside(shape_vu) else roi, ends, OUTSIDE)


def turned(roi: Roi, ends: Ends | None, degrees: float, shape_vu: Shape) -> Edit:
    """Turn about the frame's centre, clockwise on the screen for positive degrees; at the border the frame stops."""
    wish = Roi.of(roi.center_uv, roi.angle_deg + degrees, roi.width_px)
    way_deg = math.remainder(degrees, 360.0)
    if wish.inside(shape_vu):
        return Edit(wish, ends)

    def at(share: float) -> Edit:
        return Edit(Roi.of(roi.center_uv, roi.angle_deg + share * way_deg, roi.width_px), ends)

    return _as_far_as_it_goes(at, Edit(roi, ends, OUTSIDE), shape_vu, abs(way_deg))


def scaled(roi: Roi, ends: Ends | None, factor: float, shape_vu: Shape) -> Edit:
    """Grow or shrink about the centre, never below the smallest frame and never beyond the image."""
    wished_px = Roi.of(roi.center_uv, roi.angle_deg, roi.width_px * factor).width_px
    width_px = max(wished_px, MIN_WIDTH_PX)
    wish = Roi.of(roi.center_uv, roi.angle_deg, width_px)
    if wish.inside(shape_vu):
        return Edit(wish, ends, TOO_SMALL if wished_px < MIN_WIDTH_PX * (1.0 - 1e-9) else "")
    if not roi.inside(shape_vu) or width_px <= roi.width_px:
        return Edit(roi, ends, OUTSIDE)
    largest = Roi.of(roi.center_uv, roi.angle_deg, _largest_width(roi, shape_vu))
    return Edit(largest if largest.inside(shape_vu) else roi, ends, OUTSIDE)


def _largest_width(roi: Roi, shape_vu: Shape) -> float:
    """Width at which a frame of this centre and angle first touches the border."""
    height, width = shape_vu
    center = np.asarray(roi.center_uv)
    room = np.minimum(center + 0.5, np.array([width, height]) - 0.5 - center)
    reach = np.abs(roi.corners_uv - center).max(axis=0)
    return roi.width_px * float(np.min(room / reach)) * (1 - 1e-9)


def _end_dragged(roi: Roi, ends: Ends | None, grip: Grip, now_uv: Point, shape_vu: Shape) -> Edit:
    """The frame follows a corrected end; its width keeps the proportion to the distance that it had."""
    if ends is None:
        return Edit(roi, ends, OUTSIDE)
    endocranial = grip is Grip.ENDOCRANIAL_END
    over = roi.width_px / max(ends.distance_px, 1e-6)
    began = ends.endocranial_uv if endocranial else ends.ectocranial_uv

    def ends_at(share: float) -> Ends:
        end = (began[0] + share * (now_uv[0] - began[0]), began[1] + share * (now_uv[1] - began[1]))
        return Ends(end, ends.ectocranial_uv) if endocranial else Ends(ends.endocranial_uv, end)

    def at(share: float) -> Edit | None:
        wish = ends_at(share)
        small = wish.distance_px * over < MIN_WIDTH_PX
        return None if small else Edit(Roi.from_ends(wish.endocranial_uv, wish.ectocranial_uv, over), wish)

    if ends_at(1.0).distance_px * over < MIN_WIDTH_PX:
        return _as_far_as_it_goes(at, Edit(roi, ends, TOO_SMALL), shape_vu, math.dist(began, now_uv))
    wish = at(1.0)
    if wish is not None and wish.roi.inside(shape_vu):
        return wish
    return _as_far_as_it_goes(at, Edit(roi, ends, OUTSIDE), shape_vu, math.dist(began, now_uv))


def _as_far_as_it_goes(at: Callable[[float], Edit | None], start: Edit, shape_vu: Shape, way: float) -> Edit:
    """The last frame that can be on the way to a wish that can't: nothing springs back when a border is met.

    Parameters
    ----------
    at
        The frame at a share of the way, None if it would be too small.
    start
        The frame from which the way begins, with the reason why its end can't be reached.
    way
        How long the way is, in pixels or degrees; the border is looked for in steps of about one.
    """

    def possible(share: float) -> Edit | None:
        edit = at(share)
        return edit if edit is not None and edit.roi.inside(shape_vu) else None

    steps = min(max(math.ceil(way), 1), MOST_STEPS)
    last, low = start, 0.0
    for n in range(1, steps + 1):
        found = possible(n / steps)
        if found is None:
            break
        last, low = found, n / steps
    high = min(low + 1.0 / steps, 1.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        found = possible(middle)
        if found is None:
            high = middle
        else:
            last, low = found, middle
    return replace(last, refused=start.refused)
