from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from sos_studio.dataset import cases, readings, splits
from sos_studio.dataset.project import Project
from tests.dataset import builders

one_case_each = st.lists(st.integers(1, 5), min_size=1, max_size=200)
several_cases = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=1, max_size=120)


def _patients(stages: list[list[int]], first: int = 0) -> dict[str, list[int]]:
    return {f"P{n:04d}": list(of) for n, of in enumerate(stages, start=first)}


@given(stages=one_case_each, seed=st.integers(0, 5))
def test_every_stage_is_spread_evenly_over_the_folds(stages: list[int], seed: int) -> None:
    patients = _patients([[stage] for stage in stages])
    folds = splits.plan(patients, {}, seed=seed)
    for stage in range(1, 6):
        per_fold = Counter(folds[p] for p, (s,) in patients.items() if s == stage)
        assert max(per_fold[f] for f in range(5)) - min(per_fold[f] for f in range(5)) <= 1


def test_the_papers_distribution_gives_folds_of_equal_size() -> None:
    stages = [stage for stage, count in zip(range(1, 6), (158, 88, 92, 124, 252), strict=True) for _ in range(count)]
    sizes = Counter(splits.plan(_patients([[s] for s in stages]), {}).values())
    assert max(sizes.values()) - min(sizes.values()) <= 1


@given(before=several_cases, after=several_cases, seeds=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_a_patients_fold_never_changes_whatever_comes_later(
    before: list[list[int]], after: list[list[int]], seeds: tuple[int, int]
) -> None:
    known = splits.plan(_patients(before), {}, seed=seeds[0])
    restaged = _patients([[6 - s for s in of] for of in before])
    later = splits.plan({**restaged, **_patients(after, first=1000)}, known, seed=seeds[1])
    assert {patient: later[patient] for patient in known} == known
    assert set(later.values()) <= set(range(5))


@given(stages=several_cases, seed=st.integers(0, 3), order=st.randoms(use_true_random=False))
def test_the_plan_depends_on_the_seed_and_the_patients_not_on_their_order(stages: list[list[int]], seed: int, order: random.Random) -> None:
    patients = _patients(stages)
    shuffled = list(patients.items())
    order.shuffle(shuffled)
    assert splits.plan(dict(shuffled), {}, seed=seed) == splits.plan(patients, {}, seed=seed)


def test_seeds_make_different_plans() -> None:
    patients = _patients([[1 + n % 5] for n in range(60)])
    assert splits.plan(patients, {}, seed=0) != splits.plan(patients, {}, seed=1)


@settings(max_examples=25)
@given(first=st.integers(5, 60), second=st.integers(5, 60))
def test_cases_added_later_keep_the_stages_balanced(first: int, second: int) -> None:
    known = splits.plan(_patients([[1 + n % 5] for n in range(first)]), {})
    everybody = _patients([[1 + n % 5] for n in range(first + second)])
    folds = splits.plan(everybody, known)
    for stage in range(1, 6):
        per_fold = Counter(folds[p] for p, (s,) in everybody.items() if s == stage)
        assert max(per_fold[f] for f in range(5)) - min(per_fold[f] for f in range(5)) <= 1


def test_folds_are_stored_and_kept_through_new_cases_and_new_labels(project: Project) -> None:
    ids = [builders.staged_case(project, 1 + n % 5, frame=False) for n in range(10)]
    first = splits.assign(project, readings.labels(project))
    same_patient = builders.staged_case(project, 5, patient=cases.case(project, ids[0]).patient, frame=False)
    builders.read(project, ids[1], cases.case(project, ids[1]).capture_id or "", 5)
    for _ in range(3):
        builders.staged_case(project, 1, frame=False)
    second = splits.assign(project, readings.labels(project), seed=9)
    assert {patient: second[patient] for patient in first} == first
    assert len(second) == 13
    assert splits.folds_given(project) == second
    assert second[cases.case(project, same_patient).patient] == first["P0001"]


def test_a_read_only_window_plans_but_stores_nothing(project: Project) -> None:
    for n in range(6):
        builders.staged_case(project, 1 + n % 2, frame=False)
    with Project.open(project.directory, read_only=True) as second:
        planned = splits.assign(second, readings.labels(second))
    assert splits.folds_given(project) == {}
    assert splits.assign(project, readings.labels(project)) == planned
