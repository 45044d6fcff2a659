"""Pictures of planes: at once while that fits into a frame, in the background when it does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import Window
from sos_studio.core.slabs import Slab
from sos_studio.core.volume import Volume
from sos_studio.imaging import resample, slabs
from sos_studio.presenters.pane_geometry import PaneGeometry
from sos_studio.presenters.ports import Background

# Half of a 16 ms frame: three panes are painted in the other half of their frames' time.
AT_ONCE_BELOW_S = 0.008


@dataclass(frozen=True, eq=False)
class Look:
    """What is shown of a scan, and how, wherever the plane lies."""

    volume: Volume
    window: Window
    slab: Slab = field(default_factory=Slab)

    def same(self, other: Look) -> bool:
        """Whether both show the same."""
        return self.volume is other.volume and (self.window, self.slab) == (other.window, other.slab)

    @property
    def samples(self) -> int:
        """How many planes are taken together."""
        return slabs.samples_of(self.volume, self.slab)


@dataclass(frozen=True, eq=False)
class SlicePicture:
    """A rendered plane and everything it was made from: what is drawn over it comes from here, so nothing ever disagrees."""

    geometry: PaneGeometry
    look: Look
    grey_vu: npt.NDArray[np.uint8]

    def shows(self, geometry: PaneGeometry, look: Look) -> bool:
        """Whether a request for these would give the same pixels."""
        return look.same(self.look) and geometry.same_picture(self.geometry)


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
        self._seconds_per_sample = 0.0
        self._asked: SlicePicture | None = None
        self._generation = 0
        self.latest: SlicePicture | None = None

    def picture(self, geometry: PaneGeometry, look: Look, arrived: Callable[[], None]) -> SlicePicture | None:
        """The picture to paint now: the one asked for, or the last one while that is being made (`arrived` is called then).

        None only if nothing was made since `forget`: the coarse picture stays until that of the whole volume is there.
        """
        latest = self.latest
        if latest is not None and latest.shows(geometry, look):
            if latest.geometry != geometry:
                self.latest = SlicePicture(geometry, look, latest.grey_vu)
            return self.latest
        rows, columns = geometry.shape_vu
        if _compiled(look) and self._seconds_per_sample * rows * columns * look.samples < AT_ONCE_BELOW_S:
            self.latest = self._render(geometry, look)
            return self.latest
        if self._asked is None or not self._asked.shows(geometry, look):
            self._ask(geometry, look, arrived)
        return latest

    def forget(self) -> None:
        """Drop the picture and its volume."""
        self.latest = self._asked = None
        self._generation += 1

    def _ask(self, geometry: PaneGeometry, look: Look, arrived: Callable[[], None]) -> None:
        self._asked = SlicePicture(geometry, look, np.empty((0, 0), dtype=np.uint8))
        generation = self._generation

        def deliver(picture: SlicePicture) -> None:
            if generation != self._generation:
                return
            self.latest = picture
            if self._asked is not None and self._asked.shows(picture.geometry, picture.look):
                self._asked = None
            arrived()

        self._background.run_latest(lambda: self._render(geometry, look), deliver, key=self._key)

    def _render(self, geometry: PaneGeometry, look: Look) -> SlicePicture:
        fast = _compiled(look)
        started = time.thread_time()
        volume, window = look.volume, look.window
        grey_vu = slabs.render_slab_display(volume, geometry.lps_from_uv, geometry.shape_vu, window.low, window.high, slab=look.slab)
        if fast:
            # What it takes of this thread, not how long it waits for others: on a busy machine the way through the background is
            # longer still. A calm average: one slow frame must not switch the way for good.
            latest = (time.thread_time() - started) / (grey_vu.size * look.samples)
            self._seconds_per_sample = latest if self._seconds_per_sample == 0.0 else 0.8 * self._seconds_per_sample + 0.2 * latest
        return SlicePicture(geometry, look, grey_vu)


def _compiled(look: Look) -> bool:
    return resample.numba_ready(look.volume) if look.slab.is_plane else slabs.ready(look.volume)
