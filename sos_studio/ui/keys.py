"""The keys that are in force in this application, as its palette is; whoever shows a key asks here each time."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from sos_studio.core import bindings
from sos_studio.core.actions import Action
from sos_studio.core.bindings import Keys
from sos_studio.ui import words

# Properties of a widget whose tooltip names the key of an action; `refresh_tips` writes it anew.
_TIP, _ACTION = "tipWithoutKey", "tipAction"

_in_force: dict[Action, Keys] = bindings.in_force({})


def put(chosen: Mapping[str, Keys]) -> bool:
    """Other keys, as `Settings.keys` has them; tells whether that changes anything."""
    made = bindings.in_force(chosen)
    if made == _in_force:
        return False
    _in_force.update(made)
    return True


def of(action: Action) -> Keys:
    """Portable key texts of an action; the first one is shown in menus."""
    return _in_force[action]


def native(key: str) -> str:
    """A key as it is written on this computer's keyboard."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def all_of(action: Action) -> str:
    """All keys of an action: ``Ctrl+Y or Ctrl+Shift+Z``."""
    return QCoreApplication.translate("Keys", " or ").join(native(key) for key in of(action))


def named(action: Action) -> str:
    """The key to press; an action without one goes by its name in the menu."""
    keys = of(action)
    return native(keys[0]) if keys else f"“{words.plain(words.action_title(action))}”"


def after(text: str, *actions: Action) -> str:
    """Words with the first key of each action behind them: ``Crop (Ctrl+2)``."""
    shown = [native(of(action)[0]) for action in actions if of(action)]
    return f"{text} ({', '.join(shown)})" if shown else text


def span(*actions: Action) -> str:
    """The keys of actions that stand in a row: ``1-5``, or one by one where a person has changed them."""
    firsts = [of(action)[0] if of(action) else "" for action in actions]
    if all(key.isdigit() for key in firsts) and [int(key) - int(firsts[0]) for key in firsts] == list(range(len(firsts))):
        return f"{firsts[0]}-{firsts[-1]}"
    return " ".join(named(action) for action in actions)


def set_tip(widget: QWidget, text: str, action: Action) -> None:
    """A tooltip that names the key of an action, and goes on doing so when the key is changed."""
    widget.setProperty(_TIP, text)
    widget.setProperty(_ACTION, action.value)
    widget.setToolTip(after(text, action))


def refresh_tips(window: QWidget) -> None:
    """Name the keys that are in force now in all tooltips of a window."""
    for widget in (window, *window.findChildren(QWidget)):
        action = widget.property(_ACTION)
        if action is not None:
            widget.setToolTip(after(str(widget.property(_TIP)), Action(action)))
