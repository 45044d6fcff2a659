"""Frozen dataclasses by the ten thousand."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def made(kind: type[T], **values: Any) -> T:
    """An instance of a frozen dataclass (without slots and `__post_init__`) from values of all its fields.

    Its own constructor sets one attribute after another past its guard, which takes four times as long.
    """
    instance = object.__new__(kind)
    instance.__dict__.update(values)
    return instance
