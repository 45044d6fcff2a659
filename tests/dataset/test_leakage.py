"""No training on cases of which others, in the fold that judges it, are the same patient, scan or picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import Manifest
from sos_studio.core.readings import utc_now
from sos_studio.dataset import captures, cases, manifests, near_duplicates, patients, splits, sql
from sos_studio.dataset.events import events
from sos_studio.dataset.leakage import Leak
from sos_studio.dataset.project import Project
from sos_studio.messages import message
from tests.dataset import builders


def _filled(project: Project, count: int = 15) -> list[str]:
    return [builders.staged_case(project, 1 + n % 5, seed=n) for n in range(count)]


def _with_picture(project: Project, png: bytes, stage: int = 3) -> str:
    case_id = cases.add_case(project)
    capture_id = captures.add_capture(project, case_id, record_for=lambda made: builders.record(case_id, made), full_png=png)
    builders.read(project, case_id, capture_id, stage)
    return case_id


def _apart(project: Project, first: str, second: str) -> None:
    """Give two cases folds of their own, whatever a plan would say."""
    patient_of = {case.case_id: case.patient for case in cases.cases(project)}
    with project.writing() as session:
        for name, fold in ((first, 0), (second, 1)):
            session.add(sql.FoldRow(patient=patient_of[name], fold=fold, seed=0, created_utc=utc_now()))


def _refused(project: Project) -> BadInputError:
    with pytest.raises(BadInputError) as caught:
        manifests.freeze(project)
    return caught.value


def _brighter(png: bytes) -> bytes:
    values = np.asarray(Image.open(io.BytesIO(png))).astype(float)
    stream = io.BytesIO()
    Image.fromarray(np.clip(20 + 0.8 * values, 0, 255).astype(np.uint8)).save(stream, "png")
    return stream.getvalue()


def _found(project: Project) -> list[tuple[str, str, str]]:
    return [(leak.kind, leak.case_id, leak.other_case_id) for leak in manifests.find_leaks(project)]


def test_without_anything_alike_a_manifest_is_frozen(project: Project) -> None:
    _filled(project)
    assert manifests.find_leaks(project) == []
    assert len(Manifest.read(manifests.freeze(project)).entries) == 15


@pytest.mark.parametrize("kind", ["same_picture", "near_picture", "same_scan"])
def test_the_same_twice_in_different_folds_blocks_training_by_name(project: Project, kind: str) -> None:
    ids = _filled(project)
    if kind == "same_scan":
        second = cases.add_case(project)
        for case_id, seed in ((ids[2], 77), (second, 78)):
            builders.read(project, case_id, builders.add_capture(project, case_id, seed=seed, series_hash="a" * 64), 3)
    else:
        png = builders.png(seed=2)
        second = _with_picture(project, png if kind == "same_picture" else _brighter(png))
    _apart(project, ids[2], second)
    assert _found(project) == [(kind, ids[2], second)]
    refusal = _refused(project)
    assert refusal.code == "training.leak"
    assert refusal.values == {"count": 1, "pairs": f"{ids[2]}, {second}"}
    words = message(refusal.code, refusal.values)
    assert ids[2] in words.text
    assert second in words.text
    assert "Exclude one" in words.hint
    assert list((project.directory / "manifests").iterdir()) == []
    cases.exclude(project, second, "other", "Ada")
    assert manifests.find_leaks(project) == []
    manifests.freeze(project)


def test_pairs_of_one_fold_or_of_excluded_cases_do_not_crowd_a_leak_out(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "MOST_PAIRS", 2)
    ids = _filled(project)
    twins = [_with_picture(project, builders.png(seed=0)) for _ in range(4)]  # six pairs that are nearer than the leak
    for twin in twins:
        cases.exclude(project, twin, "duplicate", "Ada")
    second = _with_picture(project, _brighter(builders.png(seed=2)))
    _apart(project, ids[2], second)
    assert _found(project) == [("near_picture", ids[2], second)]


def test_the_same_fold_is_no_leak(project: Project) -> None:
    ids = _filled(project)
    second = cases.add_case(project, patient=cases.case(project, ids[0]).patient)
    builders.read(project, second, builders.add_capture(project, second, seed=0), 1)
    assert manifests.find_leaks(project) == []
    manifests.freeze(project)


def test_a_refused_training_gives_no_folds_so_that_patients_can_still_be_joined(project: Project) -> None:
    ids = _filled(project, 11)
    twins = [_with_picture(project, builders.png(seed=n)) for n in range(11)]
    assert _refused(project).code == "training.leak"
    assert splits.folds_given(project) == {}
    for one, two in zip(ids, twins, strict=True):
        assert patients.say_same(project, one, two, "Ada")
    assert manifests.find_leaks(project) == []
    entries = Manifest.read(manifests.freeze(project)).entries
    fold = {entry.case_id: entry.fold for entry in entries}
    assert all(fold[one] == fold[two] for one, two in zip(ids, twins, strict=True))
    assert {event.kind for event in events(project)} == {patients.PATIENTS_JOINED}


def test_one_person_whose_two_patients_have_folds_stays_two_and_blocks_until_one_case_is_excluded(project: Project) -> None:
    ids = _filled(project)
    manifests.freeze(project)
    before = splits.folds_given(project)
    patient = {case.case_id: case.patient for case in cases.cases(project)}
    one, two = next((a, b) for a in ids for b in ids if before[patient[a]] != before[patient[b]])
    assert not patients.say_same(project, one, two, "Ada")
    assert not patients.say_same(project, two, one, "Ada")
    assert splits.folds_given(project) == before, "a fold never changes"
    first, second = sorted((one, two))
    assert manifests.find_leaks(project) == [
        Leak("same_patient", first, second, (before[patient[first]], before[patient[second]]), mergeable=False)
    ]
    assert _refused(project).code == "training.leak"
    cases.exclude(project, second, "other", "Ada")
    manifests.freeze(project)
    assert splits.folds_given(project) == before


def _in_folds(project: Project, ids: list[str], folds: list[int]) -> None:
    patient_of = {case.case_id: case.patient for case in cases.cases(project)}
    with project.writing() as session:
        session.add_all(
            sql.FoldRow(patient=patient_of[case_id], fold=fold, seed=0, created_utc=utc_now())
            for case_id, fold in zip(ids, folds, strict=True)
        )


def test_who_is_one_person_with_two_others_makes_one_person_of_them_even_when_excluded(project: Project) -> None:
    one, two, three = ids = _filled(project)[:3]
    _in_folds(project, ids, [0, 1, 2])
    assert not patients.say_same(project, one, two, "Ada")
    assert not patients.say_same(project, two, three, "Ada")
    assert _found(project) == [("same_patient", *pair) for pair in ((one, two), (one, three), (two, three))]
    cases.exclude(project, two, "duplicate", "Ada")
    assert _found(project) == [("same_patient", one, three)]
    assert _refused(project).code == "training.leak"


def test_a_person_who_is_joined_to_a_third_stays_the_one_that_was_said_before(project: Project) -> None:
    one, two, three = ids = _filled(project)[:3]
    _in_folds(project, ids, [0, 1, 1])
    assert not patients.say_same(project, one, two, "Ada")
    assert patients.say_same(project, three, two, "Ada")
    assert _found(project) == [("same_patient", one, two), ("same_patient", one, three)]


def test_unknown_cases_are_no_patients(project: Project) -> None:
    ids = _filled(project, 2)
    with pytest.raises(BadInputError, match=r"case\.unknown"):
        patients.say_same(project, ids[0], "case-9999")
    assert patients.say_same(project, ids[0], ids[0])


@settings(max_examples=15, deadline=None)
@given(said=st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=8), freeze_after=st.integers(0, 8))
def test_folds_given_never_change_whatever_is_said_of_patients(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, int]], freeze_after: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("folds") / "study"
    with Project.create(folder) as project:
        ids = _filled(project)
        given_folds: dict[str, int] = {}
        for n, (one, two) in enumerate(said):
            if n == freeze_after:
                manifests.freeze(project)
                given_folds = splits.folds_given(project)
            patients.say_same(project, ids[one], ids[two])
            now = splits.folds_given(project)
            assert {patient: now[patient] for patient in given_folds} == given_folds
        for leak in manifests.find_leaks(project):
            assert leak.folds[0] != leak.folds[1]
