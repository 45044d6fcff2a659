"""From an oriented scan to a stored capture, or to nothing at all."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from sos_studio.core.captures import Window
from sos_studio.core.errors import ProjectError
from sos_studio.core.geometry import Orientation
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.imaging.dicom_write import write_series
from sos_studio.imaging.identity import IdentityText, PatientIdentity
from sos_studio.presenters.case_files import Captured, capture_into
from sos_studio.services import patients, projects, scans
from sos_studio.services.scans import OpenedScan
from tests.dataset import builders
from tests.presenters.scans import make_scan, make_volume


def test_a_disk_that_fills_while_a_capture_is_stored_leaves_no_empty_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = make_scan()
    asked = (scan, Orientation(scan.volume.center_lps_mm), Window(low=-1000, high=1200), None)
    with Project.create(tmp_path / "project") as project:
        with monkeypatch.context() as patch:

            def full(_descriptor: int) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            patch.setattr(os, "fsync", full)  # of the capture's files; the database does without Python's
            with pytest.raises(ProjectError, match=r"project\.disk_full"):
                capture_into(project, *asked)
        assert cases.cases(project) == []
        assert list((project.directory / "captures").iterdir()) == []
        done = capture_into(project, *asked)
        assert [summary.capture_id for summary in cases.cases(project)] == [done.capture.capture_id]
        assert done.case_id == "case-0001"


def _write_series(folder: Path, seed: int, **header: str) -> Path:
    for path in write_series(make_volume(seed), folder, seed=seed):
        dataset = pydicom.dcmread(path)
        for keyword, value in header.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return folder


def _capture(project: Project, scan: OpenedScan) -> Captured:
    return capture_into(project, scan, Orientation(scan.volume.center_lps_mm), Window(low=-1000, high=1200), None)


def test_two_scans_of_one_patient_become_two_cases_of_one_patient(tmp_path: Path) -> None:
    """The whole way: headers, codes, cases; and a table that names the patient by the same number."""
    headers = [("4711", "20100101", 1), ("4711", "20120101", 2), ("4712", "20140101", 3)]
    folders = [
        _write_series(tmp_path / date, seed, PatientID=number, StudyDate=date, PatientBirthDate="20000615", PatientSex="F")
        for number, date, seed in headers
    ]
    with Project.create(tmp_path / "project") as project:
        patients.decide(project, keep_age=True, keep_sex=True)
        first, again, other = (_capture(project, scans.open_scan(folder)) for folder in folders)
        found = {summary.case_id: summary for summary in cases.cases(project)}
        assert found[first.case_id].patient == found[again.case_id].patient != found[other.case_id].patient
        assert [(found[made.case_id].age_years, found[made.case_id].sex) for made in (first, again, other)] == [
            (9, "F"),
            (11, "F"),
            (13, "F"),
        ]
        assert again.note is not None
        assert (again.note.code, again.note.values["first"]) == ("patient.joined", first.case_id)
        (tmp_path / "a.png").write_bytes(builders.png())
        (tmp_path / "t.csv").write_text("image,stage,patient\na.png,3,4711\n")
        report = projects.import_images(project, [tmp_path / "a.png"], tmp_path / "t.csv")
        assert cases.case(project, report.imported[0].case_id).patient == found[first.case_id].patient


def test_a_scan_captured_before_its_patient_was_known_is_told_by_its_next_capture(tmp_path: Path) -> None:
    scan, identity = make_scan(), PatientIdentity((IdentityText("4711", ""),))
    with Project.create(tmp_path / "project") as project:
        first = _capture(project, scan)
        again = _capture(project, replace(scan, identity=identity))
        assert again.case_id == first.case_id
        assert patients.new_case(project, identity).patient == cases.case(project, first.case_id).patient
