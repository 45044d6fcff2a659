"""Open whatever a person points at: DICOM file, folder, DICOMDIR or zip, NIfTI, NRRD, MetaImage, VTI."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sos_studio.core.captures import matrix4
from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.core.volume import Volume

if TYPE_CHECKING:
    from sos_studio.imaging.dicom_scan import DicomSeries

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]

log = logging.getLogger(__name__)

# Share of the progress bar for the headers.
_SCAN_SHARE = 0.15
FILE_SERIES_UID = "file"
# Series that can't be loaded for these reasons alone, and of no more images than this, are listed with their values.
_VALUES_ALL_THE_SAME = frozenset({"scan.too_few_slices", "scan.no_geometry", "scan.same_position", "scan.bad_orientation"})
_FEW = 16


@dataclass(frozen=True)
class LoadedSeries:
    """A volume and what is known of the series it came from (`info.value_range` is filled)."""

    volume: Volume
    info: SeriesInfo


@contextmanager
def _opened(source: Path, cancelled: Cancelled | None) -> Iterator[Path]:
    """The source itself, or the folder into which a zip was unpacked for as long as it is needed."""
    from sos_studio.imaging import archives

    try:
        there = source.exists()
    except OSError:  # a folder above it can't be looked into
        raise BadInputError("scan.unreadable_file", file=source.name) from None
    if not there:
        raise BadInputError("scan.not_found", file=source.name)
    if archives.is_zip(source):
        with archives.unpacked(source, cancelled) as folder:
            yield folder
    else:
        yield source


def _is_volume_file(source: Path) -> bool:
    from sos_studio.imaging.itk_files import is_itk_file

    return source.is_file() and (is_itk_file(source) or source.suffix.lower() == ".vti")


def _load_volume_file(source: Path) -> LoadedSeries:
    from sos_studio.imaging.dicom_read import value_range
    from sos_studio.imaging.itk_files import read_itk
    from sos_studio.imaging.vti import read_vti

    volume, problems = read_vti(source) if source.suffix.lower() == ".vti" else read_itk(source)
    info = SeriesInfo(
        uid=FILE_SERIES_UID,
        modality="?",
        loadable=True,
        shape_kji=volume.shape_kji,
        spacing_mm_kji=volume.spacing_mm_kji,
        lps_from_ijk=matrix4(volume.lps_from_ijk),
        value_range=value_range(volume.array_kji),
        problems=problems,
    )
    return LoadedSeries(volume, info)


def list_series(source: Path | str, *, cancelled: Cancelled | None = None) -> list[SeriesInfo]:
    """What can be opened there, and what is wrong with what can't.

    Parameters
    ----------
    source
        File or folder.

    Returns
    -------
    Loadable series first. A DICOM series' pixels are not read (`value_range` is None), except those of a few slices that
    make no volume: their values are all that there is to tell.

    Raises
    ------
    BadInputError
        If the source holds nothing that could be listed: ``scan.not_found``, ``scan.no_dicom``, ``scan.not_dicom``,
        ``scan.no_image``, ``scan.cannot_parse`` …; `CancelledError` when asked to stop.
    """
    source = Path(source)
    with _opened(source, cancelled) as place:
        if _is_volume_file(place):
            return [_load_volume_file(place).info]
        from sos_studio.imaging.dicom_scan import scan_dicom

        return [_told(series) for series in scan_dicom(place, cancelled=cancelled)]


def _told(series: DicomSeries) -> SeriesInfo:
    """The series' listing; of one that is only too short or placeless the values too, to tell it by."""
    from sos_studio.imaging.dicom_read import read_values, value_range

    errors = {problem.code for problem in series.info.problems if problem.severity == "error"}
    if not errors or not errors <= _VALUES_ALL_THE_SAME or len(series.stack.slices) > _FEW:
        return series.info
    try:
        ends = np.array([value_range(read_values(image)) for image in series.stack.slices])
    except BadInputError as error:
        return replace(series.info, problems=(Problem(error.code, "error", error.values), *series.info.problems))
    return replace(series.info, value_range=(float(ends.min()), float(ends.max())))


def load_series(
    path: Path | str, series_uid: str | None = None, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> LoadedSeries:
    """Load one series.

    Parameters
    ----------
    path
        File or folder.
    series_uid
        As `list_series` names it; None if there is only one that can be loaded.
    progress
        Called with 0 … 1 from the calling thread.
    cancelled
        Asked between slices; true stops with `CancelledError`.

    Raises
    ------
    BadInputError
        Everything that `list_series` raises; ``scan.several_series`` (value `series`: their listings), ``scan.unknown_series``;
        for a series with errors the code of its first error; for damaged pixels ``scan.truncated``, ``scan.cannot_decode`` …
    """
    source = Path(path)
    with _opened(source, cancelled) as place:
        if _is_volume_file(place):
            if series_uid not in (None, FILE_SERIES_UID):
                raise BadInputError("scan.unknown_series", series=series_uid, uids=FILE_SERIES_UID)
            loaded = _load_volume_file(place)
        else:
            loaded = _load_dicom(place, series_uid, progress, cancelled)
    if progress is not None:
        progress(1.0)
    return loaded


def _load_dicom(place: Path, series_uid: str | None, progress: Progress | None, cancelled: Cancelled | None) -> LoadedSeries:
    from sos_studio.imaging.dicom_read import read_stack, value_range
    from sos_studio.imaging.dicom_scan import scan_dicom

    def part(low: float, high: float) -> Progress | None:
        return None if progress is None else lambda share: progress(low + (high - low) * share)

    found = scan_dicom(place, progress=part(0.0, _SCAN_SHARE), cancelled=cancelled)
    if series_uid is not None:
        chosen = [series for series in found if series.info.uid == series_uid]
        if not chosen:
            raise BadInputError("scan.unknown_series", series=series_uid, uids=", ".join(s.info.uid for s in found))
    else:
        chosen = [series for series in found if series.info.loadable] or found[:1]
        if len(chosen) > 1:
            infos = [series.info for series in chosen]
            raise BadInputError("scan.several_series", series=infos, count=len(infos), uids=", ".join(info.uid for info in infos))
    series = chosen[0]
    errors = [problem for problem in series.info.problems if problem.severity == "error"]
    matrix = series.stack.lps_from_ijk
    if errors or matrix is None:
        raise BadInputError(errors[0].code, **errors[0].values)
    array_kji = read_stack(series.stack, progress=part(_SCAN_SHARE, 1.0), cancelled=cancelled)
    log.info("loaded a series of %d slices as %s", array_kji.shape[0], array_kji.dtype)
    return LoadedSeries(Volume(array_kji, matrix), replace(series.info, value_range=value_range(array_kji)))


def load_volume(
    path: Path | str, series_uid: str | None = None, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> Volume:
    """Load one series as a volume; parameters and errors as `load_series`."""
    return load_series(path, series_uid, progress=progress, cancelled=cancelled).volume
