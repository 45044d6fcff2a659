"""A number that is typed: a comma counts as the decimal point, and the wheel turns it only while it has the keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLocale, Qt
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox

NOTHING = "–"


class NumberBox(QDoubleSpinBox):
    """Shows a dash while it is disabled: a number of the case before must not be read as one of this case.

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
        """5,5 is five and a half: without this the comma would be dropped as a thousands separator and 55 be set."""
        return super().validate(text.replace(",", "."), position)

    def valueFromText(self, text: str) -> float:
        """With a comma or a point."""
        return super().valueFromText(text.replace(",", "."))

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
