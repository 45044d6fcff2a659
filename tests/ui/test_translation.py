"""Every word on the screen goes through Qt's translation: the window in a pseudo-language, and the code itself."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import PySide6
import pytest
from PySide6.QtCore import QLocale, QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItemIterator,
    QWidget,
)
from pytestqt.qtbot import QtBot

from sos_studio import messages
from sos_studio.core.actions import Action
from sos_studio.dataset.project import Project
from sos_studio.messages import message
from sos_studio.services.scans import OpenedScan
from sos_studio.ui import language, words
from sos_studio.ui.case_delegate import described
from sos_studio.ui.main_window import MainWindow
from tests.ui.everything import open_all, surfaces
from tests.ui.pseudo import PseudoTranslator, outside

# What is the same in every language: keys, units, names of cases, people, programs and formats.
SAME = re.compile(
    r"SOS Studio( [\d.]+)?|Ctrl|Shift|Alt|Return|Enter|Esc|PgUp|PgDown|Del|F\d+|case-\d+|P-?\w+|Dr Test|mm|px|CT|IM1|GiB|project|"
    r"Grad-CAM(\+\+)?|HiResCAM|\b[LRAPSI]\b|test_\w+|/\S+|\b[A-Z]\b|\b(quick|clinic|paper(-literal)?)\b|●+|"
    # Keys, evaluators of the tests, encodings, headers of the test's table and the pattern of its names.
    r"\b(Up|Down|Left|Right)$|\b(Ada|Ben)\b|^(big5|cp\d+|euc_kr|gb18030|mac_roman|shift_jis|utf-\d+)$|^(image|patient|remark|stage)$|\{\w+\}"
)


@pytest.fixture
def pseudo(qapp: QApplication) -> Iterator[PseudoTranslator]:
    translator = PseudoTranslator()
    qapp.installTranslator(translator)
    messages.translate_with(language.translated_message)
    yield translator
    qapp.removeTranslator(translator)


@pytest.fixture
def pseudo_window(pseudo: PseudoTranslator, window: MainWindow) -> MainWindow:
    return window


def visible_texts(surface: QWidget) -> Iterator[str]:
    yield surface.windowTitle()
    for widget in (surface, *surface.findChildren(QWidget)):
        yield from (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.statusTip())
        yield from texts_of(widget)
    for action in surface.findChildren(QAction):
        yield from (action.text(), action.toolTip())


def texts_of(widget: QWidget) -> Iterator[str]:
    match widget:
        case QLabel() | QAbstractButton():
            yield widget.text()
        case QLineEdit():
            yield from (widget.placeholderText(),)
        case QPlainTextEdit():
            yield widget.placeholderText()
        case QComboBox():
            yield from (widget.itemText(n) for n in range(widget.count()))
        case QTabWidget():
            yield from (widget.tabText(n) for n in range(widget.count()))
            yield from (widget.tabToolTip(n) for n in range(widget.count()))
        case QMenu() | QDockWidget():
            yield widget.title() if isinstance(widget, QMenu) else widget.windowTitle()
        case QTreeWidget():
            yield from (widget.headerItem().text(n) for n in range(widget.columnCount()))
            rows = QTreeWidgetItemIterator(widget)
            while rows.value() is not None:
                yield rows.value().text(0)
                rows += 1
        case _:
            yield from (str(getattr(widget, name)) for name in ("empty_text",) if hasattr(widget, name))


def forgotten(surface: QWidget) -> set[str]:
    plain = re.compile(r"<[^>]+>|&\w+;")
    return {text for text in visible_texts(surface) if re.search(r"[^\W\d_]{2,}", SAME.sub("", plain.sub("", outside(text))))}


def test_every_text_of_the_window_and_of_all_dialogs_is_translated(
    pseudo_window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot
) -> None:
    open_all(pseudo_window, project, scan, qtbot)
    found = {name: texts for name, surface in surfaces(pseudo_window, qtbot) if (texts := forgotten(surface))}
    assert found == {}, "\n".join(f"{name}: {sorted(texts)}" for name, texts in found.items())


def test_messages_and_rows_of_lists_are_translated(pseudo_window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    open_all(pseudo_window, project, scan, qtbot)
    assert outside(str(message("window.no_project"))).strip() == ""
    assert not re.search("[a-z]{2,}", SAME.sub("", outside(described(pseudo_window.cases.rows[0], "Dr Test"))))


def test_a_forgotten_text_is_noticed(pseudo: PseudoTranslator, qtbot: QtBot) -> None:
    label = QLabel("Forgotten words")
    qtbot.addWidget(label)
    assert forgotten(label) == {"Forgotten words"}


def test_a_language_may_have_more_forms_of_a_plural_than_english(qapp: QApplication) -> None:
    class Polish(PseudoTranslator):
        def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
            return {1: "{n} plik", 2: "{n} pliki"}.get(n, "{n} plików") if source == "{n} files" else ""

    assert [language.plural("X", "1 file", "{n} files", n) for n in (1, 2, 5)] == ["1 file", "2 files", "5 files"]
    translator = Polish()
    qapp.installTranslator(translator)
    try:
        assert [language.plural("X", "1 file", "{n} files", n) for n in (1, 2, 5)] == ["1 plik", "2 pliki", "5 plików"]
    finally:
        qapp.removeTranslator(translator)


def test_counts_follow_the_language() -> None:
    before = QLocale()
    try:
        QLocale.setDefault(QLocale("de"))
        assert language.plural("X", "1 case", "{n} cases", 1234) == "1.234 cases"
        QLocale.setDefault(QLocale("en"))
        assert language.plural("X", "1 case", "{n} cases", 1234) == "1,234 cases"
    finally:
        QLocale.setDefault(before)


def test_without_a_translation_the_window_speaks_english(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(language.LANGUAGE_VARIABLE, "xx")
    assert language.speak(qapp).language() == QLocale.Language.English
    assert message("window.no_project").text == messages.catalogue()["window.no_project"].text


@pytest.fixture(scope="module")
def extractor():
    path = Path(__file__).parents[2] / "resources" / "tools" / "extract_strings.py"
    spec = importlib.util.spec_from_file_location("extract_strings", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_extractor_finds_words_of_window_menus_plurals_and_messages(extractor, tmp_path: Path) -> None:
    sources = extractor.everything()
    by_text = {(source.context, source.text): source for source in sources}
    assert ("Words", "&Undo") in by_text
    assert ("Words", "Sagittal") in by_text
    assert by_text["CasesDock", "{n} cases"].numerus
    assert any(source.context == "Messages" for source in sources)
    assert all(source.context for source in sources), [source for source in sources if not source.context]


def test_what_was_translated_stays_when_strings_are_collected_again(extractor, tmp_path: Path) -> None:
    path = tmp_path / "sos_studio_de.ts"
    sources = extractor.everything()
    assert extractor.write("de", sources, path) == (len(sources), 0)
    text = path.read_text(encoding="utf-8")
    source = '<source>&amp;Undo</source>\n   <translation type="unfinished" />'
    assert source in text
    path.write_text(text.replace(source, "<source>&amp;Undo</source>\n   <translation>&amp;Zurück</translation>"), encoding="utf-8")
    assert extractor.write("de", sources, path) == (len(sources), 1)
    assert "&amp;Zurück" in path.read_text(encoding="utf-8")


def test_a_finished_translation_is_spoken(extractor, tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sos_studio_de.ts"
    extractor.write("de", extractor.everything(), path)
    text = path.read_text(encoding="utf-8")
    one, forms = "<source>&amp;Undo</source>\n   <translation", "<source>{n} cases</source>\n   <translation"
    text = re.sub(re.escape(one) + r' type="unfinished" />', one + ">&amp;Zurück</translation>", text)
    numerus = ">\n<numerusform>{n} Fall</numerusform><numerusform>{n} Fälle</numerusform></translation>"
    text = re.sub(re.escape(forms) + r' type="unfinished">.*?</translation>', forms + numerus, text, flags=re.DOTALL)
    path.write_text(text, encoding="utf-8")
    release = Path(PySide6.__file__).parent / ("lrelease.exe" if sys.platform == "win32" else "lrelease")
    subprocess.run([release, "-silent", path], check=True, timeout=60)
    monkeypatch.setenv(language.LANGUAGE_VARIABLE, "de_DE")
    monkeypatch.setattr(language, "resource", lambda *_: tmp_path)
    before, installed = QLocale(), set(qapp.findChildren(QTranslator))
    try:
        assert language.speak(qapp).language() == QLocale.Language.German
        assert words.action_title(Action.UNDO) == "&Zurück"
        assert words.action_title(Action.REDO) == "&Redo", "what is not translated yet stays English"
        assert language.plural("CasesDock", "1 case", "{n} cases", 1) == "1 Fall"
        assert language.plural("CasesDock", "1 case", "{n} cases", 1200) == "1.200 Fälle"
    finally:
        for translator in set(qapp.findChildren(QTranslator)) - installed:
            qapp.removeTranslator(translator)
            translator.deleteLater()
        QLocale.setDefault(before)
