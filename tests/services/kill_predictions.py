"""The story of answers and networks on the disk, killed at every write point: see `tests.dataset.kill_points`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sos_studio.core.predictions import KeptMap, KeptPrediction, Prediction
from sos_studio.dataset import cases, predictions
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.services import batch, model_list, model_package
from sos_studio.services.prediction import Networks, PredictionResult

Say = Callable[[str], None]
PACKAGE, RESULTS = "both.sosmodel", "results"


class Answering:
    """Always stage 2."""

    def predict(self, picture: np.ndarray, *, model_dir: Path, **_: Any) -> PredictionResult:
        """An answer without a map."""
        card = model_list.read(model_dir).card
        said = Prediction(scheme="bassed-5", stage=2, probabilities=(0.1, 0.6, 0.1, 0.1, 0.1), expected_stage=2.5, model=card)
        return PredictionResult(said, np.zeros(picture.shape, np.float32), picture)


def prepare(template: Path) -> None:
    """A network to carry, and two pictures."""
    from tests.services.test_model_package import network

    network(template / "elsewhere")
    for n in range(2):
        (template / "full").mkdir(exist_ok=True)
        images.write_png(template / "full" / f"{n}.png", np.full((70, 80), n, dtype=np.uint8))


def tell(folder: Path, say: Say) -> None:
    """Carry a network, note an answer, stage a folder."""
    entry = model_list.read(folder.parent / "elsewhere" / "student-1")
    model_package.export_models([entry], folder.parent / PACKAGE)
    say(f"packed {PACKAGE}")
    (taken,) = model_package.import_models(folder.parent / PACKAGE, folder / model_list.MODELS_DIR)
    say(f"network {taken.card.model_id}")
    said = Answering().predict(np.zeros((70, 80), np.uint8), model_dir=taken.path).prediction
    kept = KeptPrediction.of(said, KeptMap.of(np.ones((2, 3), np.float32), np.eye(3), stage=2, method="grad-cam", in_frame=False), None)
    with Project.open(folder) as project:
        capture_id = cases.cases(project)[0].capture_id or ""
        predictions.record_shown(project, capture_id, model_id="student-1", stage=2, probabilities=said.probabilities, kept=kept)
    say("answer -")
    _stage_folder(folder.parent)
    say("staged -")


def _stage_folder(scratch: Path) -> batch.BatchReport:
    networks = Networks(model_list.read(scratch / "elsewhere" / "student-1"), None)
    return batch.predict_folder(scratch / "full", scratch / RESULTS, networks, Answering())  # type: ignore[arg-type]


def judge(folder: Path, said: list[str]) -> None:
    """What is there is whole, what was said is there, and a batch goes on."""
    kinds = {line.split()[0] for line in said}
    package = folder.parent / PACKAGE
    assert package.exists() or "packed" not in kinds
    if package.exists():
        with model_package.opened(package):
            pass
    networks = [path for path in (folder / "models").glob("*") if not path.name.startswith(".")] if (folder / "models").exists() else []
    for path in networks:
        entry = model_list.read(path)
        digest = hashlib.sha256((path / model_list.TENSORS_FILE).read_bytes()).hexdigest()
        assert (entry.card.model_extra or {})["weights_sha256"] == digest
    assert networks or "network" not in kinds
    with Project.open(folder) as project:
        rows = predictions.shown(project, cases.cases(project)[0].case_id)
        assert all(row.kept is not None and row.kept.map is not None for row in rows)
        assert rows or "answer" not in kinds
    if "answer" in kinds:
        report = _stage_folder(folder.parent)
        assert (len(report.rows), report.failed) == (2, 0)
        assert len((folder.parent / RESULTS / batch.TABLE_FILE).read_text().splitlines()) == 3
        assert "staged" not in kinds or report.taken_over == 2
