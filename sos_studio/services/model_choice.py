"""Which student a project's predictions are made with: a choice of a person, recorded in ``models/in-use.json``.

A training never takes over by itself where there is a student in use already; going back is one more choice, so the history is kept.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from sos_studio.core import atomic
from sos_studio.core.errors import ProjectError
from sos_studio.core.readings import utc_now

CHOICE_FILE = "in-use.json"


class Choice(BaseModel):
    """From when on a student was in use."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model_id: str
    since_utc: AwareDatetime = Field(default_factory=utc_now)


class _Choices(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    students: tuple[Choice, ...] = ()


def choices(models_dir: Path) -> tuple[Choice, ...]:
    """All choices, the oldest first; none if nobody chose, or if the file is damaged."""
    try:
        return _Choices.model_validate_json((models_dir / CHOICE_FILE).read_bytes()).students
    except (OSError, ValidationError):
        return ()


def choose(models_dir: Path, model_id: str) -> None:
    """Predict with this student from now on.

    Raises
    ------
    ProjectError
        ``job.folder_unwritable``.
    """
    known = choices(models_dir)
    if known and known[-1].model_id == model_id:
        return
    try:
        content = _Choices(students=(*known, Choice(model_id=model_id))).model_dump_json(indent=1)
        atomic.write_text(models_dir / CHOICE_FILE, content + "\n")
    except OSError as error:
        raise ProjectError("job.folder_unwritable", reason=error.strerror or type(error).__name__) from error
