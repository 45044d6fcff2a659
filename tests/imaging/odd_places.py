"""Slices that lie otherwise than one above the other, and series that hold more than one volume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from tests.imaging.odd_dicom import (
    COLUMNS,
    ROWS,
    SLICES,
    STORED,
    VALUES,
    Change,
    OddCase,
    move,
    only,
    patched,
    save,
    setting,
    slices,
    writer,
)


def _second(*changes: Change, which: Callable[[int], bool] = lambda k: True) -> Callable[[Path], Path]:
    """The series twice, the second time changed, under the same series' name in the same folder."""

    def make(folder: Path) -> Path:
        slices(folder)
        for k, path in enumerate(sorted(folder.glob("IM*.dcm"))):
            if which(k):
                dataset = pydicom.dcmread(path)
                dataset.SOPInstanceUID += ".2"
                brighter(dataset, k)
                for change in changes:
                    change(dataset, k)
                save(dataset, folder / f"J{k:03d}")
        return folder

    return make


def brighter(dataset: Dataset, k: int) -> None:
    dataset.PixelData = (STORED[k] + 50).astype("<u2").tobytes()


def _two() -> list[np.ndarray]:
    return [VALUES, VALUES + 50]


def _without(*numbers: int) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        slices(folder)
        for k in numbers:
            (folder / f"IM{k + 1:04d}.dcm").unlink()
        return folder

    return make


def _four_versions(folder: Path) -> Path:
    """Two energies, each at two points in time."""
    slices(folder, setting(KVP="80", TemporalPositionIdentifier="1"))
    for n, (voltage, time) in enumerate([("80", "2"), ("140", "1"), ("140", "2")]):
        for k, path in enumerate(sorted(folder.glob("IM*.dcm"))):
            dataset = pydicom.dcmread(path)
            dataset.SOPInstanceUID += f".{n + 2}"
            dataset.KVP, dataset.TemporalPositionIdentifier = voltage, time
            dataset.PixelData = (STORED[k] + 50 * (n + 1)).astype("<u2").tobytes()
            save(dataset, folder / f"J{n}{k:03d}")
    return folder


def _four() -> list[np.ndarray]:
    return [VALUES, VALUES + 100, VALUES + 50, VALUES + 150]


def _half_step(dataset: Dataset, k: int) -> None:
    move(lambda _: (0.0, 0.0, 0.4))(dataset, k)
    dataset.ConvolutionKernel = "SHARP"


def _wider(dataset: Dataset, k: int) -> None:
    wide = np.pad(STORED[k] + 50, ((0, 4), (0, 2)))
    dataset.Rows, dataset.Columns = wide.shape
    dataset.PixelData = wide.astype("<u2").tobytes()


def _wider_too() -> list[np.ndarray]:
    # The larger series is listed first.
    return [np.pad(VALUES + 1024 + 50, ((0, 0), (0, 4), (0, 2))) - 1024, VALUES]


def _sagittal(dataset: Dataset, k: int) -> None:
    dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    dataset.ImagePositionPatient = [k * 0.8, 0, 0]


def _with_screen(folder: Path) -> Path:
    """A colour picture of the screen at the end of the series."""
    slices(folder)
    dataset = pydicom.dcmread(folder / "IM0012.dcm")
    dataset.SOPInstanceUID += ".9"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = bytes(ROWS * COLUMNS * 3)
    save(dataset, folder / "screen")
    return folder


def _with_localizer(folder: Path) -> Path:
    """A scout under the same series and at the same direction."""
    slices(folder)
    dataset = pydicom.dcmread(folder / "IM0003.dcm")
    dataset.SOPInstanceUID += ".9"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    dataset.ImagePositionPatient = [0, 0, 900]
    save(dataset, folder / "scout")
    return folder


def _with_unreadable(folder: Path) -> Path:
    slices(folder)
    (folder / "IM0007.dcm").write_bytes((folder / "IM0007.dcm").read_bytes()[:300])
    return folder


SPLIT = ("scan.split_series",)
APART = ("scan.told_apart",)

