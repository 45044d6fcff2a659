"""What a compressed picture says of its own size, before memory is taken for it."""

from __future__ import annotations

from dataclasses import dataclass

JPEG, JPEG_LS, JPEG_2000 = "jpeg", "jpeg-ls", "jpeg-2000"
# JPEG's frame headers, but tables (C4), reserved (C8) and arithmetic conditioning (CC).
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True)
class StreamFormat:
    """A stream's own header.

    Attributes
    ----------
    kind
        `JPEG`, `JPEG_LS` or `JPEG_2000`.
    signed
        Only JPEG 2000 says so.
    """

    kind: str
    rows: int
    columns: int
    components: int
    bits: int
    signed: bool = False


def stream_format(data: bytes) -> StreamFormat | None:
    """Read a stream's header; None if it is no JPEG of any family, or breaks off before its size."""
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:4] == b"\xff\x4f\xff\x51" or data[4:8] == b"jP  ":
        return _jpeg_2000(data)
    return None


def _jpeg(data: bytes) -> StreamFormat | None:
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAME_HEADERS and position + 10 <= len(data):
            rows, columns = (int.from_bytes(data[position + n : position + n + 2], "big") for n in (5, 7))
            return StreamFormat(JPEG_LS if marker == 0xF7 else JPEG, rows, columns, data[position + 9], data[position + 4])
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None


def _jpeg_2000(data: bytes) -> StreamFormat | None:
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(data) < start + 43:
        return None
    right, bottom, left, top = (int.from_bytes(data[start + n : start + n + 4], "big") for n in (8, 12, 16, 20))
    components, precision = int.from_bytes(data[start + 40 : start + 42], "big"), data[start + 42]
    return StreamFormat(JPEG_2000, bottom - top, right - left, components, (precision & 0x7F) + 1, bool(precision & 0x80))
