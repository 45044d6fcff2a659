"""One DICOM file's header as plain numbers: an `ImageSlice` per frame, or the reason why there is none.

Nothing that names a person is kept.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sos_studio.core.errors import BadInputError
from sos_studio.imaging.deflated import DEFLATED, META_BYTES, read_deflated, says_deflated
from sos_studio.imaging.dicom_frames import FRAMED, frames_of, geometry, is_localizer
from sos_studio.imaging.encapsulation import first_bytes, stream_family
from sos_studio.imaging.header_values import Header, UnusableError, whole
from sos_studio.imaging.modality_lut import ModalityLut, padding_number, value_rule
from sos_studio.imaging.not_dicom import why_not
from sos_studio.imaging.variants import kin

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Vector = tuple[float, float, float]

BIG_ENDIAN = "1.2.840.10008.1.2.2"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
# A header in little endian, pixels in big endian: General Electric's own.
GE_BIG_ENDIAN_PIXELS = "1.2.840.113619.5.2"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"

UNCOMPRESSED = frozenset({IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, GE_BIG_ENDIAN_PIXELS})

# Transfer syntaxes that always lose information, and those that may.
LOSSY_SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55, 81))

# A frame larger than this is a header that lies.
MAX_SIDE_PX = 16384
MAX_FRAMES = 10_000
# Pixels as floating-point numbers, and how many bits they have.
_EXPLICIT_PIXELS = frozenset({b"OB\0\0", b"OW\0\0", b"UN\0\0"})
_FLOAT_PIXELS = {(0x7FE0, 0x0008): 32, (0x7FE0, 0x0009): 64}


@dataclass(frozen=True)
class PixelLayout:
    """How the stored numbers of a frame are packed and where they lie in the file.

    Attributes
    ----------
    offset, length
        Of the pixel data's value in the file, as far as the file reaches; `length` is None when it is encapsulated
        (undefined). In a deflated file they count from the begin of what it inflates to.
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

    @property
    def byte_order(self) -> str:
        """Of uncompressed pixels, as numpy writes it."""
        return ">" if self.transfer_syntax in (BIG_ENDIAN, GE_BIG_ENDIAN_PIXELS) else "<"


