"""Changing the keys of actions: a key that is taken is named first, and the person decides who has it. Without Qt."""

from __future__ import annotations

from dataclasses import dataclass

from psygnal import Signal

from sos_studio.core import bindings
from sos_studio.core.actions import Action, default_keys
from sos_studio.core.bindings import Keys
from sos_studio.core.pane_keys import Gesture, taken_by
from sos_studio.presenters.session import Session


@dataclass(frozen=True)
class Clash:
    """Keys that were wanted for `action` and belong to others.

    Attributes
    ----------
    held
        Who has which of them.
    keys
        All keys that the action would have.
    """

    action: Action
    keys: Keys
    held: dict[str, Action]


@dataclass(frozen=True)
class Refused:
    """A key that no action can have: a pane takes it itself (`gesture`), or the menus do (None)."""

    key: str
    gesture: Gesture | None


class ShortcutEditor:
    """Works on the person's settings; every change is saved at once.

    Signals
    -------
    changed
        Other keys are in force.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def bindings(self) -> dict[Action, Keys]:
        """Keys of every action now."""
        return bindings.in_force(self._session.settings.keys)

    def is_changed(self, action: Action) -> bool:
        """Whether an action has other keys than at first."""
        return self.bindings[action] != default_keys(action)

    @property
    def any_changed(self) -> bool:
        """Whether resetting all would do anything."""
        return any(self.is_changed(action) for action in Action)

    def give(self, action: Action, key: str, *, beside: bool = False) -> Clash | Refused | None:
        """Give an action a key in place of its own, or `beside` them; what stands in the way is handed back and nothing is changed."""
        if opens_menus(key):
            return Refused(key, None)
        gesture = taken_by(key)
        if gesture is not None:
            return Refused(key, gesture)
        now = self.bindings[action]
        if key in now and beside:
            return None
        return self._put(action, (*now, key) if beside else (key,))

    def take_all(self, action: Action) -> None:
        """Leave an action without keys."""
        self._put(action, ())

    def reset(self, action: Action) -> Clash | None:
        """Its first keys again; whoever has them meanwhile is handed back."""
        return self._put(action, default_keys(action))

    def reset_all(self) -> None:
        """All first keys again."""
        self._save({action: default_keys(action) for action in Action})

    def resolve(self, clash: Clash) -> None:
        """The action gets its keys; the others lose them."""
        self._save(bindings.with_keys(self.bindings, clash.action, clash.keys))

    def _put(self, action: Action, keys: Keys) -> Clash | None:
        held = bindings.holders(self.bindings, keys, but=action)
        if held:
            return Clash(action, keys, held)
        self._save({**self.bindings, action: keys})
        return None

    def _save(self, made: dict[Action, Keys]) -> None:
        settings = self._session.settings
        chosen = bindings.differing(made, settings.keys)
        if chosen == settings.keys:
            return
        settings.keys = chosen
        self._session.save_settings()
        self.changed.emit()


def opens_menus(key: str) -> bool:
    """Whether Alt and a letter are pressed: that opens a menu, or presses a button, in every language another one."""
    return key.startswith("Alt+") and len(key) == len("Alt+X") and key[-1].isalpha()
