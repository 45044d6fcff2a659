"""The scan as one multi-frame file: Enhanced CT, X-Ray 3D, secondary capture; groups complete, shuffled, or not what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items

from tests.imaging.odd_dicom import ORIGIN, SLICES, SPACING_MM_IJK, STORED, VALUES, OddCase, anything_goes, save, slices
from tests.imaging.odd_files import J2K, RLE, stream

ENHANCED, LEGACY = "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"
CRANIOFACIAL, ANGIOGRAPHIC = "1.2.840.10008.5.1.4.1.1.13.1.2", "1.2.840.10008.5.1.4.1.1.13.1.1"
WORD_CAPTURE, BYTE_CAPTURE = "1.2.840.10008.5.1.4.1.1.7.3", "1.2.840.10008.5.1.4.1.1.7.2"
SHUFFLED = [7, 0, 11, 3, 5, 1, 9, 2, 10, 4, 8, 6]


def item(**values: Any) -> Items:
    dataset = Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return Items([dataset])


def _group(k: int) -> Dataset:
    """A frame's own functional groups; k is its place in the stack."""
    group = Dataset()
    group.PlanePositionSequence = item(ImagePositionPatient=[ORIGIN[0], ORIGIN[1], ORIGIN[2] + SPACING_MM_IJK[2] * k])
    group.FrameContentSequence = item(StackID="1", InStackPositionNumber=k + 1, DimensionIndexValues=[1, k + 1])
    return group


