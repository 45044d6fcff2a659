"""Pictures that are crops already: a frame around all of each, so that teacher and detector learn from them like from any other case."""

from __future__ import annotations

from dataclasses import replace

from sos_studio.core.errors import ProjectError, SosError
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, in_use
from sos_studio.dataset.imports import ImportReport
from sos_studio.dataset.label_table import RowFault
from sos_studio.dataset.project import Project
from sos_studio.services import staging

# Crops cut by hand are seldom 2:1 to the pixel.
TOLERANCE = 0.03


def looks_like_crop(shape_vu: tuple[int, int]) -> bool:
    """Whether a picture is twice as wide as high, as crops are and hardly any full image is."""
    height, width = shape_vu
    return abs(width - 2 * height) <= max(1.0, TOLERANCE * width)


def frame_around(shape_vu: tuple[int, int]) -> Roi:
    """The largest upright 2:1 frame in the middle of a picture, on whole pixels; the endocranial end is left by convention."""
    height, width = shape_vu
    rows = min(height, width // 2)
    top, left = (height - rows) // 2, (width - 2 * rows) // 2
    return Roi.of((left + rows - 0.5, top + (rows - 1) / 2), 0.0, 2.0 * rows)


def with_frames(project: Project, report: ImportReport) -> ImportReport:
    """Frame every picture of an import that has none yet, those of an earlier import too.

    Raises
    ------
    ProjectError
        ``project.disk_full`` …; the next import of the same pictures goes on.
    """
    doubts = list(report.doubts)
    for image in (*report.imported, *report.already_there):
        used = in_use.in_use(project, image.case_id)
        if used.capture_id is None or used.roi_n is not None:
            continue
        shape_vu = captures.capture(project, used.capture_id).shape_vu
        prepared = captures.read_record(project, used.capture_id).prepared
        if prepared is not None:  # rows that were added below are none of the joint's
            shape_vu = min(shape_vu[0], prepared.original_shape_vu[0]), shape_vu[1]
        height, width = shape_vu
        try:
            staging.store_roi(project, used.capture_id, frame_around(shape_vu))
        except ProjectError:
            raise
        except SosError as error:
            doubts.append(RowFault(None, image.name, error.code, error.values))
            continue
        if not looks_like_crop(shape_vu):
            doubts.append(RowFault(None, image.name, "import.crop_not_2_to_1", {"width": width, "height": height}))
    return replace(report, doubts=tuple(doubts))
