"""The session: what changes is told, what belongs together changes together, nothing fails silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core.captures import Window
from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.geometry import Orientation
from sos_studio.core.settings import Settings
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from tests.presenters.kit import make_project, make_session
from tests.presenters.scans import make_scan


@pytest.fixture
def session() -> Session:
    return Session(ImmediateBackground(), Settings())


def test_a_new_scan_starts_at_its_middle_and_forgets_the_old_one_s_history(session: Session) -> None:
    first, second = make_scan(0), make_scan(1)
    session.set_scan(first)
    session.set_orientation(Orientation(first.volume.center_lps_mm, roll_deg=3.0))
    session.set_scan(second, window=Window(low=0.0, high=10.0))
    assert session.orientation == Orientation(second.volume.center_lps_mm)
    assert session.window == Window(low=0.0, high=10.0)
    assert not session.undo.undo()


def test_orientation_and_window_are_undone_and_told(session: Session) -> None:
    session.set_scan(make_scan())
    start, heard = session.orientation, []
    session.orientation_changed.connect(heard.append)
    turned = Orientation(start.center_lps_mm, roll_deg=2.0)
    session.set_orientation(turned)
    session.set_window(Window(low=-1.0, high=1.0))
    session.undo.undo()
    session.undo.undo()
    session.undo.redo()
    assert heard == [turned, start, turned]


def test_setting_the_same_again_is_no_step_of_the_history(session: Session) -> None:
    session.set_scan(make_scan())
    session.set_orientation(session.orientation)
    session.set_window(session.window)
    assert session.undo.undo_label is None


def test_another_case_takes_capture_and_frame_away_first(tmp_path: Path) -> None:
    with make_project(tmp_path / "p") as project:
        session = make_session(project)
        assert session.capture is not None
        session.set_case("case-0002")
        assert session.capture is None
        assert session.roi is None


def test_the_evaluator_is_kept_for_next_time(session: Session) -> None:
    heard = []
    session.evaluator_changed.connect(heard.append)
    session.set_evaluator("  Dr B ")
    session.set_evaluator("Dr B")
    assert heard == ["Dr B"]
    assert Settings.load().evaluator == "Dr B"


def test_faults_become_words_and_a_cancel_is_no_fault(session: Session) -> None:
    heard = []
    session.message.connect(lambda message, severity: heard.append((message.code, severity)))
    session.report(BadInputError("capture.plane_misses_volume"))
    session.report(CancelledError())
    assert heard == [("capture.plane_misses_volume", "error"), ("cancelled", "info")]


@pytest.mark.expects_log
def test_an_unforeseen_fault_is_told_without_a_stack_trace_and_logged(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    heard = []
    session.message.connect(lambda message, severity: heard.append(message))
    session.report(ZeroDivisionError("secret detail"))
    assert heard[0].code == "internal"
    assert "secret detail" not in str(heard[0])
    assert "unforeseen fault" in caplog.text
