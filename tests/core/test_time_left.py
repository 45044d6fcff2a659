"""The time left, on event streams of real trainings of several shapes: right within 30 % after the first tenth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import BEGINS, Event, Progress, Started, Succeeded, parse_event

STREAMS = sorted((Path(__file__).parents[1] / "protocol" / "pace").glob("*.jsonl"))


def events(path: Path) -> list[Event]:
    return [parse_event(line) for line in path.read_bytes().splitlines()]


def told(stream: list[Event]) -> list[tuple[float, float, float]]:
    """At each progress from the first tenth to the last: fraction, seconds that the window says, seconds that it took."""
    end, state, found = stream[-1].utc, JobState(), []
    for event in stream:
        state = state.after(event)
        if isinstance(event, Progress) and 0.1 <= state.fraction <= 0.9 and state.seconds_left is not None:
            found.append((state.fraction, state.seconds_left, (end - event.utc).total_seconds()))
    return found


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_time_left_is_right_within_30_percent_after_the_first_tenth(path: Path) -> None:
    found = told(events(path))
    assert len(found) > 40
    wrong = [(round(f, 2), round(said), round(took)) for f, said, took in found if abs(said - took) > 0.3 * took]
    assert not wrong


def test_what_an_attempt_found_done_and_how_long_it_got_ready_say_nothing_of_its_pace() -> None:
    began = datetime(2026, 11, 21, 8, tzinfo=UTC)

    def at(seconds: float, done: float, unit: str = "step") -> Progress:
        return Progress(n=0, attempt=2, utc=began + timedelta(seconds=seconds), done=done, total=100.0, unit=unit)

    state = JobState().after(Started(n=0, attempt=2, utc=began, kind="student", parts=("student",), versions={}))
    # Told when libraries are there; then half a minute of trying out and reading pictures, and a checkpoint of 60 %.
    for event in (at(5, 0.0), at(35, 60.0, BEGINS), at(45, 62.0)):
        state = state.after(event)
    assert state.seconds_left == pytest.approx(190)


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
@pytest.mark.parametrize("at", [0.2, 0.6])
def test_a_training_that_was_interrupted_over_night_tells_the_pace_of_its_new_attempt(path: Path, at: float) -> None:
    """The same stream, broken off and taken up twelve hours later: what was done before, and the night, say nothing of the pace."""
    stream = events(path)
    start = next(n for n, event in enumerate(stream) if isinstance(event, Progress) and event.done / event.total >= at)
    night = timedelta(hours=12)
    began = stream[0]
    assert isinstance(began, Started)
    assert isinstance(stream[-1], Succeeded)
    again = began.model_copy(update={"attempt": 2, "utc": stream[start].utc + night})
    later = [event.model_copy(update={"attempt": 2, "utc": event.utc + night}) for event in stream[start:]]
    state, wrong, seen = JobState(), [], 0
    for event in [*stream[:start], again, *later]:
        state = state.after(event)
        if event.attempt == 1 or not isinstance(event, Progress) or state.seconds_left is None:
            continue
        if at + 0.1 * (1 - at) <= state.fraction <= 0.9:
            took = (later[-1].utc - event.utc).total_seconds()
            seen += 1
            if abs(state.seconds_left - took) > 0.3 * took:
                wrong.append((round(state.fraction, 2), round(state.seconds_left), round(took)))
    assert state.status is JobStatus.SUCCEEDED
    assert seen > 10
    assert not wrong
