"""Look into a source and open a scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.core.volume import Volume
from sos_studio.dataset import locations
from sos_studio.dataset.locations import ScanLocation
from sos_studio.imaging import sources
from sos_studio.imaging.identity import PatientIdentity

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True, eq=False)
class OpenedScan:
    """A scan in memory.

    Attributes
    ----------
    info
        Its series, with `value_range`.
    source
        Where it was opened from, on this computer; never written into a project.
    identity
        What its header says of the patient; in memory only, see `services.patients`.
    """

    volume: Volume
    info: SeriesInfo
    source: Path
    identity: PatientIdentity = PatientIdentity()


def list_series(source: Path, *, cancelled: Cancelled | None = None) -> list[SeriesInfo]:
    """What a DICOM file, folder, DICOMDIR, zip or volume file holds, from its headers.

    Raises
    ------
    BadInputError
        ``scan.not_found``, ``scan.no_dicom`` and their fellows if nothing can be listed at all.
    """
    return sources.list_series(source, cancelled=cancelled)


def inspect(source: Path, *, cancelled: Cancelled | None = None) -> list[SeriesInfo]:
    """Like `list_series`, but every loadable series is read: `value_range` is filled, unreadable pixels are found out."""
    return [_read_through(source, info, cancelled) for info in list_series(source, cancelled=cancelled)]


def uid_at(place: ScanLocation, *, cancelled: Cancelled | None = None) -> str | None:
    """Which series of a remembered place is meant; None if it is the only one, or no longer there. Errors of `list_series`."""
    if place.series_key is None:
        return None
    series = list_series(place.path, cancelled=cancelled)
    return next((info.uid for info in series if locations.key_of(info.uid) == place.series_key), None)


def open_scan(
    source: Path, series_uid: str | None = None, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> OpenedScan:
    """Read one series into a volume.

    Parameters
    ----------
    series_uid
        Which one; may be left out if only one can be loaded.
    progress
        Called with the share done, 0 … 1.

    Raises
    ------
    BadInputError
        ``scan.several_series`` with `series`, the list of loadable `SeriesInfo`; ``scan.unknown_series``, or what the reader
        found.
    CancelledError
        If `cancelled` says so.
    """
    loaded = sources.load_series(source, series_uid, progress=progress, cancelled=cancelled)
    return OpenedScan(loaded.volume, loaded.info, source, identity=loaded.identity)


def _read_through(source: Path, info: SeriesInfo, cancelled: Cancelled | None) -> SeriesInfo:
    if not info.loadable or info.value_range is not None:
        return info
    try:
        return sources.load_series(source, info.uid, cancelled=cancelled).info
    except BadInputError as error:
        problem = Problem(error.code, "error", dict(error.values))
        return replace(info, loadable=False, problems=(*info.problems, problem))
