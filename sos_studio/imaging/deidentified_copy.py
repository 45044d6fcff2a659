"""A folder of copies without patients: every image of a source, under names that say nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, CancelledError, ProjectError, SosError
from sos_studio.imaging import archives
from sos_studio.imaging.deflated import META_BYTES, inflated, says_deflated
from sos_studio.imaging.deidentify import Copying, deidentified
from sos_studio.imaging.dicom_headers import MEDIA_DIRECTORY, looks_like_dicom, quiet_pydicom
from sos_studio.imaging.dicom_scan import candidate_files
from sos_studio.imaging.identity import PatientIdentity, identity_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class CopyReport:
    """What was copied.

    Attributes
    ----------
    series
        Number of images by folder of the copy, ``<pseudonym>/<number>``.
    left_out
        Number of objects that were not copied, by code of the reason.
    """

    series: dict[str, int]
    left_out: dict[str, int]

    @property
    def images(self) -> int:
        """How many were copied."""
        return sum(self.series.values())

    @property
    def patients(self) -> int:
        """Of how many patients."""
        return len({folder.partition("/")[0] for folder in self.series})


Pseudonym = Callable[[PatientIdentity, str], str]


class _Copier:
    """Writes into one folder per patient and series, numbered in the order in which they are met."""

    def __init__(self, folder: Path, copying: Copying, pseudonym: Pseudonym) -> None:
        self._folder, self._copying, self._pseudonym = folder, copying, pseudonym
        self._folders: dict[tuple[str, str], str] = {}
        self.images: Counter[str] = Counter()

    def take(self, path: Path) -> None:
        """Copy one file; a file of another kind is passed over. `BadInputError` if it is DICOM and can't be copied."""
        with quiet_pydicom():
            dataset = _read(path)
            if dataset is None:
                return
            try:
                patient = self._pseudonym(identity_of(dataset), str(dataset.get("StudyInstanceUID", "")))
                copy = deidentified(dataset, patient, self._copying)
                target = self._folder / self._name(patient, str(copy.get("SeriesInstanceUID", "")))
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "xb") as stream:
                    copy.save_as(stream, enforce_file_format=True)
                    stream.flush()
                    os.fsync(stream.fileno())
            except SosError:
                raise
            except Exception as error:  # values that can't be parsed can't be judged
                if isinstance(error, OSError) and error.errno is not None:  # pydicom's own have no number
                    raise
                raise BadInputError("deidentify.unreadable") from None

    def _name(self, patient: str, series_uid: str) -> str:
        of_patient = sum(known == patient for known, _ in self._folders)
        folder = self._folders.setdefault((patient, series_uid), f"{patient}/{of_patient + 1}")
        self.images[folder] += 1
        return f"{folder}/IM{self.images[folder]:05d}.dcm"


def copy_deidentified(
    source: Path,
    out: Path,
    copying: Copying,
    pseudonym: Pseudonym,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> CopyReport:
    """Copy every image object of a file, folder, DICOMDIR or zip archive without its patient.

    Parameters
    ----------
    out
        A new or empty folder. It appears when all of the copy is there.
    pseudonym
        Gives a patient's pseudonym; its second argument is the study, for scans that say nothing of their patient.

    Raises
    ------
    BadInputError
        ``deidentify.out_not_empty``; ``scan.not_found``, ``scan.no_dicom``; if nothing could be copied, the reason of the first object.
    ProjectError
        ``deidentify.unwritable``, ``disk.full``.
    CancelledError
        When `cancelled` says so; nothing is left behind then.
    """
    if not source.exists():
        raise BadInputError("scan.not_found", file=source.name)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError("deidentify.out_not_empty", folder=out.name)
    left_out: Counter[str] = Counter()
    with _opened(source, cancelled) as place, _whole_or_not_at_all(out) as folder:
        copier, files = _Copier(folder, copying, pseudonym), candidate_files(place)[0]
        for number, path in enumerate(files):
            if cancelled is not None and cancelled():
                raise CancelledError
            if progress is not None:
                progress(number / len(files))
            try:
                copier.take(path)
            except BadInputError as error:
                left_out[error.code] += 1
        if not copier.images:
            raise BadInputError(next(iter(left_out), "scan.no_dicom"), files=len(files))
        return CopyReport(dict(copier.images), dict(left_out))


def _read(path: Path) -> Dataset | None:
    """A whole object; None if the file is no DICOM object or a directory of some."""
    import pydicom

    with open(path, "rb") as stream:
        start = stream.read(META_BYTES)
        if not looks_like_dicom(start):
            return None
        if says_deflated(start, stream):
            # pydicom would inflate it whatever its size; this refuses what is made to fill the memory.
            inflated(path)
    try:
        dataset = pydicom.dcmread(path, force=True)
    except Exception:  # pydicom raises whatever a damaged file provokes
        raise BadInputError("deidentify.unreadable") from None
    meta = getattr(dataset, "file_meta", None)
    return None if meta is not None and str(meta.get("MediaStorageSOPClassUID", "")) == MEDIA_DIRECTORY else dataset


@contextmanager
def _opened(source: Path, cancelled: Cancelled | None) -> Iterator[Path]:
    if archives.is_zip(source):
        with archives.unpacked(source, cancelled) as content:
            yield content.folder
    else:
        yield source


@contextmanager
def _whole_or_not_at_all(out: Path) -> Iterator[Path]:
    """A folder beside `out` that becomes `out` if all went well."""
    working = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    try:
        working.mkdir(parents=True)
        yield working
        with contextlib.suppress(OSError):
            out.rmdir()  # an empty one stood there
        atomic.rename(working, out)
        atomic.sync_directory(out.parent)
    except OSError as error:
        raise ProjectError("deidentify.unwritable", folder=out.name, reason=error.strerror or type(error).__name__) from error
    finally:
        shutil.rmtree(working, ignore_errors=True)
