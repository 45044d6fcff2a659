"""A language in which every translated string stands in brackets, so that what was forgotten stands out."""

from __future__ import annotations

import re

from PySide6.QtCore import QTranslator

OPEN, CLOSE = "⟦", "⟧"
# Keys are read back from their names: Qt's own words for them stay.
LEFT_ALONE = frozenset({"QShortcut"})


class PseudoTranslator(QTranslator):
    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        return source if context in LEFT_ALONE or not source.strip() else f"{OPEN}{source}{CLOSE}"

    def isEmpty(self) -> bool:
        return False


def outside(text: str) -> str:
    """What is left of a text without what stands in brackets."""
    while True:
        shorter = re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", " ", text)
        if shorter == text:
            return text
        text = shorter
