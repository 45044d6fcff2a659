"""Places, lengths and angles as a clinician reads them; menus are named as they are called."""

from __future__ import annotations

import re

import pytest
from PySide6.QtWidgets import QMenu

from sos_studio.core.actions import Action
from sos_studio.messages import catalogue
from sos_studio.ui import words
from sos_studio.ui.main_window import MainWindow


@pytest.mark.parametrize(
    ("lps_mm", "text"),
    [
        ((-108.4, -12.0, 3.1), "R 108.4 · A 12.0 · S 3.1 mm"),
        ((108.44, 12.0, -3.1), "L 108.4 · P 12.0 · I 3.1 mm"),
        ((-0.04, 0.0, -0.0), "L 0.0 · P 0.0 · S 0.0 mm"),
    ],
)
def test_a_place_is_told_by_the_side_it_lies_on_and_never_by_a_minus(lps_mm: tuple[float, float, float], text: str) -> None:
    assert words.place_text(lps_mm) == text


def test_messages_name_only_entries_that_the_menus_have(window: MainWindow) -> None:
    entries = {words.plain(words.action_title(action)) for action in Action}
    entries |= {words.plain(menu.title()) for menu in window.menuBar().findChildren(QMenu)}
    told = [f"{template.text} {template.hint}" for template in catalogue().values()]
    named = [words_behind for text in told for words_behind in re.findall(r"(?:File|Edit|View|Case|Train|Predict|Help) ▸ (.+)", text)]
    assert named
    for words_behind in named:
        assert any(re.match(rf"{re.escape(entry)}(?!\w)", words_behind) for entry in entries), words_behind
