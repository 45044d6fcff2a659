"""Rows of a picture shared between threads; the compiled loops that draw them let go of the interpreter's lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

BAND = 24

# Kept between pictures: a plane takes 2 ms, of which starting a thread would be a fifth.
HELPERS = "sos-bands"
_helpers = ThreadPoolExecutor(4, thread_name_prefix=HELPERS)

Wanted = Callable[[], bool]


class Bands:
    """Shares the rows of a picture between threads, a band at a time.

    Parameters
    ----------
    threads
        How many draw, the calling one included.
    wanted
        Asked before each band, from any of the threads; once it says no the picture is given up.
    rows
        Of a band.
    """

    def __init__(self, threads: int, wanted: Wanted = lambda: True, *, rows: int = BAND) -> None:
        self._rows = rows
        self._threads = threads
        self._wanted = wanted

    def share(self, rows: int, draw: Callable[[tuple[int, int]], None]) -> bool:
        """Draw all rows; whether the picture was wanted to its end."""
        bands = iter([(v, min(v + self._rows, rows)) for v in range(0, rows, self._rows)])
        lock = threading.Lock()
        faults: list[BaseException] = []

        def work() -> None:
            while True:
                with lock:
                    band = next(bands, None) if self._wanted() and not faults else None
                if band is None:
                    return
                draw(band)

        def work_beside() -> None:
            try:
                work()
            except BaseException as fault:
                faults.append(fault)

        others = [_helpers.submit(work_beside) for _ in range(self._threads - 1)]
        try:
            work()
        finally:
            # Nothing is left for a helper that is still busy with another picture: don't wait for it.
            wait([other for other in others if not other.cancel()])
        if faults:
            raise faults[0]
        return self._wanted()
