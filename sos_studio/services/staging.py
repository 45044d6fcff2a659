"""Crop, stage, take back: what becomes of an evaluator's clicks and keys."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import Reading, Shown
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import events, predictions, readings
from sos_studio.dataset.project import Project
from sos_studio.imaging import crops, images
from sos_studio.services import shown_elsewhere

Confidence = Literal["low", "medium", "high"]


def crop_preview(full8: npt.NDArray[np.uint8], roi: Roi) -> npt.NDArray[np.uint8]:
    """The upright crop of a frame, endocranial end left; ``roi.outside_image`` if the frame reaches beyond the image."""
    return crops.crop_image(full8, roi)


def store_roi(project: Project, capture_id: str, roi: Roi) -> tuple[int, npt.NDArray[np.uint8]]:
    """Keep a frame and its crop; a changed frame is a new number, the old one stays.

    Returns
    -------
    The number n of ``roi-<n>.json`` and ``crop-<n>.png``, and the crop.
    """
    full8 = images.read_gray(dataset_captures.capture_paths(project, capture_id).full)
    crop8 = crop_preview(full8, roi)
    return dataset_captures.add_roi(project, capture_id, roi, images.encode_png(crop8)), crop8


def stage(  # noqa: PLR0917  the order in which things come about: case, capture, frame, person, stage
    project: Project,
    case_id: str,
    capture_id: str,
    roi_n: int | None,
    evaluator: str,
    stage: int,
    *,
    confidence: Confidence | None = None,
    ambiguous: bool = False,
    remark: str = "",
    shown: Shown = "crop_and_full_image",
    ai_seen: bool = False,
    blinded: bool = False,
) -> Reading:
    """Write a reading; when this returns it survives a power cut.

    Parameters
    ----------
    ai_seen
        Whether the evaluator has seen a prediction for this case; also true if the project, or a second window on this computer, knows
        of one that was shown.
    blinded
        Whether other readings, predictions and the patient were hidden; never true once the adjudication queue has shown them.

    Raises
    ------
    BadInputError
        ``reading.no_evaluator``, ``stage.unknown``.
    ProjectError
        If it could not be written; it is then not saved, and must not be shown as saved.
    """
    name = evaluator.strip()
    if not name:
        raise BadInputError("reading.no_evaluator")
    reading = Reading(
        reading_id=readings.new_reading_id(),
        case_id=case_id,
        capture_id=capture_id,
        roi_n=roi_n,
        evaluator=name[:80],
        scheme=project.scheme.id,
        stage=project.scheme.check(stage),
        confidence=confidence,
        ambiguous=ambiguous,
        remark=remark,
        shown=shown,
        ai_seen=ai_seen or predictions.seen_by(project, case_id, name) or shown_elsewhere.seen_by(project, case_id, name),
        blinded=blinded and not events.readings_shown_to(project, case_id, name),
    )
    return readings.append(project, reading)


def take_back(project: Project, reading: Reading) -> Reading:
    """Undo a reading by a new row that names it; nothing is ever erased. Returns that row."""
    return readings.retract(project, reading.reading_id, reading.evaluator)
