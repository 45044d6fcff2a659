"""Model folders and a predictor without networks, for tests of prediction in the window."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sos_studio.core.predictions import KeptMap, ModelCard, PredictedRoi, Prediction
from sos_studio.core.roi import Roi
from sos_studio.services.prediction import PredictionResult

DETECTED = Roi.of((170.0, 140.0), 35.0, 80.0)
SURE_OF_FRAME = 0.8
LOOKED_AT_FRAME = 0.64


def add_model(
    project_dir: Path, kind: str, name: str = "a", *, phantom: bool = False, from_scratch: bool = True, manifest: str = "m1"
) -> str:
    """A folder that passes as a trained network; returns its id."""
    model_id = f"{kind}-{name}"
    folder = project_dir / "models" / model_id
    folder.mkdir(parents=True)
    card = {
        "model_id": model_id,
        "kind": kind,
        "network": "convnext_atto",
        "input_shape_hw": [256, 256],
        "manifest_id": manifest,
        "phantom": phantom,
        "from_scratch": from_scratch,
        "created_utc": f"2026-11-20T10:00:0{ord(name) % 10}+00:00",
        "software": "test",
        "held_out": {"n": 40, "correct": 27},
    }
    (folder / "model.json").write_text(json.dumps(card))
    (folder / "model.safetensors").write_bytes(b"not weights")
    return model_id


class FakeService:
    """Answers at once; `error` makes it fail."""

    def __init__(self, stage: int = 3, sure: float = 0.8) -> None:
        self.sure = sure
        self.shares = None
        self.asked = []
        self.warmed = []
        self.error = None
        self.closed = False
        self.stage = stage
        self.heats = []
        self.looked = []
        self.stage_set = None
        self.familiarity = None

    def warm_up(self, model_dir=None):
        self.warmed.append(None if model_dir is None else model_dir.name)

    def close(self):
        self.closed = True

    def predict(self, picture, *, model_dir, roi=None, detector_dir=None, stage=None, method="grad-cam", cancelled=None, urgent=True):
        self.asked.append((model_dir.name, roi, None if detector_dir is None else detector_dir.name))
        if self.error is not None:
            raise self.error
        frame = PredictedRoi.of(roi, "expert") if roi is not None else None
        if frame is None and detector_dir is not None:
            frame = PredictedRoi.of(DETECTED, "detector", SURE_OF_FRAME)
        v, u = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
        heat = np.exp(-((u - 180) ** 2 + (v - 150) ** 2) / 2000).astype(np.float32)
        p = np.full(5, (1 - self.sure) / 4)
        p[self.stage - 1] = self.sure
        if self.shares is not None:
            p = np.array(self.shares)
        prediction = Prediction(
            scheme="bassed-5",
            stage=self.stage,
            probabilities=tuple(float(x) for x in p),
            expected_stage=float(p @ np.arange(1, 6)),
            roi=frame,
            attention_in_roi=None if frame is None else LOOKED_AT_FRAME,
            stage_set=self.stage_set,
            familiarity=self.familiarity,
            model=ModelCard.model_validate(json.loads((model_dir / "model.json").read_text())),
        )
        of = stage or self.stage
        self.heats.append((of, method))
        # Cells of ten pixels; the place moves with the stage.
        cells = np.exp(-((np.arange(40)[None, :] - 10 - 2 * of) ** 2 + (np.arange(30)[:, None] - 15) ** 2) / 20).astype(np.float32)
        kept = KeptMap.of(cells, np.array([[10, 0, 4.5], [0, 10, 4.5], [0, 0, 1]]), stage=of, method=method, in_frame=False)
        return PredictionResult(prediction, heat if of == self.stage else np.roll(heat, 40, axis=1), picture, kept, stage, method)

    def find_frame(self, picture, *, detector_dir, cancelled=None):
        self.looked.append(detector_dir.name)
        return PredictedRoi.of(DETECTED, "detector", SURE_OF_FRAME)
