"""Legacy VTK files (.vtk) of structured points: one scalar array, text or binary (big endian).

Like VTI it states no patient axes; its x, y, z are taken as LPS and a warning says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import psutil

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem
from sos_studio.core.volume import Volume
from sos_studio.imaging.volume_checks import FEWEST_VOXELS, compact, file_problems, upright

_TYPES = {
    **{"unsigned_char": "u1", "unsigned_short": "u2", "unsigned_int": "u4"},
    **{"char": "i1", "short": "i2", "int": "i4", "float": "f4", "double": "f8"},
}
_LONGEST_LINE, _MOST_LINES = 4096, 64


class _DamagedError(Exception):
    """The file breaks the format's rules."""


def _lines(stream: BinaryIO) -> dict[str, list[str]]:
    """Keyword and words of each header line up to the values."""
    found: dict[str, list[str]] = {}
    for _ in range(_MOST_LINES):
        words = stream.readline(_LONGEST_LINE).decode("latin-1").split()
        if not words:
            continue
        found.setdefault(words[0].upper(), words[1:])
        if words[0].upper() == "LOOKUP_TABLE":
            return found
    raise _DamagedError


def _three(found: dict[str, list[str]], *names: str) -> npt.NDArray[np.float64]:
    values = next((found[name] for name in names if name in found), None)
    if values is None or len(values) != 3:
        raise _DamagedError
    return np.array([float(v) for v in values])


def _values(stream: BinaryIO, binary: bool, dtype: str, count: int) -> npt.NDArray[Any]:
    if binary:
        data = stream.read(count * np.dtype(dtype).itemsize)
        if len(data) < count * np.dtype(dtype).itemsize:
            raise EOFError
        return np.frombuffer(data, f">{dtype}", count).astype(dtype)
    numbers = np.array(stream.read().split(maxsplit=count)[:count], dtype=np.float64)
    if len(numbers) < count:
        raise EOFError
    return numbers.astype(dtype)


def _parsed(path: Path) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    with open(path, "rb") as stream:
        if not stream.readline(_LONGEST_LINE).startswith(b"# vtk DataFile"):
            raise _DamagedError
        stream.readline(_LONGEST_LINE)  # a title: anything
        encoding = stream.readline(_LONGEST_LINE).strip().upper()
        found = _lines(stream)
        scalars = found.get("SCALARS", [])
        if encoding not in (b"ASCII", b"BINARY") or found.get("DATASET") != ["STRUCTURED_POINTS"] or len(scalars) < 2:
            raise _DamagedError
        if len(scalars) > 2 and scalars[2] != "1":
            raise BadInputError("scan.colour", photometric=f"{scalars[2]} channels")
        shape_ijk = [int(n) for n in _three(found, "DIMENSIONS")]
        if min(shape_ijk) < FEWEST_VOXELS:
            raise BadInputError("scan.too_few_slices", slices=min(shape_ijk), fewest=FEWEST_VOXELS)
        count, dtype = int(np.prod([float(n) for n in shape_ijk])), _TYPES[scalars[1].lower()]
        least = count * (np.dtype(dtype).itemsize if encoding == b"BINARY" else 2) - 1
        if least > path.stat().st_size:
            raise BadInputError("scan.truncated", file=path.name)
        if count * 12 > psutil.virtual_memory().available:
            raise BadInputError("scan.too_large", gigabytes=round(count * 12 / 1e9, 1))
        matrix = np.diag([*_three(found, "SPACING", "ASPECT_RATIO"), 1.0])
        matrix[:3, 3] = _three(found, "ORIGIN")
        values = _values(stream, encoding == b"BINARY", dtype, count)
    return values.reshape(shape_ijk[::-1]), matrix


def read_vtk(path: Path) -> tuple[Volume, tuple[Problem, ...]]:
    """Read a .vtk file as a volume.

    Raises
    ------
    BadInputError
        ``scan.cannot_parse`` if it is damaged or holds anything but structured points with one scalar array; ``scan.colour``,
        ``scan.too_few_slices``, ``scan.truncated``, ``scan.too_large``, and what `volume_checks.upright` raises.
    """
    try:
        array_kji, matrix = _parsed(path)
    except (_DamagedError, ValueError, KeyError, IndexError, OverflowError):
        raise BadInputError("scan.cannot_parse", file=path.name) from None
    except EOFError:
        raise BadInputError("scan.truncated", file=path.name) from None
    except OSError:
        raise BadInputError("scan.unreadable_file", file=path.name) from None
    volume, problems = upright(compact(array_kji), matrix, path.name)
    return volume, (Problem("scan.assumed_lps", "warning", {"file": path.name}), *problems, *file_problems(volume))
