from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sos_studio.dataset.project import Project


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Syncing only matters in a power cut, which no test can make, and takes most of the time. `test_durability.py` sees to it."""
    if request.module.__name__.endswith("test_durability"):
        return
    monkeypatch.setattr("sos_studio.dataset.project.SYNCHRONOUS", "OFF")
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="session")
def _new_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "study"
    Project.create(folder).close()
    return folder


@pytest.fixture
def project(tmp_path: Path, _new_project: Path) -> Iterator[Project]:
    shutil.copytree(_new_project, tmp_path / "study")
    with Project.open(tmp_path / "study") as opened:
        yield opened
