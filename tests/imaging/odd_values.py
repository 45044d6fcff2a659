"""Pixels that mean something else than they seem to."""

from __future__ import annotations

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.imaging.odd_dicom import COLUMNS, ROWS, STORED, VALUES, OddCase, only, patched, setting, writer

OTHER_CLASS = "1.2.840.10008.5.1.4.1.1.7"
LUT_FIRST, LUT_SIZE = 100, 3000


def _slopes(dataset: Dataset, k: int) -> None:
    dataset.RescaleSlope, dataset.RescaleIntercept = f"{1 + k / 4}", f"{-1000 - k}"


def _scaled() -> list[np.ndarray]:
    k = np.arange(len(STORED))[:, None, None]
    return [STORED * (1 + k / 4) + (-1000 - k)]


def _table() -> np.ndarray:
    return (np.arange(LUT_SIZE) * 2 + 7).astype(np.uint16)


def _lut(packing: str) -> object:
    def change(dataset: Dataset, k: int) -> None:
        item = Dataset()
        item.add(DataElement("LUTDescriptor", "US", [LUT_SIZE, LUT_FIRST, 16]))
        item.ModalityLUTType = "HU"
        if packing == "OW":
            item.add(DataElement("LUTData", "OW", _table().tobytes()))
        else:
            item.add(DataElement("LUTData", "US", [int(v) for v in _table()]))
        del dataset.RescaleSlope, dataset.RescaleIntercept
        dataset.ModalityLUTSequence = Sequence([item])

    return change


def _looked_up() -> list[np.ndarray]:
    return [_table()[np.clip(STORED.astype(int) - LUT_FIRST, 0, LUT_SIZE - 1)].astype(int)]


def _signed_lut(dataset: Dataset, k: int) -> None:
    """Stored numbers from -1024 up, the table's first one negative and written as unsigned."""
    item = Dataset()
    item.add(DataElement("LUTDescriptor", "US", [4096, 65536 - 1024, 16]))
    item.add(DataElement("LUTData", "OW", np.arange(4096, dtype="<u2").tobytes()))
    del dataset.RescaleSlope, dataset.RescaleIntercept
    dataset.ModalityLUTSequence = Sequence([item])
    dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 1, 16, 15
    dataset.PixelData = VALUES[k].astype("<i2").tobytes()


def _lut_of_bytes(dataset: Dataset, k: int) -> None:
    """256 entries of 8 bits for pixels of 8 bits."""
    item = Dataset()
    item.add(DataElement("LUTDescriptor", "US", [256, 0, 8]))
    item.add(DataElement("LUTData", "OW", np.arange(255, -1, -1).astype(np.uint8).tobytes()))
    del dataset.RescaleSlope, dataset.RescaleIntercept
    dataset.ModalityLUTSequence = Sequence([item])
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = (STORED[k] >> 4).astype(np.uint8).tobytes()


def _inverted(dataset: Dataset, k: int) -> None:
    dataset.PixelData = (4095 - STORED[k]).astype("<u2").tobytes()


def _corners() -> np.ndarray:
    j, i = np.indices((ROWS, COLUMNS))
    return (j + i < 6) | (j - i > 14)


def _padded(number: int, *, signed: bool = False, limit: int | None = None) -> object:
    def change(dataset: Dataset, k: int) -> None:
        pixels = STORED[k].astype(np.int64)
        pixels[_corners()] = number
        if limit is not None:
            pixels[0, 0] = limit
        dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 15, int(signed)
        dataset.PixelData = (pixels & 0xFFFF).astype("<u2").tobytes()
        dataset.add(DataElement("PixelPaddingValue", "SS" if number < 0 else "US", number))
        if limit is not None:
            dataset.add(DataElement("PixelPaddingRangeLimit", "SS" if limit < 0 else "US", limit))

    return change


def _darkened() -> list[np.ndarray]:
    found = VALUES.copy()
    for plane in found:
        plane[_corners()] = plane[~_corners()].min()
    return [found]


def _low_padding() -> list[np.ndarray]:
    found = VALUES.copy()
    found[:, _corners()] = -2000 - 1024
    return [found]


def _bits(left: int, above: int) -> object:
    """Pixels moved up by `left` bits, with `above` in the bits over them."""

    def change(dataset: Dataset, k: int) -> None:
        dataset.PixelData = ((STORED[k].astype(np.uint32) << left | above) & 0xFFFF).astype("<u2").tobytes()

    return change


def _overlay(dataset: Dataset, k: int) -> None:
    drawn = np.zeros((ROWS, COLUMNS), np.uint16)
    drawn[3:9, 5:11] = 0x8000
    dataset.PixelData = (STORED[k] | drawn).tobytes()
    dataset.add_new(0x60000010, "US", ROWS)
    dataset.add_new(0x60000011, "US", COLUMNS)
    dataset.add_new(0x60000040, "CS", "G")
    dataset.add_new(0x60000050, "SS", [1, 1])
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 15)


def _eight(dataset: Dataset, k: int) -> None:
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = (STORED[k] >> 4).astype(np.uint8).tobytes()


