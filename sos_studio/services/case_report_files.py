"""A case's report as files in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sos_studio.dataset.project import Project
from sos_studio.services.case_report import CaseReport, report_pdf, save
from sos_studio.services.case_report_dicom import report_dicom


@dataclass(frozen=True)
class Wish:
    """Which files, and what names the patient in the PDF (empty: nothing)."""

    pdf: bool = True
    dicom: bool = False
    patient_text: str = ""


def write_report(project: Project, report: CaseReport, folder: Path, wish: Wish) -> list[str]:
    """Write ``<case>-report.pdf`` and ``<case>-dicom/*.dcm``; files of those names are replaced.

    Returns
    -------
    Names of the PDF and of the folder with DICOM files.

    Raises
    ------
    ProjectError
        ``prediction.folder_unwritable``, or that the project can't be read.
    """
    written = []
    if wish.pdf:
        name = f"{report.name}-report.pdf"
        save(folder / name, report_pdf(report, wish.patient_text))
        written.append(name)
    if wish.dicom:
        name = f"{report.name}-dicom"
        for file, content in report_dicom(report, project.project_id).items():
            save(folder / name / file, content)
        written.append(name)
    return written
