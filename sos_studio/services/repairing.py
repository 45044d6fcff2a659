"""Check and repair, recovery of a damaged database: what the window and the command line do about a project's health."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import ProjectError, SosError
from sos_studio.core.roi import Roi
from sos_studio.dataset import backup, events, locations, recovery, repair, upgrade
from sos_studio.dataset.project import Project
from sos_studio.dataset.recovery import Recovered
from sos_studio.dataset.repair import RepairReport
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging import crops, images, windowing
from sos_studio.services import replaying

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Mended:
    """What a repair did.

    Attributes
    ----------
    recovered
        What became of the database, if it was damaged.
    """

    report: RepairReport
    recovered: Recovered | None = None


class Makers:
    """Makes pictures again from what they were made of; the same program makes the same bytes."""

    def full(self, full16: Path, record: CaptureRecord) -> bytes | None:
        """``full.png`` from ``full16.png`` under the record's window."""
        if record.window is None or record.value_from_png is None:
            return None
        values = imaging_capture.decode_values(images.read_png16(full16), record.value_from_png)
        return images.encode_png(windowing.apply_window(values, record.window))

    def full16(self, record: CaptureRecord) -> bytes | None:
        """``full16.png`` from the scan, if this computer knows where it lies and it is still the same."""
        place = None if record.series_hash is None else locations.find(record.series_hash)
        if place is None:
            return None
        return images.encode_png(imaging_capture.replay(replaying.open_at(place).volume, record).full16_vu)

    def crop(self, full: Path, roi: Roi) -> bytes | None:
        """A crop from the full image."""
        return images.encode_png(crops.crop_image(images.read_gray(full), roi))

    def decodes(self, picture: Path, shape_vu: tuple[int, int]) -> bool:
        """Whether a file is a grey picture of that size."""
        try:
            return images.read_gray(picture, smallest_side_px=1).shape == shape_vu
        except SosError:
            return False


def mend(
    directory: Path,
    *,
    backup_file: Path | None = None,
    who: str = "",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Mended:
    """Repair a project that nobody has open: its database first if that is damaged, then its files.

    Parameters
    ----------
    backup_file
        A ``.sosbackup`` from which missing and damaged files are taken too.

    Raises
    ------
    ProjectError
        ``repair.no_copy`` if the database is damaged and there is no copy of it; ``project.locked`` and errors of `Project.open`.
    """
    recovered = recovery.recover(directory) if _database_damaged(directory) else None
    with Project.open(directory) as project:
        if recovered is not None:
            details: dict[str, Any] = {"saved": recovered.saved, "unreadable": recovered.unreadable, "certain": recovered.certain}
            events.record(project, "recovered", who=who, copy=recovered.copy, **details)
        report = mend_open(project, backup_file=backup_file, who=who, progress=progress, cancelled=cancelled)
    return Mended(report, recovered)


def mend_open(
    project: Project,
    *,
    backup_file: Path | None = None,
    who: str = "",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> RepairReport:
    """Repair the files of a project that is open for writing. Errors of `repair.repair`; ``backup.unreadable`` and its fellows."""

    def held(wanted: Mapping[str, str]) -> Mapping[str, bytes]:
        return {} if backup_file is None else backup.files_of(backup_file, dict(wanted))

    if backup_file is not None:
        backup.read_contents(backup_file)  # refused before anything is touched
    return repair.repair(project, Makers(), from_backup=held, who=who, progress=progress, cancelled=cancelled)


def _database_damaged(directory: Path) -> bool:
    if not (Path(directory) / upgrade.DATABASE_FILE).is_file():
        raise ProjectError("project.not_found", project=Path(directory).name)
    return recovery.is_damaged(Path(directory))
