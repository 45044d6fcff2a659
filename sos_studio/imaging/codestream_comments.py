"""Compressed frames without remarks: JPEG, JPEG-LS and JPEG 2000 streams may carry comments and whole EXIF headers between their segments.

Bytes of the image itself are not touched: comments are overwritten in place with blanks.
"""

from __future__ import annotations

_JPEG, _JPEG2000 = b"\xff\xd8\xff", b"\xff\x4f\xff\x51"
_ITEM = b"\xfe\xff\x00\xe0"
_START_OF_SCAN, _START_OF_TILE = 0xDA, 0x90
_COMMENT, _COMMENT_2000 = 0xFE, 0x64
# APP0 (JFIF), APP8 (JPEG-LS colour, HP) and APP14 (Adobe) say how to decode; the other APPn are remarks.
_NEEDED_APPS = frozenset({0xE0, 0xE8, 0xEE})


def without_comments(encapsulated: bytes) -> bytes:
    """Pixel data in its items, with the text of comments and application segments blanked.

    Items of odd length, which are against the standard, are made even; a table of offsets that this would make wrong is emptied.

    Parameters
    ----------
    encapsulated
        Value of an encapsulated Pixel Data element. One that is not made of items is returned as it is.
    """
    items: list[bytearray] = []
    at = 0
    while at + 8 <= len(encapsulated) and encapsulated[at : at + 4] == _ITEM:
        length = int.from_bytes(encapsulated[at + 4 : at + 8], "little")
        if length > len(encapsulated) - at - 8:
            return encapsulated
        items.append(bytearray(encapsulated[at + 8 : at + 8 + length]))
        _blank(items[-1])
        at += 8 + length
    if any(len(item) % 2 for item in items):
        items = [bytearray(), *(item + b"\0" * (len(item) % 2) for item in items[1:])]
    return b"".join(_ITEM + len(item).to_bytes(4, "little") + bytes(item) for item in items) + encapsulated[at:]


def _blank(data: bytearray) -> None:
    """Go through the segments of one stream until the compressed image begins."""
    head, end = bytes(data[:4]), len(data)
    if not head.startswith(_JPEG) and not head.startswith(_JPEG2000):
        return
    last = _START_OF_TILE if head.startswith(_JPEG2000) else _START_OF_SCAN
    at = 2
    while at + 4 <= end and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a filler
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == last or length < 2:
            return
        stop = min(at + 2 + length, end)
        if marker == _COMMENT_2000 and last == _START_OF_TILE:
            data[at + 6 : stop] = b" " * max(0, stop - at - 6)  # two bytes say what kind of comment
        elif last == _START_OF_SCAN and (marker == _COMMENT or (0xE0 <= marker <= 0xEF and marker not in _NEEDED_APPS)):
            data[at + 4 : stop] = b" " * max(0, stop - at - 4)
        at = stop
