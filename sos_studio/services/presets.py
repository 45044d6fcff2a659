"""Presets of training settings, and the ``K=V`` overrides of the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from sos_studio.core.errors import BadInputError
from sos_studio.core.resources import resource
from sos_studio.core.training import TrainingSettings, training_settings

DEFAULT_PRESET = "quick"
_ORDER = ("quick", "clinic", "paper", "paper-literal")


def names() -> tuple[str, ...]:
    """All presets, the quick one first."""
    found = [entry.name.removesuffix(".toml") for entry in resource("presets").iterdir() if entry.name.endswith(".toml")]
    known = [name for name in _ORDER if name in found]
    return (*known, *sorted(set(found) - set(known)))


def load(name: str) -> dict[str, Any]:
    """The tables of a preset file.

    Raises
    ------
    BadInputError
        ``training.unknown_preset``.
    """
    if name not in names():
        raise BadInputError("training.unknown_preset", preset=name, presets=", ".join(names()))
    return tomllib.loads((resource("presets") / f"{name}.toml").read_text(encoding="utf-8"))


def settings(name: str = DEFAULT_PRESET, overrides: Mapping[str, Any] | None = None) -> TrainingSettings:
    """Validated settings of a preset with ``{"student.alpha": 0.02}``-style overrides.

    Raises
    ------
    BadInputError
        ``training.unknown_preset``, or ``training.bad_settings`` with every fault at once.
    """
    return training_settings(load(name), dict(overrides or {}))


def parse_overrides(assignments: Iterable[str]) -> dict[str, Any]:
    """``["student.alpha=0.02", "student.network=resnet18"]`` as a dict; values are TOML, bare words are text.

    Raises
    ------
    BadInputError
        ``training.bad_override`` for an item without ``=``.
    """
    overrides: dict[str, Any] = {}
    for item in assignments:
        key, equals, value = item.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise BadInputError("training.bad_override", item=item)
        overrides[key.strip()] = _value(value.strip())
    return overrides


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
