"""Pictures of planes: at once while that fits into a frame, in the background when it does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import Window
from sos_studio.core.volume import Volume
from sos_studio.imaging import resample
from sos_studio.presenters.pane_geometry import PaneGeometry
from sos_studio.presenters.ports import Background

# Half of a 16 ms frame: three panes are painted in the other half of their frames' time.
AT_ONCE_BELOW_S = 0.008


@dataclass(frozen=True, eq=False)
class SlicePicture:
    """A rendered plane and everything it was made from: what is drawn over it comes from here, so nothing ever disagrees."""

    geometry: PaneGeometry
    window: Window
    volume: Volume
    grey_vu: npt.NDArray[np.uint8]

    def shows(self, geometry: PaneGeometry, window: Window, volume: Volume) -> bool:
        """Whether a request for these would give the same pixels."""
        return volume is self.volume and window == self.window and geometry.same_picture(self.geometry)


class SliceRenderer:
    """Makes the pictures of one pane.

    Parameters
    ----------
    key
        Under which requests are streamed; one per pane.
    """

    def __init__(self, background: Background, key: str) -> None:
        self._background = background
        self._key = key
        self._seconds_per_pixel = 0.0
        self._asked: SlicePicture | None = None
        self._generation = 0
        self.latest: SlicePicture | None = None

    def picture(self, geometry: PaneGeometry, window: Window, volume: Volume, arrived: Callable[[], None]) -> SlicePicture | None:
        """The picture to paint now: the one asked for, or the last one while that is being made (`arrived` is called then).

        None only if nothing was made since `forget`: the coarse picture stays until that of the whole volume is there.
        """
        latest = self.latest
        if latest is not None and latest.shows(geometry, window, volume):
            if latest.geometry != geometry:
                self.latest = SlicePicture(geometry, window, volume, latest.grey_vu)
            return self.latest
        rows, columns = geometry.shape_vu
        if resample.numba_ready(volume) and self._seconds_per_pixel * rows * columns < AT_ONCE_BELOW_S:
            self.latest = self._render(geometry, window, volume)
            return self.latest
        if self._asked is None or not self._asked.shows(geometry, window, volume):
            self._ask(geometry, window, volume, arrived)
        return latest

    def forget(self) -> None:
        """Drop the picture and its volume."""
        self.latest = self._asked = None
        self._generation += 1

    def _ask(self, geometry: PaneGeometry, window: Window, volume: Volume, arrived: Callable[[], None]) -> None:
        self._asked = SlicePicture(geometry, window, volume, np.empty((0, 0), dtype=np.uint8))
        generation = self._generation

        def deliver(picture: SlicePicture) -> None:
            if generation != self._generation:
                return
            self.latest = picture
            if self._asked is not None and self._asked.shows(picture.geometry, picture.window, picture.volume):
                self._asked = None
            arrived()

        self._background.run_latest(lambda: self._render(geometry, window, volume), deliver, key=self._key)

    def _render(self, geometry: PaneGeometry, window: Window, volume: Volume) -> SlicePicture:
        fast = resample.numba_ready(volume)
        started = time.perf_counter()
        grey_vu = resample.render_slice_display(volume, geometry.lps_from_uv, geometry.shape_vu, window.low, window.high)
        if fast:
            # A calm average: one slow frame on a busy machine must not switch the way for good.
            latest = (time.perf_counter() - started) / grey_vu.size
            self._seconds_per_pixel = latest if self._seconds_per_pixel == 0.0 else 0.8 * self._seconds_per_pixel + 0.2 * latest
        return SlicePicture(geometry, window, volume, grey_vu)
