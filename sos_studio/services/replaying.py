"""Make a capture's pictures again from its record and its scan, and say whether they are the same, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import BadInputError
from sos_studio.core.roi import Roi
from sos_studio.core.volume import Volume
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import locations
from sos_studio.dataset.locations import ScanLocation
from sos_studio.dataset.project import Project
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging import crops, images
from sos_studio.services import captures, scans
from sos_studio.services.scans import OpenedScan


@dataclass(frozen=True)
class Replayed:
    """Which of a capture's pictures came out the same.

    Attributes
    ----------
    crops
        By the frame's number.
    """

    capture_id: str
    full16: bool
    full: bool
    crops: dict[int, bool]

    @property
    def same(self) -> bool:
        """Whether all did."""
        return self.full16 and self.full and all(self.crops.values())


def replay_capture(project: Project, capture_id: str, volume: Volume) -> Replayed:
    """Make a project's capture and all its crops again and compare pixels.

    Raises
    ------
    BadInputError
        ``capture.unknown``, ``capture.not_replayable`` (an imported picture), ``capture.other_series``.
    ProjectError
        ``capture.damaged`` if the record can't be read.
    """
    paths = dataset_captures.capture_paths(project, capture_id)
    record = dataset_captures.read_record(project, capture_id)
    frames = {n: (roi, paths.folder / dataset_captures.crop_file(n)) for n, roi in dataset_captures.rois(project, capture_id).items()}
    return _compare(capture_id, volume, record, paths.folder, frames)


def replay_folder(folder: Path, volume: Volume) -> Replayed:
    """The same for a capture folder, in a project or not; ``capture.unreadable`` if its record is damaged."""
    record = captures.read_capture_folder(folder).record
    frames: dict[int, tuple[Roi, Path]] = {}
    for path in folder.glob("roi-*.json"):
        number = path.stem.removeprefix("roi-")
        if number.isdecimal():
            frames[int(number)] = (Roi.model_validate_json(path.read_bytes()), folder / dataset_captures.crop_file(int(number)))
    return _compare(record.capture_id, volume, record, folder, frames)


def replay_folder_from(
    folder: Path, source: Path, series_uid: str | None = None, *, progress: Callable[[float], None] | None = None
) -> Replayed:
    """`replay_folder` with the scan in `source`; errors of `scans.open_scan`."""
    return replay_folder(folder, scans.open_scan(source, series_uid, progress=progress).volume)


def open_at(place: ScanLocation) -> OpenedScan:
    """Open a scan where this computer saw it last; ``capture.other_series`` if it is not there any more."""
    if place.series_key is None:
        return scans.open_scan(place.path)
    for info in scans.list_series(place.path):
        if locations.key_of(info.uid) == place.series_key:
            return scans.open_scan(place.path, info.uid)
    raise BadInputError("capture.other_series")


def _compare(capture_id: str, volume: Volume, record: CaptureRecord, folder: Path, frames: dict[int, tuple[Roi, Path]]) -> Replayed:
    made = imaging_capture.replay(volume, record)
    full16 = images.read_png16(folder / captures.FULL16_FILE)
    full8 = images.read_gray(folder / captures.FULL_FILE)
    return Replayed(
        capture_id,
        bool(np.array_equal(full16, made.full16_vu)),
        bool(np.array_equal(full8, made.full8_vu)),
        {
            n: bool(np.array_equal(images.read_gray(path, smallest_side_px=1), crops.crop_image(made.full8_vu, roi)))
            for n, (roi, path) in frames.items()
        },
    )
