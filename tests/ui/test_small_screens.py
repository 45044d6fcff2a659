"""The window and its dialogs on small and on scaled screens: they fit, and no text is cut off.

Qt lays out in logical pixels: 1920 x 1080 at 200 % is 960 x 540, and 1366 x 768 at 125 % is 1093 x 614, less title and task bar.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QRadioButton, QTabBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.dataset.project import Project
from sos_studio.services.scans import OpenedScan
from sos_studio.ui import theme
from sos_studio.ui.image_view import ImageView, gray_image
from sos_studio.ui.main_window import MainWindow
from tests.ui.everything import STEPS, dialogs, open_all

SCREENS = {"1080p-at-200": QSize(960, 460), "768-at-125": QSize(1093, 540), "1080p-at-150": QSize(1280, 650), "768": QSize(1366, 700)}
BUTTONS = (QPushButton, QToolButton, QCheckBox, QRadioButton)
# Frame and padding of a button, at least.
AROUND = 6


def cut_off(surface: QWidget) -> set[str]:
    shown = (widget for widget in surface.findChildren(QWidget) if widget.isVisible() and not widget.objectName().startswith("qt_"))
    return {f"{type(widget).__name__}: {text}" for widget in shown for text in cut_texts(widget)}


def cut_texts(widget: QWidget) -> Iterator[str]:
    metrics = widget.fontMetrics()
    match widget:
        case QLabel() if widget.text() and widget.pixmap().isNull() and widget.wordWrap():
            if widget.heightForWidth(widget.width()) > widget.height() + 2:
                yield widget.text()
        case QLabel() if widget.text() and widget.textFormat() != Qt.TextFormat.RichText:
            if max(metrics.horizontalAdvance(line.replace("&", "")) for line in widget.text().splitlines()) > widget.width() + 1:
                yield widget.text()
        case QPushButton() | QToolButton() | QCheckBox() | QRadioButton() if widget.text():
            if metrics.horizontalAdvance(widget.text().replace("&", "")) + AROUND > widget.width():
                yield widget.text()
        case QTabBar():
            yield from (
                widget.tabText(n)
                for n in range(widget.count())
                if metrics.horizontalAdvance(widget.tabText(n)) > widget.tabRect(n).width() or widget.tabRect(n).right() > widget.width()
            )


@pytest.mark.parametrize("screen", SCREENS)
def test_the_window_fits_and_cuts_no_text_off(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot, screen: str) -> None:
    open_all(window, project, scan, qtbot)
    window.training_dock.hide()
    qtbot.wait(40)
    size = SCREENS[screen]
    for step in STEPS:
        window.show_step(step)
        window.resize(size)
        qtbot.wait(40)
        assert window.width() <= size.width(), step
        assert window.height() <= size.height(), step
        assert cut_off(window) == set(), step


def test_the_training_fits_below_a_step_on_a_laptop(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    open_all(window, project, scan, qtbot)
    window.show_step("stage")
    window.resize(1093, 600)
    qtbot.wait(40)
    assert window.height() <= 600
    assert cut_off(window) == set()
    assert window.training_dock.width() > 1000, "in a narrow window it has the whole width"


def test_dialogs_cut_no_text_off(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    open_all(window, project, scan, qtbot)
    found = {name: texts for name, dialog in dialogs(window, qtbot) if (texts := cut_off_in_the_end(dialog, qtbot))}
    assert found == {}, found


def cut_off_in_the_end(surface: QWidget, qtbot: QtBot) -> set[str]:
    """What is cut off still when the layout has come to rest; a busy machine takes its time over that."""
    for _ in range(25):
        if not cut_off(surface):
            break
        qtbot.wait(20)
    return cut_off(surface)


def test_a_cut_text_is_noticed(qtbot: QtBot) -> None:
    button = QPushButton("Starting weights")
    box = QWidget()
    button.setParent(box)
    qtbot.addWidget(box)
    box.show()
    button.resize(60, 20)
    assert cut_off(box) == {"QPushButton: Starting weights"}


def test_large_text_of_another_theme_is_not_cut_off(
    window: MainWindow, project: Project, scan: OpenedScan, qapp: QApplication, qtbot: QtBot
) -> None:
    open_all(window, project, scan, qtbot)
    window.keymap.trigger(Action.THEME_CONTRAST)
    try:
        qtbot.wait(40)
        assert cut_off(window) == set()
    finally:
        theme.apply(qapp, "dark")


def test_pictures_are_drawn_in_the_pixels_of_the_screen(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(200, 100)
    black_vu = np.zeros((100, 200), np.uint8)
    view.set_picture(black_vu)
    for ratio in (1.25, 1.5, 2.0):
        monkeypatch.setattr(view, "devicePixelRatioF", lambda now=ratio: now)
        layer = view.scaled_layer(gray_image(black_vu), view.viewport.widget_from_uv())
        assert (layer.width(), layer.height()) == (round(200 * ratio), round(100 * ratio))
