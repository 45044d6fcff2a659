"""A scan becomes its patient's case, in the patient's fold, and leaves no more of the patient than was allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sos_studio.core.manifests import Manifest
from sos_studio.dataset import cases, manifests, splits
from sos_studio.dataset.project import Project
from sos_studio.imaging.identity import IdentityText, PatientIdentity
from sos_studio.services import patients
from tests.dataset import builders

NUMBER = PatientIdentity((IdentityText("4711", ""),), 12, "F")
BOTH = PatientIdentity((IdentityText("4711", ""), IdentityText("name smith", "")), 14, "F")
NAME = PatientIdentity((IdentityText("name smith", ""),), 15, "F")
NOBODY = PatientIdentity()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as made:
        yield made


def test_a_repeat_scan_joins_its_patient_and_says_so(project: Project) -> None:
    first = patients.new_case(project, BOTH)
    again = patients.new_case(project, NAME)
    assert again.patient == first.patient
    assert again.note is not None
    assert (again.note.code, again.note.values["first"]) == ("patient.joined", first.case_id)
    assert patients.new_case(project, NOBODY).patient != first.patient


def _staged(project: Project, case_id: str, stage: int, seed: int) -> None:
    capture_id = builders.add_capture(project, case_id, seed)
    builders.add_roi(project, capture_id)
    builders.read(project, case_id, capture_id, stage)


def test_a_repeat_scan_is_judged_where_its_patient_is(project: Project) -> None:
    ids = []
    for number in range(12):
        case_id = patients.new_case(project, PatientIdentity((IdentityText(str(number), ""),))).case_id
        _staged(project, case_id, 1 + number % 5, number)
        ids.append(case_id)
    manifests.freeze(project, seed=0)
    folds = splits.folds_given(project)
    again = patients.new_case(project, PatientIdentity((IdentityText("3", ""),)))
    _staged(project, again.case_id, 5, 99)
    manifest = Manifest.read(manifests.freeze(project, seed=1))
    fold_of = {entry.case_id: entry.fold for entry in manifest.entries}
    assert fold_of[again.case_id] == fold_of[ids[3]] == folds[again.patient]


@pytest.mark.parametrize(
    ("keep_age", "keep_sex", "stored"),
    [(None, None, (None, None)), (True, True, (12.0, "F")), (True, False, (12.0, None)), (False, True, (None, "F"))],
)
def test_age_and_sex_of_a_header_are_kept_only_if_that_was_decided(
    project: Project, keep_age: bool | None, keep_sex: bool | None, stored: tuple[float | None, str | None]
) -> None:
    patients.decide(project, keep_age=keep_age, keep_sex=keep_sex)
    made = patients.new_case(project, NUMBER)
    summary = cases.case(project, made.case_id)
    assert (summary.age_years, summary.sex) == stored
    assert (made.note is not None and made.note.code == "patient.data_not_kept") == (keep_age is None)


def test_without_the_secret_a_scan_still_becomes_a_case_and_joins_once_the_secret_is_there(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = patients.new_case(project, NUMBER)
    patients.export_secret(project, tmp_path / "secret.txt")
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "second workstation"))
    assert patients.privacy(project).secret == "missing"
    apart = patients.new_case(project, NUMBER)
    assert apart.patient != first.patient
    assert apart.note is not None
    assert apart.note.code == "secret.missing"
    patients.import_secret(project, tmp_path / "secret.txt")
    joined = patients.known_case(project, apart.case_id, NUMBER)
    assert joined.patient == first.patient
    assert joined.note is not None
    assert joined.note.code == "patient.joined"


def test_a_scan_of_nobody_makes_no_secret(project: Project) -> None:
    assert patients.new_case(project, NOBODY).note is None
    assert patients.privacy(project).secret == "unused"


def _age_and_sex(project: Project, case_id: str) -> tuple[float | None, str | None]:
    summary = cases.case(project, case_id)
    return summary.age_years, summary.sex


def test_a_decision_that_comes_after_the_first_capture_takes_effect_with_the_next(project: Project) -> None:
    made = patients.new_case(project, NUMBER)
    patients.known_case(project, made.case_id, NUMBER)
    assert _age_and_sex(project, made.case_id) == (None, None)
    kept = patients.decide(project, keep_age=True, keep_sex=False).kept
    assert (kept.scans_without_age, kept.ages) == (1, 0)
    patients.known_case(project, made.case_id, NUMBER)
    assert _age_and_sex(project, made.case_id) == (12.0, None)
    assert patients.privacy(project).kept.scans_without_age == 0


def test_what_a_case_has_is_never_changed_and_only_what_lacks_is_filled_in(project: Project) -> None:
    patients.decide(project, keep_age=True, keep_sex=True)
    case_id = cases.add_case(project, None, 40, None)
    assert patients.fill_in(project, case_id, NUMBER)
    assert _age_and_sex(project, case_id) == (40.0, "F")
    assert not patients.fill_in(project, case_id, PatientIdentity((), 50, "M"))
    assert not patients.fill_in(project, cases.add_case(project), NOBODY)
    with Project.open(project.directory, read_only=True) as looking:
        assert not patients.fill_in(looking, case_id, NUMBER)


def test_pictures_of_a_table_do_not_wait_for_a_scan(project: Project) -> None:
    cases.add_case(project, imported=True)
    assert patients.decide(project, keep_age=True, keep_sex=True).kept.scans_without_age == 0
