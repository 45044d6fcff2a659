"""A job is a folder. This is what lies in it and the events that its worker writes.

``job.json`` (asked) → ``worker.json`` (who works) → ``events.jsonl``, ``log.txt``, ``checkpoints/`` → ``result.json``; a file named
``cancel`` asks the worker to stop.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from sos_studio.core.crossval import CrossvalSettings
from sos_studio.core.readings import utc_now
from sos_studio.core.roi import Finite
from sos_studio.core.training import TrainingSettings

JOB_FILE, EVENTS_FILE, LOG_FILE, RESULT_FILE = "job.json", "events.jsonl", "log.txt", "result.json"
WORKER_FILE, HEARTBEAT_FILE, CANCEL_FILE = "worker.json", "heartbeat", "cancel"
CHECKPOINTS_DIR = "checkpoints"
# Where files of starting weights lie on this computer: one of them, or of a cross-validation a JSON object of paths by network.
WEIGHTS_VARIABLE = "SOS_STUDIO_STARTING_WEIGHTS"
# Beside a file of starting weights, where it comes from: ``{"source", "licence", "sha256"}``.
SOURCE_SUFFIX = ".source.json"
HEARTBEAT_EVERY_S = 2.0
HEARTBEAT_LOST_S = 60.0

JobKind = Literal["teacher", "detector", "student", "retrain", "crossval", "evaluate"]
Device = Literal["auto", "cpu", "cuda", "mps"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class JobSpec(BaseModel):
    """``job.json``. Paths are POSIX, relative to the project folder, which is two levels above the job folder.

    Attributes
    ----------
    weights
        Name of the file of starting weights (safetensors, of the network), or None: from scratch. Where it lies on this computer is
        told to the worker in `WEIGHTS_VARIABLE` and not written into the project.
    teacher_model, detector_model
        Model ids that a single `student` job starts from; a `retrain` job makes its own.
    crossval
        What a `crossval` job compares; its files of starting weights are named there.
    judged_models
        Model ids that are asked about the cases that none of them was trained on: all that an `evaluate` job does, and what a training of
        a student does in the end with the one in use, so that the two can be compared on the same cases.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    job_id: str
    kind: JobKind
    manifest: str
    seed: int = 0
    device: Device = "auto"
    threads: Annotated[int, Field(ge=1)] = 1
    preset: str
    settings: TrainingSettings
    weights: str | None = None
    teacher_model: str | None = None
    detector_model: str | None = None
    crossval: CrossvalSettings | None = None
    judged_models: tuple[str, ...] = ()
    created_utc: AwareDatetime = Field(default_factory=utc_now)

    @property
    def from_scratch(self) -> bool:
        """Whether no network of it begins with starting weights."""
        return self.weights is None and not (self.crossval is not None and self.crossval.weights)


class WorkerRecord(BaseModel):
    """``worker.json``: pid and its start time tell a live worker from a stranger with its pid."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    started_at: float
    host: str


class _Event(_Strict):
    n: Annotated[int, Field(ge=0)]
    attempt: Annotated[int, Field(ge=1)] = 1
    utc: Annotated[AwareDatetime, Field(default_factory=utc_now, strict=False)]


class Started(_Event):
    """First event of an attempt."""

    type: Literal["started"] = "started"
    kind: JobKind
    parts: Annotated[tuple[str, ...], Field(strict=False)]
    versions: dict[str, str]


BEGINS = "begins"


class Progress(_Event):
    """`done` of `total` steps of the whole job; `part` says where in a retraining (network) or cross-validation (fold) it is.

    Unit `BEGINS` tells how far the job stood when this attempt began to compute: what came before says nothing of its pace.
    """

    type: Literal["progress"] = "progress"
    done: Finite
    total: Finite
    unit: str = "step"
    part: str = ""


class Metric(_Event):
    """One number on the way."""

    type: Literal["metric"] = "metric"
    name: str
    split: str
    step: int
    value: Finite
    part: str = ""


class Artifact(_Event):
    """A file that the job made; `path` is POSIX, relative to the project folder."""

    type: Literal["artifact"] = "artifact"
    kind: str
    path: str
    sha256: str


class Warned(_Event):
    """Something the person should know; the job goes on."""

    type: Literal["warning"] = "warning"
    code: str
    values: dict[str, Any] = {}


class Succeeded(_Event):
    """Last event of an attempt: `result.json` is complete."""

    type: Literal["succeeded"] = "succeeded"


class Failed(_Event):
    """Last event of an attempt: `code` and `values` become words in `sos_studio.messages`."""

    type: Literal["failed"] = "failed"
    code: str
    values: dict[str, Any] = {}


class Cancelled(_Event):
    """Last event of an attempt: the person asked to stop."""

    type: Literal["cancelled"] = "cancelled"


Event = Annotated[
    Started | Progress | Metric | Artifact | Warned | Succeeded | Failed | Cancelled,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def event_line(event: Event) -> bytes:
    """One line of ``events.jsonl``."""
    return event.model_dump_json().encode() + b"\n"


def parse_event(line: bytes) -> Event:
    """Read a line of ``events.jsonl``; pydantic's ValidationError if it is none."""
    return EVENT.validate_json(line)


def paths_told(told: str) -> dict[str, str]:
    """Files of starting weights by network, as a cross-validation's `WEIGHTS_VARIABLE` tells them; none if it tells none."""
    try:
        found = json.loads(told)
    except ValueError:
        return {}
    return {str(network): str(path) for network, path in found.items()} if isinstance(found, dict) else {}
