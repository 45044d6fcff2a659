"""Beginnings of many files fetched side by side from a slow disk or share, while somebody reads them one after the other.

A disk and, much more, a network share answer several questions in hardly more time than one. Who reads the headers of a series asks one
at a time; here a few threads ask for the same bytes a little earlier, so that the system has them when they are wanted. Files that the
system holds already gain nothing and are left alone: threads would only take turns with the reader.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

THREADS = 4
# Fewer files than this are read before a thread has begun.
FEWEST = 32
# A file that the system holds answers in a fifth of this.
SLOW_S = 60e-6
_PROBES = 5


def _begun(path: Path, size: int) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):  # its reader will say what is wrong
        return
    try:
        os.read(descriptor, size)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _slow(files: Sequence[Path], size: int) -> bool:
    """Whether the middle one of some files, taken from everywhere, had to be fetched."""
    times = []
    for path in files[:: len(files) // _PROBES][:_PROBES]:
        begin = time.perf_counter()
        _begun(path, size)
        times.append(time.perf_counter() - begin)
    return sorted(times)[_PROBES // 2] > SLOW_S


@contextmanager
def beginnings_ahead(files: Sequence[Path], size: int) -> Iterator[None]:
    """Have the first `size` bytes of files fetched in the background while the body reads them in their order; ends with the body."""
    if len(files) < FEWEST or not _slow(files, size):
        yield
        return
    stopped = threading.Event()

    def fetch(some: Sequence[Path]) -> None:
        for path in some:
            if stopped.is_set():
                return
            _begun(path, size)

    with ThreadPoolExecutor(THREADS, thread_name_prefix="ahead") as pool:
        # The first few are asked for by the reader itself at this moment.
        for number in range(THREADS):
            pool.submit(fetch, files[THREADS + number :: THREADS])
        try:
            yield
        finally:
            stopped.set()
