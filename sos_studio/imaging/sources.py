"""Open whatever a person points at: DICOM file, folder, DICOMDIR or zip, NIfTI, NRRD, MetaImage, VTI.

`ScanSource` looks once and then lists, shows and loads; the functions are for those who want one answer.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import matrix4
from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.core.volume import Volume
from sos_studio.imaging.identity import NOBODY, PatientIdentity, read_identity

if TYPE_CHECKING:
    from sos_studio.imaging.dicom_scan import DicomSeries

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]
Preview = Callable[[Volume], None]
# Own names of an archive's files, by those that they have while it is unpacked.
Names = Mapping[str, str]

log = logging.getLogger(__name__)

# Share of the progress bar for the headers.
_SCAN_SHARE = 0.15
FILE_SERIES_UID = "file"
# Series that can't be loaded for these reasons alone, and of no more images than this, are listed with their values.
_VALUES_ALL_THE_SAME = frozenset(
    {"scan.too_few_slices", "scan.mixed_directions", "scan.no_geometry", "scan.same_position", "scan.bad_orientation"}
)
_FEW = 16


@dataclass(frozen=True)
class LoadedSeries:
    """A volume and what is known of the series it came from (`info.value_range` is filled), and of its patient."""

    volume: Volume
    info: SeriesInfo
    identity: PatientIdentity = NOBODY


@contextmanager
def _opened(source: Path, cancelled: Cancelled | None) -> Iterator[tuple[Path, Names]]:
    """The source itself, or the folder into which a zip was unpacked for as long as it is needed, and what its files are called there."""
    from sos_studio.imaging import archives

    try:
        there = source.exists()
    except OSError:  # a folder above it can't be looked into
        raise BadInputError("scan.unreadable_file", file=source.name) from None
    if not there:
        raise BadInputError("scan.not_found", file=source.name)
    if archives.is_zip(source):
        with archives.unpacked(source, cancelled) as content:
            yield content.folder, content.own_names
    else:
        yield source, {}


def _named(values: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """Values of an error or problem, with a file of an archive called what it is called there."""
    return {key: names.get(value, value) if isinstance(value, str) else value for key, value in values.items()}


@contextmanager
def _naming(names: Names) -> Iterator[None]:
    """Errors from the body speak of an archive's files by their own names."""
    try:
        yield
    except BadInputError as error:
        error.values = _named(error.values, names)
        raise


def _load_volume_file(source: Path) -> LoadedSeries:
    from sos_studio.imaging.dicom_read import value_range
    from sos_studio.imaging.volume_files import read_volume_file

    volume, problems = read_volume_file(source)
    info = SeriesInfo(
        uid=FILE_SERIES_UID,
        modality="?",
        loadable=True,
        shape_kji=volume.shape_kji,
        spacing_mm_kji=volume.spacing_mm_kji,
        lps_from_ijk=matrix4(volume.lps_from_ijk),
        value_range=value_range(volume.array_kji),
        problems=problems,
        corrections=volume.corrections,
    )
    return LoadedSeries(volume, info)


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


