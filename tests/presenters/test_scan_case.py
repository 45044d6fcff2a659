"""A scan finds its case also when the project comes later, and gives it what it lacks of age and sex."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation
from sos_studio.core.settings import Settings
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.imaging.identity import PatientIdentity
from sos_studio.presenters.case_files import capture_into
from sos_studio.presenters.patient_data import PatientDataPresenter
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.scan_case import ScanCase
from sos_studio.presenters.session import Session
from sos_studio.services import patients
from sos_studio.services.scans import OpenedScan
from tests.presenters.kit import add_captured_case
from tests.presenters.scans import make_scan

SCAN = replace(make_scan(), identity=PatientIdentity((), 12, "F"))
TURNED = Orientation(SCAN.volume.center_lps_mm, 4.0, 2.0, 0.0)


@pytest.fixture
def session() -> Session:
    made = Session(ImmediateBackground(), Settings())
    made.scan_case = ScanCase(made)  # kept alive with the session
    return made


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Holds SCAN as case-0001, captured before anybody decided about age and sex."""
    with Project.create(tmp_path / "p") as made:
        capture_into(made, SCAN, TURNED, Window(low=-1000, high=1200), None)
        yield made


def age_and_sex(project: Project) -> tuple[float | None, str | None]:
    summary = cases.case(project, "case-0001")
    return summary.age_years, summary.sex


def open_as_case(session: Session, scan: OpenedScan) -> None:
    session.set_case("case-0001")
    session.set_scan(scan)


def test_a_scan_opened_before_its_project_becomes_its_case_as_it_was_captured(session: Session, project: Project) -> None:
    session.set_scan(SCAN)
    session.set_project(project)
    assert (session.case_id, session.scan_case_id) == ("case-0001", "case-0001")
    assert session.scan_in_front
    assert session.capture is not None
    assert session.orientation == TURNED


def test_what_was_turned_before_the_project_came_stays(session: Session, project: Project) -> None:
    mine = Orientation(SCAN.volume.center_lps_mm, -3.0, 0.0, 0.0)
    session.set_scan(SCAN)
    session.set_orientation(mine)
    session.set_project(project)
    assert session.case_id == "case-0001"
    assert session.orientation == mine


def test_a_scan_that_the_project_does_not_know_stays_new(session: Session, project: Project) -> None:
    session.set_scan(make_scan(7))
    session.set_project(project)
    assert (session.case_id, session.scan_case_id) == (None, None)


def test_opening_a_cases_scan_fills_in_age_and_sex_once_they_may_be_kept(session: Session, project: Project) -> None:
    told = []
    session.cases_changed.connect(lambda: told.append(True))
    session.set_project(project)
    open_as_case(session, SCAN)
    assert age_and_sex(project) == (None, None)
    patients.decide(project, keep_age=True, keep_sex=True)
    open_as_case(session, replace(SCAN, coarse=True))
    assert age_and_sex(project) == (None, None)
    open_as_case(session, SCAN)
    assert age_and_sex(project) == (12.0, "F")
    assert told == [True]


def test_deciding_while_the_scan_is_open_fills_in_its_case_and_says_what_others_lack(session: Session, project: Project) -> None:
    told = []
    session.message.connect(lambda message, _: told.append(str(message)))
    add_captured_case(project)
    session.set_project(project)
    open_as_case(session, SCAN)
    PatientDataPresenter(session, project).decide(True, False)
    assert age_and_sex(project) == (12.0, None)
    assert told == [
        "Saved. The project now holds 1 age and 0 sexes. 1 case has no age yet. Open their scans again to add what the scans say."
    ]
