"""The elements at the beginning of a little endian DICOM file: where their values lie, and the plain ones among them.

Whatever is written in an unusual way raises `NotSureError`; what is not is understood as pydicom understands it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

# Sequences within sequences; nobody nests them deeper before the pixels.
_DEEPEST = 8
UNDEFINED = 0xFFFFFFFF
TRANSFER_SYNTAX, _CHARACTER_SETS, PIXEL_GROUP_LENGTH, PIXEL_DATA = 0x00020010, 0x00080005, 0x7FE00000, 0x7FE00010
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"

# Length in two bytes, right behind the VR; in four bytes, behind two unused ones.
_SHORT_VR = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VR = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())

# Pixel Representation says which.
EITHER_SIGN = "US or SS"
# Attributes that can be answered for; of a sequence only that it is absent.
KEYWORDS: Mapping[str, tuple[int, str]] = {
    "MediaStorageSOPClassUID": (0x00020002, "UI"),
    "TransferSyntaxUID": (TRANSFER_SYNTAX, "UI"),
    "ImageType": (0x00080008, "CS"),
    "SOPClassUID": (0x00080016, "UI"),
    "SOPInstanceUID": (0x00080018, "UI"),
    "Modality": (0x00080060, "CS"),
    "SliceThickness": (0x00180050, "DS"),
    "EchoTime": (0x00180081, "DS"),
    "ConvolutionKernel": (0x00181210, "SH"),
    "StudyInstanceUID": (0x0020000D, "UI"),
    "SeriesInstanceUID": (0x0020000E, "UI"),
    "ImagePositionPatient": (0x00200032, "DS"),
    "ImageOrientationPatient": (0x00200037, "DS"),
    "FrameOfReferenceUID": (0x00200052, "UI"),
    "SamplesPerPixel": (0x00280002, "US"),
    "PhotometricInterpretation": (0x00280004, "CS"),
    "NumberOfFrames": (0x00280008, "IS"),
    "Rows": (0x00280010, "US"),
    "Columns": (0x00280011, "US"),
    "PixelSpacing": (0x00280030, "DS"),
    "BitsAllocated": (0x00280100, "US"),
    "BitsStored": (0x00280101, "US"),
    "HighBit": (0x00280102, "US"),
    "PixelRepresentation": (0x00280103, "US"),
    "PixelPaddingValue": (0x00280120, EITHER_SIGN),
    "PixelPaddingRangeLimit": (0x00280121, EITHER_SIGN),
    "RescaleIntercept": (0x00281052, "DS"),
    "RescaleSlope": (0x00281053, "DS"),
    "RescaleType": (0x00281054, "LO"),
    "LossyImageCompression": (0x00282110, "CS"),
    "ModalityLUTSequence": (0x00283000, "SQ"),
    "SharedFunctionalGroupsSequence": (0x52009229, "SQ"),
    "PerFrameFunctionalGroupsSequence": (0x52009230, "SQ"),
}
# Whatever is written otherwise is left to pydicom. The characters of text mean the same in every character set.
_DECIMAL = rb" *[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? *"
_DECIMALS = re.compile(_DECIMAL + rb"(?:\\" + _DECIMAL + rb")*")
_WHOLE_NUMBERS = re.compile(rb" *[+-]?\d+ *(?:\\ *[+-]?\d+ *)*")
_UID = re.compile(rb"[0-9.]*")
_CHARACTER_SET = re.compile(rb"(ISO_IR \d+|ISO 2022 IR \d+|GB18030|GBK)?(\\ISO 2022 IR \d+)*[ \0]*")
_TEXT = re.compile(rb"[A-Za-z0-9 _.:+/,()\\-]*")


class NotSureError(Exception):
    """A file, or a value in it, that only a full reader of DICOM may judge."""


class TooShortError(NotSureError):
    """The header goes on behind the bytes that were read."""


class Place(NamedTuple):
    """Where a value lies, and its VR (empty in a file that names none)."""

    vr: bytes
    begin: int
    end: int


def element(start: bytes, position: int, explicit: bool, depth: int = 0) -> tuple[int, Place]:
    """Tag as one number, and place of the value, of the element at a position."""
    if position + 12 > len(start):
        raise TooShortError
    tag = int.from_bytes(start[position : position + 2], "little") << 16 | int.from_bytes(start[position + 2 : position + 4], "little")
    vr = start[position + 4 : position + 6] if explicit else b""
    width = length_bytes(vr)
    if explicit and (vr not in _SHORT_VR if width == 2 else start[position + 6 : position + 8] != b"\0\0"):
        raise NotSureError
    begin = position + (12 if explicit and width == 4 else 8)
    end = value_end(start, begin, int.from_bytes(start[begin - width : begin], "little"), vr, depth)
    return tag, sound(start, tag, Place(vr, begin, end))


def sound(start: bytes, tag: int, place: Place) -> Place:
    """The place, unless what stands there makes pydicom stumble whoever asks for it."""
    if tag == _CHARACTER_SETS:
        if place.vr not in (b"", b"CS"):
            raise NotSureError
        _matched(_CHARACTER_SET, start[place.begin : place.end])
    if tag & 0xFFFF == 0 and place.end - place.begin != 4:  # the length of a group
        raise NotSureError
    return place


def length_bytes(vr: bytes) -> int:
    """How many bytes say how long a value of this VR is."""
    return 4 if not vr or vr in _LONG_VR else 2


def value_end(start: bytes, begin: int, length: int, vr: bytes, depth: int) -> int:
    """Position behind a value; of pixel data of undefined length, which end the header, its begin."""
    if length != UNDEFINED:
        return begin + length
    if vr == b"OB" and depth == 0:
        return begin
    if vr not in (b"", b"SQ") or depth > _DEEPEST:
        raise NotSureError
    position = begin
    while True:
        if position + 8 > len(start):
            raise TooShortError
        kind, length = start[position : position + 4], int.from_bytes(start[position + 4 : position + 8], "little")
        position += 8
        if kind == _SEQUENCE_END and length == 0:
            return position
        if kind != _ITEM:
            raise NotSureError
        position = _end_of_item(start, position, length, bool(vr), depth)


def _end_of_item(start: bytes, position: int, length: int, explicit: bool, depth: int) -> int:
    if length != UNDEFINED:
        end = position + length
        while position < end:
            _, place = element(start, position, explicit, depth + 1)
            position = place.end
        if position != end:
            raise NotSureError
        return end
    while start[position : position + 4] != _ITEM_END:
        _, place = element(start, position, explicit, depth + 1)
        position = place.end
    if start[position + 4 : position + 8] != b"\0\0\0\0":
        raise NotSureError
    return position + 8


def plain(start: bytes, place: Place, vr: str) -> Any:
    """A value as pydicom would give it."""
    if vr == "SQ" or (place.vr and place.vr != vr.encode()):
        raise NotSureError
    value = start[place.begin : place.end]
    if vr in ("US", "SS"):
        if len(value) != 2:
            raise NotSureError
        return int.from_bytes(value, "little", signed=vr == "SS")
    value = value.rstrip(b" \0")
    if not value:
        return None if vr in ("DS", "IS") else ""
    if vr == "UI":
        return _matched(_UID, value).decode()
    if vr == "DS":
        found: list[Any] = [float(part) for part in _matched(_DECIMALS, value).split(b"\\")]
    elif vr == "IS":
        found = [int(part) for part in _matched(_WHOLE_NUMBERS, value).split(b"\\")]
    else:
        found = [part.decode() for part in _matched(_TEXT, value).split(b"\\")]
    return found[0] if len(found) == 1 else found


def _matched(pattern: re.Pattern[bytes], value: bytes) -> bytes:
    if pattern.fullmatch(value) is None:
        raise NotSureError
    return value
