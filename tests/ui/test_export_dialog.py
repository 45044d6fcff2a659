from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from sos_studio.dataset.exports import FORMATS, WITH_EVALUATORS
from sos_studio.services.datasheet.details import FIELDS
from sos_studio.ui.export_dialog import ExportDialog


@pytest.fixture
def dialog(qtbot: QtBot) -> ExportDialog:
    made = ExportDialog({"licence": "CC BY 4.0"})
    qtbot.addWidget(made)
    made.show()
    return made


def test_every_format_is_there_with_one_line(dialog: ExportDialog) -> None:
    assert tuple(dialog.choices) == FORMATS
    assert all(len(choice.text()) > 20 for choice in dialog.choices.values())
    for form in FORMATS:
        dialog.choices[form].setChecked(True)
        assert dialog.format == form


def test_names_of_evaluators_are_asked_for_where_they_appear_and_leave_only_when_ticked(dialog: ExportDialog) -> None:
    for form in FORMATS:
        dialog.choices[form].setChecked(True)
        assert dialog.by_name.isEnabled() == (form in WITH_EVALUATORS)
        assert not dialog.options.name_evaluators
    dialog.choices["dicom"].setChecked(True)
    dialog.by_name.setChecked(True)
    assert dialog.options.name_evaluators


def test_each_format_says_whether_excluded_cases_are_in_and_what_its_folds_are(dialog: ExportDialog) -> None:
    said = {}
    for form in FORMATS:
        dialog.choices[form].setChecked(True)
        said[form] = dialog._tells.text()
    assert "excluded ones too" in said["csv"] == said["parquet"]
    assert all("Excluded cases are left out" in said[form] for form in ("imagefolder", "yolo", "coco"))


def test_a_datasheets_fields_show_what_was_filled_in_before(dialog: ExportDialog) -> None:
    assert not dialog._form.isVisible()
    dialog.choices["datasheet"].setChecked(True)
    assert dialog._form.isVisible()
    assert set(dialog.fields) == set(FIELDS)
    dialog.fields["title"].setText("  Ours ")
    assert {key: value for key, value in dialog.options.details.items() if value} == {"licence": "CC BY 4.0", "title": "Ours"}
    dialog.choices["csv"].setChecked(True)
    assert dialog.options.details == {}


def test_its_buttons_stay_on_the_screen_when_it_grows(dialog: ExportDialog) -> None:
    room = dialog.screen().availableGeometry()
    dialog.move(room.left(), room.bottom() - dialog.frameGeometry().height())
    dialog.choices["datasheet"].setChecked(True)
    assert room.contains(dialog.frameGeometry().bottomRight())


@pytest.mark.parametrize("room", [QSize(1366, 728), QSize(1093, 540), QSize(960, 460)])
def test_on_a_small_screen_what_it_asks_scrolls_and_its_buttons_stay(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, room: QSize) -> None:
    screen = QGuiApplication.primaryScreen()
    monkeypatch.setattr(type(screen), "availableGeometry", lambda _: QRect(QPoint(0, 0), room))
    dialog = ExportDialog({})
    qtbot.addWidget(dialog)
    dialog.show()
    for form in FORMATS:
        dialog.choices[form].setChecked(True)
        qtbot.wait(20)
        assert dialog.height() <= room.height() - 40, form
        assert dialog._buttons.geometry().bottom() <= dialog.height(), form
    viewport = dialog._scrolled.viewport()

    def is_seen(key: str) -> bool:
        field = dialog.fields[key]
        return viewport.rect().contains(field.mapTo(viewport, field.rect().center()))

    assert is_seen("title"), "that there is something to fill in is seen at once"
    dialog.activateWindow()
    dialog.fields["evaluators"].setFocus()
    qtbot.keyClick(dialog.fields["evaluators"], Qt.Key.Key_Tab)
    assert is_seen("limitations")
