"""VTK ImageData files (.vti): one piece, one scalar array, every encoding that VTK writes.

VTI states no patient axes; its x, y, z are taken as LPS, as ITK's files have them, and a warning says so.
"""

from __future__ import annotations

import base64
import binascii
import lzma
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem
from sos_studio.core.volume import Volume
from sos_studio.imaging.volume_checks import compact, file_problems, upright

_TYPES = {
    **{f"Int{bits}": f"i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": f"u{bits // 8}" for bits in (8, 16, 32, 64)},
    "Float32": "f4",
    "Float64": "f8",
}
_MAX_VOXELS = 4_000_000_000


class _DamagedError(Exception):
    """The file breaks VTI's rules."""


@dataclass(frozen=True)
class _Format:
    """How the file packs its arrays."""

    order: str
    header: np.dtype[Any]
    compressor: str
    appended: bytes
    appended_encoding: str


def _split(data: bytes) -> tuple[Xml.Element, bytes, str]:
    """XML part, appended bytes behind the underscore, and their encoding. Raw appended data is not XML."""
    match = re.search(rb"<AppendedData\b([^>]*)>", data)
    if match is None:
        return Xml.fromstring(data), b"", "raw"
    start = data.index(b"_", match.end()) + 1
    end = data.rindex(b"</AppendedData>")
    encoding = "base64" if b"base64" in match.group(1) else "raw"
    return Xml.fromstring(data[: match.start()] + b"</VTKFile>"), data[start:end], encoding


def _inflate(data: bytes, compressor: str, size: int) -> bytes:
    if compressor == "vtkZLibDataCompressor":
        return zlib.decompressobj().decompress(data, size)
    if compressor == "vtkLZMADataCompressor":
        return lzma.LZMADecompressor().decompress(data, size)
    if compressor == "vtkLZ4DataCompressor":
        import imagecodecs

        return bytes(imagecodecs.lz4_decode(data, out=size))
    raise _DamagedError


def _base64_run(text: bytes, size: int) -> tuple[bytes, bytes]:
    """Decode the first `size` bytes of a base64 text; the rest of the text comes back."""
    length = 4 * ((size + 2) // 3)
    return base64.b64decode(text[:length])[:size], text[length:]


def _blocks(source: bytes, encoded: bool, form: _Format, size: int) -> bytes:
    """One array's bytes out of its header and (compressed) blocks."""
    word = form.header.itemsize

    def take(rest: bytes, count: int) -> tuple[bytes, bytes]:
        return _base64_run(rest, count) if encoded else (rest[:count], rest[count:])

    if not form.compressor:
        if encoded:
            whole, _ = take(source, word + size)
            return whole[word:]
        return source[word : word + size]
    first, _ = take(source, 3 * word)
    blocks, block_size, last_size = (int(v) for v in np.frombuffer(first, form.header))
    if blocks > len(source) or blocks * block_size > size + block_size:
        raise _DamagedError
    header, rest = take(source, (3 + blocks) * word)
    sizes = [int(v) for v in np.frombuffer(header, form.header)[3:]]
    packed, _ = take(rest, sum(sizes))
    parts, position = [], 0
    for number, length in enumerate(sizes):
        full = last_size if number == blocks - 1 and last_size else block_size
        parts.append(_inflate(packed[position : position + length], form.compressor, full))
        position += length
    return b"".join(parts)


def _values(array: Xml.Element, form: _Format, count: int) -> npt.NDArray[Any]:
    dtype = np.dtype(form.order + _TYPES[array.get("type", "")])
    size = count * dtype.itemsize
    kind = array.get("format", "ascii")
    if kind == "ascii":
        return np.array((array.text or "").split(), dtype=np.float64).astype(dtype.newbyteorder("="))
    if kind == "binary":
        data = _blocks(b"".join((array.text or "").encode().split()), True, form, size)
    else:
        source = form.appended[int(array.get("offset", "0")) :]
        data = _blocks(
            b"".join(source.split()) if form.appended_encoding == "base64" else source, form.appended_encoding == "base64", form, size
        )
    return np.frombuffer(data, dtype=dtype).astype(dtype.newbyteorder("="), copy=False)


def _scalars(piece: Xml.Element) -> Xml.Element:
    data = piece.find("PointData")
    arrays = [] if data is None else data.findall("DataArray")
    if data is None or not arrays:
        raise _DamagedError
    named = [a for a in arrays if a.get("Name") == data.get("Scalars")]
    chosen = (named or arrays)[0]
    if int(chosen.get("NumberOfComponents", "1")) != 1:
        raise BadInputError("scan.colour", photometric=f"{chosen.get('NumberOfComponents')} channels")
    return chosen


def _numbers(element: Xml.Element, name: str, default: str) -> npt.NDArray[np.float64]:
    return np.array([float(v) for v in element.get(name, default).split()])


def _parse(data: bytes) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    root, appended, encoding = _split(data)
    image = root.find("ImageData")
    pieces = [] if image is None else image.findall("Piece")
    if image is None or len(pieces) != 1:
        raise _DamagedError
    form = _Format(
        order=">" if root.get("byte_order") == "BigEndian" else "<",
        header=np.dtype((">" if root.get("byte_order") == "BigEndian" else "<") + _TYPES[root.get("header_type", "UInt32")]),
        compressor=root.get("compressor", ""),
        appended=appended,
        appended_encoding=encoding,
    )
    extent = _numbers(pieces[0], "Extent", image.get("WholeExtent", "")).astype(int)
    shape_ijk = extent[1::2] - extent[0::2] + 1
    if len(shape_ijk) != 3 or shape_ijk.min() < 1 or int(np.prod(shape_ijk.astype(float))) > _MAX_VOXELS:
        raise _DamagedError
    values = _values(_scalars(pieces[0]), form, int(np.prod(shape_ijk)))
    direction = _numbers(image, "Direction", "1 0 0 0 1 0 0 0 1").reshape(3, 3)
    matrix = np.eye(4)
    matrix[:3, :3] = direction * _numbers(image, "Spacing", "1 1 1")
    # The extent may start elsewhere than at 0; the origin belongs to index (0, 0, 0).
    matrix[:3, 3] = _numbers(image, "Origin", "0 0 0") + matrix[:3, :3] @ extent[0::2]
    return values.reshape(tuple(int(n) for n in shape_ijk[::-1])), matrix


def read_vti(path: Path) -> tuple[Volume, tuple[Problem, ...]]:
    """Read a .vti file as a volume.

    Raises
    ------
    BadInputError
        ``scan.cannot_parse`` if it is damaged or of a kind that is not read (several pieces, cell data); ``scan.colour``,
        ``scan.too_few_slices``, ``volume.bad_geometry``.
    """
    try:
        array, matrix = _parse(path.read_bytes())
    except (
        _DamagedError,
        Xml.ParseError,
        ValueError,
        KeyError,
        IndexError,
        binascii.Error,
        zlib.error,
        lzma.LZMAError,
        RuntimeError,
        EOFError,
    ):
        raise BadInputError("scan.cannot_parse", file=path.name) from None
    except OSError:
        raise BadInputError("scan.unreadable_file", file=path.name) from None
    if min(array.shape) < 3:
        raise BadInputError("scan.too_few_slices", slices=min(array.shape), fewest=3)
    volume, problems = upright(compact(array), matrix, path.name)
    return volume, (Problem("scan.assumed_lps", "warning", {"file": path.name}), *problems, *file_problems(volume))
