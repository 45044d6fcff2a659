"""Figures of networks come from their records and today's labels; two are compared on cases that neither was trained on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.held_out import HeldOutRecord, HeldOutRecords, write_records
from sos_studio.core.manifests import Manifest, ManifestEntry
from sos_studio.dataset import manifests
from sos_studio.dataset.project import Project
from sos_studio.services import model_list, model_results, staging
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.model_results import Labelled
from tests.services.test_job_care import make_model

STAGES = 5


@pytest.fixture
def manifest(project: Project) -> Manifest:
    """All fifteen cases, frozen; those of fold 0 are held out."""
    return Manifest.read(manifests.freeze(project))


def said(entry: ManifestEntry, stage: int, sure: float = 0.6) -> HeldOutRecord:
    rest = (1 - sure) / (STAGES - 1)
    probabilities = tuple(sure if k == stage - 1 else rest for k in range(STAGES))
    return HeldOutRecord(
        case_id=entry.case_id,
        patient=entry.patient,
        capture_id=entry.capture_id,
        picture_sha256=entry.full_image.sha256,
        stage=entry.stage,
        probabilities=probabilities,
        attention_in_roi=0.25,
    )


def model(project: Project, n: int, manifest: Manifest, says: Sequence[HeldOutRecord], kind: str = "student") -> ModelEntry:
    model_id = make_model(project, n, kind=kind)
    folder = project.directory / "models" / model_id
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(card | {"manifest_id": manifest.manifest_id}))
    write_records(folder, HeldOutRecords(model_id=model_id).renewed(says))
    return model_list.read(folder)


def held_out(manifest: Manifest) -> list[ManifestEntry]:
    return [entry for entry in manifest.entries if entry.fold == manifest.held_out_fold]


def test_figures_confusion_and_mistakes_come_with_their_counts(project: Project, manifest: Manifest) -> None:
    cases = held_out(manifest)
    assert len(cases) == 3
    # One right, one off by one and unsure, one off by more and sure.
    says = [said(cases[0], cases[0].stage), said(cases[1], cases[1].stage + 1, 0.5), said(cases[2], cases[2].stage + 2, 0.9)]
    found = model_results.result(model(project, 1, manifest, says), model_results.labelled(project))
    assert found is not None
    assert (found.n, found.patients, found.correct) == (3, 3, 1)
    assert found.figures["accuracy"].value == pytest.approx(1 / 3)
    assert sum(map(sum, found.confusion)) == 3
    assert [m.case.case_id for m in found.mistakes] == [cases[2].case_id, cases[1].case_id]
    assert [(m.off, round(m.probability, 2)) for m in found.mistakes] == [(2, 0.9), (1, 0.5)]
    assert found.mistakes[0].case.picture.is_file()
    assert found.attention is not None
    assert found.attention[0] == pytest.approx(0.25)
    assert found.attention[1] == 3
    assert sum(int(b["n"]) for b in found.bins) == 3
    assert sum(share.n for share in found.stages) == 3


def test_a_corrected_label_counts_as_it_is_now_and_a_case_set_aside_no_more(project: Project, manifest: Manifest) -> None:
    cases = held_out(manifest)
    entry = model(project, 1, manifest, [said(case, case.stage) for case in cases])
    first = cases[0]
    staging.stage(project, first.case_id, first.capture_id, None, "A", 5)
    found = model_results.result(entry, model_results.labelled(project))
    assert found is not None
    assert (found.n, found.correct) == (3, 2)
    assert found.mistakes[0].case.stage == 5


def test_a_model_without_records_has_no_result(project: Project) -> None:
    make_model(project, 1)
    assert model_results.result(model_list.models(project)[0], model_results.labelled(project)) is None


def test_two_are_compared_on_the_same_cases_with_intervals_and_mcnemar(project: Project, manifest: Manifest) -> None:
    cases = held_out(manifest)
    good = model(project, 1, manifest, [said(case, case.stage) for case in cases])
    poor = model(project, 2, manifest, [said(case, case.stage if n == 0 else 5) for n, case in enumerate(cases)])
    found = model_results.compare(good, poor, model_results.labelled(project))
    assert (found.n, found.patients, found.correct, found.unjudged) == (3, 3, (3, 1), 0)
    difference = found.differences["accuracy"]
    assert difference.value == pytest.approx(2 / 3)
    assert (difference.low or 0.0) <= 2 / 3 <= (difference.high or 0.0)
    assert (found.mcnemar.only_first, found.mcnemar.only_second, found.mcnemar.p_exact) == (2, 0, 0.5)
    assert [each.case.case_id for each in found.apart] == sorted(case.case_id for case in cases[1:])
    assert all((each.first, each.second) == (each.case.stage, 5) for each in found.apart)
    assert sum(n for _, n, _, _ in found.stage_shares) == 3
    turned = model_results.compare(poor, good, model_results.labelled(project))
    assert turned.differences["accuracy"].value == pytest.approx(-2 / 3)


def test_cases_that_either_was_trained_on_never_judge_even_if_there_are_records(project: Project, manifest: Manifest) -> None:
    other = manifest.model_copy(update={"manifest_id": "other", "held_out_fold": 1})
    (project.directory / "manifests" / "other.json").write_text(other.model_dump_json())
    everything = [said(entry, entry.stage) for entry in manifest.entries]
    one, two = model(project, 1, manifest, everything), model(project, 2, other, everything)
    with pytest.raises(BadInputError, match=r"compare\.no_common_cases"):
        model_results.compare(one, two, model_results.labelled(project))
    # A patient who came later is new to both.
    labels = model_results.labelled(project)
    base = next(iter(labels.values()))
    labels["late"] = Labelled("case-9000", "late", "P-late", base.stage, base.picture, "its own")
    found = model_results.compare(one, two, labels)
    assert (found.n, found.unjudged) == (0, 1)
    assert found.differences["accuracy"].value is None


def test_cases_staged_since_are_counted_as_not_judged_yet(project: Project, manifest: Manifest) -> None:
    cases = held_out(manifest)
    one = model(project, 1, manifest, [said(case, case.stage) for case in cases])
    two = model(project, 2, manifest, [said(case, case.stage) for case in cases[:2]])
    found = model_results.compare(one, two, model_results.labelled(project))
    assert (found.n, found.unjudged) == (2, 1)


def test_a_patient_who_was_learned_from_under_another_pseudonym_judges_nothing(project: Project, manifest: Manifest) -> None:
    everything = [said(entry, entry.stage) for entry in manifest.entries]
    one, two = model(project, 1, manifest, everything), model(project, 2, manifest, everything)
    labels = model_results.labelled(project)
    fitted = next(entry for entry in manifest.entries if entry.fold != manifest.held_out_fold)
    aside = held_out(manifest)
    # Two turned out to be one person; the pseudonym that stays was in no list.
    for entry in (fitted, aside[0]):
        labels[entry.capture_id] = replace(labels[entry.capture_id], patient="P-joined")
    found = model_results.compare(one, two, labels)
    assert (found.n, found.unjudged) == (len(aside) - 1, 0)
    alone = model_results.result(one, labels)
    assert alone is not None
    assert alone.n == len(aside) - 1
    # A picture that was learned from came in again as another patient's.
    copy = labels[fitted.capture_id]
    labels["again"] = replace(copy, case_id="case-9001", capture_id="again", patient="P-again")
    assert model_results.compare(one, two, labels).unjudged == 0


def test_a_teacher_is_judged_by_the_crop_in_use_and_asked_for_nothing_where_there_is_none(project: Project, manifest: Manifest) -> None:
    cases = held_out(manifest)
    says = [said(case, case.stage) for case in cases]
    student = model(project, 1, manifest, says)
    of_crops = [
        record.model_copy(update={"picture_sha256": case.crop.sha256}) for record, case in zip(says, cases, strict=True) if case.crop
    ]
    teacher = model(project, 2, manifest, of_crops, kind="teacher")
    labels = model_results.labelled(project)
    assert model_results.compare(student, teacher, labels).n == 3
    # Drawn anew: what was said of the old crop is said of another picture. None at all: nobody can be asked.
    first, second = cases[0].capture_id, cases[1].capture_id
    labels[first] = replace(labels[first], crop_sha256="anew")
    labels[second] = replace(labels[second], crop_sha256=None)
    found = model_results.compare(student, teacher, labels)
    assert (found.n, found.unjudged) == (1, 1)


def test_where_all_resamples_agree_the_interval_still_says_how_few_there_were(project: Project, manifest: Manifest) -> None:
    cases = held_out(manifest)
    says = [said(case, case.stage) for case in cases]
    one, two = model(project, 1, manifest, says), model(project, 2, manifest, says)
    labels = model_results.labelled(project)
    alone = model_results.result(one, labels)
    assert alone is not None
    right = alone.figures["accuracy"]
    assert (right.value, right.high) == (1.0, 1.0)
    assert right.low == pytest.approx(0.4385, abs=1e-3)  # Wilson, 3 of 3
    assert alone.figures["mae_stages"].low is None
    difference = model_results.compare(one, two, labels).differences["accuracy"]
    assert difference.value == 0.0
    assert (difference.low, difference.high) == (pytest.approx(-0.5615, abs=1e-3), pytest.approx(0.5615, abs=1e-3))


def test_models_from_elsewhere_of_other_stages_or_the_same_are_refused(project: Project, manifest: Manifest) -> None:
    cases = held_out(manifest)
    one = model(project, 1, manifest, [said(case, case.stage) for case in cases])
    two = model(project, 2, manifest.model_copy(update={"manifest_id": "theirs"}), [])
    labels = model_results.labelled(project)
    with pytest.raises(BadInputError, match=r"compare\.unknown_training"):
        model_results.compare(one, two, labels)
    with pytest.raises(BadInputError, match=r"compare\.same_model"):
        model_results.compare(one, one, labels)
    three = ModelEntry(one.card.model_copy(update={"model_id": "three", "stages": 4}), one.path)
    with pytest.raises(BadInputError, match=r"compare\.other_stages"):
        model_results.compare(one, three, labels)
