"""Make a capture of an oriented scan, keep it in a project or in a folder, and load it again."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from sos_studio import __version__
from sos_studio.core import atomic
from sos_studio.core.captures import DEFAULT_SPACING_MM, CaptureRecord, Window
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Roi
from sos_studio.core.volume import Volume
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging import images
from sos_studio.imaging.capture import CaptureImage

SOFTWARE = f"SOS Studio {__version__}"
FULL_FILE, FULL16_FILE, RECORD_FILE = "full.png", "full16.png", "capture.json"
is_capture_folder = dataset_captures.is_capture_folder
# Case of a capture that was made outside of any project.
NO_CASE = "unassigned"


@dataclass(frozen=True, eq=False)
class StoredCapture:
    """A capture on disk and its full image in memory.

    Attributes
    ----------
    full8
        uint8 ``[v, u]``, face right.
    folder
        Its folder: in the project, or wherever the command line wrote it.
    """

    case_id: str
    capture_id: str
    full8: npt.NDArray[np.uint8]
    record: CaptureRecord
    folder: Path

    @property
    def shape_vu(self) -> tuple[int, int]:
        """Rows and columns of the full image."""
        height, width = self.full8.shape
        return int(height), int(width)


def make_capture(
    volume: Volume,
    orientation: Orientation | None,
    *,
    spacing_mm: float = DEFAULT_SPACING_MM,
    slab_mm: float = 0.0,
    window: Window | None = None,
) -> CaptureImage:
    """The midsagittal full image of an orientation (None: volume centre, no angles).

    Raises
    ------
    BadInputError
        ``capture.plane_misses_volume``, ``capture.bad_spacing`` and their fellows.
    """
    return imaging_capture.capture_midsagittal(volume, orientation, spacing_mm=spacing_mm, slab_mm=slab_mm, window=window)


def require_usable(capture: CaptureImage) -> None:
    """Raise ``capture.too_small`` for a picture that could not be opened again, such as one of three slices."""
    height, width = capture.full8_vu.shape
    if min(height, width) < images.SMALLEST_SIDE_PX:
        raise BadInputError("capture.too_small", width=width, height=height, smallest=images.SMALLEST_SIDE_PX)


def store_capture(project: Project, case_id: str, capture: CaptureImage) -> StoredCapture:
    """Write a capture into the project; when this returns it is on disk and in the database.

    Raises
    ------
    BadInputError
        ``capture.too_small``.
    ProjectError
        If the project can't be written; nothing is left behind then.
    """
    require_usable(capture)
    capture_id = dataset_captures.add_capture(
        project,
        case_id,
        record_for=lambda new_id: imaging_capture.record(capture, case_id, new_id, SOFTWARE),
        full_png=images.encode_png(capture.full8_vu),
        full16_png=images.encode_png(capture.full16_vu),
    )
    return load_capture(project, capture_id)


@contextmanager
def case_for_capture(project: Project, case_id: str) -> Iterator[None]:
    """For the block that stores the first capture of a case which was just made: if it fails, the case is gone again."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(ProjectError):  # what went wrong at first says more
            cases.withdraw(project, case_id)
        raise


def load_capture(project: Project, capture_id: str) -> StoredCapture:
    """A capture of the project with its full image."""
    paths = dataset_captures.capture_paths(project, capture_id)
    record = dataset_captures.read_record(project, capture_id)
    return StoredCapture(record.case, capture_id, images.read_gray(paths.full), record, paths.folder)


def write_capture_folder(capture: CaptureImage, out: Path) -> StoredCapture:
    """Write ``full.png, full16.png, capture.json`` into a new or empty folder, outside of any project.

    Raises
    ------
    BadInputError
        ``capture.folder_not_empty``.
    ProjectError
        ``capture.folder_unwritable``; nothing is left behind then.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError("capture.folder_not_empty", folder=out.name)
    record = imaging_capture.record(capture, NO_CASE, secrets.token_hex(8), SOFTWARE)
    created = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        images.write_png(out / FULL_FILE, capture.full8_vu)
        images.write_png(out / FULL16_FILE, capture.full16_vu)
        # Last, because it is what makes the folder a capture.
        atomic.write_text(out / RECORD_FILE, record.model_dump_json(indent=1) + "\n")
    except OSError as error:
        if created:
            shutil.rmtree(out, ignore_errors=True)
        raise ProjectError("capture.folder_unwritable", folder=out.name, reason=error.strerror or type(error).__name__) from error
    return StoredCapture(record.case, record.capture_id, capture.full8_vu, record, out)


def read_capture_folder(folder: Path) -> StoredCapture:
    """A capture folder, in a project or not.

    Raises
    ------
    BadInputError
        ``capture.unreadable`` if its record is damaged, ``image.unreadable`` and its fellows for the picture.
    """
    try:
        record = CaptureRecord.model_validate_json((folder / RECORD_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInputError("capture.unreadable", folder=folder.name) from error
    full8 = images.read_gray(folder / FULL_FILE)
    if full8.shape != record.shape_vu:
        raise BadInputError("capture.unreadable", folder=folder.name)
    return StoredCapture(record.case, record.capture_id, full8, record, folder)


def latest_frame(capture: StoredCapture) -> Roi | None:
    """The frame with the highest number in a capture's folder (``roi-<n>.json``); None if there is none.

    Raises
    ------
    BadInputError
        ``roi.unreadable`` if that file holds no frame, ``roi.outside_image`` or ``roi.too_small`` if it can't be one of this image.
    """
    numbered: dict[int, Path] = {}
    for path in capture.folder.glob("roi-*.json"):
        number = path.stem.removeprefix("roi-")
        if number.isdecimal():
            numbered[int(number)] = path
    if not numbered:
        return None
    path = numbered[max(numbered)]
    try:
        roi = Roi.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInputError("roi.unreadable", file=path.name) from error
    roi.require_usable(capture.shape_vu)
    return roi
