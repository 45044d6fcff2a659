"""The short cuts of the reader: taken where they may be, and never with another answer than the careful path's."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.volume import Volume
from sos_studio.imaging import dicom_pixels, dicom_read, dicom_scan, sources
from sos_studio.imaging.dicom_headers import ImageSlice, PixelLayout
from sos_studio.imaging.dicom_write import write_series
from sos_studio.imaging.fast_path import is_plain, read_plain
from sos_studio.imaging.header_prefix import PrefixReader
from tests.imaging.odd_dicom import OddCase, anything_goes, save, slices
from tests.imaging.test_odd_dicom import CASES

Outcome = list[Any]


def outcome(source: Path) -> Outcome:
    """Everything that opening a source tells: listings, voxels, places, values' ends, refusals."""
    try:
        with sources.ScanSource(source) as opened:
            found: Outcome = [dataclasses.replace(info, problems=()) for info in opened.series]
            found += [repr(info.problems) for info in opened.series]
            for info in opened.series:
                try:
                    loaded = opened.load(info.uid)
                except SosError as error:
                    found.append((error.code, repr(error.values)))
                    continue
                array_kji = loaded.volume.array_kji
                found.append((array_kji.dtype, array_kji.tobytes(), loaded.volume.lps_from_ijk.tobytes(), loaded.info.value_range))
            return found
    except SosError as error:
        return [(error.code, repr(error.values))]


