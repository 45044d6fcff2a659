"""Readings that were not taken back, with as much of their rows as lists ask: ten thousand cases can't wait for all of sixty thousand."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sos_studio.dataset import sql

# SQLite takes 32,766 values in one statement; whoever asks for more cases than this asks for all.
MOST_NAMED = 500


class Light(NamedTuple):
    """As much of a reading or a decision that was not taken back as lists and rules ask for."""

    case_id: str
    reading_id: str
    evaluator: str
    stage: int | None
    ambiguous: bool
    capture_id: str
    source: str
    retracts: None = None


def light_readings(session: sql.Session, only: Collection[str] | None = None) -> dict[str, list[Light]]:
    """Each case's readings and decisions that were not taken back, in the order of writing; cases without one are left out.

    `core.consensus.verdict` says the same of these as of all rows.

    Parameters
    ----------
    only
        The cases that are asked for, at most `MOST_NAMED`; None: all.
    """
    names, values = named("case_id", only)
    rows = plain_rows(
        session,
        "SELECT case_id, reading_id, evaluator, stage, ambiguous, capture_id, source FROM readings"
        f" WHERE retracts IS NULL AND {names}"
        f" AND reading_id NOT IN (SELECT retracts FROM readings WHERE retracts IS NOT NULL AND {names}) ORDER BY number",
        (*values, *values),
    )
    by_case: dict[str, list[Light]] = defaultdict(list)
    for case_id, reading_id, evaluator, stage, ambiguous, capture_id, source in rows:
        by_case[case_id].append(Light(case_id, reading_id, evaluator, stage, bool(ambiguous), capture_id, source))
    return by_case


def plain_rows(session: sql.Session, query: str, values: Sequence[str | int] = ()) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them, within the session's transaction: the mapper's would take four times as long."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError("projects are kept in SQLite")
    return connection.execute(query, values).fetchall()


def named(column: str, only: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    """A condition that a column is one of these, and its values; always true for None."""
    if only is None:
        return "1", ()
    if len(only) > MOST_NAMED:
        raise ValueError(f"more than {MOST_NAMED} cases in one statement")
    values = tuple(sorted(only))
    return f"{column} IN ({', '.join('?' * len(values))})", values
