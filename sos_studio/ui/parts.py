"""Small pieces that inspectors and docks are made of, so that they look alike."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.ui import keys

# Red of "phantom-trained" and of faults, on pictures, which are dark in every theme; always beside words.
WARNING_RED = QColor("#e5484d")
GOOD_GREEN = QColor("#3fa66a")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Parts", text)


def heading(text: str) -> QLabel:
    """Title of a group."""
    label = QLabel(text)
    label.setWordWrap(True)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def note(text: str = "") -> QLabel:
    """A quiet, wrapping explanation."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label


def rule() -> QFrame:
    """A thin line between groups."""
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Sunken)
    return line


def red(text: str = "") -> QLabel:
    """Words that must not be overlooked."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setObjectName("alarm")
    return label


def set_alarm(label: QLabel, on: bool) -> None:
    """Make words that are there for good ones that must not be overlooked, or quiet ones again."""
    if bool(label.property("alarm")) != on:
        label.setProperty("alarm", on)
        label.style().unpolish(label)
        label.style().polish(label)


def button(text: str, tooltip: str, action: Action | None = None) -> QPushButton:
    """A push button whose tooltip names the key of `action`."""
    made = QPushButton(text)
    _set_tip(made, tooltip, action)
    made.setAccessibleDescription(tooltip)
    # Keys 1-5, N and Enter belong to the step, not to the button that was clicked last.
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def chip(text: str, tooltip: str, action: Action | None = None) -> QToolButton:
    """A small checkable choice."""
    made = QToolButton()
    made.setObjectName("chip")
    made.setText(text)
    made.setCheckable(True)
    _set_tip(made, tooltip, action)
    made.setAccessibleName(text)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return made


def _set_tip(widget: QWidget, tooltip: str, action: Action | None) -> None:
    if action is None:
        widget.setToolTip(tooltip)
    else:
        keys.set_tip(widget, tooltip, action)


def column(*widgets: QWidget, stretch: bool = True) -> QWidget:
    """Widgets below one another."""
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(10, 10, 10, 10)
    layout.setSpacing(8)
    for widget in widgets:
        layout.addWidget(widget)
    if stretch:
        layout.addStretch(1)
    return box


def scrolled(content: QWidget) -> QScrollArea:
    """A column that is never squeezed: where it is too high it can be scrolled, by the keys of what stands in it too."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(content)
    return area
