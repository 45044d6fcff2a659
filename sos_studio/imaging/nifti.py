"""NIfTI files (.nii, .nii.gz; versions 1 and 2): read here, because it matters which of two transforms is the patient's.

A NIfTI header may hold two transforms to millimetres, in RAS. Here they become one in LPS: the only one, both if they agree, or the
scanner's own if they differ and only one is said to be that. Two that claim the same and differ are refused, none at all too.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import psutil

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem
from sos_studio.core.volume import Volume
from sos_studio.imaging.volume_checks import FEWEST_VOXELS, MAX_EXPANSION, compact, file_problems, upright

ENDINGS = (".nii", ".nii.gz")
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_COLOUR = {128: "RGB", 2304: "RGBA", 32: "complex", 1792: "complex"}
_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_SCANNER = 1
_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# Two transforms agree if no corner of the volume moves further.
SAME_CORNERS_MM, SAME_CORNERS_VOXELS = 0.1, 0.25
_LONGEST_HEADER = 540


@dataclass(frozen=True)
class _Header:
    order: str
    shape_ijk: tuple[int, ...]
    datatype: int
    pixdim: npt.NDArray[np.float64]
    data_offset: int
    slope: float
    intercept: float
    units: int
    qform_code: int
    sform_code: int
    quaternion: npt.NDArray[np.float64]
    qoffset: npt.NDArray[np.float64]
    sform: npt.NDArray[np.float64]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.order + _TYPES[self.datatype])

    @property
    def voxels(self) -> int:
        return int(np.prod([float(n) for n in self.shape_ijk]))


# Where the fields lie, and their types: version 1 and version 2.
_FIELDS = {
    348: {
        "dim": ("i2", 8, 40), "datatype": ("i2", 1, 70), "pixdim": ("f4", 8, 76), "offset": ("f4", 1, 108), "scale": ("f4", 2, 112),
        "units": ("u1", 1, 123), "codes": ("i2", 2, 252), "quaternion": ("f4", 3, 256), "qoffset": ("f4", 3, 268), "sform": ("f4", 12, 280),
        "magic": ("S4", 1, 344),
    },
    540: {
        "dim": ("i8", 8, 16), "datatype": ("i2", 1, 12), "pixdim": ("f8", 8, 104), "offset": ("i8", 1, 168), "scale": ("f8", 2, 176),
        "units": ("i4", 1, 500), "codes": ("i4", 2, 344), "quaternion": ("f8", 3, 352), "qoffset": ("f8", 3, 376), "sform": ("f8", 12, 400),
        "magic": ("S4", 1, 4),
    },
}  # fmt: skip


def _parsed(data: bytes, name: str) -> _Header:
    for order in ("<", ">"):
        size = int(np.frombuffer(data, f"{order}i4", 1)[0])
        if size in _FIELDS:
            break
    else:
        raise BadInputError("scan.cannot_parse", file=name)
    found = {key: np.frombuffer(data, order + kind, count, at) for key, (kind, count, at) in _FIELDS[size].items()}
    if found["magic"][0][:3] not in (b"n+1", b"n+2"):
        # A header whose data lie in another file, or the older format that states no directions.
        raise BadInputError("scan.cannot_parse", file=name)
    dimensions = int(found["dim"][0])
    numbers = np.concatenate([found["pixdim"][:4], found["scale"], found["offset"]]).astype(np.float64)
    if not 1 <= dimensions <= 7 or not np.isfinite(numbers[[0, 1, 2, 3, 6]]).all():
        raise BadInputError("scan.cannot_parse", file=name)
    return _Header(
        order=order,
        shape_ijk=tuple(int(n) for n in found["dim"][1 : 1 + dimensions]),
        datatype=int(found["datatype"][0]),
        pixdim=found["pixdim"].astype(np.float64),
        data_offset=int(found["offset"][0]),
        slope=float(found["scale"][0]),
        intercept=float(found["scale"][1]),
        units=int(found["units"][0]) & 7,
        qform_code=int(found["codes"][0]),
        sform_code=int(found["codes"][1]),
        quaternion=found["quaternion"].astype(np.float64),
        qoffset=found["qoffset"].astype(np.float64),
        sform=found["sform"].astype(np.float64).reshape(3, 4),
    )


def _qform(header: _Header) -> npt.NDArray[np.float64]:
    """RAS mm from ijk by the quaternion."""
    b, c, d = header.quaternion
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    norm = np.sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = a / norm, b / norm, c / norm, d / norm
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    handed = -1.0 if header.pixdim[0] < 0 else 1.0
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * (np.abs(header.pixdim[1:4]) * [1.0, 1.0, handed])
    matrix[:3, 3] = header.qoffset
    return matrix


def _sform(header: _Header) -> npt.NDArray[np.float64]:
    return np.vstack([header.sform, [0.0, 0.0, 0.0, 1.0]])


def _furthest_corner(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], shape_ijk: tuple[int, ...]) -> float:
    corners = np.array([[i, j, k, 1.0] for i in (0, shape_ijk[0] - 1) for j in (0, shape_ijk[1] - 1) for k in (0, shape_ijk[2] - 1)])
    return float(np.linalg.norm((corners @ (a - b).T)[:, :3], axis=1).max())


def _lps_from_ijk(header: _Header, name: str) -> tuple[npt.NDArray[np.float64], list[Problem]]:
    """The one transform that holds, and reservations about it."""
    stated = {"qform": (header.qform_code, _qform(header)), "sform": (header.sform_code, _sform(header))}
    stated = {which: (code, matrix) for which, (code, matrix) in stated.items() if code > 0}
    if not stated:
        raise BadInputError("scan.no_geometry", file=name, missing="qform, sform")
    mm = _MM_PER_UNIT.get(header.units)
    if mm is None:
        raise BadInputError("scan.unknown_units", file=name, units=header.units)
    problems = [Problem("scan.assumed_mm", "warning")] if header.units == 0 else []
    # The sform keeps more digits.
    which = "sform" if "sform" in stated else "qform"
    if len(stated) == 2:
        off_mm = _furthest_corner(stated["qform"][1], stated["sform"][1], header.shape_ijk) * mm
        if not off_mm <= max(SAME_CORNERS_MM, SAME_CORNERS_VOXELS * float(np.abs(header.pixdim[1:4]).min()) * mm):
            scanners = [name_ for name_, (code, _) in stated.items() if code == _SCANNER]
            if len(scanners) != 1:
                raise BadInputError("scan.two_transforms", file=name, off_mm=round(off_mm, 1))
            which = scanners[0]
            problems.append(Problem("scan.scanner_transform", "warning", {"off_mm": round(off_mm, 1)}))
    code, matrix = stated[which]
    if code > 2:
        problems.append(Problem("scan.template_space", "warning"))
    matrix = _LPS_FROM_RAS @ matrix
    matrix[:3] *= mm
    return matrix, problems


def _check(header: _Header, path: Path) -> None:
    """Refuse what is no grey volume, before memory is taken."""
    shape = header.shape_ijk
    if len(shape) < 3 or any(n > 1 for n in shape[3:]) or min(shape) < 1:
        raise BadInputError("scan.not_3d", file=path.name, size=" x ".join(str(n) for n in shape))
    if header.datatype in _COLOUR:
        raise BadInputError("scan.colour", photometric=_COLOUR[header.datatype])
    if header.datatype not in _TYPES:
        raise BadInputError("scan.cannot_parse", file=path.name)
    if min(shape[:3]) < FEWEST_VOXELS:
        raise BadInputError("scan.too_few_slices", slices=min(shape[:3]), fewest=FEWEST_VOXELS)
    needed = header.voxels * header.dtype.itemsize
    if header.data_offset < 0 or needed > path.stat().st_size * (MAX_EXPANSION if path.suffix.lower() == ".gz" else 1):
        raise BadInputError("scan.truncated", file=path.name)
    if needed + header.voxels * 4 > psutil.virtual_memory().available:
        raise BadInputError("scan.too_large", gigabytes=round(needed / 1e9, 1))


def _values(stream: BinaryIO, header: _Header, name: str) -> npt.NDArray[Any]:
    stream.seek(header.data_offset)
    data = bytearray(header.voxels * header.dtype.itemsize)
    view, done = memoryview(data), 0
    while done < len(data):
        got = stream.readinto(view[done : done + (1 << 24)])  # type: ignore[attr-defined]  # both kinds of stream have it
        if not got:
            raise BadInputError("scan.truncated", file=name)
        done += got
    stream.read(1)  # a gzip file's checksum is looked at behind its end
    stored = np.frombuffer(data, header.dtype).reshape(header.shape_ijk[2::-1])
    stored = stored.astype(header.dtype.newbyteorder("="), copy=False)
    slope, intercept = header.slope, header.intercept
    if slope == 0 or not np.isfinite([slope, intercept]).all() or (slope, intercept) == (1.0, 0.0):
        return compact(stored)
    return compact((stored * np.float64(slope) + intercept).astype(np.float32))


def read_nifti(path: Path) -> tuple[Volume, tuple[Problem, ...]]:
    """Read a file as a volume.

    Raises
    ------
    BadInputError
        ``scan.cannot_parse``, ``scan.not_3d``, ``scan.colour``, ``scan.too_few_slices``, ``scan.truncated``, ``scan.too_large``,
        ``scan.no_geometry``, ``scan.two_transforms``, ``scan.unknown_units``, ``scan.sheared``, ``scan.unreadable_file``.
    """
    name = path.name
    try:
        with gzip.open(path) if name.lower().endswith(".gz") else open(path, "rb") as stream:
            start = stream.read(_LONGEST_HEADER)
            if len(start) < 348:
                raise BadInputError("scan.truncated", file=name)
            header = _parsed(start.ljust(_LONGEST_HEADER, b"\0"), name)
            _check(header, path)
            matrix, problems = _lps_from_ijk(header, name)
            array_kji = _values(stream, header, name)  # type: ignore[arg-type]  # a GzipFile reads like any other
    except EOFError:
        raise BadInputError("scan.truncated", file=name) from None
    except (zlib.error, gzip.BadGzipFile):
        raise BadInputError("scan.cannot_parse", file=name) from None
    except MemoryError:
        raise BadInputError("scan.too_large", gigabytes=round(path.stat().st_size / 1e9, 1)) from None
    except OSError:
        raise BadInputError("scan.unreadable_file", file=name) from None
    volume, more = upright(array_kji, matrix, name)
    return volume, (*problems, *more, *file_problems(volume))
