"""Blinded reading in the real window: whatever can be seen, pointed at or read aloud tells of no patient, other reading or prediction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAccessible, QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.errors import ProjectError
from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import Warned
from sos_studio.dataset import cases, predictions, sql
from sos_studio.dataset.project import Project
from sos_studio.messages import Message, message
from sos_studio.presenters.case_rows import Filter
from sos_studio.presenters.session import Session
from sos_studio.presenters.training_state import Followed
from sos_studio.services import staging
from sos_studio.services.jobs import JobHandle
from sos_studio.ui import theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.presenters.kit import make_project
from tests.presenters.models import add_model
from tests.presenters.scans import make_scan
from tests.ui.everything import STEPS, dialogs

# Nothing of this may be told before the own reading; case ids follow the order of import.
TELLING = re.compile(r"case-0|P-leak|P00\d|17\.5|female|leak", re.IGNORECASE)
IDS = ("case-0001", "case-0002", "case-0003")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Three cases of known patients: the first read and predicted for another evaluator, the third excluded by them."""
    with make_project(tmp_path / "study", 3) as made:
        with made.writing() as session:
            for row in session.scalars(sql.select(sql.CaseRow)):
                row.patient, row.age_years, row.sex = f"P-leak{row.number}", 17.5, "F"
        for case_id in IDS[:2]:
            capture_id = cases.case(made, case_id).capture_id
            assert capture_id is not None
            staging.stage(made, case_id, capture_id, None, "Dr Leak", 4, remark="a leaking remark")
            predictions.record_shown(made, capture_id, model_id="m", stage=5, probabilities=(0, 0, 0, 0, 1), evaluator="Dr Leak")
        cases.exclude(made, IDS[2], "a leaking reason", "Dr Leak", "a leaking note")
        add_model(made.directory, "student")
        yield made


@pytest.fixture
def blinded(window: MainWindow, project: Project, qtbot: QtBot) -> MainWindow:
    """The window as whoever could see all a moment ago leaves it to the blinded reader."""
    window.opener.recent.remember(project.directory.parent / "Leak^Patient", "scan")
    window.session.set_project(project)
    qtbot.waitUntil(lambda: len(window.cases.rows) == len(IDS))
    show(window, IDS[0], qtbot)
    window.session.tell("window.captured", "error", case=IDS[0])
    window.session.blinding.set_on(True)
    return window


def show(window: MainWindow, case_id: str, qtbot: QtBot) -> None:
    window.cases.open_case(case_id)
    qtbot.waitUntil(lambda: window.session.case_id == case_id and window.session.capture is not None)
    qtbot.wait(50)


def told_by(widget: QWidget) -> Iterator[str]:
    yield from (widget.windowTitle(), widget.toolTip(), widget.statusTip(), widget.whatsThis())
    yield from (widget.accessibleName(), widget.accessibleDescription())
    if isinstance(widget, (QLabel, QAbstractButton, QLineEdit)):
        yield widget.text()
    if isinstance(widget, QLineEdit):
        yield widget.placeholderText()
    if isinstance(widget, QPlainTextEdit):
        yield widget.toPlainText()
    if isinstance(widget, QGroupBox):
        yield widget.title()
    if isinstance(widget, QComboBox):
        yield from rows(widget.model())
    if isinstance(widget, QAbstractItemView) and widget.model() is not None:
        yield from rows(widget.model())
    if isinstance(widget, QTabWidget):
        for n in range(widget.count()):
            yield from (widget.tabText(n), widget.tabToolTip(n))
    read = QAccessible.queryAccessibleInterface(widget)
    if read is not None:
        yield from (read.text(QAccessible.Text.Name), read.text(QAccessible.Text.Description), read.text(QAccessible.Text.Value))
    for action in widget.actions():
        yield from (action.text(), action.toolTip())


def rows(model: QAbstractItemModel) -> Iterator[str]:
    """Every word of every role that a view or a screen reader may ask for."""
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount()
    for n in range(model.rowCount()):
        for column in range(columns):
            for role in Qt.ItemDataRole:
                value = model.data(model.index(n, column), role)
                if isinstance(value, str):
                    yield value


def everything_told() -> list[str]:
    """By all windows and dialogs, whether their parts are in sight or not."""
    told = []
    for top in QApplication.topLevelWidgets():
        for widget in (top, *top.findChildren(QWidget)):
            told += told_by(widget)
        for action in top.findChildren(QAction):
            told += [action.text(), action.toolTip()]
    return told


