"""What the mouse and the keys do in a slice pane, without Qt."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Literal

import numpy as np
from psygnal import Signal

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation, Plane
from sos_studio.presenters.orientation import ANGLE_OF_PLANE
from sos_studio.presenters.pane_geometry import Hit, PaneGeometry, PaneView, fitted, step_mm

if TYPE_CHECKING:
    from sos_studio.presenters.orientation import OrientationPresenter

Button = Literal["left", "middle", "right"]
Key = Literal["left", "right", "up", "down", "page_up", "page_down"]

NUDGE_DEG = 0.1
COARSE = 10
ZOOM_STEP = 1.2
ZOOM_LIMITS_MM_PER_PX = (0.01, 5.0)
WINDOW_DRAG_PX = 250.0
STRAIGHTEN_STEPS = 8
STRAIGHTEN_EVERY_MS = 14

# The planes whose lines stand upright and lie level in each pane.
LINES_BY_LIE = {
    Plane.AXIAL: (Plane.SAGITTAL, Plane.CORONAL),
    Plane.CORONAL: (Plane.SAGITTAL, Plane.AXIAL),
    Plane.SAGITTAL: (Plane.CORONAL, Plane.AXIAL),
}

_drags = count(1)


@dataclass(frozen=True)
class _Drag:
    """A button held down: what was grabbed, and everything as it was then."""

    button: Button
    hit: Hit
    x: float
    y: float
    geometry: PaneGeometry
    orientation: Orientation
    window: Window
    merge_key: str


class PanePresenter:
    """One of the three slice panes.

    Attributes
    ----------
    readout
        Text parts beside the pointer while dragging: (name of the angle or plane, value, unit), or None.
    selected
        The line that left and right keys move; None: they turn.
    """

    changed = Signal()

    def __init__(self, plane: Plane, orienting: OrientationPresenter) -> None:
        self.plane = plane
        self._orienting = orienting
        self._session = orienting.session
        self._view: PaneView | None = None
        self._fitted_to: tuple[int, int] | None = None  # pane size that the view was fitted to; None once a person chose it
        self._latest: PaneGeometry | None = None
        self._drag: _Drag | None = None
        self._wheel_rest = 0.0
        self.readout: tuple[str, float, float] | None = None
        self.selected: Plane | None = None
        self.hovered = Hit("picture")
        self.animated = True
        self._session.scan_changed.connect(self._forget_view)
        self._session.scan_completed.connect(self._fit_whole)
        self._session.orientation_changed.connect(self._follow)
        self._session.window_changed.connect(self._tell)
        self._session.slices.changed.connect(self._tell)

    def fit(self) -> None:
        """Show the whole scan again."""
        self._forget_view()
        self.changed.emit()

    def geometry(self, size_px: tuple[int, int], pixel_ratio: float = 1.0) -> PaneGeometry | None:
        """The pane resolved for its present size; None without a scan."""
        scan = self._session.scan
        if scan is None or min(size_px) < 2:
            return None
        orientation, facing = self._session.orientation, self._session.settings.facing
        if self._view is None or self._fitted_to not in (None, size_px):
            self._view = fitted(scan.volume, orientation, self.plane, size_px, facing)
            self._fitted_to = size_px
        made = PaneGeometry(self.plane, orientation, self._view, facing, size_px, pixel_ratio)
        if made != self._latest:
            # Else the last one stays: it keeps what was worked out from it, and it is asked for several times for one picture.
            self._latest = made
        return self._latest

    @property
    def dragging(self) -> bool:
        """Whether a button is held."""
        return self._drag is not None

    def hover(self, geometry: PaneGeometry, x: float, y: float) -> Hit:
        """The pointer moves with no button down."""
        hit = geometry.hit(x, y)
        if hit != self.hovered:
            self.hovered = hit
            self.changed.emit()
        return hit

    def press(self, geometry: PaneGeometry, x: float, y: float, button: Button, *, shift: bool = False) -> None:
        """A button goes down."""
        hit = geometry.hit(x, y) if button == "left" else Hit("picture")
        if button == "left" and shift:
            hit = Hit("centre")
        self._drag = _Drag(button, hit, x, y, geometry, self._session.orientation, self._session.window, f"drag-{next(_drags)}")
        if button == "left":
            self.selected = hit.plane if hit.kind == "line" else None
            if shift:
                self._place_centre(x, y)
        self.changed.emit()

    def move(self, x: float, y: float) -> None:
        """The pointer moves with a button held."""
        drag = self._drag
        if drag is None or (x, y) == (drag.x, drag.y):
            return
        if drag.button == "middle":
            self._pan(drag, x, y)
        elif drag.button == "right":
            self._change_window(drag, x, y)
        elif drag.hit.kind == "handle":
            self._turn(drag, x, y)
        elif drag.hit.kind == "line" and drag.hit.plane is not None:
            self._slide(drag, drag.hit.plane, x, y)
        elif drag.hit.kind == "centre":
            self._place_centre(x, y)
        self.changed.emit()

    def release(self) -> None:
        """The button is let go: the drag is one step of the history, and a turned picture straightens out."""
        if self._drag is None:
            return
        self._drag = None
        self.readout = None
        self._session.undo.seal()
        self._straighten(STRAIGHTEN_STEPS if self.animated else 0)
        self.changed.emit()

    def wheel(self, geometry: PaneGeometry, notches: float, x: float, y: float, *, zoom: bool, fast: bool) -> None:
        """Turn the wheel: slices, or zoom about the pointer. Touch pads send parts of notches."""
        if zoom:
            self.zoom(geometry, ZOOM_STEP**notches, x, y)
            return
        self._wheel_rest += notches * (COARSE if fast else 1)
        whole = math.trunc(self._wheel_rest)
        self._wheel_rest -= whole
        if whole:
            self._scroll_own(whole)

    def zoom(self, geometry: PaneGeometry, factor: float, x: float, y: float) -> None:
        """Zoom so that the patient stays under the pointer."""
        low, high = ZOOM_LIMITS_MM_PER_PX
        mm_per_px = min(max(geometry.view.mm_per_px / factor, low), high)
        width, height = geometry.size_px
        ratio = mm_per_px / geometry.view.mm_per_px
        focus = geometry.lps_at(x + (width / 2 - x) * ratio, y + (height / 2 - y) * ratio)
        self._choose(replace(geometry.view, focus_lps_mm=focus, mm_per_px=mm_per_px))
        self.changed.emit()

    def pan(self, geometry: PaneGeometry, dx_px: float, dy_px: float) -> None:
        """Look farther right and down by so many logical pixels."""
        width, height = geometry.size_px
        self._choose(replace(geometry.view, focus_lps_mm=geometry.lps_at(width / 2 + dx_px, height / 2 + dy_px)))
        self.changed.emit()

    def change_window(self, *, wider: float = 1.0, darker: float = 0.0) -> None:
        """Scale the width of the grey-value window, and raise it by a share of its width."""
        now = self._session.window
        width, middle = now.high - now.low, (now.low + now.high) / 2
        middle, half = middle + darker * width, max(width * wider, 1e-3) / 2
        self._session.set_window(Window(low=middle - half, high=middle + half), merge_key="key-window")
        self._orienting.seal_soon()

    def key(self, geometry: PaneGeometry, key: Key, *, fast: bool = False) -> None:
        """Nudge: up and down move the level line, left and right turn (or move the upright line when it is selected)."""
        times = COARSE if fast else 1
        if key in ("page_up", "page_down"):
            self._scroll_own(times if key == "page_up" else -times)
            return
        upright, level = LINES_BY_LIE[self.plane]
        if key in ("up", "down"):
            self._nudge_line(geometry, level, (0.0, -1.0 if key == "up" else 1.0), times)
        elif self.selected is upright:
            self._nudge_line(geometry, upright, (-1.0 if key == "left" else 1.0, 0.0), times)
        else:
            clockwise = times * NUDGE_DEG * (1.0 if key == "right" else -1.0)
            self._orienting.turn(self.plane, clockwise * geometry.turn_sign, merge_key=f"nudge-turn-{self.plane}")
        self._orienting.seal_soon()

    def _nudge_line(self, geometry: PaneGeometry, plane: Plane, towards: tuple[float, float], voxels: int) -> None:
        scan = self._session.scan
        line = next((line for line in geometry.lines if line.plane is plane), None)
        if scan is None or line is None:
            return
        sign = 1.0 if line.normal_xy[0] * towards[0] + line.normal_xy[1] * towards[1] > 0 else -1.0
        step = step_mm(scan.volume, self._session.orientation, plane)
        self._orienting.scroll(plane, sign * voxels * step, merge_key=f"nudge-{plane}")

    def _scroll_own(self, voxels: int) -> None:
        """Forwards is towards the vertex, the face or the patient's left."""
        scan = self._session.scan
        if scan is None:
            return
        sign = -1.0 if self.plane is Plane.CORONAL else 1.0
        step = step_mm(scan.volume, self._session.orientation, self.plane)
        self._orienting.scroll(self.plane, sign * voxels * step, merge_key=f"wheel-{self.plane}")
        self._orienting.seal_soon()

    def _turn(self, drag: _Drag, x: float, y: float) -> None:
        cx, cy = drag.geometry.centre
        turned = math.degrees(math.atan2(y - cy, x - cx) - math.atan2(drag.y - cy, drag.x - cx))
        turned = math.remainder(turned, 360.0)
        self._orienting.turn(self.plane, turned * drag.geometry.turn_sign, start=drag.orientation, merge_key=drag.merge_key)
        # The picture stays still under the hand: the lines are turned on the screen by as much as the head's axes.
        self._view = replace(drag.geometry.view, twist_deg=drag.geometry.view.twist_deg + turned)
        angle = self._orienting.angle(self.plane)
        self.readout = (ANGLE_OF_PLANE[self.plane], angle, turned * drag.geometry.turn_sign)

    def _slide(self, drag: _Drag, plane: Plane, x: float, y: float) -> None:
        line = next(line for line in drag.geometry.lines if line.plane is plane)
        moved_px = (x - drag.x) * line.normal_xy[0] + (y - drag.y) * line.normal_xy[1]
        moved_mm = moved_px * drag.geometry.view.mm_per_px
        self._orienting.scroll(plane, moved_mm, start=drag.orientation, merge_key=drag.merge_key)
        self.readout = (plane.value, moved_mm, moved_mm)

    def _place_centre(self, x: float, y: float) -> None:
        drag = self._drag
        if drag is not None:
            self._orienting.place_centre(drag.geometry.lps_at(x, y), merge_key=drag.merge_key)

    def _pan(self, drag: _Drag, x: float, y: float) -> None:
        width, height = drag.geometry.size_px
        focus = drag.geometry.lps_at(width / 2 - (x - drag.x), height / 2 - (y - drag.y))
        self._choose(replace(drag.geometry.view, focus_lps_mm=focus))

    def _change_window(self, drag: _Drag, x: float, y: float) -> None:
        """Right is wider, up is brighter; the same hand movement works for narrow and wide windows."""
        width = drag.window.high - drag.window.low
        middle = (drag.window.high + drag.window.low) / 2
        wider = max(width * math.exp((x - drag.x) / WINDOW_DRAG_PX), 1e-3)
        middle += (y - drag.y) / WINDOW_DRAG_PX * width
        self._session.set_window(Window(low=middle - wider / 2, high=middle + wider / 2), merge_key=drag.merge_key)
        self.readout = ("window", middle, wider)

    def _straighten(self, steps: int) -> None:
        view, geometry = self._view, self._latest
        if view is None or geometry is None or view.twist_deg == 0.0 or self._drag is not None:
            return
        # Ease out: half of what is left, then the rest at the last step.
        rest = view.twist_deg * 0.55 if steps > 1 else 0.0
        turned = replace(geometry, orientation=self._session.orientation, view=replace(view, twist_deg=rest))
        # Turn about the crosshair, which stays where it is on the screen.
        (x, y), (cx, cy) = turned.centre, replace(turned, view=view).centre
        width, height = geometry.size_px
        focus = turned.lps_at(width / 2 + x - cx, height / 2 + y - cy)
        self._view = replace(view, twist_deg=rest, focus_lps_mm=focus)
        self.changed.emit()
        if steps > 1:
            again: Callable[[], None] = lambda: self._straighten(steps - 1)  # noqa: E731  typed for mypy
            self._session.background.after(STRAIGHTEN_EVERY_MS, again, key=f"straighten-{self.plane}")

    def _choose(self, view: PaneView) -> None:
        """A person's own view: it stays when the pane changes its size."""
        self._view, self._fitted_to = view, None

    def _forget_view(self, *_: object) -> None:
        self._view, self._fitted_to, self._latest, self._drag = None, None, None, None

    def _fit_whole(self, _: object) -> None:
        """The whole scan reaches a little farther than every n-th slice of it; a view that a person chose stays."""
        if self._fitted_to is not None and self._drag is None:
            self._view = None
        self.changed.emit()

    def _tell(self, *_: object) -> None:
        self.changed.emit()

    def _follow(self, orientation: Orientation) -> None:
        """The head was turned: the picture turns about the crosshair. It was only moved: the lines move over a still picture."""
        before = self._latest.orientation if self._latest is not None else orientation
        view = self._view
        if view is not None and self._latest is not None and not np.array_equal(before.rotation, orientation.rotation):
            offset = np.asarray(view.focus_lps_mm) - before.center_lps_mm
            x, y, z = (float(c) for c in orientation.center_lps_mm + orientation.rotation @ before.rotation.T @ offset)
            self._view = replace(view, focus_lps_mm=(x, y, z))
        if self._latest is not None and self._view is not None:
            self._latest = replace(self._latest, orientation=orientation, view=self._view)
        self.changed.emit()
