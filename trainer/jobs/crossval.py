"""Every arm in every fold, then the tables. What an earlier attempt finished is taken over, fold by fold and arm by arm."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sos_studio.core.crossval import Arm, CrossvalSettings, settings_of
from sos_studio.core.errors import BadInputError, JobFailedError
from sos_studio.core.training_cost import retraining_cost
from trainer.context import JobContext
from trainer.crossval import records
from trainer.crossval.folds import Fold
from trainer.crossval.records import CROSSVAL_DIR, UnitRecord
from trainer.crossval.report import REPORT_FILE, Report
from trainer.data import require_learnable
from trainer.events import EventWriter
from trainer.loop import bf16_is_native
from trainer.metrics import staging_figures
from trainer.soundness import Faults, look_at_network, require_pictures

_log = logging.getLogger(__name__)

# So that an arm that costs next to nothing still moves the bar.
_LEAST_S = 1e-3


@dataclass
class _Forward(EventWriter):
    """Progress that never goes back: an arm may have to make what another one would have made before it."""

    furthest: float = 0.0

    def progress(self, done: float, total: float, part: str | None = None, unit: str = "step") -> None:
        """As `EventWriter.progress`."""
        share = done / total if total > 0 else 1.0
        if share >= self.furthest:
            self.furthest = share
            super().progress(done, total, part, unit)

    def begin(self, done: float, total: float) -> None:
        """As `EventWriter.begin`."""
        super().begin(max(done, self.furthest * total), total)


def run_crossval(context: JobContext) -> dict[str, Any]:
    """Train and judge whatever no record says yet, then write the report.

    Returns
    -------
    Content of ``result.json``; everything is in ``crossval/report.json``.

    Raises
    ------
    BadInputError
        Before anything is trained: ``training.unknown_network``, ``training.input_not_multiple``, ``training.bad_settings``,
        ``training.empty_fold``, ``training.too_few_cases``, ``training.one_stage_only``. Later as the trainings.
    """
    asked = context.spec.crossval
    if asked is None:
        raise BadInputError("job.unreadable", job=context.spec.job_id)
    require_sound(context, asked)
    context.events.progress(0, 1)
    found: list[UnitRecord] = []
    units = [(fold, arm) for fold in asked.folds for arm in asked.arms]
    ends = _ends(context, asked)
    for n, (number, arm) in enumerate(units):
        context.control.check()
        fold = _fold(context, number, ends[n], ends[n + 1])
        record = records.read(context.job_dir, number, arm, fold.asked(arm))
        if record is None:
            record = _made(fold, arm)
            records.write(context.job_dir, record)
            _tell(context, record)
        else:
            _log.info("%s of fold %d was finished by an earlier attempt", arm.name, number + 1)
        fold.context.events.progress(1, 1)
        found.append(record)
        if arm == asked.arms[-1]:
            fold.clear()
    return _reported(context, asked, found)


def require_sound(context: JobContext, asked: CrossvalSettings) -> None:
    """Raise all that can be known before hours are spent: settings, networks, pictures, and whether each fold leaves something to learn."""
    faults = Faults()
    for arm in asked.arms:
        with faults.noted():
            settings = settings_of(context.spec.settings, arm)
            if arm.stages:
                weights = asked.weights.get(arm.network)
                own = replace(context, spec=context.spec.model_copy(update={"settings": settings, "weights": weights}))
                look_at_network(own, settings.student if arm.is_student else settings.teacher, faults)
    for number in asked.folds:
        own = _fold(context, number, 0.0, 1.0).context
        fitting, _ = own.inner_parts()
        with faults.noted():
            if not own.held_out_entries:
                raise BadInputError("training.empty_fold", fold=number + 1)
            require_learnable(fitting)
            if any(arm.method != "full-image" for arm in asked.arms):
                require_learnable([entry for entry in fitting if entry.crop is not None])
    with faults.noted():
        crops = any(arm.method not in ("full-image", "detector") for arm in asked.arms)
        require_pictures(context, full_images=any(arm.method != "teacher" for arm in asked.arms), crops=crops)
    faults.raise_any()


def _fold(context: JobContext, number: int, start: float, stop: float) -> Fold:
    manifest = context.manifest.model_copy(update={"held_out_fold": number})
    events = _Forward(context.events.log, context.project_dir, f"fold-{number + 1}", start, stop, tells_metrics=False)
    return Fold(replace(context, manifest=manifest, events=events))


def _made(fold: Fold, arm: Arm) -> UnitRecord:
    """Its record, also if it can't be trained: one that goes astray must not keep the others from being compared."""
    _log.info("fold %d: %s", fold.number + 1, arm.name)
    try:
        return fold.run(arm)
    except JobFailedError as error:
        if error.code != "training.diverged":
            raise
        fold.context.events.warning("crossval.arm_diverged", arm=arm.name, fold=fold.number + 1)
        return fold.record(arm, failure=error.code)