def _shared() -> Dataset:
    group = Dataset()
    group.PlaneOrientationSequence = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    group.PixelMeasuresSequence = item(PixelSpacing=[SPACING_MM_IJK[1], SPACING_MM_IJK[0]], SliceThickness=SPACING_MM_IJK[2])
    group.PixelValueTransformationSequence = item(RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU")
    return group


Edit = Callable[[Dataset], None]


def multi(
    sop_class: str, *edits: Edit, order: Sequence[int] = SHUFFLED, modality: str = "CT", keep_flat: bool = False
) -> Callable[[Path], Path]:
    """One file with frames in any order."""

    def make(folder: Path) -> Path:
        slices(folder / "flat")
        with anything_goes():
            dataset = pydicom.dcmread(folder / "flat" / "IM0001.dcm")
            for path in (folder / "flat").iterdir():
                path.unlink()
            if not keep_flat:
                for name in (
                    "ImagePositionPatient",
                    "ImageOrientationPatient",
                    "PixelSpacing",
                    "SliceThickness",
                    "RescaleSlope",
                    "RescaleIntercept",
                ):
                    delattr(dataset, name)
            dataset.SOPClassUID, dataset.Modality, dataset.NumberOfFrames = sop_class, modality, len(order)
            dataset.PixelData = STORED[list(order)].tobytes()
            dataset.SharedFunctionalGroupsSequence = Items([_shared()])
            dataset.PerFrameFunctionalGroupsSequence = Items([_group(k) for k in order])
            for edit in edits:
                edit(dataset)
            save(dataset, folder / "flat" / "multi.dcm")
        return folder / "flat"

    return make


def all_in_frames(dataset: Dataset) -> None:
    """Every group repeated in each frame, in another order; none shared."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for n, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        for element in sorted(shared, key=lambda e: e.tag, reverse=n % 2 == 1):
            group.add(element)
    del dataset.SharedFunctionalGroupsSequence


def own_rescale(dataset: Dataset) -> None:
    for frame, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        group.PixelValueTransformationSequence = item(RescaleSlope="2", RescaleIntercept=str(-1000 - SHUFFLED[frame]), RescaleType="HU")


def _own_rescaled() -> list[np.ndarray]:
    return [STORED.astype(int) * 2 - 1000 - np.arange(SLICES)[:, None, None]]


def twice(**differing: Any) -> Edit:
    """Each frame a second time, brighter, with something that tells it apart in a group of its own."""

    def edit(dataset: Dataset) -> None:
        first = list(dataset.PerFrameFunctionalGroupsSequence)
        second = [_group(k) for k in SHUFFLED]
        for group in second:
            for sequence, values in differing.items():
                setattr(group, sequence, item(**values))
        dataset.PerFrameFunctionalGroupsSequence = Items([*first, *second])
        dataset.NumberOfFrames = 2 * SLICES
        dataset.PixelData = STORED[SHUFFLED].tobytes() + (STORED[SHUFFLED] + 50).astype("<u2").tobytes()

    return edit


def _two() -> list[np.ndarray]:
    return [VALUES, VALUES + 50]


def aside(dataset: Dataset) -> None:
    """A tilted gantry: a pixel further along the columns' direction from slice to slice."""
    for frame, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        place = group.PlanePositionSequence[0].ImagePositionPatient
        group.PlanePositionSequence[0].ImagePositionPatient = [place[0], place[1] + 0.25 * SHUFFLED[frame], place[2]]


def _upright() -> list[np.ndarray]:
    """Half a pixel further from slice to slice: copied, or the mean of two rows; the rest as dark as the darkest."""
    found = np.full((SLICES, 28, 18), np.nan)
    for k in range(SLICES):
        whole, half = divmod(k, 2)
        rows = np.pad(VALUES[k].astype(float), ((half, half), (0, 0)), mode="edge")
        found[k, whole : whole + 22 + half] = np.rint((rows[:-1] + rows[1:]) / 2) if half else rows
    return [np.nan_to_num(found, nan=float(np.nanmin(found)))]


def without_place(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence


def encapsulated(syntax: str, *, pieces: int = 1, table: bool = True, lost: int = 0, extra: int = 0) -> Edit:
    def edit(dataset: Dataset) -> None:
        streams = [stream(k, syntax) for k in [*SHUFFLED[: SLICES - lost], *SHUFFLED[:extra]]]
        dataset.PixelData = encapsulate(streams, fragments_per_frame=pieces, has_bot=table)
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = syntax

    return edit


def setting(**values: Any) -> Edit:
    def edit(dataset: Dataset) -> None:
        for name, value in values.items():
            setattr(dataset, name, value) if value is not None else delattr(dataset, name)

    return edit


def bytes_only(dataset: Dataset) -> None:
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = (STORED[SHUFFLED] >> 4).astype(np.uint8).tobytes()


def legacy(dataset: Dataset) -> None:
    """As a converter writes it: what it has no place for goes into groups of unassigned attributes."""
    for frame, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        group.UnassignedPerFrameConvertedAttributesSequence = item(InstanceNumber=frame + 1, AcquisitionNumber=frame + 1)
    dataset.SharedFunctionalGroupsSequence[0].UnassignedSharedConvertedAttributesSequence = item(ConvolutionKernel="H60")


def one_stack_each(dataset: Dataset) -> None:
    twice()(dataset)
    for group in dataset.PerFrameFunctionalGroupsSequence[SLICES:]:
        group.FrameContentSequence[0].StackID = "2"


def localizing(dataset: Dataset) -> None:
    dataset.SharedFunctionalGroupsSequence[0].CTImageFrameTypeSequence = item(FrameType=["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"])


APART, SPLIT = ("scan.told_apart",), ("scan.split_series",)
CASES = [
    OddCase("enhanced_ct", "Enhanced CT, frames in any order, orientation shared", multi(ENHANCED)),
    OddCase("enhanced_ct_per_frame", "Enhanced CT, all groups in each frame", multi(ENHANCED, all_in_frames)),
    OddCase(
        "enhanced_ct_own_rescale", "Enhanced CT, a rescale of its own for each frame", multi(ENHANCED, own_rescale), arrays=_own_rescaled
    ),
    OddCase("legacy_converted_ct", "Legacy Converted Enhanced CT", multi(LEGACY, legacy)),
    OddCase("craniofacial", "X-Ray 3D Craniofacial (dental cone beam)", multi(CRANIOFACIAL, modality="DX")),
    OddCase("angiographic", "X-Ray 3D Angiographic", multi(ANGIOGRAPHIC, modality="XA")),
    OddCase("frames_in_plain_ct", "CT Image Storage with frames and functional groups", multi("1.2.840.10008.5.1.4.1.1.2")),
    OddCase(
        "word_capture",
        "multi-frame secondary capture with complete geometry",
        multi(WORD_CAPTURE, modality="OT"),
        warnings=("scan.secondary_capture", "scan.not_ct"),
    ),
    OddCase(
        "byte_capture",
        "the same with 8 bits",
        multi(BYTE_CAPTURE, bytes_only),
        warnings=("scan.secondary_capture",),
        arrays=lambda: [(STORED >> 4).astype(int) - 1024],
    ),
    OddCase(
        "capture_without_groups",
        "multi-frame secondary capture that places its first frame only",
        multi(WORD_CAPTURE, setting(PerFrameFunctionalGroupsSequence=None), keep_flat=True),
        "scan.multiframe_unsupported",
    ),
    OddCase(
        "plain_ct_with_frames",
        "CT Image Storage with 12 frames and one position",
        multi("1.2.840.10008.5.1.4.1.1.2", setting(PerFrameFunctionalGroupsSequence=None), keep_flat=True),
        "scan.multiframe_unsupported",
    ),
    OddCase("enhanced_mr", "Enhanced MR", multi("1.2.840.10008.5.1.4.1.1.4.1", modality="MR"), "scan.multiframe_unsupported"),
    OddCase("enhanced_localizer", "Enhanced CT of localizer frames", multi(ENHANCED, localizing), "scan.localizer"),
    OddCase(
        "groups_too_few",
        "fewer functional groups than frames",
        multi(ENHANCED, lambda d: d.PerFrameFunctionalGroupsSequence.pop()),
        "scan.bad_header",
    ),
    OddCase("group_without_place", "one frame without a position", multi(ENHANCED, without_place), "scan.no_geometry"),
    OddCase(
        "enhanced_missing_frame",
        "a frame missing in the middle",
        multi(ENHANCED, order=[k for k in SHUFFLED if k != 6]),
        "scan.missing_slices",
    ),
    OddCase(
        "enhanced_tilt",
        "Enhanced CT of a tilted gantry",
        multi(ENHANCED, aside),
        warnings=("scan.tilt_corrected",),
        arrays=_upright,
        own_matrix=False,
    ),
    OddCase(
        "enhanced_two_times",
        "two points in time in one file",
        multi(
            ENHANCED,
            twice(
                TemporalPositionSequence={"TemporalPositionTimeOffset": 1.0},
                FrameContentSequence={"StackID": "1", "TemporalPositionIndex": 2},
            ),
        ),
        warnings=APART,
        arrays=_two,
    ),
    OddCase(
        "enhanced_two_kernels",
        "two kernels in one file",
        multi(ENHANCED, twice(CTReconstructionSequence={"ConvolutionKernel": "SHARP"})),
        warnings=SPLIT,
        arrays=_two,
    ),
    OddCase("enhanced_two_stacks", "two stacks in one file", multi(ENHANCED, one_stack_each), warnings=SPLIT, arrays=_two),
    OddCase("enhanced_doubled", "each frame twice, nothing tells them apart", multi(ENHANCED, twice()), "scan.duplicate_slices"),
    OddCase(
        "frames_fewer_than_data",
        "fewer frames named than there are",
        multi(ENHANCED, lambda d: (setting(NumberOfFrames=11)(d), d.PerFrameFunctionalGroupsSequence.pop())[0]),
        "scan.more_pixels",
    ),
    OddCase(
        "frames_more_than_data",
        "more frames named than there are",
        multi(ENHANCED, lambda d: setattr(d, "PixelData", d.PixelData[:-792])),
        "scan.truncated",
    ),
    OddCase("frames_rle", "RLE frames with an offset table", multi(ENHANCED, encapsulated(RLE))),
    OddCase("frames_rle_no_table", "RLE frames without an offset table", multi(ENHANCED, encapsulated(RLE, table=False))),
    OddCase("frames_j2k_pieces", "JPEG 2000 frames of three fragments each", multi(ENHANCED, encapsulated(J2K, pieces=3))),
    OddCase("frames_j2k_pieces_no_table", "the same without an offset table", multi(ENHANCED, encapsulated(J2K, pieces=3, table=False))),
    OddCase("frames_stream_lost", "a compressed frame missing", multi(ENHANCED, encapsulated(J2K, lost=1)), "scan.truncated"),
    OddCase("frames_stream_extra", "a compressed frame too many", multi(ENHANCED, encapsulated(J2K, extra=1)), "scan.more_frames"),
    OddCase("dose", "a dose grid", multi("1.2.840.10008.5.1.4.1.1.481.2", modality="RTDOSE"), "scan.multiframe_unsupported"),
]
