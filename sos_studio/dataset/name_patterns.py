"""Facts in the names of files, such as ``Female 12.6_5.jpg``: sex, age and stage by a pattern that a person sees at work first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.stages import StageScheme
from sos_studio.dataset import label_values

FIELDS = ("patient", "sex", "age", "stage", "evaluator")
# What each field may look like inside a name.
_SHAPES = {
    "patient": r".+?",
    "sex": r"[^\W\d_]+",
    "age": r"\d+(?:[.,]\d+)?",
    "stage": r"(?:\d|[IVXivx]+)",
    "evaluator": r"[^\W\d_]+(?:[ .-][^\W\d_]+)*?",
    "": r".*?",
}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Tried in this order; the first ones say most. The first is the way in which the paper's authors named theirs.
KNOWN_PATTERNS = (
    "{sex} {age}_{stage}",
    "{patient}_{sex}_{age}_{stage}",
    "{sex}_{age}_{stage}",
    "{sex}-{age}-{stage}",
    "{patient}_{age}_{sex}_{stage}",
    "{patient} {sex} {age} {stage}",
    "{patient}-{sex}-{age}-{stage}",
    "{patient}_{age}_{stage}",
    "{patient}_stage{stage}",
    "{patient} stage {stage}",
    "{patient}_{stage}",
    "{patient}-{stage}",
)


@dataclass(frozen=True)
class NamePattern:
    """A pattern such as ``{sex} {age}_{stage}`` of the whole name without its ending; ``{}`` stands for anything that doesn't matter."""

    text: str

    def __post_init__(self) -> None:
        """Refuse what is no pattern: ``import.pattern_bad`` (pattern, fields)."""
        names = _PLACEHOLDER.findall(self.text)
        told = [name.strip() for name in names if name.strip()]
        if not told or len(set(told)) < len(told) or not set(told) <= set(FIELDS):
            raise BadInputError("import.pattern_bad", pattern=self.text, fields=", ".join(f"{{{name}}}" for name in FIELDS))

    @property
    def regex(self) -> re.Pattern[str]:
        """The pattern as an expression with one group per field; several blanks are one."""
        parts, end = [], 0
        for found in _PLACEHOLDER.finditer(self.text):
            parts.append(_literal(self.text[end : found.start()]))
            name = found[1].strip()
            parts.append(f"(?P<{name}>{_SHAPES[name]})" if name else f"(?:{_SHAPES['']})")
            end = found.end()
        return re.compile("".join((*parts, _literal(self.text[end:]))), re.IGNORECASE)

    def facts(self, file_name: str) -> dict[str, str] | None:
        """Text of each field in a file's name; None if the name is not of this pattern."""
        match = self.regex.fullmatch(PurePath(file_name).stem.strip())
        return None if match is None else {name: text.strip() for name, text in match.groupdict().items()}


def suggested(names: Sequence[str], scheme: StageScheme) -> NamePattern | None:
    """The known pattern of which most names are, if at least half are and every fact in them makes sense."""
    if not names:
        return None
    best: tuple[int, NamePattern] | None = None
    for text in KNOWN_PATTERNS:
        pattern = NamePattern(text)
        good = sum(_makes_sense(pattern.facts(name), scheme) for name in names)
        if 2 * good >= len(names) and (best is None or good > best[0]):
            best = good, pattern
    return None if best is None else best[1]


def _makes_sense(facts: dict[str, str] | None, scheme: StageScheme) -> bool:
    if facts is None:
        return False
    try:
        label_values.stage(facts.get("stage", ""), scheme)
        label_values.age_years(facts.get("age", ""))
        label_values.sex(facts.get("sex", ""))
    except SosError:
        return False
    return True


def _literal(text: str) -> str:
    return r"\s+".join(re.escape(part) for part in re.split(r"\s+", text))
