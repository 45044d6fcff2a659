"""Names for trainings, and the end of those that nobody needs any more."""

from __future__ import annotations

import contextlib
import json
import shutil
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.services import model_list, waiting
from sos_studio.services.jobs import JobHandle, list_jobs, require_gone
from sos_studio.services.model_list import ModelEntry

NAME_FILE = "name.json"
LONGEST_NAME = 60
# Marks of writing direction; one that is not closed turns about whatever stands behind the name.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name_of(job_dir: Path) -> str:
    """What somebody called a training; empty if nobody did."""
    try:
        content = json.loads((job_dir / NAME_FILE).read_bytes())
    except (OSError, ValueError):
        return ""
    name = content.get("name") if isinstance(content, dict) else None
    return name if isinstance(name, str) else ""


def rename(job_dir: Path, name: str) -> None:
    """Call a training something; an empty name is none. Signs that nobody sees and that turn a text about are left out.

    Raises
    ------
    ProjectError
        ``job.folder_unwritable``.
    """
    try:
        atomic.write_json(job_dir / NAME_FILE, {"name": _plain(name)})
    except OSError as error:
        raise ProjectError("job.folder_unwritable", reason=error.strerror or type(error).__name__) from error


def _plain(name: str) -> str:
    kept = (sign for sign in name if sign.isspace() or (unicodedata.category(sign) not in ("Cc", "Cs") and sign not in _TURNING))
    return " ".join("".join(kept).split())[:LONGEST_NAME].strip()


def models_of(job: JobHandle) -> list[ModelEntry]:
    """The networks that a training has stored."""
    models = model_list.models(job.job_dir.parents[1] / model_list.MODELS_DIR)
    return [entry for entry in models if (entry.card.model_extra or {}).get("job_id") == job.job_id]


def size_bytes(job: JobHandle) -> int:
    """How much of the disk its folder takes; checkpoints of one that was interrupted may be most of it."""
    total = 0
    for path in job.job_dir.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def delete(job: JobHandle, models: Sequence[ModelEntry] = ()) -> None:
    """Delete a training with its log and checkpoints, and those of its networks that are named.

    Each folder is first taken out of sight by one rename: a crash leaves it whole or gone, and what is left of it is swept up by the next
    deletion.

    Raises
    ------
    BadInputError
        ``job.still_running``; ``model.in_use`` if one of the networks is what predictions are made with; ``model.needed`` if another
        training that waits, runs or can be resumed starts from one of them.
    ProjectError
        ``job.folder_unwritable``.
    """
    require_gone(job)
    used = model_list.current(job.job_dir.parents[1] / model_list.MODELS_DIR, "student")
    for entry in models:
        if used is not None and entry.card.model_id == used.card.model_id:
            raise BadInputError("model.in_use", model=entry.card.model_id)
    _require_unneeded(job, {entry.card.model_id for entry in models})
    waiting.leave(job.job_dir)
    for folder in (*(entry.path for entry in models), job.job_dir):
        _out_of_sight(folder)
    for root in {job.job_dir.parent, *(entry.path.parent for entry in models)}:
        for left in root.glob(".deleted-*"):
            shutil.rmtree(left, ignore_errors=True)


def _require_unneeded(job: JobHandle, model_ids: set[str]) -> None:
    others = list_jobs(job.job_dir.parents[1]) if model_ids else []
    for other in others:
        needed = model_ids & _needed_by(other) if other.job_id != job.job_id else set()
        if needed:
            raise BadInputError("model.needed", model=min(needed), job=name_of(other.job_dir) or other.job_id)


def _needed_by(job: JobHandle) -> set[str]:
    """Networks without which a training that is not complete can't go on."""
    if job.result() is not None:
        return set()
    try:
        spec = job.spec()
    except BadInputError:  # a damaged one can't go on anyway
        return set()
    asked = spec.judged_models if spec.kind == "evaluate" and not job.state().status.ended else ()
    return {model_id for model_id in (spec.teacher_model, spec.detector_model, *asked) if model_id is not None}


def _out_of_sight(folder: Path) -> None:
    try:
        folder.replace(folder.with_name(f".deleted-{folder.name}"))
    except FileNotFoundError:
        return
    except OSError as error:
        raise ProjectError("job.folder_unwritable", reason=error.strerror or type(error).__name__) from error
    atomic.sync_directory(folder.parent)
