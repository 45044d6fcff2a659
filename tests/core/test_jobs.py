from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from sos_studio.core import jobs
from sos_studio.core.job_state import JobState, JobStatus, fold

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def _at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


EVENTS: list[jobs.Event] = [
    jobs.Started(n=0, utc=_at(0), kind="retrain", parts=("teacher", "detector", "student"), versions={"torch": "2"}),
    jobs.Progress(n=1, utc=_at(10), done=1, total=10, part="teacher"),
    jobs.Metric(n=2, utc=_at(11), name="loss", split="train", step=1, value=0.5, part="teacher"),
    jobs.Artifact(n=3, utc=_at(12), kind="teacher", path="models/x/model.safetensors", sha256="0" * 64),
    jobs.Warned(n=4, utc=_at(13), code="training.from_scratch", values={"network": "convnext_atto"}),
    jobs.Progress(n=5, utc=_at(25), done=2.5, total=10, part="detector"),
]


@pytest.mark.parametrize("event", [*EVENTS, jobs.Succeeded(n=6), jobs.Failed(n=6, code="x", values={"a": 1}), jobs.Cancelled(n=6)])
def test_an_event_reads_back_as_it_was_written(event: jobs.Event) -> None:
    line = jobs.event_line(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert jobs.parse_event(line) == event


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b'{"type": "progress", "n": 0}', b'{"type": "unknown", "n": 0}', b'{"type": "progress", "n": 1, "done": "1", "total": 2}'],
)
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(ValidationError):
        jobs.parse_event(line)


def test_events_fold_into_the_state_that_is_shown() -> None:
    state = fold(EVENTS)
    assert state.status is JobStatus.RUNNING
    assert state.part == "detector"
    assert state.fraction == 0.25
    assert state.seconds_left == pytest.approx(75)
    assert len(state.metrics) == len(state.artifacts) == len(state.warnings) == 1


def test_a_resumed_job_is_not_thought_quicker_for_what_it_found_done() -> None:
    started = jobs.Started(n=5, attempt=2, utc=_at(0), kind="retrain", parts=("teacher",), versions={})
    found = jobs.Progress(n=6, attempt=2, utc=_at(5), done=60, total=100)
    state = fold([*EVENTS, started, found])
    assert state.seconds_left is None
    assert state.after(jobs.Progress(n=7, attempt=2, utc=_at(20), done=70, total=100)).seconds_left == pytest.approx(45)


def test_the_time_in_which_libraries_were_loaded_says_nothing_of_the_time_left() -> None:
    events = [
        jobs.Started(n=0, utc=_at(0), kind="teacher", parts=("teacher",), versions={}),
        jobs.Progress(n=1, utc=_at(12), done=0, total=100),
        jobs.Progress(n=2, utc=_at(22), done=20, total=100),
    ]
    assert fold(events).seconds_left == pytest.approx(40)


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (jobs.Succeeded(n=9), JobStatus.SUCCEEDED),
        (jobs.Failed(n=9, code="training.out_of_memory"), JobStatus.FAILED),
        (jobs.Cancelled(n=9), JobStatus.CANCELLED),
    ],
)
def test_each_last_event_ends_the_job(last: jobs.Event, status: JobStatus) -> None:
    state = fold([*EVENTS, last])
    assert state.status is status
    assert state.status.ended
    assert state.seconds_left is None
    assert state.without_worker() == state


def test_a_worker_that_vanished_leaves_an_interrupted_job_that_can_run_again() -> None:
    interrupted = fold(EVENTS).without_worker()
    assert interrupted.status is JobStatus.INTERRUPTED
    again = interrupted.after(jobs.Started(n=10, attempt=2, utc=_at(100), kind="retrain", parts=(), versions={}))
    assert again.status is JobStatus.RUNNING
    assert again.attempt == 2
    assert again.metrics == interrupted.metrics


def test_a_job_that_wrote_nothing_yet_is_queued() -> None:
    assert JobState().status is JobStatus.QUEUED
    assert JobState().fraction == 0