def carefully(source: Path) -> Outcome:
    """The outcome without any short cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PrefixReader, "slices", lambda self, path: None)
        patch.setattr(dicom_read, "read_plain", lambda image, plane_ji: None)
        return outcome(source)


def plain_and_careful_reads(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Path], list[Path]]:
    """Files whose pixels were read the quick way; files whose header or pixels were read the careful way."""
    quick: list[Path] = []
    careful: list[Path] = []
    image_slices, read_stored = dicom_scan.image_slices, dicom_pixels.read_stored

    def counted_plain(image: ImageSlice, plane_ji: Any) -> tuple[int, int] | None:
        ends = read_plain(image, plane_ji)
        quick.extend([image.file] if ends is not None else [])
        return ends

    def counted_header(path: Path) -> list[ImageSlice]:
        careful.append(path)
        return image_slices(path)

    def counted_stored(image: ImageSlice) -> Any:
        careful.append(image.file)
        return read_stored(image)

    monkeypatch.setattr(dicom_read, "read_plain", counted_plain)
    monkeypatch.setattr(dicom_scan, "image_slices", counted_header)
    monkeypatch.setattr(dicom_read, "read_stored", counted_stored)
    return quick, careful


def test_an_ordinary_series_takes_the_short_cuts_but_for_the_one_slice_that_is_tried_first(
    tmp_path: Path, tilted_volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_series(tilted_volume, tmp_path, seed=1)
    quick, careful = plain_and_careful_reads(monkeypatch)
    volume = sources.load_volume(tmp_path)
    assert sorted(quick) == paths
    assert careful == [paths[len(paths) // 2]]
    assert volume.series_hash == tilted_volume.series_hash


def test_a_scanners_unsigned_twelve_bits_with_an_intercept_take_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slices(tmp_path)
    quick, careful = plain_and_careful_reads(monkeypatch)
    sources.load_volume(tmp_path)
    assert len(quick) == 12
    assert len(careful) == 1


def test_compressed_slices_have_their_headers_read_the_quick_way(
    tmp_path: Path, tilted_volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tilted_volume, tmp_path, seed=1, transfer_syntax="rle")
    monkeypatch.setattr(dicom_scan, "image_slices", lambda path: pytest.fail(path.name))
    assert sources.load_volume(tmp_path).series_hash == tilted_volume.series_hash


def test_the_real_head_scan_has_its_headers_read_the_quick_way(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_scan, "image_slices", lambda path: pytest.fail(path.name))
    (info,) = sources.list_series(real_data / "head_ct" / "weasis_head_neck_ct")
    assert info.loadable


def test_every_field_of_a_slice_is_known_to_the_short_cut() -> None:
    # A new field that changes values must be looked at in `is_plain`; one that files of a series differ in, in `header_prefix`.
    assert {f.name for f in dataclasses.fields(ImageSlice)} == {
        *("file", "frame", "series_uid", "sop_instance_uid", "frame_of_reference", "modality", "sop_class", "layout", "slope", "intercept"),
        *("position_lps_mm", "row_lps", "column_lps", "spacing_mm_vu", "thickness_mm", "localizer", "lossy", "padding", "lut"),
        *("high_padding", "framed", "kin", "remarks"),
    }
    assert {f.name for f in dataclasses.fields(PixelLayout)} == {
        *("transfer_syntax", "rows", "columns", "bits_allocated", "bits_stored", "high_bit", "signed", "samples", "photometric", "frames"),
        *("offset", "length"),
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_odd_scan_ends_the_same_with_and_without_short_cuts(tmp_path: Path, case: OddCase) -> None:
    source = case.make(tmp_path)
    assert outcome(source) == carefully(source)


def test_the_hostile_sample_ends_the_same_with_and_without_short_cuts(real_data: Path) -> None:
    for folder in sorted(p for p in (real_data / "hostile").iterdir() if p.is_dir()):
        assert outcome(folder) == carefully(folder), folder.name


def header_values(draw: st.DrawFn, count: int) -> list[dict[str, Any]]:
    """Attributes that decide how pixels become values: mostly the same in all slices, sometimes not."""
    allocated = draw(st.sampled_from([16] * 8 + [8, 32]))
    stored = draw(st.sampled_from([12, 12, 14, 15, 16, 16])) * allocated // 16
    one: dict[str, Any] = {
        "BitsAllocated": allocated,
        "BitsStored": stored,
        "HighBit": draw(st.sampled_from([stored - 1] * 8 + [allocated - 1])),
        "PixelRepresentation": draw(st.integers(0, 1)),
        "RescaleSlope": draw(st.sampled_from(["1"] * 6 + ["1.0", "1.0", "2", "0.5", "-1"])),
        "RescaleIntercept": draw(st.sampled_from(["0", "0", "-1024", "-1024", "-1000.0", "-32768", "-32768", "0.5", "40000", "-70000"])),
        "PhotometricInterpretation": draw(st.sampled_from(["MONOCHROME2"] * 9 + ["MONOCHROME1"])),
        "SliceThickness": draw(st.sampled_from(["0.8", "", None])),
        "PixelPaddingValue": draw(st.sampled_from([None, None, -2000, 63536, 0, 63])),
        "ImageComments": draw(st.sampled_from([None, "x" * 3000, "x" * 9000, "größer"])),
    }
    found = [dict(one) for _ in range(count)]
    for name, other in (("RescaleIntercept", "-1023"), ("RescaleSlope", "3"), ("ConvolutionKernel", "B30s"), ("ImageComments", "y")):
        if draw(st.integers(0, 11)) == 11:
            found[draw(st.integers(0, count - 1))][name] = other
    return found


def nested(seed: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPInstanceUID = f"1.2.3.{seed}"
    if seed % 3 == 0:
        item.ReferencedImageSequence = [Dataset()]
    return item


@st.composite
def generated(draw: st.DrawFn) -> list[tuple[str, Dataset]]:
    """A few slices of one series as scanners and converters write them, most of them well."""
    count = draw(st.integers(3, 5))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    files = []
    undefined, series = draw(st.booleans()), draw(st.integers(0, 9))
    syntax = draw(st.sampled_from(["1.2.840.10008.1.2.1"] * 5 + ["1.2.840.10008.1.2"] * 3 + ["1.2.840.10008.1.2.2"]))
    start, step = draw(st.sampled_from([(-12.5, 0.8), (0, 1.25), (700.123456, -0.3)]))
    garbage, garbled = draw(st.integers(0, 5)) == 5, draw(st.integers(0, 9)) == 9
    for k, values in enumerate(header_values(draw, count)):
        dataset = Dataset()
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.2", "CT"
        dataset.SOPInstanceUID, dataset.SeriesInstanceUID = f"1.2.{series}.{10**k}", f"1.2.{series}"
        dataset.ImagePositionPatient = ["-10.25", f"{rng.integers(9) * 1e-3:.3f}", f"{start + k * step:.6g}"]
        dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0" if k else "0.000001"]
        dataset.PixelSpacing = ["0.5", "0.4"]
        dataset.SamplesPerPixel, dataset.Rows, dataset.Columns = 1, 5, 4
        dataset.ReferencedImageSequence = [nested(series + k), nested(k)]
        dataset["ReferencedImageSequence"].is_undefined_length = undefined
        for name, value in values.items():
            if name == "PixelPaddingValue" and value is not None:
                # Of the wrong sign as often as not.
                dataset.add_new(name, "SS" if value < 0 else "US", value)
            elif value is not None:
                setattr(dataset, name, value)
        bits = values["BitsAllocated"]
        top = 1 << (bits if garbage else values["BitsStored"])
        dtype = np.dtype(f"{'>' if syntax.endswith('2.2') else '<'}u{bits // 8}")
        dataset.PixelData = rng.integers(0, top, (5, 4), dtype=np.uint64).astype(dtype).tobytes()
        if garbled and k == 1:
            dataset.PixelData = dataset.PixelData[: draw(st.integers(1, 20)) * 2]
        dataset["PixelData"].VR = "OW" if bits > 8 else draw(st.sampled_from(["OB", "OW"]))
        dataset.preamble = b"\0" * 128
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        files.append((draw(st.sampled_from(["", "z"])) + f"{k}", dataset))
    return files


@settings(max_examples=80)
@given(generated())
def test_generated_series_are_bit_for_bit_the_same_with_and_without_short_cuts(files: list[tuple[str, Dataset]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with anything_goes():
            for path, dataset in files:
                save(dataset, folder / path)
        assert outcome(folder) == carefully(folder)


def mutated(whole: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, put in or taken out, as a quick reader would most easily be misled."""
    data = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(128, len(data))
        kind = rng.random()
        if kind < 0.5:
            data[at] = rng.choice((rng.randrange(256), data[at] ^ 1 << rng.randrange(8), *b" \0\\.-e1"))
        elif kind < 0.65:
            del data[at : at + rng.choice((1, 2, 4, 8))]
        elif kind < 0.85:
            data[at:at] = rng.choice((b"\0\0", b"  ", b"\\1", b"1", b"-", b"OW", b"SQ", b"UN", rng.randbytes(rng.randrange(1, 9))))
        else:
            other = rng.randrange(128, len(data))
            data[at : at + 20] = data[other : other + rng.randrange(1, 40)]
        if len(data) < 200:
            break
    return bytes(data)


