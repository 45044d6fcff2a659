"""Messages that don't block: the newest is seen at once, good news goes by itself, an error comes back until it was read."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from sos_studio.messages import Message
from sos_studio.ui import message_bar
from sos_studio.ui.message_bar import MessageBar


@pytest.fixture
def bar(qtbot: QtBot) -> MessageBar:
    made = MessageBar()
    made.workspace = QWidget()
    made.over = made.below(made.workspace)
    qtbot.addWidget(made.over)
    made.over.resize(500, 400)
    made.over.show()
    return made


def test_the_newest_error_is_seen_at_once_and_the_one_before_comes_back(bar: MessageBar) -> None:
    bar.say(Message("a", "The disk is full.", "Make room."), "error")
    bar.say(Message("c", "The scan can't be read."), "error")
    assert bar.text == "The scan can't be read."
    bar.dismiss()
    assert bar.text == "The disk is full. Make room."
    bar.dismiss()
    assert bar.text == ""


def test_an_error_comes_back_after_good_news(bar: MessageBar, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(message_bar.SHOW_MS, "success", 10)
    bar.say(Message("a", "The disk is full."), "error")
    bar.say(Message("b", "Saved."), "success")
    assert bar.text == "Saved."
    qtbot.waitUntil(lambda: bar.text == "The disk is full.")
    bar.dismiss()
    assert bar.text == "", "good news does not come back"


def test_an_error_said_again_is_not_read_twice(bar: MessageBar) -> None:
    for text in ("The disk is full.", "The scan can't be read.", "The disk is full."):
        bar.say(Message("a", text), "error")
    assert bar.text == "The disk is full."
    bar.dismiss()
    assert bar.text == "The scan can't be read."
    bar.dismiss()
    assert bar.text == ""


def test_what_was_said_goes_when_something_new_is_begun_but_not_unsaved_work(bar: MessageBar) -> None:
    bar.say(Message("scan.truncated", "It is truncated."), "error")
    bar.say(Message("project.newer_version", "It was made by a newer version."), "error")
    bar.begin()
    assert bar.text == ""
    bar.say(Message("project.disk_full", "The disk is full, so this was not saved."), "error")
    bar.say(Message("scan.truncated", "It is truncated."), "error")
    bar.begin()
    assert bar.text == "The disk is full, so this was not saved."
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
    for width in (500, 320):
        bar.over.resize(width, 400)
        QApplication.processEvents()
        assert label.height() >= label.heightForWidth(label.width())
        assert bar.over.rect().contains(bar.geometry())


def test_a_message_covers_nothing_and_a_short_one_moves_nothing(bar: MessageBar) -> None:
    before = bar.workspace.geometry()
    bar.say(Message("a", "Captured and saved."), "success")
    QApplication.processEvents()
    assert bar.workspace.geometry() == before
    assert not bar.geometry().intersects(bar.workspace.geometry())
    bar.dismiss()
    QApplication.processEvents()
    assert bar.workspace.geometry() == before


def test_keys_are_told_while_there_is_no_message(bar: MessageBar) -> None:
    bar.set_hint("1-5 stage")
    assert (bar.text, bar._text.text()) == ("", "1-5 stage")
    bar.say(Message("a", "Saved."), "success")
    bar.set_hint("Ctrl+P predict")
    assert bar._text.text() == "Saved."
    bar.dismiss()
    assert (bar.text, bar._text.text()) == ("", "Ctrl+P predict")
    bar.set_hint("a hint that is far too long for this line " * 5)
    assert bar._text.text().endswith("…")


def test_messages_about_what_is_over_go_and_others_stay(bar: MessageBar) -> None:
    bar.say(Message("scan.no_dicom", "There is no DICOM image in this folder."), "error")
    bar.say(Message("disk.full", "The disk is full."), "error")
    bar.say(Message("scan.tilted", "The gantry was tilted."), "error")
    bar.outdate("scan.")
    assert bar.text == "The disk is full."
    bar.outdate("scan.")
    assert bar.text == "The disk is full."
    bar.dismiss()
    assert bar.text == "", "what it covered is over too"


def test_messages_of_a_topic_go_whatever_their_code(bar: MessageBar) -> None:
    bar.say(Message("window.none_loadable", "None can be opened.", topic="opening"), "error")
    bar.say(Message("scan.truncated", "It is truncated.", topic="opening"), "error")
    bar.say(Message("disk.full", "The disk is full."), "error")
    bar.outdate("opening")
    assert bar.text == "The disk is full."


def test_the_button_of_a_message_that_is_covered_comes_back_with_it(bar: MessageBar) -> None:
    pressed = []
    full, refused = Message("disk.full", "The disk is full."), Message("scan.truncated", "It is truncated.")
    bar.say(refused, "error")
    bar.say(full, "error")
    bar.offer(refused, "Show files…", lambda: pressed.append(refused))
    assert bar._more.isHidden()
    bar.dismiss()
    assert bar._more.isVisible()
    bar._more.click()
    assert pressed == [refused]
    bar.dismiss()
    assert bar._more.isHidden()


@pytest.mark.parametrize("severity", ["info", "success", "warning", "error"])
def test_the_picture_above_keeps_its_height_when_a_message_comes_and_goes(bar: MessageBar, severity: str, qtbot: QtBot) -> None:
    bar.set_hint("Drag a line")
    qtbot.wait(10)
    heights = {bar.workspace.height()}
    bar.say(Message("a", "The frame is saved."), severity)
    qtbot.wait(10)
    heights.add(bar.workspace.height())
    bar.dismiss()
    qtbot.wait(10)
    heights.add(bar.workspace.height())
    assert len(heights) == 1


def test_good_news_of_long_work_stays_until_it_is_read_and_comes_back(
    bar: MessageBar, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(message_bar.SHOW_MS, "success", 10)
    bar.say(Message("window.exported", "Exported 3 of 3 cases to out."), "success")
    qtbot.wait(40)
    assert bar.text == "Exported 3 of 3 cases to out."
    bar.say(Message("b", "Saved."), "success")
    qtbot.waitUntil(lambda: bar.text == "Exported 3 of 3 cases to out.")
    bar.begin()
    assert bar.text == ""
