"""What is meant by dropping files and folders on the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sos_studio.dataset.sheets import is_table
from sos_studio.presenters.exchange import IMAGE_SUFFIXES
from sos_studio.presenters.opening import is_project

Meaning = Literal["images", "scan", "project", "both"]

# Names of single slices; scanners leave the ending out or count in it.
SLICE_SUFFIXES = frozenset({"", ".dcm", ".dicom", ".ima", ".img"})
# Asking the disk about each of a thousand files would hold up the hand that drags them.
LOOKED_AT = 20


@dataclass(frozen=True)
class Drop:
    """What a drop will do.

    Attributes
    ----------
    paths
        Pictures and tables to import, or what is opened one after the other.
    dropped
        How many things were dropped.
    whole_folder
        Slices of one folder were dropped: all of it is opened, because a scan is made of all its slices.
    """

    meaning: Meaning
    paths: tuple[Path, ...]
    dropped: int
    whole_folder: bool = False

    @property
    def left_out(self) -> bool:
        """Whether something of it is ignored."""
        return not self.whole_folder and len(self.paths) < self.dropped


def meant_by(paths: Sequence[Path]) -> Drop | None:
    """What dropping these does; None if there is nothing to drop."""
    if not paths:
        return None
    count = len(paths)
    if all(path.suffix.lower() in IMAGE_SUFFIXES or is_table(path) for path in paths):
        return Drop("images", tuple(paths), count)
    projects = [path for path in paths[:LOOKED_AT] if is_project(path)]
    scans = [path for path in paths if path not in projects]
    if projects and scans:
        return Drop("both", (projects[0], scans[0]), count)
    if projects:
        return Drop("project", (projects[0],), count)
    if count > 1 and _slices_of_one_folder(paths):
        return Drop("scan", (paths[0].parent,), count, whole_folder=True)
    return Drop("scan", (paths[0],), count)


def _slices_of_one_folder(paths: Sequence[Path]) -> bool:
    if len({path.parent for path in paths}) > 1 or any(path.is_dir() for path in paths[:LOOKED_AT]):
        return False
    return all(path.suffix.lower() in SLICE_SUFFIXES or path.suffix[1:].isdigit() for path in paths)
