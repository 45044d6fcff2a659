"""Events folded into the one state that the window and the terminal show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sos_studio.core.jobs import BEGINS, Artifact, Cancelled, Event, Failed, Metric, Progress, Started, Succeeded, Warned


class JobStatus(StrEnum):
    """`WAITING`: another training has the device. `QUEUED`: its worker is on its way.

    `INTERRUPTED`: the worker is gone without a last event (killed, power cut, restart of the machine).
    """

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come by itself."""
        return self not in (JobStatus.WAITING, JobStatus.QUEUED, JobStatus.RUNNING)


@dataclass(frozen=True)
class JobState:
    """Everything shown about a job. A pure function of its events (and of whether its worker lives).

    Attributes
    ----------
    fraction_before
        Share that was done when this attempt first told of progress: a resumed job is not quicker for what it found done.
    going_utc
        When it last stood at `fraction_before`: until then it was only getting ready, which says nothing of its pace.
    """

    status: JobStatus = JobStatus.QUEUED
    attempt: int = 0
    parts: tuple[str, ...] = ()
    part: str = ""
    done: float = 0.0
    total: float = 0.0
    started_utc: datetime | None = None
    updated_utc: datetime | None = None
    metrics: tuple[Metric, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    warnings: tuple[Warned, ...] = ()
    failure_code: str = ""
    failure_values: dict[str, Any] = field(default_factory=dict)
    fraction_before: float | None = 0.0
    going_utc: datetime | None = None

    @property
    def fraction(self) -> float:
        """Share done, 0 … 1."""
        if self.status is JobStatus.SUCCEEDED:
            return 1.0
        return _share(self.done, self.total)

    @property
    def seconds_left(self) -> float | None:
        """Time left at the pace of this attempt; None before its first hundredth."""
        if self.status is not JobStatus.RUNNING or self.going_utc is None or self.updated_utc is None or self.fraction_before is None:
            return None
        gained = self.fraction - self.fraction_before
        if gained < 0.01:
            return None
        elapsed = (self.updated_utc - self.going_utc).total_seconds()
        return elapsed * (1.0 - self.fraction) / gained

    def after(self, event: Event) -> JobState:
        """The state once `event` has happened."""
        if isinstance(event, Progress):
            return self._progressed(event)
        state = replace(self, updated_utc=event.utc)
        match event:
            case Started():
                # A resumed job starts a new attempt and keeps what the earlier ones measured.
                return replace(
                    state,
                    status=JobStatus.RUNNING,
                    attempt=event.attempt,
                    parts=event.parts,
                    started_utc=event.utc,
                    failure_code="",
                    failure_values={},
                    fraction_before=0.0 if event.attempt == 1 else None,
                    going_utc=event.utc,
                )
            case Metric():
                return replace(state, metrics=(*state.metrics, event))
            case Artifact():
                return replace(state, artifacts=(*state.artifacts, event))
            case Warned():
                return replace(state, warnings=(*state.warnings, event))
            case Succeeded():
                return replace(state, status=JobStatus.SUCCEEDED)
            case Failed():
                return replace(state, status=JobStatus.FAILED, failure_code=event.code, failure_values=event.values)
            case Cancelled():
                return replace(state, status=JobStatus.CANCELLED)

    def _progressed(self, event: Progress) -> JobState:
        """In one step: a night's training tells of it a hundred thousand times."""
        fraction = 1.0 if self.status is JobStatus.SUCCEEDED else _share(event.done, event.total)
        before = fraction if self.fraction_before is None or event.unit == BEGINS else self.fraction_before
        return replace(
            self,
            updated_utc=event.utc,
            done=event.done,
            total=event.total,
            part=event.part,
            fraction_before=before,
            going_utc=event.utc if fraction <= before else self.going_utc,
        )

    def without_worker(self) -> JobState:
        """What a running job is once its worker is known to be gone."""
        return replace(self, status=JobStatus.INTERRUPTED) if self.status is JobStatus.RUNNING else self


def _share(done: float, total: float) -> float:
    return min(done / total, 1.0) if total > 0 else 0.0


def fold(events: Iterable[Event]) -> JobState:
    """The state after all `events`."""
    state = JobState()
    for event in events:
        state = state.after(event)
    return state