def _tell(context: JobContext, record: UnitRecord) -> None:
    """One number of each arm in each fold, on the way: an arm's curve runs over the folds."""
    step = record.fold + 1
    if record.held_out:
        right = sum(int(max(range(len(c.logits)), key=c.logits.__getitem__)) + 1 == c.stage for c in record.held_out)
        context.events.metric("accuracy", "held_out", step, right / len(record.held_out), record.arm.name)
    _log.info("fold %d: %s took %.1f s", step, record.arm.name, record.seconds)


def _ends(context: JobContext, asked: CrossvalSettings) -> list[float]:
    """Where on the way from 0 to 1 each arm of each fold begins, and 1 at the end."""
    costs = [max(_cost_s(context, asked, arm), _LEAST_S) for arm in asked.arms] * len(asked.folds)
    total_s, ends = sum(costs), [0.0]
    for cost_s in costs:
        ends.append(min(1.0, ends[-1] + cost_s / total_s))
    ends[-1] = 1.0
    return ends


def _cost_s(context: JobContext, asked: CrossvalSettings, arm: Arm) -> float:
    entries = context.fitted_entries
    framed = sum(entry.crop is not None for entry in entries)
    settings = settings_of(context.spec.settings, arm).starting(from_scratch=arm.network not in asked.weights)
    taught_first = next((a for a in asked.arms if a.is_student and _cross_fits(context, a)), None)
    if arm.is_student and arm != taught_first:
        # The helpers' logits are there by then.
        settings = settings.model_copy(update={"student": settings.student.model_copy(update={"teacher_logits": "in-sample"})})
    cost = retraining_cost(settings, cases=len(entries), framed=framed, bf16=bf16_is_native(context.device))
    return {"teacher": cost.teacher_s, "detector": cost.detector_s, "two-stage": 0.02 * cost.total_s}.get(arm.method, cost.student_s)


def _cross_fits(context: JobContext, arm: Arm) -> bool:
    student = settings_of(context.spec.settings, arm).student
    return student.teacher_logits == "cross-fitted" and student.beta > 0


def _reported(context: JobContext, asked: CrossvalSettings, found: Sequence[UnitRecord]) -> dict[str, Any]:
    report = Report.of(asked, found, context.manifest, seed=context.spec.seed, confidence=context.settings.detector.confidence)
    directory = context.job_dir / CROSSVAL_DIR
    directory.mkdir(parents=True, exist_ok=True)
    files = report.write(directory)
    for path in files:
        if path.suffix in (".json", ".csv", ".tex"):
            context.events.artifact("report", path)
    seconds: dict[str, float] = {}
    for record in found:
        seconds[record.arm.name] = round(seconds.get(record.arm.name, 0.0) + record.seconds, 1)
    return {
        "kind": "crossval",
        "models": {},
        "held_out": _held_out(report, context.settings.student.network),
        "seconds": seconds,
        "report": (directory / REPORT_FILE).relative_to(context.project_dir).as_posix(),
        "files": [path.relative_to(directory).as_posix() for path in files],
        "arms": {name: _short(summary) for name, summary in report.summaries.items()},
        "tables": [table.as_data() for table in report.tables()],
    }


def _held_out(report: Report, network: str) -> dict[str, Any]:
    """What the window shows of any training: here of all cases, each judged by networks that never saw the patient."""
    shown: dict[str, Any] = {}
    for kind, method in (("student", "framework"), ("teacher", "teacher")):
        result = next((a for a in report.arms if (a.arm.method, a.arm.network, a.arm.setting) == (method, network, "")), None)
        if result is not None:
            shown[kind] = staging_figures(result.probabilities_NK, result.target_N)
            if kind == "student":
                shown["attention_in_roi"] = report.summaries[result.arm.name]["attention_in_roi"]
    if report.detectors:
        shown["detector"] = report.detectors[0]["pooled"]
    return shown


def _short(summary: dict[str, Any]) -> dict[str, Any]:
    """The figures of one arm for a terminal; the rest is in the report."""
    keys = (
        "method",
        "network",
        "change",
        "from_scratch",
        "n",
        "patients",
        "correct",
        "pooled",
        "fold_mean_sd",
        "stage_sets",
        "attention_in_roi",
    )
    return {key: summary[key] for key in keys}
