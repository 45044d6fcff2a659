"""Words for trainings: parts, time left, how a job stands, what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QCoreApplication

from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.messages import message
from sos_studio.presenters.training_state import Followed, TrainingState, held_out_lines
from sos_studio.services.job_watch import Seen
from sos_studio.ui.language import local_time, plural


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


def part_name(part: str) -> str:
    """A part of a training by what it is for; the glossary's word is `part_term`."""
    return {
        "teacher": _tr("network for crops"),
        "detector": _tr("network that finds the SOS"),
        "student": _tr("network for full images"),
        "retrain": _tr("all three networks"),
        "crossval": _tr("cross-validation"),
        "evaluate": _tr("networks being asked"),
    }.get(part) or _fold_name(part)


def _fold_name(part: str) -> str:
    """``fold-2`` of a cross-validation; anything else as it is."""
    fold = part.removeprefix("fold-")
    return _tr("networks that fold {n} tests").format(n=fold) if fold != part else part


def part_term(part: str) -> str:
    """What papers call it, for tooltips."""
    return {
        "teacher": _tr("Teacher: stages crops, and teaches the network for full images"),
        "detector": _tr("Detector: finds the frame of the SOS on the full image"),
        "student": _tr("Student: stages full images, taught by the teacher"),
    }.get(part, "")


