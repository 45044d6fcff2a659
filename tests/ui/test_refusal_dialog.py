"""Why nothing was opened: the sentence, every series with its reason, and which files are meant."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.messages import message
from sos_studio.presenters.scan_loading import Refusal
from sos_studio.ui.refusal_dialog import NAMED, RefusalDialog, details

SHORT = SeriesInfo(
    "a",
    "CT",
    False,
    (2, 512, 512),
    (1.0, 0.5, 0.5),
    problems=(Problem("scan.too_few_slices", "error", {"slices": 2, "fewest": 3}), Problem("scan.lossy", "warning")),
)
COLOUR = SeriesInfo("b", "OT", False, problems=(Problem("scan.colour", "error", {"photometric": "RGB"}),))
TOLD = message("scan.too_few_slices", {"slices": 2, "fewest": 3})


def refusal(**files: tuple[str, ...]) -> Refusal:
    return Refusal(TOLD, (SHORT, COLOUR), files)


def test_each_series_says_why_not_and_names_its_files() -> None:
    text = details(refusal(a=("IM1", "IM2"), b=("screen.dcm",)))
    assert "Series 1 of 2: CT · 2 slices of 512 × 512" in text
    assert "A volume needs at least 3 slices" in text
    assert "1: IM1\n" in text, "counted as the reasons count slices"
    assert "colour picture" in text
    assert "        screen.dcm" in text
    assert "lossy" not in text, "only what stands in the way"


def test_the_slices_that_a_reason_numbers_are_named() -> None:
    gap = Problem("scan.missing_slices", "error", {"missing": 1, "before": 2, "behind": 3})
    series = SeriesInfo("a", "CT", False, (4, 9, 9), problems=(gap,))
    text = details(Refusal(TOLD, (series,), {"a": ("IM1", "IM2", "IM4", "IM5")}))
    assert "slice 2 is IM2\n        slice 3 is IM4\n" in text
    assert "slice 2 is" not in details(Refusal(TOLD, (series,), {"a": ("all-frames.dcm",)})), "frames of one file are no files"


def test_of_very_many_files_the_rest_is_counted() -> None:
    text = details(refusal(a=tuple(f"IM{n}" for n in range(NAMED + 40))))
    assert f"IM{NAMED - 1}" in text
    assert f"IM{NAMED}" not in text
    assert "and 40 more" in text


def test_a_folder_without_images_lists_what_lies_there() -> None:
    assert details(Refusal(TOLD, (), {"": ("report.pdf",)})) == "    1 file:\n        report.pdf"


def test_no_name_of_a_file_is_in_a_screenshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    text = details(refusal(a=("Doe^Jane.dcm", "x"), b=("y",)))
    assert "2 files" in text
    assert "Doe" not in text


def test_what_to_do_is_said_once(qtbot: QtBot) -> None:
    dialog = RefusalDialog(refusal(a=("IM1", "IM2")))
    qtbot.addWidget(dialog)
    assert dialog.text.count(TOLD.hint) == 1
    assert message("scan.colour").hint not in dialog.text


def test_everything_can_be_copied(qtbot: QtBot) -> None:
    dialog = RefusalDialog(refusal(a=("IM1", "IM2")))
    qtbot.addWidget(dialog)
    dialog.show()
    shown = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert TOLD.text in shown
    assert TOLD.hint in shown
    dialog.copy_button.click()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith(str(TOLD))
    assert "IM2" in copied
    assert dialog.copy_button.text() == "Copied"