def leaks() -> list[str]:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # what is on its way out is not in sight
    return sorted({words for words in everything_told() if TELLING.search(words)})


def test_no_step_and_no_dialog_tells_before_the_own_reading(blinded: MainWindow, qtbot: QtBot) -> None:
    blinded.training_dock.show()
    for case_id in IDS:
        show(blinded, case_id, qtbot)
        for step in STEPS:
            blinded.show_step(step)
            qtbot.wait(20)
            assert leaks() == [], (case_id, step)
        assert blinded.step is not blinded.predict
    for name, dialog in dialogs(blinded, qtbot):
        assert leaks() == [], name
        assert dialog.isVisible()


def test_the_same_window_tells_all_of_it_once_blinding_ends(blinded: MainWindow, qtbot: QtBot) -> None:
    blinded.session.blinding.set_on(False)
    qtbot.wait(50)
    words = "\n".join(leaks())
    for part in ("P-leak1", "17.5", "female", "a leaking reason", "a leaking note", "Leak^Patient", "case-0002", "Dr Leak"):
        assert part.lower() in words.lower(), part


def test_after_the_own_reading_only_what_was_asked_for_is_told_and_it_goes_with_the_case(blinded: MainWindow, qtbot: QtBot) -> None:
    stage = blinded.stage.presenter
    stage.choose(2)
    qtbot.waitUntil(lambda: stage.state.read_here)
    qtbot.wait(50)
    assert leaks() == []
    stage.reveal()
    qtbot.waitUntil(lambda: stage.state.revealed is not None)
    assert any("Dr Leak stage 4" in words and "P-leak1" in words for words in leaks())
    show(blinded, IDS[1], qtbot)
    assert leaks() == []


def test_search_filters_and_counts_find_nothing_by_what_is_hidden(blinded: MainWindow) -> None:
    for text in ("P-leak", "case-0001", "leak"):
        blinded.cases.set_filter(Filter(text=text))
        assert blinded.cases.rows == (), text
    for stage in range(1, 6):
        blinded.cases.set_filter(Filter(stage=stage))
        assert blinded.cases.rows == (), stage
    blinded.cases.set_filter(Filter(status="predicted"))
    assert blinded.cases.rows == ()
    blinded.cases.set_filter(Filter(evaluator="Dr Leak"))
    assert blinded.cases.rows == ()
    assert blinded.cases.readers == ()


def test_the_order_of_the_cases_is_not_that_of_import(blinded: MainWindow) -> None:
    names = [case.name for case in blinded.cases.rows]
    assert names == sorted(names)
    assert {case.case_id for case in blinded.cases.rows} == set(IDS)


def test_messages_name_no_case_no_stage_and_no_patient(blinded: MainWindow, qtbot: QtBot) -> None:
    session, told = blinded.session, list[Message]()
    session.message.connect(lambda message, _: told.append(message))
    session.report(ProjectError("capture.damaged", case=IDS[0], capture="capture-1", file="Leak^Patient.png"))
    session.report(ProjectError("training.one_stage_only", count=3, stage=4))
    session.report(ProjectError("files.changed", cases=["case-0001", "case-0002"]))
    blinded.stage.exclusion.presenter.exclude("quality")
    qtbot.waitUntil(lambda: any(each.code == "exclusion.done" for each in told))
    session.undo.undo()
    words = " ".join(f"{each.text} {each.hint}" for each in told)
    assert not TELLING.search(words), words
    assert not re.search(r"stage 4", words)
    assert session.blinding.name(IDS[0]) in words


def test_a_capture_is_told_without_the_patient_it_belongs_to(blinded: MainWindow, qtbot: QtBot) -> None:
    session, told = blinded.session, list[Message]()
    session.message.connect(lambda message, _: told.append(message))
    session.set_case(None)
    session.set_scan(make_scan())
    blinded.orient.presenter.capture()
    qtbot.waitUntil(lambda: session.capture is not None and session.case_id is not None, timeout=20_000)
    qtbot.wait(50)
    assert told
    assert not TELLING.search(" ".join(map(str, told)))
    assert leaks() == []


