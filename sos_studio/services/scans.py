"""Look into a source and open a scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.core.volume import Volume
from sos_studio.imaging import sources

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
    series
        All series of the source.
    """

    volume: Volume
    info: SeriesInfo
    source: Path
    series: tuple[SeriesInfo, ...]


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
    return [_read_through(source, info, cancelled) if info.loadable else info for info in list_series(source, cancelled=cancelled)]


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
        ``scan.several_series`` with `series` (a list of `SeriesInfo`) and `uids`, ``scan.unknown_series``,
        ``scan.none_loadable`` with the reasons, or what the reader found.
    CancelledError
        If `cancelled` says so.
    """
    series = list_series(source, cancelled=cancelled)
    chosen = _choose(series, series_uid)
    loaded = sources.load_series(source, chosen.uid, progress=progress, cancelled=cancelled)
    return OpenedScan(loaded.volume, loaded.info, source, tuple(series))


def _choose(series: list[SeriesInfo], series_uid: str | None) -> SeriesInfo:
    loadable = [info for info in series if info.loadable]
    if series_uid is not None:
        found = next((info for info in series if info.uid == series_uid), None)
        if found is None:
            raise BadInputError("scan.unknown_series", series=series_uid, uids=", ".join(info.uid for info in loadable))
        if not found.loadable:
            raise _why_not([found])
        return found
    if not loadable:
        raise _why_not(series)
    if len(loadable) > 1:
        raise BadInputError("scan.several_series", series=loadable, count=len(loadable), uids=", ".join(info.uid for info in loadable))
    return loadable[0]


def _why_not(series: list[SeriesInfo]) -> BadInputError:
    """The first error of the largest series says more than that nothing could be loaded."""
    errors = [problem for info in series for problem in info.problems if problem.severity == "error"]
    if errors:
        return BadInputError(errors[0].code, **errors[0].values)
    return BadInputError("scan.none_loadable")


def _read_through(source: Path, info: SeriesInfo, cancelled: Cancelled | None) -> SeriesInfo:
    try:
        return sources.load_series(source, info.uid, cancelled=cancelled).info
    except BadInputError as error:
        problem = Problem(error.code, "error", dict(error.values))
        return replace(info, loadable=False, problems=(*info.problems, problem))
