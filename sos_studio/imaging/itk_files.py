"""NIfTI, NRRD and MetaImage files through SimpleITK, which brings them all to LPS millimetres."""

from __future__ import annotations

import contextlib
import gzip
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem
from sos_studio.core.volume import Volume

EXTENSIONS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
# No deflate stream expands further; a small file that claims more lies about its size.
MAX_EXPANSION = 1100
FEWEST_VOXELS = 3
INT16 = np.iinfo(np.int16)


def is_itk_file(path: Path) -> bool:
    """Whether the file's name says one of these formats."""
    return path.name.lower().endswith(EXTENSIONS)


def _data_bytes(path: Path) -> int:
    """Size of the file, or of its folder's files for a header that names another file for its data."""
    if path.suffix.lower() in (".nhdr", ".mhd"):
        return sum(p.stat().st_size for p in path.parent.iterdir() if p.is_file())
    return path.stat().st_size


def _information(path: Path) -> Any:
    """SimpleITK's reader after it read the header, with the header's claims checked."""
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        reader = SimpleITK.ImageFileReader()
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
    except RuntimeError:
        raise BadInputError("scan.cannot_parse", file=path.name) from None
    size = reader.GetSize()
    if len([n for n in size if n > 1]) > 3 or len(size) < 3 or (len(size) > 3 and any(n > 1 for n in size[3:])):
        raise BadInputError("scan.not_3d", file=path.name, size=" x ".join(str(n) for n in size))
    if reader.GetNumberOfComponents() != 1:
        raise BadInputError("scan.colour", photometric=f"{reader.GetNumberOfComponents()} channels")
    if min(size[:3]) < FEWEST_VOXELS:
        raise BadInputError("scan.too_few_slices", slices=min(size[:3]), fewest=FEWEST_VOXELS)
    voxels = int(np.prod(size, dtype=np.float64))
    if voxels > _data_bytes(path) * MAX_EXPANSION:
        raise BadInputError("scan.truncated", file=path.name)
    if voxels * 8 > psutil.virtual_memory().available:
        raise BadInputError("scan.too_large", gigabytes=round(voxels * 8 / 1e9, 1))
    return reader


def _nifti_bytes(header: bytes) -> int:
    """How long an uncompressed NIfTI file has to be, from its own header (version 1 or 2, either byte order)."""
    for order in ("<", ">"):
        size = int(np.frombuffer(header, f"{order}i4", 1)[0])
        if size == 348:
            dim = np.frombuffer(header, f"{order}i2", 8, 40)
            bits, offset = int(np.frombuffer(header, f"{order}i2", 1, 72)[0]), float(np.frombuffer(header, f"{order}f4", 1, 108)[0])
        elif size == 540:
            dim = np.frombuffer(header, f"{order}i8", 8, 16)
            bits, offset = int(np.frombuffer(header, f"{order}i2", 1, 14)[0]), float(np.frombuffer(header, f"{order}i8", 1, 168)[0])
        else:
            continue
        return int(offset) + int(np.prod(dim[1 : 1 + dim[0]], dtype=np.float64)) * bits // 8
    return 0


def _inflated_size(path: Path) -> int:
    """Bytes of a gzip file's contents, counted."""
    total = 0
    with gzip.open(path) as stream:
        while chunk := stream.read(1 << 22):
            total += len(chunk)
    return total


def _check_nifti_complete(path: Path) -> None:
    """ITK fills the missing end of a NIfTI file with zeros and says nothing.

    Raises
    ------
    BadInputError
        ``scan.truncated``.
    """
    packed = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path) if packed else open(path, "rb") as stream:
            needed = _nifti_bytes(stream.read(540).ljust(540, b"\0"))
        size = path.stat().st_size
        if packed:
            with open(path, "rb") as raw:
                raw.seek(-4, os.SEEK_END)
                stated = int.from_bytes(raw.read(4), "little")
            # The trailer of a whole single-member file states the size (modulo 4 GiB); otherwise it has to be counted.
            size = needed if stated == needed % (1 << 32) else _inflated_size(path)
    except (OSError, EOFError, zlib.error, ValueError):
        raise BadInputError("scan.truncated", file=path.name) from None
    if size < needed:
        raise BadInputError("scan.truncated", file=path.name)


def lps_from_ijk(spacing: tuple[float, ...], direction: tuple[float, ...], origin: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """4 x 4 from an ITK image's spacing, direction (row-major) and origin; the first three dimensions count."""
    dimension = len(spacing)
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(direction, (dimension, dimension))[:3, :3] * np.asarray(spacing[:3])
    matrix[:3, 3] = origin[:3]
    return matrix


def compact(array_kji: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """int16 if all values are whole and fit, else float32."""
    if array_kji.dtype == np.int16:
        return array_kji
    low, high = array_kji.min(), array_kji.max()
    if np.isfinite(low) and np.isfinite(high) and low >= INT16.min and high <= INT16.max:
        as_int = array_kji.astype(np.int16)
        if np.issubdtype(array_kji.dtype, np.integer) or all(np.array_equal(a, b) for a, b in zip(as_int, array_kji, strict=True)):
            return as_int
    return array_kji.astype(np.float32, copy=False)


def right_handed(array_kji: npt.NDArray[Any], matrix: npt.NDArray[np.float64]) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """The same scan with k ascending along row x column direction, as everywhere in this program."""
    if np.linalg.det(matrix[:3, :3]) > 0:
        return array_kji, matrix
    flipped = matrix.copy()
    flipped[:3, 3] += matrix[:3, 2] * (array_kji.shape[0] - 1)
    flipped[:3, 2] *= -1
    return array_kji[::-1], flipped


def read_itk(path: Path) -> tuple[Volume, tuple[Problem, ...]]:
    """Read a file as a volume.

    Raises
    ------
    BadInputError
        ``scan.cannot_parse``, ``scan.not_3d``, ``scan.colour``, ``scan.too_few_slices``, ``scan.truncated``,
        ``scan.too_large``, ``volume.bad_geometry``.
    """
    import SimpleITK

    reader = _information(path)
    if path.name.lower().endswith((".nii", ".nii.gz")):
        _check_nifti_complete(path)
    if reader.GetPixelID() in (SimpleITK.sitkComplexFloat32, SimpleITK.sitkComplexFloat64):
        raise BadInputError("scan.colour", photometric="complex")
    try:
        image = reader.Execute()
    except RuntimeError:
        raise BadInputError("scan.truncated", file=path.name) from None
    # A copy: a view of SimpleITK's memory dangles once the image is gone.
    array = SimpleITK.GetArrayFromImage(image)
    matrix = lps_from_ijk(image.GetSpacing(), image.GetDirection(), image.GetOrigin())
    del image
    array_kji, matrix = right_handed(compact(array.reshape(array.shape[-3:])), matrix)
    volume = Volume(array_kji, matrix)
    return volume, file_problems(volume)


def file_problems(volume: Volume) -> tuple[Problem, ...]:
    """Reservations about a volume from a file that says nothing of its making."""
    problems = []
    if max(volume.spacing_mm_ijk) > 2.0:
        problems.append(Problem("scan.thick_slices", "warning", {"step_mm": round(max(volume.spacing_mm_ijk), 2)}))
    if min(volume.shape_kji) < 8:
        problems.append(Problem("scan.few_slices", "warning", {"slices": min(volume.shape_kji)}))
    with contextlib.suppress(TypeError):
        if not np.isfinite(volume.array_kji.sum(dtype=np.float64)):
            problems.append(Problem("scan.not_finite", "warning"))
    return tuple(problems)
