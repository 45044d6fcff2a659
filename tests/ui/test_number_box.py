"""Typed numbers: a comma is a decimal point, and a disabled box shows no number of the case before."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
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


def typed(box: NumberBox, text: str) -> float:
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)
    return box.value()


@pytest.mark.parametrize(
    ("text", "kept"), [("500", 7.8), ("-1000", 7.8), ("180.1", 7.8), ("180", 180.0), ("-180", -180.0), ("9" * 14, 7.8)]
)
def test_a_number_beyond_the_range_is_not_taken_and_no_part_of_it(box: NumberBox, text: str, kept: float) -> None:
    box.setValue(7.8)
    assert typed(box, text) == kept
    assert box.text() == f"{kept:.1f}°"


@pytest.mark.parametrize(("text", "turned"), [("500", 140.0), ("-190", 170.0), ("360", 0.0), ("181,5", -178.5), ("90", 90.0)])
def test_a_typed_angle_goes_round(box: NumberBox, text: str, turned: float) -> None:
    box.setWrapping(True)
    assert typed(box, text) == pytest.approx(turned)
    assert box.text() == f"{turned:.1f}°"


def test_words_and_prefixes_are_as_before(qtbot: QtBot) -> None:
    made = NumberBox(0.0, 20.0, 1, 0.5, " mm")
    made.setPrefix("L  ")
    made.setSpecialValueText("plane")
    qtbot.addWidget(made)
    assert made.text() == "plane"
    assert typed(made, "12.5") == 12.5
    assert typed(made, "120") == 12.5
