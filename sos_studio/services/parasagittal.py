"""Evidence around the plane: whether a stage depends on where exactly the capture was made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import SosError
from sos_studio.core.parasagittal import OFFSETS_MM, BesideRecord
from sos_studio.core.volume import Volume
from sos_studio.dataset import parasagittal as dataset_parasagittal
from sos_studio.dataset.project import Project
from sos_studio.imaging import images, parasagittal
from sos_studio.services.captures import StoredCapture

# All of them together, in memory; beyond, captures are so fine that a neighbour shows nothing new.
MAX_PIXELS = 100_000_000


@dataclass(frozen=True, eq=False)
class Beside:
    """A capture and the slices parallel to it.

    Attributes
    ----------
    offsets_mm
        Ascending, towards the patient's left; 0 is the capture itself.
    slices8
        uint8 ``[n, v, u]`` on the capture's grid, in the same order.
    """

    offsets_mm: tuple[float, ...]
    slices8: npt.NDArray[np.uint8]

    @property
    def middle(self) -> int:
        """Index of the capture itself."""
        return self.offsets_mm.index(0.0)


def can_make(capture: StoredCapture, volume: Volume | None) -> bool:
    """Whether this scan is the capture's, and the pictures are of a size that fits."""
    height, width = capture.shape_vu
    mine = volume is not None and capture.record.series_hash == volume.series_hash
    return mine and height * width * len(OFFSETS_MM) <= MAX_PIXELS


def make(capture: StoredCapture, volume: Volume) -> Beside:
    """Sample the neighbours; `can_make` must hold."""
    others = [offset for offset in OFFSETS_MM if offset != 0.0]
    return _with_capture(capture, tuple(others), parasagittal.parallel_slices(volume, capture.record, others))


def store(project: Project, capture: StoredCapture, beside: Beside) -> None:
    """Keep the neighbours with the capture, so that staging without the scan has them too.

    Raises
    ------
    ProjectError
        If the project can't be written; the capture is whole all the same.
    """
    kept = [n for n in range(len(beside.offsets_mm)) if n != beside.middle]
    height, width = capture.shape_vu

    def record(sha256: str) -> BesideRecord:
        offsets = tuple(beside.offsets_mm[n] for n in kept)
        return BesideRecord(capture_id=capture.capture_id, offsets_mm=offsets, shape_vu=(height, width), sha256=sha256)

    png = images.encode_png(beside.slices8[kept].reshape(len(kept) * height, width))
    dataset_parasagittal.store(project, capture.capture_id, png, record)


def load(capture: StoredCapture) -> Beside | None:
    """The neighbours that were kept with a capture; None if there are none or they are damaged."""
    found = dataset_parasagittal.read(capture.folder, capture.capture_id)
    if found is None or found[0].shape_vu != capture.shape_vu:
        return None
    record, path = found
    try:
        stacked = images.read_gray(path)
        return _with_capture(capture, record.offsets_mm, stacked.reshape(len(record.offsets_mm), *record.shape_vu))
    except (SosError, ValueError):
        return None


def _with_capture(capture: StoredCapture, offsets_mm: tuple[float, ...], slices8: npt.NDArray[np.uint8]) -> Beside:
    everything = sorted([*zip(offsets_mm, slices8, strict=True), (0.0, capture.full8)], key=lambda pair: pair[0])
    return Beside(tuple(offset for offset, _ in everything), np.stack([slice8 for _, slice8 in everything]))
