"""Exclude a case from the dataset, or take it in again: a new row each time, nothing is ever erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sos_studio.core.errors import BadInputError
from sos_studio.core.exclusions import MAX_NOTE, Exclusion
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project


@dataclass(frozen=True)
class Wish:
    """Leave a case out, for a reason and with words of one's own."""

    reason: str
    note: str = ""


def put(project: Project, case_id: str, wish: Wish | None, evaluator: str) -> Exclusion | None:
    """Exclude a case (None: take it in again); when this returns, that survives a power cut.

    Returns
    -------
    Exclusion | None
        What stood before.

    Raises
    ------
    BadInputError
        ``exclusion.no_evaluator``, ``exclusion.no_reason``, ``case.unknown``.
    ProjectError
        If it could not be written; it must then not be shown as done.
    """
    name = evaluator.strip()[:80]
    if not name:
        raise BadInputError("exclusion.no_evaluator")
    before = cases.exclusion(project, case_id)
    if wish is None:
        cases.include(project, case_id, name)
        return before
    reason, note = wish.reason.strip(), wish.note.strip()[:MAX_NOTE]
    if not reason:
        raise BadInputError("exclusion.no_reason")
    cases.exclude(project, case_id, reason, name, note)
    return before


def put_many(project: Project, wishes: Mapping[str, Wish | None], evaluator: str) -> dict[str, Wish | None]:
    """Exclude many cases and take many in, in one durable write: all or none.

    Returns
    -------
    dict
        What stood before, of the cases that changed: given to this function again, it takes everything back.

    Raises
    ------
    BadInputError, ProjectError
        As `put`; then nothing was written.
    """
    name = evaluator.strip()[:80]
    if not name:
        raise BadInputError("exclusion.no_evaluator")
    wanted: dict[str, tuple[str, str] | None] = {}
    for case_id, wish in wishes.items():
        if wish is not None and not wish.reason.strip():
            raise BadInputError("exclusion.no_reason")
        wanted[case_id] = None if wish is None else (wish.reason.strip(), wish.note.strip()[:MAX_NOTE])
    before = cases.set_exclusions(project, wanted, name)
    return {case_id: None if stood is None else Wish(*stood) for case_id, stood in before.items()}
