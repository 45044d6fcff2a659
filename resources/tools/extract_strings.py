"""Collect every string that can be translated, for a new or a grown language: ``python resources/tools/extract_strings.py de``.

Writes or brings up to date ``resources/translations/sos_studio_<language>.ts`` for Qt Linguist; what was translated there already is
kept. ``pyside6-lrelease`` then makes the ``.qm`` file that the program loads. Qt's own ``lupdate`` does not know our `_tr`.
"""

from __future__ import annotations

import argparse
import ast
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
PLACE = ROOT / "resources" / "translations"
MESSAGES = "Messages"


@dataclass(frozen=True)
class Source:
    """A string as it stands in the code; `numerus`: it changes with a number, and a language may have several forms of it."""

    context: str
    text: str
    numerus: bool = False


def context_of(tree: ast.Module) -> str:
    """The context of a module's `_tr`; empty if it has none."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "_tr":
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and called(call) == "translate":
                    return str(literal(call.args[0]) or "")
    return ""


def called(call: ast.Call) -> str:
    """The last part of what is called: ``translate`` of ``QCoreApplication.translate``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def literal(node: ast.expr) -> str | None:
    """A string that stands in the code."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def of_module(path: Path) -> Iterator[Source]:
    """Strings of one module of the window."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    context = context_of(tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name, texts = called(call), [literal(argument) for argument in call.args]
        if name == "_tr" and texts and texts[0] is not None:
            yield Source(context, texts[0])
        elif name in ("translate", "QT_TRANSLATE_NOOP") and len(texts) >= 2 and texts[0] is not None and texts[1] is not None:
            yield Source(texts[0], texts[1])
        elif name == "plural" and len(texts) >= 3 and None not in texts[:3]:
            yield Source(str(texts[0]), str(texts[1]))
            yield Source(str(texts[0]), str(texts[2]), numerus=True)


def of_messages() -> Iterator[Source]:
    """Sentences for codes."""
    from sos_studio.messages import catalogue

    for template in catalogue().values():
        yield Source(MESSAGES, template.text, numerus=bool(template.counts))
        yield from (Source(MESSAGES, text) for text in (template.hint, template.one, template.two) if text)


def everything() -> list[Source]:
    """All strings, each once, in a steady order."""
    found = {source for path in sorted((ROOT / "sos_studio" / "ui").glob("*.py")) for source in of_module(path)}
    return sorted({*found, *of_messages()}, key=lambda source: (source.context, source.text, source.numerus))


def write(language: str, sources: list[Source], path: Path) -> tuple[int, int]:
    """Write the file for translators; tells how many strings there are and how many are translated."""
    kept: dict[tuple[str, str], ET.Element] = {}
    if path.exists():
        for context in ET.parse(path).getroot().iter("context"):
            for entry in context.iter("message"):
                translation = entry.find("translation")
                if translation is not None and translation.get("type") != "unfinished":
                    kept[context.findtext("name", ""), entry.findtext("source", "")] = translation
    root = ET.Element("TS", version="2.1", language=language, sourcelanguage="en")
    contexts: dict[str, ET.Element] = {}
    for source in sources:
        if source.context not in contexts:
            contexts[source.context] = ET.SubElement(root, "context")
            ET.SubElement(contexts[source.context], "name").text = source.context
        entry = ET.SubElement(contexts[source.context], "message", {"numerus": "yes"} if source.numerus else {})
        ET.SubElement(entry, "source").text = source.text
        done = kept.get((source.context, source.text))
        if done is not None:
            entry.append(done)
        else:
            waiting = ET.SubElement(entry, "translation", type="unfinished")
            if source.numerus:
                ET.SubElement(waiting, "numerusform")
    ET.indent(root, " ")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{ET.tostring(root, encoding="unicode")}\n', encoding="utf-8")
    return len(sources), sum((source.context, source.text) in kept for source in sources)


def main() -> None:
    """Read the arguments and go."""
    parser = argparse.ArgumentParser(description="Collect the strings that a translation needs.")
    parser.add_argument("language", help="as Qt names it: de, fr, pt_BR …")
    parser.add_argument("--out", type=Path, default=PLACE)
    arguments = parser.parse_args()
    path = arguments.out / f"sos_studio_{arguments.language}.ts"
    count, done = write(arguments.language, everything(), path)
    sys.stdout.write(f"{path}: {count} strings, {done} translated\n")


if __name__ == "__main__":
    main()
