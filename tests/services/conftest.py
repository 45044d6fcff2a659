"""Projects and workers for tests of services and of the command line."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.jobs import WORKER_FILE
from sos_studio.core.predictions import ModelCard
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, cases
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.services import presets, staging, worker_process
from sos_studio.services.serve_process import ServeProcess
from tests.dataset.builders import record

TRANSCRIPTS = Path(__file__).resolve().parents[1] / "protocol"
FAKE_WORKER, FAKE_SERVE = Path(__file__).with_name("fake_worker.py"), Path(__file__).with_name("fake_serve.py")


def add_case(project: Project, stage: int | None, *, seed: int, shape_vu: tuple[int, int] = (96, 120), frame: bool = True) -> str:
    """One case with a capture, a frame and a reading."""
    case_id = cases.add_case(project)
    full8 = np.random.default_rng(seed).integers(0, 255, shape_vu, dtype=np.uint8)

    def record_for(capture_id: str) -> CaptureRecord:
        return record(case_id, capture_id, shape_vu=shape_vu)

    capture_id = captures.add_capture(project, case_id, record_for=record_for, full_png=images.encode_png(full8), full16_png=None)
    n = staging.store_roi(project, capture_id, Roi.of((60.0, 48.0), 20.0, 40.0))[0] if frame else None
    if stage is not None:
        staging.stage(project, case_id, capture_id, n, "A", stage)
    return case_id


@pytest.fixture(scope="session")
def filled_project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifteen staged cases; copy it before writing to it."""
    folder = tmp_path_factory.mktemp("filled") / "project"
    with Project.create(folder, phantom=True) as project:
        for n in range(15):
            add_case(project, 1 + n % 3, seed=n)
    return folder


@pytest.fixture
def project(filled_project_folder: Path, tmp_path: Path) -> Iterator[Project]:
    """A copy of the fifteen staged cases, open."""
    folder = tmp_path / "project"
    shutil.copytree(filled_project_folder, folder)
    with Project.open(folder) as opened:
        yield opened


@pytest.fixture
def fake_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
    """Make jobs start `fake_worker.py` in a mode on a transcript; whatever still runs is killed afterwards."""

    def use(mode: str, transcript: str = "retrain-succeeded") -> None:
        def command(*arguments: str) -> list[str]:
            return [sys.executable, str(FAKE_WORKER), mode, str(TRANSCRIPTS / f"{transcript}.jsonl"), arguments[-1]]

        monkeypatch.setattr(worker_process, "trainer_command", command)
        # What the presets say is tested where they are; here any valid settings do.
        monkeypatch.setattr(presets, "load", lambda _name: {})

    yield use
    for record_file in tmp_path.rglob(WORKER_FILE):
        record = worker_process.worker_record(record_file.parent)
        process = worker_process.same_process(record.pid, record.started_at) if record is not None else None
        if process is not None:
            process.kill()
            psutil.wait_procs([process], timeout=5)


def write_model(
    models_root: Path, model_id: str, kind: str, *, manifest_id: str = "m1", created: str = "2025-03-01T09:00:00+00:00"
) -> Path:
    """A model folder that says it is one; its weights hold a single number."""
    folder = models_root / model_id
    folder.mkdir(parents=True)
    card = ModelCard(
        model_id=model_id,
        kind=kind,  # type: ignore[arg-type]
        network="convnext_atto",
        input_shape_hw=(96, 120),
        manifest_id=manifest_id,
        phantom=True,
        from_scratch=True,
        created_utc=created,
        software="test",
    )
    (folder / "model.json").write_text(card.model_dump_json())
    (folder / "model.safetensors").write_bytes(safetensors_bytes())
    return folder


def safetensors_bytes() -> bytes:
    """The smallest whole safetensors file."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0\0\0\0"


@pytest.fixture
def fake_serve() -> Iterator[Callable[..., ServeProcess]]:
    """Predictors of `fake_serve.py` in a mode; closed afterwards."""
    made: list[ServeProcess] = []

    def use(*mode: str) -> ServeProcess:
        made.append(ServeProcess(command=[sys.executable, str(FAKE_SERVE), *mode]))
        return made[-1]

    yield use
    for serve in made:
        serve.close()
