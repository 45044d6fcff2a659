"""What a project keeps of its patients, and the key for their pseudonyms on its way to a second computer."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFileDialog, QHBoxLayout, QLabel, QMessageBox, QVBoxLayout, QWidget

from sos_studio.dataset.project import Project
from sos_studio.presenters.patient_data import PatientDataPresenter, PatientDataState
from sos_studio.presenters.session import Session
from sos_studio.services.patients import Privacy
from sos_studio.ui import parts
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.language import plural

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
        self.export = parts.button(_tr("&Export the key…"), _tr("Write it to a file for a second computer"))
        self.export.clicked.connect(self._choose_export)
        self.take_in = parts.button(_tr("&Import a key…"), _tr("Use the file that another computer exported"))
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
                "A project never holds a patient's name, number, birth date or address, nor the dates of scans. "
                "Each patient gets an invented name instead, a pseudonym; a later scan of the same patient gets the same one."
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
        key = parts.heading(_tr("Key for the pseudonyms"))
        kept = parts.heading(_tr("May this project also keep these?"))
        for widget in (always, kept, self.keep_age, self.keep_sex, self.held, parts.rule(), key, self.secret):
            layout.addWidget(widget)
        layout.addLayout(row)
        for label in (self.said, self.problem):
            layout.addWidget(label)
        layout.addWidget(self.buttons)

    def _decide(self) -> None:
        privacy = self._shown
        gone = _gone(privacy, self.keep_age.isChecked(), self.keep_sex.isChecked()) if privacy is not None else ""
        if gone:
            self._ask_to_delete(gone)
        else:
            self._save_decision()

    def _ask_to_delete(self, gone: str) -> None:
        title = _tr("Delete from the project?")
        box = QMessageBox(QMessageBox.Icon.Question, title, _tr("Delete {what} from this project?").format(what=gone), parent=self)
        box.setInformativeText(
            _tr(
                "This can't be undone. What a scan says can be added again by opening the scan once the project may keep it; "
                "what came from a table, only from that table."
            )
        )
        box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No)
        box.setDefaultButton(QMessageBox.StandardButton.No)
        box.setEscapeButton(QMessageBox.StandardButton.No)
        box.button(QMessageBox.StandardButton.Yes).clicked.connect(self._save_decision)
        box.finished.connect(box.deleteLater)
        box.open()

    def _save_decision(self) -> None:
        self.presenter.decide(self.keep_age.isChecked(), self.keep_sex.isChecked())

    def _on_saved(self) -> None:
        self.accept()

    def _on_finished(self) -> None:
        # An answer may still be on its way.
        self.presenter.changed.disconnect(self._on_state)
        self.presenter.saved.disconnect(self._on_saved)

    def _choose_export(self) -> None:
        dialog = self._file_dialog(_tr("Export the key for the pseudonyms"), QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(f"{self._project.directory.name}{SECRET_SUFFIX}")
        dialog.fileSelected.connect(lambda name: self.presenter.export_secret(Path(name)))
        dialog.open()

    def _choose_import(self) -> None:
        dialog = self._file_dialog(_tr("Import a key for the pseudonyms"), QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.presenter.import_secret(Path(name)))
        dialog.open()

    def _file_dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        filters = _tr("Keys for pseudonyms (*{suffix})").format(suffix=SECRET_SUFFIX) + ";;" + _tr("All files (*)")
        dialog = file_dialog(self, title, mode, filters)
        dialog.setDirectory(str(Path.home()))
        return dialog

    def _on_state(self, state: PatientDataState) -> None:
        privacy = state.privacy
        if privacy is not None and self._shown is None:
            # As things are: where nobody has decided yet, what a table brought is there, and saving must not mean deleting it.
            data, kept = privacy.data, privacy.kept
            self.keep_age.setChecked(kept.ages > 0 if data.keep_age is None else data.keep_age)
            self.keep_sex.setChecked(kept.sexes > 0 if data.keep_sex is None else data.keep_sex)
        first, self._shown = self._shown is None, privacy
        for box in (self.keep_age, self.keep_sex):
            box.setEnabled(privacy is not None and not state.read_only)
        if first and self.keep_age.isEnabled():  # not a button, which Enter would press
            self.keep_age.setFocus()
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
        to_save = (
            privacy is not None
            and self.keep_age.isEnabled()
            and (privacy.data.keep_age, privacy.data.keep_sex) != (self.keep_age.isChecked(), self.keep_sex.isChecked())
        )
        self._save.setEnabled(to_save)
        deletes = privacy is not None and bool(_gone(privacy, self.keep_age.isChecked(), self.keep_sex.isChecked()))
        self._save.setText(_tr("Save and delete…") if deletes else _tr("Save"))
        # Enter does what there is to do.
        (self._save if to_save else self.buttons.button(QDialogButtonBox.StandardButton.Close)).setDefault(True)
        self.held.setText("" if privacy is None else _held_words(privacy, self.keep_age.isChecked(), self.keep_sex.isChecked()))


def _held_words(privacy: Privacy, age: bool, sex: bool) -> str:
    kept = privacy.kept
    sentences = [_tr("In the project now: {ages}, {sexes}.").format(ages=_ages(kept.ages), sexes=_sexes(kept.sexes))]
    if not privacy.data.decided:
        sentences.append(_tr("Not decided yet: until you save, they are taken from imported tables, but not from scans."))
    lacking = max(kept.scans_without_age if age else 0, kept.scans_without_sex if sex else 0)
    if lacking:
        sentences.append(
            plural(
                "PatientDataDialog",
                "1 case has none yet: open its scan again to add them.",
                "{n} cases have none yet: open their scans again to add them.",
                lacking,
            )
        )
    if not (age and sex):
        sentences.append(_tr("Once saved, what is not ticked is not taken from imported tables either."))
    gone = _gone(privacy, age, sex)
    if gone:
        sentences.append(_tr("Saving deletes {what} from the project for good.").format(what=gone))
    return " ".join(sentences)


def _gone(privacy: Privacy, age: bool, sex: bool) -> str:
    """What saving takes out of the project; empty if nothing."""
    ages = _ages(privacy.kept.ages) if privacy.kept.ages and not age else ""
    sexes = _sexes(privacy.kept.sexes) if privacy.kept.sexes and not sex else ""
    return _tr(" and ").join(filter(None, (ages, sexes)))


def _ages(n: int) -> str:
    return plural("PatientDataDialog", "1 age", "{n} ages", n)


def _sexes(n: int) -> str:
    return plural("PatientDataDialog", "1 sex", "{n} sexes", n)


def _secret_words(privacy: Privacy | None) -> str:
    if privacy is None:
        return ""
    return {
        "here": _tr(
            "With this key a second computer gives the same patient the same pseudonym. It lies on this computer, not in the project. "
            "Keep it as safe as patient data: whoever has it can find out whether a patient they know is in the project."
        ),
        "unused": _tr(
            "With this key a second computer gives the same patient the same pseudonym. It is made with the first scan that you capture "
            "and lies on this computer, not in the project."
        ),
        "missing": _tr(
            "The key is not on this computer, so a later scan of a patient is taken for a new patient here. "
            "Export it on the computer on which the project was begun, then import it here."
        ),
    }[privacy.secret]
