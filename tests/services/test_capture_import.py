"""Captures made on the terminal enter a project with all they have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_studio.core.errors import CancelledError
from sos_studio.core.roi import Roi
from sos_studio.core.volume import Volume
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging import images
from sos_studio.services import captures, import_preview, projects, staging
from sos_studio.services.import_pictures import ImportOptions
from tests.imaging import screenshots


@pytest.fixture(scope="module")
def volume() -> Volume:
    """A small volume."""
    return Volume(np.random.default_rng(3).integers(-500, 900, (40, 44, 24), dtype=np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))


@pytest.fixture
def folder(volume: Volume, tmp_path: Path) -> Path:
    """A capture folder with a frame."""
    out = tmp_path / "first head"
    captures.write_capture_folder(captures.make_capture(volume, None, spacing_mm=0.5), out)
    (out / "roi-1.json").write_text(Roi.of((40.0, 40.0), 20.0, 30.0).model_dump_json())
    return out


def test_record_frame_and_stage_come_along(volume: Volume, folder: Path, tmp_path: Path) -> None:
    images.write_png(tmp_path / "p.png", np.full((50, 60), 9, dtype=np.uint8))
    table = tmp_path / "labels.csv"
    table.write_text("image,stage,patient\nFirst Head,2,Ann\np.png,4,Bob\nnowhere.png,1,Cy\n")
    with Project.create(tmp_path / "project") as project:
        report = projects.import_images(project, [folder, tmp_path / "p.png"], table)
        assert [image.name for image in report.imported] == ["first head", "p.png"]
        assert (report.readings, [fault.image for fault in report.faults]) == (2, ["nowhere.png"])
        case = cases.case(project, report.imported[0].case_id)
        assert (case.label, case.roi_n) == (2, 1)
        assert case.capture_id is not None
        record = dataset_captures.read_record(project, case.capture_id)
        full16 = dataset_captures.capture_paths(project, case.capture_id).full16
        assert full16 is not None
        np.testing.assert_array_equal(imaging_capture.replay(volume, record).full16_vu, images.read_png16(full16))
        assert projects.check(project) == []


def test_the_same_capture_twice_is_known_and_another_of_its_series_joins_the_case(volume: Volume, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    captures.write_capture_folder(captures.make_capture(volume, None, spacing_mm=1.0), other)
    with Project.create(tmp_path / "project") as project:
        first = projects.import_images(project, [folder])
        again = projects.import_images(project, [folder, other])
        assert [image.name for image in again.already_there] == ["first head"]
        assert again.imported[0].case_id == first.imported[0].case_id
        assert len(cases.cases(project)) == 1


def test_rows_that_name_no_capture_are_told(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("image,stage,shoe\nfirst head/,3,38\nnobody,3,39\n")
    with Project.create(tmp_path / "project") as project:
        report = projects.import_images(project, [folder], table)
    assert (report.readings, report.ignored_columns) == (1, ("shoe",))
    assert [(fault.line, fault.code) for fault in report.faults] == [(3, "import.image_not_found")]


def test_a_capture_whose_row_needs_mending_waits_unless_somebody_wants_it_without(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("image,stage\nfirst head,6\n")
    with Project.create(tmp_path / "project") as project:
        options = ImportOptions()
        report = projects.import_images(project, [folder], table, options)
        assert (report.waiting, [fault.code for fault in report.faults], cases.cases(project)) == (("first head",), ["stage.unknown"], [])
        seen = import_preview.preview(project.scheme, [folder], table, options)
        assert [(row.line, row.taken) for row in seen.rows] == [(2, False)]
        report = projects.import_images(project, [folder], table, replace(options, take_unmended=True))
        assert (report.waiting, len(report.imported)) == ((), 1)


def test_a_damaged_capture_stops_nothing(folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "capture.json").write_text("{}")
    (bad / "full.png").write_bytes(b"")
    with Project.create(tmp_path / "project") as project:
        report = projects.import_images(project, [bad, folder])
    assert [fault.code for fault in report.faults] == ["capture.unreadable"]
    assert len(report.imported) == 1


def test_a_capture_that_can_not_be_taken_in_leaves_no_empty_case(folder: Path, tmp_path: Path) -> None:
    (folder / "roi-1.json").write_text(Roi.of((9000.0, 40.0), 20.0, 30.0).model_dump_json())
    with Project.create(tmp_path / "project") as project:
        report = projects.import_images(project, [folder])
        assert [fault.code for fault in report.faults] == ["roi.outside_image"]
        assert cases.cases(project) == []


def test_the_capture_of_an_imported_picture_comes_along_whole_and_once(tmp_path: Path) -> None:
    shot = screenshots.screenshot(screenshots.head(1), border=(20, 30, 10, 40), letters="APSI")
    Image.fromarray(shot.rgb).save(tmp_path / "shot.png")
    with Project.create(tmp_path / "there") as there:
        projects.import_images(there, [tmp_path / "shot.png"])
        folder = dataset_captures.capture_paths(there, cases.cases(there)[0].capture_id or "").folder
    with Project.create(tmp_path / "project") as project:
        report = projects.import_images(project, [folder])
        assert (len(report.imported), report.faults, projects.check(project)) == (1, (), [])
        again = projects.import_images(project, [folder, tmp_path / "shot.png"])
        assert (len(again.imported), len(again.already_there), len(cases.cases(project))) == (0, 2, 1)
        (folder / "mask.png").write_bytes(b"spoiled")
    with Project.create(tmp_path / "other") as other:
        assert [fault.code for fault in projects.import_images(other, [folder]).faults] == ["capture.unreadable"]


def test_what_a_later_table_says_of_a_capture_is_filled_in(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    with Project.create(tmp_path / "project") as project:
        projects.import_images(project, [folder])
        table.write_text("image,stage,age\nfirst head,2,12\n")
        later = projects.import_images(project, [folder], table)
        case = cases.cases(project)[0]
        assert (later.readings, case.label, case.age_years, [row.values["facts"] for row in later.filled_in]) == (1, 2, 12.0, ["age"])
        table.write_text("image,stage,age\nfirst head,2,13\n")
        assert [fault.code for fault in projects.import_images(project, [folder], table).faults] == ["import.contradicts"]


def test_a_folder_with_captures_in_it_brings_them_in_whole_and_none_of_their_pictures_alone(
    volume: Volume, folder: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "heads"
    (tree / "deep").mkdir(parents=True)
    folder.rename(tree / "deep" / folder.name)
    (tree / "deep" / folder.name / "crop-1.png").write_bytes((tree / "deep" / folder.name / "full.png").read_bytes())
    with Project.create(tmp_path / "project") as project:
        report = projects.import_images(project, [tree])
        assert ([image.name for image in report.imported], report.faults) == (["first head"], ())
        assert cases.cases(project)[0].roi_n == 1
        images.write_png(tree / "p.png", np.full((50, 60), 9, dtype=np.uint8))
        seen = import_preview.preview(project.scheme, [tree], None, ImportOptions())
        assert [row.image for row in seen.rows] == ["p.png", "first head"]
        report = projects.import_images(project, [tree])
        assert [image.name for image in report.imported] == ["p.png"]
        assert [image.name for image in report.already_there] == ["first head"]


def test_two_captures_of_one_name_are_told_apart_by_their_folders(volume: Volume, tmp_path: Path) -> None:
    for n, name in enumerate(("ann", "bob")):
        head = Volume(volume.array_kji + np.int16(n), volume.lps_from_ijk)
        captures.write_capture_folder(captures.make_capture(head, None, spacing_mm=0.5), tmp_path / name / "capture")
    folders = [tmp_path / name / "capture" for name in ("ann", "bob")]
    table = tmp_path / "labels.csv"
    table.write_text("image,stage\ncapture,2\n")
    with Project.create(tmp_path / "project") as project:
        report = projects.import_images(project, folders, table)
        assert [(fault.line, fault.code) for fault in report.faults] == [(2, "import.image_ambiguous")]
        assert (report.waiting, cases.cases(project)) == (("capture", "capture"), [])
        seen = import_preview.preview(project.scheme, folders, table, ImportOptions())
        assert [row.fault.code for row in seen.rows if row.fault] == ["import.image_ambiguous"] * 3
        assert (seen.pictures, list(seen.waiting)) == ((), folders)
        table.write_text("image,stage\nann/capture,2\nbob\\capture,4\n")
        report = projects.import_images(project, folders, table)
        assert (report.faults, [case.label for case in cases.cases(project)]) == ((), [2, 4])


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("first head,2,4711,Ada\nfirst head,2,0815,Ben\n", "import.rows_contradict"),
        ("first head,2,4711,Ada\nfirst head,3,4711,Ada\n", "import.rows_contradict"),
    ],
)
def test_rows_of_one_capture_must_not_contradict_one_another(folder: Path, tmp_path: Path, rows: str, code: str) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("image,stage,patient,evaluator\n" + rows)
    with Project.create(tmp_path / "project") as project:
        report = projects.import_images(project, [folder], table)
        assert ([fault.code for fault in report.faults], cases.cases(project)) == ([code], [])


def test_another_capture_of_a_known_scan_must_be_of_the_same_patient(volume: Volume, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    captures.write_capture_folder(captures.make_capture(volume, None, spacing_mm=1.0), other)
    table = tmp_path / "labels.csv"
    with Project.create(tmp_path / "project") as project:
        table.write_text("image,stage,patient\nfirst head,2,4711\n")
        projects.import_images(project, [folder], table)
        table.write_text("image,stage,patient,age\nother,3,0815,\n")
        assert [fault.code for fault in projects.import_images(project, [other], table).faults] == ["import.other_patient"]
        table.write_text("image,stage,patient,age\nother,3,4711,12\n")
        report = projects.import_images(project, [other], table)
        assert (report.faults, len(report.imported), cases.cases(project)[0].age_years) == ((), 1, 12.0)


def test_a_table_beside_another_capture_of_a_known_scan_never_overrules_what_its_evaluator_read_here(
    volume: Volume, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    captures.write_capture_folder(captures.make_capture(volume, None, spacing_mm=1.0), other)
    table = tmp_path / "labels.csv"
    with Project.create(tmp_path / "project") as project:
        case_id = projects.import_images(project, [folder]).imported[0].case_id
        capture_id = cases.case(project, case_id).capture_id
        assert capture_id is not None
        staging.stage(project, case_id, capture_id, None, "Ann", 4)
        table.write_text("image,stage,evaluator\nother,3,Ann\n")
        assert [fault.code for fault in projects.import_images(project, [other], table).faults] == ["import.contradicts"]
        assert (cases.case(project, case_id).label, len(dataset_captures.captures(project, case_id))) == (4, 1)
        table.write_text("image,stage,evaluator\nother,4,Ann\n")
        assert projects.import_images(project, [other], table).readings == 1


def test_captures_and_pictures_are_counted_together_and_can_be_stopped_between_two_captures(volume: Volume, tmp_path: Path) -> None:
    for n in range(3):
        head = Volume(volume.array_kji + np.int16(n), volume.lps_from_ijk)
        captures.write_capture_folder(captures.make_capture(head, None, spacing_mm=0.5), tmp_path / "in" / f"c{n}")
    images.write_png(tmp_path / "in" / "p.png", np.full((50, 60), 9, dtype=np.uint8))
    told: list[float] = []
    totals: list[int] = []
    with Project.create(tmp_path / "first") as project:
        projects.import_images(project, [tmp_path / "in"], progress=told.append, total=totals.append)
        assert told == pytest.approx([0.25, 0.5, 0.75, 1.0])
        assert set(totals) == {4}
    with Project.create(tmp_path / "second") as project:
        asked = iter((False, True))
        with pytest.raises(CancelledError):
            projects.import_images(project, [tmp_path / "in"], cancelled=lambda: next(asked))
        assert len(cases.cases(project)) == 1
