"""Which format a dataset is exported in, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from sos_studio.dataset.exports import FORMATS, WITH_EVALUATORS, ExportFormat, ExportOptions
from sos_studio.services.datasheet.details import FIELDS, MAX_LENGTH
from sos_studio.ui import parts
from sos_studio.ui.language import plural

# Title bar and a little air.
WIDTH_PX, AROUND_PX = 640, 84


def _tr(text: str) -> str:
    return QCoreApplication.translate("ExportDialog", text)


class ExportDialog(QDialog):
    """All formats with one line each; below them what the chosen one asks for.

    Parameters
    ----------
    filled
        What was filled into the project's datasheet before.
    """

    def __init__(self, filled: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Export dataset"))
        self.setMinimumWidth(WIDTH_PX)
        self._group = QButtonGroup(self)
        self.choices = {form: QRadioButton(text) for form, text in _formats().items()}
        for number, form in enumerate(FORMATS):
            self._group.addButton(self.choices[form], number)
        self.by_name = QCheckBox(_tr("Show evaluators by the &names they typed, not as Evaluator 1, 2 …"))
        self.fields = {key: QLineEdit(filled.get(key, "")) for key in FIELDS}
        self._form = self._made_form()
        self._body = QWidget()
        self._scrolled = parts.scrolled(self._body)
        self._tells = parts.note()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText(_tr("Choose a folder…"))
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._lay_out()
        self._group.idToggled.connect(lambda _, on: self._on_format() if on else None)
        self.choices[FORMATS[0]].setChecked(True)

    def of_some(self, count: int) -> None:
        """Only some cases are asked for; a datasheet is about all."""
        self.setWindowTitle(plural("ExportDialog", "Export 1 case", "Export {n} cases", count))
        self.choices["datasheet"].setEnabled(False)

    @property
    def format(self) -> ExportFormat:
        """The chosen one."""
        return FORMATS[self._group.checkedId()]

    @property
    def options(self) -> ExportOptions:
        """What goes with it."""
        details = {key: edit.text().strip() for key, edit in self.fields.items()}
        return ExportOptions(name_evaluators=self.by_name.isChecked(), details=details if self.format == "datasheet" else {})

    def _lay_out(self) -> None:
        inner = QVBoxLayout(self._body)
        inner.setContentsMargins(18, 16, 18, 4)
        inner.setSpacing(8)
        for form in FORMATS:
            inner.addWidget(self.choices[form])
        inner.addWidget(parts.rule())
        inner.addWidget(self.by_name)
        inner.addWidget(self._form)
        inner.addStretch(1)
        inner.addWidget(self._tells)
        inner.addWidget(parts.note(_tr("Patients leave under pseudonyms only, and evaluators unless ticked. Remarks stay in the project.")))
        foot = QVBoxLayout()
        foot.setContentsMargins(18, 4, 18, 14)
        foot.addWidget(self._buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._scrolled, 1)
        layout.addLayout(foot)

    def _made_form(self) -> QWidget:
        rows = QWidget()
        form = QFormLayout(rows)
        form.setContentsMargins(0, 4, 0, 4)
        form.addRow(parts.note(_tr("What only you know. It is kept in the project; don't type a patient's name.")))
        labels = _fields()
        for key, edit in self.fields.items():
            edit.setMaxLength(MAX_LENGTH)
            edit.setAccessibleName(labels[key])
            form.addRow(labels[key], edit)
        return rows

    def _on_format(self) -> None:
        names = self.format in WITH_EVALUATORS
        self.by_name.setEnabled(names)
        self.by_name.setChecked(names and self.by_name.isChecked())
        self._tells.setText(_tells(self.format))
        self._form.setVisible(self.format == "datasheet")
        self._fit()

    def _fit(self) -> None:
        """As high as what it asks, or as the screen allows: the rest scrolls."""
        width = max(self.width(), WIDTH_PX)
        inner = self._body.layout()
        asks = inner.totalHeightForWidth(width) if inner is not None else 0
        foot = self._buttons.sizeHint().height() + 20
        self.resize(width, min(asks + foot, self.screen().availableGeometry().height() - AROUND_PX))
        if self._form.isVisible() and inner is not None:
            # The form has just come: whoever scrolls to it must not wait for the layout that grows the body in its own time.
            width = self._scrolled.viewport().width()
            self._body.resize(width, inner.totalHeightForWidth(width))
            inner.activate()
            self._scrolled.ensureWidgetVisible(next(iter(self.fields.values())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A dialog that grows where it stands would push its buttons off a small screen."""
        super().resizeEvent(event)
        room, frame = self.screen().availableGeometry(), self.frameGeometry()
        if self.isVisible() and frame.bottom() > room.bottom():
            self.move(frame.left(), max(room.top(), room.bottom() - frame.height()))


def _formats() -> dict[ExportFormat, str]:
    return {
        "imagefolder": _tr("&Folders by stage: full images and crops, for torchvision and the like"),
        "yolo": _tr("&YOLO: boxes and oriented boxes around the synchondrosis, side by side"),
        "yolo-obb": _tr("YOLO &oriented boxes alone"),
        "coco": _tr("&COCO: boxes and polygons, with stages as attributes"),
        "csv": _tr("&Tables as CSV: cases, readings and all else, with what the columns mean"),
        "parquet": _tr("Tables as &Parquet: the same, typed"),
        "dicom": _tr("&DICOM: pictures as secondary captures, readings as structured reports"),
        "datasheet": _tr("Data&sheet: what the dataset is, as HTML and PDF, with a methods paragraph"),
    }


def _tells(form: ExportFormat) -> str:
    """Which cases are in, and what their folds are."""
    if form in ("csv", "parquet"):
        return _tr("All cases are in, excluded ones too: a column says so. Folds are there once a training has given them.")
    if form == "dicom":
        return _tr("Excluded cases and cases without a full image are left out.")
    if form == "datasheet":
        return _tr("Excluded cases are counted with their reasons; the figures are of the others with an agreed stage.")
    return _tr("Excluded cases are left out. Until a training gives folds, the division is what it would be today.")


def _fields() -> dict[str, str]:
    return {
        "title": _tr("Title of the dataset"),
        "creators": _tr("Creators and institutions"),
        "contact": _tr("Contact"),
        "licence": _tr("Licence"),
        "citation": _tr("How to cite"),
        "link": _tr("DOI or link"),
        "ethics": _tr("Ethics approval and consent"),
        "funding": _tr("Funding and conflicts of interest"),
        "recruitment": _tr("How cases were chosen"),
        "period": _tr("When the scans were taken"),
        "scanner": _tr("Scanners and their settings"),
        "evaluators": _tr("Evaluators' experience"),
        "limitations": _tr("Known limitations"),
    }
