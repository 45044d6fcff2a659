"""Every export, whichever rooms it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sos_studio.dataset import exports
from sos_studio.dataset.exports import ExportFormat, ExportOptions, ExportReport, Fill
from sos_studio.dataset.project import Project
from sos_studio.services import datasheet, dicom_export

_FILL: dict[ExportFormat, Fill] = {"dicom": dicom_export.write, "datasheet": datasheet.write}


def export(
    project: Project,
    out: Path,
    format: ExportFormat,
    options: ExportOptions | None = None,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ExportReport:
    """Write the dataset into a new or empty folder.

    ``dicom``: secondary captures of full images and crops, and a structured report of every standing reading (`dicom_export`).
    ``datasheet``: what the dataset is, as HTML and PDF with plots, and the methods paragraph (`datasheet`). Others, and errors, as
    `dataset.exports.export`.
    """
    return exports.export(project, out, format, options, fill=_FILL.get(format), progress=progress, cancelled=cancelled)