def test_character_sets_under_another_vr_are_left_to_pydicom(tmp_path: Path, tilted_volume: Volume) -> None:
    path = write_series(tilted_volume, tmp_path, seed=1)[0]
    whole = path.read_bytes()
    assert whole.count(b"\x08\0\x05\0CS") == 1
    path.write_bytes(whole.replace(b"\x08\0\x05\0CS", b"\x08\0\x05\0SS"))
    assert PrefixReader().slices(path) is None


def test_a_syntax_padded_otherwise_opens_no_gap_for_another_syntax(tmp_path: Path, tilted_volume: Volume) -> None:
    first, second, third, *_ = write_series(tilted_volume, tmp_path, seed=1)
    name = b"1.2.840.10008.1.2.1"
    second.write_bytes(second.read_bytes().replace(name + b"\0", name + b" ", 1))
    third.write_bytes(third.read_bytes().replace(name + b"\0", b"1.2.840.10008.1.2.5\0", 1))
    reader = PrefixReader()
    for path in (first, second, third):
        assert reader.slices(path) in (None, dicom_scan.image_slices(path))


@pytest.mark.parametrize("rounds", [1500, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_damaged_header_is_read_as_pydicom_reads_it_or_left_to_it(tmp_path: Path, tilted_volume: Volume, rounds: int) -> None:
    rng = random.Random(11)
    seeds = [path.read_bytes()[:3000] for path in write_series(tilted_volume, tmp_path / "a", seed=1)[:3]]
    for number, path in enumerate(slices(tmp_path / "b").glob("*")):
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
        dataset.ReferencedImageSequence = [nested(number), nested(0)]
        dataset["ReferencedImageSequence"].is_undefined_length = True
        save(dataset, path)
        seeds.append(path.read_bytes())
    path, reader, sure = tmp_path / "damaged", PrefixReader(), 0
    for number in range(rounds):
        path.write_bytes(mutated(rng.choice(seeds), rng))
        quick = reader.slices(path)
        if quick is not None:
            sure += 1
            assert quick == dicom_scan.image_slices(path), number
    assert sure > rounds / 20


def test_a_file_that_ends_early_after_its_header_was_read_is_refused(tmp_path: Path, tilted_volume: Volume) -> None:
    paths = write_series(tilted_volume, tmp_path, seed=1)
    with sources.ScanSource(tmp_path) as source:
        paths[3].write_bytes(paths[3].read_bytes()[:-100])
        with pytest.raises(BadInputError) as error:
            source.load()
    assert error.value.code == "scan.truncated"
    assert error.value.values["file"] == paths[3].name


def test_a_number_with_bits_beyond_the_stored_ones_is_left_to_the_careful_path(tmp_path: Path) -> None:
    folder = slices(tmp_path)
    image = dicom_scan.image_slices(folder / "IM0001.dcm")[0]
    plane_ji = np.empty((image.layout.rows, image.layout.columns), np.int16)
    assert is_plain(image)
    assert read_plain(image, plane_ji) is not None
    data = bytearray((folder / "IM0001.dcm").read_bytes())
    data[-1] |= 0xF0
    (folder / "IM0001.dcm").write_bytes(data)
    assert read_plain(image, plane_ji) is None