def _thirty_two(dataset: Dataset, k: int) -> None:
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 32, 32, 31, 1
    dataset.RescaleIntercept = "0"
    dataset.PixelData = VALUES[k].astype("<i4").tobytes()


def _signed_twelve(dataset: Dataset, k: int) -> None:
    dataset.PixelRepresentation, dataset.RescaleIntercept = 1, "0"
    dataset.PixelData = (VALUES[k] & 0x0FFF).astype("<u2").tobytes()


def _floats(dataset: Dataset, k: int) -> None:
    del dataset.PixelData
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = VALUES[k].astype("<f4").tobytes()


CASES = [
    OddCase("rescale_per_slice", "every slice has a slope and intercept of its own", writer(_slopes), arrays=_scaled, tolerance=1e-3),
    OddCase("modality_lut_ow", "modality LUT in place of slope and intercept, as bytes", writer(_lut("OW")), arrays=_looked_up),
    OddCase("modality_lut_us", "modality LUT as numbers", writer(_lut("US")), arrays=_looked_up),
    OddCase("modality_lut_signed", "modality LUT that begins at a negative number", writer(_signed_lut), arrays=lambda: [VALUES + 1024]),
    OddCase("modality_lut_8_bit", "modality LUT of 8-bit entries", writer(_lut_of_bytes), arrays=lambda: [255 - (STORED >> 4).astype(int)]),
    OddCase(
        "lut_and_rescale",
        "modality LUT and a slope contradict each other",
        writer(_lut("OW"), setting(RescaleSlope="2", RescaleIntercept="0")),
        "scan.bad_header",
    ),
    OddCase(
        "monochrome1_ct",
        "CT numbers that ask to be shown inverted",
        writer(setting(PhotometricInterpretation="MONOCHROME1")),
        warnings=("scan.monochrome1_kept",),
    ),
    OddCase(
        "monochrome1_capture",
        "converted images that store bright as low",
        writer(_inverted, setting(PhotometricInterpretation="MONOCHROME1", SOPClassUID=OTHER_CLASS, RescaleType="US")),
        warnings=("scan.monochrome1_inverted", "scan.secondary_capture"),
    ),
    OddCase("padding_high", "padding of 65535 around the field", writer(_padded(65535)), arrays=_darkened),
    OddCase("padding_wrong_sign", "padding of -2000 in unsigned pixels", writer(_padded(-2000)), arrays=_darkened),
    OddCase("padding_range", "padding from 5000 to 5010", writer(_padded(5000, limit=5010)), arrays=_darkened),
    OddCase("padding_low", "padding of -2000 in signed pixels: dark as it is", writer(_padded(-2000, signed=True)), arrays=_low_padding),
    OddCase("overlay_in_pixels", "an overlay drawn into an unused bit", writer(_overlay)),
    OddCase("garbage_high_bits", "unused high bits set to one", writer(_bits(0, 0xF000))),
    OddCase("left_justified", "high bit 15 of 12 stored bits", writer(_bits(4, 0), setting(HighBit=15))),
    OddCase("wrong_high_bit", "high bit 15, but the numbers lie in the low bits", writer(setting(HighBit=15)), "scan.bad_header"),
    OddCase("high_bit_too_low", "high bit below the stored bits", writer(setting(HighBit=7)), "scan.bad_header"),
    OddCase("bits_stored_beyond", "more bits stored than allocated", writer(setting(BitsStored=20, HighBit=19)), "scan.bad_header"),
    OddCase("eight_bits", "8 bits per pixel", writer(_eight), arrays=lambda: [(STORED >> 4).astype(int) - 1024]),
    OddCase("thirty_two_bits", "32 bits per pixel", writer(_thirty_two)),
    OddCase("twelve_bits_signed", "signed numbers in 12 of 16 bits", writer(_signed_twelve)),
    OddCase("twelve_bits_packed", "12 bits allocated", writer(setting(BitsAllocated=12)), "scan.unsupported_pixels"),
    OddCase("float_pixels", "pixels as floating-point numbers", writer(_floats), "scan.unsupported_pixels"),
    OddCase("slope_zero", "rescale slope 0", writer(setting(RescaleSlope="0")), "scan.bad_header"),
    OddCase("slope_beyond_reason", "rescale slope 1e300", writer(setting(RescaleSlope="1e300")), "scan.bad_header"),
    OddCase(
        "intercept_of_letters",
        "rescale intercept is a word",
        patched(writer(setting(RescaleIntercept="-98765")), b"-98765", b"none  "),
        "scan.bad_header",
    ),
    OddCase(
        "no_rescale",
        "no slope and no intercept",
        writer(setting(RescaleSlope=None, RescaleIntercept=None)),
        arrays=lambda: [STORED.astype(int)],
    ),
    OddCase("colour", "RGB", writer(setting(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)), "scan.colour"),
    OddCase("palette", "palette colour", writer(setting(PhotometricInterpretation="PALETTE COLOR")), "scan.colour"),
    OddCase(
        "one_slice_of_another_depth",
        "one slice has 16 stored bits, the others 12",
        writer(only(lambda k: k == 4, setting(BitsStored=16, HighBit=15))),
    ),
]
