"""Colours: both themes fill every token, and text stays legible."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox
from pytestqt.qtbot import QtBot

from sos_studio.ui import frame_painter, icons, image_view, parts, shaded_text, slice_paint, theme
from sos_studio.ui.main_window import MainWindow


def contrast(a: str, b: str) -> float:
    def luminance(name: str) -> float:
        channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(name).getRgbF()[:3]]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))

    bright, dim = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


THEMES = {"dark": theme.DARK, "light": theme.LIGHT, "contrast": theme.CONTRAST}
each_theme = pytest.mark.parametrize("name", THEMES)


def least(name: str) -> float:
    """WCAG 2: 4.5 : 1, and 7 : 1 where high contrast was asked for."""
    return 7.0 if name == "contrast" else 4.5


def over(top: str, below: str, alpha: float) -> str:
    """A colour that lets another one through."""
    mixed = [alpha * a + (1 - alpha) * b for a, b in zip(QColor(top).getRgb()[:3], QColor(below).getRgb()[:3], strict=True)]
    return QColor(*(round(c) for c in mixed)).name()


@each_theme
def test_text_is_legible_wherever_it_stands(name: str) -> None:
    tokens = THEMES[name]
    chosen_case = over(tokens.accent, tokens.window, 70 / 255)
    for ground in (
        tokens.window,
        tokens.base,
        tokens.raised,
        tokens.button,
        tokens.hover,
        tokens.button_hover,
        tokens.accent_soft,
        chosen_case,
    ):
        assert contrast(tokens.text, ground) >= 7, ground
        for words in (tokens.muted, tokens.accent_text):
            assert contrast(words, ground) >= least(name), (words, ground)
    for ground in (tokens.window, tokens.base, tokens.raised):
        for words in (tokens.error, tokens.warning, tokens.success):
            assert contrast(words, ground) >= least(name), (words, ground)


@each_theme
def test_every_rule_of_the_style_sheet_pairs_colours_that_can_be_read(name: str) -> None:
    sheet = theme.style_sheet(THEMES[name])
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", sheet)
    pairs = 0
    for selector, body in rules:
        colour, ground = (re.search(rf"(?:^|[;\s]){what}:\s*(#[0-9a-f]{{6}})", body) for what in ("color", "background"))
        if colour and ground and "disabled" not in selector:
            pairs += 1
            assert contrast(colour[1], ground[1]) >= least(name), selector.strip()
    assert pairs > 10


@each_theme
def test_the_handles_of_scroll_bars_are_seen(name: str) -> None:
    tokens = THEMES[name]
    (handle,) = set(re.findall(r"QScrollBar::handle:\w+ \{ background: ([^;]+);", theme.style_sheet(tokens)))
    for ground in (tokens.window, tokens.base, tokens.raised):
        assert contrast(handle, ground) >= 2.8, ground


@each_theme
def test_who_has_the_keys_is_seen(name: str) -> None:
    tokens = THEMES[name]
    for ground in (tokens.window, tokens.base, tokens.raised, tokens.button):
        assert contrast(tokens.focus, ground) >= 3


@each_theme
def test_words_on_pictures_are_legible(name: str) -> None:
    for color in (
        *theme.PLANE_COLORS.values(),
        theme.VOLUME_COLOR,
        shaded_text.TEXT,
        slice_paint.QUIET,
        slice_paint.READING,
        frame_painter.FRAME,
    ):
        assert contrast(color.name(), image_view.BACKDROP.name()) >= least(name), color.name()


@each_theme
def test_what_is_chosen_has_another_shape_and_not_only_another_colour(qapp: QApplication, qtbot: QtBot, name: theme.Choice) -> None:
    theme.apply(qapp, name)
    chip = parts.chip("low", "How sure you are")
    qtbot.addWidget(chip)
    chip.resize(90, 30)
    unchosen = chip.grab().toImage()
    chip.setChecked(True)
    chosen = chip.grab().toImage()
    # A bar below it: bright against what was there before.
    bar = [contrast(chosen.pixelColor(45, y).name(), unchosen.pixelColor(45, y).name()) for y in range(26, 29)]
    assert max(bar) >= 2.5


@each_theme
def test_the_system_may_ask_for_high_contrast(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "system_wants_contrast", lambda: True)
    assert theme.tokens("system") is theme.CONTRAST
    assert theme.tokens(cast(theme.Choice, name)) is THEMES[name]


@pytest.mark.parametrize("tokens", THEMES.values(), ids=THEMES)
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


@each_theme
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


def test_the_system_can_be_asked_again_after_it_was_listened_to(qapp: QApplication) -> None:
    heard: list[object] = []
    theme.hear_system(lambda *_: heard.append(1))
    assert {theme.system_wants_contrast() for _ in range(3)} == {False}


@pytest.mark.parametrize("count", [2, 7, 10])
def test_a_list_that_pops_up_shows_its_last_entry_whole(window: MainWindow, qtbot: QtBot, count: int) -> None:
    box = QComboBox(window)
    box.addItems([f"Entry {n}" for n in range(count)])
    box.move(20, 20)
    box.show()
    box.showPopup()
    view = box.view()
    qtbot.waitExposed(view.window())
    view.setFocus()
    qtbot.wait(30)
    last = view.visualRect(view.model().index(count - 1, 0))
    assert view.viewport().rect().contains(last)
    assert view.verticalScrollBar().maximum() == 0
    box.hidePopup()
