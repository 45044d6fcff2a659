"""Opening in the real window with real threads: nothing unpacked is left behind, whenever one changes one's mind."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.volume import Volume
from sos_studio.imaging import archives
from sos_studio.imaging.dicom_write import write_series
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.refusal_dialog import RefusalDialog
from sos_studio.ui.series_picker import SeriesPickerDialog


def write(folder: Path, seed: int, slices: int) -> None:
    values = np.random.default_rng(seed).integers(-500, 900, (slices, 40, 36), dtype=np.int16)
    write_series(Volume(values, np.diag([2.0, 2.0, 2.0, 1.0])), folder, seed=seed)


@pytest.fixture
def two_series(tmp_path: Path) -> Path:
    """A zip of a head and of something flat."""
    for name, slices in (("head", 40), ("flat", 10)):
        write(tmp_path / "disc" / name, slices, slices)
    path = tmp_path / "disc.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (tmp_path / "disc").rglob("*.dcm"):
            archive.write(file, file.relative_to(tmp_path))
    return path


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where archives are unpacked."""
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.setattr(archives.tempfile, "tempdir", str(folder))
    return folder


def picker(window: MainWindow, qtbot: QtBot) -> SeriesPickerDialog:
    def shown() -> list[SeriesPickerDialog]:
        return [dialog for dialog in window.findChildren(SeriesPickerDialog) if dialog.isVisible()]

    qtbot.waitUntil(lambda: bool(shown()), timeout=20_000)
    return shown()[0]


def empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def test_one_of_two_series_in_an_archive_is_opened_and_the_other_later(
    window: MainWindow, two_series: Path, room: Path, qtbot: QtBot
) -> None:
    session = window.session
    window.opener.open_path(two_series)
    dialog = picker(window, qtbot)
    assert not empty(room)
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.scan is not None and not session.scan.coarse, timeout=20_000)
    assert session.scan.volume.shape_kji[0] == 40
    qtbot.waitUntil(lambda: empty(room), timeout=20_000)
    window.keymap[Action.OTHER_SERIES].trigger()
    dialog = picker(window, qtbot)
    assert "already open" in dialog.model.index(0).data()
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.scan.volume.shape_kji[0] == 10, timeout=20_000)
    qtbot.waitUntil(lambda: empty(room), timeout=20_000)


def test_choosing_the_series_that_is_open_keeps_its_orientation(window: MainWindow, two_series: Path, room: Path, qtbot: QtBot) -> None:
    session = window.session
    window.opener.open_path(two_series)
    QTest.keyClick(picker(window, qtbot).list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.scan is not None and not session.scan.coarse, timeout=20_000)
    window.orient.presenter.set_angle("roll", 7.0)
    scan = session.scan
    window.keymap[Action.OTHER_SERIES].trigger()
    dialog = picker(window, qtbot)
    dialog.list.setCurrentIndex(dialog.model.index(0))
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: empty(room), timeout=20_000)
    assert session.scan is scan
    assert session.orientation.roll_deg == 7.0


def test_nothing_unpacked_stays_when_nothing_is_chosen(window: MainWindow, two_series: Path, room: Path, qtbot: QtBot) -> None:
    window.opener.open_path(two_series)
    QTest.keyClick(picker(window, qtbot), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: empty(room), timeout=20_000)
    assert window.session.scan is None


def test_nothing_unpacked_stays_when_the_window_closes(window: MainWindow, two_series: Path, room: Path, qtbot: QtBot) -> None:
    window.opener.open_path(two_series)
    picker(window, qtbot)
    window.close()
    assert empty(room)


def test_only_the_last_of_several_scans_asked_for_at_once_is_opened(
    window: MainWindow, two_series: Path, tmp_path: Path, room: Path, qtbot: QtBot
) -> None:
    session = window.session
    for path in (two_series, tmp_path / "disc" / "head", two_series, tmp_path / "disc" / "flat"):
        window.opener.open_path(path)
    qtbot.waitUntil(lambda: session.scan is not None and not session.scan.coarse, timeout=20_000)
    qtbot.waitUntil(lambda: empty(room), timeout=20_000)
    QApplication.processEvents()
    assert session.scan.source.name == "flat"
    assert window.findChildren(SeriesPickerDialog) == []


def test_cancelling_at_once_leaves_the_window_as_it_was(window: MainWindow, two_series: Path, room: Path, qtbot: QtBot) -> None:
    told = []
    window.session.message.connect(lambda message, _: told.append(message.code))
    window.opener.open_path(two_series)
    window.files.cancel()
    qtbot.waitUntil(lambda: told == ["cancelled"])
    assert window.session.scan is None
    qtbot.waitUntil(lambda: empty(room), timeout=20_000)


def test_the_newest_refusal_is_on_the_screen_with_its_own_files(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    bar = window.messages
    for name, file in (("first", "IM1.txt"), ("second", "IM2.txt")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("no scan")
        window.opener.open_path(tmp_path / name)
        qtbot.waitUntil(lambda name=name: bar.text.startswith(f"{name} was not opened.") and bar._more.isVisible(), timeout=20_000)
    bar._more.click()
    (dialog,) = window.findChildren(RefusalDialog)
    assert "second was not opened" in dialog.text
    assert "IM2.txt" in dialog.text
    assert "IM1.txt" not in dialog.text
    dialog.reject()
    bar.dismiss()
    assert bar.text == "", "nothing of the first waits"


def test_a_refusal_is_seen_at_once_whatever_error_stands(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.session.tell("project.newer_version", "error", project="My study")
    (tmp_path / "empty").mkdir()
    window.opener.open_path(tmp_path / "empty")
    qtbot.waitUntil(lambda: window.messages.text.startswith("empty was not opened."), timeout=20_000)
    window.messages.dismiss()
    assert window.messages.text == "", "opening a scan is something else than the project"


def test_what_is_said_of_a_project_stays_while_the_scan_named_after_it_is_opened(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    bad = tmp_path / "project"
    bad.mkdir()
    (bad / "project.sqlite").write_bytes(b"nothing of the kind" * 100)
    write(tmp_path / "scan", 3, 40)
    window.opener.open_paths([bad, tmp_path / "scan"])
    qtbot.waitUntil(lambda: window.session.scan is not None and not window.session.scan.coarse, timeout=20_000)
    assert "damaged" in window.messages.text


def test_what_points_at_remarks_goes_where_they_are_not_in_sight(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    write(tmp_path / "few", 3, 5)
    window.opener.open_path(tmp_path / "few")
    qtbot.waitUntil(lambda: "panel on the right" in window.messages.text, timeout=20_000)
    window.show_step("crop")
    assert window.messages.text == ""
