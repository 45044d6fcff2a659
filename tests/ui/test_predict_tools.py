"""What the menu Predict does beside the step: networks carried elsewhere and back, by name."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from sos_studio.messages import Message
from sos_studio.ui.predict_step import PredictStep
from sos_studio.ui.predict_tools import PredictTools
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import FakeService
from tests.services.test_model_package import network


def test_networks_that_are_carried_elsewhere_and_back_are_named_as_in_predict(tmp_path: Path, qtbot: QtBot) -> None:
    with make_project(tmp_path / "here") as here, make_project(tmp_path / "there") as there:
        network(here.directory / "models")
        network(here.directory / "models", "detector-1", "detector")
        file = tmp_path / "carried.sosmodel"
        heard: list[Message] = []
        for project in (here, there):
            session = make_session(project)
            session.message.connect(lambda told, _: heard.append(told))
            window = QWidget()
            qtbot.addWidget(window)
            step = PredictStep(session, window, service=FakeService())  # type: ignore[arg-type]
            tools = PredictTools(session, step, window, lambda _: None)
            if project is here:
                state = step.presenter.state
                assert state.chosen is not None
                assert state.detector is not None
                tools.export_to(file, [state.chosen, state.detector])
            else:
                tools.import_from(file)
                assert step.presenter.state.chosen is not None
                assert step.presenter.state.chosen.card.model_id == "student-1"
        assert [told.code for told in heard] == ["package.exported", "package.imported"]
        for told in heard:
            assert "Student (2026-11-20)" in told.text
            assert "Detector (2026-11-20)" in told.text
