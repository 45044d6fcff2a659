"""Blinded reading: patient, other evaluators' readings and predictions stay hidden until one's own reading is in the database."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from sos_studio.core.settings import hide_names

if TYPE_CHECKING:
    from sos_studio.presenters.session import Session


HIDDEN = "•••"
# Values of messages that say what blinding hides: pseudonyms, labels, and which cases are one patient's.
_TELLING = frozenset({"patient", "other", "first", "stage", "age", "sex"})
_CASE_ID = re.compile(r"\bcase-\d{4,}\b")


class Blinding:
    """Whether the present evaluator reads this project blinded; remembered for both, on this computer.

    Only a person ends it: where one read blinded, the next evaluator does too until they switch it off, and is told so.

    It belongs to the session, which everybody who shows a case has at hand.
    """

    changed = Signal(bool)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told = False
        # Evaluators, and cases of the open project of which they have been shown what is hidden, or a network's answer.
        self._revealed: set[tuple[str, str]] = set()
        self._ai_shown: set[tuple[str, str]] = set()
        session.project_changed.connect(self._on_project)
        session.evaluator_changed.connect(self._check)
        session.settings_changed.connect(self._check)

    @property
    def on(self) -> bool:
        """Whether things are hidden now."""
        project = self._session.project
        return project is not None and self._session.evaluator in self._session.settings.blinded.get(project.project_id, ())

    def set_on(self, on: bool) -> None:
        """Hide, or show all again."""
        project, evaluator, settings = self._session.project, self._session.evaluator, self._session.settings
        if project is None or on == self.on:
            return
        others = tuple(name for name in settings.blinded.get(project.project_id, ()) if name != evaluator)
        names = (*others, evaluator) if on else others
        rest = {key: value for key, value in settings.blinded.items() if key != project.project_id}
        settings.blinded = {**rest, project.project_id: names} if names else rest
        self._session.save_settings()

    def hand_over(self, name: str) -> bool:
        """Another evaluator is about to sit down; whether things stay hidden for them because they were. The caller saves the settings."""
        project, settings = self._session.project, self._session.settings
        if project is None or not self.on:
            return False
        names = settings.blinded.get(project.project_id, ())
        settings.blinded = {**settings.blinded, project.project_id: tuple(dict.fromkeys((*names, name)))}
        return True

    def name(self, case_id: str) -> str:
        """What a case is called on the screen: its pseudonym, or a number that says nothing."""
        project = self._session.project
        if project is None or not self.on:
            return case_id
        return neutral_number(project.project_id, self._session.evaluator, case_id)

    def names(self, case_ids: Iterable[str], most: int = 5) -> str:
        """What several cases are called, in a row; with more than `most`, the others as dots."""
        called = [self.name(case_id) for case_id in case_ids]
        return ", ".join(called[:most]) + (", …" if len(called) > most else "")

    def text(self, words: str) -> str:
        """Words from below that may name cases: logs of trainings, faults of files."""
        return _CASE_ID.sub(lambda found: self.name(found[0]), words) if self.on else words

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values of a message as this evaluator may see them."""
        if not self.on:
            return dict(values)
        return {name: HIDDEN if name in _TELLING else self._value(value) for name, value in values.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (list, tuple)):
            return [self._value(each) for each in value]
        return {name: self._value(each) for name, each in value.items()} if isinstance(value, Mapping) else value

    def reveal(self, case_id: str) -> None:
        """Note that the evaluator has been shown what is hidden of a case: a later reading of it in this sitting is not blinded."""
        self._revealed.add((self._session.evaluator, case_id))

    def saw_ai(self, case_id: str) -> None:
        """Note that a network's answer about the case is on the screen: a later reading knows it even if the disk refuses the record."""
        self._ai_shown.add((self._session.evaluator, case_id))

    def has_seen_ai(self, case_id: str) -> bool:
        """Whether the evaluator has had such an answer on the screen in this sitting, also before they gave a name."""
        return any((who, case_id) in self._ai_shown for who in ("", self._session.evaluator))

    def holds_for(self, case_id: str) -> bool:
        """Whether a reading of that case would be a blinded one."""
        revealed = (self._session.evaluator, case_id) in self._revealed
        return self.on and not revealed and not self.has_seen_ai(case_id)

    def _on_project(self, project: object) -> None:
        self._revealed.clear()
        self._ai_shown.clear()
        self._check(project)

    def _check(self, _: object) -> None:
        on = self.on
        if on != self._told:
            # A folder is easily called as the patient is.
            hide_names("blinded", hidden=on)
            self._told = on
            self.changed.emit(on)


def neutral_number(project_id: str, evaluator: str, case_id: str) -> str:
    """Six digits that are the same in every sitting and tell neither the order of import nor what other evaluators see."""
    digest = hashlib.sha256(f"{project_id}/{evaluator}/{case_id}".encode()).digest()
    return f"{100_000 + int.from_bytes(digest[:8]) % 900_000}"
