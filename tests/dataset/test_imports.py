from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from sos_studio.core.errors import BadInputError, CancelledError, ProjectError
from sos_studio.dataset import captures, cases, imports, readings
from sos_studio.dataset.decoded import DecodedImage
from sos_studio.dataset.imports import ImportReport
from sos_studio.dataset.name_patterns import NamePattern
from sos_studio.dataset.project import Project
from tests.dataset import builders


def decode(path: Path) -> DecodedImage:
    data = path.read_bytes()
    if data.startswith(b"broken"):
        raise BadInputError("image.unreadable", file=path.name)
    return DecodedImage(builders.png((20, 200)) if path.stem == "strip" else data, (20, 200) if path.stem == "strip" else builders.SHAPE_VU)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "Smith family"
    (folder / "deep").mkdir(parents=True)
    for n, name in enumerate(["a.png", "b.jpg", "deep/c.tif"]):
        (folder / name).write_bytes(builders.png(seed=n))
    (folder / "notes.txt").write_text("not a picture")
    return folder


def run(project: Project, folder: Path, table: str | None = None) -> ImportReport:
    path = None
    if table is not None:
        path = folder / "stages.csv"
        path.write_text(table, "utf-8")
    return imports.import_images(project, [folder], path, decode=decode)


def test_a_folder_is_imported_with_everything_below_it(project: Project, pictures: Path) -> None:
    report = run(project, pictures)
    assert [image.name for image in report.imported] == ["a.png", "b.jpg", "c.tif"]
    assert report.unlabelled == ("a.png", "b.jpg", "c.tif")
    assert report.complete
    summary = cases.cases(project)[0]
    assert (summary.imported, summary.captured, summary.label) == (True, True, None)
    record = captures.read_record(project, summary.capture_id or "")
    assert (record.series_hash, record.orientation, record.interpolation) == (None, None, "none")


def test_stages_patients_and_ages_come_from_the_table(project: Project, pictures: Path) -> None:
    report = run(
        project,
        pictures,
        "patient,image,stage,age,sex,evaluator,remark,scanner\n"
        "4711,a.png,3,12.5,F,Ada,thin,X1\n4711,a.png,4,12.5,F,Ben,,X1\n4711,B.JPG,4,14,f,Ada,,X1\n0815,deep/c.tif,1,9,m,,,X1\n",
    )
    assert (report.readings, report.ignored_columns, report.faults, report.unlabelled) == (4, ("scanner",), (), ())
    first, second, third = cases.cases(project)
    assert (first.age_years, first.sex, first.staged_by, first.label) == (12.5, "F", ("Ada", "Ben"), None)
    assert first.patient == second.patient != third.patient
    assert (third.label, third.staged_by, third.sex) == (1, ("imported",), "M")
    reading = readings.readings(project, first.case_id)[0]
    assert (reading.source, reading.shown, reading.remark) == ("imported", "full_image", "thin")


def test_nothing_that_names_a_patient_or_a_place_enters_the_project(project: Project, pictures: Path) -> None:
    run(project, pictures, "patient,image,stage\nSmith^Jane 19790203,a.png,3\n47119-0815-Smith,b.jpg,2\n")
    for name, content in builders.files_below(project.directory).items():
        if name == "project.lock":
            continue
        for secret in (b"Smith", b"Jane", b"19790203", b"47119-0815", b"a.png", b"b.jpg", b"c.tif", str(pictures).encode()):
            assert secret not in content, (name, secret)


def test_one_broken_picture_stops_nothing_and_is_named(project: Project, pictures: Path) -> None:
    (pictures / "b.jpg").write_bytes(b"broken")
    report = run(project, pictures, "image,stage\na.png,1\nb.jpg,2\nc.tif,3\n")
    assert [image.name for image in report.imported] == ["a.png", "c.tif"]
    assert [(fault.line, fault.image, fault.code) for fault in report.faults] == [(3, "b.jpg", "image.unreadable")]
    assert not report.complete
    assert len(cases.cases(project)) == 2


