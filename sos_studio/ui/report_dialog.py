"""What goes into a case's report: PDF, DICOM, and whether it may name the patient."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from sos_studio.ui import parts

MOST_LETTERS = 120


def _tr(text: str) -> str:
    return QCoreApplication.translate("ReportDialog", text)


class ReportDialog(QDialog):
    """Nothing of the patient is written unless somebody types it after a warning."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Report of this case"))
        self.setMinimumWidth(480)
        self.pdf = QCheckBox(_tr("&PDF: pictures, stage, readings, orientation, network"))
        self.dicom = QCheckBox(_tr("&DICOM: secondary captures and a structured report"))
        self.pdf.setChecked(True)
        self.identified = QCheckBox(_tr("The PDF &names the patient"))
        self.warning = parts.red(
            _tr("Whoever gets the file learns who this is. It is written into the PDF only, and nowhere in the project.")
        )
        self.patient = QLineEdit()
        self.patient.setMaxLength(MOST_LETTERS)
        self.patient.setPlaceholderText(_tr("Name, number or date of birth as they shall stand there"))
        self.patient.setAccessibleName(_tr("Patient, as the report names them"))
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText(_tr("Choose a folder…"))
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        for widget in (self.pdf, self.dicom, parts.rule(), self.identified, self.warning, self.patient):
            layout.addWidget(widget)
        layout.addWidget(parts.note(_tr("Else the case goes by its pseudonym, and evaluators by numbers.")))
        layout.addWidget(self._buttons)
        for box in (self.pdf, self.dicom, self.identified):
            box.toggled.connect(lambda _: self._refresh())
        self.patient.textChanged.connect(lambda _: self._refresh())
        self._refresh()

    @property
    def patient_text(self) -> str:
        """What stands at the top of the PDF; empty for a pseudonymous one."""
        return self.patient.text().strip() if self.identified.isChecked() and self.pdf.isChecked() else ""

    def _refresh(self) -> None:
        self.identified.setEnabled(self.pdf.isChecked())
        named = self.identified.isChecked() and self.pdf.isChecked()
        self.warning.setVisible(named)
        self.patient.setVisible(named)
        nameless = named and not self.patient.text().strip()
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(
            (self.pdf.isChecked() or self.dicom.isChecked()) and not nameless
        )
