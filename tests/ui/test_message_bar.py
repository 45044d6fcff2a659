"""Messages that don't block: good news goes by itself, errors stay and wait for one another."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from sos_studio.messages import Message
from sos_studio.ui import message_bar
from sos_studio.ui.message_bar import MessageBar


@pytest.fixture
def bar(qtbot: QtBot) -> MessageBar:
    over = QWidget()
    qtbot.addWidget(over)
    over.resize(500, 400)
    over.show()
    made = MessageBar(over)
    made.over = over
    return made


def test_an_error_stays_until_it_is_dismissed_and_the_next_one_waits(bar: MessageBar) -> None:
    bar.say(Message("a", "The disk is full.", "Make room."), "error")
    bar.say(Message("b", "Saved."), "success")
    bar.say(Message("c", "The scan can't be read."), "error")
    assert bar.text == "The disk is full. Make room."
    bar.dismiss()
    assert bar.text == "The scan can't be read."
    bar.dismiss()
    assert bar.text == ""


def test_good_news_goes_by_itself(bar: MessageBar, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(message_bar.SHOW_MS, "success", 10)
    bar.say(Message("a", "Saved."), "success")
    assert bar.text == "Saved."
    qtbot.waitUntil(lambda: bar.text == "")


def test_a_long_message_is_shown_whole_and_inside(bar: MessageBar) -> None:
    bar.say(Message("a", "A long sentence about what went wrong with this scan. " * 6), "error")
    label = bar._text
    assert label.height() >= label.heightForWidth(label.width())
    assert bar.parentWidget().rect().contains(bar.geometry())
    bar.over.resize(300, 400)
    assert bar.parentWidget().rect().contains(bar.geometry())


def test_messages_about_what_is_over_go_and_others_stay(bar: MessageBar) -> None:
    bar.say(Message("scan.no_dicom", "There is no DICOM image in this folder."), "error")
    bar.say(Message("disk.full", "The disk is full."), "error")
    bar.say(Message("scan.tilted", "The gantry was tilted."), "error")
    bar.outdate("scan.")
    assert bar.text == "The disk is full."
    bar.outdate("scan.")
    assert bar.text == "The disk is full."
    bar.dismiss()
    assert bar.text == ""
