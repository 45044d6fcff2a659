"""Many new files, each durable, in a tenth of the time: a few threads wait for the disk, which puts what comes together down together."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

THREADS = 4
# So many files may be on their way: what comes faster than the disk takes it must not fill the memory.
_AHEAD = 16


class FileStream:
    """Writes files that are not there yet. A refusal of the disk is raised by a later call, by `settle` at the latest."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="export")
        self._waiting: deque[Future[None]] = deque()

    def put(self, path: Path, content: bytes) -> None:
        """Write a new file soon; its folder must be there.

        Raises
        ------
        OSError
            As the system says of this file or one before it.
        """
        self._make_room()
        self._waiting.append(self._pool.submit(_write, path, content))

    def sync(self, path: Path) -> None:
        """Make a file that was written durable soon; raises as `put`."""
        self._make_room()
        self._waiting.append(self._pool.submit(_sync, path))

    def settle(self) -> None:
        """Wait until all that was put is on the disk; raises as `put`."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """Let what has not begun be, and wait for the rest; the folder may be removed then."""
        self._pool.shutdown(cancel_futures=True)

    def _make_room(self) -> None:
        while len(self._waiting) >= _AHEAD:
            self._waiting.popleft().result()


def _sync(path: Path) -> None:
    with open(path, "r+b") as stream:  # Windows syncs only what is open for writing
        os.fsync(stream.fileno())


def _write(path: Path, content: bytes) -> None:
    with open(path, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
