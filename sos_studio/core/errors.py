"""Errors as codes with values; the words are made where a person reads them (`sos_studio.messages`)."""

from __future__ import annotations

import errno
from typing import Any


class SosError(Exception):
    """A fault that the person at the screen can understand and act upon.

    Parameters
    ----------
    code
        Stable, dotted, lower-case name such as ``scan.no_dicom``. `sos_studio.messages` holds its words.
    **values
        What the words need: names of files, counts, limits. Never patient text.
    """

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        if not self.values:
            return self.code
        inner = ", ".join(f"{key}={value!r}" for key, value in self.values.items())
        return f"{self.code} ({inner})"


class BadInputError(SosError):
    """What was given can't be used as it is (exit code 2)."""


class ProjectError(SosError):
    """A project folder can't be opened, read or written (exit code 2)."""


class JobFailedError(SosError):
    """A background job ended without a result (exit code 4)."""


class CancelledError(SosError):
    """The person asked to stop (exit code 130)."""

    def __init__(self) -> None:
        super().__init__("cancelled")


def refusal(error: OSError) -> tuple[str, dict[str, Any]]:
    """Code and values of what the operating system refused where nobody said more about it.

    Names a file without its folders: sentences are copied into mails, and paths hold patients' names.
    """
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "disk.full", {}
    reason = error.strerror or type(error).__name__
    if not isinstance(error.filename, str) or not error.filename:
        return "system.refused", {"reason": reason}
    return "file.refused", {"file": error.filename.replace("\\", "/").rstrip("/").rpartition("/")[2], "reason": reason}
