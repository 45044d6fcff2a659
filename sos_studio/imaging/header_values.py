"""Numbers out of DICOM headers, or the name of the attribute that makes no sense."""

from __future__ import annotations

import math
from typing import Any, Protocol


class Header(Protocol):
    """What is asked of a data set; pydicom's `Dataset` answers everything, `header_prefix` what it is sure of."""

    def get(self, key: str, default: Any = None, /) -> Any:  # noqa: D102
        ...

    def __contains__(self, key: str, /) -> bool: ...


class UnusableError(Exception):
    """A header whose values can't be made sense of; `what` names the attribute."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def number(dataset: Header, name: str, default: float | None = None) -> float:
    """One finite number; `default` where the attribute is absent or empty.

    Raises
    ------
    UnusableError
        If it is no finite number, or absent without a default.
    """
    value = dataset.get(name)
    if value is None or value == "":
        if default is None:
            raise UnusableError(name)
        return default
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise UnusableError(name) from None
    if not math.isfinite(found):
        raise UnusableError(name)
    return found


def whole(dataset: Header, name: str, default: int | None = None) -> int:
    """One whole number; errors as `number`."""
    found = number(dataset, name, None if default is None else float(default))
    if found != int(found):
        raise UnusableError(name)
    return int(found)


def numbers(dataset: Header, name: str, count: int) -> tuple[float, ...] | None:
    """A multi-valued attribute of exactly `count` finite numbers; None if absent or empty."""
    value = dataset.get(name)
    if value is None or value == "" or (hasattr(value, "__len__") and len(value) == 0):
        return None
    try:
        found = tuple(float(v) for v in value)
    except (TypeError, ValueError):
        raise UnusableError(name) from None
    if len(found) != count or not all(math.isfinite(v) for v in found):
        raise UnusableError(name)
    return found
