"""The secret stays with the user: made once, moved by a person, never replaced in silence."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.settings import user_data_dir
from sos_studio.dataset import cases, project_secret, pseudonyms
from sos_studio.dataset.project import Project


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Call it to sit down at a second workstation."""
    return lambda: monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "elsewhere"))


def _file(project: Project) -> Path:
    return user_data_dir() / project_secret.SECRETS_DIR / f"{project.project_id}.key"


def test_the_secret_is_not_in_the_project(project: Project) -> None:
    secret = project_secret.secret_of(project)
    everything = b"".join(path.read_bytes() for path in project.directory.rglob("*") if path.is_file())
    assert secret not in everything
    assert secret.hex().encode() not in everything
    assert len(secret) == 32


def test_a_second_workstation_says_that_the_secret_is_missing_and_makes_no_other(project: Project, elsewhere) -> None:
    here = pseudonyms.pseudonym(project, "4711")
    elsewhere()
    assert project_secret.state(project) == "missing"
    with pytest.raises(ProjectError, match=r"secret\.missing"):
        pseudonyms.pseudonym(project, "4711")
    assert not _file(project).exists()
    assert here.startswith("P-")


def test_an_exported_secret_makes_the_same_pseudonyms_on_a_second_workstation(project: Project, tmp_path: Path, elsewhere) -> None:
    here = pseudonyms.pseudonym(project, "4711")
    project_secret.export_secret(project, tmp_path / "secret.txt")
    project_secret.export_secret(project, tmp_path / "secret.txt")
    elsewhere()
    project_secret.import_secret(project, tmp_path / "secret.txt")
    project_secret.import_secret(project, tmp_path / "secret.txt")
    assert project_secret.state(project) == "here"
    assert pseudonyms.pseudonym(project, "4711") == here


def test_another_projects_secret_is_refused(project: Project, tmp_path: Path) -> None:
    here = pseudonyms.pseudonym(project, "4711")
    with Project.create(tmp_path / "other") as other:
        project_secret.export_secret(other, tmp_path / "secret.txt")
    with pytest.raises(BadInputError, match=r"secret\.of_other_project"):
        project_secret.import_secret(project, tmp_path / "secret.txt")
    assert pseudonyms.pseudonym(project, "4711") == here


def test_a_secret_of_this_id_that_made_other_pseudonyms_is_refused(project: Project, tmp_path: Path) -> None:
    pseudonyms.pseudonym(project, "4711")
    (tmp_path / "secret.txt").write_text(f"sos-studio project secret 1:{project.project_id}:{'ab' * 32}\n")
    with pytest.raises(BadInputError, match=r"secret\.of_other_project"):
        project_secret.import_secret(project, tmp_path / "secret.txt")


@pytest.mark.parametrize("content", ["", "sos-studio project secret 1:x:00", "hello", "é", "a:b:c:d"])
def test_what_is_no_secret_is_refused(project: Project, tmp_path: Path, content: str) -> None:
    (tmp_path / "secret.txt").write_text(content, "utf-8")
    with pytest.raises(BadInputError, match=r"secret\.bad_file"):
        project_secret.import_secret(project, tmp_path / "secret.txt")


def test_an_export_replaces_no_file_of_another_kind(project: Project, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInputError, match=r"secret\.exists"):
        project_secret.export_secret(project, tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("content", [b"short", b"x" * 32])
def test_a_damaged_secret_is_never_replaced_by_a_new_one_but_an_import_mends_it(project: Project, tmp_path: Path, content: bytes) -> None:
    here = pseudonyms.pseudonym(project, "4711")
    project_secret.export_secret(project, tmp_path / "secret.txt")
    _file(project).write_bytes(content)
    with pytest.raises(ProjectError, match=r"secret\.damaged"):
        pseudonyms.pseudonym(project, "4711")
    assert _file(project).read_bytes() == content
    project_secret.import_secret(project, tmp_path / "secret.txt")
    assert pseudonyms.pseudonym(project, "4711") == here


def test_a_read_only_opener_makes_no_secret(project: Project) -> None:
    project.close()
    with Project.open(project.directory, read_only=True) as looking:
        with pytest.raises(ProjectError, match=r"project\.read_only"):
            pseudonyms.pseudonym(looking, "4711")
        assert project_secret.state(looking) == "unused"
    assert not _file(project).exists()


@pytest.mark.skipif(os.name == "nt", reason="permission bits are POSIX")
def test_only_the_user_can_read_the_secret(project: Project, tmp_path: Path) -> None:
    project_secret.export_secret(project, tmp_path / "secret.txt")
    assert _file(project).stat().st_mode & 0o077 == 0
    assert (tmp_path / "secret.txt").stat().st_mode & 0o077 == 0


def test_threads_that_need_the_first_secret_at_once_agree_on_it(project: Project) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: pseudonyms.pseudonym(project, "4711"), range(32)))) == 1


def test_a_project_whose_pseudonyms_were_made_with_the_users_own_key_goes_on_with_it(project: Project) -> None:
    (user_data_dir()).mkdir(parents=True, exist_ok=True)
    (user_data_dir() / project_secret.USER_KEY_FILE).write_bytes(b"k" * 32)
    cases.add_case(project, "P-" + "a" * 16)
    assert project_secret.secret_of(project) == b"k" * 32


def test_the_check_value_is_written_once(project: Project) -> None:
    project_secret.secret_of(project)
    connection = sqlite3.connect(project.directory / "project.sqlite")
    first = connection.execute("SELECT secret_check FROM project").fetchone()
    project_secret.secret_of(project)
    assert connection.execute("SELECT secret_check FROM project").fetchone() == first
    connection.close()
    assert len(first[0]) == 16


def test_a_crash_between_secret_and_check_value_changes_no_pseudonym(project: Project) -> None:
    here = pseudonyms.pseudonym(project, "4711")
    connection = sqlite3.connect(project.directory / "project.sqlite")
    with connection:
        connection.execute("UPDATE project SET secret_check = NULL")
    connection.close()
    assert pseudonyms.pseudonym(project, "4711") == here
    assert project_secret.state(project) == "here"
