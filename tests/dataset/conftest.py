from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sos_studio.dataset.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as made:
        yield made
