"""Words that the window shows stand in the code only as arguments of a translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sos_studio.core.actions import Action, default_keys

UI = Path(__file__).parents[2] / "sos_studio" / "ui"
MODULES = sorted(UI.glob("*.py"))
TRANSLATING = frozenset({"_tr", "translate", "plural"})
# Marks a string that is translated later, where it is too early or would be too often.
MARKING = "QT_TRANSLATE_NOOP"
# Calls whose strings nobody sees.
SILENT = frozenset(
    {
        "debug", "info", "warning", "error", "exception", "getLogger", "setObjectName", "setProperty", "property", "setStyleSheet",
        "getattr", "compile", "sub", "strftime", "partition", "split", "replace", "removesuffix", "removeprefix", "load", "Path",
    }
)  # fmt: skip
# Calls whose strings are seen, even a single word.
SHOWING = frozenset(
    {
        "setText", "setToolTip", "setWindowTitle", "setPlaceholderText", "setAccessibleName", "setAccessibleDescription", "setTitle",
        "setSuffix", "addItem", "addTab", "addAction", "addMenu", "addRow", "addButton", "QLabel", "QPushButton", "QCheckBox",
        "drawText", "draw_text", "heading", "note", "button", "chip", "paint_banner", "paint_title",
    }
)  # fmt: skip
# The same in every language.
SAME = re.compile(r"<[^>]*>?|SOS Studio|\b(mm|px|CT|GiB|MIP|Ctrl|Shift)\b")
SENTENCE = re.compile(r"[A-Za-z]{2,}[,.:;…]? [A-Za-z]{2,}")
WORD = re.compile(r"[A-Za-z]{3,}")


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""


def strings(node: ast.AST, inside: tuple[ast.AST, ...] = ()) -> Iterator[tuple[ast.Constant, tuple[ast.AST, ...]]]:
    """Every string with what it stands in; docstrings and annotations left out."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                yield child, (*inside, node)
            elif isinstance(child, ast.AST):
                yield from strings(child, (*inside, node))


def untranslated(source: str) -> list[str]:
    found = []
    for string, inside in strings(ast.parse(source)):
        calls = {called(node) for node in inside}
        if calls & (TRANSLATING | SILENT | {MARKING}) or any(isinstance(node, ast.Raise) for node in inside):
            continue
        text = SAME.sub("", string.value)
        innermost = next((called(node) for node in reversed(inside) if isinstance(node, ast.Call)), "")
        if SENTENCE.search(text) or (innermost in SHOWING and WORD.search(text) and isinstance(inside[-1], (ast.Call, ast.JoinedStr))):
            found.append(f"{string.lineno}: {string.value!r}")
    return found


def translated_too_early(source: str) -> list[str]:
    """Translations at import: there is no language yet, and another one never comes."""
    tree = ast.parse(source)
    late = {id(node) for function in ast.walk(tree) if isinstance(function, (ast.FunctionDef, ast.Lambda)) for node in ast.walk(function)}
    return [f"{node.lineno}" for node in ast.walk(tree) if called(node) in TRANSLATING and id(node) not in late]


def made_up(source: str) -> list[str]:
    """Translations of something that is no plain string: no translator ever sees it, unless it is marked elsewhere in the module."""
    if f"{MARKING}(" in source:
        return []
    nodes = ast.walk(ast.parse(source))
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in nodes
        if called(node) == "_tr" and isinstance(node, ast.Call) and not (isinstance(node.args[0], ast.Constant))
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_words_go_through_translation(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert untranslated(source) == []
    assert translated_too_early(source) == []
    assert made_up(source) == []


FORGOTTEN = {
    "word": 'label.setText("Saved")',
    "sentence": 'x = "Two words"',
    "f-string": 'button(f"Stage {n} chosen")',
    "painted": 'draw_text(p, at, "Volume")',
}


@pytest.mark.parametrize("line", FORGOTTEN.values(), ids=FORGOTTEN)
def test_words_that_were_forgotten_are_noticed(line: str) -> None:
    assert untranslated(line)


def test_a_marked_string_may_be_translated_later() -> None:
    assert untranslated('TITLE = QT_TRANSLATE_NOOP("Words", "Two words")') == []
    assert made_up('TITLE = QT_TRANSLATE_NOOP("Words", "Axial")\n_tr(TITLE)') == []
    assert made_up("_tr(TITLE)")


def keys_written_down(source: str) -> list[str]:
    """Sentences that name a key of an action as it is at first: people change their keys."""
    first = {key for action in Action for key in default_keys(action)}
    named = re.compile(r"(?:Ctrl\+|Shift\+|Alt\+)+[A-Z0-9]\b|\bF\d{1,2}\b|\b1-5\b|\(([A-Z])\)")
    found = []
    for string, inside in strings(ast.parse(source)):
        if {called(node) for node in inside} & {*TRANSLATING, MARKING, "Template"}:
            keys = [match.group(1) or match.group() for match in named.finditer(string.value)]
            found += [f"{string.lineno}: {key} in {string.value!r}" for key in keys if key in first or key == "1-5"]
    return found


@pytest.mark.parametrize(
    "path", [*MODULES, *sorted((UI.parent / "messages").glob("*.py"))], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_no_sentence_names_a_key_that_can_be_changed(path: Path) -> None:
    assert keys_written_down(path.read_text(encoding="utf-8")) == []


def test_a_key_in_a_sentence_is_noticed() -> None:
    assert keys_written_down('_tr("Press Ctrl+P.")')
    assert keys_written_down('Template("Remark (M)")')
    assert keys_written_down('_tr("Ctrl+wheel zooms, F10 opens menus")') == []


def test_keys_and_units_are_no_words() -> None:
    assert untranslated('spin.setSuffix(" mm")\nlog.warning("nobody sees this")\nname = "pane-axial"') == []
