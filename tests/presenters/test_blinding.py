"""Blinded reading hides the patient, others' readings and predictions until one's own reading is saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sos_studio.core.settings import Settings
from sos_studio.dataset import predictions, readings
from sos_studio.dataset.project import Project
from sos_studio.presenters.blinding import neutral_number
from sos_studio.presenters.case_rows import Filter
from sos_studio.presenters.cases import CasesPresenter
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.session import Session
from sos_studio.presenters.staging import StagingPresenter
from sos_studio.services import staging
from tests.presenters.kit import make_project, make_session


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with make_project(tmp_path / "p", 4) as made:
        yield made


@pytest.fixture
def session(project: Project) -> Session:
    made = make_session(project)
    made.blinding.set_on(True)
    return made


def read_by_other(session: Session, stage: int = 4) -> None:
    assert session.project is not None
    assert session.capture is not None
    staging.stage(session.project, "case-0001", session.capture.capture_id, None, "Dr Other", stage)
    session.cases_changed.emit()


def predict_for_other(session: Session) -> None:
    assert session.project is not None
    assert session.capture is not None
    predictions.record_shown(
        session.project, session.capture.capture_id, model_id="m", stage=5, probabilities=(0, 0, 0, 0, 1), evaluator="Dr Other"
    )


def test_it_stays_on_for_the_next_evaluator_who_is_told_so(session: Session, project: Project) -> None:
    heard: list[bool] = []
    told: list[str] = []
    session.blinding.changed.connect(heard.append)
    session.message.connect(lambda words, _: told.append(str(words)))
    session.set_evaluator("Dr Other")
    assert session.blinding.on
    assert heard == [], "nothing was shown in between"
    assert told == ["Dr Other reads blinded too, because it was on. Case ▸ Blinded reading ends it."]
    session.blinding.set_on(False)
    session.set_evaluator("Dr Third")
    assert not session.blinding.on
    assert len(told) == 1


def test_it_is_remembered_for_evaluator_and_project(session: Session, project: Project) -> None:
    heard: list[bool] = []
    session.blinding.changed.connect(heard.append)
    session.set_evaluator("Dr Other")
    session.blinding.set_on(False)
    session.set_evaluator("Dr Test")
    assert session.blinding.on
    assert heard == [False, True]
    assert Settings.load().blinded == {project.project_id: ("Dr Test",)}
    session.blinding.set_on(False)
    assert Settings.load().blinded == {}


def test_numbers_stay_and_tell_nothing(project: Project) -> None:
    numbers = {neutral_number(project.project_id, "A", f"case-{n:04d}") for n in range(1, 200)}
    assert len(numbers) == 199
    assert neutral_number("p", "A", "case-0001") == neutral_number("p", "A", "case-0001") != neutral_number("p", "B", "case-0001")


def test_the_list_hides_patient_label_and_prediction(session: Session) -> None:
    presenter = CasesPresenter(session, Opener(session))
    predict_for_other(session)
    read_by_other(session)
    (row,) = [case for case in presenter.rows if case.case_id == "case-0001"]
    assert row.name == session.blinding.name("case-0001") != "case-0001"
    assert (row.patient, row.age_years, row.sex, row.label, row.predicted, row.staged_by) == ("", None, None, None, False, ())
    assert presenter.readers == ()
    presenter.set_filter(Filter(text="P0001"))
    assert presenter.rows == ()
    presenter.set_filter(Filter(text=row.name))
    assert [case.case_id for case in presenter.rows] == ["case-0001"]


def test_after_the_own_reading_the_label_is_one_s_own_stage_alone(session: Session) -> None:
    presenter = CasesPresenter(session, Opener(session))
    read_by_other(session, 4)
    StagingPresenter(session).choose(2)
    (row,) = [case for case in presenter.rows if case.case_id == "case-0001"]
    assert (row.label, row.staged_by) == (2, ("Dr Test",))


def test_next_unstaged_follows_the_order_of_the_list(session: Session) -> None:
    presenter = CasesPresenter(session, Opener(session))
    presenter.refresh()
    order = [case.case_id for case in presenter.rows]
    presenter.open_case(order[0])
    presenter.open_next_unstaged()
    assert session.case_id == order[1]


def test_commit_first_then_reveal(session: Session, project: Project) -> None:
    presenter = StagingPresenter(session)
    predict_for_other(session)
    read_by_other(session)
    told: list[str] = []
    session.message.connect(lambda message, _: told.append(message.code))
    presenter.reveal()
    assert told == ["staging.read_first"]
    assert presenter.state.revealed is None
    presenter.choose(2)
    presenter.reveal()
    revealed = presenter.state.revealed
    assert revealed is not None
    assert [(reading.evaluator, reading.stage) for reading in revealed.others] == [("Dr Other", 4)]
    assert revealed.prediction is not None
    assert revealed.prediction.stage == 5
    assert predictions.seen_by(project, "case-0001", "Dr Test"), "a later reading says that the prediction was seen"


def test_a_reading_says_whether_it_was_blinded_and_one_after_revealing_was_not(session: Session, project: Project) -> None:
    presenter = StagingPresenter(session)
    presenter.choose(2)
    presenter.reveal()
    presenter.choose(3)
    session.blinding.set_on(False)
    presenter.choose(4)
    assert [(reading.stage, reading.blinded) for reading in readings.readings(project, "case-0001")] == [(2, True), (3, False), (4, False)]


def test_what_was_revealed_goes_with_the_reading(session: Session) -> None:
    presenter = StagingPresenter(session)
    presenter.choose(2)
    presenter.reveal()
    session.undo.undo()
    assert presenter.state.revealed is None


def test_messages_call_the_case_by_its_number(session: Session) -> None:
    presenter = StagingPresenter(session)
    presenter.choose(2)
    told: list[str] = []
    session.message.connect(lambda message, _: told.append(message.text))
    session.undo.undo()
    assert session.blinding.name("case-0001") in told[-1]
    assert "case-0001" not in told[-1]
