"""Many cases at once: one write, one step back, and nothing predicted that the evaluator must not see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sos_studio.core.errors import ProjectError
from sos_studio.dataset import cases, predictions
from sos_studio.dataset.project import Project
from sos_studio.presenters.bulk import BulkPresenter, PredictedCase
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import FakeService, add_model

IDS = [f"case-000{n}" for n in range(1, 5)]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with make_project(tmp_path / "p", 4) as made:
        yield made


@pytest.fixture
def session(project: Project) -> Session:
    return make_session(project)


def _bulk(session: Session, service: Any = None) -> BulkPresenter:
    return BulkPresenter(session, PredictionPresenter(session, service or FakeService()))


def _excluded(project: Project) -> list[str]:
    return [case.case_id for case in cases.cases(project) if case.excluded]


def _heard(session: Session) -> list[str]:
    codes: list[str] = []
    session.message.connect(lambda message, severity: codes.append(message.code))
    return codes


def test_many_are_excluded_and_one_step_back_takes_all_in_again(session: Session, project: Project) -> None:
    cases.exclude(project, IDS[1], "metal", "Ada", "words")
    heard = _heard(session)
    _bulk(session).exclude(IDS[:3], "motion", "blurred")
    assert _excluded(project) == IDS[:3]
    assert (cases.case(project, IDS[1]).exclusion_reason, cases.case(project, IDS[1]).exclusion_note) == ("motion", "blurred")
    session.undo.undo()
    assert _excluded(project) == [IDS[1]]
    assert (cases.case(project, IDS[1]).exclusion_reason, cases.case(project, IDS[1]).exclusion_note) == ("metal", "words")
    session.undo.redo()
    assert _excluded(project) == IDS[:3]
    assert heard == ["exclusion.many_done", "exclusion.many_done", "exclusion.many_taken_in", "exclusion.many_done"]


def test_undo_and_redo_name_the_cases(session: Session) -> None:
    said: list[str] = []
    session.message.connect(lambda message, severity: said.append(message.text))
    bulk = _bulk(session)
    bulk.exclude(IDS[:2], "motion")
    change = session.undo.next_undo
    assert change is not None
    assert change.cases == tuple(IDS[:2])
    session.undo.undo()
    bulk.exclude(IDS[3:], "metal")
    assert all(name in text for text in said[:2] for name in IDS[:2])
    assert IDS[3] in said[2]
    assert session.blinding.names(IDS, 2) == f"{IDS[0]}, {IDS[1]}, …"


def test_taking_in_changes_only_those_that_were_out(session: Session, project: Project) -> None:
    for case_id in IDS[:2]:
        cases.exclude(project, case_id, "metal", "Ada")
    heard = _heard(session)
    bulk = _bulk(session)
    bulk.include(IDS)
    assert _excluded(project) == []
    bulk.include(IDS)
    assert heard == ["exclusion.many_taken_in", "exclusion.none_changed"]
    session.undo.undo()
    assert _excluded(project) == IDS[:2], "a step that changed nothing is no step"


def test_a_refused_write_changes_nothing_and_is_no_step(session: Session, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = _heard(session)

    def full(*_: object) -> None:
        raise ProjectError("project.disk_full", project="p")

    monkeypatch.setattr("sos_studio.services.exclusions.cases.set_exclusions", full)
    _bulk(session).exclude(IDS, "motion")
    assert (heard, _excluded(project), session.undo.undo_label) == (["project.disk_full"], [], None)


def test_all_are_predicted_one_after_another_and_noted_as_shown(session: Session, project: Project) -> None:
    add_model(project.directory, "student")
    cases.add_case(project)
    bulk = _bulk(session)
    answers: list[PredictedCase] = []
    bulk.predicted.connect(answers.append)
    done: list[int] = []
    bulk.finished.connect(lambda: done.append(len(answers)))
    bulk.predict([*IDS[:2], "case-0005"])
    assert [answer.case_id for answer in answers] == [*IDS[:2], "case-0005"]
    assert [answer.said is not None for answer in answers] == [True, True, False]
    assert answers[2].problem is not None
    assert answers[2].problem.code == "predict.no_image"
    assert done == [3]
    assert [row.evaluator for row in predictions.shown(project, IDS[0])] == ["Dr Test"]
    assert predictions.shown(project, IDS[2]) == []
    assert [session.blinding.has_seen_ai(case_id) for case_id in IDS[:3]] == [True, True, False]


def test_stopping_asks_about_no_further_case(session: Session, project: Project) -> None:
    add_model(project.directory, "student")
    bulk = _bulk(session)
    answers: list[PredictedCase] = []

    def one_is_enough(answer: PredictedCase) -> None:
        answers.append(answer)
        bulk.stop()

    bulk.predicted.connect(one_is_enough)
    bulk.predict(IDS)
    assert [answer.case_id for answer in answers] == IDS[:1]


def test_who_reads_blinded_is_shown_no_predictions_of_many(session: Session, project: Project) -> None:
    add_model(project.directory, "student")
    session.blinding.set_on(True)
    heard = _heard(session)
    _bulk(session).predict(IDS)
    assert heard == ["bulk.blinded"]
    assert predictions.shown(project, IDS[0]) == []


def test_without_a_student_it_says_so(session: Session) -> None:
    heard = _heard(session)
    _bulk(session).predict(IDS)
    assert heard == ["bulk.no_student"]


def test_all_cases_are_asked_of_the_networks_that_were_chosen_when_it_began(session: Session, project: Project) -> None:
    older = add_model(project.directory, "student", "a", manifest="m0")
    its_detector = add_model(project.directory, "detector", "a", manifest="m0")
    newer = add_model(project.directory, "student", "b")
    add_model(project.directory, "detector", "b")
    service = FakeService()
    prediction = PredictionPresenter(session, service)
    bulk = BulkPresenter(session, prediction)
    prediction.choose_model(older)
    bulk.predicted.connect(lambda _: prediction.choose_model(newer))
    bulk.predict(IDS[:2])
    assert [asked[0] for asked in service.asked] == [older, older]
    assert {asked[2] for asked in service.asked} | set(service.looked) <= {None, its_detector}
    assert its_detector in {*(asked[2] for asked in service.asked), *service.looked}
