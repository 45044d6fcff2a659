"""Icons, theme and presets that come with the program."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def resource(*parts: str) -> Traversable:
    """A file or folder of `resources/`: inside the wheel, or beside the package in a checkout."""
    packaged = resources.files("sos_studio") / "_resources"
    root: Traversable = packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "resources"
    for part in parts:
        root = root / part
    return root
