"""Which networks the queue of cases to be staged next asks."""

from __future__ import annotations

from pathlib import Path

from sos_studio.core.readings import Reading
from sos_studio.dataset import cases, readings
from sos_studio.dataset.project import Project
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.teaching import TeachingPresenter
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import FakeService, add_model


def test_the_queue_is_made_with_the_network_that_is_chosen_in_predict_first_of_all(tmp_path: Path) -> None:
    with make_project(tmp_path / "p") as project:
        older, newer = add_model(project.directory, "student", "a"), add_model(project.directory, "student", "b")
        service = FakeService()
        prediction = PredictionPresenter(make_session(project), service)  # type: ignore[arg-type]
        prediction.choose_model(older)
        teaching = TeachingPresenter(make_session(project), prediction)
        teaching.look()
        teaching.choose("mine")
        teaching.start()
        assert [asked[0] for asked in service.asked][:2] == [older, newer]


def read(project: Project, case: cases.CaseSummary) -> None:
    reading_id, capture_id = readings.new_reading_id(), case.capture_id
    said = Reading(
        reading_id=reading_id, case_id=case.case_id, evaluator="Dr Test", stage=2, shown="full_image", capture_id=capture_id or ""
    )
    readings.append(project, said)


def test_only_what_was_staged_since_the_queue_was_made_is_ticked_whatever_is_chosen_next(tmp_path: Path) -> None:
    with make_project(tmp_path / "p") as project:
        add_model(project.directory, "student", "a")
        first, second = cases.cases(project)
        read(project, first)
        session = make_session(project)
        teaching = TeachingPresenter(session, PredictionPresenter(session, FakeService()))  # type: ignore[arg-type]
        teaching.look()
        teaching.choose("unlearned")
        teaching.start()
        assert {one.case_id for one in teaching.state.queue} == {first.case_id, second.case_id}
        teaching.choose("nobody")
        session.cases_changed.emit()
        assert teaching.state.done == frozenset()
        read(project, second)
        session.cases_changed.emit()
        assert teaching.state.done == {second.case_id}
