"""Out-of-fold answers of every arm, and the figures that they come to. Nothing is trained here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core import staging_statistics as statistics
from sos_studio.core.crossval import Arm
from sos_studio.core.manifests import Manifest
from sos_studio.core.staging_statistics import FIGURES, Interval
from trainer import conformal
from trainer.crossval.records import JudgedCase, UnitRecord, targets_of
from trainer.detector_metrics import Detection, judge
from trainer.metrics import confusion_matrix, expected_calibration_error, negative_log_likelihood

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ArmResult:
    """An arm over all its folds, in the order of the folds.

    Attributes
    ----------
    patients
        Pseudonym by case; groups cases and is written nowhere.
    coverage
        Promised by the stage sets.
    """

    arm: Arm
    records: tuple[UnitRecord, ...]
    patients: Mapping[str, str]
    coverage: float

    @cached_property
    def cases(self) -> tuple[JudgedCase, ...]:
        """Held-out cases of all folds."""
        return tuple(case for record in self.records for case in record.held_out)

    @cached_property
    def target_N(self) -> IntArray:
        """0-based labels."""
        return targets_of(self.cases)

    @cached_property
    def probabilities_NK(self) -> FloatArray:
        """Calibrated by each fold's own temperature."""
        return self._probabilities(calibrated=True)

    @cached_property
    def sets(self) -> tuple[IntArray, IntArray]:
        """First and last stage (0-based) of each case's set, by each fold's own inner split."""
        found = []
        for record in self._judged:
            at_most = conformal.threshold(record.probabilities(record.inner), targets_of(record.inner), self.coverage)
            found.append(conformal.stage_sets(record.probabilities(record.held_out), at_most))
        return np.concatenate([first for first, _ in found]), np.concatenate([last for _, last in found])

    @property
    def _judged(self) -> tuple[UnitRecord, ...]:
        """Folds that have a case for this method: one without any crop has none for the teacher."""
        return tuple(record for record in self.records if record.held_out)

    def _probabilities(self, *, calibrated: bool) -> FloatArray:
        return np.concatenate([record.probabilities(record.held_out, calibrated=calibrated) for record in self._judged])

    @property
    def uncalibrated_NK(self) -> FloatArray:
        """As trained, without temperatures."""
        return self._probabilities(calibrated=False)

    @property
    def groups(self) -> list[str]:
        """Patient of each case."""
        return [self.patients[case.case_id] for case in self.cases]

    @property
    def right_N(self) -> npt.NDArray[np.bool_]:
        """Cases staged rightly."""
        right: npt.NDArray[np.bool_] = self.probabilities_NK.argmax(axis=1) == self.target_N
        return right

    def pooled(self, repeats: int, seed: int) -> dict[str, Interval]:
        """All figures over the cases of all folds, with intervals by patient."""
        return statistics.intervals(self.probabilities_NK, self.target_N, self.groups, repeats=repeats, seed=seed)

    def by_fold(self) -> list[dict[str, float | None]]:
        """All figures of each fold alone."""
        found: list[dict[str, float | None]] = []
        for record in self.records:
            if not record.held_out:
                found.append(dict.fromkeys(FIGURES) | {"n": 0.0})
                continue
            values = statistics.figures(record.probabilities(record.held_out), targets_of(record.held_out))
            found.append({name: _finite(values[name][0]) for name in FIGURES} | {"n": float(len(record.held_out))})
        return found

    def conformal_figures(self) -> dict[str, Any]:
        """Coverage with Wilson's limits, mean size and how many sets hold one stage."""
        first_N, last_N = self.sets
        inside_N = (first_N <= self.target_N) & (self.target_N <= last_N)
        size_N = last_N - first_N + 1
        stages = self.probabilities_NK.shape[1]
        by_stage = [statistics.wilson(int(inside_N[self.target_N == k].sum()), int((self.target_N == k).sum())) for k in range(stages)]
        return {
            "promised": self.coverage,
            "coverage": asdict(statistics.wilson(int(inside_N.sum()), len(inside_N))),
            "coverage_by_stage": [asdict(share) for share in by_stage],
            "mean_size": float(size_N.mean()) if len(size_N) else None,
            "single": int((size_N == 1).sum()),
            "inner_cases": [len(record.inner) for record in self.records],
        }

    def calibration(self, repeats: int, seed: int) -> dict[str, Any]:
        """What the temperatures, each fitted to its fold's inner split, do to the held-out cases.

        Returns
        -------
        ``temperatures`` of the folds; ``ece`` and ``negative_log_likelihood`` (nats), each ``{"before", "after"}``; ``ece_difference``,
        after minus before with its interval by patient.
        """
        before_NK, after_NK = self.uncalibrated_NK, self.probabilities_NK
        differences = statistics.paired_differences(after_NK, before_NK, self.target_N, self.groups, repeats=repeats, seed=seed)

        def both(figure: Callable[[FloatArray], float]) -> dict[str, float | None]:
            return {"before": _finite(figure(before_NK)), "after": _finite(figure(after_NK))}

        return {
            "temperatures": [record.temperature for record in self.records],
            "ece": both(lambda p_NK: expected_calibration_error(p_NK, self.target_N)),
            "ece_difference": asdict(differences["ece"]),
            "negative_log_likelihood": both(lambda p_NK: negative_log_likelihood(np.log(np.maximum(p_NK, 1e-300)), self.target_N)),
        }

    def summary(self, repeats: int, seed: int) -> dict[str, Any]:
        """Everything for ``report.json``."""
        pooled, folds = self.pooled(repeats, seed), self.by_fold()
        confusion = confusion_matrix(self.target_N, self.probabilities_NK.argmax(axis=1), self.probabilities_NK.shape[1])
        recalls = [statistics.wilson(int(confusion[k, k]), int(confusion[k].sum())) for k in range(len(confusion))]
        shares = [case.attention for case in self.cases if case.attention is not None]
        return {
            "method": self.arm.method,
            "network": self.arm.network,
            "change": {self.arm.setting: self.arm.value} if self.arm.setting else {},
            "from_scratch": all(record.from_scratch for record in self.records),
            "n": len(self.cases),
            "patients": len(set(self.groups)),
            "correct": int(np.trace(confusion)),
            "pooled": {name: asdict(found) for name, found in pooled.items()},
            "fold_mean_sd": {name: statistics.mean_and_sd([fold[name] for fold in folds]) for name in FIGURES},
            "folds": [fold | {"fold": record.fold + 1} for fold, record in zip(folds, self.records, strict=True)],
            "recall_by_stage": [asdict(recall) | {"stage": k + 1, "n": int(confusion[k].sum())} for k, recall in enumerate(recalls)],
            "confusion": confusion.tolist(),
            "calibration": self.calibration(repeats, seed),
            "stage_sets": self.conformal_figures(),
            "attention_in_roi": {"n": len(shares), "mean": float(np.mean(shares)) if shares else None},
            "unfound": sum(len(record.unfound) for record in self.records),
            "best_epochs": [record.best_epoch for record in self.records],
            "parameters": self.records[0].parameters,
            "teacher_logits": sorted({record.teacher_logits for record in self.records} - {""}),
            "seconds": [record.seconds for record in self.records],
        }


