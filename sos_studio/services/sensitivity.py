"""Does a predicted stage hold when the plane is set a little otherwise? Two experts differ by a degree or two, and by about a millimetre.

With the scan open, or the slices that were kept beside the capture, the plane itself is moved; of a picture alone only what happens within
its plane can be tried, and that is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.geometry import Orientation
from sos_studio.core.volume import Volume
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging.crops import bilinear
from sos_studio.services import parasagittal
from sos_studio.services.captures import StoredCapture
from sos_studio.services.parasagittal import Beside
from sos_studio.services.prediction import PredictionService

TURN_DEG, SHIFT_MM = 2.0, 1.0
# Of a picture whose pixel size nobody told: a millimetre at the default spacing.
SHIFT_PX = 4.0

Gray = npt.NDArray[np.uint8]
Change = Literal["roll", "yaw", "pitch", "side", "turn", "along", "down"]
Reach = Literal["plane", "neighbours", "picture"]


@dataclass(frozen=True)
class Variation:
    """One way in which the full image could have come out otherwise.

    Attributes
    ----------
    change
        ``roll``, ``yaw``, ``pitch``: the head turned; ``side``: the plane towards the patient's left; ``turn`` (clockwise), ``along``
        (towards the face) and ``down``: the picture itself moved.
    amount
        Degrees, or millimetres.
    """

    change: Change
    amount: float


@dataclass(frozen=True)
class Tried:
    """What the network says of it."""

    variation: Variation
    stage: int
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Sensitivity:
    """All that was tried.

    Attributes
    ----------
    stage
        Of the capture as it is.
    reach
        ``plane``: the scan was there; ``neighbours``: slices beside the plane were; ``picture``: only the picture.
    """

    stage: int
    reach: Reach
    tried: tuple[Tried, ...]

    @property
    def holds(self) -> bool:
        """Whether the stage is the same each time."""
        return all(one.stage == self.stage for one in self.tried)

    @property
    def seen(self) -> tuple[tuple[int, int], ...]:
        """Stages with how often each came, the capture's own included, the most frequent first."""
        counts = Counter([self.stage, *(one.stage for one in self.tried)])
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def sensitivity(
    service: PredictionService,
    capture: StoredCapture,
    *,
    model_dir: Path,
    stage: int,
    volume: Volume | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sensitivity:
    """Ask a student about every variation of a capture.

    Parameters
    ----------
    stage
        What it says of the capture itself.
    volume
        The scan that is open, whichever it is.

    Raises
    ------
    BadInputError, JobFailedError
        As `PredictionService.predict`.
    CancelledError
        If `cancelled` says so.
    """
    reach, pictures = variations(capture, volume)
    tried = []
    for n, (variation, make) in enumerate(pictures):
        if cancelled is not None and cancelled():
            raise CancelledError
        said = service.predict(make(), model_dir=model_dir, cancelled=cancelled).prediction
        tried.append(Tried(variation, said.stage, said.probabilities))
        if progress is not None:
            progress((n + 1) / len(pictures))
    return Sensitivity(stage, reach, tuple(tried))


def variations(capture: StoredCapture, volume: Volume | None) -> tuple[Reach, list[tuple[Variation, Callable[[], Gray]]]]:
    """How far the plane can be moved, and each variation with what makes its picture."""
    record = capture.record
    if volume is not None and record.series_hash == volume.series_hash and record.orientation is not None:
        return "plane", list(_of_the_plane(capture, volume, record.orientation.orientation()))
    beside = parasagittal.load(capture)
    if beside is not None and {-SHIFT_MM, SHIFT_MM} <= set(beside.offsets_mm):
        return "neighbours", [*_of_neighbours(beside), *_of_the_picture(capture)]
    return "picture", list(_of_the_picture(capture))


def _of_the_plane(capture: StoredCapture, volume: Volume, orientation: Orientation) -> Iterator[tuple[Variation, Callable[[], Gray]]]:
    record = capture.record

    def picture(turned: Orientation) -> Callable[[], Gray]:
        def make() -> Gray:
            if record.spacing_mm is None:
                raise BadInputError("capture.not_replayable")
            return imaging_capture.capture_midsagittal(
                volume, turned, spacing_mm=record.spacing_mm, slab_mm=record.slab_mm, window=record.window
            ).full8_vu

        return make

    for sign in (-1.0, 1.0):
        by = sign * TURN_DEG
        yield Variation("roll", by), picture(replace(orientation, roll_deg=orientation.roll_deg + by))
        yield Variation("yaw", by), picture(replace(orientation, yaw_deg=orientation.yaw_deg + by))
        yield Variation("pitch", by), picture(replace(orientation, pitch_deg=orientation.pitch_deg + by))
        moved = np.asarray(orientation.center_lps_mm) + sign * SHIFT_MM * orientation.rotation[:, 0]
        x, y, z = (float(v) for v in moved)
        yield Variation("side", sign * SHIFT_MM), picture(replace(orientation, center_lps_mm=(x, y, z)))


def _of_neighbours(beside: Beside) -> Iterator[tuple[Variation, Callable[[], Gray]]]:
    for offset in (-SHIFT_MM, SHIFT_MM):
        slice8: Gray = beside.slices8[beside.offsets_mm.index(offset)]
        yield Variation("side", offset), lambda picture=slice8: picture  # type: ignore[misc]


def _of_the_picture(capture: StoredCapture) -> Iterator[tuple[Variation, Callable[[], Gray]]]:
    spacing_mm = capture.record.spacing_mm
    shift_px = SHIFT_PX if spacing_mm is None else SHIFT_MM / spacing_mm
    for sign in (-1.0, 1.0):
        yield Variation("turn", sign * TURN_DEG), lambda by=sign: moved(capture.full8, turn_deg=by * TURN_DEG)  # type: ignore[misc]
        yield Variation("along", sign * SHIFT_MM), lambda by=sign: moved(capture.full8, along_px=by * shift_px)  # type: ignore[misc]
        yield Variation("down", sign * SHIFT_MM), lambda by=sign: moved(capture.full8, down_px=by * shift_px)  # type: ignore[misc]


def moved(full8: Gray, *, turn_deg: float = 0.0, along_px: float = 0.0, down_px: float = 0.0) -> Gray:
    """A picture turned clockwise about its middle and shifted (right, down); black where nothing was."""
    height, width = full8.shape
    v, u = np.mgrid[0:height, 0:width].astype(np.float64)
    middle_u, middle_v = (width - 1) / 2, (height - 1) / 2
    du, dv = u - middle_u - along_px, v - middle_v - down_px
    c, s = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
    from_u, from_v = c * du + s * dv + middle_u, -s * du + c * dv + middle_v
    inside = (from_u > -0.5) & (from_u < width - 0.5) & (from_v > -0.5) & (from_v < height - 0.5)
    values: Gray = np.where(inside, bilinear(full8, from_u, from_v) + 0.5, 0).astype(np.uint8)
    return values
