"""Look into a source and open a scan."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.core.volume import Volume
from sos_studio.dataset import locations
from sos_studio.dataset.locations import ScanLocation
from sos_studio.imaging import sources
from sos_studio.imaging.identity import NOBODY, PatientIdentity

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]

THUMBNAIL_PX = 192
# More names than anybody reads.
MOST_FILES = 500


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
    coarse
        Whether `volume` holds only every n-th slice, to be looked at while the rest is being read.
    """

    volume: Volume
    info: SeriesInfo
    source: Path
    coarse: bool = False
    identity: PatientIdentity = NOBODY


class SourceReader:
    """A source that was looked into and stays at hand: a zip is unpacked and headers are read once.

    Methods may be called from any thread; they take turns.

    Parameters
    ----------
    path
        DICOM file, folder, DICOMDIR, zip or volume file.
    progress, cancelled
        As in `open_scan`, for reading the headers.

    Attributes
    ----------
    series
        What is there, loadable series first.

    Raises
    ------
    BadInputError
        ``scan.not_found``, ``scan.no_dicom`` and their fellows if nothing can be listed at all; `CancelledError`.
    """

    def __init__(self, path: Path, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> None:
        self.path = path
        self._turn = threading.Lock()
        self._source = sources.ScanSource(path, progress=progress, cancelled=cancelled)
        self.series: tuple[SeriesInfo, ...] = tuple(self._source.series)

    @property
    def loadable(self) -> tuple[SeriesInfo, ...]:
        """What can be opened."""
        return tuple(info for info in self.series if info.loadable)

    def thumbnail(self, uid: str) -> npt.NDArray[np.uint8]:
        """A small picture of a series; `BadInputError` if it has none."""
        with self._turn:
            return self._source.thumbnail(uid, side_px=THUMBNAIL_PX)

    def files(self, uid: str) -> tuple[str, ...]:
        """Names of a series' files in the order of its slices; a person may be shown them, nothing else may be done."""
        return self._source.files(uid)

    def folder(self, uid: str) -> str:
        """Where a series' files lie below the source; empty if right there, or in an archive."""
        return self._source.folder(uid)

    def uid_of(self, place: ScanLocation) -> str | None:
        """Which series of a remembered place is meant; None if it is the only one, or no longer there."""
        if place.series_key is None:
            return None
        return next((info.uid for info in self.series if locations.key_of(info.uid) == place.series_key), None)

    def open(
        self,
        uid: str | None = None,
        *,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
        preview: Callable[[OpenedScan], None] | None = None,
    ) -> OpenedScan:
        """Read one series into a volume; parameters and errors as `open_scan`."""
        known = {info.uid: info for info in self.series}
        only = self.loadable[0] if len(self.loadable) == 1 else None
        info = known.get(uid, only) if uid is not None else only

        def coarse(volume: Volume) -> None:
            if preview is not None and info is not None:
                preview(OpenedScan(volume, info, self.path, coarse=True))

        with self._turn:
            loaded = self._source.load(uid, progress=progress, cancelled=cancelled, preview=coarse if preview is not None else None)
        return OpenedScan(loaded.volume, loaded.info, self.path, identity=loaded.identity)

    def close(self) -> None:
        """Remove what was unpacked; waits for what is being read. Closing again does nothing."""
        with self._turn:
            self._source.close()

    def __enter__(self) -> SourceReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def list_series(source: Path, *, cancelled: Cancelled | None = None) -> list[SeriesInfo]:
    """What a DICOM file, folder, DICOMDIR, zip or volume file holds, from its headers; errors of `SourceReader`."""
    with SourceReader(source, cancelled=cancelled) as reader:
        return list(reader.series)


def inspect(source: Path, *, cancelled: Cancelled | None = None) -> list[SeriesInfo]:
    """Like `list_series`, but every loadable series is read: `value_range` is filled, unreadable pixels are found out."""
    with SourceReader(source, cancelled=cancelled) as reader:
        return [_read_through(reader, info, cancelled) for info in reader.series]


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


def files_below(source: Path) -> tuple[str, ...]:
    """Names of what lies in a folder, without the folder's own, as far as it can be looked into; a file's own name."""
    if not source.is_dir():
        return (source.name,)
    names: list[str] = []
    for directory, folders, files in os.walk(source):
        folders.sort()
        names += [Path(directory, name).relative_to(source).as_posix() for name in sorted(files)]
        if len(names) >= MOST_FILES:
            break
    return tuple(names[:MOST_FILES])


def _read_through(reader: SourceReader, info: SeriesInfo, cancelled: Cancelled | None) -> SeriesInfo:
    if not info.loadable or info.value_range is not None:
        return info
    try:
        return reader.open(info.uid, cancelled=cancelled).info
    except BadInputError as error:
        problem = Problem(error.code, "error", dict(error.values))
        return replace(info, loadable=False, problems=(*info.problems, problem))
