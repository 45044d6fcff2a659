"""Small pictures of a long list: read in the background while they are in sight, kept up to a number, forgotten in the order of use."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap

from sos_studio.core.errors import BadInputError
from sos_studio.imaging import images
from sos_studio.presenters.ports import Background
from sos_studio.ui.image_view import gray_image

KEPT = 400
# What is asked for while a list flies by is out of sight before it could be read: only the newest requests wait.
WAITING = 48
AT_ONCE = 2  # threads; a case that is opened must not stand in a queue of pictures


class Thumbnails(QObject):
    """Pictures by path.

    Parameters
    ----------
    background
        Where they are read.
    longer_px
        Their longer side, in pixels of a screen with `ratio`.
    ratio
        Device pixels per pixel.
    """

    arrived = Signal(object)

    def __init__(self, background: Background, longer_px: int, ratio: float, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._longer_px = longer_px
        self._ratio = ratio
        self._kept: OrderedDict[Path, QPixmap] = OrderedDict()
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._reading: set[Path] = set()

    def picture(self, path: Path) -> QPixmap | None:
        """The picture, empty if it can't be read; None while it is on its way: `arrived` says when to ask again."""
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        if path not in self._reading:
            self._waiting[path] = None
            self._waiting.move_to_end(path)
            while len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)
            self._read_next()
            return self._kept.get(path)
        return None

    def forget(self) -> None:
        """Another project."""
        self._kept.clear()
        self._waiting.clear()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def _read_next(self) -> None:
        while self._waiting and len(self._reading) < AT_ONCE:
            path, _ = self._waiting.popitem()  # the newest is the one in sight
            self._reading.add(path)
            self._read(path)

    def _read(self, path: Path) -> None:
        longer_px = self._longer_px
        self._background.run(
            lambda: read_thumbnail(path, longer_px), lambda pixels_vu: self._read_it(path, pixels_vu), lambda _: self._read_it(path, None)
        )

    def _read_it(self, path: Path, pixels_vu: npt.NDArray[np.uint8] | None) -> None:
        self._reading.discard(path)
        pixmap = QPixmap() if pixels_vu is None else QPixmap.fromImage(gray_image(pixels_vu))
        pixmap.setDevicePixelRatio(self._ratio)
        self._kept[path] = pixmap
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._read_next()
        self.arrived.emit(path)


def read_thumbnail(path: Path, longer_px: int) -> npt.NDArray[np.uint8] | None:
    """A small copy of a picture; None if it can't be read (the project check tells of damage). No Qt: workers call it."""
    try:
        return images.thumbnails(images.read_gray(path, smallest_side_px=1), longer_px)
    except BadInputError:
        return None
