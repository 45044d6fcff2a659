"""The warm predictor: started late, restarted once, never waited for without end."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from sos_studio.core.errors import BadInputError, CancelledError, JobFailedError
from sos_studio.services.serve_process import ServeProcess

FakeServe = Callable[..., ServeProcess]


def _detect(serve: ServeProcess) -> object:
    return serve.ask("detect", model="m", image="i")["roi"]


def test_nothing_runs_before_the_first_question(fake_serve: FakeServe) -> None:
    serve = fake_serve("good")
    assert not serve.running
    assert _detect(serve)
    assert serve.running
    serve.close()
    assert not serve.running


def test_talk_and_old_answers_are_passed_over(fake_serve: FakeServe) -> None:
    serve = fake_serve("good")
    assert all(_detect(serve) for _ in range(3))


def test_a_predictor_that_dies_once_is_started_again(fake_serve: FakeServe, tmp_path: Path) -> None:
    assert _detect(fake_serve("die-once", str(tmp_path / "died")))


def test_a_predictor_that_always_dies_is_told(fake_serve: FakeServe) -> None:
    with pytest.raises(JobFailedError, match=r"prediction\.worker_died"):
        _detect(fake_serve("die"))


def test_a_pipe_that_breaks_as_under_windows_is_a_predictor_that_died(fake_serve: FakeServe, monkeypatch: pytest.MonkeyPatch) -> None:
    serve = fake_serve("good")
    monkeypatch.setattr(serve, "_ensure", lambda: SimpleNamespace(write=Mock(side_effect=OSError(errno.EINVAL, "Invalid argument"))))
    with pytest.raises(JobFailedError, match=r"prediction\.worker_died"):
        _detect(serve)


def test_a_predictor_that_cant_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match=r"prediction\.cant_start"):
        _detect(ServeProcess(command=[str(tmp_path / "missing")]))


def test_a_mute_predictor_runs_into_the_time_limit(fake_serve: FakeServe) -> None:
    serve = fake_serve("mute")
    with pytest.raises(JobFailedError, match=r"prediction\.timeout"):
        serve.ask("detect", timeout_s=0.3)
    assert not serve.running


def test_waiting_can_be_cancelled(fake_serve: FakeServe) -> None:
    with pytest.raises(CancelledError):
        fake_serve("mute").ask("detect", cancelled=lambda: True)


def test_its_refusals_keep_their_codes(fake_serve: FakeServe) -> None:
    with pytest.raises(BadInputError) as caught:
        _detect(fake_serve("refuse"))
    assert (caught.value.code, caught.value.values) == ("image.unreadable", {"file": "full.png"})


def test_threads_take_turns(fake_serve: FakeServe) -> None:
    serve = fake_serve("good")
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(_detect(serve))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 4


def test_closing_does_not_wait_for_a_long_question(fake_serve: FakeServe) -> None:
    serve = fake_serve("mute")
    errors: list[Exception] = []

    def ask() -> None:
        try:
            serve.ask("detect")
        except JobFailedError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not serve.running:
        time.sleep(0.01)
    began = time.monotonic()
    serve.close()
    thread.join(10)
    assert time.monotonic() - began < 8
    assert len(errors) == 1
