"""Several cases selected: by mouse and keys, in words, and what is done with them in the real window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.predictions import ModelCard, Prediction
from sos_studio.dataset import cases, events
from sos_studio.dataset.project import Project
from sos_studio.presenters.bulk import PredictedCase
from sos_studio.presenters.session import Session
from sos_studio.ui.adjudication_dialog import AdjudicationDialog
from sos_studio.ui.cases_dock import CasesDock
from sos_studio.ui.consensus_dialog import ConsensusDialog
from sos_studio.ui.exclusion import ExclusionDialog
from sos_studio.ui.history_dialog import HistoryDialog
from sos_studio.ui.leaks_dialog import LeaksDialog
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.predicted_dialog import PredictedDialog
from tests.dataset import builders


@pytest.fixture
def dock(window: MainWindow, session: Session, project: Project, qtbot: QtBot) -> CasesDock:
    for n in range(4):
        builders.staged_case(project, None, seed=50 + n)
    session.set_evaluator("Dr Test")
    session.set_project(project)
    qtbot.waitUntil(lambda: window.cases_dock.model.rowCount() == 6)
    return window.cases_dock


def _click(dock: CasesDock, qtbot: QtBot, row: int, modifier: Qt.KeyboardModifier) -> None:
    place = dock.list.visualRect(dock.model.index(row)).center()
    qtbot.mouseClick(dock.list.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def test_shift_arrows_and_ctrl_a_select_and_open_nothing(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    dock.list.setFocus()
    dock.list.setCurrentIndex(dock.model.index(1))
    opened = session.case_id
    for _ in range(2):
        qtbot.keyClick(dock.list, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert dock.selected_cases() == ("case-0002", "case-0003", "case-0004")
    assert dock.selection.isVisible()
    assert dock.selection.words.text() == "3 cases selected"
    qtbot.keyClick(dock.list, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(dock.selected_cases()) == 6
    qtbot.keyClick(dock.list, Qt.Key.Key_Up)
    assert len(dock.selected_cases()) == 1
    assert not dock.selection.isVisible()
    assert session.case_id == opened


def test_enter_opens_the_case_with_the_keys(dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    dock.list.setFocus()
    dock.list.setCurrentIndex(dock.model.index(2))
    qtbot.keyClick(dock.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.case_id == "case-0003")


def test_filtering_keeps_what_stays_selected(dock: CasesDock, session: Session, project: Project, qtbot: QtBot) -> None:
    dock.list.selectAll()
    cases.exclude(project, "case-0002", "motion", "Dr Test")
    dock.status.setCurrentIndex(dock.status.findData("to_stage"))
    session.cases_changed.emit()
    qtbot.waitUntil(lambda: dock.model.rowCount() == 5)
    assert "case-0002" not in dock.selected_cases()
    assert len(dock.selected_cases()) == 5


def test_a_row_says_in_words_what_it_is_and_that_it_is_selected(dock: CasesDock) -> None:
    dock.list.selectionModel().select(dock.model.index(0), QItemSelectionModel.SelectionFlag.Select)
    reader = QAccessible.queryAccessibleInterface(dock.list)
    assert reader is not None
    assert reader.text(QAccessible.Text.Name) == "Cases"
    assert dock.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole).startswith("case-0001")
    assert dock.selection.with_these.accessibleName()


def test_selected_cases_are_excluded_for_one_reason_and_undo_takes_all_in(
    window: MainWindow, dock: CasesDock, session: Session, project: Project, qtbot: QtBot
) -> None:
    dock.list.selectAll()
    assert window.actions_of_window.handler(Action.EXCLUDE_SELECTED) is not None
    window.keymap.trigger(Action.EXCLUDE_SELECTED)
    dialog = next(d for d in QApplication.topLevelWidgets() if isinstance(d, ExclusionDialog) and d.isVisible())
    assert "6 cases" in dialog.windowTitle()
    qtbot.keyClick(dialog, Qt.Key.Key_2)
    dialog.accept()
    qtbot.waitUntil(lambda: all(case.excluded for case in window.cases.everything))
    assert len(dock.selected_cases()) == 6, "what was selected still is"
    window.keymap.trigger(Action.UNDO)
    qtbot.waitUntil(lambda: not any(case.excluded for case in window.cases.everything))


def test_nothing_selected_offers_nothing_to_be_done(window: MainWindow, dock: CasesDock) -> None:
    dock.list.clearSelection()
    for action in (Action.EXCLUDE_SELECTED, Action.INCLUDE_SELECTED, Action.PREDICT_SELECTED, Action.EXPORT_SELECTED):
        assert window.actions_of_window.handler(action) is None


def test_predictions_fill_a_table_whose_lines_open_their_cases(window: MainWindow, dock: CasesDock, session: Session, qtbot: QtBot) -> None:
    dialog = PredictedDialog(session, window.selected_cases.presenter, window)
    qtbot.addWidget(dialog)
    presenter = window.selected_cases.presenter
    presenter.predicting.emit(2)
    assert dialog.isVisible()
    presenter.predicted.emit(PredictedCase("case-0002"))
    assert dialog.table.rowCount() == 1
    assert not dialog.origin.isVisible()
    heard: list[str] = []
    dialog.case_wanted.connect(heard.append)
    dialog.table.itemActivated.emit(dialog.table.item(0, 1))
    assert heard == ["case-0002"]
    dialog.reject()
    presenter.predicted.emit(PredictedCase("case-0003"))
    assert dialog.table.rowCount() == 1


def test_cases_alike_in_different_folds_are_shown_in_pairs_and_one_can_be_excluded(
    window: MainWindow, session: Session, project: Project, qtbot: QtBot
) -> None:
    for n in range(11):
        for _ in range(2):
            builders.staged_case(project, 1 + n % 5, seed=n)
    session.set_evaluator("Dr Test")
    session.set_project(project)
    qtbot.waitUntil(lambda: bool(window.cases.everything))
    window.keymap.trigger(Action.LEAKS)
    dialog = next(d for d in QApplication.topLevelWidgets() if isinstance(d, LeaksDialog) and d.isVisible())
    qtbot.waitUntil(lambda: dialog.list.count() > 1, timeout=20_000)
    before, pair = dialog.list.count(), dialog.pair
    assert pair is not None
    assert pair.leak.case_id in dialog.list.item(0).text()
    qtbot.waitUntil(lambda: not dialog.pictures[0].pixmap().isNull() and not dialog.pictures[1].pixmap().isNull())
    assert "stage" in dialog.names[0].text()
    assert "1 reading" in dialog.names[0].text()
    assert dialog.late.isHidden(), "no training has given folds yet"
    assert not any(button.isDefault() or button.autoDefault() for button in (*dialog.exclude, dialog.same))
    dialog.same.click()
    qtbot.waitUntil(lambda: dialog.list.count() not in (0, before), timeout=20_000)
    assert cases.case(project, pair.leak.case_id).patient == cases.case(project, pair.leak.other_case_id).patient
    later = {found.leak.other_case_id for found in dialog.presenter.pairs or ()}
    dialog.exclude_later.click()
    why = next(d for d in QApplication.topLevelWidgets() if isinstance(d, ExclusionDialog) and d.isVisible())
    QTest.keyClick(why, Qt.Key.Key_6)
    why.ok.click()
    qtbot.waitUntil(lambda: dialog.presenter.pairs == (), timeout=20_000)
    assert {case.case_id for case in cases.cases(project) if case.excluded} == later
    assert dialog.exclude_later.isHidden()
    dialog.reject()


def test_the_cases_of_the_last_import_are_selected_and_excluded_together(
    window: MainWindow, dock: CasesDock, session: Session, project: Project, qtbot: QtBot
) -> None:
    dock.search.setText("case-0001")
    window.keymap.trigger(Action.SELECT_LAST_IMPORT)
    qtbot.waitUntil(lambda: window.messages.text.startswith("No import into this project is known"))
    assert dock.search.text() == "case-0001"
    events.note_import(project, ("case-0003", "case-0004", "case-0006"))
    window.keymap.trigger(Action.SELECT_LAST_IMPORT)
    qtbot.waitUntil(lambda: len(dock.selected_cases()) == 3)
    assert dock.selected_cases() == ("case-0003", "case-0004", "case-0006")
    assert dock.search.text() == ""
    window.keymap.trigger(Action.EXCLUDE_SELECTED)
    (dialog,) = window.findChildren(ExclusionDialog)
    qtbot.keyClick(dialog, Qt.Key.Key_2)
    dialog.accept()
    qtbot.waitUntil(lambda: sum(case.excluded for case in cases.cases(project)) == 3)


def test_who_reads_blinded_is_not_told_what_was_imported_last(
    window: MainWindow, dock: CasesDock, session: Session, project: Project, qtbot: QtBot
) -> None:
    events.note_import(project, ("case-0003",))
    session.blinding.set_on(True)
    qtbot.waitUntil(lambda: dock.model.rowCount() == 6)
    window.keymap.trigger(Action.SELECT_LAST_IMPORT)
    assert "hidden while you read blinded" in window.messages.text
    assert dock.selected_cases() in ((), (session.case_id,))


def test_the_history_of_one_case_is_opened_from_the_list(window: MainWindow, dock: CasesDock, qtbot: QtBot) -> None:
    dock.list.selectionModel().select(dock.model.index(1), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    assert window.keymap[Action.CASE_HISTORY] in dock.selection.menu.actions()
    window.keymap.trigger(Action.CASE_HISTORY)
    (dialog,) = window.findChildren(HistoryDialog)
    qtbot.waitUntil(lambda: dialog.model.rowCount() > 0)
    assert {dialog.model.data(dialog.model.index(n, 3)) for n in range(dialog.model.rowCount())} == {"case-0002"}
    dialog.reject()
    dock.list.selectAll()
    assert not window.actions_of_window.handler(Action.CASE_HISTORY)


def test_the_consensus_rule_is_asked_for_from_the_menu(window: MainWindow, dock: CasesDock, qtbot: QtBot) -> None:
    window.keymap.trigger(Action.CONSENSUS_RULE)
    qtbot.waitUntil(lambda: bool(window.findChildren(ConsensusDialog)))
    (asked,) = window.findChildren(ConsensusDialog)
    asked.reject()
    (queue,) = window.findChildren(AdjudicationDialog)
    queue.reject()


def test_no_menu_is_taller_than_a_small_screen(window: MainWindow) -> None:
    tall = {menu.title(): menu.sizeHint().height() for menu in window.menuBar().findChildren(QMenu) if menu.sizeHint().height() > 720}
    assert tall == {}


def test_predictions_of_many_say_in_red_that_the_network_was_trained_on_phantoms(
    window: MainWindow, dock: CasesDock, session: Session, qtbot: QtBot
) -> None:
    card = ModelCard(
        model_id="student-a",
        kind="student",
        network="convnext_atto",
        input_shape_hw=(224, 224),
        manifest_id="m",
        phantom=True,
        from_scratch=True,
        created_utc="2026-11-20T10:00:00+00:00",
        software="test",
    )
    said = Prediction(scheme="bassed-5", stage=3, probabilities=(0.1, 0.1, 0.6, 0.1, 0.1), expected_stage=3.0, model=card)
    dialog = PredictedDialog(session, window.selected_cases.presenter, window)
    qtbot.addWidget(dialog)
    presenter = window.selected_cases.presenter
    presenter.predicting.emit(1)
    presenter.predicted.emit(PredictedCase("case-0002", said))
    assert dialog.origin.isVisible()
    assert dialog.origin.objectName() == "alarm"
    assert "Trained on phantoms" in dialog.origin.text()
    dialog.reject()
