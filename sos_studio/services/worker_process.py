"""Start, watch and stop a worker: a process of its own that outlives the window and the terminal."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import IO

import psutil
from pydantic import ValidationError

from sos_studio.core import atomic
from sos_studio.core.jobs import CANCEL_FILE, HEARTBEAT_EVERY_S, HEARTBEAT_FILE, HEARTBEAT_LOST_S, LOG_FILE, WORKER_FILE, WorkerRecord

# Clocks of the kernel and of psutil round differently; a stranger who got the pid started minutes later, not within this.
SAME_START_S = 2.0
_BEATS_WITHIN_S = 3 * HEARTBEAT_EVERY_S
TERMINATE_AFTER_S = 20.0
KILL_AFTER_S = 30.0


class Life(Enum):
    """Whether a worker lives. `SILENT`: its process is there but it has not beaten its heart for a minute."""

    UNKNOWN = "unknown"
    ALIVE = "alive"
    SILENT = "silent"
    GONE = "gone"

    @property
    def there(self) -> bool:
        """Whether something may still write into the job folder."""
        return self in (Life.ALIVE, Life.SILENT)


def trainer_command(*arguments: str) -> list[str]:
    """The command line that starts the trainer: its own executable in a frozen build, else a module of this Python."""
    if getattr(sys, "frozen", False):
        suffix = ".exe" if os.name == "nt" else ""
        return [str(Path(sys.executable).with_name(f"sos-studio-trainer{suffix}")), *arguments]
    return [sys.executable, "-m", "trainer", *arguments]


def trainer_environment() -> dict[str, str]:
    """The environment of a worker: ours, and the folder of `trainer` on the module path however we were started."""
    environment = dict(os.environ)
    spec = None if getattr(sys, "frozen", False) else importlib.util.find_spec("trainer")
    if spec is not None and spec.origin is not None:
        root = str(Path(spec.origin).resolve().parents[1])
        others = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
        environment["PYTHONPATH"] = os.pathsep.join([root, *(part for part in others if part != root)])
    environment["PYTHONUNBUFFERED"] = "1"
    environment["PYTHONIOENCODING"] = "utf-8"
    return environment


def spawn(command: list[str], job_dir: Path, told: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a worker that no window, terminal or log-out of a shell takes down with it.

    Its output goes to the job's log, so that a worker which can't even start says why. ``worker.json`` is written at
    once; the worker writes it again itself (under Windows its pid may differ from the launcher's). `told` are environment
    variables for this worker only.
    """
    with open(job_dir / LOG_FILE, "ab") as log:
        process = spawn_detached(command, job_dir, log, told)
    _record_worker(process.pid, job_dir)
    return process


def spawn_detached(
    command: list[str], directory: Path, output: IO[bytes], told: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, with its output in a file; see `spawn`."""
    if os.name == "nt":
        flags, own_session = getattr(subprocess, "DETACHED_PROCESS", 0x8) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200), False
    else:
        flags, own_session = 0, True
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=directory,
        env={**trainer_environment(), **(told or {})},
        creationflags=flags,
        start_new_session=own_session,
    )


def _record_worker(pid: int, job_dir: Path) -> None:
    with contextlib.suppress(psutil.Error):
        record = WorkerRecord(pid=pid, started_at=psutil.Process(pid).create_time(), host=socket.gethostname())
        # Exclusive: the worker may have been quicker, and its own word is better than ours.
        with contextlib.suppress(FileExistsError), open(job_dir / WORKER_FILE, "x", encoding="utf-8") as stream:
            stream.write(record.model_dump_json())


def worker_record(job_dir: Path) -> WorkerRecord | None:
    """Who works on a job; None if nobody said so (yet)."""
    try:
        return WorkerRecord.model_validate_json((job_dir / WORKER_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def same_process(pid: int, started_at: float) -> psutil.Process | None:
    """The process with that pid if it is the one that started then and still runs, else None."""
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - started_at) > SAME_START_S or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.Error:
        return None
    return process


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def heartbeat_age_s(job_dir: Path) -> float | None:
    """Seconds since the worker's last heartbeat; None before its first."""
    try:
        return max(0.0, time.time() - (job_dir / HEARTBEAT_FILE).stat().st_mtime)
    except OSError:
        return None


def life(job_dir: Path) -> Life:
    """Whether the job's worker lives: by pid and start time, from another computer by heartbeat alone."""
    record = worker_record(job_dir)
    if record is None:
        return Life.UNKNOWN
    age = heartbeat_age_s(job_dir)
    silent = age is not None and age > HEARTBEAT_LOST_S
    if record.host != socket.gethostname():
        return Life.GONE if age is None or silent else Life.ALIVE
    if same_process(record.pid, record.started_at) is None:
        # Where the clock was set, every process seems to have started at another time; a heart that beats is no stranger's.
        beats = age is not None and age < _BEATS_WITHIN_S and _runs(record.pid)
        return Life.ALIVE if beats else Life.GONE
    return Life.SILENT if silent else Life.ALIVE


def ask_to_stop(job_dir: Path) -> None:
    """Leave the file that asks the worker to stop; works from any process and any computer that sees the folder."""
    if not (job_dir / CANCEL_FILE).exists():
        atomic.write_bytes(job_dir / CANCEL_FILE, b"")


def asked_to_stop_s(job_dir: Path) -> float | None:
    """Seconds since the worker was asked to stop, None if it was not."""
    try:
        return max(0.0, time.time() - (job_dir / CANCEL_FILE).stat().st_mtime)
    except OSError:
        return None


def insist(job_dir: Path, *, terminate_after_s: float = TERMINATE_AFTER_S, kill_after_s: float = KILL_AFTER_S) -> None:
    """Terminate, later kill, a worker of this computer that was asked to stop and did not."""
    asked = asked_to_stop_s(job_dir)
    record = worker_record(job_dir)
    if asked is None or asked < terminate_after_s or record is None or record.host != socket.gethostname():
        return
    process = same_process(record.pid, record.started_at)
    if process is None:
        return
    with contextlib.suppress(psutil.Error):
        family = [*process.children(recursive=True), process]
        for member in family:
            with contextlib.suppress(psutil.Error):
                if asked >= kill_after_s:
                    member.kill()
                else:
                    member.terminate()
