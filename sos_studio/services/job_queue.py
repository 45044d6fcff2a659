"""Starting trainings that wait: one at a time on each device, also while no window is open.

A small process of its own, the keeper, starts whoever is next as soon as a device is free and ends when nobody waits. Windows only see to
it that there is one; so a line that was left by a restart of the machine goes on with the next window.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, refusal
from sos_studio.core.jobs import JOB_FILE
from sos_studio.services import device_lock, guards, rivals, waiting, worker_process
from sos_studio.services.job_tail import last_event
from sos_studio.services.waiting import Waiting

LOOK_EVERY_S = 1.0
# So many looks are left out after one that the disk refused.
_PATIENCE = 9
_KEEPER_FILE = "keeper.json"
_log = logging.getLogger(__name__)


def launch(entry: Waiting) -> subprocess.Popen[bytes]:
    """Give a training its device and start its worker.

    Raises
    ------
    BadInputError
        ``job.device_busy``, ``job.still_running``, ``job.cant_start_worker``.
    """
    try:
        device_lock.take(entry.device, entry.path, attempt=entry.attempt)
        rivals.renew(entry.path)
        return worker_process.spawn(worker_process.trainer_command("run", entry.job_dir), entry.path, entry.told)
    except OSError as error:
        # Nobody has it now: neither others nor a second try need wait until the lock is stale.
        with contextlib.suppress(OSError):
            device_lock.let_go(entry.path)
        raise BadInputError("job.cant_start_worker", reason=error.strerror or type(error).__name__) from error


def must_wait(entry: Waiting) -> bool:
    """Whether somebody else has the device, or waits for it already."""
    others = [other for other in waiting.line() if other.job_dir != entry.job_dir]
    return _taken(entry) or any(device_lock.conflict(entry.device, other.device) for other in others)


def _taken(entry: Waiting) -> bool:
    """Whether another training has the device; one that was resumed at once is not in its own way."""
    return device_lock.holder(entry.device, but=entry.path) is not None


def _begun(entry: Waiting) -> bool:
    """Whether a worker was started on it already: by a keeper that was killed before it could say so, or by somebody who did not wait."""
    last = last_event(entry.path)
    return worker_process.worker_record(entry.path) is not None or (last is not None and last.attempt >= entry.attempt)


def launch_next() -> list[subprocess.Popen[bytes]]:
    """Start everybody whose turn it is; who can't be started leaves the line, and the job says so when it is looked at."""
    started: list[subprocess.Popen[bytes]] = []
    with guards.guard(waiting.queue_dir(), "launch-guard"):
        blocked: list[Waiting] = []
        for entry in waiting.line():
            # One that was deleted, or is on a disk that is gone, would block the line for ever.
            if not (entry.path / JOB_FILE).is_file() or _begun(entry):
                waiting.leave(entry.path)
                continue
            in_the_way = _taken(entry) or device_lock.being_started(entry.path, entry.attempt)
            if in_the_way or any(device_lock.conflict(entry.device, other.device) for other in blocked):
                blocked.append(entry)
                continue
            try:
                started.append(launch(entry))
            except BadInputError as error:
                if error.code == "job.device_busy" or _disk_is_full(error):
                    blocked.append(entry)
                    continue
                _log.info("a training that waited can't be started: %s", error.code)
            waiting.leave(entry.path)
    return started


def _disk_is_full(error: BadInputError) -> bool:
    return isinstance(error.__cause__, OSError) and refusal(error.__cause__)[0] == "disk.full"


def keep(look_every_s: float = LOOK_EVERY_S) -> None:
    """Start trainings one after the other until nobody waits: what the keeper's process does."""
    # Under Windows who was started is a launcher, and this its child.
    if _keeper() not in (None, os.getpid(), os.getppid()):
        return
    _record_keeper(os.getpid())
    children: list[subprocess.Popen[bytes]] = []
    while waiting.line():
        try:
            children += launch_next()
        except OSError as error:  # a full disk, say: who waits goes on waiting
            _log.info("nobody can be started now: %s", error.strerror)
            time.sleep(_PATIENCE * look_every_s)
        children = [child for child in children if child.poll() is None]  # reaped, else they would look alive
        time.sleep(look_every_s)


def keeper_command() -> list[str]:
    """The command line of the keeper: this program, without its window."""
    return [sys.executable, *([] if getattr(sys, "frozen", False) else ["-m", "sos_studio"]), "queue", "--run"]


def ensure_keeper() -> None:
    """See to it that somebody starts those who wait; cheap, call it as often as you like."""
    if not waiting.line():
        return
    with guards.guard(waiting.queue_dir(), "keeper-guard"):
        if _keeper() is None:
            with open(os.devnull, "wb") as nothing:
                process = worker_process.spawn_detached(keeper_command(), waiting.queue_dir(), nothing)
            _record_keeper(process.pid)
            _children.append(process)
    _children[:] = [child for child in _children if child.poll() is None]


_children: list[subprocess.Popen[bytes]] = []


def _record_keeper(pid: int) -> None:
    atomic.write_json(waiting.queue_dir() / _KEEPER_FILE, {"pid": pid, "started_at": psutil.Process(pid).create_time()})


def _keeper() -> int | None:
    """Pid of the keeper that lives, if any."""
    try:
        content = json.loads((waiting.queue_dir() / _KEEPER_FILE).read_bytes())
        pid, started_at = int(content["pid"]), float(content["started_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if worker_process.same_process(pid, started_at) is not None else None


def job_dirs(root: Path) -> list[Path]:
    """Folders below `root` of those who wait, in their order."""
    inside = root.resolve()
    return [entry.path for entry in waiting.line() if entry.path.is_relative_to(inside)]
