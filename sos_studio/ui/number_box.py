"""A number that is typed: a comma counts as the decimal point, and the wheel turns it only while it has the keys."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QLocale, Qt
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox

NOTHING = "–"
# So many figures that float() never makes infinity of them.
NUMBER = re.compile(r"[+-]?(?:\d{1,12}(?:\.\d{0,6})?|\.\d{1,6})")


class NumberBox(QDoubleSpinBox):
    """Takes the number that was typed or none, never a part of it; shows a dash while it is disabled.

    A number beyond the range gives way to the one before when typing ends; with wrapping (angles) it goes round. Disabled, the box must
    not show a number of the case before.

    Parameters
    ----------
    low, high, decimals, step, suffix
        As in QDoubleSpinBox; `suffix` names the unit.
    """

    def __init__(self, low: float, high: float, decimals: int, step: float, suffix: str = "") -> None:
        super().__init__()
        # A point in every language: these numbers are copied into tables and papers.
        self.setLocale(QLocale(QLocale.Language.C))
        self.setRange(low, high)
        self.setDecimals(decimals)
        self.setSingleStep(step)
        self.setSuffix(suffix)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # The widest number of the range is never typed; a narrow inspector need not have room for it.
        self.setMinimumWidth(56)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """5,5 is five and a half: without this the comma would be dropped as a thousands separator and 55 be set.

        Nor is the last figure of 500 dropped because only 180 would do: what stands there would be another number.
        """
        number = self._number(text)
        if number is None or self.minimum() <= number <= self.maximum():
            return super().validate(text.replace(",", "."), position)
        return (QValidator.State.Acceptable if self.wrapping() else QValidator.State.Intermediate), text, position

    def valueFromText(self, text: str) -> float:
        """With a comma or a point; round and round with wrapping."""
        number = self._number(text)
        if number is not None and self.wrapping() and not self.minimum() <= number <= self.maximum():
            return self.minimum() + (number - self.minimum()) % (self.maximum() - self.minimum())
        return super().valueFromText(text.replace(",", "."))

    def _number(self, text: str) -> float | None:
        bare = text.removeprefix(self.prefix()).removesuffix(self.suffix()).strip().replace(",", ".").replace("−", "-")
        return float(bare) if NUMBER.fullmatch(bare) else None

    def textFromValue(self, value: float) -> str:
        """A dash while there is nothing to show."""
        return super().textFromValue(value) if self.isEnabled() else NOTHING

    def changeEvent(self, event: QEvent) -> None:
        """Show the number, or the dash."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self.setSuffix(self.suffix())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling the inspector must not turn the head: leave it to the scroll area unless somebody is at this number."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
