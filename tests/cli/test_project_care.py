"""`project repair, backup, restore, audit, replay, rule` from the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.imaging.dicom_write import write_series
from tests.cli.conftest import Run, small_volume
from tests.dataset import builders


@pytest.fixture
def study(project: Project) -> Path:
    """The fifteen staged cases, closed."""
    project.close()
    return project.directory


def _crop(study: Path) -> Path:
    return sorted(study.glob("captures/*/*/crop-1.png"))[0]


def test_repair_mends_and_says_what_it_could_not(run: Run, study: Path) -> None:
    before = _crop(study).read_bytes()
    _crop(study).unlink()
    ran = run("project", "repair", study, "--who", "Ada", "--json")
    assert (ran.code, ran.json["database"], ran.json["left"]) == (0, None, [])
    assert [finding["action"] for finding in ran.json["findings"]] == ["restored"]
    assert _crop(study).read_bytes() == before
    (_crop(study).parent / "full.png").write_bytes(b"spoiled")
    ran = run("project", "repair", study)
    assert ran.code == 3
    assert "full.png can't be restored" in ran.out
    assert run("project", "check", study).code == 3


def test_a_damaged_database_is_named_and_brought_back(run: Run, study: Path) -> None:
    with Project.open(study) as project:
        cases.exclude(project, "case-0001", "motion", "Ada")
    data = bytearray((study / "project.sqlite").read_bytes())
    data[4096 * 2 : 4096 * 4] = b"\x31" * (2 * 4096)
    (study / "project.sqlite").write_bytes(bytes(data))
    assert run("project", "check", study, "--json").json["error"]["code"] == "project.damaged"
    ran = run("project", "repair", study)
    assert ran.code == 0
    assert "The database was damaged and brought back from daily-" in ran.out
    assert run("project", "check", study).code == 0
    told = run("project", "audit", study, "--what", "recovered", "--json").json["entries"]
    assert len(told) == 1


def test_a_check_of_an_older_project_says_what_to_do_and_that_works(run: Run, study: Path) -> None:
    builders.back_to_the_first_schema(study / "project.sqlite")
    ran = run("project", "check", study)
    assert ran.code == 2
    assert "was made by an older version and has to be brought up to date." in ran.err
    assert "sos-studio project repair" in ran.err
    assert run("project", "repair", study).code == 0
    assert run("project", "check", study).code == 0
    assert len(list((study / "backups").glob("project-v1-*.sqlite"))) == 1


def test_backup_and_restore_bring_the_project_back(run: Run, study: Path, tmp_path: Path) -> None:
    ran = run("project", "backup", study, "--out", tmp_path / "b", "--json")
    assert (ran.code, ran.json["cases"], ran.json["damaged"]) == (0, 15, [])
    assert "scans" in ran.json["not_included"]
    assert run("project", "restore", tmp_path / "b.sosbackup", "--check").code == 0
    assert run("project", "restore", tmp_path / "b.sosbackup", tmp_path / "again", "--json").json["cases"] == 15
    assert run("project", "check", tmp_path / "again").code == 0
    assert run("project", "restore", tmp_path / "b.sosbackup", study, "--json").json["error"]["code"] == "backup.folder_not_empty"
    assert run("project", "restore", tmp_path / "b.sosbackup").code == 2
    (tmp_path / "b.sosbackup").write_bytes(b"spoiled")
    assert run("project", "restore", tmp_path / "b.sosbackup", "--check", "--json").json["error"]["code"] == "backup.unreadable"


def test_repair_takes_files_from_a_backup(run: Run, study: Path, tmp_path: Path) -> None:
    run("project", "backup", study, "--out", tmp_path / "b")
    full = _crop(study).parent / "full.png"
    full.unlink()
    ran = run("project", "repair", study, "--from", tmp_path / "b.sosbackup", "--json")
    assert (ran.code, [finding["source"] for finding in ran.json["findings"]]) == (0, ["backup"])


def test_audit_is_filtered_and_written_to_a_file_once(run: Run, study: Path, tmp_path: Path) -> None:
    assert run("project", "rule", study, "median", "--who", "Ada").code == 0
    rows = run("project", "audit", study, "--who", "Ada", "--what", "rule_chosen").out.splitlines()
    assert len(rows) == 2
    assert ",rule_chosen,Ada,," in rows[1]
    ran = run("project", "audit", study, "--case", "case-0003", "--format", "json", "--out", tmp_path / "h.json", "--json")
    written = json.loads((tmp_path / "h.json").read_text())
    assert ran.json["entries"] == len(written)
    assert {entry["case_id"] for entry in written} == {"case-0003"}
    assert run("project", "audit", study, "--out", tmp_path / "h.json").code == 2


def test_a_rule_is_chosen_by_somebody_and_shown_to_everybody(run: Run, study: Path) -> None:
    assert run("project", "rule", study).out == "majority\n"
    assert run("project", "rule", study, "median", "--json").json["error"]["code"] == "consensus.no_name"
    assert run("project", "rule", study, "senior", "--who", "Ada").code == 2
    ran = run("project", "rule", study, "senior", "--senior", "A", "--who", "Ada", "--json")
    assert (ran.json["rule"], ran.json["senior"], [choice["who"] for choice in ran.json["choices"]]) == ("senior", "A", ["Ada"])


def test_a_capture_is_replayed_from_its_series(run: Run, tmp_path: Path) -> None:
    write_series(small_volume(), tmp_path / "scan")
    run("capture", tmp_path / "scan", "--out", tmp_path / "capture", "--roll", 5, "--pitch", -12, "--slab", 3, "--json")
    ran = run("project", "replay", tmp_path / "capture", tmp_path / "scan", "--json")
    assert (ran.code, ran.json["same"], ran.json["pictures"]) == (0, True, {"full16.png": True, "full.png": True})
    write_series(small_volume(1), tmp_path / "other")
    assert run("project", "replay", tmp_path / "capture", tmp_path / "other", "--json").json["error"]["code"] == "capture.other_series"