@dataclass(frozen=True)
class ImageSlice:
    """One image plane: geometry in LPS millimetres (None where the header is silent) and how to get its values.

    Attributes
    ----------
    spacing_mm_vu
        Distance between rows, distance between columns (the order of DICOM's Pixel Spacing).
    slope, intercept
        ``value = slope · stored + intercept``, after the `lut` if there is one.
    padding
        Stored number of pixels outside the scanner's field.
    high_padding
        Lowest and highest stored number of padding that would show bright; None where padding is dark as it is.
    framed
        Whether the header places this frame of several by functional groups.
    kin
        What all slices of one volume share; compared, never shown.
    remarks
        Codes of reservations that this header gives rise to.
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
    lut: ModalityLut | None = None
    high_padding: tuple[int, int] | None = None
    framed: bool = False
    kin: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


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


def _layout(dataset: Header, syntax: str, offset: int, length: int | None) -> PixelLayout:
    bits_allocated = whole(dataset, "BitsAllocated")
    bits_stored = whole(dataset, "BitsStored", bits_allocated)
    layout = PixelLayout(
        transfer_syntax=syntax,
        rows=whole(dataset, "Rows"),
        columns=whole(dataset, "Columns"),
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=whole(dataset, "HighBit", bits_stored - 1),
        signed=whole(dataset, "PixelRepresentation", 0) == 1,
        samples=whole(dataset, "SamplesPerPixel", 1),
        photometric=str(dataset.get("PhotometricInterpretation", "")).strip(),
        # Some writers say 0 of a single picture; its length will tell.
        frames=whole(dataset, "NumberOfFrames", 1) or 1,
        offset=offset,
        length=length,
    )
    if not (0 < layout.rows <= MAX_SIDE_PX and 0 < layout.columns <= MAX_SIDE_PX):
        raise UnusableError("Rows")
    if not 0 < layout.frames <= MAX_FRAMES:
        raise UnusableError("NumberOfFrames")
    if not 0 < bits_stored <= bits_allocated:
        raise UnusableError("BitsStored")
    if not bits_stored - 1 <= layout.high_bit < bits_allocated:
        raise UnusableError("HighBit")
    return layout


def _settled(layout: PixelLayout, path: Path) -> tuple[PixelLayout, tuple[str, ...]]:
    """The layout with the transfer syntax that the pixel data themselves show, and the remark that goes with it.

    Undefined length is how compressed streams are stored; where the header calls them native, the stream's own signature tells. A
    defined length that is exactly that of native pixels is native, whatever the header says.
    """
    native, encapsulated = layout.transfer_syntax in UNCOMPRESSED, layout.length is None
    if native and encapsulated and layout.transfer_syntax != DEFLATED:
        with open(path, "rb") as stream:
            family = stream_family(first_bytes(stream, layout.offset))
        if family is not None:
            return replace(layout, transfer_syntax=family), ("scan.syntax_corrected",)
    if not native and layout.length is not None and layout.length - layout.frames * layout.frame_bytes in (0, 1):
        return replace(layout, transfer_syntax=EXPLICIT), ("scan.syntax_corrected",)
    if layout.high_bit != layout.bits_stored - 1 and layout.transfer_syntax not in UNCOMPRESSED:
        # A decoder gives numbers, not words with bits to spare.
        raise UnusableError("HighBit")
    return layout, ()


def _pixel_element(stream: BinaryIO, syntax: str) -> tuple[int, int | None] | None:
    """Offset and length of the pixel data that the stream stands before; None if it stands before none."""
    start = stream.tell()
    header = stream.read(12)
    order = "big" if syntax == BIG_ENDIAN else "little"
    tag = (int.from_bytes(header[0:2], order), int.from_bytes(header[2:4], order))  # type: ignore[arg-type]  # a Literal in two branches
    if tag in _FLOAT_PIXELS:
        raise BadInputError("scan.unsupported_pixels", bits=_FLOAT_PIXELS[tag])
    if tag != (0x7FE0, 0x0010):
        return None
    # The bytes tell, not the syntax's name: pydicom reads what is there. As a length they would be odd, which none is.
    if header[4:8] in _EXPLICIT_PIXELS:
        offset, length = start + 12, int.from_bytes(header[8:12], order)  # type: ignore[arg-type]  # as above
    else:
        offset, length = start + 8, int.from_bytes(header[4:8], order)  # type: ignore[arg-type]  # as above
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
        ``scan.not_dicom`` and its fellows of `not_dicom.why_not`, ``scan.cannot_parse`` or ``scan.unreadable_file``.
    """
    import pydicom

    try:
        with open(path, "rb") as stream, quiet_pydicom():
            start = stream.read(META_BYTES)
            if not looks_like_dicom(start):
                raise why_not(path, start)
            if says_deflated(start, stream):
                inflated, inside = read_deflated(path)
                return inflated, DEFLATED, _pixel_element(inside, EXPLICIT)
            stream.seek(0)
            dataset = pydicom.dcmread(stream, force=True, stop_before_pixels=True)
            syntax = _syntax(dataset)
            return dataset, syntax, _pixel_element(stream, syntax)
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
        layout, remarks = _settled(_layout(dataset, syntax, *pixels), path)
        rule = value_rule(dataset, dataset, layout, sop_class).fields()
        first = ImageSlice(
            file=path,
            frame=0,
            series_uid=str(dataset.get("SeriesInstanceUID", "")),
            sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
            frame_of_reference=str(dataset.get("FrameOfReferenceUID", "")),
            modality=str(dataset.get("Modality", "")).strip().upper(),
            sop_class=sop_class,
            layout=layout,
            localizer=is_localizer(dataset.get("ImageType")),
            lossy=syntax in LOSSY_SYNTAXES or str(dataset.get("LossyImageCompression", "")) == "01",
            padding=padding_number(dataset, "PixelPaddingValue", layout),
            kin=kin([dataset]),
            **geometry(dataset, dataset, dataset),
            **{**rule, "remarks": (*remarks, *rule["remarks"])},
        )
        if sop_class in FRAMED and "PerFrameFunctionalGroupsSequence" in dataset:
            return frames_of(dataset, first)
    except BadInputError:
        raise
    except UnusableError as error:
        raise BadInputError("scan.bad_header", file=path.name, attribute=error.what) from None
    except OSError:
        raise BadInputError("scan.unreadable_file", file=path.name) from None
    except Exception:
        # Values are parsed when they are first looked at; a damaged one may raise anything.
        raise BadInputError("scan.cannot_parse", file=path.name) from None
    return [first]
