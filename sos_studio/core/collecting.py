"""Python's search for cyclic garbage, kept away from what is made to stay.

It looks through all that lives, from whichever thread comes along, while everything else waits: a list of ten thousand cases would stop
the window for a twentieth of a second again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def made_to_stay() -> Iterator[None]:
    """No search while the block makes many things, and none through them later; they still go when nobody holds them any more."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
