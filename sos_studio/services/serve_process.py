"""The warm predictor: one `trainer serve` process, spoken to in JSON lines."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from sos_studio.core import settings
from sos_studio.core.errors import BadInputError, CancelledError, JobFailedError
from sos_studio.services import worker_process

_log = logging.getLogger(__name__)

# The first answer waits for torch to be imported, which takes long on a busy machine.
ANSWER_WITHIN_S = 180.0
_LOOK_EVERY_S = 0.1
_CLOSE_WITHIN_S = 3.0
_END = b""


class ServeProcess:
    """Starts the predictor when it is first needed, again if it died, and asks it one thing at a time.

    Safe to use from several threads: requests wait for one another.

    Parameters
    ----------
    arguments
        What follows ``trainer serve``.
    command
        Whole command line instead (tests).
    """

    def __init__(self, arguments: tuple[str, ...] = (), *, command: list[str] | None = None) -> None:
        self._command = command if command is not None else worker_process.trainer_command("serve", *arguments)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._reader: threading.Thread | None = None
        self._next_id = 0
        self._closed = False

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        process = self._process
        return process is not None and process.poll() is None

    def start(self) -> None:
        """Start the process if it isn't there, without waiting until it is ready."""
        with self._lock:
            self._ensure()

    def ask(
        self, op: str, *, timeout_s: float = ANSWER_WITHIN_S, cancelled: Callable[[], bool] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """Send one request and wait for its answer.

        Returns
        -------
        The answer, with ``ok`` true.

        Raises
        ------
        BadInputError
            With the code that the predictor gave.
        JobFailedError
            ``prediction.cant_start``, ``prediction.worker_died`` (twice in a row), ``prediction.timeout``.
        CancelledError
            If `cancelled` says so; a late answer is dropped.
        """
        with self._lock:
            for attempt in (1, 2):
                try:
                    answer = self._ask_once(op, fields, timeout_s, cancelled)
                    break
                except EOFError as error:
                    # Killed by the system or crashed: once is bad luck, twice has a reason.
                    self._stop(gently=False)
                    if attempt == 2:
                        raise JobFailedError("prediction.worker_died") from error
        if answer.get("ok") is True:
            return answer
        values = answer.get("values")
        raise BadInputError(str(answer.get("code", "prediction.failed")), **(values if isinstance(values, dict) else {}))

    def close(self) -> None:
        """Stop the process; asking again is refused."""
        self._closed = True
        # A request under way is not waited for: closing the window must not take minutes.
        process = self._process
        if process is not None and not self._lock.acquire(timeout=0.5):
            with contextlib.suppress(OSError):
                process.kill()
            self._lock.acquire()
        elif process is None:
            return
        try:
            self._stop(gently=True)
        finally:
            self._lock.release()

    def _ask_once(self, op: str, fields: dict[str, Any], timeout_s: float, cancelled: Callable[[], bool] | None) -> dict[str, Any]:
        stdin = self._ensure()
        self._next_id += 1
        request_id = self._next_id
        try:
            stdin.write(json.dumps({"id": request_id, "op": op, **fields}).encode() + b"\n")
            stdin.flush()
        except OSError as error:  # a broken pipe; under Windows it is called an invalid argument
            raise EOFError from error
        until = time.monotonic() + timeout_s
        while True:
            if cancelled is not None and cancelled():
                raise CancelledError
            try:
                line = self._answers.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:
                if time.monotonic() < until:
                    continue
                self._stop(gently=False)
                raise JobFailedError("prediction.timeout", seconds=round(timeout_s)) from None
            if line == _END:
                raise EOFError
            with contextlib.suppress(ValueError):
                answer = json.loads(line)
                if isinstance(answer, dict) and answer.get("id") == request_id:
                    return answer

    def _ensure(self) -> IO[bytes]:
        if self._closed:
            raise JobFailedError("prediction.worker_died")
        if not self.running:
            self._stop(gently=False)
            self._spawn()
        process = self._process
        if process is None or process.stdin is None:
            raise JobFailedError("prediction.cant_start", reason="no pipe")
        return process.stdin

    def _spawn(self) -> None:
        log_dir = settings.user_data_dir()
        flags: dict[str, Any] = {"start_new_session": True}  # Ctrl+C in our terminal is ours to answer
        if os.name == "nt":
            flags = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0x08000000)}
        try:
            log_dir.mkdir(parents=True, exist_ok=True)
            with open(log_dir / "predictor.log", "wb") as log:
                process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=worker_process.trainer_environment(),
                    **flags,
                )
        except OSError as error:
            raise JobFailedError("prediction.cant_start", reason=error.strerror or type(error).__name__) from error
        self._answers = queue.Queue()
        self._reader = threading.Thread(target=_pump, args=(process.stdout, self._answers), name="predictor-answers", daemon=True)
        self._process = process
        self._reader.start()

    def _stop(self, *, gently: bool) -> None:
        process, reader = self._process, self._reader
        self._process = self._reader = None
        if process is None:
            return
        with contextlib.suppress(OSError, ValueError):
            if gently and process.stdin is not None and process.poll() is None:
                process.stdin.write(json.dumps({"id": 0, "op": "shutdown"}).encode() + b"\n")
        with contextlib.suppress(OSError, ValueError):
            if process.stdin is not None:
                process.stdin.close()  # the predictor ends at the end of its input, too
        for end in ((None,) if gently else ()) + (process.terminate, process.kill):
            if end is not None:
                end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_CLOSE_WITHIN_S)
                break
        if reader is not None:
            reader.join(timeout=_CLOSE_WITHIN_S)
        if process.stdout is not None:
            process.stdout.close()


def _pump(stream: IO[bytes] | None, answers: queue.Queue[bytes]) -> None:
    """Move answers into the queue: a pipe can't be waited on with a timeout on every system."""
    with contextlib.suppress(OSError, ValueError):
        while stream is not None and (line := stream.readline()):
            answers.put(line)
    answers.put(_END)


def models_root_arguments(models_root: Path) -> tuple[str, ...]:
    """Arguments of ``trainer serve`` for models that lie below one folder."""
    return ("--models-root", str(models_root))
