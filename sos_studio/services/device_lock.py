"""One job per computing device: two trainings on one device are slower than one after the other, or run out of memory."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sos_studio.core import atomic, settings
from sos_studio.core.errors import BadInputError
from sos_studio.core.jobs import Cancelled, Device, Failed, Succeeded
from sos_studio.services import guards, worker_process
from sos_studio.services.job_tail import last_event
from sos_studio.services.worker_process import Life

# So long after a device was given away its worker may not have said anything yet.
_STARTING_S = 10.0
_DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Holder:
    """The attempt at a job that has a device."""

    device: str
    job_dir: Path
    attempt: int


def _locks_dir() -> Path:
    # A device belongs to the computer, not to a project: two projects share it.
    return settings.user_data_dir() / "locks"


def _conflicts(device: Device) -> tuple[Device, ...]:
    # Only the worker knows what "auto" becomes, so it stands for all of them.
    return _DEVICES if device == "auto" else ("auto", device)


def conflict(device: Device, other: Device) -> bool:
    """Whether two trainings on these devices are in each other's way."""
    return other in _conflicts(device) or device in _conflicts(other)


def holder(device: Device, *, but: Path | None = None) -> Holder | None:
    """The living job that is in the way of a new one on `device`, if any; `but` is in nobody's way."""
    return next((found for found in _holders(device) if but is None or found.job_dir.resolve() != but.resolve()), None)


def being_started(job_dir: Path, attempt: int) -> bool:
    """Whether that attempt was given its device a moment ago, and its worker has not said anything yet."""
    return _has_one(job_dir, attempt) and worker_process.life(job_dir) is Life.UNKNOWN


def _has_one(job_dir: Path, attempt: int) -> bool:
    return any(found.job_dir.resolve() == job_dir.resolve() and found.attempt >= attempt for found in _holders("auto"))


def _holders(device: Device) -> Iterator[Holder]:
    for other in _conflicts(device):
        path = _locks_dir() / f"{other}.json"
        try:
            content = json.loads(path.read_bytes())
            job_dir, since, attempt = Path(content["job_dir"]), float(content["since"]), int(content["attempt"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        last = last_event(job_dir)
        if last is not None and last.attempt >= attempt and isinstance(last, Succeeded | Failed | Cancelled):
            continue  # its worker may still be on its way out, but computes no more
        alive = worker_process.life(job_dir)
        # Between taking the lock and the worker's first word nobody is there yet.
        starting = alive is Life.UNKNOWN and job_dir.is_dir() and 0 <= time.time() - since < _STARTING_S
        if alive.there or starting:
            yield Holder(other, job_dir, attempt)


def take(device: Device, job_dir: Path, *, attempt: int) -> None:
    """Give the device to a job that is about to start. It is free again as soon as that attempt has ended or its worker is gone.

    Raises
    ------
    BadInputError
        ``job.device_busy`` while another job has it, ``job.still_running`` while this very attempt does.
    """
    directory = _locks_dir()
    with guards.guard(directory, "guard"):
        in_the_way = holder(device, but=job_dir)
        if in_the_way is not None:
            raise BadInputError("job.device_busy", job=in_the_way.job_dir.name)
        if _has_one(job_dir, attempt):  # resumed from two windows at once: one folder has one worker
            raise BadInputError("job.still_running", job=job_dir.name)
        atomic.write_json(directory / f"{device}.json", {"job_dir": str(job_dir.resolve()), "since": time.time(), "attempt": attempt})


def let_go(job_dir: Path) -> None:
    """Take back what was given to a job whose worker is known to be gone, so that it may be started again at once."""
    directory = _locks_dir()
    with guards.guard(directory, "guard"):
        for device in _DEVICES:
            path = directory / f"{device}.json"
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                if Path(json.loads(path.read_bytes())["job_dir"]) == job_dir.resolve():
                    path.unlink()
