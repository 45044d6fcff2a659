from __future__ import annotations

import csv
import dataclasses
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, cases, exports, readings
from sos_studio.dataset.exports import ExportOptions
from sos_studio.dataset.project import Project
from sos_studio.imaging import dicom_secondary, images
from sos_studio.services import exporting, staging
from tests.dataset import builders
from tests.services.conftest import add_case


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty one."""
    with Project.create(tmp_path / "study") as made:
        yield made


@pytest.fixture
def filled(project: Project) -> Project:
    """Two staged cases, one read by two evaluators; one unstaged, one without a frame, one excluded."""
    for n, stage in enumerate((2, 5, None)):
        add_case(project, stage, seed=n)
    capture_id = cases.case(project, "case-0002").capture_id or ""
    builders.read(project, "case-0002", capture_id, 4, "Dr Bea Planted", roi_n=1)
    add_case(project, 1, seed=7, frame=False)
    cases.exclude(project, add_case(project, 1, seed=8), "motion", "Ada")
    return project


def index(folder: Path) -> list[dict[str, str]]:
    with open(folder / "index.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_picture_and_standing_reading_is_an_object_of_its_case(filled: Project, tmp_path: Path) -> None:
    report = exporting.export(filled, tmp_path / "out", "dicom")
    assert (report.cases, report.left_out) == (4, {"excluded": 1})
    rows = index(tmp_path / "out")
    kinds = [(row["case_id"], row["kind"], row["stage"]) for row in rows if row["case_id"] == "case-0002"]
    assert kinds == [("case-0002", kind, stage) for kind, stage in [("full_image", ""), ("crop", ""), ("reading", "5"), ("reading", "4")]]
    assert len(rows) == len(list((tmp_path / "out").rglob("*.dcm"))) == 4 + 3 + 4
    studies: dict[str, set[str]] = {}
    for row in rows:
        dataset = pydicom.dcmread(tmp_path / "out" / row["file"])
        assert (dataset.SOPInstanceUID, str(dataset.PatientName), dataset.PatientID) == (
            row["sop_instance_uid"],
            row["patient"],
            row["patient"],
        )
        studies.setdefault(row["case_id"], set()).add(dataset.StudyInstanceUID)
        if row["kind"] == "full_image":
            paths = captures.capture_paths(filled, row["capture_id"])
            assert np.array_equal(dataset.pixel_array, images.read_gray(paths.full))
    assert all(len(uids) == 1 for uids in studies.values())
    assert len({row["sop_instance_uid"] for row in rows}) == len(rows)


def test_reports_point_only_at_objects_that_are_there(filled: Project, tmp_path: Path) -> None:
    exporting.export(filled, tmp_path / "out", "dicom")
    there = {row["sop_instance_uid"] for row in index(tmp_path / "out")}
    for path in (tmp_path / "out").rglob("reading-*.dcm"):
        named = {str(element.value) for element in pydicom.dcmread(path).iterall() if element.keyword == "ReferencedSOPInstanceUID"}
        assert named
        assert named <= there


def test_the_same_export_again_is_the_same_bytes_and_what_changed_has_another_id(filled: Project, tmp_path: Path) -> None:
    exporting.export(filled, tmp_path / "one", "dicom")
    exporting.export(filled, tmp_path / "two", "dicom")
    assert builders.files_below(tmp_path / "one") == builders.files_below(tmp_path / "two")
    exporting.export(filled, tmp_path / "named", "dicom", ExportOptions(name_evaluators=True))
    ids = [{row["sop_instance_uid"] for row in index(tmp_path / name) if row["kind"] == "reading"} for name in ("one", "named")]
    assert not ids[0] & ids[1]


def test_evaluators_are_numbers_unless_names_are_asked_for(filled: Project, tmp_path: Path) -> None:
    exporting.export(filled, tmp_path / "numbers", "dicom")
    assert b"Planted" not in b"".join(builders.files_below(tmp_path / "numbers").values())
    exporting.export(filled, tmp_path / "names", "dicom", ExportOptions(name_evaluators=True))
    assert b"Dr Bea Planted^" in (tmp_path / "names" / "case-0002" / "reading-2.dcm").read_bytes()


def test_a_reading_leaves_with_the_capture_and_frame_it_was_made_on(project: Project, tmp_path: Path) -> None:
    case_id = add_case(project, 3, seed=1)
    first = cases.case(project, case_id).capture_id or ""
    second = captures.add_capture(
        project,
        case_id,
        record_for=lambda capture_id: builders.record(case_id, capture_id, shape_vu=(50, 60)),
        full_png=builders.png((50, 60)),
    )
    staging.store_roi(project, second, Roi.of((30.0, 25.0), 0.0, 20.0))
    exporting.export(project, tmp_path / "out", "dicom")
    rows = {row["file"]: row["capture_id"] for row in index(tmp_path / "out")}
    assert rows == {
        f"{case_id}/{name}.dcm": capture_id
        for name, capture_id in [("full-1", first), ("crop-1-1", first), ("full-2", second), ("crop-2-1", second), ("reading-1", first)]
    }


def test_readings_taken_back_or_replaced_stay_at_home(project: Project, tmp_path: Path) -> None:
    case_id = add_case(project, 3, seed=1)
    capture_id = cases.case(project, case_id).capture_id or ""
    builders.read(project, case_id, capture_id, 2, roi_n=1)
    builders.read(project, case_id, capture_id, 4, roi_n=1)
    taken = builders.read(project, case_id, capture_id, 5, "Bea", roi_n=1)
    readings.retract(project, taken.reading_id, "Bea")
    exporting.export(project, tmp_path / "out", "dicom")
    stages = sorted(row["stage"] for row in index(tmp_path / "out") if row["kind"] == "reading")
    assert stages == ["3", "4"]  # by two evaluators


def test_a_case_with_a_damaged_picture_is_left_out_whole(filled: Project, tmp_path: Path) -> None:
    crop = cases.case(filled, "case-0001").crop
    assert crop is not None
    crop.write_bytes(builders.png())
    report = exporting.export(filled, tmp_path / "out", "dicom")
    assert (report.cases, report.left_out) == (3, {"damaged": 1, "excluded": 1})
    assert not (tmp_path / "out" / "case-0001").exists()


def test_all_our_codes_are_explained(filled: Project, tmp_path: Path) -> None:
    exporting.export(filled, tmp_path / "out", "dicom")
    with open(tmp_path / "out" / "codes.csv", encoding="utf-8", newline="") as stream:
        explained = {row["code_value"]: row["code_meaning"] for row in csv.DictReader(stream)}
    used = {}
    for path in (tmp_path / "out").rglob("reading-*.dcm"):
        for element in pydicom.dcmread(path).iterall():
            for item in element.value if element.VR == "SQ" else ():
                if item.get("CodingSchemeDesignator") == "99SOSSTUDIO" and "CodeValue" in item:
                    used[item.CodeValue] = item.CodeMeaning
    assert len(used) > 10
    assert used.items() <= explained.items()


def test_nothing_to_export_and_a_stop_leave_no_folder(project: Project, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"export\.nothing_to_export"):
        exporting.export(project, tmp_path / "out", "dicom")
    add_case(project, 3, seed=1)
    asked = iter([False] * 2)
    with pytest.raises(CancelledError):
        exporting.export(project, tmp_path / "out", "dicom", cancelled=lambda: next(asked, True))
    assert not [path for path in tmp_path.iterdir() if path != project.directory]


@pytest.mark.skipif(not shutil.which("dsrdump"), reason="needs dcmtk")
def test_independent_readers_accept_every_object(filled: Project, tmp_path: Path) -> None:
    exporting.export(filled, tmp_path / "out", "dicom")
    for path in sorted((tmp_path / "out").rglob("*.dcm")):
        reader = ["dsrdump", path] if path.name.startswith("reading") else ["dcm2pnm", "--write-png", path, path.with_suffix(".png")]
        told = subprocess.run(reader, check=True, capture_output=True, text=True)
        assert not [line for line in told.stderr.splitlines() if line.startswith(("E:", "F:"))], told.stderr


def test_subjects_hold_nothing_that_the_project_does_not_keep() -> None:
    assert {field.name for field in dataclasses.fields(dicom_secondary.Subject)} == {
        "pseudonym", "case_id", "study_uid", "software", "age_years", "sex",
    }  # fmt: skip
    assert "dicom" in exports.FORMATS
