"""Whether a network learned from the case that it is asked about."""

from __future__ import annotations

from sos_studio.core.manifests import Manifest
from sos_studio.dataset import manifests
from sos_studio.dataset.project import Project
from sos_studio.services import model_list
from sos_studio.services.acquaintance import acquaintance, acquaintance_of_all
from tests.services.conftest import add_case, write_model


def trained_on(project: Project, manifest_id: str) -> model_list.ModelEntry:
    return model_list.read(write_model(project.path("models"), "student-1", "student", manifest_id=manifest_id))


def test_learned_held_out_and_new_cases_are_told_apart(project: Project) -> None:
    frozen = Manifest.read(manifests.freeze(project))
    card = trained_on(project, frozen.manifest_id).card
    for entry in frozen.entries:
        expected = "held_out" if entry.fold == frozen.held_out_fold else "learned"
        assert acquaintance(project, card, entry.case_id) == expected
    assert acquaintance(project, card, add_case(project, None, seed=99)) == "new"


def test_another_picture_of_a_known_patient_is_said(project: Project) -> None:
    frozen = Manifest.read(manifests.freeze(project))
    card = trained_on(project, frozen.manifest_id).card
    known = next(entry for entry in frozen.entries if entry.fold != frozen.held_out_fold)
    late = add_case(project, None, seed=98)
    with project.writing() as session:
        session.connection().exec_driver_sql("UPDATE cases SET patient = ? WHERE case_id = ?", (known.patient, late))
    assert acquaintance(project, card, late) == "patient"


def test_the_same_picture_under_another_case_was_learned_from(project: Project) -> None:
    frozen = Manifest.read(manifests.freeze(project))
    card = trained_on(project, frozen.manifest_id).card
    seed, known = next((n, entry) for n, entry in enumerate(frozen.entries) if entry.fold != frozen.held_out_fold)
    again = add_case(project, None, seed=seed)
    assert frozen.entries[seed] is known
    assert acquaintance(project, card, again) == "learned"


def test_of_a_network_from_elsewhere_nothing_is_known(project: Project) -> None:
    assert acquaintance(project, trained_on(project, "manifest-elsewhere").card, "case-0001") == "unknown"


def test_a_damaged_list_is_as_good_as_none(project: Project) -> None:
    path = manifests.freeze(project)
    card = trained_on(project, Manifest.read(path).manifest_id).card
    path.chmod(0o644)
    path.write_text("{")
    assert acquaintance(project, card, "case-0001") == "unknown"


def test_of_networks_that_answer_together_the_gravest_counts(project: Project) -> None:
    frozen = Manifest.read(manifests.freeze(project))
    card = trained_on(project, frozen.manifest_id).card
    stranger = card.model_copy(update={"manifest_id": "manifest-elsewhere"})
    case_of = {entry.fold == frozen.held_out_fold: entry.case_id for entry in frozen.entries}
    assert acquaintance_of_all(project, [card, stranger], case_of[False]) == "learned"
    assert acquaintance_of_all(project, [stranger, card], case_of[True]) == "unknown"
