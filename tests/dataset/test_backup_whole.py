"""What a restored project needs is in the backup; what is private or can be made again is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sos_studio.core.consensus import Rule
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.dataset import audit, backup, cases, checks, consensus, near_duplicates, patient_data, project_secret, readings, splits
from sos_studio.dataset.manifests import freeze
from sos_studio.dataset.patients import PatientCode, add_case
from sos_studio.dataset.project import Project
from sos_studio.dataset.pseudonyms import pseudonym
from sos_studio.services.datasheet import details
from tests.dataset import builders


@pytest.fixture
def lived_in(project: Project) -> Project:
    """A project in which everything was done that a project can remember."""
    for n in range(12):
        builders.staged_case(project, 1 + n % 5, seed=n)
    case_id = add_case(project, [PatientCode(pseudonym(project, "Jane Smith 4711"))], 12.0, "F").case_id
    builders.read(project, case_id, builders.add_capture(project, case_id, seed=99), 4, "Ben")
    consensus.choose(project, Rule(name="senior", senior="Ben"), "Ada")
    patient_data.decide(project, keep_age=True, keep_sex=True, who="Ada")
    cases.exclude(project, "case-0003", "motion", "Ada", "blurred")
    freeze(project)
    near_duplicates.looks(project)
    details.keep(project, {"title": "Clivus 2026", "licence": "CC BY 4.0"})
    for folder, name in (("models/m1", "model.json"), ("models/m1", "model.safetensors"), ("jobs/j1", "result.json")):
        project.path(folder).mkdir(exist_ok=True)
        project.path(folder, name).write_text("{}")
    return project


def test_everything_that_a_project_remembers_comes_back(lived_in: Project, tmp_path: Path) -> None:
    backup.back_up(lived_in, tmp_path / "b.sosbackup")
    backup.restore(tmp_path / "b.sosbackup", tmp_path / "again")
    with Project.open(tmp_path / "again") as again:
        assert details.read(again) == details.read(lived_in) == {"title": "Clivus 2026", "licence": "CC BY 4.0"}
        assert consensus.rule(again) == consensus.rule(lived_in) == Rule(name="senior", senior="Ben")
        assert patient_data.patient_data(again) == patient_data.patient_data(lived_in)
        assert splits.folds_given(again) == splits.folds_given(lived_in)
        assert readings.all_readings(again) == readings.all_readings(lived_in)
        assert [c.exclusion_note for c in cases.cases(again)] == [c.exclusion_note for c in cases.cases(lived_in)]
        made = [entry for entry in audit.history(again) if entry.what != "restored"]
        assert made == [entry for entry in audit.history(lived_in) if entry.what != "backup_made"]
        assert checks.check(again) == []
        # What comes by itself: the lock and its like, folders for copies, and the seal of the database.
        own = {"project.sqlite", "project.lock", "project.seal"}
        files = {name for name in builders.files_below(lived_in.directory) if name not in own and not name.startswith("backups/")}
        assert files == {name for name in builders.files_below(again.directory) if name not in own and not name.startswith("backups/")}


def test_on_another_computer_patients_are_known_again_with_the_exported_secret_only(
    lived_in: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = pseudonym(lived_in, "jane smith 4711")
    made = backup.back_up(lived_in, tmp_path / "b.sosbackup")
    assert "secret of the pseudonyms" in made.contents.not_included
    project_secret.export_secret(lived_in, tmp_path / "key.txt")
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "other computer"))
    backup.restore(tmp_path / "b.sosbackup", tmp_path / "again")
    with Project.open(tmp_path / "again") as again:
        with pytest.raises(ProjectError) as caught:
            pseudonym(again, "Jane Smith 4711")
        assert caught.value.code == "secret.missing"
        project_secret.import_secret(again, tmp_path / "key.txt")
        assert pseudonym(again, "Jane Smith 4711") == expected


def test_what_somebody_put_beside_the_database_stays_at_home(lived_in: Project, tmp_path: Path) -> None:
    (lived_in.directory / "names of patients.json").write_text(json.dumps({"case-0001": "Jane Smith"}))
    made = backup.back_up(lived_in, tmp_path / "b.sosbackup")
    assert sorted(name for name in made.contents.files if "/" not in name) == ["datasheet.json", "picture-hashes.json", "project.sqlite"]
    assert b"Jane Smith" not in (tmp_path / "b.sosbackup").read_bytes()


def test_a_backup_of_a_foreign_file_beside_the_database_is_refused(lived_in: Project, tmp_path: Path) -> None:
    made = backup.back_up(lived_in, tmp_path / "b.sosbackup")
    assert not backup._harmless("project.lock")
    assert not backup._harmless("evil.json")
    assert backup._harmless("datasheet.json")
    with pytest.raises(BadInputError):
        backup.restore(made.file, lived_in.directory)
