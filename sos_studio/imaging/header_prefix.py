"""A file's header from its first few kilobytes, without pydicom: much quicker, and only where nothing is in doubt.

Reading a header is the costly part of opening a series of small slices. This reader understands little endian files with preamble and
meta header, elements in ascending order and plain values; of all else it says that it isn't sure, and the caller asks pydicom. What it
does answer, it answers as pydicom would: `dicom_headers.slices_of` makes the same slices of either.

Files of one series differ in a handful of values. So the second one teaches a pattern, the bytes that stayed the same with gaps for the
values that did not, and for the others a few comparisons of bytes replace the walk through all elements. A file that fits the pattern has
the same elements as the one it was learnt from, because their tags and lengths are among those bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from sos_studio.core.errors import BadInputError
from sos_studio.imaging.dicom_headers import EXPLICIT, IMPLICIT, ImageSlice, slices_of
from sos_studio.imaging.header_values import UnusableError, numbers

# Most headers end within the first; private elements and long sequences may need the second.
PREFIX_BYTES, LONGEST_PREFIX_BYTES = 4096, 65536
# Some 35 levels of sequences are the most that fit; nobody writes that.
_DEEPEST = 8
_UNDEFINED = 0xFFFFFFFF
_TRANSFER_SYNTAX, _CHARACTER_SETS, _PIXEL_GROUP_LENGTH, _PIXEL_DATA = 0x00020010, 0x00080005, 0x7FE00000, 0x7FE00010
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
_COMPRESSED = ("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5")

# Length in two bytes, right behind the VR; in four bytes, behind two unused ones.
_SHORT_VR = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VR = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())

# Pixel Representation says which.
_EITHER_SIGN = "US or SS"
# Attributes that can be answered for; of a sequence only that it is absent.
_KEYWORDS: Mapping[str, tuple[int, str]] = {
    "MediaStorageSOPClassUID": (0x00020002, "UI"),
    "TransferSyntaxUID": (_TRANSFER_SYNTAX, "UI"),
    "ImageType": (0x00080008, "CS"),
    "SOPClassUID": (0x00080016, "UI"),
    "SOPInstanceUID": (0x00080018, "UI"),
    "AcquisitionDate": (0x00080022, "DA"),
    "AcquisitionDateTime": (0x0008002A, "DT"),
    "AcquisitionTime": (0x00080032, "TM"),
    "ContentTime": (0x00080033, "TM"),
    "Modality": (0x00080060, "CS"),
    "ScanOptions": (0x00180022, "CS"),
    "SliceThickness": (0x00180050, "DS"),
    "KVP": (0x00180060, "DS"),
    "EchoTime": (0x00180081, "DS"),
    "EchoNumbers": (0x00180086, "IS"),
    "GantryDetectorTilt": (0x00181120, "DS"),
    "ConvolutionKernel": (0x00181210, "SH"),
    "StudyInstanceUID": (0x0020000D, "UI"),
    "SeriesInstanceUID": (0x0020000E, "UI"),
    "SeriesNumber": (0x00200011, "IS"),
    "AcquisitionNumber": (0x00200012, "IS"),
    "InstanceNumber": (0x00200013, "IS"),
    "ImagePositionPatient": (0x00200032, "DS"),
    "ImageOrientationPatient": (0x00200037, "DS"),
    "FrameOfReferenceUID": (0x00200052, "UI"),
    "TemporalPositionIdentifier": (0x00200100, "IS"),
    "SamplesPerPixel": (0x00280002, "US"),
    "PhotometricInterpretation": (0x00280004, "CS"),
    "PlanarConfiguration": (0x00280006, "US"),
    "NumberOfFrames": (0x00280008, "IS"),
    "Rows": (0x00280010, "US"),
    "Columns": (0x00280011, "US"),
    "PixelSpacing": (0x00280030, "DS"),
    "BitsAllocated": (0x00280100, "US"),
    "BitsStored": (0x00280101, "US"),
    "HighBit": (0x00280102, "US"),
    "PixelRepresentation": (0x00280103, "US"),
    "PixelPaddingValue": (0x00280120, _EITHER_SIGN),
    "PixelPaddingRangeLimit": (0x00280121, _EITHER_SIGN),
    "BurnedInAnnotation": (0x00280301, "CS"),
    "RescaleIntercept": (0x00281052, "DS"),
    "RescaleSlope": (0x00281053, "DS"),
    "RescaleType": (0x00281054, "LO"),
    "LossyImageCompression": (0x00282110, "CS"),
    "ModalityLUTSequence": (0x00283000, "SQ"),
    "PresentationLUTShape": (0x20500020, "CS"),
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


# What files of one series usually differ in, of all that is asked for; each fills one field of `ImageSlice` and no other.
_OWN = frozenset({"SOPInstanceUID", "ImagePositionPatient"})
_UNASKED, _ABSENT = object(), object()


class NotSureError(Exception):
    """A file, or a value in it, that only a full reader of DICOM may judge."""


class _TooShortError(NotSureError):
    """The header goes on behind the bytes that were read."""


class _Place(NamedTuple):
    """Where a value lies, and its VR (empty in a file that names none)."""

    vr: bytes
    begin: int
    end: int


def _element(start: bytes, position: int, explicit: bool, depth: int = 0) -> tuple[int, _Place]:
    """Tag as one number, and place of the value, of the element at a position."""
    if position + 12 > len(start):
        raise _TooShortError
    tag = int.from_bytes(start[position : position + 2], "little") << 16 | int.from_bytes(start[position + 2 : position + 4], "little")
    vr = start[position + 4 : position + 6] if explicit else b""
    width = _length_bytes(vr)
    if explicit and (vr not in _SHORT_VR if width == 2 else start[position + 6 : position + 8] != b"\0\0"):
        raise NotSureError
    begin = position + (12 if explicit and width == 4 else 8)
    end = _end(start, begin, int.from_bytes(start[begin - width : begin], "little"), vr, depth)
    return tag, _sound(start, tag, _Place(vr, begin, end))


def _sound(start: bytes, tag: int, place: _Place) -> _Place:
    """The place, unless what stands there makes pydicom stumble whoever asks for it."""
    if tag == _CHARACTER_SETS:
        _matched(_CHARACTER_SET, start[place.begin : place.end])
    if tag & 0xFFFF == 0 and place.end - place.begin != 4:  # the length of a group
        raise NotSureError
    return place


def _length_bytes(vr: bytes) -> int:
    return 4 if not vr or vr in _LONG_VR else 2


def _end(start: bytes, begin: int, length: int, vr: bytes, depth: int) -> int:
    """Position behind a value; of pixel data of undefined length, which end the header, its begin."""
    if length != _UNDEFINED:
        return begin + length
    if vr == b"OB" and depth == 0:
        return begin
    if vr not in (b"", b"SQ") or depth > _DEEPEST:
        raise NotSureError
    position = begin
    while True:
        if position + 8 > len(start):
            raise _TooShortError
        kind, length = start[position : position + 4], int.from_bytes(start[position + 4 : position + 8], "little")
        position += 8
        if kind == _SEQUENCE_END and length == 0:
            return position
        if kind != _ITEM:
            raise NotSureError
        position = _end_of_item(start, position, length, bool(vr), depth)


def _end_of_item(start: bytes, position: int, length: int, explicit: bool, depth: int) -> int:
    if length != _UNDEFINED:
        end = position + length
        while position < end:
            _, place = _element(start, position, explicit, depth + 1)
            position = place.end
        if position != end:
            raise NotSureError
        return end
    while start[position : position + 4] != _ITEM_END:
        _, place = _element(start, position, explicit, depth + 1)
        position = place.end
    if start[position + 4 : position + 8] != b"\0\0\0\0":
        raise NotSureError
    return position + 8


def _plain(start: bytes, place: _Place, vr: str) -> Any:
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


@dataclass
class _Pattern:
    """Elements of a header and what is known of other files that have the same.

    Attributes
    ----------
    places
        Of all elements, in the file that taught the pattern.
    varying
        Tags of those whose value differs between files.
    runs
        Bytes before the value of each varying element, but for the length; the element's VR and tag; how many bytes its length has.
    tail
        Bytes behind the last varying element up to the pixels.
    answers
        By keyword, for those that are the same in all files; each is looked up once.
    model
        The one slice of a file of this pattern, if its header was asked for no varying values but those in `_OWN`.
    """

    start: bytes
    places: dict[int, _Place]
    syntax: str
    varying: frozenset[int] = frozenset()
    runs: list[tuple[bytes, bytes, int, int]] = field(default_factory=list)
    tail: bytes = b""
    answers: dict[str, Any] = field(default_factory=dict)
    model: ImageSlice | None = None

    def __post_init__(self) -> None:
        position = 0
        for tag, place in self.places.items():
            if tag in self.varying:
                width = _length_bytes(place.vr)
                self.runs.append((self.start[position : place.begin - width], place.vr, tag, width))
                position = place.end
        self.tail = self.start[position : self.places[_PIXEL_DATA].begin]

    def fit(self, start: bytes) -> tuple[dict[int, _Place], int] | None:
        """Places of the varying values in another file, and where its pixels begin; None if it is of another make."""
        varying, position = {}, 0
        for run, vr, tag, width in self.runs:
            begin = position + len(run) + width
            if start[position : begin - width] != run:
                return None
            position = _end(start, begin, int.from_bytes(start[begin - width : begin], "little"), vr, 0)
            varying[tag] = _sound(start, tag, _Place(vr, begin, position))
        end = position + len(self.tail)
        return (varying, end) if start[position:end] == self.tail else None

    def taught_by(self, start: bytes, places: dict[int, _Place], syntax: str) -> _Pattern:
        """The pattern of this file and of those before, if they have the same elements."""
        if list(places) != list(self.places) or syntax != self.syntax:
            return _Pattern(start, places, syntax)
        mine = self.places
        differing = {tag for tag, (_, begin, end) in places.items() if start[begin:end] != self.start[mine[tag].begin : mine[tag].end]}
        return _Pattern(start, places, syntax, (self.varying | differing) - {_PIXEL_DATA})


class _Prefix:
    """A header's answers; those of the elements that never vary are shared by all files of a pattern."""

    __slots__ = ("_answers", "_pattern", "_start", "_varying", "own")

    def __init__(self, start: bytes, varying: dict[int, _Place], pattern: _Pattern) -> None:
        self._start, self._varying, self._pattern, self._answers = start, varying, pattern, pattern.answers
        # Keywords of varying values that somebody asked for.
        self.own: set[str] = set()

    @property
    def file_meta(self) -> _Prefix:
        """The meta header, whose keywords are other ones."""
        return self

    def get(self, keyword: str, default: Any = None, /) -> Any:
        """The value; raises `NotSureError` if there is the least doubt about it."""
        answer = self._answers.get(keyword, _UNASKED)
        if answer is _UNASKED:
            answer = self._looked_up(keyword)
        return default if answer is _ABSENT else answer

    def _looked_up(self, keyword: str) -> Any:
        known = _KEYWORDS.get(keyword)
        if known is None:
            raise NotSureError
        tag, vr = known
        if vr == _EITHER_SIGN:
            vr = ("US", "SS")[self.get("PixelRepresentation", 0)]
        place = self._varying.get(tag)
        if place is not None:
            self.own.add(keyword)
            return _plain(self._start, place, vr)
        place = self._pattern.places.get(tag)
        self._answers[keyword] = answer = _ABSENT if place is None else _plain(self._pattern.start, place, vr)
        return answer

    def __contains__(self, keyword: object, /) -> bool:
        known = _KEYWORDS.get(str(keyword))
        if known is None:
            raise NotSureError
        # Files of one pattern have the same elements.
        return known[0] in self._pattern.places


