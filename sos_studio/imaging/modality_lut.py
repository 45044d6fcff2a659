"""From stored numbers to values: slope and intercept, look-up table, polarity and padding, as the header has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sos_studio.imaging.header_values import Header, UnusableError, number, numbers

if TYPE_CHECKING:
    from sos_studio.imaging.dicom_headers import ImageSlice, PixelLayout

CT_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"})
# Padding at or below this is as dark as air and needs no care.
_AIR_HU = -1000
_MAX_ENTRIES = 1 << 16
# No scanner's slope or intercept is larger; stored numbers of 32 bits times it stay within 64.
_LARGEST = 1e9

KEPT = "scan.monochrome1_kept"
INVERTED = "scan.monochrome1_inverted"


@dataclass(frozen=True)
class ModalityLut:
    """A table of values; numbers before the first and behind the last entry have that entry's value."""

    first: int
    values: tuple[int, ...]


@dataclass(frozen=True)
class ValueRule:
    """How a frame's stored numbers become values.

    Attributes
    ----------
    slope, intercept
        ``value = slope · stored + intercept`` (1 and 0 where there is a `lut`).
    high_padding
        Lowest and highest stored number of padding that would show bright; None where padding is dark as it is.
    remark
        Code of the reservation that goes with it, or "".
    """

    slope: float
    intercept: float
    lut: ModalityLut | None = None
    high_padding: tuple[int, int] | None = None
    remark: str = ""

    def fields(self) -> dict[str, Any]:
        """What `ImageSlice` holds of it."""
        remarks = (self.remark,) if self.remark else ()
        return {"slope": self.slope, "intercept": self.intercept, "lut": self.lut, "high_padding": self.high_padding, "remarks": remarks}


def _rescale(group: Header, dataset: Header) -> tuple[float, float]:
    source = group if "RescaleSlope" in group or "RescaleIntercept" in group else dataset
    slope, intercept = number(source, "RescaleSlope", 1.0), number(source, "RescaleIntercept", 0.0)
    if slope == 0 or abs(slope) > _LARGEST:
        raise UnusableError("RescaleSlope")
    if abs(intercept) > _LARGEST:
        raise UnusableError("RescaleIntercept")
    return slope, intercept


def _entries(item: Header, count: int, bits: int, order: str) -> npt.NDArray[np.int64]:
    """The table's data, whichever way it is packed: bytes, or 16-bit words of one or two entries."""
    data = item.get("LUTData")
    if isinstance(data, bytes):
        if bits == 8 and len(data) in (count, count + count % 2):
            return np.frombuffer(data, np.uint8)[:count].astype(np.int64)
        data = np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2")
    words = np.atleast_1d(np.asarray(data)).astype(np.int64) & 0xFFFF
    if len(words) == count:
        return words
    if bits == 8 and len(words) == (count + 1) // 2:
        return np.stack([words & 0xFF, words >> 8], axis=1).reshape(-1)[:count]
    raise UnusableError("ModalityLUTSequence")


def _table(dataset: Header, layout: PixelLayout) -> ModalityLut | None:
    items = dataset.get("ModalityLUTSequence")
    if not items:
        return None
    descriptor = numbers(items[0], "LUTDescriptor", 3)
    if descriptor is None or len(items) != 1:
        raise UnusableError("ModalityLUTSequence")
    count, first, bits = (int(v) for v in descriptor)
    count = (count & 0xFFFF) or _MAX_ENTRIES
    if not 8 <= bits <= 16:
        raise UnusableError("ModalityLUTSequence")
    first &= 0xFFFF
    if layout.signed and first >= 1 << 15:
        first -= 1 << 16
    return ModalityLut(first, tuple(int(v) for v in _entries(items[0], count, bits, layout.byte_order)))


def stored_ends(layout: PixelLayout) -> tuple[int, int]:
    """Lowest and highest number that the stored bits can hold."""
    if layout.signed:
        return -(1 << (layout.bits_stored - 1)), (1 << (layout.bits_stored - 1)) - 1
    return 0, (1 << layout.bits_stored) - 1


