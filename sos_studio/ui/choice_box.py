"""Choices that the wheel does not change while somebody scrolls the form in which they stand."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QSlider, QSpinBox


class ChoiceBox(QComboBox):
    """A list to choose from by click or keys.

    The wheel always belongs to what scrolls around it, even where the list has the keys: it has them still when somebody has chosen and
    scrolls on, and another column of a table would be imported unseen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave it to the scroll area; the open list scrolls by itself."""
        event.ignore()


class CountBox(QSpinBox):
    """A whole number that the wheel turns only while it has the keys."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Count only where somebody is at this number."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class SlideBar(QSlider):
    """A slider that the wheel moves only while it has the keys."""

    def __init__(self, orientation: Qt.Orientation) -> None:
        super().__init__(orientation)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Slide only where somebody is at this slider."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