def _walked(start: bytes) -> tuple[dict[int, _Place], str]:
    """All elements up to the pixel data, and the transfer syntax."""
    if start[128:138] != b"DICM\x02\x00\x00\x00UL":
        raise NotSureError
    places: dict[int, _Place] = {}
    position, last, syntax, explicit = 132, 0, "", True
    while True:
        if not syntax and start[position : position + 2] != b"\x02\x00":
            meta = places.get(_TRANSFER_SYNTAX)
            syntax = "" if meta is None else _plain(start, meta, "UI")
            if syntax not in (EXPLICIT, IMPLICIT) and not syntax.startswith(_COMPRESSED):
                raise NotSureError
            explicit = syntax != IMPLICIT
            # pydicom believes the bytes, not the meta header, where two capital letters stand at the place of a VR.
            if not explicit and start[position + 4 : position + 6].isalpha():
                raise NotSureError
        tag, place = _element(start, position, explicit)
        if tag <= last:
            raise NotSureError
        places[tag] = place
        if tag > _PIXEL_GROUP_LENGTH:
            if tag != _PIXEL_DATA or place.vr not in (b"", b"OB", b"OW"):
                raise NotSureError
            return places, syntax
        position, last = place.end, tag


class PrefixReader:
    """Reads the headers of many files, each from its first bytes alone where that is enough. For one thread."""

    def __init__(self) -> None:
        self._pattern: _Pattern | None = None
        self._enough = PREFIX_BYTES

    def slices(self, path: Path) -> list[ImageSlice] | None:
        """What `dicom_headers.image_slices` finds in a file; None if only that can tell."""
        try:
            # Not `open`: half of the system calls, and there are hundreds of files.
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        except (OSError, ValueError):
            return None
        try:
            start, size = os.read(descriptor, self._enough), os.fstat(descriptor).st_size
            try:
                return self._slices(start, size, path)
            except _TooShortError:
                start += os.read(descriptor, LONGEST_PREFIX_BYTES - len(start))
                slices = self._slices(start, size, path)
                # The next file's header is likely as long.
                self._enough = min(LONGEST_PREFIX_BYTES, slices[0].layout.offset + PREFIX_BYTES)
                return slices
        except (NotSureError, BadInputError, OSError):
            # Words for what is wrong with a file come from one place only.
            return None
        finally:
            os.close(descriptor)

    def _slices(self, start: bytes, size: int, path: Path) -> list[ImageSlice]:
        pattern = self._pattern
        found = None if pattern is None else pattern.fit(start)
        if pattern is None or found is None:
            places, syntax = _walked(start)
            pattern = _Pattern(start, places, syntax) if pattern is None else pattern.taught_by(start, places, syntax)
            self._pattern = pattern
            found = {tag: places[tag] for tag in pattern.varying}, places[_PIXEL_DATA].begin
        varying, begin = found
        promised = int.from_bytes(start[begin - 4 : begin], "little")
        if promised == _UNDEFINED and pattern.syntax in (EXPLICIT, IMPLICIT):
            # The pixels themselves must tell what they are.
            raise NotSureError
        length = None if promised == _UNDEFINED else min(promised, max(0, size - begin))
        header = _Prefix(start, varying, pattern)
        if pattern.model is not None and pattern.model.layout.length == length:
            return [_like(pattern.model, header, begin, path)]
        slices = slices_of(header, pattern.syntax, (begin, length), path)
        if len(slices) == 1 and header.own <= _OWN:
            pattern.model = slices[0]
        return slices


def _like(model: ImageSlice, header: _Prefix, offset: int, path: Path) -> ImageSlice:
    """What `slices_of` makes of a header that answers like the model's, but for `_OWN`."""
    try:
        position = numbers(header, "ImagePositionPatient", 3)
    except UnusableError:
        raise NotSureError from None
    return replace(
        model,
        file=path,
        sop_instance_uid=str(header.get("SOPInstanceUID", "")),
        position_lps_mm=None if position is None else (position[0], position[1], position[2]),
        layout=replace(model.layout, offset=offset),
    )
