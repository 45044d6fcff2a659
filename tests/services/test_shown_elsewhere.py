"""What a window that may only look has shown is known to the readings of the one that writes."""

from __future__ import annotations

import os
from pathlib import Path

from sos_studio.core.settings import user_data_dir
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.services import adjudication, shown_elsewhere, staging


def capture_of(project: Project, n: int) -> tuple[str, str]:
    case_id = cases.cases(project)[n].case_id
    return case_id, cases.case(project, case_id).capture_id or ""


def test_a_reading_knows_what_its_reader_saw_in_a_window_that_only_looks(project: Project) -> None:
    case_id, capture_id = capture_of(project, 0)
    other_id, other_capture = capture_of(project, 1)
    with Project.open(project.directory, fall_back=True) as looking:
        assert looking.read_only
        shown_elsewhere.note(looking, capture_id, "B")
    assert staging.stage(project, case_id, capture_id, None, "B", 2).ai_seen
    assert not staging.stage(project, case_id, capture_id, None, "C", 2).ai_seen
    assert not staging.stage(project, other_id, other_capture, None, "B", 2).ai_seen


def test_a_decision_knows_it_too(project: Project) -> None:
    case_id, capture_id = capture_of(project, 0)
    shown_elsewhere.note(project, capture_id, "B")
    assert adjudication.decide(project, case_id, "B", 2).ai_seen
    assert not adjudication.decide(project, case_id, "C", 2).ai_seen


def test_what_was_shown_before_anybody_gave_a_name_may_have_been_seen_by_anybody(project: Project) -> None:
    case_id, capture_id = capture_of(project, 0)
    shown_elsewhere.note(project, capture_id, "")
    assert shown_elsewhere.seen_by(project, case_id, "C")


def test_a_line_torn_by_a_power_cut_hides_neither_those_before_nor_those_after(project: Project) -> None:
    (first, capture_id), (second, other_capture) = capture_of(project, 0), capture_of(project, 1)
    shown_elsewhere.note(project, capture_id, "B")
    (file,) = (user_data_dir() / "shown-elsewhere").iterdir()
    with open(file, "ab") as stream:
        stream.write(b'{"case_id": "ca')
    shown_elsewhere.note(project, other_capture, "B")
    assert [shown_elsewhere.seen_by(project, case_id, "B") for case_id in (first, second)] == [True, True]


def test_it_lies_outside_of_the_project_and_names_no_patient(project: Project, tmp_path: Path) -> None:
    case_id, capture_id = capture_of(project, 0)
    before = {Path(where) / name for where, _, names in os.walk(project.directory) for name in names}
    shown_elsewhere.note(project, capture_id, "B")
    assert {Path(where) / name for where, _, names in os.walk(project.directory) for name in names} == before
    (file,) = (user_data_dir() / "shown-elsewhere").iterdir()
    assert cases.case(project, case_id).patient not in file.read_text()
