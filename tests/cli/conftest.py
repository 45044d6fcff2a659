"""What tests of the command line share with those of the services, and a small scan."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sos_studio.cli.main import main
from sos_studio.core.volume import Volume
from sos_studio.imaging.dicom_write import write_series
from tests.services.conftest import fake_worker, filled_project_folder, project  # noqa: F401  (fixtures)


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Stdout as the one object that it must be."""
        content = json.loads(self.out)
        assert isinstance(content, dict)
        return content


ROOT_OF_TESTS = Path(__file__).resolve().parents[1]

Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def call(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return call


def small_volume(seed: int = 0) -> Volume:
    """40 x 48 x 32 voxels (k, j, i) of 2 mm with something in them."""
    values = np.random.default_rng(seed).integers(-900, 1500, (40, 48, 32), dtype=np.int16)
    matrix = np.diag([2.0, 2.0, 2.0, 1.0])
    matrix[:3, 3] = [-31.0, -47.0, -39.0]
    return Volume(values, matrix)


@pytest.fixture(scope="session")
def scan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DICOM series."""
    folder = tmp_path_factory.mktemp("scan")
    write_series(small_volume(), folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def two_series_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two DICOM series in one folder."""
    folder = tmp_path_factory.mktemp("scans")
    write_series(small_volume(1), folder / "a", seed=1)
    write_series(small_volume(2), folder / "b", seed=2)
    return folder
