"""The cases list: search, filters, next unstaged, and no whisper of the consensus before one's own reading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sos_studio.core.roi import Roi
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.presenters.case_rows import Filter
from sos_studio.presenters.cases import CasesPresenter, next_step
from sos_studio.presenters.crop import CropPresenter
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.session import Session
from sos_studio.presenters.staging import StagingPresenter
from sos_studio.services import staging
from sos_studio.services.listed_cases import listed_case
from tests.presenters.kit import Slow, capture_again, make_project, make_session, open_case


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with make_project(tmp_path / "p", 4) as made:
        yield made


@pytest.fixture
def session(project: Project) -> Session:
    return make_session(project)


@pytest.fixture
def presenter(session: Session) -> CasesPresenter:
    made = CasesPresenter(session, Opener(session))
    made.refresh()
    return made


def stage(session: Session, case_id: str, evaluator: str, number: int) -> None:
    capture = next(p.name for p in (session.project.directory / "captures" / case_id).iterdir())
    staging.stage(session.project, case_id, capture, None, evaluator, number)
    session.cases_changed.emit()


def test_search_and_status(session: Session, presenter: CasesPresenter) -> None:
    assert [case.case_id for case in presenter.rows] == [f"case-000{n}" for n in range(1, 5)]
    presenter.set_filter(Filter(text="0003"))
    assert [case.case_id for case in presenter.rows] == ["case-0003"]
    stage(session, "case-0002", "Dr Test", 3)
    presenter.set_filter(Filter(status="staged"))
    assert [case.case_id for case in presenter.rows] == ["case-0002"]
    presenter.set_filter(Filter(status="to_stage"))
    assert [case.case_id for case in presenter.rows] == ["case-0001", "case-0003", "case-0004"]
    presenter.set_filter(Filter(stage=3))
    assert [case.case_id for case in presenter.rows] == ["case-0002"]


def test_the_label_is_not_shown_before_one_s_own_reading_nor_right_after_it_until_it_is_asked_for(
    session: Session, presenter: CasesPresenter
) -> None:
    staging_presenter = StagingPresenter(session)
    for other in ("Dr Other", "Dr Third"):
        stage(session, "case-0001", other, 4)
    assert (presenter.rows[0].label, presenter.rows[0].stands) == (None, ())
    staging_presenter.choose(3)
    row = presenter.rows[0]
    assert (row.label, row.status, [reading.evaluator for reading in row.stands]) == (None, "unread", ["Dr Test"])
    presenter.set_filter(Filter(stage=3))
    assert len(presenter.rows) == 1, "found by what the row says"
    presenter.set_filter(Filter(stage=4))
    assert presenter.rows == ()
    staging_presenter.reveal()
    assert [row.label for row in presenter.rows] == [4]
    staging_presenter.choose(4)
    assert [row.label for row in presenter.rows] == [4], "who has seen it may change the reading with open eyes"


def test_labels_of_cases_read_in_an_earlier_sitting_are_shown_to_their_reader_alone(project: Project) -> None:
    newest = {case_id: listed_case(project, case_id).capture_id for case_id in ("case-0001", "case-0002")}
    for case_id, evaluator in (("case-0001", "Dr Test"), ("case-0001", "Dr Other"), ("case-0002", "Dr Other")):
        staging.stage(project, case_id, newest[case_id], None, evaluator, 2)
    session = make_session(project)
    presenter = CasesPresenter(session, Opener(session))
    presenter.refresh()
    assert [row.label for row in presenter.rows[:2]] == [2, None]
    session.set_evaluator("Dr Third")
    assert [row.label for row in presenter.rows[:2]] == [None, None]
    session.set_evaluator("Dr Other")
    assert [row.label for row in presenter.rows[:2]] == [2, 2]


def test_after_a_new_capture_the_label_waits_for_a_reading_of_it_and_for_being_asked_for(project: Project) -> None:
    old = listed_case(project, "case-0001").capture_id
    for evaluator in ("Dr Test", "Dr Other", "Dr Third"):
        staging.stage(project, "case-0001", old, None, evaluator, 5)
    newest = capture_again(project, "case-0001")
    session = make_session(project)
    presenter, staging_presenter = CasesPresenter(session, Opener(session)), StagingPresenter(session)
    presenter.refresh()
    assert session.capture.capture_id == newest
    assert presenter.rows[0].label is None
    staging_presenter.choose(3)
    assert presenter.rows[0].label is None
    staging_presenter.reveal()
    assert (presenter.rows[0].label, presenter.rows[0].read_elsewhere) == (5, 2)
    revealed = staging_presenter.state.revealed
    assert {reading.capture_id for reading in revealed.others} == {old} != {revealed.capture_id}


def test_next_unstaged_goes_round_and_ends(session: Session, presenter: CasesPresenter) -> None:
    visited = []
    stage(session, "case-0003", "Dr Test", 1)
    for _ in range(3):
        stage(session, session.case_id, "Dr Test", 2)
        session.next_unstaged_requested.emit()
        visited.append(session.case_id)
    assert visited[:2] == ["case-0002", "case-0004"]
    heard = []
    session.message.connect(lambda message, severity: heard.append(message.code))
    session.next_unstaged_requested.emit()
    assert heard == ["cases.all_staged"]


def test_opening_a_case_brings_its_capture(session: Session, presenter: CasesPresenter) -> None:
    presenter.open_case("case-0004")
    assert session.case_id == "case-0004"
    assert session.capture.record.case == "case-0004"


def test_a_case_whose_scan_is_not_here_says_so(session: Session, presenter: CasesPresenter) -> None:
    heard = []
    session.message.connect(lambda message, severity: heard.append(message.code))
    presenter.open_scan_of_case()
    assert heard == ["cases.scan_not_here"]


def test_closing_the_project_empties_the_list(session: Session, presenter: CasesPresenter) -> None:
    session.set_project(None)
    assert presenter.rows == ()


def test_a_case_that_is_captured_again_is_listed_and_opened_by_its_newest_capture(session: Session, presenter: CasesPresenter) -> None:
    stage(session, "case-0002", "Dr Test", 3)
    newest = capture_again(session.project, "case-0002")
    session.cases_changed.emit()
    case = presenter.rows[1]
    assert (case.capture_id, case.cropped, case.staged_here) == (newest, False, ())
    assert case.staged_earlier == ("Dr Test",)
    assert [(reading.evaluator, reading.stage) for reading in case.stands] == [("Dr Test", 3)], "the reading stays"
    presenter.set_filter(Filter(status="to_stage"))
    assert "case-0002" in [row.case_id for row in presenter.rows]
    presenter.open_case("case-0002")
    assert session.capture.capture_id == newest
    staging.stage(session.project, "case-0002", newest, None, "Dr Test", 4)
    session.cases_changed.emit()
    presenter.set_filter(Filter(status="staged"))
    assert [(row.case_id, row.stands[0].stage, row.staged_earlier) for row in presenter.rows] == [("case-0002", 4, ())]


def test_work_goes_on_at_the_first_thing_that_is_missing_and_predict_comes_after_the_own_reading(
    session: Session, presenter: CasesPresenter
) -> None:
    def step(evaluator: str = "Dr Test") -> str:
        return next_step(presenter.everything[1], evaluator)

    assert step() == "crop"
    staging.store_roi(session.project, presenter.everything[1].capture_id, Roi.of((180.0, 150.0), 30.0, 90.0))
    session.cases_changed.emit()
    assert step() == "stage"
    stage(session, "case-0002", "Dr Test", 3)
    assert step() == "predict"
    assert step("Dr Other") == "stage"
    cases.exclude(session.project, "case-0002", "motion", "Dr Test")
    session.cases_changed.emit()
    assert step("Dr Other") == "predict"


def test_cases_whose_evaluators_differ_are_found_but_not_by_a_blinded_evaluator_before_reading(
    session: Session, presenter: CasesPresenter
) -> None:
    project = session.project
    assert project is not None
    case = next(case for case in presenter.everything if case.captured)
    for name, stage in (("Ada", 2), ("Ben", 5)):
        staging.stage(project, case.case_id, case.capture_id or "", None, name, stage)
    session.cases_changed.emit()
    presenter.set_filter(Filter(status="to_adjudicate"))
    assert [row.case_id for row in presenter.rows] == [case.case_id]
    session.set_evaluator("Dora")
    session.blinding.set_on(True)
    assert presenter.rows == ()
    staging.stage(project, case.case_id, case.capture_id or "", None, "Dora", 3)
    session.cases_changed.emit()
    (row,) = presenter.rows
    assert (row.disagree, row.adjudicated_by, row.stands[0].evaluator, len(row.stands)) == (False, "", "Dora", 1)
    session.blinding.set_on(False)


def test_a_case_that_comes_late_does_not_take_away_from_the_one_that_was_asked_for_after_it(tmp_path: Path) -> None:
    with make_project(tmp_path / "p", 3) as project:
        background = Slow()
        session = make_session(project, background=background)
        presenter = CasesPresenter(session, Opener(session))
        presenter.refresh()
        background.go_on()
        open_case(session, "case-0001")
        presenter._read_ahead()
        background.go_on()
        presenter.open_case("case-0003")  # from the disk
        presenter.open_next_unstaged()  # read ahead: there at once
        assert session.case_id == "case-0002"
        background.go_on()
        assert session.case_id == "case-0002"


def test_back_at_a_case_its_frame_is_the_last_one_though_it_was_not_saved_yet(tmp_path: Path) -> None:
    with make_project(tmp_path / "p", 2) as project:
        background = Slow()
        session = make_session(project, background=background)
        presenter, crop = CasesPresenter(session, Opener(session)), CropPresenter(session)
        presenter.refresh()
        background.go_on()
        open_case(session, "case-0001")
        crop.click((160.0, 120.0))
        crop.click((200.0, 150.0))
        drawn = session.roi
        saving, background.jobs = background.jobs, []
        presenter.open_case("case-0002")
        background.go_on()
        presenter.open_case("case-0001")
        background.go_on()
        assert session.case_id == "case-0001"
        assert session.roi == drawn
        assert session.roi_n == 1
        background.jobs = saving
        background.go_on()
        assert session.roi == drawn
