"""The adjudication queue by keyboard: what is seen, what a key decides, and what a blinded evaluator is not shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from sos_studio.core.consensus import Rule
from sos_studio.dataset import cases, consensus, events, readings
from sos_studio.dataset.project import Project
from sos_studio.presenters.session import Session
from sos_studio.ui.adjudication_dialog import AdjudicationDialog
from sos_studio.ui.consensus_dialog import ConsensusDialog
from sos_studio.ui.dialogs import EvaluatorDialog
from sos_studio.ui.opinion_column import OpinionColumn
from tests.dataset import builders


@pytest.fixture
def opened(session: Session, tmp_path: Path) -> Iterator[Project]:
    """Two tied cases, one agreed, one that a majority settles."""
    with Project.create(tmp_path / "study") as made:
        for stages in ((2, 4), (3, 3), (1, 5), (2, 2, 3)):
            case_id = builders.staged_case(made, None, seed=len(stages))
            capture_id = cases.case(made, case_id).capture_id or ""
            for name, stage in zip(("Ada", "Ben", "Cleo"), stages, strict=False):
                builders.read(made, case_id, capture_id, stage, name, roi_n=1)
        session.set_evaluator("Chair")
        session.set_project(made)
        yield made
        session.set_project(None)


@pytest.fixture
def dialog(session: Session, opened: Project, qtbot: QtBot) -> AdjudicationDialog:
    return _shown(session, opened, qtbot)


def _shown(session: Session, project: Project, qtbot: QtBot) -> AdjudicationDialog:
    made = AdjudicationDialog(session, project)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.presenter.state.phase in ("asking", "empty"))
    return made


def _columns(dialog: QWidget) -> list[OpinionColumn]:
    return [column for column in dialog.findChildren(OpinionColumn) if column.isVisible()]


def _press(dialog: AdjudicationDialog, key: Qt.Key, qtbot: QtBot) -> None:
    qtbot.keyClick(dialog.columns, key)


def test_the_queue_holds_ties_and_shows_every_reading_with_its_pictures(dialog: AdjudicationDialog) -> None:
    assert dialog.presenter.state.case_ids == ("case-0001", "case-0003")
    assert dialog.where.text() == "case-0001 · 1 of 2"
    assert [column.heading.text().split(",")[0] for column in _columns(dialog)] == ["Ada: stage 2", "Ben: stage 4"]
    assert all(column.full.value_at((5.0, 5.0)) is not None and column.crop.value_at((5.0, 5.0)) is not None for column in _columns(dialog))


def test_one_key_decides_and_it_is_said_once_it_is_saved(dialog: AdjudicationDialog, opened: Project, qtbot: QtBot) -> None:
    _press(dialog, Qt.Key.Key_M, qtbot)
    qtbot.keyClicks(dialog.remark, "3 is between")
    qtbot.keyClick(dialog.remark, Qt.Key.Key_Return)
    assert dialog.isVisible()
    _press(dialog, Qt.Key.Key_3, qtbot)
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "saved")
    summary = cases.case(opened, "case-0001")
    assert (summary.label, summary.adjudicated_by) == (3, "Chair")
    assert readings.readings(opened, "case-0001")[-1].remark == "3 is between"
    assert dialog.said.text().startswith("✓ Stage 3, decided by Chair")
    assert dialog.stages[2].text() == "✓ 3"
    _press(dialog, Qt.Key.Key_N, qtbot)
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "asking")
    assert dialog.where.text() == "case-0003 · 2 of 2"
    assert dialog.remark.text() == ""


@pytest.mark.parametrize(
    ("key", "status", "said"), [(Qt.Key.Key_O, "open", "Left open by Chair"), (Qt.Key.Key_A, "ambiguous", "✓ Ambiguous")]
)
def test_leaving_open_and_ambiguous_are_written_too(
    dialog: AdjudicationDialog, opened: Project, qtbot: QtBot, *, key: Qt.Key, status: str, said: str
) -> None:
    _press(dialog, key, qtbot)
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "saved")
    assert cases.case(opened, "case-0001").status == status
    assert dialog.said.text().startswith(said)


def test_one_s_own_decision_is_taken_back_and_nobody_else_s(
    dialog: AdjudicationDialog, session: Session, opened: Project, qtbot: QtBot
) -> None:
    _press(dialog, Qt.Key.Key_5, qtbot)
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "saved")
    session.set_evaluator("Other")
    dialog.presenter.take_back()
    assert cases.case(opened, "case-0001").label == 5
    session.set_evaluator("Chair")
    qtbot.keyClick(dialog.columns, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: cases.case(opened, "case-0001").label is None)
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "saved")
    assert dialog.said.text().startswith("Not decided")


def test_all_that_differ_holds_what_a_majority_settled_too(dialog: AdjudicationDialog, qtbot: QtBot) -> None:
    dialog.which.setCurrentIndex(1)
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "asking")
    assert dialog.presenter.state.case_ids == ("case-0001", "case-0003", "case-0004")
    dialog.which.setCurrentIndex(2)
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "empty")
    assert dialog.said.text() == "Nothing was decided yet."


def test_whoever_reads_blinded_sees_only_what_they_have_read_themselves(session: Session, opened: Project, qtbot: QtBot) -> None:
    session.set_evaluator("Dora")
    session.blinding.set_on(True)
    dialog = _shown(session, opened, qtbot)
    assert dialog.presenter.state.phase == "empty"
    assert dialog.said.text() == "None of the cases that you have read is here. While you read blinded, the others are not shown."
    assert _columns(dialog) == []
    dialog.reject()
    session.blinding.set_on(False)
    session.set_evaluator("Ada")
    session.blinding.set_on(True)
    dialog = _shown(session, opened, qtbot)
    assert dialog.presenter.state.case_ids == ("case-0001", "case-0003")
    assert "case" not in dialog.where.text()
    session.blinding.set_on(False)


def test_having_looked_is_noted_once(dialog: AdjudicationDialog, opened: Project, qtbot: QtBot) -> None:
    for _ in range(2):
        _press(dialog, Qt.Key.Key_N, qtbot)
        qtbot.waitUntil(lambda: dialog.presenter.state.phase == "asking")
    shown = [(event.case_id, event.who) for event in events.events(opened) if event.kind == events.READINGS_SHOWN]
    assert sorted(shown) == [("case-0001", "Chair"), ("case-0003", "Chair")]


def test_a_decision_asks_who_decides(session: Session, opened: Project, qtbot: QtBot) -> None:
    session.set_evaluator("")
    dialog = _shown(session, opened, qtbot)
    _press(dialog, Qt.Key.Key_3, qtbot)
    (asked,) = dialog.findChildren(EvaluatorDialog)
    asked._name.setText("Chair")
    asked.accept()
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "saved")
    assert cases.case(opened, "case-0001").adjudicated_by == "Chair"


def test_another_rule_is_chosen_by_name_and_empties_the_queue(dialog: AdjudicationDialog, opened: Project, qtbot: QtBot) -> None:
    dialog.change_rule.click()
    (asked,) = dialog.findChildren(ConsensusDialog)
    asked.choose("senior")
    assert asked.senior.isEnabled()
    asked.senior.setCurrentText("Ben")
    asked.accept()
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "empty")
    assert consensus.rule(opened) == Rule(name="senior", senior="Ben")
    assert [(choice.who) for choice in consensus.choices(opened)] == ["Chair"]
    assert dialog.rule.text() == "Rule: senior reader: Ben"


def test_who_only_looks_decides_nothing(session: Session, opened: Project, qtbot: QtBot) -> None:
    with Project.open(opened.directory, read_only=True) as other:
        dialog = _shown(session, other, qtbot)
        assert not dialog.stages[0].isEnabled()
        _press(dialog, Qt.Key.Key_3, qtbot)
        assert dialog.presenter.state.phase == "asking"
        dialog.reject()
    assert cases.case(opened, "case-0001").label is None


def test_whoever_adjudicates_their_own_disagreement_is_told_so(session: Session, opened: Project, qtbot: QtBot) -> None:
    chair = _shown(session, opened, qtbot)
    assert "yours" not in chair.said.text()
    chair.reject()
    session.set_evaluator("Ada")
    dialog = _shown(session, opened, qtbot)
    assert dialog.said.text().endswith("One of these readings is yours: leave the case to somebody else if there is one.")
    _press(dialog, Qt.Key.Key_3, qtbot)
    qtbot.waitUntil(lambda: dialog.presenter.state.phase == "saved")
    assert dialog.said.text().startswith("✓ Stage 3, decided by Ada")
    assert dialog.said.text().endswith("who is one of its readers")
