"""The volume pane without Qt: how the skull is turned, and when it is drawn coarse or sharp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from sos_studio.core.geometry import NORMAL_AXIS, Orientation, Plane, direction_letters
from sos_studio.imaging import raycast
from sos_studio.imaging.raycast import RenderVolume, ShownPlane
from sos_studio.presenters.session import Session
from sos_studio.services.scans import OpenedScan

DEGREES_PER_PX = 0.4
THRESHOLD_PER_PX = 0.004
ZOOM_STEP = 1.15
ZOOM_LIMITS = (0.6, 8.0)
COARSE_PX = 220
SHARP_AFTER_MS = 150
KEY_DEG = 5.0

# A little from the patient's left front, so that depth is seen at once.
FIRST_AZIMUTH_DEG, FIRST_ELEVATION_DEG, FIRST_ZOOM = 30.0, 8.0, 1.45


@dataclass(frozen=True)
class Camera:
    """Where the skull is seen from, relative to the oriented head."""

    azimuth_deg: float = FIRST_AZIMUTH_DEG
    elevation_deg: float = FIRST_ELEVATION_DEG
    zoom: float = FIRST_ZOOM


@dataclass(frozen=True, eq=False)
class VolumePicture:
    """A rendered skull and the letters of the directions it is seen in (left, right, top, bottom)."""

    rgb_vu: npt.NDArray[np.uint8]
    letters: tuple[str, str, str, str]
    coarse: bool


class VolumePresenter:
    """Asks for pictures in the background; while something moves they are coarse, at rest they are sharp.

    Parameters
    ----------
    plane_colors
        RGB in which each plane is drawn on the surface.
    """

    changed = Signal()

    def __init__(self, session: Session, plane_colors: Mapping[Plane, tuple[int, int, int]]) -> None:
        self._session = session
        self._colors = plane_colors
        self._prepared: RenderVolume | None = None
        self._size_vu = (0, 0)
        self.camera = Camera()
        self.threshold: float | None = None
        self.picture: VolumePicture | None = None
        session.scan_changed.connect(self._on_scan)
        session.scan_completed.connect(self._prepare)
        session.orientation_changed.connect(self._on_orientation)

    @property
    def preparing(self) -> bool:
        """Whether a scan is open whose skull is not there yet."""
        return self._session.scan is not None and self.picture is None

    def resize(self, rows: int, columns: int) -> None:
        """The pane's size in device pixels."""
        if (rows, columns) != self._size_vu:
            self._size_vu = (rows, columns)
            self._ask()

    def turn(self, dx_px: float, dy_px: float) -> None:
        """Drag: the skull follows the hand."""
        self.turn_by(-dx_px * DEGREES_PER_PX, dy_px * DEGREES_PER_PX)

    def turn_by(self, azimuth_deg: float, elevation_deg: float) -> None:
        """Walk round the head; never over its top."""
        elevation = min(max(self.camera.elevation_deg + elevation_deg, -90.0), 90.0)
        self.camera = Camera((self.camera.azimuth_deg + azimuth_deg) % 360.0, elevation, self.camera.zoom)
        self._ask()

    def zoom(self, notches: float) -> None:
        """Nearer or farther."""
        low, high = ZOOM_LIMITS
        zoom = min(max(self.camera.zoom * ZOOM_STEP**notches, low), high)
        self.camera = Camera(self.camera.azimuth_deg, self.camera.elevation_deg, zoom)
        self._ask()

    def change_threshold(self, dy_px: float) -> None:
        """Drag up to see denser bone only."""
        if self._prepared is None:
            return
        low, high = float(self._prepared.voxels_kji.min()), float(self._prepared.voxels_kji.max())
        now = self._prepared.threshold if self.threshold is None else self.threshold
        self.threshold = min(max(now - dy_px * THRESHOLD_PER_PX * (high - low), low), high)
        self._ask()

    def reset(self) -> None:
        """First view again."""
        self.camera, self.threshold = Camera(), None
        self._ask()

    def _on_scan(self, scan: OpenedScan | None) -> None:
        self._prepared, self.picture, self.threshold = None, None, None
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
                self._ask(sharp=True)

        self._session.background.run(work, done, self._session.report, key="prepare-skull")

    def _on_orientation(self, _: Orientation) -> None:
        self._ask()

    def _ask(self, *, sharp: bool = False) -> None:
        prepared, (rows, columns) = self._prepared, self._size_vu
        if prepared is None or min(rows, columns) < 2:
            return
        shrink = 1.0 if sharp else min(1.0, COARSE_PX / min(rows, columns))
        size = max(2, round(rows * shrink)), max(2, round(columns * shrink))
        orientation, camera, threshold, colors = self._session.orientation, self.camera, self.threshold, self._colors

        def work() -> VolumePicture:
            return _picture(prepared, orientation, camera=camera, threshold=threshold, colors=colors, size_vu=size, coarse=shrink < 1.0)

        def done(picture: VolumePicture) -> None:
            if prepared is self._prepared:
                self.picture = picture
                self.changed.emit()

        self._session.background.run_latest(work, done, key="skull")
        if shrink < 1.0:
            self._session.background.after(SHARP_AFTER_MS, self._sharpen, key="skull-sharp")

    def _sharpen(self) -> None:
        self._ask(sharp=True)


def _picture(
    prepared: RenderVolume,
    orientation: Orientation,
    *,
    camera: Camera,
    threshold: float | None,
    colors: Mapping[Plane, tuple[int, int, int]],
    size_vu: tuple[int, int],
    coarse: bool,
) -> VolumePicture:
    rotation = orientation.rotation
    axes = raycast.camera_rotation(camera.azimuth_deg, camera.elevation_deg, rotation)
    planes = []
    for plane, rgb in colors.items():
        x, y, z = (float(c) for c in rotation[:, NORMAL_AXIS[plane]])
        planes.append(ShownPlane((x, y, z), orientation.center_lps_mm, rgb))
    rgb_vu = raycast.render(prepared, axes, size_vu, threshold, planes, zoom=camera.zoom)
    right, down = axes[:, 0], axes[:, 1]
    letters = direction_letters(-right), direction_letters(right), direction_letters(-down), direction_letters(down)
    return VolumePicture(rgb_vu, letters, coarse)
