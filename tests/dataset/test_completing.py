"""The same pictures imported again with more known of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sos_studio.core.readings import standing
from sos_studio.dataset import audit, captures, cases, checks, events, imports, patient_data, readings, repair, splits, sql
from sos_studio.dataset.decoded import DecodedImage
from sos_studio.dataset.imports import ImportReport
from sos_studio.dataset.manifests import freeze
from sos_studio.dataset.project import Project
from sos_studio.dataset.pseudonyms import pseudonym
from tests.dataset import builders


def _run(
    project: Project, folder: Path, rows: str = "", *, spacing_mm: float | None = None, header: str = "image,stage,patient,age,sex"
) -> ImportReport:
    table = folder / "stages.csv"
    table.write_text(f"{header}\n{rows}", "utf-8")

    def decode(path: Path) -> DecodedImage:
        return DecodedImage(path.read_bytes(), builders.SHAPE_VU, spacing_mm=spacing_mm)

    return imports.import_images(project, [folder], table, decode=decode, pixel_size=lambda *_: (spacing_mm, ()), who="Ada")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for n, name in enumerate("abc"):
        (folder / f"{name}.png").write_bytes(builders.png(seed=n))
    return folder


def _told(report: ImportReport) -> list[tuple[int | None, str, Any]]:
    return [(row.line, row.image, row.values["facts"]) for row in report.filled_in]


def test_what_was_empty_is_filled_in_said_and_in_the_history(project: Project, pictures: Path) -> None:
    _run(project, pictures, "a.png,1,,,\nb.png,2,,,\nc.png,3,,9,\n")
    report = _run(project, pictures, "a.png,1,4711,12.5,F\nb.png,2,,,M\nc.png,3,,9,\n", spacing_mm=0.3)
    assert (report.imported, report.readings, report.faults) == ((), 0, ())
    assert _told(report) == [(2, "a.png", "patient, age, sex, pixel size"), (3, "b.png", "sex, pixel size"), (4, "c.png", "pixel size")]
    first, second, third = cases.cases(project)
    assert [(s.age_years, s.sex) for s in (first, second, third)] == [(12.5, "F"), (None, "M"), (9.0, None)]
    assert {captures.capture(project, s.capture_id or "").spacing_mm for s in (first, second, third)} == {0.3}
    done = [
        (entry.what, entry.who, entry.case_id) for entry in audit.history(project) if entry.what in ("facts_filled_in", "pixel_size_given")
    ]
    assert done.count(("facts_filled_in", "Ada", first.case_id)) == 1
    assert len(done) == 5
    # Facts of patients may have to be taken out of the project later: the history says which were filled in, not what they are.
    assert "12.5" not in audit.as_csv(audit.history(project))
    third_run = _run(project, pictures, "a.png,1,4711,12.5,F\nb.png,2,,,M\nc.png,3,,9,\n", spacing_mm=0.3)
    assert (third_run.filled_in, third_run.faults, len(third_run.already_there)) == ((), (), 3)
    assert len(cases.cases(project)) == 3


def test_two_pictures_become_one_patient_s_when_a_later_table_says_so(project: Project, pictures: Path) -> None:
    _run(project, pictures, "a.png,1,,,\nb.png,2,,,\nc.png,3,0815,,\n")
    report = _run(project, pictures, "a.png,1,4711,,\nb.png,2,4711,,\nc.png,3,,,\n")
    first, second, third = cases.cases(project)
    assert report.faults == ()
    assert first.patient == second.patient != third.patient
    with project.reading() as session:
        assert session.scalars(sql.select(sql.PatientCodeRow.patient)).all() == [first.patient]


def test_a_patient_who_is_named_later_is_called_as_if_named_at_once_unless_a_fold_was_given(
    project: Project, pictures: Path, tmp_path: Path
) -> None:
    _run(project, pictures, "a.png,1,,,\nb.png,2,,,\nc.png,3,,,\n")
    splits.assign(project, {"case-0002": 2})
    _run(project, pictures, "a.png,1,4711,,\nb.png,2,0815,,\nc.png,3,,,\n")
    first, second, third = (case.patient for case in cases.cases(project))
    assert first == pseudonym(project, "4711")
    assert (second, third) == ("P0002", "P0003")
    assert splits.folds_given(project).keys() == {"P0002"}
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "d.png").write_bytes(builders.png(seed=9))
    _run(project, tmp_path / "more", "d.png,4,4711,,\n")
    assert cases.cases(project)[-1].patient == first


@pytest.mark.parametrize(
    ("row", "spacing_mm", "told"),
    [
        ("a.png,4,,13,", None, ("import.contradicts", {"field": "age", "stored": "12.5", "given": "13"})),
        ("a.png,4,,,M", None, ("import.contradicts", {"field": "sex", "stored": "F", "given": "M"})),
        ("a.png,4,0815,,", None, ("import.other_patient", {})),
        ("a.png,4,,,", 0.25, ("import.contradicts", {"field": "pixel size", "stored": "0.3", "given": "0.25"})),
    ],
)
def test_a_contradiction_is_told_by_row_and_nothing_of_that_row_is_taken(
    project: Project, pictures: Path, row: str, spacing_mm: float | None, told: tuple[str, dict[str, str]]
) -> None:
    _run(project, pictures, "a.png,1,4711,12.5,F\nb.png,2,,,\n", spacing_mm=0.3)
    before = cases.cases(project), events.events(project)
    report = _run(project, pictures, row + "\n", spacing_mm=spacing_mm)
    assert [(fault.line, fault.code, fault.values) for fault in report.faults if fault.image == "a.png"] == [(2, *told)]
    assert not report.complete
    assert (cases.cases(project), events.events(project)) == before
    mended = _run(project, pictures, "a.png,4,4711,12.5,F\nb.png,2,,,\n", spacing_mm=0.3001)
    assert (mended.faults, mended.filled_in, mended.readings) == ((), (), 1)


def test_what_the_project_may_not_keep_is_neither_filled_in_nor_called_a_contradiction(project: Project, pictures: Path) -> None:
    _run(project, pictures, "a.png,1,,12.5,F\n")
    patient_data.decide(project, keep_age=True, keep_sex=False)
    report = _run(project, pictures, "a.png,1,,12.9,M\nb.png,2,,14.7,F\n")
    assert report.faults == ()
    assert [(s.age_years, s.sex) for s in cases.cases(project)] == [(12.0, None), (14.0, None), (None, None)]


def test_a_pixel_size_given_later_counts_everywhere_and_the_record_stays_as_it_was(project: Project, pictures: Path) -> None:
    for n in range(10):
        (pictures / f"{n}.png").write_bytes(builders.png(seed=100 + n))
    rows = "".join(f"{n}.png,{1 + n % 3},,,\n" for n in range(10))
    _run(project, pictures, rows)
    summary = next(s for s in cases.cases(project) if s.label is not None)
    folder = captures.capture_paths(project, summary.capture_id or "").folder
    before = builders.files_below(folder)
    _run(project, pictures, rows, spacing_mm=0.3)
    assert builders.files_below(folder) == before
    assert captures.read_record(project, summary.capture_id or "").spacing_mm == 0.3
    assert captures.captures(project, summary.case_id)[0].spacing_mm == 0.3
    assert b'"spacing_mm": 0.3' in freeze(project).read_bytes()
    assert checks.check(project) == []


def test_a_project_without_a_pixel_size_has_none(project: Project, pictures: Path) -> None:
    _run(project, pictures, "a.png,1,,,\n")
    assert {captures.capture(project, s.capture_id or "").spacing_mm for s in cases.cases(project)} == {None}


def test_an_unchanged_stage_is_not_read_twice(project: Project, pictures: Path) -> None:
    _run(project, pictures, "a.png,1,,,\n")
    _run(project, pictures, "a.png,1,,8,\n")
    assert [reading.stage for reading in readings.readings(project, cases.cases(project)[0].case_id)] == [1]


def _stands(project: Project) -> dict[str, int | None]:
    return {reading.evaluator: reading.stage for reading in standing(readings.readings(project, "case-0001"))}


def _by_ada(stage: int) -> str:
    return f"a.png,{stage},Ada\n"


HEADER = "image,stage,evaluator"


def test_the_same_table_again_takes_nothing_back_that_was_read_since(project: Project, pictures: Path) -> None:
    _run(project, pictures, _by_ada(3), header=HEADER)
    builders.read(project, "case-0001", cases.case(project, "case-0001").capture_id or "", 4, "Ada")
    again = _run(project, pictures, _by_ada(3) + "b.png,1,Ben\n", header=HEADER)
    assert (again.readings, again.faults, _stands(project)) == (1, (), {"Ada": 4})


def test_a_table_that_changed_its_mind_is_taken_but_not_against_what_was_read_here(project: Project, pictures: Path) -> None:
    _run(project, pictures, _by_ada(3), header=HEADER)
    assert _run(project, pictures, _by_ada(2), header=HEADER).readings == 1
    assert _stands(project) == {"Ada": 2}
    builders.read(project, "case-0001", cases.case(project, "case-0001").capture_id or "", 4, "Ada")
    refused = _run(project, pictures, "a.png,5,Ada,9\n", header=HEADER + ",age")
    assert [(fault.line, fault.code, fault.values) for fault in refused.faults] == [
        (2, "import.contradicts", {"field": "stage", "stored": "4", "given": "5"})
    ]
    assert (_stands(project), cases.case(project, "case-0001").age_years) == ({"Ada": 4}, None)


def test_a_reading_that_was_taken_back_here_does_not_come_back_with_its_table(project: Project, pictures: Path) -> None:
    _run(project, pictures, _by_ada(3), header=HEADER)
    readings.retract(project, readings.readings(project, "case-0001")[0].reading_id, "Ada")
    assert _run(project, pictures, _by_ada(3), header=HEADER).readings == 0
    assert _stands(project) == {}


@pytest.mark.parametrize("older_record", [False, True])
def test_captures_taken_in_after_a_recovery_are_known_again_by_their_files(tmp_path: Path, pictures: Path, older_record: bool) -> None:
    study = tmp_path / "study"
    Project.create(study).close()
    before = (study / "project.sqlite").read_bytes()
    with Project.open(study) as project:
        _run(project, pictures, "a.png,1,,,\nb.png,2,,,\nc.png,3,,,\n")
    (study / "project.sqlite").write_bytes(before)  # as a database that was brought back from an older copy
    for leftover in [study / "project.seal", *study.glob("backups/*")]:
        leftover.unlink(missing_ok=True)
    if older_record:  # as earlier versions wrote it, without the hash of its file
        for path in study.glob("captures/*/*/capture.json"):
            record = json.loads(path.read_text())
            del record["source_sha256"]
            path.write_text(json.dumps(record))
    with Project.open(study) as project:
        report = repair.repair(project, builders.NoPictures())
        assert {finding.action for finding in report.findings} == {"taken_in"}
        again = _run(project, pictures, "a.png,1,,,\nb.png,2,,7,\nc.png,3,,,\n")
        assert (len(again.imported), len(again.already_there), again.readings, again.faults) == (0, 3, 3, ())
        assert sorted(summary.label or 0 for summary in cases.cases(project)) == [1, 2, 3]
        assert checks.check(project) == []
