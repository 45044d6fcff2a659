"""Which networks the queue of cases to be staged next asks."""

from __future__ import annotations

from pathlib import Path

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