def time_left(seconds: float | None) -> str:
    """Time left, as coarse as it is known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return _tr("about {n} s left").format(n=max(5, 5 * round(seconds / 5)))
    if seconds < 5400:
        return _tr("about {n} min left").format(n=round(seconds / 60))
    return _tr("about {n} h left").format(n=f"{seconds / 3600:.1f}")


def asking(state: JobState, ahead: int | None = None) -> str:
    """How far networks are that are asked about cases."""
    if ahead is not None:
        return _tr("Waits until the running training has ended, then asks")
    if state.status is JobStatus.RUNNING and state.fraction > 0:
        return _tr("Asking · {percent}").format(percent=f"{100 * state.fraction:.0f} %")
    return _tr("Asking …")


def _asked(state: JobState) -> str:
    """How a question to networks ended."""
    return {
        JobStatus.SUCCEEDED: _tr("✓ The networks were asked"),
        JobStatus.CANCELLED: _tr("The networks were not asked: it was cancelled"),
        JobStatus.INTERRUPTED: _tr("✕ Asking the networks was interrupted"),
    }.get(state.status, _tr("✕ The networks could not be asked"))


def status(state: JobState, *, silent: bool = False, asks: bool = False) -> str:
    """How a job stands, in a few words; `asks`: it trains nothing."""
    if asks and state.status is not JobStatus.WAITING and not (silent and state.status is JobStatus.RUNNING):
        return _asked(state) if state.status.ended else asking(state)
    match state.status:
        case JobStatus.WAITING:
            return _tr("Waits until another training has ended")
        case JobStatus.QUEUED:
            return _tr("Starting …")
        case JobStatus.RUNNING if silent:
            return _tr("Running, but without a sign of life for a minute")
        case JobStatus.RUNNING if state.fraction == 0:
            return _tr("Getting ready: looking at all pictures, and trying out how fast this computer is …")
        case JobStatus.RUNNING:
            told = [_tr("Training the {part}").format(part=part_name(state.part)) if state.part else _tr("Training")]
            if len(state.parts) > 1 and state.part in state.parts:
                told[0] += _tr(" ({n} of {count})").format(n=state.parts.index(state.part) + 1, count=len(state.parts))
            told.append(f"{100 * state.fraction:.0f} %")
            left = time_left(state.seconds_left)
            return " · ".join([*told, left] if left else told)
        case JobStatus.SUCCEEDED:
            return _tr("✓ Training complete")
        case JobStatus.CANCELLED:
            return _tr("Training cancelled at {percent}: Resume goes on from there").format(percent=f"{100 * state.fraction:.0f} %")
        case JobStatus.INTERRUPTED:
            return _tr("✕ Training interrupted")
        case _:
            return _tr("✕ Training failed")


def waits(ahead: int) -> str:
    """How long the line is."""
    if ahead == 0:
        return _tr("Waits: next, once the running training has ended")
    return plural(
        "TrainingDock",
        "Waits: the running training and 1 more in the line are ahead of it",
        "Waits: the running training and {n} more in the line are ahead of it",
        ahead,
    )


def row_title(seen: Seen) -> str:
    """A training in a list: its name, else when and what."""
    return seen.name or job_parts(seen.handle.job_id)[1]


def row_status(seen: Seen) -> str:
    """How it stands, in a line of a list."""
    when = job_parts(seen.handle.job_id)[0]
    told = _standing(seen)
    return f"{when} · {told}" if seen.state.status.ended and when else told


def _standing(seen: Seen) -> str:
    state = seen.state
    if seen.ahead is not None:
        return _tr("waits, number {n}").format(n=seen.ahead + 1)
    match state.status:
        case JobStatus.RUNNING:
            left = _tr("cancelling …") if seen.stopping else time_left(state.seconds_left)
            if state.fraction == 0 and not seen.stopping:
                return _tr("▶ getting ready")
            told = f"▶ {100 * state.fraction:.0f} %"
            return f"{told} · {left}" if left else told
        case JobStatus.QUEUED:
            return _tr("starting")
        case JobStatus.SUCCEEDED:
            return _tr("✓ complete")
        case JobStatus.CANCELLED:
            return _tr("cancelled")
        case JobStatus.INTERRUPTED:
            return _tr("✕ interrupted")
        case _:
            return _tr("✕ failed")


def headline(state: TrainingState) -> str:
    """What the dock says first."""
    if state.collecting:
        return _tr("Collecting cases …")
    if state.job is not None and state.job.ahead is not None:
        return waits(state.job.ahead)
    if state.job is not None and state.job.stopping:
        return _tr("Cancelling …") if state.job.asks else _tr("Cancelling … what was learned is kept")
    if state.job is not None:
        return status(state.job.state, silent=state.job.silent, asks=state.job.asks)
    if not state.has_project:
        return _tr("Open a project with staged cases, then press Retrain all.")
    return _tr("Nothing trained yet. Retrain all teaches three networks from the readings in this project.")


def trouble(state: TrainingState) -> str:
    """Why the training on the screen did not work and what to do, or nothing."""
    return "" if state.job is None else stopped(state.job.state, asks=state.job.asks)


def stopped(state: JobState, *, asks: bool) -> str:
    """Why a job failed or broke off and what to do, or nothing; `asks`: it trains nothing."""
    if state.status is JobStatus.FAILED:
        return str(message(state.failure_code or "training.failed", state.failure_values))
    if state.status is JobStatus.INTERRUPTED:
        return str(message("compare.interrupted" if asks else "job.worker_died"))
    return ""


def facts(job: Followed) -> str:
    """What was asked, and what the person should know meanwhile."""
    told = []
    spec = job.spec
    if job.asks:
        told.append(_tr("Networks are asked about cases that they were not trained on; what they say is shown with their trainings."))
    elif spec is not None:
        told.append(_tr("{what} · preset {preset}").format(what=part_name(spec.kind), preset=spec.preset))
        told.append(
            _tr("from scratch: learned from this project's images alone")
            if spec.from_scratch
            else _tr("after having learned on everyday pictures")
        )
        if job.data is not None and spec.kind != "crossval":
            cases = _tr("{fitted} cases to learn from, {held_out} test cases that it never learns from")
            told.append(cases.format(fitted=job.data.fitted, held_out=job.data.held_out))
            if job.data.without_agreement:
                told.append(str(message("training.without_agreement", {"count": job.data.without_agreement})))
        if spec.teacher_model is not None:
            told.append(_tr("taught by the teacher of {when}").format(when=_made(spec.teacher_model)))
        if spec.judged_models and not job.state.status.ended:
            told.append(_tr("The network in use stays until you take the new one: both are compared first."))
    warned = dict.fromkeys(str(message(warning.code, warning.values)) for warning in job.state.warnings)
    told.extend(f"⚠ {sentence}" for sentence in warned)
    if not job.state.status.ended:
        told.append(_tr("You may close the window: it goes on and is found again."))
    return "\n".join(told)


def _made(model_id: str) -> str:
    """When ``teacher-20261121-083025-7bcb`` was made; of an id from elsewhere, itself."""
    kind, _, rest = model_id.partition("-")
    when, _ = job_parts(f"{rest.removesuffix(rest[-5:])}-{kind}-{rest[-4:]}" if len(rest) > 5 else rest)
    return when or model_id


def preset_words(preset: str) -> str:
    """What a preset is for and how long it takes, as far as one can say that of any computer."""
    return {
        "quick": _tr("quick: minutes on an ordinary computer; for trying out, never enough to stage patients"),
        "clinic": _tr("clinic: a night on an ordinary computer; best with starting weights"),
        "paper": _tr("paper: the networks and weights of the paper; wants a graphics card"),
        "paper-literal": _tr("paper-literal: the letter of the paper's equations, to compare with; wants a graphics card"),
    }.get(preset, preset)


def details(job: Followed) -> str:
    """The same in the words of papers, for a tooltip."""
    spec = job.spec
    if spec is None or job.asks:
        return ""
    start = _tr("no ImageNet weights") if spec.from_scratch else _tr("ImageNet weights")
    return _tr("Teacher {teacher}, student {student}; {start}").format(
        teacher=spec.settings.teacher.network, student=spec.settings.student.network, start=start
    )


def smaller(setting: str) -> str:
    """The button that offers a setting which needs less memory."""
    name, _, value = setting.partition("=")
    if name.endswith("batch_size"):
        return _tr("Try again with batches of {n}").format(n=value)
    return _tr("Try again with smaller pictures ({size})").format(size=value.strip("[]").replace(",", " × "))


def result(figures: dict[str, Any]) -> str:
    """The figures of a training that is complete, one a line."""
    return "\n".join(message(code, values).text for code, values in held_out_lines(figures))


def job_title(job_id: str) -> str:
    """``20261120-235959-retrain-ab12`` as a person reads it: local time, and what was trained."""
    when, what = job_parts(job_id)
    return f"{when}, {what}" if when else what


def job_parts(job_id: str) -> tuple[str, str]:
    """When, and what was trained; of an id that is none, nothing and itself."""
    try:
        day, time, kind, _ = job_id.split("-")
        began = datetime.strptime(f"{day} {time}", "%Y%m%d %H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return "", job_id
    return local_time(began), part_name(kind)
