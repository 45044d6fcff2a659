"""What a series' images are, and what their headers tell of their pixels, whatever their geometry."""

from __future__ import annotations

from collections.abc import Sequence

from sos_studio.core.scans import Problem
from sos_studio.imaging.dicom_frames import GREY_SECONDARY_CAPTURE, X_RAY_3D
from sos_studio.imaging.dicom_headers import UNCOMPRESSED, ImageSlice

SECONDARY_CAPTURES = ("1.2.840.10008.5.1.4.1.1.7", *GREY_SECONDARY_CAPTURE)
LOADABLE_MODALITIES = frozenset({"CT", "MR", "PT", "NM", "OT", ""})


def as_error(code: str, **values: object) -> Problem:
    """A finding that forbids to load."""
    return Problem(code, "error", dict(values))


def as_warning(code: str, **values: object) -> Problem:
    """A finding that goes with the scan as a reservation."""
    return Problem(code, "warning", dict(values))


def content_problems(slices: Sequence[ImageSlice]) -> list[Problem]:
    """Everything that is wrong with the images themselves."""
    problems = _kind_problems(slices[0], len(slices))
    if not any(problem.severity == "error" for problem in problems):
        problems += _pixel_problems(slices)
    if any(s.lossy for s in slices):
        problems.append(as_warning("scan.lossy"))
    return problems + _remarks(slices)


def _kind_problems(first: ImageSlice, count: int) -> list[Problem]:
    """What the images are, whatever their geometry."""
    layout = first.layout
    problems = []
    if layout.samples != 1 or layout.photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        problems.append(as_error("scan.colour", photometric=layout.photometric or "?"))
    if layout.bits_allocated not in (8, 16, 32):
        problems.append(as_error("scan.unsupported_pixels", bits=layout.bits_allocated))
    if layout.frames > 1 and not first.framed:
        problems.append(as_error("scan.multiframe_unsupported", frames=layout.frames, modality=first.modality or "?"))
    if first.modality not in LOADABLE_MODALITIES and first.sop_class not in X_RAY_3D:
        problems.append(as_error("scan.wrong_modality", modality=first.modality))
    elif first.modality != "CT" and first.sop_class not in X_RAY_3D:
        problems.append(as_warning("scan.not_ct", modality=first.modality or "?"))
    if first.sop_class in SECONDARY_CAPTURES:
        problems.append(as_warning("scan.secondary_capture"))
    if first.localizer:
        problems.append(as_error("scan.localizer", images=count))
    return problems


def _pixel_problems(slices: Sequence[ImageSlice]) -> list[Problem]:
    """What the headers tell about the pixel data without reading it; the first file with a fault stands for all."""
    for image in slices:
        layout = image.layout
        if (layout.transfer_syntax in UNCOMPRESSED) == (layout.length is None):
            # Undefined length is how compressed streams are stored, whatever the header calls itself.
            return [as_error("scan.syntax_mismatch", file=image.file.name, syntax=layout.transfer_syntax)]
        if layout.transfer_syntax not in UNCOMPRESSED:
            continue
        beyond = (layout.length or 0) - layout.frames * layout.frame_bytes
        if beyond < 0:
            return [as_error("scan.truncated", file=image.file.name)]
        # A little padding is harmless; a whole row or column more means that the header's size is not the picture's.
        if beyond >= min(layout.rows, layout.columns) * layout.bits_allocated // 8:
            return [as_error("scan.more_pixels", file=image.file.name, rows=layout.rows, columns=layout.columns, frames=layout.frames)]
    return []


def _remarks(slices: Sequence[ImageSlice]) -> list[Problem]:
    """Reservations that the headers give rise to, each once, with the first file that does."""
    first_files: dict[str, str] = {}
    for image in slices:
        for code in image.remarks:
            first_files.setdefault(code, image.file.name)
    return [as_warning(code, file=name) for code, name in first_files.items()]
