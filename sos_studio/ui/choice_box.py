"""Choices that the wheel does not change while somebody scrolls the form in which they stand."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSlider, QSpinBox, QStyle, QStyleOptionComboBox, QStylePainter


class ChoiceBox(QComboBox):
    """A list to choose from by click or keys.

    The wheel always belongs to what scrolls around it, even where the list has the keys: it has them still when somebody has chosen and
    scrolls on, and another column of a table would be imported unseen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A choice that is too long for the closed box ends in dots, not in the middle of a letter."""
        if self.currentIndex() < 0:
            super().paintEvent(event)
            return
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width()
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

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
