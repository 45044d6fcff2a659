"""A step that needs more memory than there is: worked off in parts whose gradients add up."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import TypeVar

import torch

from trainer.failures import short_of_memory

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def worked_off(
    attempt: Callable[[int], _T], *, parts: int, most: int, undo: Callable[[], None], tell: Callable[[int], None] = lambda _parts: None
) -> _T:
    """Try a step in `parts` parts, in twice as many whenever the memory is not enough.

    Which computer runs short at which step decides the number of parts, nothing random does: the same one goes the same way again.
    Gradients add up to those of the whole batch, but batch statistics, class balance and the attention term's average are each part's
    own, so that the weights differ a little from those of a computer with more memory.

    Parameters
    ----------
    attempt
        Given the number of parts, does everything of the step that needs memory.
    most
        As many parts are tried at the most.
    undo
        Takes back what a failed attempt may have changed.
    tell
        Is told the new number of parts before the next attempt.

    Raises
    ------
    Exception
        The shortage itself, once there are no more parts to make.
    """
    while True:
        try:
            return attempt(min(parts, most))
        except Exception as error:
            if not short_of_memory(error) or parts >= most:
                raise
        # After the handler: its traceback holds on to everything that filled the memory.
        undo()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        parts *= 2
        _log.warning("the memory is not enough for the whole batch: it is worked off in %d parts from now on", parts)
        tell(parts)
