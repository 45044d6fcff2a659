"""One writer per project folder: a lock file that says who holds it.

Two locks in one file. The operating system's lock (released even by kill -9) decides between processes of one computer. The text in
the file (owner, host, process, start time) tells a person who it is, and decides for folders shared between computers, where
operating-system locks can't be relied upon.
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import json
import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from sos_studio.core.errors import ProjectError
from sos_studio.core.readings import utc_now

LOCK_FILE = "project.lock"
_START_TOLERANCE_S = 2.0
_WINDOWS_LOCK_BYTE = 1 << 30  # far behind the text, because Windows refuses reading a locked byte


@dataclass(frozen=True)
class Holder:
    """Who writes to a project."""

    owner: str
    host: str
    pid: int
    started: float
    since_utc: str

    @classmethod
    def me(cls) -> Holder:
        """The process that runs this."""
        pid = os.getpid()
        return cls(_user(), platform.node() or "?", pid, psutil.Process(pid).create_time(), utc_now().isoformat(timespec="seconds"))

    @classmethod
    def parse(cls, text: str) -> Holder | None:
        """The holder that a lock file names; None if it names none."""
        try:
            raw: dict[str, Any] = json.loads(text)
            return cls(str(raw["owner"]), str(raw["host"]), int(raw["pid"]), float(raw["started"]), str(raw["since_utc"]))
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def elsewhere(self) -> bool:
        """Whether this is a process of another computer."""
        return self.host != (platform.node() or "?")

    @property
    def lives(self) -> bool:
        """Whether the process is there; one of another computer counts as living, because nobody here can know."""
        if self.elsewhere:
            return True
        try:
            return bool(abs(psutil.Process(self.pid).create_time() - self.started) <= _START_TOLERANCE_S)
        except psutil.AccessDenied:
            return True
        except psutil.Error:
            return False


class ProjectLock:
    """The lock, held from construction to `release`.

    Attributes
    ----------
    was_left
        Whether its last holder ended without releasing it: killed, crashed, or switched off.

    Raises
    ------
    ProjectError
        ``project.locked``, or ``project.locked_elsewhere`` where another computer's process holds it, with `owner`, `host`, `pid` and
        `since_utc` of who does, and whether that is `elsewhere`.
    OSError
        If the lock file can't be written.
    """

    def __init__(self, directory: Path, *, take_over: bool = False) -> None:
        self._path = directory / LOCK_FILE
        # Not "a+": Python would then write at the end whatever the position.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        self._stream: IO[bytes] | None = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            taken = _os_lock(self._stream)
            found = Holder.parse(self._stream.read().decode("utf-8", errors="replace"))
            if taken is False or (found is not None and _still_held(found, certain=taken is True, take_over=take_over)):
                raise _locked(directory, found)
            self.was_left = found is not None
            self._write(json.dumps(asdict(Holder.me())) + "\n")
        except BaseException:
            self._close()
            raise

    def _write(self, text: str) -> None:
        stream = self._stream
        if stream is None:
            return
        stream.seek(0)
        stream.truncate()
        stream.write(text.encode("utf-8"))
        os.fsync(stream.fileno())

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()  # closing drops the operating system's lock

    def release(self) -> None:
        """Let others write. The file stays, empty: removing it would race with whoever opens it just now."""
        with contextlib.suppress(OSError):
            self._write("")
        self._close()


def holder(directory: Path) -> Holder | None:
    """Who writes to this project at the moment, or None."""
    try:
        found = Holder.parse((directory / LOCK_FILE).read_text("utf-8", errors="replace"))
    except OSError:
        return None
    return found if found is not None and found.lives else None


def _still_held(found: Holder, *, certain: bool, take_over: bool) -> bool:
    """Whether a text left in the file still counts, given that no process of this computer is known to hold the lock."""
    if found.elsewhere:
        return not take_over
    return not certain and found.lives


def _locked(directory: Path, found: Holder | None) -> ProjectError:
    who = found or Holder("?", "?", 0, 0.0, "?")
    values = {"owner": who.owner, "host": who.host, "pid": who.pid, "since_utc": who.since_utc}
    elsewhere = found is not None and found.elsewhere
    return ProjectError(
        "project.locked_elsewhere" if elsewhere else "project.locked", project=directory.name, elsewhere=elsewhere, **values
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in the system's list (containers)
        return "?"


def _os_lock(stream: IO[bytes]) -> bool | None:
    """Try the operating system's lock: got it, somebody has it, or (None) this file system has no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(_WINDOWS_LOCK_BYTE)
            try:
                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            finally:
                stream.seek(0)
        else:
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN, errno.EDEADLK) else None
    return True
