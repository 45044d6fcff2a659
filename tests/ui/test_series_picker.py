"""The series picker with real events: a glance and Enter suffice, and what can't be opened says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QListView
from pytestqt.qtbot import QtBot

from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.series_picker import SeriesPicker
from sos_studio.ui.series_delegate import PICTURE_ROLE, ROW_ROLE
from sos_studio.ui.series_picker import SHOWN_AT_ONCE, SeriesPickerDialog

HEAD = SeriesInfo("head", "CT", True, (400, 512, 480), (0.4, 0.5, 0.5))
SMALL = SeriesInfo("small", "CT", True, (40, 256, 256), (2.0, 0.5, 0.5), problems=(Problem("scan.lossy", "warning"),))
SCOUT = SeriesInfo("scout", "CT", False, (2, 512, 512), problems=(Problem("scan.too_few_slices", "error", {"slices": 2, "fewest": 3}),))


class Reader:
    def __init__(self, *series: SeriesInfo) -> None:
        self.series = series
        self.closed = False

    def thumbnail(self, uid: str) -> np.ndarray:
        return np.full((30, 40), 99, np.uint8)

    def folder(self, uid: str) -> str:
        return f"disc/{uid}"

    def close(self) -> None:
        self.closed = True


class Shown:
    """A dialog on the screen and what became of it."""

    def __init__(self, qtbot: QtBot, *series: SeriesInfo) -> None:
        self.opened: list[str] = []
        self.reader = Reader(*series)
        self.picker = SeriesPicker(ImmediateBackground(), self.reader, lambda _, uid: self.opened.append(uid))
        self.dialog = SeriesPickerDialog(self.picker)
        qtbot.addWidget(self.dialog)
        self.dialog.show()
        qtbot.waitExposed(self.dialog)

    @property
    def list(self) -> QListView:
        return self.dialog.list

    @property
    def uids(self) -> list[str]:
        model = self.dialog.model
        return [model.index(n).data(ROW_ROLE).info.uid for n in range(model.rowCount())]


@pytest.fixture
def shown(qtbot: QtBot) -> Shown:
    return Shown(qtbot, SCOUT, SMALL, HEAD)


def test_the_head_scan_is_preselected_and_enter_opens_it(shown: Shown) -> None:
    assert shown.uids == ["head", "small", "scout"]
    assert shown.dialog.uid == "head"
    QTest.keyClick(shown.list, Qt.Key.Key_Return)
    assert shown.opened == ["head"]
    assert not shown.dialog.isVisible()


def test_enter_in_the_list_opens_whichever_button_had_the_keys_before(shown: Shown) -> None:
    shown.dialog._open.parentWidget().buttons()[-1].setFocus()
    at = shown.list.visualRect(shown.dialog.model.index(1)).center()
    QTest.mouseClick(shown.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.keyClick(shown.list, Qt.Key.Key_Return)
    assert shown.opened == ["small"]


def test_arrows_move_and_a_double_click_opens(shown: Shown) -> None:
    QTest.keyClick(shown.list, Qt.Key.Key_Down)
    assert shown.dialog.uid == "small"
    at = shown.list.visualRect(shown.dialog.model.index(0)).center()
    QTest.mouseClick(shown.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(shown.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert shown.opened == ["head"]


def test_what_can_t_be_opened_says_why_and_stays_closed(shown: Shown) -> None:
    QTest.keyClick(shown.list, Qt.Key.Key_End)
    assert shown.dialog.uid is None
    assert not shown.dialog._open.isEnabled()
    QTest.keyClick(shown.list, Qt.Key.Key_Return)
    assert shown.opened == []
    assert shown.dialog.isVisible()
    assert "at least 3 slices" in shown.dialog.model.index(2).data(Qt.ItemDataRole.AccessibleTextRole)


def test_a_row_tells_size_voxels_field_of_view_and_reservations(shown: Shown) -> None:
    said = shown.dialog.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "CT · 400 slices of 480 × 512" in said
    assert "Voxels 0.5 × 0.5 × 0.4 mm" in said
    assert "field of view 240 × 256 × 160 mm" in said
    assert "most like a head CBCT" in said
    assert "compressed with loss" in shown.dialog.model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)


def test_pictures_are_in_their_own_proportion(shown: Shown) -> None:
    shown.list.viewport().repaint()
    picture = shown.dialog.model.index(0).data(PICTURE_ROLE)
    assert (picture.width(), picture.height()) == (40, 30)


def test_escape_lets_go_of_the_source(shown: Shown) -> None:
    QTest.keyClick(shown.dialog, Qt.Key.Key_Escape)
    assert shown.reader.closed
    assert shown.opened == []


def test_it_closes_when_something_else_is_opened(shown: Shown) -> None:
    shown.picker.dismiss()
    assert not shown.dialog.isVisible()


def test_a_row_is_as_high_as_its_words_need(shown: Shown) -> None:
    long = SeriesInfo(
        "long", "CT", True, (40, 256, 256), (1.0, 0.5, 0.5), problems=tuple(Problem("scan.lossy", "warning") for _ in range(9))
    )
    shown.dialog.model.show_rows((*shown.picker.rows, SeriesPicker(ImmediateBackground(), Reader(long), lambda *_: None).rows[0]))
    QApplication.processEvents()
    heights = [shown.list.visualRect(shown.dialog.model.index(n)).height() for n in range(4)]
    assert heights[0] == heights[1]
    assert heights[2] > heights[0], "with a heading above those that can't be opened"
    assert heights[3] > heights[0] + 60


def test_of_many_series_those_that_can_t_be_opened_are_folded_away(qtbot: QtBot) -> None:
    scouts = [SeriesInfo(f"scout-{n}", "MR", False, (1, 9, 9), problems=SCOUT.problems) for n in range(SHOWN_AT_ONCE)]
    shown = Shown(qtbot, HEAD, SMALL, *scouts)
    assert shown.uids == ["head", "small"]
    QTest.keyClick(shown.list, Qt.Key.Key_Down)
    shown.dialog.show_others.click()
    assert len(shown.uids) == 2 + SHOWN_AT_ONCE
    assert shown.dialog.uid == "small", "the choice stays"
    shown.dialog.show_others.click()
    assert shown.uids == ["head", "small"]
    assert shown.dialog.uid == "small"


def test_those_that_can_t_be_opened_are_scrolled_to_when_they_are_shown(qtbot: QtBot) -> None:
    sound = [replace(HEAD, uid=f"head-{n}") for n in range(12)]
    scouts = [replace(SCOUT, uid=f"scout-{n}") for n in range(60)]
    shown = Shown(qtbot, *sound, *scouts)
    shown.dialog.resize(800, 500)
    shown.dialog.show_others.click()
    QApplication.processEvents()
    first = shown.list.visualRect(shown.dialog.model.index(len(sound)))
    assert abs(first.top()) < 5
    assert shown.dialog.model.index(len(sound)).data(ROW_ROLE).first_refused


def test_five_series_need_no_scrolling_on_a_full_hd_screen(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullHd:
        def availableGeometry(self) -> QRect:
            return QRect(0, 0, 1920, 1080)

    monkeypatch.setattr(SeriesPickerDialog, "screen", lambda _: FullHd())
    shown = Shown(qtbot, *(replace(SMALL, uid=f"{n}") for n in range(5)))
    QApplication.processEvents()
    assert shown.list.verticalScrollBar().maximum() == 0
    assert shown.dialog.height() <= 1080


def test_where_none_is_like_a_head_the_question_says_so(qtbot: QtBot) -> None:
    chest = replace(HEAD, uid="chest", spacing_mm_kji=(5.0, 0.9, 0.9))
    shown = Shown(qtbot, chest, replace(chest, uid="worse", spacing_mm_kji=(9.0, 0.9, 0.9)))
    (question,) = [label.text() for label in shown.dialog.findChildren(QLabel)]
    assert question == "There are 2 series. None looks like a head scan; the most likely one is marked."
    assert "most likely of these" in shown.dialog.model.index(0).data()
    assert "like a head CBCT" not in shown.dialog.model.index(0).data()


def test_unreadable_files_of_the_source_are_told_once(qtbot: QtBot) -> None:
    damaged = Problem("scan.unreadable_files", "warning", {"files": 2, "file": "IM7"})
    shown = Shown(qtbot, replace(HEAD, problems=(damaged,)), replace(SMALL, problems=(damaged,)))
    texts = [label.text() for label in shown.dialog.findChildren(QLabel)]
    texts += [shown.dialog.model.index(n).data() for n in range(2)]
    assert " ".join(texts).count("2 further files") == 1


def test_each_row_names_its_folder_unless_names_are_hidden(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(qtbot, HEAD, SMALL)
    assert [f"Folder disc/{uid}" in shown.dialog.model.index(n).data() for n, uid in enumerate(("head", "small"))] == [True, True]
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    hidden = Shown(qtbot, HEAD, SMALL)
    assert "Folder" not in hidden.dialog.model.index(0).data()
