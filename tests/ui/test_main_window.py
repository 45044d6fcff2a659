"""The whole window: actions reach whoever can do them, drops open, closing saves, and everything is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QDialogButtonBox, QFileDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action, default_keys
from sos_studio.core.geometry import Plane
from sos_studio.core.roi import Roi
from sos_studio.core.settings import Settings
from sos_studio.dataset import captures
from sos_studio.dataset.project import Project
from sos_studio.services import staging
from sos_studio.services.scans import OpenedScan
from sos_studio.ui import words
from sos_studio.ui.dialogs import EvaluatorDialog
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.refusal_dialog import RefusalDialog
from tests.presenters.kit import open_case
from tests.presenters.scans import make_volume


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    image = SimpleITK.GetImageFromArray(np.asarray(make_volume().array_kji))
    image.SetSpacing((2.0, 2.0, 2.0))
    path = tmp_path / "head.mha"
    SimpleITK.WriteImage(image, str(path))
    return path


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(event)


def dialog_of(kind: type[QDialog]) -> QDialog | None:
    return next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)


def test_it_names_itself_and_what_it_is_not(window: MainWindow) -> None:
    assert window.windowTitle() == "SOS Studio"
    assert "not a medical device" in window._caution.text()
    assert window._caution.isVisible()


def test_every_action_has_words_and_stands_in_a_menu(window: MainWindow) -> None:
    in_menus = set()
    for menu_action in window.menuBar().actions():
        pending = [menu_action.menu()]
        while pending:
            for entry in pending.pop().actions():
                if entry.menu() is not None:
                    pending.append(entry.menu())
                in_menus.add(entry.objectName())
    for action in Action:
        assert words.action_title(action) != action.value, action
        assert action.value in in_menus, action


def test_no_two_actions_share_a_key() -> None:
    keys = [key for action in Action for key in default_keys(action)]
    assert len(keys) == len(set(keys))


def test_every_button_has_a_tooltip_or_a_text(window: MainWindow) -> None:
    nameless = [b for b in window.findChildren(QAbstractButton) if b.isVisible() and not (b.text() or b.toolTip() or b.accessibleName())]
    assert [b for b in nameless if not b.objectName().startswith("qt_dockwidget")] == []


def test_the_steps_are_one_key_away(window: MainWindow, qtbot: QtBot) -> None:
    for n in (2, 4, 1):
        qtbot.keyClick(window, getattr(Qt.Key, f"Key_{n}"), Qt.KeyboardModifier.ControlModifier)
        assert window.tabs.currentIndex() == n - 1
        assert window.inspectors.currentIndex() == n - 1


def test_dropping_a_scan_opens_it_with_its_skull_and_title(window: MainWindow, scan_file: Path, qtbot: QtBot) -> None:
    drop(window, scan_file)
    qtbot.waitUntil(lambda: window.session.scan is not None, timeout=20_000)
    assert window.windowTitle().startswith(f"new scan — {scan_file.name}, not captured — ")
    assert window.orient._stack.currentWidget() is window.orient._four
    # Bad input afterwards: one sentence, and the scan stays.
    broken = scan_file.with_name("broken.nrrd")
    broken.write_bytes(b"??")
    drop(window, broken)
    qtbot.waitUntil(lambda: window.messages.text != "")
    assert window.session.scan is not None


def drag(window: MainWindow, *paths: Path) -> QDragEnterEvent:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    window.dragEnterEvent(event)
    return event


def test_a_drag_says_what_letting_go_will_do_all_over_the_window(window: MainWindow, tmp_path: Path) -> None:
    assert drag(window, tmp_path / "a.zip", tmp_path / "b.zip").isAccepted()
    overlay = window.drop_overlay
    assert overlay.isVisible()
    assert overlay.geometry() == window.rect()
    assert overlay.words == ("Drop to open this scan", "Only the first of the 2 things is opened")
    window.dragLeaveEvent(QDragLeaveEvent())
    assert not overlay.isVisible()
    assert not drag(window).isAccepted()
    assert not overlay.isVisible()


def test_no_text_field_swallows_what_is_dropped_on_it(window: MainWindow) -> None:
    assert [field for field in window.findChildren(QWidget) if field.acceptDrops()] == []
    assert window.acceptDrops()


def test_a_refusal_shows_its_files(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "report.pdf").write_bytes(b"%PDF")
    drop(window, tmp_path / "folder")
    more = window.messages.findChild(QPushButton)
    qtbot.waitUntil(lambda: window.messages.text != "" and not more.isHidden())
    more.click()
    dialog = dialog_of(RefusalDialog)
    assert dialog is not None
    assert "report.pdf" in dialog.text
    dialog.reject()
    window.messages.dismiss()
    window.session.tell("window.no_scan")
    assert more.isHidden(), "another message has no files to show"


def test_the_scan_of_a_case_can_be_opened_only_where_there_is_a_case(window: MainWindow, project: Project) -> None:
    assert not window.keymap[Action.OPEN_CASE_SCAN].isEnabled()
    window.session.set_project(project)
    assert not window.keymap[Action.OPEN_CASE_SCAN].isEnabled()
    window.session.set_case("case-0001")
    assert window.keymap[Action.OPEN_CASE_SCAN].isEnabled()


def test_once_the_frame_is_there_the_hint_says_what_comes_next(window: MainWindow, project: Project) -> None:
    window.session.set_project(project)
    window.show_step("crop")
    assert window.messages._hint.startswith("Click the two ends")
    window.session.set_roi(Roi(center_uv=(10.0, 10.0), angle_deg=0.0, width_px=10.0, height_px=5.0))
    assert window.messages._hint.startswith("Next: Stage (Ctrl+3)")
    window.session.set_roi(None)
    assert window.messages._hint.startswith("Click the two ends")


def test_other_series_can_be_chosen_only_of_an_open_scan(window: MainWindow, scan: OpenedScan) -> None:
    assert not window.keymap[Action.OTHER_SERIES].isEnabled()
    window.session.set_scan(scan)
    assert window.keymap[Action.OTHER_SERIES].isEnabled()


def test_no_folder_is_named_in_the_title_of_a_screenshot(window: MainWindow, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    window.session.set_project(project)
    assert project.directory.name == "project"
    assert window.windowTitle() == "project (all changes saved) — SOS Studio"
    window.session.set_project(None)


def test_a_capture_without_a_project_asks_for_a_folder_and_goes_on_by_itself(
    window: MainWindow, scan: OpenedScan, tmp_path: Path, qtbot: QtBot
) -> None:
    window.session.set_scan(scan)
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    dialog = dialog_of(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "first project"))
    dialog.close()
    qtbot.waitUntil(lambda: window.session.capture is not None, timeout=20_000)
    assert window.step is window.crop
    assert window.windowTitle().startswith("case-0001 — first project (all changes saved)")
    window.opener.close_project()


def test_undo_is_named_in_the_menu_and_works_across_steps(window: MainWindow, scan: OpenedScan, qtbot: QtBot) -> None:
    window.session.set_scan(scan)
    window.orient.presenter.turn(Plane.CORONAL, 3.0)
    assert "turn" in window.keymap[Action.UNDO].text()
    window.show_step("stage")
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.orientation.roll_deg == 0.0
    assert not window.keymap[Action.UNDO].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert window.session.orientation.roll_deg == pytest.approx(3.0)


def test_undo_names_the_case_of_a_reading_as_the_reader_may_know_it(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    session = window.session
    session.set_project(project)
    qtbot.waitUntil(lambda: bool(window.cases.rows))
    session.case_requested.emit("case-0001")
    qtbot.waitUntil(lambda: session.capture is not None)
    window.stage.presenter.choose(3)
    qtbot.waitUntil(lambda: window.keymap[Action.UNDO].text().endswith("reading of case-0001"))
    session.case_requested.emit("case-0002")
    qtbot.waitUntil(lambda: session.case_id == "case-0002")
    session.blinding.set_on(True)
    assert "case-0001" not in window.keymap[Action.UNDO].text()
    window.keymap.trigger(Action.UNDO)
    qtbot.waitUntil(lambda: session.case_id == "case-0001")
    assert window.keymap[Action.REDO].text().endswith(session.blinding.name("case-0001"))


def test_a_fresh_start_opens_and_makes_projects_too(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    page = window.orient._empty
    assert page.open_project.isVisible()
    qtbot.mouseClick(page.open_project, Qt.MouseButton.LeftButton)
    (asked,) = window.findChildren(QFileDialog)
    assert asked.windowTitle().startswith("Open project")
    asked.reject()
    window.session.set_project(project)
    assert not page.open_project.isVisible()
    assert not page.new_project.isVisible()


def test_who_has_read_in_the_project_is_offered_as_evaluator_but_not_to_a_blinded_reader(
    window: MainWindow, project: Project, qtbot: QtBot
) -> None:
    capture = captures.captures(project, "case-0001")[-1].capture_id
    for name in ("Dr A", "Dr B"):
        staging.stage(project, "case-0001", capture, None, name, 3)
    window.session.set_project(project)
    window.keymap.trigger(Action.EVALUATOR)
    dialog = dialog_of(EvaluatorDialog)
    qtbot.waitUntil(lambda: dialog._names.count() == 2)
    assert dialog.name == "Dr Test", "what stands there is not replaced"
    dialog._names.setCurrentIndex(1)
    dialog.accept()
    assert window.session.evaluator == "Dr B"
    dialog.deleteLater()
    window.session.blinding.set_on(True)
    window.keymap.trigger(Action.EVALUATOR)
    qtbot.wait(100)
    assert [each._names.count() for each in window.findChildren(EvaluatorDialog) if each.isVisible()] == [0]


def test_staging_asks_once_who_reads(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    window.session.set_evaluator("")
    window.session.set_project(project)
    window.show_step("stage")
    dialog = dialog_of(EvaluatorDialog)
    assert dialog is not None
    dialog._name.setText("Dr B")
    dialog.accept()
    assert window.session.evaluator == "Dr B"
    shown = [label.text() for label in window.findChildren(QLabel) if label.isVisible() and "Dr B" in label.text()]
    assert (window._evaluator.text(), shown) == ("Evaluator: Dr B", []), "who reads stands in one place"
    window.session.set_project(None)


def test_another_case_keeps_the_open_scan_out_of_sight_but_not_lost(
    window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot
) -> None:
    window.session.set_project(project)
    window.session.set_scan(scan)
    window.orient.presenter.turn(Plane.CORONAL, 3.0)
    window.session.case_requested.emit("case-0002")
    qtbot.waitUntil(lambda: window.session.case_id == "case-0002")
    window.show_step("orient")
    page = window.orient._empty
    assert window.orient._stack.currentWidget() is page
    assert "case-0002" in page.title.text()
    qtbot.mouseClick(page.back, Qt.MouseButton.LeftButton)
    assert window.orient._stack.currentWidget() is window.orient._four
    assert window.session.orientation.roll_deg == pytest.approx(3.0)
    window.session.set_project(None)


def test_choosing_a_case_without_its_scan_goes_on_where_work_remains_but_never_leaves_another_step(
    window: MainWindow, project: Project, qtbot: QtBot
) -> None:
    window.session.set_evaluator("")
    window.session.set_project(project)
    window.session.case_requested.emit("case-0001")
    qtbot.waitUntil(lambda: window.session.capture is not None)
    assert window.step is window.crop
    window.show_step("orient")
    window.cases.work_remains.emit("stage")
    assert window.step is window.stage
    assert dialog_of(EvaluatorDialog) is None, "nobody is asked for a name for having clicked a case"
    window.show_step("predict")
    window.session.case_requested.emit("case-0002")
    qtbot.waitUntil(lambda: window.session.case_id == "case-0002" and window.session.capture is not None)
    assert window.step is window.predict
    window.session.set_project(None)


def test_a_project_that_is_opened_again_comes_up_where_it_was_left(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    window.session.set_project(project)
    window.session.case_requested.emit("case-0002")
    qtbot.waitUntil(lambda: window.session.capture is not None)
    window.show_step("predict")
    window.session.set_project(None)
    window.show_step("orient")
    window.session.set_project(project)
    qtbot.waitUntil(lambda: window.session.case_id == "case-0002" and window.step is window.predict)
    window.session.set_project(None)


def test_the_theme_and_the_facing_are_remembered(window: MainWindow) -> None:
    window.keymap.trigger(Action.THEME_LIGHT)
    window.keymap.trigger(Action.FACE_LEFT)
    kept = Settings.load()
    assert (kept.theme, kept.facing) == ("light", "left")
    assert window.keymap[Action.FACE_LEFT].isChecked()
    window.keymap.trigger(Action.THEME_DARK)


def test_closing_remembers_the_layout_and_frees_the_project(window: MainWindow, project: Project) -> None:
    window.session.set_project(project)
    window.close()
    assert project.closed
    assert Settings.load().window_geometry


@pytest.mark.parametrize("size", [(1366, 768), (1024, 640)])
def test_it_fits_small_screens(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    QApplication.processEvents()
    assert window.minimumSizeHint().width() <= size[0]
    assert window.minimumSizeHint().height() <= size[1]


def test_the_name_of_a_new_scan_is_hidden_with_all_names(window: MainWindow, scan: OpenedScan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    window.session.set_scan(replace(scan, source=Path("/somewhere/Doe_Jane")))
    assert window.windowTitle() == "new scan, not captured — SOS Studio"


def test_what_needs_a_project_or_a_case_is_greyed_without_one(window: MainWindow, project: Project, tmp_path: Path, qtbot: QtBot) -> None:
    of_a_project = (Action.PATIENT_DATA, Action.EXPORT_DATASET)
    assert not any(window.keymap[action].isEnabled() for action in (*of_a_project, Action.NEXT_UNSTAGED))
    assert not window.cases_dock._next.isEnabled()
    with Project.create(tmp_path / "empty") as empty:
        window.session.set_project(empty)
        assert all(window.keymap[action].isEnabled() for action in of_a_project)
        assert not window.keymap[Action.NEXT_UNSTAGED].isEnabled()
        assert not window.cases_dock._next.isEnabled()
        window.session.set_project(project)
        qtbot.waitUntil(window.keymap[Action.NEXT_UNSTAGED].isEnabled)
        assert window.cases_dock._next.isEnabled()
        window.session.set_project(None)
        assert not window.keymap[Action.NEXT_UNSTAGED].isEnabled()


def test_what_needs_a_scan_a_full_image_or_a_project_is_greyed_while_nothing_is_open(
    window: MainWindow, project: Project, scan: OpenedScan
) -> None:
    def possible(*actions: Action) -> list[bool]:
        return [window.keymap[action].isEnabled() for action in actions]

    of_a_scan = (Action.CAPTURE, Action.GRID, Action.MEASURE_DISTANCE, Action.SLAB_THICKER, Action.WINDOW_PRESET)
    assert not any(possible(*of_a_scan, Action.PREDICT, Action.RETRAIN_ALL, Action.CROSS_VALIDATION))
    window.session.set_scan(scan)
    assert all(possible(*of_a_scan))
    window.session.set_scan(None)
    assert not any(possible(*of_a_scan))
    window.session.set_project(project)
    assert possible(Action.RETRAIN_ALL, Action.PREDICT) == [True, False]
    open_case(window.session, "case-0001")
    assert possible(Action.PREDICT) == [True]


def test_a_new_project_gets_the_next_free_name_and_is_created(window: MainWindow, tmp_path: Path) -> None:
    window.opener.recent.remember(tmp_path / "old", "project")
    for name in ("SOS project", "SOS project 2"):
        (tmp_path / name).mkdir()
    window.files.new_project()
    (dialog,) = window.findChildren(QFileDialog)
    assert Path(dialog.selectedFiles()[0]) == tmp_path / "SOS project 3"
    buttons = dialog.findChild(QDialogButtonBox)
    assert [
        button.text().replace("&", "")
        for button in buttons.buttons()
        if buttons.buttonRole(button) is QDialogButtonBox.ButtonRole.AcceptRole
    ] == ["Create"]
    dialog.reject()


def test_the_line_of_hints_follows_the_tool_in_the_hand(window: MainWindow, scan: OpenedScan) -> None:
    window.session.set_scan(scan)
    before = window.messages._hint
    window.keymap.trigger(Action.MEASURE_ANGLE)
    assert "apex" in window.messages._hint
    window.keymap.trigger(Action.MEASURE_ANGLE)
    assert window.messages._hint == before


def test_every_step_tells_how_the_picture_is_moved(window: MainWindow, project: Project) -> None:
    window.session.set_project(project)
    for step in ("orient", "crop", "stage", "predict"):
        window.show_step(step)
        assert "middle drag: move" in window.messages._hint


def test_with_the_keys_on_the_steps_only_the_tab_in_front_is_ringed(window: MainWindow, qtbot: QtBot) -> None:
    bar = window.tabs.tabBar()
    window.activateWindow()
    bar.clearFocus()
    qtbot.wait(20)
    before, places = bar.grab().toImage(), [bar.tabRect(n) for n in range(bar.count())]
    bar.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.wait(20)
    after, front = bar.grab().toImage(), bar.tabRect(bar.currentIndex())
    assert [bar.tabRect(n) for n in range(bar.count())] == places, "nothing moves"
    changed = [(x, y) for x in range(after.width()) for y in range(after.height()) if before.pixel(x, y) != after.pixel(x, y)]
    assert changed
    assert all(front.contains(x, y) for x, y in changed)