def test_trainings_name_no_case_and_no_stage(blinded: MainWindow, project: Project) -> None:
    presenter = blinded.training_dock.presenter
    warned = Warned(n=1, attempt=1, code="training.one_stage_left", values={"fold": 1, "stage": 4})
    state = JobState(
        status=JobStatus.FAILED, failure_code="training.one_stage_only", failure_values={"count": 3, "stage": 4}, warnings=(warned,)
    )
    handle = JobHandle(project.directory / "jobs" / "20261120-235959-retrain-ab12", "20261120-235959-retrain-ab12")
    presenter._show(job=Followed(handle, None, JobState()))
    shown = Followed(handle, None, state, log_text="case-0001 is of P-leak1: no\ncase-0002: broken")
    presenter._looked(presenter._watch, None, ((), shown))
    log = blinded.training_dock.pages.log.toPlainText()
    assert "case-0" not in log
    assert blinded.session.blinding.name("case-0002") in log
    words = blinded.training_dock.pages.overview.problem.text() + blinded.training_dock.pages.overview.facts.text()
    assert "stage 4" not in words
    assert message("training.one_stage_only", {"count": 3, "stage": "•••"}).text in words


def test_the_exclusion_of_another_is_neither_told_nor_taken_as_ones_own(blinded: MainWindow, qtbot: QtBot) -> None:
    show(blinded, IDS[2], qtbot)
    box = blinded.stage.exclusion
    qtbot.waitUntil(lambda: box.presenter.state.standing is not None)
    assert "another evaluator" in box.words.text()
    box.open_dialog()
    (dialog,) = [widget for widget in QApplication.topLevelWidgets() if type(widget).__name__ == "ExclusionDialog" and widget.isVisible()]
    assert (dialog.reason, dialog.note) == ("", "")
    dialog.reject()
    box.presenter.exclude("quality", "my own words")
    qtbot.waitUntil(lambda: "my own words" in box.words.text())


def test_a_folder_that_may_hold_the_same_pictures_is_not_predicted(blinded: MainWindow) -> None:
    told: list[str] = []
    blinded.session.message.connect(lambda message, _: told.append(message.code))
    blinded.keymap.trigger(Action.PREDICT_FOLDER)
    assert told == ["batch.blinded"]
    assert not [w for w in QApplication.topLevelWidgets() if type(w).__name__ == "BatchDialog" and w.isVisible()]


def test_who_is_led_back_from_predict_has_the_panel_of_the_step_that_is_in_front(blinded: MainWindow) -> None:
    told: list[str] = []
    blinded.session.message.connect(lambda message, _: told.append(message.code))
    blinded.show_step("orient")
    blinded.tabs.setTabEnabled(STEPS.index("predict"), True)  # as it is when a window comes back to its last step
    blinded.show_step("predict")
    assert blinded.step is blinded.stage
    assert blinded.inspectors.currentWidget() is blinded.stage.inspector()
    assert told == ["staging.read_first"]


def test_whoever_asks_for_the_prediction_before_the_own_reading_is_told_why_there_is_none(blinded: MainWindow, qtbot: QtBot) -> None:
    told: list[str] = []
    blinded.session.message.connect(lambda message, _: told.append(message.code))
    blinded.keymap.trigger(Action.PREDICT)
    blinded.keymap.trigger(Action.STEP_PREDICT)
    bar = blinded.tabs.tabBar()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(STEPS.index("predict")).center())
    assert told == ["staging.read_first"] * 3
    assert blinded.step is not blinded.predict


def test_an_export_is_refused_in_words(blinded: MainWindow) -> None:
    told: list[str] = []
    blinded.session.message.connect(lambda message, _: told.append(message.code))
    blinded.keymap.trigger(Action.EXPORT_DATASET)
    assert told == ["export.blinded"]
    assert not [w for w in QApplication.topLevelWidgets() if type(w).__name__ == "ExportDialog" and w.isVisible()]


def test_a_window_that_opens_blinded_tells_nothing_from_its_first_moment(
    project: Project, qapp: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    theme.apply(qapp, "dark")
    background = PoolBackground()
    session = Session(background)
    session.set_evaluator("Dr Test")
    session.settings.blinded = {project.project_id: ("Dr Test",)}
    session.settings.recent_scans = (str(tmp_path / "Leak^Patient"),)
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    session.set_project(project)
    seen = leaks()  # what could be painted whenever the window comes to rest

    def there(wanted: bool) -> bool:
        seen.extend(leaks())
        return wanted

    qtbot.waitUntil(lambda: there(len(window.cases.rows) == len(IDS)))
    window.cases.open_case(IDS[1])
    qtbot.waitUntil(lambda: there(session.capture is not None))
    qtbot.wait(50)
    assert seen + leaks() == []
    window.close()
    assert background.close(60_000)
