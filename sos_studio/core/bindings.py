"""Which keys each action has: the default ones, and those that the person chose instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sos_studio.core.actions import Action, default_keys

Keys = tuple[str, ...]
Bindings = Mapping[Action, Keys]


def in_force(chosen: Mapping[str, Keys]) -> dict[Action, Keys]:
    """Keys of every action, in the actions' order; ids that this version doesn't know are left alone.

    Parameters
    ----------
    chosen
        Keys by action id, as `Settings.keys` has them.
    """
    return {action: tuple(chosen.get(action.value, default_keys(action))) for action in Action}


def differing(bindings: Bindings, before: Mapping[str, Keys]) -> dict[str, Keys]:
    """What `Settings.keys` has to hold for these bindings; ids in `before` that this version doesn't know stay."""
    known = {action.value for action in Action}
    kept = {name: keys for name, keys in before.items() if name not in known}
    return {**kept, **{action.value: keys for action, keys in bindings.items() if keys != default_keys(action)}}


def holders(bindings: Bindings, keys: Iterable[str], *, but: Action) -> dict[str, Action]:
    """Which of some keys other actions have, and which ones."""
    return {key: action for key in keys for action, its in bindings.items() if key in its and action is not but}


def with_keys(bindings: Bindings, action: Action, keys: Keys) -> dict[Action, Keys]:
    """The bindings after an action was given keys; whoever had one of them before loses it."""
    return {other: keys if other is action else tuple(key for key in its if key not in keys) for other, its in bindings.items()}
