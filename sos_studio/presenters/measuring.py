"""Distances and angles drawn on slices: live while they are drawn, kept until the scan is closed, undone like everything."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from psygnal import Signal

from sos_studio.core.geometry import NORMAL_AXIS, Plane, Vector
from sos_studio.presenters.pane_geometry import PaneGeometry, Point
from sos_studio.presenters.undo import Change

if TYPE_CHECKING:
    from sos_studio.presenters.session import Session

Tool = Literal["distance", "angle"]

SCAN_SCOPE = "scan"
# A press that moves no farther is a click, and the end follows the pointer to the next click.
CLICK_REACH_PX = 4.0
HOVER_REACH_PX = 8.0
# How far a slice may lie from what was measured and still show it; half the shown slab, if that is more.
NEAR_MM = 1.0


@dataclass(frozen=True)
class Measurement:
    """A distance between two points, or the angle at the middle one of three.

    Attributes
    ----------
    plane
        In whose pane it was drawn.
    points_lps_mm
        Both ends; or end of one arm, apex, end of the other arm (only the first arm until the second is drawn).
    """

    kind: Tool
    plane: Plane
    points_lps_mm: tuple[Vector, ...]

    @property
    def whole(self) -> bool:
        """Whether it has all its points."""
        return len(self.points_lps_mm) == (2 if self.kind == "distance" else 3)

    @property
    def value(self) -> float:
        """Millimetres, or degrees from 0 to 180; of half an angle the length of its arm."""
        first, second, *third = (np.asarray(point) for point in self.points_lps_mm)
        if not third:
            return float(np.linalg.norm(second - first))
        arms = first - second, third[0] - second
        # Unlike the arc cosine exact near 0 and 180 degrees.
        return math.degrees(math.atan2(float(np.linalg.norm(np.cross(*arms))), float(np.dot(*arms))))

    @property
    def in_degrees(self) -> bool:
        """Whether `value` is an angle."""
        return len(self.points_lps_mm) == 3

    def with_last(self, lps_mm: Vector) -> Measurement:
        """Its last point elsewhere."""
        return replace(self, points_lps_mm=(*self.points_lps_mm[:-1], lps_mm))


class Measuring:
    """Tool, measurements and the one that is being drawn.

    Attributes
    ----------
    tool
        What the left button draws; None: it orients.
    items
        What was measured in this scan, oldest first.
    draft
        What is being drawn; its last point follows the pointer.
    """

    changed = Signal()
    # Unlike `changed` not with every movement of the pointer.
    tool_changed = Signal(object)

    def __init__(self, session: Session) -> None:
        self._session = session
        self.tool: Tool | None = None
        self.items: tuple[Measurement, ...] = ()
        self.draft: Measurement | None = None
        self._pressed_at: Point | None = None
        session.scan_changed.connect(self._forget)

    # --- tool -------------------------------------------------------------------------------------------------------

    def take(self, tool: Tool) -> None:
        """Take a tool up, or put it down if it is in the hand."""
        self._drop_draft()
        self._hold(None if self.tool == tool or self._session.scan is None else tool)

    def escape(self) -> bool:
        """Drop what is being drawn, then put the tool down; False if there is nothing to end."""
        if self.draft is not None:
            self._drop_draft()
            self.changed.emit()
        elif self.tool is not None:
            self._hold(None)
        else:
            return False
        return True

    # --- drawing ----------------------------------------------------------------------------------------------------

    def press(self, geometry: PaneGeometry, x: float, y: float) -> None:
        """The left button goes down: begin, or set the point that follows the pointer."""
        if self.tool is None:
            return
        at = geometry.lps_at(x, y)
        if self.draft is None or self.draft.plane is not geometry.plane:
            self.draft = Measurement(self.tool, geometry.plane, (at, at))
            self._pressed_at = (x, y)
        else:
            self._pressed_at = None
            self._set_last(at)
        self.changed.emit()

    def move(self, geometry: PaneGeometry, x: float, y: float) -> None:
        """The pointer moves, the button held or not."""
        if self.draft is not None and self.draft.plane is geometry.plane:
            self.draft = self.draft.with_last(geometry.lps_at(x, y))
            self.changed.emit()

    def release(self, geometry: PaneGeometry, x: float, y: float) -> None:
        """The left button is let go: a drag sets its end, a click waits for the next."""
        pressed, self._pressed_at = self._pressed_at, None
        if self.draft is not None and pressed is not None and math.dist(pressed, (x, y)) > CLICK_REACH_PX:
            self._set_last(geometry.lps_at(x, y))
            self.changed.emit()

    def _set_last(self, at: Vector) -> None:
        if self.draft is None:
            return
        drawn = self.draft.with_last(at)
        goes_nowhere = drawn.points_lps_mm[-1] == drawn.points_lps_mm[-2]
        if drawn.kind == "angle" and goes_nowhere:
            # The second click of a double click: an arm without a length has no angle.
            return
        if drawn.whole:
            self.draft = None
            if not goes_nowhere:
                self._put((*self.items, drawn))
        else:
            # One arm stands; the other follows the pointer from the apex.
            self.draft = replace(drawn, points_lps_mm=(*drawn.points_lps_mm, at))

    # --- removing ---------------------------------------------------------------------------------------------------

    def remove(self, item: Measurement | None = None) -> bool:
        """Remove one (None: the newest); False if there is none."""
        item = self.items[-1] if item is None and self.items else item
        if item not in self.items:
            return False
        self._put(tuple(other for other in self.items if other is not item))
        return True

    def remove_all(self) -> None:
        """Remove all of them."""
        self._drop_draft()
        if self.items:
            self._put(())

    # --- what a pane shows ------------------------------------------------------------------------------------------

    def shown_in(self, geometry: PaneGeometry) -> list[Measurement]:
        """What was drawn in this pane and lies in the slice that it shows, and what is being drawn."""
        reach_mm = max(NEAR_MM, self._session.slices.slab.thickness_mm / 2)
        normal = geometry.orientation.rotation[:, NORMAL_AXIS[geometry.plane]]
        center = np.asarray(geometry.orientation.center_lps_mm)

        def near(item: Measurement) -> bool:
            return all(abs(float((np.asarray(point) - center) @ normal)) <= reach_mm for point in item.points_lps_mm)

        shown = [item for item in self.items if item.plane is geometry.plane and near(item)]
        return [*shown, self.draft] if self.draft is not None and self.draft.plane is geometry.plane else shown

    def under(self, geometry: PaneGeometry, x: float, y: float) -> Measurement | None:
        """The measurement under the pointer."""
        for item in reversed(self.shown_in(geometry)):
            points = [geometry.xy_of(point) for point in item.points_lps_mm]
            if item is not self.draft and any(_distance((x, y), *ends) <= HOVER_REACH_PX for ends in pairwise(points)):
                return item
        return None

    # --- the session ------------------------------------------------------------------------------------------------

    def _put(self, items: tuple[Measurement, ...]) -> None:
        before = self.items

        def show(those: tuple[Measurement, ...]) -> None:
            self.items = those
            self.changed.emit()

        show(items)
        self._session.undo.push(Change("measurement", lambda: show(before), lambda: show(items), scope=SCAN_SCOPE))

    def _drop_draft(self) -> None:
        self.draft, self._pressed_at = None, None

    def _forget(self, _: object) -> None:
        self._drop_draft()
        self.items = ()
        self._hold(None)

    def _hold(self, tool: Tool | None) -> None:
        self.tool = tool
        self.changed.emit()
        self.tool_changed.emit(tool)


def _distance(point: Point, start: Point, end: Point) -> float:
    """Distance from a point to a segment."""
    along = np.subtract(end, start)
    length = float(along @ along)
    t = min(max(float(np.subtract(point, start) @ along) / length, 0.0), 1.0) if length else 0.0
    return math.dist(point, (start[0] + t * float(along[0]), start[1] + t * float(along[1])))
