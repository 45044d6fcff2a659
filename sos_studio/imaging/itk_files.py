"""NRRD and MetaImage files through SimpleITK, which brings them to LPS millimetres; what it would assume is checked before."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem
from sos_studio.core.volume import Volume
from sos_studio.imaging.text_headers import check_meta_image, check_nrrd
from sos_studio.imaging.volume_checks import FEWEST_VOXELS, MAX_EXPANSION, compact, file_problems, upright

ASCII_NAMES_ONLY = os.name == "nt"
# Headers whose data lie in another file.
DETACHED = (".nhdr", ".mhd")


def _data_bytes(path: Path) -> int:
    """Size of the file, or of its folder's files for a header that names another file for its data."""
    if path.suffix.lower() in DETACHED:
        return sum(p.stat().st_size for p in path.parent.iterdir() if p.is_file())
    return path.stat().st_size


@contextmanager
def _reachable(path: Path) -> Iterator[Path]:
    """The file under a name that SimpleITK can open: on Windows it fails on those beyond ASCII."""
    # A detached header names its data file; together they are left where they are.
    if not ASCII_NAMES_ONLY or str(path).isascii() or path.suffix.lower() in DETACHED:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="sos-studio-") as folder:
        copy = Path(folder, f"scan{path.suffix.lower()}")
        shutil.copyfile(path, copy)
        yield copy


def _information(path: Path, name: str) -> Any:
    """SimpleITK's reader after it read the header, with the header's claims checked."""
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        reader = SimpleITK.ImageFileReader()
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
    except RuntimeError:
        raise BadInputError("scan.cannot_parse", file=name) from None
    size = reader.GetSize()
    if len([n for n in size if n > 1]) > 3 or len(size) < 3 or (len(size) > 3 and any(n > 1 for n in size[3:])):
        raise BadInputError("scan.not_3d", file=name, size=" x ".join(str(n) for n in size))
    if reader.GetNumberOfComponents() != 1:
        raise BadInputError("scan.colour", photometric=f"{reader.GetNumberOfComponents()} channels")
    if reader.GetPixelID() in (SimpleITK.sitkComplexFloat32, SimpleITK.sitkComplexFloat64):
        raise BadInputError("scan.colour", photometric="complex")
    if min(size[:3]) < FEWEST_VOXELS:
        raise BadInputError("scan.too_few_slices", slices=min(size[:3]), fewest=FEWEST_VOXELS)
    voxels = int(np.prod(size, dtype=np.float64))
    if voxels > _data_bytes(path) * MAX_EXPANSION:
        raise BadInputError("scan.truncated", file=name)
    if voxels * 8 > psutil.virtual_memory().available:
        raise BadInputError("scan.too_large", gigabytes=round(voxels * 8 / 1e9, 1))
    return reader


def lps_from_ijk(spacing: tuple[float, ...], direction: tuple[float, ...], origin: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """4 x 4 from an ITK image's spacing, direction (row-major) and origin; the first three dimensions count."""
    dimension = len(spacing)
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(direction, (dimension, dimension))[:3, :3] * np.asarray(spacing[:3])
    matrix[:3, 3] = origin[:3]
    return matrix


def read_itk(path: Path) -> tuple[Volume, tuple[Problem, ...]]:
    """Read a file as a volume.

    Raises
    ------
    BadInputError
        ``scan.cannot_parse``, ``scan.not_3d``, ``scan.colour``, ``scan.too_few_slices``, ``scan.truncated``,
        ``scan.too_large``, ``scan.unreadable_file``, and what `text_headers` and `volume_checks.upright` raise.
    """
    import SimpleITK

    try:
        problems = check_nrrd(path) if path.suffix.lower() in (".nrrd", ".nhdr") else check_meta_image(path)
    except OSError:
        raise BadInputError("scan.unreadable_file", file=path.name) from None
    with _reachable(path) as place:
        reader = _information(place, path.name)
        try:
            image = reader.Execute()
        except RuntimeError:
            raise BadInputError("scan.truncated", file=path.name) from None
    # A copy: a view of SimpleITK's memory dangles once the image is gone.
    array = SimpleITK.GetArrayFromImage(image)
    matrix = lps_from_ijk(image.GetSpacing(), image.GetDirection(), image.GetOrigin())
    del image
    volume, more = upright(compact(array.reshape(array.shape[-3:])), matrix, path.name)
    return volume, (*problems, *more, *file_problems(volume))
