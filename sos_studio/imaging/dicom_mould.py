"""A DICOM file that is made once and then filled with other values: the bytes are the same as if a library had made each, in a hundredth
of its time.

Explicit VR little endian with sequences of stated length (PS3.5, 7.1.2 and 7.5), as pydicom writes them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_PREAMBLE = 132
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_ITEM = b"\xfe\xff\x00\xe0"
_META_LENGTH = b"\x02\x00\x00\x00UL\x04\x00"


@dataclass(frozen=True)
class _Slot:
    """An element whose value is filled in: tag and VR, and what its value is called."""

    head: bytes
    name: str

    def filled(self, values: Mapping[str, bytes]) -> bytes:
        vr, value = self.head[4:], values[self.name]
        value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
        return self.head + (struct.pack("<HI", 0, len(value)) if vr in _LONG else struct.pack("<H", len(value))) + value


@dataclass(frozen=True)
class _Items:
    """A sequence with something to fill in: its tag, and the parts of its items."""

    tag: bytes
    items: tuple[tuple[_Part, ...], ...]

    def filled(self, values: Mapping[str, bytes]) -> bytes:
        made = [_filled(item, values) for item in self.items]
        content = b"".join(_ITEM + struct.pack("<I", len(item)) + item for item in made)
        return self.tag + b"SQ" + struct.pack("<HI", 0, len(content)) + content


_Part = bytes | _Slot | _Items


class Mould:
    """A file with places for values.

    Parameters
    ----------
    made
        A whole file.
    values
        What it says where other files say something else: by name, encoded and without padding. Every element with such a value becomes
        a place for it, so that no two values may be alike, nor like anything else in the file.

    Raises
    ------
    ValueError
        If the file is not encoded as expected, or says none of one of the values.
    """

    def __init__(self, made: bytes, values: Mapping[str, bytes]) -> None:
        names = {value: name for name, value in values.items()}
        if len(names) < len(values) or made[_PREAMBLE - 4 : _PREAMBLE] != b"DICM" or made[_PREAMBLE:][:8] != _META_LENGTH:
            raise ValueError("no mould can be made of this")
        (length,) = struct.unpack_from("<I", made, _PREAMBLE + 8)
        begin = _PREAMBLE + 12
        self._preamble = made[:_PREAMBLE]
        self._meta = tuple(_joined(_parts(made[begin : begin + length], names)))
        self._parts = tuple(_joined(_parts(made[begin + length :], names)))
        if missing := set(values) - _names(self._meta) - _names(self._parts):
            raise ValueError(f"not in the file: {', '.join(sorted(missing))}")

    def filled(self, values: Mapping[str, bytes]) -> bytes:
        """The whole file with these values, by the names of the mould's own."""
        meta = _filled(self._meta, values)
        return b"".join((self._preamble, _META_LENGTH, struct.pack("<I", len(meta)), meta, _filled(self._parts, values)))


def _filled(parts: Sequence[_Part], values: Mapping[str, bytes]) -> bytes:
    return b"".join(part if isinstance(part, bytes) else part.filled(values) for part in parts)


def _parts(data: bytes, names: Mapping[bytes, str]) -> Iterator[_Part]:
    """The elements of a data set."""
    at = 0
    while at < len(data):
        head = data[at : at + 6]
        long = head[4:] in _LONG
        (length,) = struct.unpack_from("<I", data, at + 8) if long else struct.unpack_from("<H", data, at + 6)
        begin = at + (12 if long else 8)
        at_end = begin + length
        if at_end > len(data):
            raise ValueError("a length that is not stated, or wrong")
        value = data[begin:at_end]
        name = names.get(value) or names.get(value[:-1] if value[-1:] in (b" ", b"\0") else value)
        if head[4:] == b"SQ":
            items = tuple(tuple(_joined(_parts(item, names))) for item in _items_of(value))
            yield _Items(head[:4], items) if any(map(_names, items)) else data[at:at_end]
        else:
            yield data[at:at_end] if name is None else _Slot(head, name)
        at = at_end


def _items_of(value: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(value):
        (length,) = struct.unpack_from("<I", value, at + 4)
        if value[at : at + 4] != _ITEM or at + 8 + length > len(value):
            raise ValueError("an item of a length that is not stated")
        yield value[at + 8 : at + 8 + length]
        at += 8 + length


def _joined(parts: Iterator[_Part]) -> Iterator[_Part]:
    """What stays as it is in as few pieces as possible."""
    still: list[bytes] = []
    for part in parts:
        if isinstance(part, bytes):
            still.append(part)
            continue
        if still:
            yield b"".join(still)
            still = []
        yield part
    if still:
        yield b"".join(still)


def _names(parts: Sequence[_Part]) -> set[str]:
    found: set[str] = set()
    for part in parts:
        if isinstance(part, _Slot):
            found.add(part.name)
        elif isinstance(part, _Items):
            found = found.union(*map(_names, part.items))
    return found
