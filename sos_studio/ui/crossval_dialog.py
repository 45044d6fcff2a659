"""What a cross-validation is to compare, before it begins."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from sos_studio.core.crossval import Method, Table
from sos_studio.core.manifests import FOLDS
from sos_studio.core.training import TrainingSettings
from sos_studio.services.crossval import Wish, methods_of
from sos_studio.ui import parts
from sos_studio.ui.choice_box import CountBox


def _tr(text: str) -> str:
    return QCoreApplication.translate("CrossvalDialog", text)


def _methods() -> dict[Method, tuple[str, str]]:
    """Words of each method, and what it tells."""
    return {
        "teacher": (_tr("The expert's &crops (teacher)"), _tr("What staging would be if the SOS were always found")),
        "detector": (_tr("&Finding the SOS (detector)"), _tr("How many frames are found, and how far they are off")),
        "two-stage": (_tr("&Two stages: find the frame, then stage its crop"), _tr("Without a network for full images")),
        "full-image": (_tr("Full &images alone (baseline)"), _tr("Neither teacher nor frames")),
        "windows-only": (_tr("Full images, beginning with &windows"), _tr("The baseline, shown windows about the frame first")),
        "kd-only": (_tr("With teac&her, without attention"), _tr("Distillation without the attention term")),
        "attention-only": (_tr("With &attention, without teacher"), _tr("The attention term without distillation")),
        "framework": (_tr("The whole framewor&k (student)"), _tr("Distillation, attention and stages together")),
    }


class CrossvalDialog(QDialog):
    """Asks for methods, the paper's tables, the ablation and the number of folds.

    Parameters
    ----------
    settings
        Of the chosen preset.
    preset
        Its name.
    """

    def __init__(self, settings: TrainingSettings, preset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle(_tr("Cross-validation"))
        self._methods: dict[Method, QCheckBox] = {}
        self._tables: dict[Table, QCheckBox] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(8)
        told = _tr(
            "Each method is trained anew in each fold and judged by patients that it has not seen. Preset: {preset}, network: {network}."
        )
        text = parts.note(told.format(preset=preset, network=settings.student.network))
        text.setWordWrap(True)
        layout.addWidget(text)
        words = _methods()
        for method in methods_of(settings):
            self._methods[method] = self._box(*words[method], checked=True)
        self._tables[1] = self._box(_tr("The paper's table &1: six networks on crops"), _tr("Large networks: a graphics card is needed"))
        self._tables[2] = self._box(
            _tr("The paper's table &2: seven networks on full images, and the framework"), _tr("The longest of all")
        )
        self._ablation = self._box(_tr("A&blation: one setting changed at a time"), _tr("Each term off; other weights and temperatures"))
        for box in (*self._methods.values(), parts.rule(), *self._tables.values(), self._ablation, parts.rule()):
            layout.addWidget(box)
        self._folds = CountBox()
        self._folds.setRange(1, FOLDS)
        self._folds.setValue(FOLDS)
        self._folds.setToolTip(_tr("Fewer than all are a quick look"))
        label = QLabel(_tr("F&olds"))
        label.setBuddy(self._folds)
        row = QHBoxLayout()
        for part in (label, self._folds):
            row.addWidget(part)
        row.addStretch(1)
        layout.addLayout(row)
        self.summary = parts.note()
        layout.addWidget(self.summary)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(_tr("Start"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout.addWidget(self.buttons)
        self._folds.valueChanged.connect(self._tell)
        self._tell()

    @property
    def wish(self) -> Wish:
        """What is ticked."""
        return Wish(
            methods=tuple(method for method, box in self._methods.items() if box.isChecked()),
            tables=tuple(table for table, box in self._tables.items() if box.isChecked()),
            ablation=self._ablation.isChecked(),
            folds=self._folds.value(),
        )

    def _box(self, text: str, tooltip: str, *, checked: bool = False) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(tooltip)
        box.setChecked(checked)
        box.toggled.connect(self._tell)
        return box

    def _tell(self) -> None:
        wish = self.wish
        arms = len(wish.arms(self._settings))
        told = _tr("Methods compared: {arms}, each in {folds} of {all} folds")
        told += "\n" + _tr(
            "Rounds of training and testing: {n}, one after the other, in the background; they can be cancelled and resumed."
        )
        told = told.format(arms=arms, folds=wish.folds, all=FOLDS, n=arms * wish.folds)
        self.summary.setText(told if arms else _tr("Tick what is to be compared."))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(arms > 0)