CASES = [
    OddCase("reversed", "instance numbers against the positions", writer(setting(InstanceNumber=lambda k: SLICES - k))),
    OddCase(
        "lying_tags",
        "spacing between slices, thickness and slice location that lie",
        writer(setting(SpacingBetweenSlices="3.3", SliceThickness="5", SliceLocation=lambda k: 100 - k * 7)),
    ),
    OddCase("untold_tilt_tag", "a gantry tilt tag, but slices that stand straight", writer(setting(GantryDetectorTilt="22"))),
    OddCase(
        "rounded_positions",
        "positions rounded to a hundredth of a millimetre",
        writer(move(lambda k: (0.0, 0.0, 0.004 * (-1) ** k))),
        own_matrix=False,
    ),
    OddCase("missing_slice", "one slice missing", _without(5), "scan.missing_slices"),
    OddCase("missing_unreadable", "one slice damaged", _with_unreadable, "scan.missing_damaged"),
    OddCase(
        "duplicate_slice",
        "another image at one slice's position, nothing tells them apart",
        _second(which=lambda k: k == 4),
        "scan.duplicate_slices",
    ),
    OddCase("doubled_series", "two images at each position, nothing tells them apart", _second(), "scan.duplicate_slices"),
    OddCase(
        "exact_copies",
        "each file twice",
        _second(
            lambda dataset, k: (
                setattr(dataset, "SOPInstanceUID", dataset.SOPInstanceUID[:-2]),
                setattr(dataset, "PixelData", STORED[k].tobytes()),
            )[0]
        ),
        warnings=("scan.copies_ignored",),
    ),
    OddCase(
        "uneven", "one slice a quarter step off", writer(only(lambda k: k == 5, move(lambda k: (0.0, 0.0, 0.2)))), "scan.uneven_slices"
    ),
    OddCase("growing_steps", "steps that grow", writer(move(lambda k: (0.0, 0.0, 0.01 * k * k))), "scan.uneven_slices"),
    OddCase(
        "scattered",
        "one slice two millimetres aside",
        writer(only(lambda k: k == 5, move(lambda k: (2.0, 0.0, 0.0)))),
        "scan.scattered_slices",
    ),
    OddCase("same_position", "all slices at one position", writer(setting(ImagePositionPatient=[1, 2, 3])), "scan.same_position"),
    OddCase(
        "no_position",
        "no position, only a slice location",
        writer(setting(ImagePositionPatient=None, SliceLocation=lambda k: k)),
        "scan.no_geometry",
    ),
    OddCase("no_orientation", "no orientation", writer(setting(ImageOrientationPatient=None)), "scan.no_geometry"),
    OddCase(
        "detector_spacing",
        "only the spacing at the detector",
        writer(setting(PixelSpacing=None, ImagerPixelSpacing=["0.4", "0.4"])),
        "scan.no_geometry",
    ),
    OddCase("spacing_zero", "pixel spacing 0", writer(setting(PixelSpacing=["0", "0"])), "scan.no_geometry"),
    OddCase("spacing_single", "one pixel spacing in place of two", writer(setting(PixelSpacing="0.4")), "scan.bad_header"),
    OddCase(
        "spacing_comma",
        "a decimal comma",
        patched(writer(setting(PixelSpacing=["0.50", "0.40"])), b"0.50\\0.40", b"0,50\\0,40"),
        "scan.bad_header",
    ),
    OddCase("spacing_in_metres", "pixel spacing in metres", writer(setting(PixelSpacing=["0.0005", "0.0004"])), "scan.implausible_spacing"),
    OddCase(
        "position_not_a_number",
        "a position that is not a number",
        patched(writer(setting(ImagePositionPatient=["-31.25", "12.25", "777.7"])), b"777.7", b"NaN  "),
        "scan.bad_header",
    ),
    OddCase(
        "orientation_skew",
        "rows and columns not at right angles",
        writer(setting(ImageOrientationPatient=["1", "0", "0", "0.5", "0.866", "0"])),
        "scan.bad_orientation",
    ),
    OddCase("orientation_null", "an orientation of zeros", writer(setting(ImageOrientationPatient=["0"] * 6)), "scan.bad_orientation"),
    OddCase(
        "two_orientations",
        "axial and sagittal slices in one series",
        _second(_sagittal),
        warnings=SPLIT,
        arrays=lambda: [VALUES, VALUES[::-1] + 50],
        own_matrix=False,
    ),
    OddCase(
        "two_frames_of_reference",
        "two frames of reference in one series",
        _second(setting(FrameOfReferenceUID="1.2.3.9")),
        warnings=SPLIT,
        arrays=_two,
    ),
    OddCase("two_studies", "two studies under one series' name", _second(setting(StudyInstanceUID="1.2.3.8")), warnings=SPLIT, arrays=_two),
    OddCase("two_sizes", "two sizes under one series' name", _second(_wider), warnings=SPLIT, arrays=_wider_too),
    OddCase(
        "two_spacings",
        "two pixel spacings under one series' name",
        _second(setting(PixelSpacing=["0.3", "0.3"])),
        warnings=SPLIT,
        arrays=_two,
        own_matrix=False,
    ),
    OddCase(
        "two_kernels",
        "two reconstruction kernels at each position",
        _second(setting(ConvolutionKernel="SHARP")),
        warnings=SPLIT,
        arrays=_two,
    ),
    OddCase(
        "interleaved_kernels",
        "slices of another kernel between the slices",
        _second(_half_step),
        warnings=SPLIT,
        arrays=_two,
        own_matrix=False,
    ),
    OddCase("two_energies", "two tube voltages at each position", _second(setting(KVP="140")), warnings=APART, arrays=_two),
    OddCase(
        "two_times", "two points in time at each position", _second(setting(TemporalPositionIdentifier="2")), warnings=APART, arrays=_two
    ),
    OddCase("two_echoes", "two echo times at each position", _second(setting(EchoTime="40")), warnings=SPLIT, arrays=_two),
    OddCase(
        "two_acquisitions",
        "a second acquisition of a part",
        _second(setting(AcquisitionNumber="2"), which=lambda k: k > 5),
        warnings=APART,
        arrays=lambda: [VALUES, VALUES[6:] + 50],
        own_matrix=False,
    ),
    OddCase(
        "two_image_types",
        "two image types at each position",
        _second(setting(ImageType=["DERIVED", "PRIMARY", "AXIAL", "ENERGY"])),
        warnings=APART,
        arrays=_two,
    ),
    OddCase("four_versions", "two energies at two points in time", _four_versions, warnings=APART, arrays=_four),
    OddCase(
        "numbered_acquisitions", "an acquisition number of its own for every slice", writer(setting(AcquisitionNumber=lambda k: k + 1))
    ),
    OddCase("with_screen", "a colour picture of the screen in the series", _with_screen, warnings=SPLIT),
    OddCase("with_localizer", "a scout in the series", _with_localizer, warnings=SPLIT),
    OddCase("localizer", "scouts only", writer(setting(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])), "scan.localizer"),
    OddCase("radiographs", "computed radiography", writer(setting(Modality="CR")), "scan.wrong_modality"),
    OddCase("ultrasound", "ultrasound", writer(setting(Modality="US")), "scan.wrong_modality"),
    OddCase("mr", "magnetic resonance", writer(setting(Modality="MR")), warnings=("scan.not_ct",)),
    OddCase("two_slices", "two slices", _without(*range(2, SLICES)), "scan.too_few_slices"),
]
