"""What the training panel shows of a project's trainings, and what came of one in sentences."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_studio.core.answer_words import whole_percent
from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import JobSpec
from sos_studio.messages import Message
from sos_studio.services import presets
from sos_studio.services.job_data import JobData
from sos_studio.services.job_watch import Seen
from sos_studio.services.jobs import JobHandle


@dataclass(frozen=True, eq=False)
class Followed:
    """The job on the screen: what was asked, how it stands, what came of it."""

    handle: JobHandle
    spec: JobSpec | None
    state: JobState
    silent: bool = False
    result: dict[str, Any] | None = None
    log_text: str = ""
    name: str = ""
    ahead: int | None = None
    data: JobData | None = None
    stopping: bool = False

    @property
    def report_dir(self) -> Path | None:
        """Where the tables and plots of a complete cross-validation lie; None of anything else."""
        report = (self.result or {}).get("report")
        return self.handle.job_dir / Path(report).parent.name if isinstance(report, str) else None

    @property
    def asks(self) -> bool:
        """Whether it asks networks about cases and trains none."""
        return self.spec is not None and self.spec.kind == "evaluate"

    @property
    def smaller(self) -> str:
        """The setting that needs less memory, such as ``student.optimiser.batch_size=4``, if memory was what it lacked."""
        lacked = self.state.status is JobStatus.FAILED and self.state.failure_code == "training.out_of_memory"
        setting = self.state.failure_values.get("setting") if lacked else None
        return setting if isinstance(setting, str) else ""


@dataclass(frozen=True, eq=False)
class TrainingState:
    """What the dock shows.

    Attributes
    ----------
    starting
        A job is being prepared: the list of cases is frozen and hashed.
    asked
        The networks that the last wish was to ask; none if it was a training.
    rows
        All trainings of the project: those that run, those that wait in the order of the line, the rest with the newest first.
    asks
        The jobs that ask networks about cases, the newest first, also those that are over and in no list.
    problem
        Why the last wish was not fulfilled.
    """

    has_project: bool = False
    read_only: bool = False
    phantom: bool = False
    starting: bool = False
    asked: tuple[str, ...] = ()
    job: Followed | None = None
    rows: tuple[Seen, ...] = ()
    asks: tuple[Seen, ...] = ()
    preset: str = presets.DEFAULT_PRESET
    problem: Message | None = None

    @property
    def collecting(self) -> bool:
        """Whether a training is being prepared, not a question to networks."""
        return self.starting and not self.asked

    @property
    def running(self) -> bool:
        """Whether the training on the screen goes on or waits."""
        return self.collecting or (self.job is not None and not self.job.state.status.ended)

    @property
    def busy(self) -> bool:
        """Whether any training of the project goes on or waits."""
        return self.starting or any(not seen.state.status.ended for seen in self.rows)

    def asking(self, model_ids: Collection[str]) -> Seen | None:
        """The newest job that asks all these networks; None if there is none or it is over, unless it failed."""
        newest = next((seen for seen in self.asks if seen.spec is not None and set(model_ids) <= set(seen.spec.judged_models)), None)
        return None if newest is None or is_over(newest) else newest


def is_over(seen: Seen) -> bool:
    """Whether it asked networks, and nothing of it is left to look at: what they said stands with them."""
    return seen.spec is not None and seen.spec.kind == "evaluate" and seen.state.status in (JobStatus.SUCCEEDED, JobStatus.CANCELLED)


def held_out_lines(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The result as ``(code of a sentence, its values)``, only of figures that were measured."""
    figures = result.get("held_out")
    lines: list[tuple[str, dict[str, Any]]] = []
    if not isinstance(figures, dict):
        return lines
    for kind in ("student", "teacher"):
        of = figures.get(kind)
        if isinstance(of, dict) and isinstance(of.get("n"), int) and of["n"] > 0 and isinstance(of.get("correct"), int):
            values = {"correct": of["correct"], "n": of["n"], "percent": whole_percent(of["correct"] / of["n"])}
            lines.append((f"training.result_{kind}", values))
            if kind == "student" and isinstance(of.get("within_one"), int):
                lines.append(("training.result_within_one", {"within": of["within_one"], "n": of["n"]}))
    detector = figures.get("detector")
    if isinstance(detector, dict) and isinstance(detector.get("n"), int) and detector["n"] > 0 and isinstance(detector.get("hits"), int):
        values = {"hits": detector["hits"], "n": detector["n"], "percent": whole_percent(detector["hits"] / detector["n"])}
        lines.append(("training.result_detector", values))
    attention = figures.get("attention_in_roi")
    if isinstance(attention, dict) and isinstance(attention.get("mean"), int | float):
        lines.append(("training.result_attention", {"percent": whole_percent(attention["mean"]), "n": attention.get("n", "?")}))
    return lines
