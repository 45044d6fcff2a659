"""Comparing orientations, in the inspector of Orient."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRect, QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from sos_studio.core.actions import Action
from sos_studio.presenters.comparing import Comparing, Difference, Source
from sos_studio.ui import parts, words


def _tr(text: str) -> str:
    return QCoreApplication.translate("CompareBox", text)


SOURCES: tuple[Source, ...] = ("capture", "remembered")


def source_words(source: Source | None) -> str:
    """What the other orientation is."""
    return {"capture": _tr("the last capture"), "remembered": _tr("the remembered one"), None: ""}[source]


def shown_note(comparing: Comparing) -> str:
    """What a pane says while it shows the other orientation."""
    if not comparing.shows_other:
        return ""
    return _tr("last capture") if comparing.source == "capture" else _tr("remembered")


def difference_text(difference: Difference) -> str:
    """Two lines of differences, or that there is none."""
    if max(abs(value) for value in (difference.roll_deg, difference.yaw_deg, difference.pitch_deg, difference.centre_mm)) < 0.05:
        return _tr("the same")
    turned = (("roll", difference.roll_deg), ("yaw", difference.yaw_deg), ("pitch", difference.pitch_deg))
    angles = " · ".join(f"{words.plane_title(name)} {words.angle_text(degrees)}" for name, degrees in turned)
    moved = _tr("sagittal plane {plane} · centre {centre}").format(
        plane=words.mm_text(difference.plane_mm, signed=abs(difference.plane_mm) >= 0.05), centre=words.mm_text(difference.centre_mm)
    )
    return f"{angles}\n{moved}"


class CompareBox(QWidget):
    """Switch, remember, and what the difference is."""

    def __init__(self, comparing: Comparing) -> None:
        super().__init__()
        self._comparing = comparing
        self.switch = parts.chip(_tr("Switch"), _tr("Show the other orientation, and yours again"), Action.COMPARE_ORIENTATION)
        self.switch.clicked.connect(comparing.switch)
        self.keep = parts.chip(_tr("Remember"), _tr("Compare with the present orientation from now on"), Action.REMEMBER_ORIENTATION)
        self.keep.setCheckable(False)
        self.keep.clicked.connect(comparing.remember)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.told.setObjectName("quiet")
        rows = QGridLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setHorizontalSpacing(6)
        rows.setVerticalSpacing(6)
        rows.addWidget(parts.heading(_tr("Compare")), 0, 0)
        rows.addWidget(self.switch, 0, 1)
        rows.addWidget(self.keep, 0, 2)
        rows.addWidget(self.told, 1, 0, 1, 3)
        for column in range(3):
            rows.setColumnStretch(column, 1)
        comparing.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        comparing = self._comparing
        difference = comparing.difference
        with QSignalBlocker(self.switch):
            self.switch.setChecked(comparing.shows_other)
        self.switch.setEnabled(difference is not None)
        if difference is None:
            self.told.setText(_tr("Nothing to compare with yet: capture, or remember an orientation."))
        else:
            self.told.setText(_told(comparing.source, difference, shows_other=comparing.shows_other))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Room for the longest words at this width: nothing below moves while the head is turned."""
        super().resizeEvent(event)
        wide = Difference(roll_deg=-22.2, yaw_deg=-22.2, pitch_deg=-22.2, plane_mm=-22.2, centre_mm=22.2)
        longest = max((_told(source, wide, shows_other=other) for source in SOURCES for other in (False, True)), key=self._height)
        self.told.setMinimumHeight(self._height(longest))

    def _height(self, text: str) -> int:
        room = QRect(0, 0, max(self.width(), 1), 9999)
        return self.told.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), text).height()


def _told(source: Source | None, difference: Difference, *, shows_other: bool) -> str:
    told = _tr("⚠ Shown: {source}. Yours:") if shows_other else _tr("Yours against {source}:")
    text = difference_text(difference)
    return told.format(source=source_words(source)) + ("\n" if "\n" in text else " ") + text
