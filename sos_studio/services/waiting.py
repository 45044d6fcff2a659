"""Trainings that wait for a computing device, in the order in which they will have it.

The list belongs to the computer and its user, as devices do (`device_lock`): a training of another project waits in the same line. It
lies in the user's own data, so it outlives windows and restarts of the machine.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sos_studio.core import atomic, settings
from sos_studio.core.jobs import Device
from sos_studio.services import guards


class Waiting(BaseModel):
    """One training in the line.

    Attributes
    ----------
    attempt
        Which attempt at it will begin.
    told
        Environment variables of its worker: where its starting weights lie on this computer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    job_dir: str
    device: Device
    attempt: int
    told: dict[str, str] = {}

    @property
    def path(self) -> Path:
        """The job's folder."""
        return Path(self.job_dir)


def queue_dir() -> Path:
    """Where the line and what guards it lie."""
    return settings.user_data_dir() / "locks"


def line() -> list[Waiting]:
    """Everybody who waits, the next one first; a damaged file is an empty line."""
    try:
        content = json.loads((queue_dir() / "queue.json").read_bytes())
        return [Waiting.model_validate(entry) for entry in content["jobs"]]
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return []


def place(job_dir: Path) -> int | None:
    """How many wait ahead of a training; None if it does not wait."""
    wanted = job_dir.resolve()
    return next((n for n, entry in enumerate(line()) if entry.path == wanted), None)


def join(entry: Waiting) -> None:
    """To the end of the line; who waits already keeps the place."""
    _change(lambda entries: entries if any(e.job_dir == entry.job_dir for e in entries) else [*entries, entry])


def leave(job_dir: Path) -> bool:
    """Out of the line; whether it was in it."""
    wanted, found = job_dir.resolve(), place(job_dir) is not None
    _change(lambda entries: [entry for entry in entries if entry.path != wanted])
    return found


def move(job_dir: Path, by: int) -> None:
    """Nearer to the front (negative) or to the end; beyond either is the front or the end."""
    wanted = job_dir.resolve()

    def moved(entries: list[Waiting]) -> list[Waiting]:
        at = next((n for n, entry in enumerate(entries) if entry.path == wanted), None)
        if at is None:
            return entries
        others = entries[:at] + entries[at + 1 :]
        to = min(max(at + by, 0), len(others))
        return [*others[:to], entries[at], *others[to:]]

    _change(moved)


def _change(change: Callable[[list[Waiting]], Sequence[Waiting]]) -> None:
    with guards.guard(queue_dir(), "queue-guard"):
        before = line()
        after = list(change(list(before)))
        if after != before:
            with contextlib.suppress(FileExistsError):
                queue_dir().mkdir(parents=True)
            atomic.write_json(queue_dir() / "queue.json", {"jobs": [entry.model_dump() for entry in after]})
