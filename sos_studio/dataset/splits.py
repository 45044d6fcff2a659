"""Folds: stratified by stage, grouped by patient, seeded, and given once and for all."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from sos_studio.core.manifests import FOLDS
from sos_studio.core.readings import utc_now
from sos_studio.dataset import sql
from sos_studio.dataset.project import Project


def plan(stages_of: Mapping[str, Sequence[int]], known: Mapping[str, int], *, folds: int = FOLDS, seed: int = 0) -> dict[str, int]:
    """Folds for all patients; those who have one keep it.

    A new patient goes where the stages of his or her cases are rarest so far, so that every fold gets its share of every stage; patients
    with many cases are placed first, because the small ones even out what they leave. The answer depends on the set of patients, their
    stages, the folds known and the seed, never on the order of the mapping.

    Parameters
    ----------
    stages_of
        The stages of each patient's labelled cases, at least one per patient.
    known
        Folds already given, of any patients.

    Returns
    -------
    dict
        Fold, 0 … `folds` − 1, of every patient in `stages_of` and `known`.
    """
    given = dict(known)
    by_stage: dict[int, Counter[int]] = defaultdict(Counter)
    in_all: Counter[int] = Counter()
    for patient, stages in stages_of.items():
        if patient in given:
            _count(by_stage, in_all, given[patient], stages)
    fresh = sorted(patient for patient in stages_of if patient not in given)
    rng = random.Random(f"sos-studio folds {seed}")
    rng.shuffle(fresh)
    fresh.sort(key=lambda patient: -len(stages_of[patient]))
    for patient in fresh:
        stages = stages_of[patient]
        order = rng.sample(range(folds), folds)  # ties are broken at random, or fold 0 would be the largest for ever
        given[patient] = min(order, key=lambda fold: (sum(by_stage[stage][fold] for stage in stages), in_all[fold]))
        _count(by_stage, in_all, given[patient], stages)
    return given


def _count(by_stage: dict[int, Counter[int]], in_all: Counter[int], fold: int, stages: Sequence[int]) -> None:
    for stage in stages:
        by_stage[stage][fold] += 1
        in_all[fold] += 1


def folds_given(project: Project) -> dict[str, int]:
    """Fold of every patient who has one."""
    with project.reading() as session:
        return dict(session.execute(sql.select(sql.FoldRow.patient, sql.FoldRow.fold)).all())


def planned(project: Project, labels: Mapping[str, int], *, seed: int = 0) -> dict[str, int]:
    """The folds that `assign` would give now; nothing is stored."""
    return plan(_stages_of(project, labels), folds_given(project), seed=seed)


def assign(project: Project, labels: Mapping[str, int], *, seed: int = 0) -> dict[str, int]:
    """Give every patient with a labelled case a fold and store it; on a read-only project the new ones are planned but not stored.

    Parameters
    ----------
    labels
        Stage by case id (`readings.labels`).

    Returns
    -------
    dict
        Fold of every patient that has one.
    """
    stages_of = _stages_of(project, labels)
    if project.read_only:
        return plan(stages_of, folds_given(project), seed=seed)
    with project.writing() as session:
        # Read inside the write: another thread may just have given folds.
        known = dict(session.execute(sql.select(sql.FoldRow.patient, sql.FoldRow.fold)).all())
        planned = plan(stages_of, known, seed=seed)
        now = utc_now()
        session.add_all(
            sql.FoldRow(patient=patient, fold=fold, seed=seed, created_utc=now) for patient, fold in planned.items() if patient not in known
        )
    return planned


def _stages_of(project: Project, labels: Mapping[str, int]) -> dict[str, list[int]]:
    """The stages of each patient's labelled cases."""
    with project.reading() as session:
        patient_of = dict(session.execute(sql.select(sql.CaseRow.case_id, sql.CaseRow.patient)).all())
    stages_of: dict[str, list[int]] = defaultdict(list)
    for case_id, stage in sorted(labels.items()):
        stages_of[patient_of[case_id]].append(stage)
    return dict(stages_of)