def test_mended_and_imported_again_nothing_is_doubled(project: Project, pictures: Path) -> None:
    first = run(project, pictures, "image,stage\na.png,1\nb.jpg,9\nd.png,3\n")
    assert [(fault.line, fault.code) for fault in first.faults] == [(3, "stage.unknown"), (4, "import.image_not_found")]
    assert ([image.name for image in first.imported], first.waiting) == (["a.png", "c.tif"], ("b.jpg",))  # it waits for its row
    (pictures / "b.jpg").rename(pictures / "renamed.jpg")
    second = run(project, pictures, "image,stage\na.png,1\nrenamed.jpg,2\nc.tif,5\n")
    assert (len(second.imported), len(second.already_there), second.readings, second.faults) == (1, 2, 2, ())
    third = run(project, pictures, "image,stage\na.png,4\nrenamed.jpg,2\nc.tif,5\n")
    assert third.readings == 1
    assert [summary.label for summary in cases.cases(project)] == [4, 5, 2]


def test_the_same_picture_under_two_names_is_taken_once(project: Project, pictures: Path) -> None:
    (pictures / "copy.png").write_bytes((pictures / "a.png").read_bytes())
    report = run(project, pictures)
    assert len(report.imported) == 3
    assert [(fault.image, fault.code, fault.values["other"]) for fault in report.faults] == [("copy.png", "import.same_picture", "a.png")]


def test_rows_of_one_picture_must_not_contradict_one_another(project: Project, pictures: Path) -> None:
    report = run(project, pictures, "image,stage,age\na.png,1,10\na.png,1,11\nb.jpg,2,\n")
    assert [(fault.image, fault.code, fault.values) for fault in report.faults] == [
        ("a.png", "import.rows_contradict", {"column": "age", "first": 2, "second": 3})
    ]
    assert [image.name for image in report.imported] == ["b.jpg", "c.tif"]


def test_of_equal_pictures_the_one_that_the_table_names_is_taken(project: Project, pictures: Path) -> None:
    (pictures / "0 copy.png").write_bytes((pictures / "a.png").read_bytes())
    report = run(project, pictures, "image,stage,patient,age\na.png,2,4711,12\n")
    assert [(fault.image, fault.code, fault.values["other"]) for fault in report.faults] == [("0 copy.png", "import.same_picture", "a.png")]
    first = cases.cases(project)[0]
    assert (first.label, first.age_years, first.patient.startswith("P-")) == (2, 12, True)


def test_a_copy_is_not_taken_in_the_place_of_a_picture_that_waits(project: Project, pictures: Path) -> None:
    (pictures / "0 copy.png").write_bytes((pictures / "a.png").read_bytes())
    report = run(project, pictures, "image,stage,patient\na.png,6,4711\nb.jpg,1,\n")
    assert ([image.name for image in report.imported], report.waiting) == (["b.jpg", "c.tif"], ("a.png",))
    assert {(fault.line, fault.image, fault.code) for fault in report.faults} == {
        (2, "a.png", "stage.unknown"),
        (None, "0 copy.png", "import.same_picture"),
    }


def test_a_picture_with_another_good_row_does_not_wait(project: Project, pictures: Path) -> None:
    report = run(project, pictures, "image,stage,evaluator\na.png,2,Ada\na.png,6,Ben\n")
    assert (report.waiting, report.readings, len(report.imported)) == ((), 1, 3)


def test_pictures_that_an_ambiguous_row_may_mean_wait(project: Project, pictures: Path) -> None:
    (pictures / "flat").mkdir()
    (pictures / "flat" / "c.tif").write_bytes(builders.png(seed=8))
    report = run(project, pictures, "image,stage\nc.tif,2\n")
    assert ([image.name for image in report.imported], report.waiting) == (["a.png", "b.jpg"], ("c.tif", "c.tif"))


