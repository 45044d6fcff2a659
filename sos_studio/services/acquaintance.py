"""Whether a network learned from the very case that it is asked about: then its being right says nothing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from sos_studio.core.answer_words import Acquaintance
from sos_studio.core.errors import BadInputError
from sos_studio.core.held_out import MANIFESTS_DIR, learned
from sos_studio.core.manifests import Manifest
from sos_studio.core.predictions import ModelCard
from sos_studio.dataset import sql
from sos_studio.dataset.light_readings import plain_rows
from sos_studio.dataset.project import Project


def acquaintance(project: Project, card: ModelCard, case_id: str) -> Acquaintance:
    """What a network, and whoever taught it, has seen of a case.

    Returns
    -------
    ``learned`` of the case itself or the same picture, ``patient`` if only other pictures of the patient were learned from, ``held_out``
    for a case that judged it, ``new`` for one that was not in its training at all, ``unknown`` for a network from elsewhere.

    Raises
    ------
    SosError
        If the project can't be read.
    """
    with project.reading() as session:
        rows = _of_the_patient(session, case_id)
    try:
        known = learned(project.directory, card)
        judged = judged_by(project, card)
    except BadInputError:
        return "unknown"
    if any(case_id in known.cases or picture in known.pictures for _, case, picture in rows if case == case_id):
        return "learned"
    if known.patients_among(rows):
        return "patient"
    return "held_out" if case_id in judged else "new"


# What spoils a right answer most comes first.
_GRAVEST_FIRST: tuple[Acquaintance, ...] = ("learned", "patient", "unknown", "new", "held_out")


def acquaintance_of_all(project: Project, cards: Iterable[ModelCard], case_id: str) -> Acquaintance:
    """What several networks that answer together have seen of a case: the gravest of them counts; errors as `acquaintance`."""
    return min((acquaintance(project, card, case_id) for card in cards), key=_GRAVEST_FIRST.index)


def judged_by(project: Project, card: ModelCard) -> frozenset[str]:
    """Cases that judged a network and that no network of their project ever learns from.

    Raises
    ------
    BadInputError
        ``manifest.unreadable`` for a network from elsewhere.
    """
    return _judged_in(project.directory / MANIFESTS_DIR / f"{card.manifest_id}.json")


def _of_the_patient(session: sql.Session, case_id: str) -> list[tuple[str, str, str]]:
    """Patient, case and hash of picture of all captures of a case's patient."""
    query = (
        "SELECT cases.patient, cases.case_id, coalesce(captures.full_sha256, '') FROM cases "
        "LEFT JOIN captures ON captures.case_id = cases.case_id "
        "WHERE cases.patient = (SELECT patient FROM cases WHERE case_id = ?)"
    )
    return [(str(patient), str(case), str(picture)) for patient, case, picture in plain_rows(session, query, (case_id,))]


@lru_cache(maxsize=16)
def _judged_in(path: Path) -> frozenset[str]:
    """Lists never change once they are frozen."""
    manifest = Manifest.read(path)
    return frozenset(entry.case_id for entry in manifest.entries if entry.fold == manifest.held_out_fold)
