"""Whether a JPEG's middle is as it was written. Decoders make a picture of anything: what follows a damaged byte is shifted and tinted.

A JPEG has no checksum, but its codes follow one another without a gap, so that a changed byte nearly always leaves too many or too few
at the end. Only ordinary files can be walked through like this (baseline, one scan: ITU-T T.81); of others nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

_START = b"\xff\xd8"
_BASELINE, _EXTENDED = 0xC0, 0xC1
_HUFFMAN, _SCAN, _RESTARTS = 0xC4, 0xDA, 0xDD
_OTHER_FRAMES = frozenset({0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_CODE_BITS = 16


@dataclass
class _Header:
    """What stands before the data."""

    size: tuple[int, int] = (0, 0)  # rows, columns
    factors: dict[int, tuple[int, int]] = field(default_factory=dict)  # across and down, by component
    tables: dict[int, npt.NDArray[np.uint16]] = field(default_factory=dict)
    interval: int = 0


def seems_damaged(path: Path) -> bool:
    """Whether a file is a JPEG whose data do not fit its size; False for what can't be judged, and for what can't be read."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(len(_START))
            return start == _START and _walked(start + stream.read()) is False
    except (OSError, IndexError, KeyError, ValueError):
        return False


def _walked(data: bytes) -> bool | None:
    """Whether all is well; None if the file is of another kind."""
    header, place = _Header(), len(_START)
    while data[place] == 0xFF:
        kind = data[place + 1]
        if kind == 0xFF:  # fill
            place += 1
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        body, after = data[place + 4 : place + 2 + length], place + 2 + length
        if kind in _OTHER_FRAMES or (kind in (_BASELINE, _EXTENDED) and body[0] != 8):
            return None
        if kind in (_BASELINE, _EXTENDED):
            header.size = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            header.factors = {body[at]: (body[at + 1] >> 4, body[at + 1] & 15) for at in range(6, 6 + 3 * body[5], 3)}
        elif kind == _HUFFMAN:
            _read_tables(header, body)
        elif kind == _RESTARTS:
            header.interval = int.from_bytes(body[:2], "big")
        elif kind == _SCAN:
            return _scan(header, body, data, after) if body[0] == len(header.factors) else None
        place = after
    return None


def _read_tables(header: _Header, body: bytes) -> None:
    place = 0
    while place < len(body):
        which, counts = body[place], body[place + 1 : place + 17]
        place += 17
        codes = np.zeros(1 << _CODE_BITS, dtype=np.uint16)
        code = 0
        for bits, count in enumerate(counts, start=1):
            for value in body[place : place + count]:
                rest = _CODE_BITS - bits
                codes[code << rest : (code + 1) << rest] = bits << 8 | value
                code += 1
            place += count
            code <<= 1
        header.tables[which] = codes


def _scan(header: _Header, body: bytes, data: bytes, place: int) -> bool:
    from sos_studio.imaging import jpeg_kernel

    told = [(body[at], body[at + 1] >> 4, body[at + 1] & 15) for at in range(1, 1 + 2 * body[0], 2)]
    (rows, columns), alone = header.size, len(told) == 1
    across = 1 if alone else max(h for h, _ in header.factors.values())
    down = 1 if alone else max(v for _, v in header.factors.values())
    units = -(-columns // (8 * across)) * -(-rows // (8 * down))
    blocks = [(dc, ac) for name, dc, ac in told for _ in range(1 if alone else header.factors[name][0] * header.factors[name][1])]
    names = sorted({table for dc, ac in blocks for table in (dc, 16 + ac)})
    return bool(
        jpeg_kernel.walk(
            np.frombuffer(data, dtype=np.uint8),
            place,
            np.stack([header.tables[name] for name in names]),
            np.array([names.index(dc) for dc, _ in blocks]),
            np.array([names.index(16 + ac) for _, ac in blocks]),
            units,
            header.interval,
        )
    )
