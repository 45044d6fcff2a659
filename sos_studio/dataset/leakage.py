"""Would a model be judged on what it has learned? Pairs of cases in different folds that are one patient, one scan or nearly one picture.

Folds keep patients together, so a leak is a mistake in what the project knows: two pseudonyms for one person, a scan or picture that came
in twice. The guard stands before every manifest; it never mends by itself, because only a person knows which of two is right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import near_duplicates, patients, sql
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.light_readings import plain_rows
from sos_studio.dataset.project import Project

LeakKind = Literal["same_patient", "same_scan", "same_picture", "near_picture"]
# So many pairs are named in a sentence; lists have them all.
NAMED = 3
# More are as good as these: one picture under ten thousand cases would make forty million.
MOST_LEAKS = 50_000


@dataclass(frozen=True)
class Leak:
    """Two cases that must not be in different folds.

    Attributes
    ----------
    kind
        ``same_patient``: two pseudonyms of one person (`patients.same_people`). ``same_scan``: captures of one series (hash of decoded
        values and geometry). ``same_picture``: the same bytes. ``near_picture``: nearly the same look (`near_duplicates`), which may be a
        mistake of the machine.
    case_id, other_case_id
        The older case first.
    folds
        Theirs, 0 …
    mergeable
        Whether their patients can still be made one: a fold that was given never changes, so two that have different ones can not.
    """

    kind: LeakKind
    case_id: str
    other_case_id: str
    folds: tuple[int, int]
    mergeable: bool = False


def leaks(
    project: Project,
    chosen: Sequence[CaseSummary],
    folds: Mapping[str, int],
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Leak]:
    """All leaks among cases (`MOST_LEAKS` if there are more), each pair once with its gravest reason, in the order of cases.

    Parameters
    ----------
    chosen
        The cases that a training would take.
    folds
        Fold by patient, of all their patients: given or planned.
    progress, cancelled
        Of making hashes of pictures that have none yet.

    Raises
    ------
    CancelledError
        When `cancelled` says so.
    """
    order = {summary.case_id: n for n, summary in enumerate(chosen)}
    patient_of = {summary.case_id: summary.patient for summary in chosen}
    with project.reading() as session:
        given = dict(plain_rows(session, "SELECT patient, fold FROM folds"))
        scans = _groups(session, "series_hash", chosen)
        pictures = _groups(session, "full_sha256", chosen)
        sources = _groups(session, "source_sha256", chosen)
        same = patients.same_people(session)
    apart = {case_id: folds[patient] for case_id, patient in patient_of.items()}
    near = near_duplicates.near_duplicate_pairs(project, apart=apart, progress=progress, cancelled=cancelled)
    found: dict[tuple[str, str], Leak] = {}

    def add(kind: LeakKind, pairs: Iterable[tuple[str, str]]) -> None:
        for pair in pairs:
            if len(found) == MOST_LEAKS:
                return
            if pair[0] not in order or pair[1] not in order:
                continue
            first, second = sorted(pair, key=order.__getitem__)
            here, there = patient_of[first], patient_of[second]
            if folds[here] != folds[there] and (first, second) not in found:
                mergeable = not (here in given and there in given)
                found[first, second] = Leak(kind, first, second, (folds[here], folds[there]), mergeable)

    add("same_patient", _cases_of(same, patient_of))
    add("same_scan", _pairs(scans))
    add("same_picture", _pairs(pictures))
    add("same_picture", _pairs(sources))
    add("near_picture", ((pair.case_id, pair.other_case_id) for pair in near))
    return sorted(found.values(), key=lambda leak: (order[leak.case_id], order[leak.other_case_id]))


def require_none(found: Sequence[Leak]) -> None:
    """Raise ``training.leak`` (count, pairs) if there is a leak."""
    if found:
        pairs = "; ".join(f"{leak.case_id}, {leak.other_case_id}" for leak in found[:NAMED]) + ("; …" if len(found) > NAMED else "")
        raise BadInputError("training.leak", count=len(found), pairs=pairs)


def _groups(session: sql.Session, column: str, chosen: Sequence[CaseSummary]) -> list[list[str]]:
    """Cases whose captures in use have the same value in a column."""
    used = {summary.capture_id: summary.case_id for summary in chosen}
    by_value: dict[str, list[str]] = defaultdict(list)
    for capture_id, value in plain_rows(session, f"SELECT capture_id, {column} FROM captures WHERE {column} IS NOT NULL"):
        if capture_id in used:
            by_value[value].append(used[capture_id])
    return [cases for cases in by_value.values() if len(cases) > 1]


def _pairs(groups: Iterable[Sequence[str]]) -> Iterable[tuple[str, str]]:
    for group in groups:
        yield from combinations(group, 2)


def _cases_of(people: Iterable[frozenset[str]], patient_of: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Pairs of cases of two patients who are one person."""
    cases_of: dict[str, list[str]] = defaultdict(list)
    for case_id, patient in patient_of.items():
        cases_of[patient].append(case_id)
    for patients_of_one in people:
        for one, other in combinations(sorted(patients_of_one), 2):
            yield from product(cases_of[one], cases_of[other])
