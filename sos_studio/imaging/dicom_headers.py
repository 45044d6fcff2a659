"""One DICOM file's header as plain numbers: an `ImageSlice` per frame, or the reason why there is none.

Nothing that names a person is kept.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from sos_studio.core.errors import BadInputError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Vector = tuple[float, float, float]

DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
ENHANCED_CT = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")

UNCOMPRESSED = frozenset({IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, "1.2.840.113619.5.2"})

# Transfer syntaxes that always lose information, and those that may.
LOSSY_SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55, 81))

# A frame larger than this is a header that lies.
MAX_SIDE_PX = 16384
MAX_FRAMES = 10_000


@dataclass(frozen=True)
class PixelLayout:
    """How the stored numbers of a frame are packed and where they lie in the file.

    Attributes
    ----------
    offset, length
        Of the pixel data's value in the file, as far as the file reaches; `length` is None when it is encapsulated
        (undefined). `offset` is -1 in a deflated file, which has to be inflated first.
    """

    transfer_syntax: str
    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    samples: int
    photometric: str
    frames: int
    offset: int
    length: int | None

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        return self.rows * self.columns * self.samples * self.bits_allocated // 8


@dataclass(frozen=True)
class ImageSlice:
    """One image plane: geometry in LPS millimetres (None where the header is silent) and how to get its values.

    Attributes
    ----------
    spacing_mm_vu
        Distance between rows, distance between columns (the order of DICOM's Pixel Spacing).
    slope, intercept
        ``value = slope · stored + intercept``.
    """

    file: Path
    frame: int
    series_uid: str
    sop_instance_uid: str
    frame_of_reference: str
    modality: str
    sop_class: str
    layout: PixelLayout
    slope: float
    intercept: float
    position_lps_mm: Vector | None
    row_lps: Vector | None
    column_lps: Vector | None
    spacing_mm_vu: tuple[float, float] | None
    thickness_mm: float | None
    localizer: bool
    lossy: bool
    padding: int | None


class _UnusableError(Exception):
    """A header whose values can't be made sense of; `what` names the attribute."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Keep pydicom's remarks out of the log: they may quote patient text, and what matters becomes a `Problem`."""
    logger = logging.getLogger("pydicom")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def looks_like_dicom(start: bytes) -> bool:
    """Whether a file's first 132 bytes may open a DICOM file, with or without preamble and meta header."""
    if start[128:132] == b"DICM":
        return True
    # Without a preamble: the first element is of group 0002 or 0008, in either byte order, with a small element number.
    return start[:4] in (b"\x02\x00\x00\x00", b"\x02\x00\x01\x00") or (len(start) >= 4 and start[:2] == b"\x08\x00" and start[3] == 0)


def _number(dataset: Header, name: str, default: float | None = None) -> float:
    value = dataset.get(name)
    if value is None or value == "":
        if default is None:
            raise _UnusableError(name)
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _UnusableError(name) from None
    if not math.isfinite(number):
        raise _UnusableError(name)
    return number


def _whole(dataset: Header, name: str, default: int | None = None) -> int:
    number = _number(dataset, name, None if default is None else float(default))
    if number != int(number):
        raise _UnusableError(name)
    return int(number)


def _numbers(dataset: Header, name: str, count: int) -> tuple[float, ...] | None:
    """A multi-valued decimal attribute; None if absent or empty."""
    value = dataset.get(name)
    if value is None or value == "" or (hasattr(value, "__len__") and len(value) == 0):
        return None
    try:
        numbers = tuple(float(v) for v in value)
    except (TypeError, ValueError):
        raise _UnusableError(name) from None
    if len(numbers) != count or not all(math.isfinite(v) for v in numbers):
        raise _UnusableError(name)
    return numbers


def _layout(dataset: Header, syntax: str, offset: int, length: int | None) -> PixelLayout:
    bits_allocated = _whole(dataset, "BitsAllocated")
    bits_stored = _whole(dataset, "BitsStored", bits_allocated)
    layout = PixelLayout(
        transfer_syntax=syntax,
        rows=_whole(dataset, "Rows"),
        columns=_whole(dataset, "Columns"),
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=_whole(dataset, "HighBit", bits_stored - 1),
        signed=_whole(dataset, "PixelRepresentation", 0) == 1,
        samples=_whole(dataset, "SamplesPerPixel", 1),
        photometric=str(dataset.get("PhotometricInterpretation", "")),
        frames=_whole(dataset, "NumberOfFrames", 1),
        offset=offset,
        length=length,
    )
    if not (0 < layout.rows <= MAX_SIDE_PX and 0 < layout.columns <= MAX_SIDE_PX):
        raise _UnusableError("Rows")
    if not 0 < layout.frames <= MAX_FRAMES:
        raise _UnusableError("NumberOfFrames")
    if not (0 < bits_stored <= bits_allocated and bits_stored - 1 <= layout.high_bit < bits_allocated):
        raise _UnusableError("BitsStored")
    return layout


def _geometry(position: Header, orientation: Header, measures: Header) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cosines = _numbers(orientation, "ImageOrientationPatient", 6)
    spacing = _numbers(measures, "PixelSpacing", 2)
    thickness = _number(measures, "SliceThickness", 0.0)
    found["position_lps_mm"] = _numbers(position, "ImagePositionPatient", 3)
    found["row_lps"], found["column_lps"] = (None, None) if cosines is None else (cosines[:3], cosines[3:])
    found["spacing_mm_vu"] = spacing if spacing is None or min(spacing) > 0 else None
    found["thickness_mm"] = thickness if thickness > 0 else None
    return found


def _rescale(dataset: Header) -> dict[str, Any]:
    slope, intercept = _number(dataset, "RescaleSlope", 1.0), _number(dataset, "RescaleIntercept", 0.0)
    if slope == 0:
        raise _UnusableError("RescaleSlope")
    return {"slope": slope, "intercept": intercept}


def _is_localizer(image_type: object) -> bool:
    return image_type is not None and "LOCALIZER" in str(image_type).upper()


def _part(shared: Header, own: Header, sequence: str) -> Header:
    """A functional group's macro: the frame's own, else the shared one, else empty."""
    from pydicom.dataset import Dataset

    for group in (own, shared):
        items = group.get(sequence)
        if items:
            item: Header = items[0]
            return item
    return Dataset()


def _frames_of(dataset: Header, first: ImageSlice) -> list[ImageSlice]:
    """The frames of an enhanced multi-frame image, each with its own geometry and rescale."""
    from pydicom.dataset import Dataset

    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    own = dataset.get("PerFrameFunctionalGroupsSequence") or []
    if len(own) != first.layout.frames:
        raise _UnusableError("PerFrameFunctionalGroupsSequence")
    frames = []
    for number, group in enumerate(own):
        geometry = _geometry(
            _part(shared, group, "PlanePositionSequence"),
            _part(shared, group, "PlaneOrientationSequence"),
            _part(shared, group, "PixelMeasuresSequence"),
        )
        rescale = _rescale(_part(shared, group, "PixelValueTransformationSequence"))
        frame_type = _part(shared, group, "CTImageFrameTypeSequence").get("FrameType")
        frames.append(replace(first, frame=number, localizer=first.localizer or _is_localizer(frame_type), **geometry, **rescale))
    return frames


def _pixel_element(stream: BinaryIO, syntax: str) -> tuple[int, int | None] | None:
    """Offset and length of the pixel data that the stream stands before; None if it stands before none."""
    start = stream.tell()
    header = stream.read(12)
    order = "big" if syntax == BIG_ENDIAN else "little"
    tag = (int.from_bytes(header[0:2], order), int.from_bytes(header[2:4], order))  # type: ignore[arg-type]  # a Literal in two branches
    if tag != (0x7FE0, 0x0010):
        return None
    if syntax == IMPLICIT or not header[4:6].isalpha():
        offset, length = start + 8, int.from_bytes(header[4:8], order)  # type: ignore[arg-type]  # as above
    else:
        offset, length = start + 12, int.from_bytes(header[8:12], order)  # type: ignore[arg-type]  # as above
    if length == 0xFFFFFFFF:
        return offset, None
    # A truncated file has less than its header promises.
    return offset, min(length, max(0, stream.seek(0, 2) - offset))


def _syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    named = str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
    if named:
        return named
    implicit, little = dataset.original_encoding
    return IMPLICIT if implicit else (EXPLICIT if little else BIG_ENDIAN)


def read_dataset(path: Path) -> tuple[Dataset, str, tuple[int, int | None] | None]:
    """Parse a file up to its pixel data.

    Returns
    -------
    dataset, transfer syntax, (offset, length) of the pixel data or None

    Raises
    ------
    BadInputError
        ``scan.not_dicom``, ``scan.cannot_parse`` or ``scan.unreadable_file``.
    """
    import pydicom

    try:
        with open(path, "rb") as stream, quiet_pydicom():
            if not looks_like_dicom(stream.read(132)):
                raise BadInputError("scan.not_dicom", file=path.name)
            stream.seek(0)
            dataset = pydicom.dcmread(stream, force=True, stop_before_pixels=True)
            syntax = _syntax(dataset)
            if syntax != DEFLATED:
                return dataset, syntax, _pixel_element(stream, syntax)
            stream.seek(0)
            whole = pydicom.dcmread(stream)
            return whole, syntax, (-1, len(whole.PixelData)) if "PixelData" in whole else None
    except BadInputError:
        raise
    except OSError as error:
        if error.errno is None:  # pydicom's own EOFError-like OSErrors have no number
            raise BadInputError("scan.cannot_parse", file=path.name) from None
        raise BadInputError("scan.unreadable_file", file=path.name) from None
    except Exception:
        # pydicom raises whatever a damaged file provokes (struct.error, AttributeError, RecursionError …).
        raise BadInputError("scan.cannot_parse", file=path.name) from None


def _sop_class(dataset: Header) -> str:
    meta = getattr(dataset, "file_meta", None)
    named = dataset.get("SOPClassUID") or (meta.get("MediaStorageSOPClassUID") if meta is not None else None)
    return str(named or "")


def _why_no_image(sop_class: str) -> str:
    """A report has no pixels by nature; an image class without them was cut off."""
    from pydicom.uid import UID

    if not sop_class:
        return "scan.cannot_parse"
    return "scan.truncated" if "Image Storage" in UID(sop_class).name else "scan.no_image"


class Header(Protocol):
    """What is asked of a data set; pydicom's `Dataset` answers everything, `header_prefix` what it is sure of."""

    def get(self, key: str, default: Any = None, /) -> Any:  # noqa: D102
        ...

    def __contains__(self, key: str, /) -> bool: ...


def image_slices(path: Path) -> list[ImageSlice]:
    """Headers of all frames of a file, read with pydicom.

    Raises
    ------
    BadInputError
        What `read_dataset` and `slices_of` raise.
    """
    with quiet_pydicom():  # values are parsed when they are first looked at
        return slices_of(*read_dataset(path), path)


def slices_of(dataset: Header, syntax: str, pixels: tuple[int, int | None] | None, path: Path) -> list[ImageSlice]:
    """All frames that a header describes. It asks by keyword, with `get` and `in` only, so that `header_prefix` can stand in.

    Raises
    ------
    BadInputError
        ``scan.no_image`` for a DICOM object without pixels, ``scan.truncated`` for an image without them;
        ``scan.bad_header`` for values that can't be made sense of, with the attribute's keyword.
    """
    try:
        sop_class = _sop_class(dataset)
        if pixels is None or "Rows" not in dataset:
            raise BadInputError(_why_no_image(sop_class), file=path.name)
        layout = _layout(dataset, syntax, *pixels)
        first = ImageSlice(
            file=path,
            frame=0,
            series_uid=str(dataset.get("SeriesInstanceUID", "")),
            sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
            frame_of_reference=str(dataset.get("FrameOfReferenceUID", "")),
            modality=str(dataset.get("Modality", "")).strip().upper(),
            sop_class=sop_class,
            layout=layout,
            localizer=_is_localizer(dataset.get("ImageType")),
            lossy=syntax in LOSSY_SYNTAXES or str(dataset.get("LossyImageCompression", "")) == "01",
            padding=_padding(dataset, layout),
            **_geometry(dataset, dataset, dataset),
            **_rescale(dataset),
        )
        if sop_class in ENHANCED_CT:
            return _frames_of(dataset, first)
    except BadInputError:
        raise
    except _UnusableError as error:
        raise BadInputError("scan.bad_header", file=path.name, attribute=error.what) from None
    except Exception:
        # Values are parsed when they are first looked at; a damaged one may raise anything.
        raise BadInputError("scan.cannot_parse", file=path.name) from None
    return [first]


def _padding(dataset: Header, layout: PixelLayout) -> int | None:
    """Pixel Padding Value as a stored number; it is often written with the wrong sign."""
    value = dataset.get("PixelPaddingValue")
    if value is None or isinstance(value, bytes) or not str(value).lstrip("-").isdigit():
        return None
    number = int(value)
    if layout.signed and number >= 1 << (layout.bits_allocated - 1):
        number -= 1 << layout.bits_allocated
    return number
