"""The volume pane without Qt: how the skull is turned, zoomed and cut open, and when it is drawn coarse or sharp."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from sos_studio.core.captures import Window
from sos_studio.core.geometry import NORMAL_AXIS, Orientation, Plane, Vector, direction_letters
from sos_studio.core.settings import CutSide
from sos_studio.core.volume import Volume
from sos_studio.imaging import raycast
from sos_studio.imaging.raycast import CutFace, RenderVolume, ShownPlane
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session, fault
from sos_studio.services.scans import OpenedScan

DEGREES_PER_PX = 0.4
THRESHOLD_PER_PX = 0.004
ZOOM_STEP = 1.15
ZOOM_LIMITS = (0.6, 16.0)
KEY_DEG = 5.0
SHARP_AFTER_MS = 150
# While something moves a picture may take this long, so that with its way to the screen there are more than 30 in a second ...
MOVING_S = 0.022
# ... and is drawn with as few pixels as that takes, but no fewer than this many along its shorter side.
LEAST_PX = 160
THREADS = 2
# While slices are dragged the skull follows on one thread, not with every frame of theirs, and in half the time: the machine is theirs.
FOLLOW_EVERY_S, FOLLOWING_S = 0.066, 0.012

# In a large pane all pixels come first and smooth edges, which take four times as long, after them.
SMOOTH_AT_ONCE_PX = 300_000

# A little from the patient's left front, so that depth is seen at once.
FIRST_AZIMUTH_DEG, FIRST_ELEVATION_DEG, FIRST_ZOOM = 30.0, 8.0, 1.45
# How squarely a new cut is looked at, and how askew it may already be seen without the camera being moved.
CUT_AZIMUTH_DEG, SEEN_ASKEW_DEG = 70.0, 45.0


@dataclass(frozen=True)
class Camera:
    """Where the skull is seen from, relative to the oriented head.

    Attributes
    ----------
    focus_lps_mm
        What lies in the middle; None: the middle of the scan.
    """

    azimuth_deg: float = FIRST_AZIMUTH_DEG
    elevation_deg: float = FIRST_ELEVATION_DEG
    zoom: float = FIRST_ZOOM
    focus_lps_mm: Vector | None = None

    def axes(self, orientation: Orientation) -> npt.NDArray[np.float64]:
        """Screen right, screen down and into the screen as columns, in LPS."""
        return raycast.camera_rotation(self.azimuth_deg, self.elevation_deg, orientation.rotation)


@dataclass(frozen=True, eq=False)
class VolumePicture:
    """A rendered skull and the letters of the directions it is seen in (left, right, top, bottom)."""

    rgb_vu: npt.NDArray[np.uint8]
    letters: tuple[str, str, str, str]
    coarse: bool


@dataclass(frozen=True, eq=False)
class _Wish:
    """All that a picture depends on."""

    prepared: RenderVolume
    scan: Volume
    orientation: Orientation
    camera: Camera
    threshold: float | None
    cut: CutSide
    window: Window
    colors: Mapping[Plane, tuple[int, int, int]]


class VolumePresenter:
    """Asks for pictures in the background; while something moves they are coarse, at rest they are sharp.

    Parameters
    ----------
    plane_colors
        RGB in which each plane is drawn on the surface.

    Attributes
    ----------
    picture
        The newest; None while there is none.
    failure
        Why there is none and none will come; the slices do without.

    Signals
    -------
    changed
        There is another picture, or none will come.
    cut_changed
        The head was cut open, closed, or cut from the other side.
    """

    changed = Signal()
    cut_changed = Signal()

    def __init__(self, session: Session, plane_colors: Mapping[Plane, tuple[int, int, int]]) -> None:
        self._session = session
        self._colors = plane_colors
        self._prepared: RenderVolume | None = None
        self._size_vu = (0, 0)
        self._shown = True
        self._generation = 0
        self._seconds_per_pixel = 0.0
        self._followed_at = 0.0
        self.camera = Camera()
        self.threshold: float | None = None
        self.picture: VolumePicture | None = None
        self.failure: Message | None = None
        session.scan_changed.connect(self._on_scan)
        session.scan_completed.connect(self._prepare)
        session.orientation_changed.connect(self._on_orientation)
        session.window_changed.connect(self._on_window)

    @property
    def preparing(self) -> bool:
        """Whether a scan is open whose skull is not there yet."""
        return self._session.scan is not None and self.picture is None and self.failure is None

    @property
    def cut(self) -> CutSide:
        """Which half of the head is taken away."""
        return self._session.settings.volume_cut

    def resize(self, rows: int, columns: int) -> None:
        """The pane's size in device pixels."""
        if (rows, columns) != self._size_vu:
            self._size_vu = (rows, columns)
            self._ask()

    def set_shown(self, shown: bool) -> None:
        """Nothing is drawn for a pane that nobody sees."""
        if shown != self._shown:
            self._shown = shown
            self._ask()

    # --- looking ------------------------------------------------------------------------------------------------------------

    def turn(self, dx_px: float, dy_px: float) -> None:
        """Drag: the skull follows the hand."""
        self.turn_by(-dx_px * DEGREES_PER_PX, dy_px * DEGREES_PER_PX)

    def turn_by(self, azimuth_deg: float, elevation_deg: float) -> None:
        """Walk round the head; never over its top."""
        elevation = min(max(self.camera.elevation_deg + elevation_deg, -90.0), 90.0)
        self.camera = replace(self.camera, azimuth_deg=(self.camera.azimuth_deg + azimuth_deg) % 360.0, elevation_deg=elevation)
        self._ask()

    def zoom(self, notches: float, right_px: float = 0.0, down_px: float = 0.0) -> None:
        """Nearer or farther; what is that many device pixels off the middle stays where it is."""
        low, high = ZOOM_LIMITS
        zoom = min(max(self.camera.zoom * ZOOM_STEP**notches, low), high)
        stays = 1.0 - self.camera.zoom / zoom
        self._look_aside(right_px * stays, down_px * stays)
        self.camera = replace(self.camera, zoom=zoom)
        self._ask()

    def pan(self, dx_px: float, dy_px: float) -> None:
        """Drag: the skull is moved by device pixels."""
        self._look_aside(-dx_px, -dy_px)
        self._ask()

    def change_threshold(self, dy_px: float) -> None:
        """Drag up to see denser bone only."""
        if self._prepared is None:
            return
        low, high = self._prepared.value_range
        now = self._prepared.threshold if self.threshold is None else self.threshold
        self.threshold = min(max(now - dy_px * THRESHOLD_PER_PX * (high - low), low), high)
        self._ask()

    def reset(self) -> None:
        """First view again; what is cut open stays open."""
        self.camera, self.threshold = Camera(), None
        self._face_cut()
        self._ask()

    def _look_aside(self, right_px: float, down_px: float) -> None:
        prepared = self._prepared
        if prepared is None or min(self._size_vu) < 2:
            return
        mm_per_px = prepared.diagonal_mm / min(self._size_vu) / self.camera.zoom
        axes = self.camera.axes(self._session.orientation)
        focus = np.asarray(self.camera.focus_lps_mm or prepared.copy.center_lps_mm)
        x, y, z = (float(c) for c in focus + mm_per_px * (right_px * axes[:, 0] + down_px * axes[:, 1]))
        self.camera = replace(self.camera, focus_lps_mm=(x, y, z))

    # --- cutting ------------------------------------------------------------------------------------------------------------

    def toggle_cut(self) -> None:
        """Cut the head open along the midsagittal plane, seen as in the sagittal pane, or close it."""
        facing: Literal["left", "right"] = self._session.settings.facing
        self._set_cut("off" if self.cut != "off" else facing)
        self._face_cut()

    def flip_cut(self) -> None:
        """Take the other half away, and walk to that side of the head."""
        if self.cut == "off":
            self.toggle_cut()
            return
        self.camera = replace(self.camera, azimuth_deg=-self.camera.azimuth_deg % 360.0)
        self._set_cut("left" if self.cut == "right" else "right")
        self._face_cut()

    def _set_cut(self, cut: CutSide) -> None:
        self._session.settings.volume_cut = cut
        self._session.save_settings()
        self.cut_changed.emit()
        self._ask()

    def _face_cut(self) -> None:
        """A cut that nobody sees shows nothing: walk to where it is seen."""
        if self.cut == "off":
            return
        towards = 1.0 if self.cut == "left" else -1.0
        seen = towards * math.sin(math.radians(self.camera.azimuth_deg)) * math.cos(math.radians(self.camera.elevation_deg))
        if seen < math.cos(math.radians(SEEN_ASKEW_DEG)):
            azimuth = (towards * CUT_AZIMUTH_DEG) % 360.0
            self.camera = replace(self.camera, azimuth_deg=azimuth, elevation_deg=FIRST_ELEVATION_DEG)
            self._ask()

    # --- pictures -----------------------------------------------------------------------------------------------------------

    def _on_scan(self, scan: OpenedScan | None) -> None:
        self._prepared, self.picture, self.threshold, self.failure = None, None, None, None
        self.camera = replace(self.camera, focus_lps_mm=None)
        self.changed.emit()
        self._prepare(scan)

    def _prepare(self, scan: OpenedScan | None) -> None:
        if scan is None:
            return
        volume = scan.volume

        def work() -> RenderVolume:
            raycast.warm_up()
            return raycast.prepare(volume)

        def done(prepared: RenderVolume) -> None:
            if self._session.scan is scan:
                self._prepared = prepared
                self._face_cut()
                self._ask(sharp=True)

        def failed(error: Exception) -> None:
            if self._session.scan is scan:
                self._fail(error)

        self._session.background.run(work, done, failed, key="prepare-skull")

    def _fail(self, error: Exception) -> None:
        """Said where the picture would be, once; the slices do without."""
        if self.failure is None:
            why = message(*fault(error))
            self.picture, self.failure = None, message("volume.no_picture", {"reason": why.text, "advice": why.hint})
            self.changed.emit()

    def _on_orientation(self, _: Orientation) -> None:
        self._follow()

    def _on_window(self, _: Window) -> None:
        if self.cut != "off":
            self._follow()

    def _follow(self) -> None:
        rest_s = self._followed_at + FOLLOW_EVERY_S - time.monotonic()
        if rest_s <= 0:
            self._follow_now()
        else:
            self._session.background.after(math.ceil(1e3 * rest_s), self._follow_now, key="skull-follows")

    def _follow_now(self) -> None:
        self._followed_at = time.monotonic()
        self._ask(following=True)

    def _ask(self, *, sharp: bool = False, smooth: bool = True, following: bool = False) -> None:
        prepared, (rows, columns), scan = self._prepared, self._size_vu, self._session.scan
        if prepared is None or scan is None or min(rows, columns) < 2 or not self._shown:
            return
        self._generation += 1
        generation, session = self._generation, self._session
        threads, budget_s = (1, FOLLOWING_S) if following else (THREADS, MOVING_S)
        shrink = 1.0 if sharp else self._shrink(rows, columns, budget_s * threads)
        size = max(2, round(rows * shrink)), max(2, round(columns * shrink))
        smooth = sharp and (smooth or rows * columns <= SMOOTH_AT_ONCE_PX)
        wish = _Wish(prepared, scan.volume, session.orientation, self.camera, self.threshold, self.cut, session.window, dict(self._colors))

        def work() -> tuple[VolumePicture | None, float] | Exception:
            started = time.perf_counter()
            try:
                # Coarse pictures are always shown, so that the skull keeps up; a sharp one that is late is given up.
                newest = lambda: not sharp or self._generation == generation  # noqa: E731  asked in the middle of the work
                picture = _picture(wish, size, sharp=sharp, smooth=smooth, threads=threads, wanted=newest)
            except Exception as error:  # of whatever kind: the person must not be left waiting for it
                return error
            return picture, (time.perf_counter() - started) * threads / (size[0] * size[1])

        def done(answer: tuple[VolumePicture | None, float] | Exception) -> None:
            if isinstance(answer, Exception):
                if prepared is self._prepared:
                    self._fail(answer)
                return
            picture, seconds = answer
            if not sharp:
                # A calm average: one slow picture on a busy machine must not make all that follow coarse.
                self._seconds_per_pixel = seconds if self._seconds_per_pixel == 0.0 else 0.7 * self._seconds_per_pixel + 0.3 * seconds
            if picture is not None and prepared is self._prepared:
                self.picture, self.failure = picture, None
                self.changed.emit()
                if sharp and not smooth and self._generation == generation:
                    self._ask(sharp=True)

        session.background.run_latest(work, done, key="skull")
        if not sharp:
            session.background.after(SHARP_AFTER_MS, self._sharpen, key="skull-sharp")

    def _shrink(self, rows: int, columns: int, budget_s: float) -> float:
        """How much smaller a picture is drawn so that it is done in time."""
        least = min(1.0, LEAST_PX / min(rows, columns))
        if self._seconds_per_pixel == 0.0:
            return least
        return min(1.0, max(least, math.sqrt(budget_s / (self._seconds_per_pixel * rows * columns))))

    def _sharpen(self) -> None:
        self._ask(sharp=True, smooth=False)