class ScanSource:
    """What lies at a path, looked into once: its series, a picture of each, and their volumes.

    A zip archive is unpacked until `close`. Use it as a context manager; from any thread, one at a time.

    Parameters
    ----------
    path
        File or folder.
    progress
        Called with 0 … 1 from the calling thread while headers are read.
    cancelled
        Asked between files; true stops with `CancelledError`.

    Attributes
    ----------
    series
        Loadable series first. A DICOM series' pixels are not read (`value_range` is None), except those of a few slices that
        make no volume: their values are all that there is to tell.

    Raises
    ------
    BadInputError
        If the source holds nothing that could be listed: ``scan.not_found``, ``scan.no_dicom``, ``scan.not_dicom``,
        ``scan.no_image``, ``scan.cannot_parse`` …
    """

    series: list[SeriesInfo]

    def __init__(self, path: Path | str, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> None:
        self._path = Path(path)
        self._file: LoadedSeries | None = None
        self._dicom: list[DicomSeries] = []
        with ExitStack() as opening:
            self._place, self._names = opening.enter_context(_opened(self._path, cancelled))
            with _naming(self._names):
                self.series = self._listed(progress, cancelled)
            self._closing = opening.pop_all()

    def _listed(self, progress: Progress | None, cancelled: Cancelled | None) -> list[SeriesInfo]:
        from sos_studio.imaging.volume_files import is_volume_file, sole_volume_file

        volume_file = self._place if is_volume_file(self._place) else sole_volume_file(self._place)
        if volume_file is not None:
            self._file, self._file_name = _load_volume_file(volume_file), volume_file.name
            return [self._file.info]
        from sos_studio.imaging.dicom_scan import scan_dicom

        self._dicom = scan_dicom(self._place, progress=progress, cancelled=cancelled)
        return [self._called(_told(series)) for series in self._dicom]

    def _called(self, info: SeriesInfo) -> SeriesInfo:
        problems = (replace(problem, values=_named(problem.values, self._names)) for problem in info.problems)
        return replace(info, problems=tuple(problems))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what was unpacked or held; what was loaded stays valid."""
        self._file = None
        self._closing.close()

    def thumbnail(self, uid: str, side_px: int = 96) -> npt.NDArray[np.uint8]:
        """The middle slice as grey values, its millimetres in proportion.

        Parameters
        ----------
        uid
            As `series` names it.
        side_px
            Length of the longer side.

        Raises
        ------
        BadInputError
            If the slice's pixels can't be read or are no grey values: there is nothing to show.
        """
        from sos_studio.imaging.thumbnails import thumbnail

        if self._file is not None:
            volume = self._volume_file(uid).volume
            rows_mm, columns_mm = volume.spacing_mm_kji[1:]
            return thumbnail(volume.array_kji[volume.shape_kji[0] // 2], (rows_mm, columns_mm), side_px)
        from sos_studio.imaging.dicom_read import read_values

        slices = self._dicom_series(uid).stack.slices
        middle = slices[len(slices) // 2]
        if middle.layout.samples != 1:
            raise BadInputError("scan.colour", photometric=middle.layout.photometric or "?")
        if middle.layout.bits_allocated not in (8, 16, 32):
            raise BadInputError("scan.unsupported_pixels", bits=middle.layout.bits_allocated)
        return thumbnail(read_values(middle), middle.spacing_mm_vu or (1.0, 1.0), side_px)

    def files(self, uid: str) -> tuple[str, ...]:
        """Names of a series' files, without their folders, in the order of its slices.

        A person may be shown them, to find out which files are meant; they may hold a patient's name, so nothing else may be done.
        """
        files = [self._file_name] if self._file is not None else [image.file.name for image in self._dicom_series(uid).stack.slices]
        return tuple(self._names.get(name, name) for name in dict.fromkeys(files))

    def folder(self, uid: str) -> str:
        """The folder below the source that holds all of a series' files; empty for the source itself and in archives.

        As with `files`, a person may be shown it and nothing else may be done.
        """
        if self._place != self._path or self._file is not None:
            return ""
        root = self._place if self._place.is_dir() else self._place.parent
        folders = {image.file.parent for image in self._dicom_series(uid).stack.slices}
        inside = os.path.relpath(os.path.commonpath(folders), root)
        return "" if inside == os.curdir else Path(inside).as_posix()

    def load(
        self,
        uid: str | None = None,
        *,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
        preview: Preview | None = None,
    ) -> LoadedSeries:
        """Read one series into a volume.

        Parameters
        ----------
        uid
            As `series` names it; None if there is only one that can be loaded.
        progress
            Called with 0 … 1 from the calling thread.
        cancelled
            Asked between slices; true stops with `CancelledError`.
        preview
            Called at most once, from the calling thread, before half of the volume is read: every n-th slice as a volume of its
            own, at the right place in the patient. Not called for volume files, or for a few slices, which are there at once.

        Raises
        ------
        BadInputError
            ``scan.several_series`` (value `series`: their listings), ``scan.unknown_series``; for a series with errors the code
            of its first error; for damaged pixels ``scan.truncated``, ``scan.cannot_decode`` …
        """
        if self._file is not None:
            return self._volume_file(uid)
        with _naming(self._names):
            return _load_dicom(self._dicom_series(uid), progress, cancelled, preview)

    def _volume_file(self, uid: str | None) -> LoadedSeries:
        if self._file is None or uid not in (None, FILE_SERIES_UID):
            raise BadInputError("scan.unknown_series", series=uid, uids=FILE_SERIES_UID)
        return self._file

    def _dicom_series(self, uid: str | None) -> DicomSeries:
        found = self._dicom
        if uid is not None:
            chosen = [series for series in found if series.info.uid == uid]
            if not chosen:
                raise BadInputError("scan.unknown_series", series=uid, uids=", ".join(s.info.uid for s in found))
            return chosen[0]
        chosen = [series for series in found if series.info.loadable] or found[:1]
        if len(chosen) > 1:
            infos = [series.info for series in chosen]
            raise BadInputError("scan.several_series", series=infos, count=len(infos), uids=", ".join(info.uid for info in infos))
        return chosen[0]


def list_series(source: Path | str, *, cancelled: Cancelled | None = None) -> list[SeriesInfo]:
    """What can be opened there, and what is wrong with what can't; see `ScanSource.series`."""
    with ScanSource(source, cancelled=cancelled) as opened:
        return opened.series


def _load_dicom(series: DicomSeries, progress: Progress | None, cancelled: Cancelled | None, preview: Preview | None) -> LoadedSeries:
    from sos_studio.imaging.dicom_read import read_stack

    errors = [problem for problem in series.info.problems if problem.severity == "error"]
    matrix = series.stack.lps_from_ijk
    if errors or matrix is None:
        raise BadInputError(errors[0].code, **errors[0].values)

    def coarse(array_kji: npt.NDArray[Any], step: int) -> None:
        if preview is not None:
            preview(Volume(array_kji, matrix * np.array([1.0, 1.0, step, 1.0])))

    array_kji, value_range = read_stack(series.stack, progress=progress, cancelled=cancelled, coarse=None if preview is None else coarse)
    log.info("loaded a series of %d slices as %s", array_kji.shape[0], array_kji.dtype)
    volume = Volume(array_kji, matrix, series.info.corrections)
    info = replace(series.info, value_range=value_range)
    return LoadedSeries(volume, info, read_identity(series.stack.slices[0].file))


def load_series(
    path: Path | str, series_uid: str | None = None, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> LoadedSeries:
    """Load one series of a file or folder; parameters and errors as `ScanSource` and `ScanSource.load`."""

    def part(low: float, high: float) -> Progress | None:
        return None if progress is None else lambda share: progress(low + (high - low) * share)

    with ScanSource(path, progress=part(0.0, _SCAN_SHARE), cancelled=cancelled) as source:
        loaded = source.load(series_uid, progress=part(_SCAN_SHARE, 1.0), cancelled=cancelled)
    if progress is not None:
        progress(1.0)
    return loaded


def load_volume(
    path: Path | str, series_uid: str | None = None, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> Volume:
    """Load one series as a volume; parameters and errors as `load_series`."""
    return load_series(path, series_uid, progress=progress, cancelled=cancelled).volume
