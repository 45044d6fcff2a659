"""The cases dock: rows with pictures, search, filters, and opening by mouse and keys."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from pytestqt.qtbot import QtBot

from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.presenters.cases import CasesPresenter
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.session import Session
from sos_studio.services import staging
from sos_studio.services.listed_cases import ListedCase
from sos_studio.ui.case_delegate import PICTURE_ROLE, chips, described, label_words, short_pseudonym, status_words
from sos_studio.ui.cases_dock import CasesDock
from sos_studio.ui.thumbnails import read_thumbnail
from tests.presenters.kit import capture_again


@pytest.fixture
def dock(session: Session, project: Project, qtbot: QtBot) -> CasesDock:
    presenter = CasesPresenter(session, Opener(session))
    made = CasesDock(session, presenter)
    qtbot.addWidget(made)
    made.resize(240, 500)
    made.show()
    session.set_project(project)
    qtbot.waitUntil(lambda: made.model.rowCount() == 2)
    return made


def test_without_a_project_it_says_what_to_do(session: Session, qtbot: QtBot) -> None:
    made = CasesDock(session, CasesPresenter(session, Opener(session)))
    qtbot.addWidget(made)
    made.show()
    assert made._empty.isVisible()
    assert "open or make one in the File menu" in made._empty.text
    assert not made._empty.clear.isVisible()
    assert not made.search.isEnabled()


def test_rows_show_thumbnails_read_in_the_background(dock: CasesDock, qtbot: QtBot) -> None:
    index = dock.model.index(0)
    dock.list.viewport().repaint()
    qtbot.waitUntil(lambda: isinstance(index.data(PICTURE_ROLE), QPixmap))
    assert not index.data(PICTURE_ROLE).isNull()
    assert dock.count.text() == "2 cases"


def test_a_click_opens_the_case_and_it_is_marked(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    rect = dock.list.visualRect(dock.model.index(1))
    qtbot.mouseClick(dock.list.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    qtbot.waitUntil(lambda: session.case_id == "case-0002" and session.capture is not None)
    assert dock.list.currentIndex().row() == 1


def test_search_filters_while_typing_and_enter_opens_the_first(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    qtbot.keyClicks(dock.search, "0002")
    assert dock.model.rowCount() == 1
    assert dock.count.text() == "1 of 2"
    qtbot.keyClick(dock.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.case_id == "case-0002")
    dock.search.setText("no such case")
    assert dock._empty.isVisible()
    dock.search.clear()
    dock.status.setCurrentIndex(dock.status.findData("staged"))
    assert dock.model.rowCount() == 0


def test_next_unstaged_is_one_click(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    qtbot.mouseClick(dock._next, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.case_id == "case-0001")
    qtbot.mouseClick(dock._next, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.case_id == "case-0002")


def test_rows_are_described_in_words(dock: CasesDock) -> None:
    case = dock._presenter.rows[0]
    assert [reached for _, reached in chips(case, "Dr Test")] == [True, False, False, False]
    assert described(case, "Dr Test").startswith("case-0001 · P0001")
    assert "captured" in described(case, "Dr Test")


def test_a_picture_that_can_t_be_read_is_no_picture(tmp_path: Path) -> None:
    broken = tmp_path / "full.png"
    broken.write_bytes(b"not a png")
    assert read_thumbnail(broken, 10) is None


def test_a_case_captured_again_says_that_its_stage_is_of_an_earlier_capture(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    old = dock._presenter.rows[0].capture_id
    staging.stage(session.project, "case-0001", old, None, "Dr Test", 3)
    capture_again(session.project, "case-0001")
    session.cases_changed.emit()
    qtbot.waitUntil(lambda: dock._presenter.rows[0].staged_earlier == ("Dr Test",))
    case = dock._presenter.rows[0]
    assert chips(case, "Dr Test") == [("captured again", True), ("cropped", False), ("read by you", False), ("predicted", False)]
    assert "your reading: stage 3 · made on an earlier capture" in described(case, "Dr Test")
    assert (label_words(case, "Dr Test"), status_words(case, "Dr Test")) == ("earlier: 3", "earlier capture read")


def test_a_row_says_whose_stage_it_shows_and_that_a_label_rests_on_an_earlier_capture(
    dock: CasesDock, session: Session, qtbot: QtBot
) -> None:
    def row() -> ListedCase:
        return dock._presenter.rows[0]

    old = row().capture_id
    for evaluator in ("Dr Other", "Dr Third"):
        staging.stage(session.project, "case-0001", old, None, evaluator, 5)
    newest = capture_again(session.project, "case-0001")
    staging.stage(session.project, "case-0001", newest, None, "Dr Test", 3)
    session.cases_changed.emit()
    qtbot.waitUntil(lambda: len(row().staged_by) == 3)
    assert label_words(row(), "Dr Test") == "you: 3"
    assert "5" not in described(row(), "Dr Test").split("·", 2)[2]
    session.others_shown.emit("Dr Test", newest)
    qtbot.waitUntil(lambda: row().label == 5)
    assert (label_words(row(), "Dr Test"), status_words(row(), "Dr Test")) == ("label: 5", "2 on earlier capture")
    assert "label of 3 evaluators: stage 5 · 2 of 3 readings made on an earlier capture" in described(row(), "Dr Test")


def test_a_decision_is_told_also_where_the_only_reading_is_one_s_own(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    staging.stage(session.project, "case-0001", dock._presenter.rows[0].capture_id, None, "Dr Test", 5)
    session.cases_changed.emit()
    qtbot.waitUntil(lambda: dock._presenter.rows[0].staged_by == ("Dr Test",))
    case = dock._presenter.rows[0]
    assert label_words(case, "Dr Test") == "you: 5"
    assert label_words(dataclasses.replace(case, label=3, adjudicated_by="Chair"), "Dr Test") == "decided: 3"


def test_a_keyed_pseudonym_leaves_room_for_age_and_sex() -> None:
    assert short_pseudonym("P-mnpvcmr7vlvvibml") == "P-mnpvcm"
    assert short_pseudonym("P0012") == "P0012"


def test_dots_are_this_evaluator_s_and_explained_where_the_pointer_rests(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    capture = dock._presenter.rows[0].capture_id
    for evaluator in ("Dr Other", "Dr Third"):
        staging.stage(session.project, "case-0001", capture, None, evaluator, 3)
    session.cases_changed.emit()
    qtbot.waitUntil(lambda: len(dock._presenter.rows[0].staged_by) == 2)
    case = dock._presenter.rows[0]
    assert status_words(case, "Dr Test") == "read by 2, not you"
    assert status_words(case, "Dr Other") == "read by you + 1"
    told = dock.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert told.endswith("● captured   ○ cropped   ○ read by you   ○ predicted")


def test_an_excluded_row_has_room_for_its_reason(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    cases.exclude(session.project, "case-0001", "pathology", "Dr Test")
    session.cases_changed.emit()
    qtbot.waitUntil(lambda: dock._presenter.rows[0].excluded)
    case = dock._presenter.rows[0]
    assert status_words(case, "Dr Test") == "pathology, fracture or surgery"
    assert "excluded: pathology, fracture or surgery" in described(case, "Dr Test")


def test_a_filter_that_nothing_passes_says_why_and_is_cleared_by_one_click(dock: CasesDock, qtbot: QtBot) -> None:
    dock.status.setCurrentIndex(dock.status.findData("to_stage"))
    dock.stage.setCurrentIndex(dock.stage.findData(3))
    assert dock._empty.isVisible()
    assert "What you have not read yet shows no stage" in dock._empty.text
    dock.search.setText("no such case")
    qtbot.mouseClick(dock._empty.clear, Qt.MouseButton.LeftButton)
    assert dock.model.rowCount() == 2
    assert (dock.search.text(), dock.status.currentIndex(), dock.stage.currentIndex()) == ("", 0, 0)


def test_blinded_the_search_says_that_it_finds_numbers(dock: CasesDock, session: Session) -> None:
    session.blinding.set_on(True)
    assert dock.search.placeholderText() == "Search numbers"
    dock.search.setText("case-0001")
    assert "by the numbers in this list" in dock._empty.text
    session.blinding.set_on(False)
    assert "pseudonyms" in dock.search.placeholderText()
    assert dock.model.rowCount() == 1
