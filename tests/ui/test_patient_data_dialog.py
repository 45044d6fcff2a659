"""What is kept of patients: shown as it is, changed only by a person, the loss said before it happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QMessageBox
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.dataset import cases, pseudonyms
from sos_studio.dataset.patient_data import PatientData, patient_data
from sos_studio.dataset.project import Project
from sos_studio.messages import Message
from sos_studio.presenters.session import Session
from sos_studio.services import patients
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.patient_data_dialog import PatientDataDialog


@pytest.fixture
def opened(session: Session, tmp_path: Path) -> Iterator[Project]:
    """A project with one case that has age and sex."""
    with Project.create(tmp_path / "with patients") as made:
        cases.add_case(made, None, 12, "F")
        session.set_project(made)
        yield made
        session.set_project(None)


@pytest.fixture
def dialog(session: Session, opened: Project, qtbot: QtBot) -> PatientDataDialog:
    made = PatientDataDialog(session, opened)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(made.keep_age.isEnabled)
    return made


def test_an_undecided_project_says_so_and_saving_says_what_it_takes_away(dialog: PatientDataDialog, opened: Project, qtbot: QtBot) -> None:
    assert dialog.keep_age.isChecked(), "as things are: nothing is deleted by what nobody has touched"
    assert dialog.keep_sex.isChecked()
    assert "Not decided yet" in dialog.held.text()
    assert "In the project now: 1 age, 1 sex." in dialog.held.text()
    assert "deletes" not in dialog.held.text()
    assert dialog._save.text() == "Save"
    dialog.keep_age.setChecked(False)
    dialog.keep_sex.setChecked(False)
    assert dialog._save.text() == "Save and delete…"
    assert "deletes 1 age and 1 sex from the project" in dialog.held.text()
    dialog.keep_age.setChecked(True)
    assert "deletes 1 sex" in dialog.held.text()
    dialog._save.click()
    (box,) = dialog.findChildren(QMessageBox)
    box.button(QMessageBox.StandardButton.Yes).click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert patient_data(opened) == PatientData(True, False)
    (summary,) = cases.cases(opened)
    assert (summary.age_years, summary.sex) == (12.0, None)


def test_enter_saves_where_there_is_something_to_save_and_closes_otherwise(session: Session, opened: Project, qtbot: QtBot) -> None:
    patients.decide(opened, keep_age=True, keep_sex=True)
    dialog = PatientDataDialog(session, opened)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.presenter.state.privacy is not None)
    save, close = (dialog.buttons.button(which) for which in (QDialogButtonBox.StandardButton.Save, QDialogButtonBox.StandardButton.Close))
    assert close.isDefault()
    dialog.keep_sex.setChecked(False)
    assert save.isDefault()
    assert not close.isDefault()
    dialog.keep_sex.setChecked(True)
    assert close.isDefault()
    assert dialog.focusWidget() is dialog.keep_age, "a button would be pressed by Enter, default or not"


def test_nothing_is_deleted_before_a_clear_question_whose_answer_is_no_by_default(dialog: PatientDataDialog, opened: Project) -> None:
    dialog.keep_sex.setChecked(False)
    dialog._save.click()
    (box,) = dialog.findChildren(QMessageBox)
    assert box.text() == "Delete 1 sex from this project?"
    assert box.defaultButton() is box.button(QMessageBox.StandardButton.No)
    box.defaultButton().click()
    assert dialog.isVisible()
    assert cases.cases(opened)[0].sex == "F"
    assert patient_data(opened) == PatientData(None, None)


def test_it_says_how_many_cases_lack_what_may_be_kept_and_what_to_do(session: Session, opened: Project, qtbot: QtBot) -> None:
    cases.add_case(opened)
    cases.add_case(opened)
    made = PatientDataDialog(session, opened)
    qtbot.addWidget(made)
    qtbot.waitUntil(made.keep_age.isEnabled)
    made.keep_age.setChecked(False)
    made.keep_sex.setChecked(False)
    assert "none yet" not in made.held.text()
    made.keep_age.setChecked(True)
    assert "2 cases have none yet: open their scans again to add them." in made.held.text()
    made.close()


def test_what_was_decided_is_shown_again_and_needs_no_saving(
    session: Session, dialog: PatientDataDialog, opened: Project, qtbot: QtBot
) -> None:
    told: list[Message] = []
    session.message.connect(lambda message, _: told.append(message))
    dialog.keep_age.setChecked(True)
    dialog.keep_sex.setChecked(True)
    dialog._save.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert [message.code for message in told] == ["patient.settings_saved"]
    again = PatientDataDialog(session, opened)
    qtbot.addWidget(again)
    qtbot.waitUntil(again.keep_age.isEnabled)
    assert again.keep_age.isChecked()
    assert again.keep_sex.isChecked()
    assert not again._save.isEnabled()
    again.close()


def test_the_secret_is_exported_and_a_wrong_one_refused_in_words(
    dialog: PatientDataDialog, opened: Project, tmp_path: Path, qtbot: QtBot
) -> None:
    pseudonyms.pseudonym(opened, "4711")
    dialog.presenter.export_secret(tmp_path / "s.sos-secret")
    qtbot.waitUntil(lambda: "s.sos-secret" in dialog.said.text())
    assert (tmp_path / "s.sos-secret").is_file()
    (tmp_path / "other").write_text("nothing")
    dialog.presenter.import_secret(tmp_path / "other")
    qtbot.waitUntil(lambda: "holds no key" in dialog.problem.text())
    assert dialog.isVisible()
    dialog.presenter.import_secret(tmp_path / "s.sos-secret")
    qtbot.waitUntil(lambda: "join their patients again" in dialog.said.text())
    assert not dialog.problem.isVisible()


def test_a_second_workstation_is_told_what_it_lacks(
    session: Session, opened: Project, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    pseudonyms.pseudonym(opened, "4711")
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "second"))
    made = PatientDataDialog(session, opened)
    qtbot.addWidget(made)
    qtbot.waitUntil(lambda: "not on this computer, so" in made.secret.text())
    assert not made.export.isEnabled()
    assert made.take_in.isEnabled()
    made.close()


def test_a_project_that_is_only_looked_at_cannot_be_changed(session: Session, opened: Project, qtbot: QtBot) -> None:
    with Project.open(opened.directory, read_only=True) as looking:
        made = PatientDataDialog(session, looking)
        qtbot.addWidget(made)
        qtbot.waitUntil(made.take_in.isEnabled)
        assert not made.keep_age.isEnabled()
        assert not made._save.isEnabled()
        assert not made.export.isEnabled()
        made.close()


def test_the_menu_opens_it_for_the_open_project(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    assert not window.keymap[Action.PATIENT_DATA].isEnabled()
    window.session.set_project(project)
    window.keymap[Action.PATIENT_DATA].trigger()
    (dialog,) = window.findChildren(PatientDataDialog)
    qtbot.waitUntil(dialog.keep_age.isEnabled)
    dialog.reject()
    window.session.set_project(None)
