"""Check, repair, back up, restore and history as they are used in the window."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.dataset import backup, cases
from sos_studio.dataset.project import Project
from sos_studio.presenters.session import Session
from sos_studio.ui.care_dialog import CareDialog
from sos_studio.ui.history_dialog import HistoryDialog
from sos_studio.ui.main_window import MainWindow
from tests.dataset import builders


@pytest.fixture
def study(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "study") as project:
        for n in range(3):
            builders.staged_case(project, 1 + n, seed=n)
    return tmp_path / "study"


@pytest.fixture
def opened(window: MainWindow, study: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    window.opener.open_project(study)
    qtbot.waitUntil(lambda: window.session.project is not None)
    yield window
    window.opener.close_project()


def _is_read(dialog: HistoryDialog) -> bool:
    return dialog.presenter.state.everything is not None


def _rows(dialog: CareDialog) -> list[tuple[str, str, str]]:
    items = [dialog.list.topLevelItem(n) for n in range(dialog.list.topLevelItemCount())]
    return [(item.text(0), item.text(1), item.text(2)) for item in items if item is not None]


def test_a_check_lists_what_is_wrong_and_repair_mends_it(opened: MainWindow, study: Path, qtbot: QtBot) -> None:
    roi = sorted(study.glob("captures/*/*/roi-1.json"))[0]
    roi.unlink()
    opened.keymap.trigger(Action.LOOK_AFTER_PROJECT)
    (dialog,) = opened.findChildren(CareDialog)
    dialog.check.click()
    qtbot.waitUntil(lambda: dialog.presenter.state.problems is not None)
    assert [row[0] for row in _rows(dialog)] == ["case-0001"]
    assert "1 thing is missing" in dialog.said.text()
    dialog.repair.click()
    qtbot.waitUntil(lambda: dialog.presenter.state.mended is not None, timeout=20_000)
    assert _rows(dialog)[0][1] == "✓ made again from the database"
    qtbot.waitUntil(lambda: opened.session.project is not None)
    assert roi.is_file()
    qtbot.waitUntil(dialog.check.isEnabled)
    dialog.reject()


def test_a_backup_is_made_and_says_what_is_not_in_it(opened: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened.keymap.trigger(Action.LOOK_AFTER_PROJECT)
    (dialog,) = opened.findChildren(CareDialog)
    dialog.presenter.back_up(tmp_path / "b.sosbackup")
    qtbot.waitUntil(lambda: dialog.presenter.state.said is not None)
    assert "3 cases are in b.sosbackup" in dialog.said.text()
    assert "Scans are not in it" in dialog.said.text()
    assert backup.verify(tmp_path / "b.sosbackup").cases == 3
    dialog.presenter.back_up(tmp_path / "b.sosbackup")
    qtbot.waitUntil(lambda: dialog.presenter.state.trouble is not None)
    assert "There is a file b.sosbackup already" in dialog.trouble.text()
    dialog.reject()


def test_a_backup_is_restored_into_a_new_folder_and_opened_where_no_project_is(
    opened: MainWindow, study: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    project = opened.session.project
    assert project is not None
    backup.back_up(project, tmp_path / "b.sosbackup")
    opened.opener.close_project()
    opened.actions_of_window.care._restore(tmp_path / "b.sosbackup", tmp_path / "again")
    qtbot.waitUntil(lambda: opened.session.project is not None and opened.session.project.directory.name == "again", timeout=20_000)
    again = opened.session.project
    assert again is not None
    assert len(cases.cases(again)) == 3


def test_a_damaged_database_offers_the_way_back(window: MainWindow, study: Path, qtbot: QtBot) -> None:
    data = bytearray((study / "project.sqlite").read_bytes())
    data[4096 * 2 : 4096 * 4] = b"\x31" * (2 * 4096)
    (study / "project.sqlite").write_bytes(bytes(data))
    window.opener.open_project(study)
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)))
    (box,) = window.findChildren(QMessageBox)
    next(button for button in box.buttons() if button.text() == "Repair").click()
    qtbot.waitUntil(lambda: window.session.project is not None, timeout=20_000)
    (dialog,) = window.findChildren(CareDialog)
    assert "the database was brought back from daily-" in _rows(dialog)[0][1]
    assert window.session.project is not None
    assert [case.label for case in cases.cases(window.session.project)] == [1, 2, 3]
    dialog.reject()
    window.opener.close_project()


def test_the_history_is_filtered_and_written_to_a_file(opened: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened.session.set_evaluator("Ada")
    opened.keymap.trigger(Action.PROJECT_HISTORY)
    (dialog,) = opened.findChildren(HistoryDialog)
    qtbot.waitUntil(lambda: dialog.model.rowCount() > 3)
    dialog.what.setCurrentIndex(dialog.what.findData("read"))
    assert dialog.model.rowCount() == 3
    dialog.text.setText("case-0002")
    assert dialog.model.rowCount() == 1
    assert dialog.model.data(dialog.model.index(0, 4)).startswith("stage 2")
    dialog.presenter.export(tmp_path / "h.json")
    qtbot.waitUntil((tmp_path / "h.json").is_file)
    (entry,) = json.loads((tmp_path / "h.json").read_text())
    assert (entry["who"], entry["case_id"]) == ("Ada", "case-0002")
    dialog.reject()


def test_the_history_whispers_no_stage_and_is_shut_to_who_reads_blinded(session: Session, study: Path, qtbot: QtBot) -> None:
    with Project.open(study) as project:
        session.set_evaluator("Dora")
        session.set_project(project)
        for blinded, rows in ((False, 3), (True, 0)):
            session.blinding.set_on(blinded)
            dialog = HistoryDialog(session, project)
            qtbot.addWidget(dialog)
            qtbot.waitUntil(partial(_is_read, dialog))
            dialog.text.setText("case-000")
            reads = [n for n in range(dialog.model.rowCount()) if dialog.model.data(dialog.model.index(n, 1)) == "Read"]
            assert len(reads) == rows
            assert not any("stage" in dialog.model.data(dialog.model.index(n, 4)) for n in reads)
            dialog.reject()
        session.blinding.set_on(False)
        session.set_project(None)


def test_the_history_of_a_case_does_not_tell_a_blinded_reader_which_it_is(session: Session, study: Path, qtbot: QtBot) -> None:
    with Project.open(study) as project:
        session.set_project(project)
        for blinded, searched in ((False, "case-0002"), (True, "")):
            session.blinding.set_on(blinded)
            dialog = HistoryDialog(session, project, case_id="case-0002")
            qtbot.addWidget(dialog)
            qtbot.waitUntil(partial(_is_read, dialog))
            assert (dialog.text.text(), dialog.text.isEnabled()) == (searched, not blinded)
            dialog.reject()
        session.blinding.set_on(False)
        session.set_project(None)


def test_restoring_leaves_the_open_project_open_and_asks(opened: MainWindow, study: Path, tmp_path: Path, qtbot: QtBot) -> None:
    project = opened.session.project
    assert project is not None
    backup.back_up(project, tmp_path / "b.sosbackup")
    care = opened.actions_of_window.care
    for n, (label, there) in enumerate((("Stay in the open project", study), ("Open the restored one", tmp_path / "copy1"))):
        care._restore(tmp_path / "b.sosbackup", tmp_path / f"copy{n}")
        qtbot.waitUntil(lambda: bool(opened.findChildren(QMessageBox)), timeout=20_000)
        (box,) = opened.findChildren(QMessageBox)
        assert box.text() == f"3 cases were restored into copy{n}."
        assert "study is still open" in box.informativeText()
        assert box.defaultButton().text() == "Stay in the open project"
        assert opened.session.project is project
        assert opened.session.tasks.running == ()
        next(button for button in box.buttons() if button.text() == label).click()
        qtbot.waitUntil(lambda: opened.session.project is not None and opened.session.project.directory == there)  # noqa: B023
        qtbot.waitUntil(lambda: not opened.findChildren(QMessageBox))


def test_a_backup_whose_dialog_was_closed_stays_in_sight_and_tells_its_end(opened: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened.keymap.trigger(Action.LOOK_AFTER_PROJECT)
    (dialog,) = opened.findChildren(CareDialog)
    dialog.presenter.back_up(tmp_path / "b.sosbackup")
    dialog.reject()
    assert [task.what for task in opened.session.tasks.running] == ["backup"]
    qtbot.waitUntil(lambda: not opened.session.tasks.running, timeout=20_000)
    assert opened.messages.text.startswith("3 cases are in b.sosbackup")
