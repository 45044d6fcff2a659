"""Colours: both themes fill every token, and text stays legible."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QCheckBox
from pytestqt.qtbot import QtBot

from sos_studio.ui import icons, theme


def contrast(a: str, b: str) -> float:
    def luminance(name: str) -> float:
        channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(name).getRgbF()[:3]]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))

    bright, dim = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_text_is_legible(tokens: theme.Tokens) -> None:
    for ground in (tokens.window, tokens.base, tokens.raised, tokens.button):
        assert contrast(tokens.text, ground) > 7
        assert contrast(tokens.muted, ground) > 4.5


@pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_the_style_sheet_uses_known_tokens_only(tokens: theme.Tokens) -> None:
    sheet = theme.style_sheet(tokens)
    assert "@" not in sheet
    assert sheet.count("{") == sheet.count("}")


def test_a_chosen_theme_sets_palette_and_sheet(qapp: QApplication) -> None:
    light = theme.apply(qapp, "light")
    assert qapp.palette().window().color() == QColor(light.window)
    dark = theme.apply(qapp, "dark")
    assert qapp.palette().window().color() == QColor(dark.window)
    assert dark.window in qapp.styleSheet()
    assert len(fields(dark)) == len(fields(light))


def test_icons_are_drawn(qapp: QApplication) -> None:
    pixmap = icons.icon("open", "#ffffff").pixmap(20, 20)
    image = pixmap.toImage()
    assert any(image.pixelColor(x, y).alpha() > 0 for x in range(image.width()) for y in range(image.height()))
    assert not icons.app_icon().isNull()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_touched_box_looks_neither_empty_nor_ticked(qapp: QApplication, qtbot: QtBot, name: theme.Choice) -> None:
    theme.apply(qapp, name)
    box = QCheckBox()
    qtbot.addWidget(box)
    pictures = []
    for state in (Qt.CheckState.Unchecked, Qt.CheckState.PartiallyChecked, Qt.CheckState.Checked):
        box.setCheckState(state)
        pictures.append(box.grab().toImage())
    empty, touched, ticked = pictures
    assert touched not in (empty, ticked)