def arm_results(arms: Sequence[Arm], records: Sequence[UnitRecord], manifest: Manifest, coverage: float) -> list[ArmResult]:
    """Every arm that stages and went well in all its folds."""
    patients = {entry.case_id: entry.patient for entry in manifest.entries}
    found = []
    for arm in arms:
        own = tuple(sorted((record for record in records if record.arm == arm), key=lambda record: record.fold))
        if arm.stages and not any(record.failure for record in own) and any(record.held_out for record in own):
            found.append(ArmResult(arm, own, patients, coverage))
    return found


def compare(first: ArmResult, second: ArmResult, repeats: int, seed: int) -> dict[str, Any] | None:
    """First minus second on the cases that both judged: differences with paired intervals by patient, and McNemar's test.

    Returns
    -------
    None if they have no case in common.
    """
    rows = {case.case_id: n for n, case in enumerate(second.cases)}
    pairs = [(n, rows[case.case_id]) for n, case in enumerate(first.cases) if case.case_id in rows]
    if not pairs:
        return None
    mine, other = (np.array(index) for index in zip(*pairs, strict=True))
    patients = first.groups
    groups = [patients[n] for n in mine]
    differences = statistics.paired_differences(
        first.probabilities_NK[mine], second.probabilities_NK[other], first.target_N[mine], groups, repeats=repeats, seed=seed
    )
    test = statistics.mcnemar(first.right_N[mine], second.right_N[other])
    return {
        "first": first.arm.name,
        "second": second.arm.name,
        "n": len(pairs),
        "differences": {name: asdict(found) for name, found in differences.items()},
        "mcnemar": asdict(test),
    }


def detector_summaries(records: Sequence[UnitRecord], manifest: Manifest, confidence: float) -> tuple[dict[str, Any], ...]:
    """Figures of each detector pooled over the folds, and of each fold; one that was not trained in every fold is left out."""
    detectors = [record for record in records if record.arm.method == "detector"]
    each = ([r for r in detectors if r.arm.network == network] for network in dict.fromkeys(r.arm.network for r in detectors))
    return tuple(_detector_summary(own, manifest, confidence) for own in each if not any(record.failure for record in own))


def _detector_summary(records: Sequence[UnitRecord], manifest: Manifest, confidence: float) -> dict[str, Any]:
    own = sorted(records, key=lambda record: record.fold)
    folds = [_detector_figures([record], manifest, confidence) for record in own]
    names = ("map50", "map50_95", "upright_map50", "upright_map50_95", "hit_rate", "miss_rate", "center_error_mm", "angle_error_deg")
    return {
        "network": own[0].arm.network,
        "pooled": _detector_figures(own, manifest, confidence),
        "folds": [fold | {"fold": record.fold + 1} for fold, record in zip(folds, own, strict=True)],
        "fold_mean_sd": {name: statistics.mean_and_sd([fold[name] for fold in folds]) for name in names},
        "seconds": [record.seconds for record in own],
    }


def _detector_figures(records: Sequence[UnitRecord], manifest: Manifest, confidence: float) -> dict[str, Any]:
    entries = {entry.case_id: entry for entry in manifest.entries}
    framed = [(entries[c.case_id], c) for record in records for c in record.searched if entries[c.case_id].roi is not None]
    found = [[Detection(frame.roi, frame.confidence) for frame in case.found] for _, case in framed]
    truth = [entry.roi for entry, _ in framed if entry.roi is not None]
    return judge(found, truth, [entry.spacing_mm for entry, _ in framed], confidence)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
