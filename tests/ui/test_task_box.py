"""Work in the background stays in sight until it ends, and the window asks before it closes on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from sos_studio.core.settings import hide_names
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.tasks import Tasks
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.task_box import TaskBox


@pytest.fixture
def tasks() -> Tasks:
    return Tasks(ImmediateBackground())


@pytest.fixture
def box(tasks: Tasks, qtbot: QtBot) -> TaskBox:
    made = TaskBox(tasks)
    qtbot.addWidget(made)
    return made


def test_two_exports_are_both_in_sight_until_each_has_ended(box: TaskBox, tasks: Tasks) -> None:
    assert box.isHidden()
    dicom = tasks.begin("export", "dicom")
    csv = tasks.begin("export", "csv")
    tasks.progress_of(dicom)(0.4)
    assert box.text.text() == "Exporting dataset to csv… and 1 more"
    assert box.toolTip().splitlines() == ["Exporting dataset to dicom: 40 %", "Exporting dataset to csv: begun"]
    tasks.end(csv)
    assert (box.isHidden(), box.text.text(), box.bar.value()) == (False, "Exporting dataset to dicom… 40 %", 400)
    tasks.end(dicom)
    assert box.isHidden()


def test_one_is_stopped_at_once_and_among_several_the_person_chooses(box: TaskBox, tasks: Tasks) -> None:
    dicom = tasks.begin("export", "dicom")
    box.stop.click()
    assert dicom.cancelled
    csv = tasks.begin("export", "csv")
    box.stop.click()
    assert not csv.cancelled
    (menu,) = box.findChildren(QMenu)
    assert [action.text() for action in menu.actions()] == [
        "Stop: Exporting dataset to dicom, begun",
        "Stop: Exporting dataset to csv, begun",
    ]
    menu.actions()[1].trigger()
    assert csv.cancelled
    menu.hide()


def test_of_what_can_be_counted_it_says_which_one_of_how_many(box: TaskBox, tasks: Tasks) -> None:
    task = tasks.begin("import")
    assert box.text.text() == "Importing full images…"
    tasks.total_of(task)(40)
    tasks.progress_of(task)(0.25)
    assert (box.text.text(), box.toolTip(), box.bar.value()) == ("Importing full images… 10 of 40", "Importing full images: 10 of 40", 250)


def test_names_of_folders_stay_away_where_names_are_hidden(box: TaskBox, tasks: Tasks) -> None:
    hide_names("blinded", hidden=True)
    try:
        tasks.begin("export", "Mrs Smith")
        assert "Smith" not in box.text.text() + box.toolTip()
    finally:
        hide_names("blinded", hidden=False)


def test_quitting_asks_while_something_runs_and_stops_it_if_told(window: MainWindow, tmp_path: Path) -> None:
    tasks = window.session.tasks
    task = tasks.begin("export", "dicom")
    window.show()
    assert not window.close()
    (question,) = window.findChildren(QMessageBox)
    assert "Exporting dataset to dicom" in question.text()
    assert question.defaultButton().text() == "Go on working"
    question.defaultButton().click()
    assert not task.cancelled
    assert window.isVisible()
    assert not window.close()
    question = window.findChildren(QMessageBox)[-1]
    next(button for button in question.buttons() if button.text() == "Stop and quit").click()
    assert task.cancelled
    assert not window.isVisible()
    tasks.end(task)
