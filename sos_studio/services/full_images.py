"""The full image of whatever a person names: a volume with an orientation, a capture folder, or a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from sos_studio.core.captures import DEFAULT_SPACING_MM, Window
from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Facing, Orientation, Vector
from sos_studio.core.roi import Roi
from sos_studio.core.scans import Problem
from sos_studio.imaging import images
from sos_studio.imaging.capture import CaptureImage
from sos_studio.services import captures, scans

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})


@dataclass(frozen=True)
class View:
    """How a volume is looked at; everything has the default of the contract."""

    center_lps_mm: Vector | None = None
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    spacing_mm: float | None = None
    slab_mm: float = 0.0
    window: tuple[float, float] | None = None

    def checked_window(self) -> Window | None:
        """The window; ``capture.bad_window`` if its high is not above its low."""
        if self.window is None:
            return None
        try:
            return Window(low=self.window[0], high=self.window[1])
        except ValidationError as error:
            raise BadInputError("capture.bad_window") from error


@dataclass(frozen=True, eq=False)
class FullImage:
    """A full image, face right, and the expert's frame on it if one was drawn.

    Attributes
    ----------
    capture
        How it was made, if it was made just now from a volume.
    mirrored
        Whether the picture faced left and was flipped.
    """

    full8: npt.NDArray[np.uint8]
    frame: Roi | None = None
    capture: CaptureImage | None = None
    mirrored: bool = False


def capture_of(
    source: Path,
    series_uid: str | None,
    view: View,
    *,
    progress: Callable[[float], None] | None = None,
    warn: Callable[[Problem], None] | None = None,
) -> CaptureImage:
    """Open a volume and capture its midsagittal slice; errors of `scans.open_scan` and `captures.make_capture`.

    Parameters
    ----------
    warn
        Told of every problem of the scan that did not stand in the way.
    """
    # What can be refused without the scan is refused before it is read.
    window = view.checked_window()
    asked = Orientation(view.center_lps_mm or (0.0, 0.0, 0.0), view.roll_deg, view.yaw_deg, view.pitch_deg)
    scan = scans.open_scan(source, series_uid, progress=progress)
    volume = scan.volume
    if warn is not None:
        for problem in scan.info.problems:
            warn(problem)
    orientation = asked if view.center_lps_mm is not None else asked.centered_at(volume.center_lps_mm)
    spacing_mm = DEFAULT_SPACING_MM if view.spacing_mm is None else view.spacing_mm
    return captures.make_capture(volume, orientation, spacing_mm=spacing_mm, slab_mm=view.slab_mm, window=window)


def full_image(
    source: Path,
    series_uid: str | None = None,
    view: View | None = None,
    *,
    facing: Facing = "right",
    progress: Callable[[float], None] | None = None,
    warn: Callable[[Problem], None] | None = None,
) -> FullImage:
    """The full image of a picture file, a capture folder (or its ``capture.json``) or a volume.

    Parameters
    ----------
    facing
        Where the face of a picture file looks; one that looks left is flipped. Captures and volumes know it themselves.
    warn
        Told of every problem of a volume that did not stand in the way.

    Raises
    ------
    BadInputError
        ``prediction.view_without_volume`` if a picture is given an orientation, ``prediction.facing_without_picture``, and
        whatever opening finds.
    """
    folder = source.parent if source.name == captures.RECORD_FILE else source
    is_capture = captures.is_capture_folder(folder)
    is_picture = not is_capture and source.suffix.lower() in PICTURE_SUFFIXES and source.is_file()
    if facing == "left" and not is_picture:
        raise BadInputError("prediction.facing_without_picture", source=source.name)
    if is_capture or is_picture:
        if series_uid is not None or view not in (None, View()):
            raise BadInputError("prediction.view_without_volume", source=source.name)
        if is_capture:
            capture = captures.read_capture_folder(folder)
            return FullImage(capture.full8, captures.latest_frame(capture))
        full8 = images.read_gray(source)
        return FullImage(np.ascontiguousarray(full8[:, ::-1]), mirrored=True) if facing == "left" else FullImage(full8)
    made = capture_of(source, series_uid, view or View(), progress=progress, warn=warn)
    return FullImage(made.full8_vu, None, made)
