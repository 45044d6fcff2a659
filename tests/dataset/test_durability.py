"""What a power cut would ask: synced before renamed, renamed before confirmed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from tests.dataset import builders


def test_the_database_syncs_every_commit_and_keeps_no_write_ahead_log(project: Project) -> None:
    with project.writing() as session:
        assert session.execute(text("PRAGMA synchronous")).scalar_one() == 3
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "delete"
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_files_are_synced_and_renamed_before_the_row_that_confirms_them(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = cases.add_case(project)
    steps: list[str] = []

    def spy(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def spied(*args: Any, **kwargs: Any) -> Any:
            steps.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, spied)

    spy(os, "fsync")
    spy(Path, "rename")
    spy(Path, "replace")
    spy(Session, "commit")
    capture_id = builders.add_capture(project, case_id)
    # three files and their folder; the new name; the folders above
    assert steps == ["fsync"] * 4 + ["rename"] + ["fsync"] * 2 + ["commit"]
    steps.clear()
    builders.add_roi(project, capture_id)
    assert steps[:6] == ["fsync", "replace", "fsync"] * 2
    assert set(steps[6:]) == {"commit"}