def padding_number(dataset: Header, name: str, layout: PixelLayout) -> int | None:
    """A padding attribute as a stored number; it is often written with the wrong sign."""
    value = dataset.get(name)
    if value is None or isinstance(value, bytes) or not str(value).lstrip("-").isdigit():
        return None
    found = int(value)
    if layout.signed and found >= 1 << (layout.bits_allocated - 1):
        found -= 1 << layout.bits_allocated
    if not layout.signed and found < 0:
        found += 1 << layout.bits_allocated
    return found


def _high_padding(dataset: Header, layout: PixelLayout, slope: float, intercept: float) -> tuple[int, int] | None:
    padding = padding_number(dataset, "PixelPaddingValue", layout)
    if padding is None:
        return None
    limit = padding_number(dataset, "PixelPaddingRangeLimit", layout)
    low, high = sorted((padding, padding if limit is None else limit))
    darkest = stored_ends(layout)[0] if slope > 0 else stored_ends(layout)[1]
    dark = darkest in (low, high) or max(low * slope, high * slope) + intercept <= _AIR_HU
    return None if dark else (low, high)


def _is_physical(dataset: Header, group: Header, sop_class: str) -> bool:
    """Whether values are Hounsfield units, whatever the header wants to be shown as white."""
    kind = str(group.get("RescaleType") or dataset.get("RescaleType") or "HU").strip().upper()
    return sop_class in CT_CLASSES and kind not in ("US", "OD")


def value_rule(dataset: Header, group: Header, layout: PixelLayout, sop_class: str) -> ValueRule:
    """How stored numbers become values.

    MONOCHROME1 asks to show low values as white. Hounsfield units keep their meaning whatever is asked: bone stays high. Values
    without such a meaning are turned over, so that what was meant to be white is high, as everywhere in this program.

    Parameters
    ----------
    group
        A frame's own pixel value transformation; the dataset itself for single-frame images.

    Raises
    ------
    UnusableError
        If the values make no sense, or two different rules are given.
    """
    slope, intercept = _rescale(group, dataset)
    lut = _table(dataset, layout)
    if lut is not None and (slope, intercept) != (1.0, 0.0):
        raise UnusableError("ModalityLUTSequence")
    padding = None if lut is not None else _high_padding(dataset, layout, slope, intercept)
    if str(dataset.get("PhotometricInterpretation", "")).strip() != "MONOCHROME1":
        return ValueRule(slope, intercept, lut, padding)
    if _is_physical(dataset, group, sop_class):
        return ValueRule(slope, intercept, lut, padding, KEPT)
    if lut is not None:
        turned = ModalityLut(lut.first, tuple(max(lut.values) + min(lut.values) - v for v in lut.values))
        return ValueRule(slope, intercept, turned, None, INVERTED)
    low, high = stored_ends(layout)
    slope, intercept = -slope, intercept + slope * (low + high)
    return ValueRule(slope, intercept, None, _high_padding(dataset, layout, slope, intercept), INVERTED)


def applied(stored: npt.NDArray[Any], image: ImageSlice) -> npt.NDArray[Any]:
    """Stored numbers with bright padding made as dark as the darkest measurement, and sent through the look-up table if any."""
    if image.high_padding is not None:
        stored = _without_padding(stored, image)
    if image.lut is None:
        return stored
    table = np.array(image.lut.values, np.int32)
    index = stored.astype(np.int64) - image.lut.first
    found: npt.NDArray[Any] = table[np.clip(index, 0, len(table) - 1)]
    return found


def _without_padding(stored: npt.NDArray[Any], image: ImageSlice) -> npt.NDArray[Any]:
    low, high = image.high_padding or (0, 0)
    is_padding = (stored >= low) & (stored <= high)
    if not is_padding.any():
        return stored
    measured = stored[~is_padding]
    ends = stored_ends(image.layout) if measured.size == 0 else (int(measured.min()), int(measured.max()))
    cleaned = stored.copy()
    cleaned[is_padding] = ends[0] if image.slope > 0 else ends[1]
    return cleaned
