"""Where the frames of compressed pixel data lie in a file: fragments, offset table, and the streams' own signatures."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from sos_studio.core.errors import BadInputError

Span = tuple[int, int]

RLE = "1.2.840.10008.1.2.5"
# More pieces than this are no pictures.
MAX_FRAGMENTS = 100_000
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
# How compressed streams begin, and a syntax of their family.
_SIGNATURES = (
    (b"\xff\xd8\xff\xf7", "1.2.840.10008.1.2.4.80"),
    (b"\xff\xd8\xff", "1.2.840.10008.1.2.4.70"),
    (b"\xff\x4f\xff\x51", "1.2.840.10008.1.2.4.90"),
    (b"\x00\x00\x00\x0cjP  ", "1.2.840.10008.1.2.4.90"),
)


def stream_family(start: bytes) -> str | None:
    """A transfer syntax of the family that a stream's first bytes belong to; None if they are of none."""
    return next((syntax for signature, syntax in _SIGNATURES if start.startswith(signature)), None)


def _fragments(stream: BinaryIO, name: str) -> tuple[list[int], list[Span]]:
    """Offset table, and (offset, length) of each fragment in the file.

    Raises
    ------
    BadInputError
        ``scan.truncated`` if one reaches beyond the file's end, ``scan.cannot_parse`` if there is anything else among them.
    """
    position = stream.tell()
    end = stream.seek(0, 2)
    spans: list[Span] = []
    while position + 8 <= end and len(spans) <= MAX_FRAGMENTS:
        stream.seek(position)
        header = stream.read(8)
        length = int.from_bytes(header[4:], "little")
        if header[:4] == _END:
            break
        if header[:4] != _ITEM:
            raise BadInputError("scan.cannot_parse", file=name)
        if position + 8 + length > end:
            raise BadInputError("scan.truncated", file=name)
        spans.append((position + 8, length))
        position += 8 + length
    if not spans or len(spans) > MAX_FRAGMENTS:
        raise BadInputError("scan.cannot_parse", file=name)
    (at, size), *rest = spans
    stream.seek(at)
    table = stream.read(size)
    return [int.from_bytes(table[n : n + 4], "little") for n in range(0, size - 3, 4)], rest


def first_bytes(stream: BinaryIO, offset: int) -> bytes:
    """How the first frame's stream begins; empty if there are no well-formed fragments."""
    stream.seek(offset)
    header = stream.read(8)
    if header[:4] != _ITEM:
        return b""
    stream.seek(offset + 8 + int.from_bytes(header[4:], "little"))
    header = stream.read(8)
    return stream.read(16) if header[:4] == _ITEM else b""


def _starts(stream: BinaryIO, spans: list[Span]) -> list[int]:
    """Which fragments begin a compressed stream, by their signature."""
    found = []
    for number, (offset, length) in enumerate(spans):
        stream.seek(offset)
        if stream_family(stream.read(min(16, length))) is not None:
            found.append(number)
    return found


def _grouped(spans: list[Span], starts: list[int]) -> tuple[tuple[Span, ...], ...]:
    return tuple(tuple(spans[a:b]) for a, b in zip(starts, [*starts[1:], len(spans)], strict=True))


@lru_cache(maxsize=2)
def _frames_at(path: Path, _changed: tuple[int, int], offset: int, frames: int) -> tuple[tuple[Span, ...], ...]:
    with open(path, "rb") as stream:
        stream.seek(offset)
        table, spans = _fragments(stream, path.name)
        if not spans:
            raise BadInputError("scan.truncated", file=path.name)
        starts = _starts(stream, spans) if len(spans) > 1 else [0]
    if len(starts) > frames:
        raise BadInputError("scan.more_frames", file=path.name, frames=frames, found=len(starts))
    if frames == 1:
        return (tuple(spans),)
    if len(spans) == frames:
        return tuple((span,) for span in spans)
    if len(spans) < frames:
        raise BadInputError("scan.truncated", file=path.name)
    base = spans[0][0] - 8
    by_offset = {span[0] - 8 - base: number for number, span in enumerate(spans)}
    if len(table) == frames and table[0] == 0 and table == sorted(set(table)) and all(at in by_offset for at in table):
        return _grouped(spans, [by_offset[at] for at in table])
    if len(starts) == frames and starts[0] == 0:
        return _grouped(spans, starts)
    raise BadInputError("scan.cannot_parse", file=path.name)


def frame_bytes(path: Path, offset: int, frames: int, frame: int) -> bytes:
    """One frame's compressed stream, its fragments joined.

    Parameters
    ----------
    offset
        Of the pixel data's value (its offset table) in the file.

    Raises
    ------
    BadInputError
        ``scan.truncated`` if frames or parts of them are missing, ``scan.more_frames`` if there are more than the header says,
        ``scan.cannot_parse`` if the frames can't be told apart. `OSError` as the system says.
    """
    status = path.stat()
    spans = _frames_at(path, (status.st_mtime_ns, status.st_size), offset, frames)[frame]
    with open(path, "rb") as stream:
        parts = []
        for at, length in spans:
            stream.seek(at)
            parts.append(stream.read(length))
    return b"".join(parts)
