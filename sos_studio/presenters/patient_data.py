"""File ▸ Patient data kept in this project: what is kept of patients, and the key for their pseudonyms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psygnal import Signal

from sos_studio.core.errors import SosError, refusal
from sos_studio.dataset.project import Project
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session
from sos_studio.services import patients
from sos_studio.services.patients import Privacy


@dataclass(frozen=True, eq=False)
class PatientDataState:
    """What the dialog shows; `privacy` is None until it was read. `said` is good news, `problem` is not."""

    privacy: Privacy | None = None
    read_only: bool = False
    said: Message | None = None
    problem: Message | None = None


class PatientDataPresenter:
    """Settings of the open project; every change is written off the GUI thread.

    Signals
    -------
    changed
        There is something else to show.
    saved
        The decision is in the project.
    """

    changed = Signal(PatientDataState)
    saved = Signal()

    def __init__(self, session: Session, project: Project) -> None:
        self._session, self._project = session, project
        self.state = PatientDataState(read_only=project.read_only)
        self._run(lambda: None, lambda: None)

    def decide(self, keep_age: bool, keep_sex: bool) -> None:
        """Keep or don't keep from now on; what may no longer be kept goes out of all cases."""
        project = self._project

        def saved() -> None:
            self._session.cases_changed.emit()
            if self.state.privacy is not None:
                self._tell_saved(self.state.privacy)
            self.saved.emit()

        scan, case_id = self._session.scan, self._session.scan_case_id
        who = self._session.evaluator

        def decide() -> None:
            patients.decide(project, keep_age=keep_age, keep_sex=keep_sex, who=who)
            if scan is not None and case_id is not None:
                patients.fill_in(project, case_id, scan.identity)

        self._run(decide, saved)

    def _tell_saved(self, privacy: Privacy) -> None:
        """What is there now, and how to come by what is not."""
        kept = privacy.kept
        ages, sexes = message("patient.ages", {"count": kept.ages}), message("patient.sexes", {"count": kept.sexes})
        lacking = []
        if privacy.data.keep_age and kept.scans_without_age:
            lacking.append(message("patient.without_age", {"count": kept.scans_without_age}))
        if privacy.data.keep_sex and kept.scans_without_sex:
            lacking.append(message("patient.without_sex", {"count": kept.scans_without_sex}))
        code = "patient.settings_saved_lacking" if lacking else "patient.settings_saved"
        self._session.tell(code, "success", ages=str(ages), sexes=str(sexes), lacking=" ".join(map(str, lacking)))

    def export_secret(self, file: Path) -> None:
        """Write the secret for a second workstation."""
        project = self._project
        self._run(lambda: patients.export_secret(project, file), lambda: self._show(said=message("secret.exported", {"file": file.name})))

    def import_secret(self, file: Path) -> None:
        """Use the secret that another workstation exported."""
        project = self._project
        self._run(lambda: patients.import_secret(project, file), lambda: self._show(said=message("secret.imported")))

    def _run(self, work: Callable[[], object], then: Callable[[], None]) -> None:
        """Do it, read the settings again, then say what is to be said."""
        project = self._project

        def both() -> Privacy:
            work()
            return patients.privacy(project)

        def done(privacy: Privacy) -> None:
            self._show(privacy=privacy, problem=None, said=None)
            then()

        self._session.background.run(both, done, self._failed, key="patient-data")

    def _failed(self, error: Exception) -> None:
        if isinstance(error, SosError):
            problem = message(error.code, error.values)
        elif isinstance(error, OSError):
            problem = message(*refusal(error))
        else:
            problem = message("internal", {"kind": type(error).__name__})
        self._show(problem=problem, said=None)

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)
