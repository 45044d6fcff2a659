"""Upright crops ready for the screen: made in worker threads, the last few kept, so that the next case shows without a wait."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sos_studio.core.roi import Roi
from sos_studio.imaging.magnify import magnify
from sos_studio.services import staging

if TYPE_CHECKING:
    from sos_studio.services.captures import StoredCapture

KEPT = 4
ENLARGED_PX = 900


class CropPicture(NamedTuple):
    """A crop, and the same with more samples for the screen."""

    crop8: npt.NDArray[np.uint8]
    magnified8: npt.NDArray[np.uint8]


def cut(slice8: npt.NDArray[np.uint8], roi: Roi) -> CropPicture:
    """A slice's upright crop, enlarged before the screen does the rest: small crops show no pixel edges, large ones cost nothing.

    Raises
    ------
    BadInputError
        ``roi.outside_image`` if the frame reaches beyond the image.
    """
    crop8 = staging.crop_preview(slice8, roi)
    return CropPicture(crop8, magnify(crop8, max(1, min(8, ENLARGED_PX // crop8.shape[1]))))


class CropPictures:
    """Any thread may ask; what belongs to another frame or capture is never handed out."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Roi], CropPicture] = OrderedDict()
        self._lock = threading.Lock()

    def ready(self, capture: StoredCapture, roi: Roi) -> CropPicture | None:
        """The picture if it was made before, at once."""
        with self._lock:
            return self._kept.get((capture.capture_id, roi))

    def make(self, capture: StoredCapture, roi: Roi) -> CropPicture:
        """Cut and enlarge; ``roi.outside_image`` if the frame reaches beyond the image."""
        found = self.ready(capture, roi)
        if found is not None:
            return found
        made = cut(capture.full8, roi)
        with self._lock:
            self._kept[capture.capture_id, roi] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made
