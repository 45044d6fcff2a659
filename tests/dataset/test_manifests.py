from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.manifests import Manifest
from sos_studio.dataset import captures, cases, manifests, splits
from sos_studio.dataset.project import Project
from tests.dataset import builders


def test_a_manifest_names_every_labelled_case_with_the_files_as_they_are(project: Project) -> None:
    ids = [builders.staged_case(project, 1 + n % 3, seed=n, frame=n != 0) for n in range(12)]
    builders.staged_case(project, None)
    cases.add_case(project)
    path = manifests.freeze(project, seed=4)
    manifest = Manifest.read(path)
    assert path == project.directory / "manifests" / f"{manifest.manifest_id}.json"
    assert [entry.case_id for entry in manifest.entries] == ids
    assert (manifest.project_id, manifest.seed, manifest.phantom) == (project.project_id, 4, False)
    for entry in manifest.entries:
        for image in filter(None, (entry.full_image, entry.crop)):
            assert hashlib.sha256((project.directory / image.path).read_bytes()).hexdigest() == image.sha256
    assert (manifest.entries[0].roi, manifest.entries[0].crop) == (None, None)
    assert manifest.entries[1].roi == builders.ROI
    assert {entry.patient: entry.fold for entry in manifest.entries} == splits.folds_given(project)


def test_no_manifest_mentions_a_path_outside_the_project_or_an_evaluator(project: Project) -> None:
    for n in range(10):
        builders.staged_case(project, 1 + n % 2, frame=False)
    text = manifests.freeze(project).read_text()
    assert str(project.directory) not in text
    assert "Ada" not in text


def test_excluded_and_ambiguous_cases_stay_out(project: Project) -> None:
    ids = [builders.staged_case(project, 1 + n % 2, frame=False) for n in range(12)]
    cases.exclude(project, ids[0], "motion", "Ada")
    builders.read(project, ids[1], cases.case(project, ids[1]).capture_id or "", 2, ambiguous=True)
    manifest = Manifest.read(manifests.freeze(project))
    assert [entry.case_id for entry in manifest.entries] == ids[2:]
    assert manifest.without_agreement == 1  # the excluded one was left out by will


def test_it_is_told_how_many_staged_cases_have_no_label(project: Project) -> None:
    ids = [builders.staged_case(project, 1 + n % 2, frame=False) for n in range(12)]
    for case_id in ids[:2]:
        builders.read(project, case_id, cases.case(project, case_id).capture_id or "", 5, evaluator="Ben")
    builders.staged_case(project, None, frame=False)
    assert Manifest.read(manifests.freeze(project)).without_agreement == 2


def test_a_later_manifest_keeps_the_folds_of_an_earlier_one(project: Project) -> None:
    for n in range(10):
        builders.staged_case(project, 1 + n % 5, frame=False)
    first = {entry.case_id: entry.fold for entry in Manifest.read(manifests.freeze(project, seed=1)).entries}
    for n in range(5):
        builders.staged_case(project, 1 + n % 5, frame=False)
    second = {entry.case_id: entry.fold for entry in Manifest.read(manifests.freeze(project, seed=2)).entries}
    assert {case_id: second[case_id] for case_id in first} == first
    assert max(Counter(second.values()).values()) - min(Counter(second.values()).values()) <= 1


def test_too_few_cases_are_counted(project: Project) -> None:
    for n in range(4):
        builders.staged_case(project, 1 + n % 2, frame=False)
    with pytest.raises(BadInputError) as caught:
        manifests.freeze(project)
    assert (caught.value.code, caught.value.values) == ("training.too_few_cases", {"count": 4, "least": manifests.MIN_CASES})
    assert not list((project.directory / "manifests").iterdir())
    assert splits.folds_given(project) == {}


def test_one_stage_only_is_nothing_to_learn(project: Project) -> None:
    for _ in range(10):
        builders.staged_case(project, 3, frame=False)
    with pytest.raises(BadInputError) as caught:
        manifests.freeze(project)
    assert (caught.value.code, caught.value.values) == ("training.one_stage_only", {"stage": 3, "count": 10})


def test_one_stage_outside_the_held_out_fold_is_nothing_to_learn(project: Project) -> None:
    for n in range(10):
        builders.staged_case(project, 5 if n else 1, frame=False)
    fold = splits.assign(project, {"case-0001": 1, **{f"case-{n:04d}": 5 for n in range(2, 11)}})["P0001"]
    with pytest.raises(BadInputError, match=r"training\.one_stage_left"):
        manifests.freeze(project, held_out_fold=fold)
    manifests.freeze(project, held_out_fold=(fold + 1) % 5)


def test_frames_are_counted_where_they_are_needed(project: Project) -> None:
    for n in range(11):
        builders.staged_case(project, 1 + n % 2, frame=n < 3)
    with pytest.raises(BadInputError) as caught:
        manifests.freeze(project, need_crops=True)
    assert (caught.value.code, caught.value.values["count"]) == ("training.too_few_frames", 3)


def test_cases_of_too_few_patients_cannot_be_split(project: Project) -> None:
    for n in range(10):
        builders.staged_case(project, 1 + n % 2, patient=f"P{n % 3:04d}", frame=False)
    with pytest.raises(BadInputError, match="too_few_patients"):
        manifests.freeze(project)


def test_what_the_held_out_fold_leaves_must_be_enough(project: Project) -> None:
    for n in range(12):  # half of the cases are of one patient, who lies in one fold
        builders.staged_case(project, 1 + n % 2, patient=f"P{max(0, n - 5):04d}", frame=False)
    fold = splits.assign(project, {f"case-{n + 1:04d}": 1 + n % 2 for n in range(12)})["P0000"]
    with pytest.raises(BadInputError) as caught:
        manifests.freeze(project, held_out_fold=fold)
    assert caught.value.code == "training.too_few_left"
    assert caught.value.values["count"] < caught.value.values["least"]
    manifests.freeze(project, held_out_fold=(fold + 1) % 5)


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_manifest_never_vouches_for_a_damaged_picture(project: Project, damage: str) -> None:
    ids = [builders.staged_case(project, 1 + n % 2) for n in range(10)]
    capture_id = cases.case(project, ids[4]).capture_id or ""
    crop = captures.crop_path(project, capture_id, 1)
    crop.unlink() if damage == "missing" else crop.write_bytes(builders.png(seed=9))
    with pytest.raises(ProjectError, match=r"manifest\.damaged_files .*case-0005"):
        manifests.freeze(project)
