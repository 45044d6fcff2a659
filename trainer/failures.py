"""What a person is told when something goes wrong in the worker; the traceback stays in the log."""

from __future__ import annotations

import errno
from typing import Any

from sos_studio.core.errors import SosError

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed")
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def explain(error: BaseException) -> tuple[str, dict[str, Any]]:
    """Code and values of `error`; their words are in `sos_studio.messages`."""
    if isinstance(error, SosError):
        return error.code, {key: _plain(value) for key, value in error.values.items()}
    if _short_of_memory(error):
        return "training.out_of_memory", {}
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return "training.disk_full", {}
    if isinstance(error, OSError) and error.errno in _NO_RIGHT:
        return "training.unwritable", {}
    return "internal", {"kind": type(error).__name__}


def _short_of_memory(error: BaseException) -> bool:
    # torch says it with a RuntimeError on the CPU and a subclass of it on a GPU; neither need be imported to be recognised.
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