def test_whoever_wants_has_pictures_without_the_rows_that_need_mending(project: Project, pictures: Path) -> None:
    (pictures / "stages.csv").write_text("image,stage,age\na.png,6,12\n")
    report = imports.import_images(project, [pictures], pictures / "stages.csv", decode=decode, take_unmended=True)
    assert (len(report.imported), report.waiting, [fault.line for fault in report.faults]) == (3, (), [2])
    assert cases.cases(project)[0].age_years is None


def test_a_row_that_needs_mending_takes_nothing_from_a_picture_that_is_there(project: Project, pictures: Path) -> None:
    run(project, pictures, "image,stage\na.png,2\n")
    again = run(project, pictures, "image,stage\na.png,6\n")
    assert (len(again.already_there), again.waiting, cases.cases(project)[0].label) == (3, (), 2)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("image,stage\na.png,2\nb.jpg,1\na.png,4\n", "stage"),
        ("image,stage,evaluator\na.png,2,Ada\nb.jpg,1,Ada\na.png,4,Ada\n", "stage"),
        ("image,stage,sex\na.png,2,f\nb.jpg,1,\na.png,2,m\n", "sex"),
    ],
)
def test_two_rows_that_contradict_are_both_named(project: Project, pictures: Path, table: str, column: str) -> None:
    report = run(project, pictures, table)
    assert [(fault.image, fault.code, fault.values) for fault in report.faults] == [
        ("a.png", "import.rows_contradict", {"column": column, "first": 2, "second": 4})
    ]
    assert len(cases.cases(project)) == 2


def test_rows_that_leave_a_cell_empty_contradict_nothing(project: Project, pictures: Path) -> None:
    report = run(project, pictures, "image,stage,evaluator,age,sex\na.png,2,Ada,,\na.png,4,Ben,12,f\na.png,,,12,\n")
    assert (report.faults, report.readings) == ((), 2)
    first = cases.cases(project)[0]
    assert (first.age_years, first.sex) == (12, "F")


def test_the_same_row_twice_is_one_reading(project: Project, pictures: Path) -> None:
    report = run(project, pictures, "image,stage,evaluator,remark\na.png,3,Ada,\na.png,3,Ada,thin\na.png,4,Ben,\n")
    found = readings.readings(project, "case-0001")
    assert (report.readings, [(r.evaluator, r.stage, r.remark) for r in found]) == (2, [("Ada", 3, "thin"), ("Ben", 4, "")])


@pytest.mark.parametrize(
    ("rows", "read"),
    [
        ("Female 12_5.png,3,Ada\nFemale 12_5.png,,Ben\n", [("Ada", 3)]),  # Ben has not read
        ("Female 12_5.png,,Ada\nFemale 12_5.png,,Ben\n", [("imported", 5)]),  # somebody has, nobody knows who
        ("Female 12_5.png,,Ada\nFemale 12_5.png,,Ada\n", [("Ada", 5)]),
        ("Female 12_5.png,,\n", [("imported", 5)]),
        ("Female 12_5.png,3,\n", [("imported", 3)]),
    ],
)
def test_a_stage_in_a_name_is_nobody_s_whose_own_cell_is_empty_beside_others(
    project: Project, tmp_path: Path, rows: str, read: list[tuple[str, int]]
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "Female 12_5.png").write_bytes(builders.png())
    table = tmp_path / "stages.csv"
    table.write_text("image,stage,evaluator\n" + rows, "utf-8")
    report = imports.import_images(project, [tmp_path / "more"], table, decode=decode, names=NamePattern("{sex} {age}_{stage}"))
    assert report.faults == ()
    assert [(reading.evaluator, reading.stage) for reading in readings.readings(project, "case-0001")] == read
    assert cases.case(project, "case-0001").age_years == 12


