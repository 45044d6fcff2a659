"""Odd DICOM, made: one small asymmetric scan, written in every way that scanners, converters and broken disks write it.

The cases are in `odd_values` (pixels and what they mean), `odd_files` (syntaxes, sizes, containers), `odd_places` (positions and several
series) and `odd_frames` (multi-frame); each says what loading it must end in. `test_odd_dicom` holds the reader to it, and
`resources/docs/make_import_table.py` prints what happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from sos_studio.core.volume import Volume
from sos_studio.imaging.dicom_write import write_series

SLICES, ROWS, COLUMNS = 12, 22, 18
SPACING_MM_IJK = (0.4, 0.5, 0.8)
ORIGIN = (-30.5, 12.25, 700.0)
EXPLICIT, IMPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"


def _base() -> Volume:
    """A head of sorts: air around, a bright wedge that leans in all directions, noise."""
    k, j, i = np.indices((SLICES, ROWS, COLUMNS))
    values = np.where((j - 10) ** 2 / 90 + (i - 8) ** 2 / 60 < 1, 40, -1000)
    values = np.where((j > 6 + k / 3) & (j < 12 + k / 3) & (i > 4) & (i < 13 - k / 4), 900 + 10 * k + 3 * i - j, values)
    values += np.random.default_rng(5).integers(-20, 20, values.shape)
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(SPACING_MM_IJK)
    matrix[:3, 3] = ORIGIN
    return Volume(values.astype(np.int16), matrix)


BASE = _base()
# As a scanner stores it: unsigned, 12 bits, intercept -1024.
STORED = (BASE.array_kji.astype(int) + 1024).clip(0, 4095).astype(np.uint16)
VALUES = STORED.astype(int) - 1024

Arrays = Callable[[], list[npt.NDArray[Any]]]


@dataclass(frozen=True)
class OddCase:
    """One way to write the scan.

    Attributes
    ----------
    what
        For the table of outcomes: what is odd about it.
    make
        Writes it into an empty folder and returns what a person would open.
    code
        The refusal that it must end in, or None if it loads.
    warnings
        Reservations that it must carry (others, such as few slices, may be there).
    arrays
        Values of each series that loads, in the order listed; None for `VALUES` once.
    own_matrix
        Whether what loads lies where the scan lies; if not, its place is checked elsewhere.
    """

    name: str
    what: str
    make: Callable[[Path], Path]
    code: str | None = None
    warnings: tuple[str, ...] = ()
    arrays: Arrays | None = None
    own_matrix: bool = True
    tolerance: float = 0.0

    def __str__(self) -> str:
        return self.name


@contextmanager
def anything_goes() -> Iterator[None]:
    """Let pydicom write what it would rather not."""
    settings = pydicom.config.settings
    before = settings.writing_validation_mode, settings.reading_validation_mode
    settings.writing_validation_mode = settings.reading_validation_mode = pydicom.config.IGNORE
    try:
        yield
    finally:
        settings.writing_validation_mode, settings.reading_validation_mode = before


Change = Callable[[Dataset, int], None]


def unsigned(dataset: Dataset, k: int) -> None:
    """Pixels as `STORED`."""
    dataset.PixelRepresentation, dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 0, 16, 12, 11
    dataset.RescaleIntercept, dataset.RescaleSlope = "-1024", "1"
    dataset.PixelData = STORED[k].tobytes()


def slices(folder: Path, *changes: Change, volume: Volume = BASE, seed: int = 0) -> Path:
    """Write one file per slice, unsigned with intercept, changed one by one."""
    write_series(volume, folder, seed=seed)
    with anything_goes():
        for k, path in enumerate(sorted(folder.glob("IM*.dcm"))):
            dataset = pydicom.dcmread(path)
            if volume is BASE:
                unsigned(dataset, k)
            for change in changes:
                change(dataset, k)
            save(dataset, path)
    return folder


def save(dataset: Dataset, path: Path) -> None:
    """Write a data set as it is, with the transfer syntax that its meta header names."""
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    syntax = dataset.file_meta.TransferSyntaxUID
    known = UID(syntax)
    implicit, little = known == IMPLICIT, known != BIG_ENDIAN
    if known.is_private or known not in pydicom.uid.UID_dictionary:
        pydicom.dcmwrite(path, dataset, implicit_vr=False, little_endian=True, force_encoding=True)
    else:
        pydicom.dcmwrite(path, dataset, implicit_vr=implicit, little_endian=little, force_encoding=True)


def setting(**values: Any) -> Change:
    """Attributes that are the same in all slices; None takes one away."""

    def change(dataset: Dataset, k: int) -> None:
        for name, value in values.items():
            if value is None:
                if name in dataset:
                    del dataset[name]
            else:
                setattr(dataset, name, value(k) if callable(value) else value)

    return change


def only(which: Callable[[int], bool], change: Change) -> Change:
    """A change of some slices."""

    def limited(dataset: Dataset, k: int) -> None:
        if which(k):
            change(dataset, k)

    return limited


def move(shift: Callable[[int], tuple[float, float, float]]) -> Change:
    """Slices displaced in LPS mm."""

    def change(dataset: Dataset, k: int) -> None:
        dataset.ImagePositionPatient = [f"{float(a) + b:.4f}" for a, b in zip(dataset.ImagePositionPatient, shift(k), strict=True)]

    return change


def writer(*changes: Change) -> Callable[[Path], Path]:
    """`slices` with these changes, as a case's `make`."""
    return lambda folder: slices(folder, *changes)


def patched(make: Callable[[Path], Path], old: bytes, new: bytes) -> Callable[[Path], Path]:
    """A case whose files have bytes replaced by as many others, for what pydicom would not write."""
    assert len(old) == len(new)

    def patch(folder: Path) -> Path:
        source = make(folder)
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            data = path.read_bytes()
            assert old in data
            path.write_bytes(data.replace(old, new))
        return source

    return patch
