"""What a project keeps of its patients, and the secret of their pseudonyms on its way to a second workstation."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from sos_studio.dataset.project import Project
from sos_studio.presenters.patient_data import PatientDataPresenter, PatientDataState
from sos_studio.presenters.session import Session
from sos_studio.services.patients import Privacy
from sos_studio.ui import parts

SECRET_SUFFIX = ".sos-secret"


def _tr(text: str) -> str:
    return QCoreApplication.translate("PatientDataDialog", text)


class PatientDataDialog(QDialog):
    """Settings of the open project."""

    def __init__(self, session: Session, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Patient data kept in this project"))
        self.setMinimumWidth(560)
        self._project = project
        self._shown: Privacy | None = None
        self.keep_age = QCheckBox(_tr("&Age at the scan, in whole years (90 and over as one)"))
        self.keep_sex = QCheckBox(_tr("&Sex"))
        self.held = parts.note()
        self.secret = parts.note()
        self.export = parts.button(_tr("&Export the secret …"), _tr("Write it to a file for a second workstation"))
        self.export.clicked.connect(self._choose_export)
        self.take_in = parts.button(_tr("&Import a secret …"), _tr("Use the file that another workstation exported"))
        self.take_in.clicked.connect(self._choose_import)
        self.said = parts.note()
        self.problem = parts.red()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Close)
        self._save = self.buttons.button(QDialogButtonBox.StandardButton.Save)
        self.buttons.accepted.connect(self._decide)
        self.buttons.rejected.connect(self.reject)
        for box in (self.keep_age, self.keep_sex):
            box.toggled.connect(lambda _: self._on_choice())
        self._lay_out()
        self.presenter = PatientDataPresenter(session, project)
        self.presenter.changed.connect(self._on_state)
        self.presenter.saved.connect(self._on_saved)
        self.finished.connect(self._on_finished)
        self._on_state(self.presenter.state)

    def _lay_out(self) -> None:
        always = QLabel(
            _tr(
                "A patient's name, number, birth date, address and the dates of scans never enter a project. "
                "Cases have a pseudonym, so that further scans join their patient."
            )
        )
        always.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.export)
        row.addWidget(self.take_in)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(10)
        secret = parts.heading(_tr("Secret of the pseudonyms"))
        upper: tuple[QWidget, ...] = (always, parts.heading(_tr("Kept beside the pseudonym")), self.keep_age, self.keep_sex, self.held)
        for widget in (*upper, parts.rule(), secret, self.secret):
            layout.addWidget(widget)
        layout.addLayout(row)
        for label in (self.said, self.problem):
            layout.addWidget(label)
        layout.addWidget(self.buttons)

    def _decide(self) -> None:
        self.presenter.decide(self.keep_age.isChecked(), self.keep_sex.isChecked())

    def _on_saved(self) -> None:
        self.accept()

    def _on_finished(self) -> None:
        # An answer may still be on its way.
        self.presenter.changed.disconnect(self._on_state)
        self.presenter.saved.disconnect(self._on_saved)

    def _choose_export(self) -> None:
        dialog = self._file_dialog(_tr("Export the secret"), QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(f"{self._project.directory.name}{SECRET_SUFFIX}")
        dialog.fileSelected.connect(lambda name: self.presenter.export_secret(Path(name)))
        dialog.open()

    def _choose_import(self) -> None:
        dialog = self._file_dialog(_tr("Import a secret"), QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.presenter.import_secret(Path(name)))
        dialog.open()

    def _file_dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        dialog = QFileDialog(self, title, str(Path.home()))
        dialog.setFileMode(mode)
        dialog.setNameFilter(_tr("Secrets (*{suffix})").format(suffix=SECRET_SUFFIX) + ";;" + _tr("All files (*)"))
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    def _on_state(self, state: PatientDataState) -> None:
        privacy = state.privacy
        if privacy is not None and self._shown is None:
            self.keep_age.setChecked(bool(privacy.data.keep_age))
            self.keep_sex.setChecked(bool(privacy.data.keep_sex))
        self._shown = privacy
        for box in (self.keep_age, self.keep_sex):
            box.setEnabled(privacy is not None and not state.read_only)
        self.secret.setText(_secret_words(privacy))
        self.export.setEnabled(privacy is not None and privacy.secret != "missing" and not (state.read_only and privacy.secret == "unused"))
        self.take_in.setEnabled(privacy is not None)
        self.said.setText(str(state.said) if state.said is not None else "")
        self.said.setVisible(state.said is not None)
        self.problem.setText(str(state.problem) if state.problem is not None else "")
        self.problem.setVisible(state.problem is not None)
        self._on_choice()

    def _on_choice(self) -> None:
        privacy = self._shown
        self._save.setEnabled(
            privacy is not None
            and self.keep_age.isEnabled()
            and (privacy.data.keep_age, privacy.data.keep_sex) != (self.keep_age.isChecked(), self.keep_sex.isChecked())
        )
        self.held.setText("" if privacy is None else _held_words(privacy, self.keep_age.isChecked(), self.keep_sex.isChecked()))


def _held_words(privacy: Privacy, age: bool, sex: bool) -> str:
    sentences = [_tr("In the project now: ages {ages}, sexes {sexes}.").format(ages=privacy.kept.ages, sexes=privacy.kept.sexes)]
    if not privacy.data.decided:
        sentences.append(_tr("Nothing was decided yet: tables of labels are taken as they are, headers of scans give neither."))
    gone = [
        _tr("the ages") if not age and privacy.kept.ages else "",
        _tr("the sexes") if not sex and privacy.kept.sexes else "",
    ]
    if any(gone):
        sentences.append(_tr("Saving takes {what} out of the project for good.").format(what=_tr(" and ").join(filter(None, gone))))
    return " ".join(sentences)


def _secret_words(privacy: Privacy | None) -> str:
    if privacy is None:
        return ""
    return {
        "here": _tr(
            "It is on this computer, not in the project. A second workstation needs it to recognise patients; "
            "whoever has it can test names against the pseudonyms, so keep it like patient data."
        ),
        "unused": _tr("It is made with the first pseudonym, and stays on this computer, not in the project."),
        "missing": _tr(
            "It is not on this computer, so repeat scans are not recognised here. "
            "Export it on the workstation where the project was begun, and import it."
        ),
    }[privacy.secret]
