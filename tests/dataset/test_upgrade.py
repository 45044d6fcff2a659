from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import sos_studio.dataset
from sos_studio.core.errors import ProjectError
from sos_studio.dataset import predictions, readings, upgrade
from sos_studio.dataset.project import Project
from sos_studio.dataset.schema import Base
from sos_studio.dataset.upgrade import SCHEMA_VERSION
from tests.dataset import builders


@pytest.fixture
def old_project(tmp_path: Path) -> Path:
    """A project as the first schema made it, with one staged case."""
    with Project.create(tmp_path / "study") as project:
        builders.staged_case(project, 3)
    builders.back_to_the_first_schema(tmp_path / "study" / "project.sqlite")
    return tmp_path / "study"


def test_migrations_make_exactly_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    database = tmp_path / "new.sqlite"
    upgrade.migrate(database)
    with create_engine(f"sqlite:///{database}").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_known_schema_version_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(sos_studio.dataset.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert int(ScriptDirectory.from_config(config).get_current_head() or 0) == SCHEMA_VERSION


def test_an_older_project_is_brought_up_to_date_and_its_old_database_kept(old_project: Path) -> None:
    before = (old_project / "project.sqlite").read_bytes()
    with Project.open(old_project) as project:
        assert project.upgraded_from is not None
        labels = readings.labels(project)
        assert list(labels.values()) == [3]
        capture_id = readings.readings(project, next(iter(labels)))[0].capture_id
        predictions.record_shown(project, capture_id, model_id="m", stage=1, probabilities=[1, 0, 0, 0, 0])
        backup = project.upgraded_from
    assert upgrade.schema_version(backup) == 1
    assert len(backup.read_bytes()) == len(before)
    with Project.open(old_project) as project:
        assert project.upgraded_from is None


def test_a_read_only_opener_does_not_upgrade(old_project: Path) -> None:
    before = builders.files_below(old_project)
    with pytest.raises(ProjectError, match=r"project\.older_version"):
        Project.open(old_project, read_only=True)
    assert builders.files_below(old_project) == before


def test_an_upgrade_that_fails_leaves_the_old_project(old_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(database: Path, revision: str = "head") -> None:
        database.write_bytes(b"half-made")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upgrade, "migrate", no_room)
    with pytest.raises(ProjectError, match=r"project\.disk_full"):
        Project.open(old_project)
    monkeypatch.undo()
    assert upgrade.schema_version(old_project / "project.sqlite") == 1
    assert not list(old_project.glob(".*"))
    with Project.open(old_project) as project:
        assert list(readings.labels(project).values()) == [3]


def test_folders_with_odd_names_work(tmp_path: Path) -> None:
    for name in ("50% größer #1", "a?b", "with space"):
        with Project.create(tmp_path / name) as project:
            builders.staged_case(project, 1)
        Project.open(tmp_path / name).close()
        Project.open(tmp_path / name, read_only=True).close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE readings SET stage = 5",
        "DELETE FROM readings",
        "UPDATE folds SET fold = 1",
        "DELETE FROM folds",
        "UPDATE predictions SET stage = 1",
        "DELETE FROM exclusions",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_confirmed(project: Project, statement: str) -> None:
    case_id = builders.staged_case(project, 3)
    capture_id = readings.readings(project, case_id)[0].capture_id
    predictions.record_shown(project, capture_id, model_id="m", stage=1, probabilities=[1, 0, 0, 0, 0])
    connection = sqlite3.connect(project.directory / "project.sqlite")
    connection.execute("INSERT INTO folds VALUES ('P0001', 0, 0, '2026-01-01T00:00:00+00:00')")
    connection.execute(f"INSERT INTO exclusions VALUES (1, '{case_id}', 1, 'tooth', 'Ada', '2026-01-01T00:00:00+00:00', '')")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
