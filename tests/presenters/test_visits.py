"""Coming back to a project: the case and the step of last time, from the user's own settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sos_studio.core.settings import Settings, user_data_dir
from sos_studio.dataset.project import Project
from sos_studio.presenters.cases import CasesPresenter
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.presenters.visits import Visits
from tests.presenters.kit import make_project, open_case
from tests.presenters.scans import make_scan


class Window:
    """What of the window matters here, with the settings that are on the disk."""

    def __init__(self) -> None:
        self.session = Session(ImmediateBackground(), Settings.load())
        self.visits = Visits(self.session)
        self.cases = CasesPresenter(self.session, Opener(self.session))
        self.steps: list[str] = []
        self.session.step_requested.connect(self.steps.append)


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A project that was left at its second case, in Stage."""
    with make_project(tmp_path / "p") as project:
        window = Window()
        window.session.set_project(project)
        open_case(window.session, "case-0002")
        window.visits.at_step("stage")
        window.session.set_project(None)
        return project.directory


def test_a_project_is_taken_up_at_the_case_and_step_where_it_was_left(left: Path) -> None:
    with Project.open(left) as project:
        window = Window()
        window.session.set_project(project)
        assert window.session.case_id == "case-0002"
        assert window.session.capture is not None
        assert window.steps == ["stage"]


def test_a_computer_that_goes_off_forgets_nothing_that_was_a_while_ago(left: Path) -> None:
    with Project.open(left) as project:
        window = Window()
        window.session.set_project(project)
        open_case(window.session, "case-0001")
        window.visits.at_step("predict")
        visit = Settings.load().visits[project.project_id]
        assert (visit.case_id, visit.step) == ("case-0001", "predict")


def test_who_has_a_scan_open_is_not_taken_away_from_it(left: Path) -> None:
    with Project.open(left) as project:
        window = Window()
        window.session.set_scan(make_scan())
        window.session.set_project(project)
        assert window.session.case_id is None
        assert window.steps == []


def test_a_case_that_is_gone_is_passed_over_in_silence(left: Path, tmp_path: Path) -> None:
    with make_project(tmp_path / "other", 1) as project:
        window, heard = Window(), []
        window.session.message.connect(lambda message, severity: heard.append(message.code))
        (visit,) = window.session.settings.visits.values()
        window.session.settings.visits = {project.project_id: visit}
        window.session.set_project(project)
        assert window.session.case_id is None
        assert heard == []


def test_the_place_is_kept_by_the_projects_id_and_never_with_a_path(left: Path) -> None:
    kept = json.loads((user_data_dir() / "settings.json").read_text())["visits"]
    with Project.open(left) as project:
        assert list(kept) == [project.project_id]
    assert kept[project.project_id].keys() == {"case_id", "step", "seen_utc"}


def test_another_project_begins_as_ever(left: Path, tmp_path: Path) -> None:
    window = Window()
    window.session.settings.visits = {"another project": next(iter(window.session.settings.visits.values()))}
    with Project.open(left) as project:
        window.session.set_project(project)
        assert window.session.visit is None
        assert window.session.case_id is None
