"""What a person is told when something goes wrong in the worker; the traceback stays in the log."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sos_studio.core.errors import JobFailedError, SosError

# How torch begins when a GPU was taken away, reset or has crashed.
_DEVICE_WORDS = ("cuda error", "cudnn error", "hip error", "cublas error", "mps backend", "no cuda gpus are available")
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed")
# Every network takes sides that are multiples of this.
_INPUT_STEP_PX = 32
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
# EFBIG: a limit on the size of files, which some systems set per person.
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def explain(error: BaseException) -> tuple[str, dict[str, Any]]:
    """Code and values of `error`; their words are in `sos_studio.messages`."""
    if isinstance(error, SosError):
        return error.code, {key: _plain(value) for key, value in error.values.items()}
    if short_of_memory(error):
        return "system.out_of_memory", {}
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return "training.disk_full", {}
    if isinstance(error, OSError) and error.errno in _NO_RIGHT:
        return "training.unwritable", {}
    if isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _DEVICE_WORDS):
        return "training.device_lost", {}
    return "internal", {"kind": type(error).__name__}


@contextmanager
def memory_for(part: str, inputs: tuple[str, tuple[int, ...]]) -> Iterator[None]:
    """Turn a shortage of memory in the block into a failure that names the setting to change.

    Parameters
    ----------
    part
        Which network is trained.
    inputs
        Name and sides of the setting of its input, which is halved: a batch has been worked off in the smallest parts by then.

    Raises
    ------
    JobFailedError
        ``training.out_of_memory`` with `part` and `setting`, such as ``student.input_shape_hw=[128,128]``.
    """
    try:
        yield
    except Exception as error:
        if not short_of_memory(error):
            raise
        sides = [max(_INPUT_STEP_PX, side // 2 // _INPUT_STEP_PX * _INPUT_STEP_PX) for side in inputs[1]]
        setting = f"{inputs[0]}={sides[0] if len(sides) == 1 else sides}".replace(" ", "")
        raise JobFailedError("training.out_of_memory", part=part, setting=setting) from error


def short_of_memory(error: BaseException) -> bool:
    """Whether it is a shortage of memory, of this computer or of its GPU."""
    # torch says it with a RuntimeError on the CPU and a subclass of it on a GPU; neither need be imported to be recognised.
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MEMORY_WORDS)


def _plain(value: Any) -> Any:
    """As JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
