"""Evaluators in exports: by name, or as numbers that say nothing about who they are."""

from __future__ import annotations

from collections.abc import Mapping

from sos_studio.dataset import sql
from sos_studio.dataset.label_table import IMPORTED_EVALUATOR
from sos_studio.dataset.project import Project


def evaluator_names(project: Project, *, by_name: bool) -> Mapping[str, str]:
    """What each evaluator is called in an export.

    Parameters
    ----------
    by_name
        As typed; otherwise ``Evaluator 1``, ``Evaluator 2`` … in the order of their first readings, which no later reading changes. Those
        who only excluded cases, were only shown predictions, or are only a rule's senior reader, follow. What stands for nobody
        (`IMPORTED_EVALUATOR`, stages of tables that name no one) is no evaluator and keeps its word.
    """
    with project.reading() as session:
        typed: list[str | None] = []
        for table in (sql.ReadingRow, sql.ExclusionRow, sql.PredictionRow):
            first = sql.func.min(table.number)
            typed += session.scalars(sql.select(table.evaluator).group_by(table.evaluator).order_by(first)).all()
        typed += session.scalars(sql.select(sql.ConsensusRuleRow.senior).order_by(sql.ConsensusRuleRow.number)).all()
    names = list(dict.fromkeys(name for name in typed if name))
    people = [name for name in names if name != IMPORTED_EVALUATOR]
    called = {name: name if by_name else f"Evaluator {n}" for n, name in enumerate(people, start=1)}
    return called | {name: name for name in names if name == IMPORTED_EVALUATOR}
