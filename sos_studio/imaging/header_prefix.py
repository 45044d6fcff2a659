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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sos_studio.core.errors import BadInputError
from sos_studio.imaging.dicom_headers import EXPLICIT, IMPLICIT, ImageSlice, slices_of
from sos_studio.imaging.header_values import UnusableError, numbers
from sos_studio.imaging.plain_elements import (
    EITHER_SIGN,
    KEYWORDS,
    PIXEL_DATA,
    PIXEL_GROUP_LENGTH,
    TRANSFER_SYNTAX,
    UNDEFINED,
    NotSureError,
    Place,
    TooShortError,
    element,
    length_bytes,
    plain,
    sound,
    value_end,
)

# Most headers end within the first; private elements and long sequences may need the second.
PREFIX_BYTES, LONGEST_PREFIX_BYTES = 4096, 65536
_COMPRESSED = ("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5")
# What files of one series usually differ in, of all that is asked for; each fills one field of `ImageSlice` and no other.
_OWN = frozenset({"SOPInstanceUID", "ImagePositionPatient"})
_UNASKED, _ABSENT = object(), object()


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
    places: dict[int, Place]
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
                width = length_bytes(place.vr)
                self.runs.append((self.start[position : place.begin - width], place.vr, tag, width))
                position = place.end
        self.tail = self.start[position : self.places[PIXEL_DATA].begin]

    def fit(self, start: bytes) -> tuple[dict[int, Place], int] | None:
        """Places of the varying values in another file, and where its pixels begin; None if it is of another make."""
        varying, position = {}, 0
        for run, vr, tag, width in self.runs:
            begin = position + len(run) + width
            if start[position : begin - width] != run:
                return None
            position = value_end(start, begin, int.from_bytes(start[begin - width : begin], "little"), vr, 0)
            varying[tag] = sound(start, tag, Place(vr, begin, position))
        end = position + len(self.tail)
        return (varying, end) if start[position:end] == self.tail else None

    def taught_by(self, start: bytes, places: dict[int, Place], syntax: str) -> _Pattern:
        """The pattern of this file and of those before, if they have the same elements."""
        if list(places) != list(self.places):
            return _Pattern(start, places, syntax)
        mine = self.places
        differing = {tag for tag, (_, begin, end) in places.items() if start[begin:end] != self.start[mine[tag].begin : mine[tag].end]}
        if TRANSFER_SYNTAX in differing:
            # Not even another padding of the same name: a gap would let files of any syntax fit.
            return _Pattern(start, places, syntax)
        return _Pattern(start, places, syntax, (self.varying | differing) - {PIXEL_DATA})


class _Prefix:
    """A header's answers; those of the elements that never vary are shared by all files of a pattern."""

    __slots__ = ("_answers", "_pattern", "_start", "_varying", "own")

    def __init__(self, start: bytes, varying: dict[int, Place], pattern: _Pattern) -> None:
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
        known = KEYWORDS.get(keyword)
        if known is None:
            raise NotSureError
        tag, vr = known
        if vr == EITHER_SIGN:
            vr = ("US", "SS")[self.get("PixelRepresentation", 0)]
        place = self._varying.get(tag)
        if place is not None:
            self.own.add(keyword)
            return plain(self._start, place, vr)
        place = self._pattern.places.get(tag)
        self._answers[keyword] = answer = _ABSENT if place is None else plain(self._pattern.start, place, vr)
        return answer

    def __contains__(self, keyword: object, /) -> bool:
        known = KEYWORDS.get(str(keyword))
        if known is None:
            raise NotSureError
        # Files of one pattern have the same elements.
        return known[0] in self._pattern.places


def _walked(start: bytes) -> tuple[dict[int, Place], str]:
    """All elements up to the pixel data, and the transfer syntax."""
    if start[128:138] != b"DICM\x02\x00\x00\x00UL":
        raise NotSureError
    places: dict[int, Place] = {}
    position, last, syntax, explicit = 132, 0, "", True
    while True:
        if not syntax and start[position : position + 2] != b"\x02\x00":
            meta = places.get(TRANSFER_SYNTAX)
            syntax = "" if meta is None else plain(start, meta, "UI")
            if syntax not in (EXPLICIT, IMPLICIT) and not syntax.startswith(_COMPRESSED):
                raise NotSureError
            explicit = syntax != IMPLICIT
            # pydicom believes the bytes, not the meta header, where two capital letters stand at the place of a VR.
            if not explicit and start[position + 4 : position + 6].isalpha():
                raise NotSureError
        tag, place = element(start, position, explicit)
        if tag <= last:
            raise NotSureError
        places[tag] = place
        if tag > PIXEL_GROUP_LENGTH:
            if tag != PIXEL_DATA or place.vr not in (b"", b"OB", b"OW"):
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
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except (OSError, ValueError):
            return None
        try:
            start, size = os.read(descriptor, self._enough), os.fstat(descriptor).st_size
            try:
                return self._slices(start, size, path)
            except TooShortError:
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
            found = {tag: places[tag] for tag in pattern.varying}, places[PIXEL_DATA].begin
        varying, begin = found
        promised = int.from_bytes(start[begin - 4 : begin], "little")
        if promised == UNDEFINED and pattern.syntax in (EXPLICIT, IMPLICIT):
            # The pixels themselves must tell what they are.
            raise NotSureError
        length = None if promised == UNDEFINED else min(promised, max(0, size - begin))
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
