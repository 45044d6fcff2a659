"""How right the time left is that the window tells of a training, at each tenth of it: what its events said, beside what it took.

``python -m tests.benchmarks.bench_time_left JOB… [--train DIR [--kinds …] [--set K=V]…] [--write]``: each JOB is the folder of a training
that has succeeded, or an ``events.jsonl``; ``--train`` starts trainings of the project in DIR by the quick preset and adds them. The error
is (told − took) / took; the goal is 30 % from the first tenth to the ninth. ``--write`` puts the table into
`resources/docs/results/performance.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import EVENTS_FILE, JOB_FILE, Event, JobKind, JobSpec, Progress, Started, parse_event
from sos_studio.dataset.project import Project
from sos_studio.services import jobs, worker_process
from sos_studio.services.job_tail import EventReader
from tests.benchmarks import report

GOAL = 0.3
KINDS: tuple[JobKind, ...] = ("teacher", "detector", "student")
TENTHS = tuple(n / 10 for n in range(1, 10))


@dataclass(frozen=True)
class Told:
    """What a training told of itself.

    Attributes
    ----------
    errors
        (told − took) / took at the first word after each tenth; None if there was none.
    worst
        The largest in size from the first tenth to the ninth.
    """

    name: str
    took_s: float
    errors: tuple[float | None, ...]
    worst: float


def told(name: str, stream: Sequence[Event]) -> Told:
    """Replay the last attempt of a training that has succeeded."""
    state, said = JobState(), []
    end = stream[-1].utc
    began = next(event.utc for event in reversed(stream) if isinstance(event, Started))
    for event in stream:
        state = state.after(event)
        if event.utc >= began and isinstance(event, Progress) and 0.1 <= state.fraction <= 0.9 and state.seconds_left is not None:
            took = (end - event.utc).total_seconds()
            said.append((state.fraction, (state.seconds_left - took) / took))
    if state.status is not JobStatus.SUCCEEDED or not said:
        raise SystemExit(f"{name} did not succeed, or told nothing")
    errors = tuple(next((error for fraction, error in said if tenth <= fraction < tenth + 0.1), None) for tenth in TENTHS)
    return Told(name, (end - began).total_seconds(), errors, max((error for _, error in said), key=abs))


def read(path: Path) -> Told:
    """From a job's folder, or from events alone."""
    folder, file = (path, path / EVENTS_FILE) if path.is_dir() else (path.parent, path)
    stream = [parse_event(line) for line in file.read_bytes().splitlines() if line.strip()]
    try:
        spec = JobSpec.model_validate_json((folder / JOB_FILE).read_bytes())
    except (OSError, ValueError):
        return told(path.stem, stream)
    return told(f"{spec.kind}, {_network(spec)}", stream)


def _network(spec: JobSpec) -> str:
    settings = spec.settings
    return {"teacher": settings.teacher.network, "detector": settings.detector.network}.get(spec.kind, settings.student.network)


def train(project_dir: Path, kinds: Sequence[JobKind], overrides: Mapping[str, Any], told_of: Callable[[Told], None]) -> None:
    """Trainings by the quick preset, as the window starts them, one after the other, on the clock of the processor.

    What others do on the same machine then counts as little as it can; with one thread it is the time that an idle machine takes.
    """
    with Project.open(project_dir) as project:
        for kind in kinds:
            handle = jobs.start_training(project, kind, preset="quick", overrides=overrides, threads=1, wait=True)
            stream = _on_the_processors_clock(handle)
            told_of(told(f"{kind}, {_network(handle.spec())}, processor's clock", stream))


def _on_the_processors_clock(handle: jobs.JobHandle) -> list[Event]:
    """Follow a training to its end; each event is dated by what the worker had used of the processor when it came."""
    reader, tail, stream, used_s = EventReader(handle.job_dir / EVENTS_FILE), handle.tail(), list[Event](), 0.0
    ended = False
    while not ended:
        record, ended = worker_process.worker_record(handle.job_dir), tail.poll().status.ended
        with contextlib.suppress(psutil.Error):
            if record is not None:
                used_s = max(used_s, sum(psutil.Process(record.pid).cpu_times()[:2]))
        for event in reader.read():
            start = stream[0].utc if stream else event.utc
            stream.append(event.model_copy(update={"utc": start + timedelta(seconds=used_s)}) if stream else event)
        time.sleep(0.05)
    return stream


def table(found: Sequence[Told]) -> list[str]:
    """Rows of the report."""
    lines = [
        "| training | took | " + " | ".join(f"{tenth:.0%}" for tenth in TENTHS) + " | worst |",
        "|---|---|" + "---|" * (len(TENTHS) + 1),
    ]
    for one in found:
        cells = ["" if error is None else f"{error:+.0%}" for error in one.errors]
        lines.append(f"| {one.name} | {one.took_s:.0f} s | " + " | ".join(cells) + f" | {one.worst:+.0%} |")
    return lines


def main() -> int:
    """Print the table, write it if asked to, and fail beyond the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", nargs="*", type=Path)
    parser.add_argument("--train", type=Path, metavar="DIR")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS, help="what to train (default: teacher detector student)")
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="another setting than the preset's, as JSON")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found = [read(path) for path in given.jobs]
    if given.train:
        overrides = {key: json.loads(value) for key, _, value in (change.partition("=") for change in given.set)}
        train(given.train, given.kinds, overrides, found.append)
    lines = table(found)
    sys.stdout.write("\n".join(lines) + "\n")
    if given.write:
        report.write("time-left", lines, report.circumstances(1))
    return 0 if all(abs(one.worst) <= GOAL for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
