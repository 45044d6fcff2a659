"""How a project's networks do on the cases that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from sos_studio.core.errors import CancelledError
from sos_studio.core.manifests import Manifest, ManifestEntry
from sos_studio.core.predictions import Prediction
from sos_studio.core.roi import Roi
from sos_studio.imaging import crops, heatmaps, images
from sos_studio.services.prediction import PredictionService


@dataclass(frozen=True)
class HeldOutCase:
    """One held-out case.

    Attributes
    ----------
    stage
        Its label.
    prediction
        What the student says of the full image; its frame is the detector's.
    hit
        Whether the middle of the detector's frame lies inside the expert's; None without an expert's frame.
    attention
        Share of the attention inside the expert's frame, 0 … 1; None without a frame or without attention.
    frame_share
        Share of the full image that the expert's frame covers: what `attention` would be if the network looked everywhere alike.
    """

    case_id: str
    stage: int
    prediction: Prediction
    hit: bool | None
    attention: float | None
    frame_share: float | None


@dataclass(frozen=True)
class HeldOutFigures:
    """All held-out cases; every figure comes with its count."""

    cases: tuple[HeldOutCase, ...]

    @property
    def correct(self) -> int:
        """Cases staged as labelled."""
        return sum(case.prediction.stage == case.stage for case in self.cases)

    @property
    def within_one(self) -> int:
        """Cases staged at most one stage off."""
        return sum(abs(case.prediction.stage - case.stage) <= 1 for case in self.cases)

    @property
    def hits(self) -> int:
        """Cases whose frame the detector found."""
        return sum(case.hit is True for case in self.cases)

    @property
    def framed(self) -> int:
        """Cases with an expert's frame."""
        return sum(case.hit is not None for case in self.cases)

    @property
    def attention(self) -> list[float]:
        """Shares of attention inside the expert's frames."""
        return [case.attention for case in self.cases if case.attention is not None]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        shares = [case.frame_share for case in self.cases if case.frame_share is not None]
        return {
            "student": {
                "n": len(self.cases),
                "correct": self.correct,
                "within_one": self.within_one,
                "accuracy": _share(self.correct, len(self.cases)),
            },
            "detector": {"n": self.framed, "hits": self.hits, "hit_rate": _share(self.hits, self.framed)},
            "attention_in_roi": {
                "n": len(self.attention),
                "mean": fmean(self.attention) if self.attention else None,
                "mean_frame_share": fmean(shares) if shares else None,
            },
        }

    def table(self) -> str:
        """For the terminal."""
        shares = [case.frame_share for case in self.cases if case.frame_share is not None]
        rows = [
            ("student accuracy", _of(self.correct, len(self.cases))),
            ("student within one stage", _of(self.within_one, len(self.cases))),
            ("ROI hit rate", _of(self.hits, self.framed)),
            (
                "attention in ROI",
                f"{fmean(self.attention):6.1%}  (mean of {len(self.attention)}; the frame is {fmean(shares):.1%} of the image)"
                if self.attention
                else "     –  (0 of 0)",
            ),
        ]
        width = max(len(name) for name, _ in rows)
        return "\n".join(["Held-out cases", *(f"  {name.ljust(width)}  {value}" for name, value in rows)])


def predict_held_out(
    project_dir: Path,
    manifest: Manifest,
    service: PredictionService,
    *,
    student_dir: Path,
    detector_dir: Path,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> HeldOutFigures:
    """Predict every case of the held-out fold as the window would: full image → frame, stage, heatmap.

    Raises
    ------
    BadInputError, JobFailedError
        As `PredictionService.predict`.
    CancelledError
        If `cancelled` says so.
    """
    entries = [entry for entry in manifest.entries if entry.fold == manifest.held_out_fold]
    found: list[HeldOutCase] = []
    for n, entry in enumerate(entries, start=1):
        if cancelled is not None and cancelled():
            raise CancelledError
        full8 = images.read_gray(project_dir / entry.full_image.path)
        result = service.predict(full8, model_dir=student_dir, detector_dir=detector_dir, cancelled=cancelled, urgent=False)
        attention = None if entry.roi is None else heatmaps.attention_inside(result.heat01_vu, entry.roi)
        share = None if entry.roi is None else float(crops.roi_mask(entry.roi, entry.shape_vu).mean())
        found.append(HeldOutCase(entry.case_id, entry.stage, result.prediction, _hit(result.prediction, entry), attention, share))
        if progress is not None:
            progress(n / len(entries))
    return HeldOutFigures(tuple(found))


def _hit(prediction: Prediction, entry: ManifestEntry) -> bool | None:
    if entry.roi is None:
        return None
    return prediction.roi is not None and _inside(prediction.roi.center_uv, entry.roi)


def _inside(point_uv: tuple[float, float], roi: Roi) -> bool:
    import numpy as np

    height, width = roi.crop_shape_vu
    x, y, _ = np.linalg.solve(roi.uv_from_crop, np.array([*point_uv, 1.0]))
    return bool(-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _of(part: int, whole: int) -> str:
    return f"{part / whole:6.1%}  ({part} of {whole})" if whole else "     –  (0 of 0)"