def _picture(
    wish: _Wish, size_vu: tuple[int, int], *, sharp: bool, smooth: bool, threads: int, wanted: raycast.Wanted
) -> VolumePicture | None:
    rotation, center = wish.orientation.rotation, wish.orientation.center_lps_mm
    normals: dict[Plane, Vector] = {}
    for plane in wish.colors:
        x, y, z = (float(c) for c in rotation[:, NORMAL_AXIS[plane]])
        normals[plane] = (x, y, z)
    planes = [ShownPlane(normals[plane], center, rgb) for plane, rgb in wish.colors.items()]
    cut = None
    if wish.cut != "off":
        sign = 1.0 if wish.cut == "left" else -1.0
        x, y, z = (sign * c for c in normals[Plane.SAGITTAL])
        # The whole scan is sampled only at rest: while something moves its voxels would have to come from far in memory.
        cut = CutFace((x, y, z), center, wish.window, wish.scan if sharp else None)
    axes = wish.camera.axes(wish.orientation)
    camera = raycast.Camera(axes, wish.camera.zoom, wish.camera.focus_lps_mm)
    rgb_vu = raycast.render(wish.prepared, camera, size_vu, wish.threshold, planes, cut=cut, smooth=smooth, threads=threads, wanted=wanted)
    if rgb_vu is None:
        return None
    right, down = axes[:, 0], axes[:, 1]
    letters = direction_letters(-right), direction_letters(right), direction_letters(-down), direction_letters(down)
    return VolumePicture(rgb_vu, letters, coarse=not sharp)
