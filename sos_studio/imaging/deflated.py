"""Deflated DICOM files: everything behind the meta header is one compressed stream."""

from __future__ import annotations

import zlib
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sos_studio.core.errors import BadInputError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DEFLATED = "1.2.840.10008.1.2.1.99"
# Meta headers end within these, nearly all within the first.
META_BYTES, LONGEST_META_BYTES = 1024, 1 << 20
_NAMED = b"\x02\x00\x10\x00UI\x16\x00" + DEFLATED.encode()
# Pictures deflate to a half or a third; a file that grows further than this is made to fill the memory.
MAX_EXPANSION, SMALL_BYTES = 100, 64 << 20
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


def says_deflated(start: bytes, stream: BinaryIO) -> bool:
    """Whether a meta header names this syntax: pydicom would inflate such a file whatever its size.

    Parameters
    ----------
    start
        The file's first `META_BYTES`.
    stream
        The file, standing behind them.
    """
    end = _meta_end(start)
    if len(start) < end <= LONGEST_META_BYTES:
        start += stream.read(end - len(start))
    return start[128:132] == b"DICM" and _NAMED in start[132:]


def _meta_end(data: bytes) -> int:
    """Where the meta header ends, by its own group length (the first element)."""
    if data[128:132] != b"DICM" or data[132:138] != b"\x02\x00\x00\x00UL":
        return -1
    return 144 + int.from_bytes(data[140:144], "little")


@lru_cache(maxsize=1)
def _inflated(path: Path, _changed: tuple[int, int]) -> bytes:
    data = path.read_bytes()
    begin = _meta_end(data)
    if begin < 0:
        raise BadInputError("scan.cannot_parse", file=path.name)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = stream.decompress(data[begin:], max(SMALL_BYTES, MAX_EXPANSION * len(data)))
    except zlib.error:
        raise BadInputError("scan.cannot_parse", file=path.name) from None
    if stream.unconsumed_tail:
        raise BadInputError("scan.deflated_too_large", file=path.name)
    if not stream.eof:
        raise BadInputError("scan.truncated", file=path.name)
    return inflated


def inflated(path: Path) -> bytes:
    """What a deflated file holds behind its meta header; the latest file's is kept.

    Raises
    ------
    BadInputError
        ``scan.cannot_parse``, ``scan.truncated``, ``scan.deflated_too_large``. `OSError` as the system says.
    """
    status = path.stat()
    return _inflated(path, (status.st_mtime_ns, status.st_size))


def read_deflated(path: Path) -> tuple[Dataset, BytesIO]:
    """Header of a deflated file, and a stream that stands before its pixel data (at its end if it has none)."""
    from pydicom.filereader import read_dataset, read_file_meta_info

    stream = BytesIO(inflated(path))
    dataset: Dataset = read_dataset(stream, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, _vr, _length: tag in _PIXELS)
    dataset.file_meta = read_file_meta_info(path)
    return dataset, stream
