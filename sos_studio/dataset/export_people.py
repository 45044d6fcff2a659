"""Evaluators in exports: by name, or as numbers that say nothing about who they are."""

from __future__ import annotations

from collections.abc import Mapping

from sos_studio.dataset import sql
from sos_studio.dataset.project import Project


def evaluator_names(project: Project, *, by_name: bool) -> Mapping[str, str]:
    """What each evaluator is called in an export.

    Parameters
    ----------
    by_name
        As typed; otherwise ``Evaluator 1``, ``Evaluator 2`` … in the order of their first readings, which no later reading changes. Those
        who only excluded cases, or were only shown predictions, follow.
    """
    with project.reading() as session:
        typed: list[str | None] = []
        for table in (sql.ReadingRow, sql.ExclusionRow, sql.PredictionRow):
            first = sql.func.min(table.number)
            typed += session.scalars(sql.select(table.evaluator).group_by(table.evaluator).order_by(first)).all()
    names = list(dict.fromkeys(name for name in typed if name))
    return {name: name if by_name else f"Evaluator {n}" for n, name in enumerate(names, start=1)}
