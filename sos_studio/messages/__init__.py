"""English words for every code that core, services and the trainer raise.

The window passes the templates through Qt's translation, the command line prints them as they are; both come here so that
the two never say different things. A template is filled with `str.format` from the code's values.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sos_studio.core.settings import names_hidden

# A sentence in another language; the number is the one that it changes with, or -1.
Translate = Callable[[str, int], str]


def _in_english(text: str, _: int) -> str:
    return text


_translations: list[Translate] = []


def translate_with(translate: Translate) -> None:
    """Say everything through a translation from now on."""
    _translations[:] = [translate]


@dataclass(frozen=True)
class Template:
    """One clear sentence saying what is wrong, and what to do about it.

    Attributes
    ----------
    counts
        The value by whose number the sentence changes: `one` and `two` take the place of `text` where they are given.
    """

    text: str
    hint: str = ""
    counts: str = ""
    one: str = ""
    two: str = ""

    def text_for(self, values: Mapping[str, Any], translate: Translate) -> str:
        """The sentence for these values; a language that has it has all forms of it."""
        n = values.get(self.counts)
        number = n if isinstance(n, int) else -1
        made = translate(self.text, number)
        form = {1: self.one, 2: self.two}.get(number, "")
        return translate(form, -1) if form and made == self.text else made


@dataclass(frozen=True)
class Message:
    """Words for a person.

    Attributes
    ----------
    topic
        What they are about, where that can be over while they are still shown; see `MessageBar.outdate`.
    """

    code: str
    text: str
    hint: str = ""
    topic: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.hint}".strip()


@cache
def catalogue() -> Mapping[str, Template]:
    """All templates: every module of this package has a dict ``MESSAGES``.

    Raises
    ------
    ValueError
        If two modules give words for one code.
    """
    merged: dict[str, Template] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for code, template in module.MESSAGES.items():
            if code in merged:
                raise ValueError(f"two texts for {code}")
            merged[code] = template
    return merged


def _readable(value: Any) -> Any:
    """Lists as a person writes them; a list of ``{"where", "what"}`` faults as "where: what", one of codes in their words."""
    if not isinstance(value, (list, tuple)):
        return value
    parts = [_fault(v) if isinstance(v, Mapping) else str(v) for v in value]
    return ("; " if any(isinstance(v, Mapping) for v in value) else ", ").join(parts)


def _fault(fault: Mapping[str, Any]) -> str:
    if {"code", "values"} <= set(fault):
        return message(fault["code"], fault["values"]).text.removesuffix(".")
    return f"{fault['where']}: {fault['what']}" if {"where", "what"} <= set(fault) else str(fault)


# Values that are keywords of DICOM attributes; as text they are set apart by ", ".
_ATTRIBUTES = frozenset({"attribute", "attributes", "missing"})


def _attributes(value: Any) -> Any:
    """Keywords in plain words, each once."""
    if not isinstance(value, str):
        return value
    return ", ".join(dict.fromkeys(_attribute(keyword) for keyword in value.split(", ")))


def _attribute(keyword: str) -> str:
    code = f"attribute.{keyword}"
    return message(code).text if code in catalogue() else keyword


# Values that are names from somebody's disk.
_NAMES = frozenset({"file", "folder", "project"})


def wall_clock(value: Any) -> Any:
    """A moment (ISO 8601) as the clock on the wall shows it; anything else as it is."""
    try:
        return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M")
    except (TypeError, ValueError):
        return value


def _told(name: str, value: Any) -> Any:
    if name.endswith("_utc"):
        return wall_clock(value)
    return _attributes(value) if name in _ATTRIBUTES else _readable(value)


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def message(code: str, values: Mapping[str, Any] | None = None) -> Message:
    """Words for a code; an unknown one says so plainly instead of failing in the middle of telling of a failure."""
    template = catalogue().get(code, Template("Something unexpected happened ({code}).", "The log has the details."))
    hidden = _NAMES if names_hidden() else frozenset()
    filled = _Lenient({"code": code, **{name: "•••" if name in hidden else _told(name, value) for name, value in (values or {}).items()}})
    translate = _translations[0] if _translations else _in_english
    hint = translate(template.hint, -1) if template.hint else ""
    return Message(code, template.text_for(values or {}, translate).format_map(filled), hint.format_map(filled))
