"""What a training learned from and how, in a clinician's words; then all its settings by the names of presets and command line."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication

from sos_studio.core.jobs import JobSpec
from sos_studio.core.training import TrainingSettings
from sos_studio.presenters.training_state import Followed
from sos_studio.services.job_data import JobData
from sos_studio.ui.language import local_time


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


def text(job: Followed) -> str:
    """All of it."""
    spec = job.spec
    fraction = spec.settings.inner_validation_fraction if spec is not None and spec.kind != "evaluate" else None
    told = [data(job.data, fraction) if job.data is not None else _tr("The list of its cases is gone.")]
    # Whoever is only asked learns nothing: there are no settings of it.
    if spec is not None and spec.kind != "evaluate":
        told += [_how(spec), _all_settings(spec.settings)]
    return "\n\n".join(told)


def data(known: JobData, fraction: float | None) -> str:
    """What a training learned from and was tested on; `fraction` of what it learned from checked it on the way."""
    learned = _tr("{fitted} to learn from").format(fitted=known.fitted)
    if fraction is not None:
        learned = _tr("{fitted} to learn from, about {kept} of them check cases").format(fitted=known.fitted, kept=known.checking(fraction))
    lines = [
        _tr("{cases} cases of {patients} patients, {framed} with a frame, as they were on {when}").format(
            cases=known.cases,
            patients=known.patients,
            framed=known.framed,
            when=local_time(known.created_utc),
        ),
        _tr("{learned}; {held_out} test cases, never learned from (fold {fold} of {folds}; a patient's fold never changes)").format(
            learned=learned, held_out=known.held_out, fold=known.fold, folds=known.folds
        ),
        _tr("Label of a case: {rule}. Stages: {scheme}.").format(rule=_rule(known.rule), scheme=_scheme(known.scheme)),
        "",
        *(
            _tr("Stage {stage}: {fitted} to learn from, {held_out} test cases").format(stage=stage, fitted=fitted, held_out=held_out)
            for stage, fitted, held_out in known.per_stage
        ),
    ]
    return "\n".join(lines)


def _rule(name: str) -> str:
    return {
        "majority": _tr("the stage that more than half of the evaluators read"),
        "median": _tr("the stage in the middle of all readings"),
        "senior": _tr("what the senior reader read"),
    }.get(name, name)


def _scheme(scheme: str) -> str:
    return _tr("Bassed, 1 to 5") if scheme == "bassed-5" else scheme


def _how(spec: JobSpec) -> str:
    """The settings that a person asks for, each network a line."""
    settings = spec.settings.starting(from_scratch=spec.from_scratch)
    teacher, detector, student = settings.teacher, settings.detector, settings.student
    lines = {
        "teacher": _tr("Teacher: {network}, crops of {size} pixels, {epochs} rounds over its cases (epochs)").format(
            network=teacher.network, size=_size(teacher.input_shape_hw), epochs=teacher.optimiser.epochs
        ),
        "detector": _tr("Detector: {network}, full images of {size} pixels, {epochs} epochs").format(
            network=detector.network, size=_size((detector.image_size, detector.image_size)), epochs=detector.epochs
        ),
        "student": _tr("Student: {network}, full images of {size} pixels, {epochs} epochs").format(
            network=student.network, size=_size(student.input_shape_hw), epochs=student.optimiser.epochs
        ),
    }
    if windowed := sum(epochs for _, epochs in student.windows):
        lines["student"] += _tr(", the first {n} on windows about the frame").format(n=windowed)
    whole = spec.kind in ("retrain", "crossval")
    told = [line for part, line in lines.items() if whole or spec.kind == part]
    if whole or spec.kind == "student":
        counted = _tr("What counts for the student: stage {theta}, likeness to the teacher {beta}, attention inside the frame {alpha}")
        told.append(counted.format(theta=f"{student.theta:g}", beta=f"{student.beta:g}", alpha=f"{student.alpha:g}"))
    where = _tr("Preset {preset}; computed on {device}, threads: {threads}; seed {seed} (the same seed draws the same chance)")
    device = _tr("what this computer has") if spec.device == "auto" else spec.device
    return "\n".join([*told, where.format(preset=spec.preset, device=device, threads=spec.threads, seed=spec.seed)])


def _size(shape_hw: tuple[int, int]) -> str:
    return f"{shape_hw[1]} × {shape_hw[0]}"


def _all_settings(settings: TrainingSettings) -> str:
    lines = [_tr("All settings, by their names in preset files and on the command line:")]

    def put(prefix: str, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if isinstance(value, dict):
                put(f"{prefix}{name}.", value)
            else:
                lines.append(f"{prefix}{name} = {value}")

    put("", settings.model_dump(mode="json"))
    return "\n".join(lines)
