"""What of the cases list is shown: search, status, stage, evaluator."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from sos_studio.core.stages import BASSED_5
from sos_studio.presenters.case_rows import Filter, Status
from sos_studio.ui.choice_box import ChoiceBox


def _tr(text: str) -> str:
    return QCoreApplication.translate("CasesDock", text)


class CaseFilters(QWidget):
    """The fields; `changed` after each choice and each letter."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(_tr("Search cases"))
        self.search.textChanged.connect(self._on_change)
        self.status = self._make_status()
        self.stage = self._make_stage()
        self.reader = self._make_reader()
        pair = QHBoxLayout()
        pair.setSpacing(6)
        pair.addWidget(self.status, 3)
        pair.addWidget(self.stage, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 6)
        layout.setSpacing(6)
        layout.addWidget(self.search)
        layout.addLayout(pair)
        layout.addWidget(self.reader)
        self.set_blinded(False)

    @property
    def wanted(self) -> Filter:
        """What is chosen."""
        reader = self.reader.currentData() if self.reader.isVisibleTo(self) else None
        return Filter(self.search.text(), self.status.currentData(), self.stage.currentData(), reader)

    def set_possible(self, possible: bool) -> None:
        """Whether there is anything to choose from."""
        for widget in (self.search, self.status, self.stage, self.reader):
            widget.setEnabled(possible)

    def set_blinded(self, blinded: bool) -> None:
        """What a case is found by."""
        self.search.setPlaceholderText(_tr("Search numbers") if blinded else _tr("Search cases and pseudonyms"))

    def clear(self) -> None:
        """Show all cases again, told once."""
        with QSignalBlocker(self.search), QSignalBlocker(self.status), QSignalBlocker(self.stage), QSignalBlocker(self.reader):
            self.search.clear()
            for box in (self.status, self.stage, self.reader):
                box.setCurrentIndex(0)
        self.changed.emit()

    def offer_readers(self, names: Sequence[str]) -> bool:
        """Offer these evaluators, and nothing if there are fewer than two; whether what is chosen had to change."""
        offered = [self.reader.itemData(n) for n in range(1, self.reader.count())]
        if offered == list(names):
            return False
        before, chosen = self.wanted, self.reader.currentData()
        with QSignalBlocker(self.reader):
            while self.reader.count() > 1:
                self.reader.removeItem(1)
            for name in names:
                self.reader.addItem(_tr("Read by {name}").format(name=name), name)
            self.reader.setCurrentIndex(max(0, self.reader.findData(chosen)) if chosen is not None else 0)
        self.reader.setVisible(len(names) > 1)
        return self.wanted != before

    def _on_change(self) -> None:
        self.changed.emit()

    def _make_status(self) -> ChoiceBox:
        box = ChoiceBox()
        names: tuple[tuple[Status, str], ...] = (
            ("all", _tr("All cases")),
            ("to_capture", _tr("To capture")),
            ("to_crop", _tr("To crop")),
            ("to_stage", _tr("To stage")),
            ("staged", _tr("Staged by me")),
            ("to_adjudicate", _tr("To adjudicate")),
            ("predicted", _tr("Predicted")),
            ("excluded", _tr("Excluded")),
        )
        for status, text in names:
            box.addItem(text, status)
        box.setAccessibleName(_tr("Filter by status"))
        box.setToolTip(_tr("Show only cases of this status"))
        box.currentIndexChanged.connect(self._on_change)
        return box

    def _make_stage(self) -> ChoiceBox:
        box = ChoiceBox()
        box.addItem(_tr("Any stage"), None)
        for stage in BASSED_5.stages:
            box.addItem(_tr("Stage {n}").format(n=stage.number), stage.number)
        box.setAccessibleName(_tr("Filter by the stage shown"))
        box.setToolTip(_tr("Show only cases whose row says this stage: the label, or your own reading while the others' are hidden"))
        box.currentIndexChanged.connect(self._on_change)
        return box

    def _make_reader(self) -> ChoiceBox:
        box = ChoiceBox()
        box.addItem(_tr("Read by anyone or no one"), None)
        box.setAccessibleName(_tr("Filter by evaluator"))
        box.setToolTip(_tr("Show only cases with a reading by this evaluator"))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.setVisible(False)
        box.currentIndexChanged.connect(self._on_change)
        return box
