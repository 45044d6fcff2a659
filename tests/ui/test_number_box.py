"""Typed numbers: a comma is a decimal point, and a disabled box shows no number of the case before."""

from __future__ import annotations

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from sos_studio.ui.number_box import NOTHING, NumberBox


@pytest.fixture
def box(qtbot: QtBot) -> NumberBox:
    made = NumberBox(-180.0, 180.0, 1, 0.1, "°")
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize("typed", ["5,5", "5.5", "+5,5"])
def test_a_comma_is_a_decimal_point(box: NumberBox, typed: str) -> None:
    box.selectAll()
    QTest.keyClicks(box, typed)
    box.interpretText()
    assert box.value() == 5.5


def test_a_disabled_box_shows_a_dash_and_keeps_its_value(box: NumberBox) -> None:
    box.setValue(7.8)
    box.setEnabled(False)
    assert box.text() == f"{NOTHING}°"
    box.setEnabled(True)
    assert box.text() == "7.8°"
    assert box.value() == 7.8
