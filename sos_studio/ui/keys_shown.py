"""Keeps menus, tooltips and hints of a window at the keys that are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sos_studio.core.actions import Action
from sos_studio.core.settings import Settings
from sos_studio.ui import hints, keys, words

if TYPE_CHECKING:
    from sos_studio.ui.main_window import MainWindow

STEP_ACTIONS = (Action.STEP_ORIENT, Action.STEP_CROP, Action.STEP_STAGE, Action.STEP_PREDICT)
_STEPS = ("orient", "crop", "stage", "predict")


class KeysShown:
    """Made before the steps, so that it hears of other settings first and they find the new keys.

    Parameters
    ----------
    window
        Whose keymap, tooltips and hints are kept.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        keys.put(window.session.settings.keys)
        window.session.settings_changed.connect(self._on_settings)

    def refresh(self) -> None:
        """Name the keys everywhere."""
        window = self._window
        window.keymap.take_keys()
        keys.refresh_tips(window)
        for n, action in enumerate(STEP_ACTIONS):
            window.tabs.setTabToolTip(n, keys.after(words.plain(words.action_title(action)), action))
        self.show_hint()

    def show_hint(self, *_: object) -> None:
        """What can be done in the step in front."""
        window = self._window
        framed, tool = window.session.roi is not None, window.orient.presenter.measuring.tool
        window.messages.set_hint(hints.step_hint(_STEPS[window.tabs.currentIndex()], framed=framed, tool=tool))

    def _on_settings(self, settings: Settings) -> None:
        if keys.put(settings.keys):
            self.refresh()