def test_a_name_that_two_files_have_is_ambiguous_until_the_folder_is_given(project: Project, pictures: Path) -> None:
    (pictures / "flat").mkdir()
    (pictures / "flat" / "c.tif").write_bytes(builders.png(seed=8))
    report = run(project, pictures, "image,stage\nC.tif,2\n")
    assert [(fault.line, fault.image, fault.code) for fault in report.faults] == [(2, "C.tif", "import.image_ambiguous")]
    report = run(project, pictures, "image,stage\nflat\\c.tif,2\n./deep/c.tif,1\n")
    assert (report.faults, report.readings) == ((), 2)


def test_a_table_may_name_pictures_beside_itself(project: Project, pictures: Path) -> None:
    table = pictures / "stages.csv"
    table.write_text("image,stage\na.png,2\n")
    report = imports.import_images(project, [], table, decode=decode)
    assert [image.name for image in report.imported] == ["a.png"]


def test_pictures_of_a_few_pixels_are_refused_by_name(project: Project, pictures: Path) -> None:
    (pictures / "strip.png").write_bytes(builders.png((20, 200)))
    report = run(project, pictures)
    assert [(fault.image, fault.code) for fault in report.faults] == [("strip.png", "import.too_small")]


def test_an_empty_folder_a_missing_one_and_a_bad_table_import_nothing(project: Project, tmp_path: Path, pictures: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match=r"import\.nothing_found"):
        run(project, tmp_path / "empty")
    with pytest.raises(BadInputError, match=r"import\.source_missing"):
        run(project, tmp_path / "missing")
    with pytest.raises(BadInputError, match=r"import\.columns_missing"):
        run(project, pictures, "image,shoe size\na.png,1\n")
    assert cases.cases(project) == []


def test_a_cancelled_import_keeps_what_was_done_and_goes_on_later(project: Project, pictures: Path) -> None:
    answers: Iterator[bool] = iter([False, False, True])
    with pytest.raises(CancelledError):
        imports.import_images(project, [pictures], decode=decode, cancelled=lambda: next(answers))
    assert len(cases.cases(project)) == 2
    assert len(run(project, pictures).imported) == 1


def test_a_full_disk_ends_the_import_with_one_sentence(project: Project, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sos_studio.core.atomic.sync_directory", full)
    with pytest.raises(ProjectError, match=r"project\.disk_full"):
        run(project, pictures)
    monkeypatch.undo()
    assert cases.cases(project) == []
    assert len(run(project, pictures).imported) == 3


def test_progress_goes_to_the_end(project: Project, pictures: Path) -> None:
    seen: list[float] = []
    imports.import_images(project, [pictures], decode=decode, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_real_captures_come_in_with_the_stages_of_their_table(project: Project, real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "reference_captures"
    files = sorted(folder.glob("*.jpg"))
    assert len(files) == 3

    def as_grey_png(path: Path) -> DecodedImage:
        stream = io.BytesIO()
        with Image.open(path) as picture:
            picture.convert("L").save(stream, "png")
            return DecodedImage(stream.getvalue(), (picture.height, picture.width))

    table = tmp_path / "stages.csv"
    rows = [(path.name, path.stem.split("_")[1], path.stem.split("_")[0].split()[1]) for path in files]
    table.write_text("image,stage,age,sex\n" + "".join(f"{name},{stage},{age},F\n" for name, stage, age in rows))
    report = imports.import_images(project, [folder], table, decode=as_grey_png)
    assert (len(report.imported), report.readings, report.faults) == (3, 3, ())
    summaries = cases.cases(project)
    assert [(s.label, s.age_years) for s in summaries] == [(int(stage), float(age)) for _, stage, age in rows]
    assert not any(path.name.encode() in content for content in builders.files_below(project.directory).values() for path in files)


@pytest.mark.slow
def test_a_thousand_pictures_take_less_than_two_minutes(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(1000):
        (folder / f"{n}.png").write_bytes(builders.png(seed=n))
    started = time.perf_counter()
    assert len(run(project, folder).imported) == 1000
    assert time.perf_counter() - started < 120
