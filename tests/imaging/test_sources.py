from __future__ import annotations

import gzip
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.volume import Volume
from sos_studio.imaging import sources
from sos_studio.imaging.dicom_write import write_series


def refusal(path: Path, uid: str | None = None) -> BadInputError:
    with pytest.raises(BadInputError) as error:
        sources.load_volume(path, uid)
    return error.value


def image_of(volume: Volume) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(volume.array_kji)
    image.SetSpacing(volume.spacing_mm_ijk)
    image.SetDirection((volume.lps_from_ijk[:3, :3] / np.array(volume.spacing_mm_ijk)).reshape(-1))
    image.SetOrigin(volume.lps_from_ijk[:3, 3])
    return image


@pytest.fixture
def series(tmp_path: Path, tilted_volume: Volume) -> Path:
    write_series(tilted_volume, tmp_path / "series", seed=1)
    return tmp_path / "series"


def test_names_numbers_and_neighbours_of_files_do_not_matter(series: Path, tilted_volume: Volume) -> None:
    files = sorted(series.iterdir())
    for number, path in enumerate(reversed(files)):
        dataset = pydicom.dcmread(path)
        dataset.InstanceNumber = "1"
        dataset.save_as(series / f"{(number * 7) % 100:02d} no extension {number}")
        path.unlink()
    (series / "deeper").mkdir()
    shutil.move(next(p for p in series.iterdir() if p.is_file()), series / "deeper" / "x")
    (series / "notes.txt").write_text("not DICOM")
    (series / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    loaded = sources.load_series(series)
    assert loaded.volume.series_hash == tilted_volume.series_hash
    assert loaded.info.value_range == (tilted_volume.array_kji.min(), tilted_volume.array_kji.max())
    assert [problem.code for problem in loaded.info.problems] == ["scan.small_field"]


def test_k_ascends_along_row_times_column_direction(series: Path) -> None:
    matrix = sources.load_volume(series).lps_from_ijk
    assert np.linalg.det(matrix[:3, :3]) > 0


@pytest.mark.parametrize("extension", ["nii", "nii.gz", "nrrd", "nhdr", "mha", "mhd"])
def test_other_formats_bring_the_same_scan(tmp_path: Path, tilted_volume: Volume, extension: str) -> None:
    path = tmp_path / f"scan.{extension}"
    SimpleITK.WriteImage(image_of(tilted_volume), str(path))
    loaded = sources.load_series(path)
    np.testing.assert_array_equal(loaded.volume.array_kji, tilted_volume.array_kji)
    assert loaded.volume.array_kji.dtype == np.int16
    # NIfTI keeps its matrix in single precision.
    np.testing.assert_allclose(loaded.volume.lps_from_ijk, tilted_volume.lps_from_ijk, atol=2e-4)
    (info,) = sources.list_series(path)
    assert info.loadable
    assert info.shape_kji == (24, 30, 36)


def test_a_left_handed_file_is_turned_right_handed_without_moving_a_voxel(tmp_path: Path, tilted_volume: Volume) -> None:
    image = image_of(Volume(tilted_volume.array_kji[::-1], tilted_volume.lps_from_ijk))
    direction = np.reshape(image.GetDirection(), (3, 3)) * [1, 1, -1]
    image.SetOrigin((tilted_volume.lps_from_ijk @ [0, 0, 23, 1])[:3])
    image.SetDirection(direction.reshape(-1))
    SimpleITK.WriteImage(image, str(tmp_path / "left.mha"))
    volume = sources.load_volume(tmp_path / "left.mha")
    np.testing.assert_array_equal(volume.array_kji, tilted_volume.array_kji)
    np.testing.assert_allclose(volume.lps_from_ijk, tilted_volume.lps_from_ijk, atol=1e-6)


@pytest.mark.parametrize(("dtype", "expected"), [("uint8", "int16"), ("uint16", "int16"), ("int32", "int16"), ("float32", "int16")])
def test_whole_numbers_that_fit_are_kept_in_sixteen_bits(tmp_path: Path, dtype: str, expected: str) -> None:
    array_kji = np.arange(5 * 6 * 7).reshape(5, 6, 7).astype(dtype)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array_kji), str(tmp_path / "a.mha"))
    assert sources.load_volume(tmp_path / "a.mha").array_kji.dtype == expected


def test_numbers_that_do_not_fit_become_floats(tmp_path: Path) -> None:
    for number, array_kji in enumerate([np.full((5, 6, 7), 40000, np.uint16), np.full((5, 6, 7), 0.5, np.float64)]):
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array_kji), str(tmp_path / f"{number}.nrrd"))
        volume = sources.load_volume(tmp_path / f"{number}.nrrd")
        assert volume.array_kji.dtype == np.float32
        np.testing.assert_array_equal(volume.array_kji, array_kji)


def test_files_with_several_volumes_channels_or_one_slice_are_refused(tmp_path: Path) -> None:
    flat = SimpleITK.GetImageFromArray(np.zeros((20, 20), np.int16))
    SimpleITK.WriteImage(flat, str(tmp_path / "flat.mha"))
    assert refusal(tmp_path / "flat.mha").code == "scan.not_3d"
    SimpleITK.WriteImage(SimpleITK.JoinSeries([SimpleITK.Image(8, 8, 8, SimpleITK.sitkInt16)] * 2), str(tmp_path / "time.nii"))
    assert refusal(tmp_path / "time.nii").code == "scan.not_3d"
    SimpleITK.WriteImage(SimpleITK.Image([8, 8, 8], SimpleITK.sitkVectorUInt8, 3), str(tmp_path / "rgb.mha"))
    assert refusal(tmp_path / "rgb.mha").code == "scan.colour"
    SimpleITK.WriteImage(SimpleITK.Image(8, 8, 1, SimpleITK.sitkInt16), str(tmp_path / "thin.mha"))
    assert refusal(tmp_path / "thin.mha").code in ("scan.too_few_slices", "scan.not_3d")


def test_damaged_files_are_refused_by_name(tmp_path: Path, tilted_volume: Volume) -> None:
    for name in ("a.nii", "a.nii.gz", "a.nrrd", "a.mha"):
        SimpleITK.WriteImage(image_of(tilted_volume), str(tmp_path / name))
        whole = (tmp_path / name).read_bytes()
        for kept in (len(whole) // 2, 100, 0):
            (tmp_path / name).write_bytes(whole[:kept])
            error = refusal(tmp_path / name)
            assert error.code in ("scan.truncated", "scan.cannot_parse"), (name, kept)
            assert error.values["file"] == name


def test_a_small_file_that_claims_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    header = "ObjectType = Image\nNDims = 3\nDimSize = 4000 4000 4000\nElementSpacing = 1 1 1\n"
    header += "ElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    (tmp_path / "liar.mha").write_bytes(header.encode() + b"\0" * 100)
    assert refusal(tmp_path / "liar.mha").code == "scan.truncated"


def test_a_dicom_slice_that_claims_gigabytes_is_refused_at_once(series: Path) -> None:
    for path in series.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.Rows = dataset.Columns = 16000
        dataset.save_as(path)
    assert refusal(series).code == "scan.truncated"


def test_a_zip_brings_the_same_scan(tmp_path: Path, series: Path, tilted_volume: Volume) -> None:
    with zipfile.ZipFile(tmp_path / "scan.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in series.iterdir():
            archive.write(path, f"../../{path.name}")
    assert sources.load_volume(tmp_path / "scan.zip").series_hash == tilted_volume.series_hash
    (info,) = sources.list_series(tmp_path / "scan.zip")
    assert info.loadable


def test_a_damaged_or_encrypted_zip_is_refused(tmp_path: Path, series: Path) -> None:
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        archive.write(next(series.iterdir()), "a")
    data = bytearray((tmp_path / "scan.zip").read_bytes())
    (tmp_path / "cut.zip").write_bytes(data[:-30])
    assert refusal(tmp_path / "cut.zip").code == "scan.bad_zip"
    flags = data.index(b"PK\x01\x02") + 8
    data[6] |= 1
    data[flags] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    assert refusal(tmp_path / "locked.zip").code == "scan.zip_encrypted"


def test_several_series_are_named_and_one_can_be_chosen(series: Path, tilted_volume: Volume) -> None:
    shifted = Volume(tilted_volume.array_kji[:10] + np.int16(1), tilted_volume.lps_from_ijk)
    write_series(shifted, series / "second", seed=2)
    listed = sources.list_series(series)
    assert [info.shape_kji for info in listed] == [(24, 30, 36), (10, 30, 36)]
    error = refusal(series)
    assert error.code == "scan.several_series"
    assert [info.uid for info in error.values["series"]] == [info.uid for info in listed]
    assert sources.load_volume(series, listed[1].uid).series_hash == shifted.series_hash
    assert refusal(series, "1.2.3").code == "scan.unknown_series"


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"\x1f\x8b\x08\x00 packed", "scan.packed"),
        (b"Rar!\x1a\x07\x01\x00", "scan.packed"),
        (b" \x08\x00\x05\x00CS\x0a\x00ISO_IR 100", "scan.cut_start"),
        (b"%PDF-1.7", "scan.not_dicom"),
    ],
)
def test_a_file_that_is_no_dicom_file_is_called_what_it_is(tmp_path: Path, start: bytes, code: str) -> None:
    path = tmp_path / "chosen"
    path.write_bytes(start + bytes(2000))
    assert refusal(path).code == code


def test_a_folder_of_other_packed_files_holds_no_image(tmp_path: Path) -> None:
    (tmp_path / "table.csv.gz").write_bytes(gzip.compress(b"a,b,c"))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(bytes(900))[:15])
    assert refusal(tmp_path).code == "scan.no_dicom"


def test_files_copied_twice_are_left_out_and_told(series: Path, tilted_volume: Volume) -> None:
    shutil.copytree(series, series / "copy")
    loaded = sources.load_series(series)
    assert loaded.volume.series_hash == tilted_volume.series_hash
    assert [problem.code for problem in loaded.info.problems] == ["scan.small_field", "scan.copies_ignored"]


def test_two_different_images_at_one_position_are_refused(series: Path) -> None:
    dataset = pydicom.dcmread(series / "IM0005.dcm")
    dataset.SOPInstanceUID += ".1"
    dataset.save_as(series / "again.dcm")
    assert refusal(series).code == "scan.duplicate_slices"


def test_a_series_with_a_slice_missing_at_its_end_but_an_unreadable_file_says_so(series: Path) -> None:
    last = series / "IM0024.dcm"
    last.write_bytes(last.read_bytes()[:200])
    loaded = sources.load_series(series)
    assert loaded.volume.shape_kji[0] == 23
    assert "scan.unreadable_files" in [problem.code for problem in loaded.info.problems]


@pytest.mark.parametrize("syntax", ["explicit", "rle", "j2k", "jpegls"])
def test_a_slice_cut_short_is_never_filled_up(tmp_path: Path, tilted_volume: Volume, syntax: str) -> None:
    paths = write_series(tilted_volume, tmp_path, transfer_syntax=syntax)  # type: ignore[arg-type]  # parametrised literal
    whole = paths[7].read_bytes()
    start = whole.index(b"\xe0\x7f\x10\x00")
    for share in (0.1, 0.5, 0.9, 0.99):
        paths[7].write_bytes(whole[: start + int((len(whole) - start) * share)])
        assert refusal(tmp_path).code in ("scan.truncated", "scan.cannot_decode", "scan.cannot_parse")


@pytest.mark.parametrize("syntax", ["rle", "j2k", "jpegls"])
def test_a_stream_cut_short_inside_its_own_fragment_is_never_filled_up(tmp_path: Path, tilted_volume: Volume, syntax: str) -> None:
    from pydicom.encaps import encapsulate, generate_frames

    paths = write_series(tilted_volume, tmp_path, transfer_syntax=syntax)  # type: ignore[arg-type]  # parametrised literal
    dataset = pydicom.dcmread(paths[7])
    stream = next(generate_frames(dataset.PixelData, number_of_frames=1))
    for share in (0.2, 0.5, 0.9):
        dataset.PixelData = encapsulate([stream[: int(len(stream) * share)]])
        dataset.save_as(paths[7])
        assert refusal(tmp_path).code in ("scan.truncated", "scan.cannot_decode")


def test_loading_stops_when_asked_to(series: Path) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 30

    with pytest.raises(CancelledError):
        sources.load_volume(series, cancelled=cancelled)
    with pytest.raises(CancelledError):
        sources.list_series(series, cancelled=lambda: True)


def test_progress_runs_from_nothing_to_all(series: Path) -> None:
    seen: list[float] = []
    sources.load_volume(series, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[0] < 0.05
    assert seen[-1] == 1.0


def test_what_is_not_there_or_holds_nothing_is_told_plainly(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing").code == "scan.not_found"
    assert refusal(tmp_path).code == "scan.no_dicom"
    (tmp_path / "a.txt").write_text("x")
    assert refusal(tmp_path).code == "scan.no_dicom"
    assert refusal(tmp_path / "a.txt").code == "scan.not_dicom"
    (tmp_path / "empty").write_bytes(b"")
    assert refusal(tmp_path / "empty").code == "scan.not_dicom"


def test_patient_text_does_not_reach_errors_or_listings(tmp_path: Path, tilted_volume: Volume) -> None:
    write_series(tilted_volume, tmp_path, patient_name="Secret^Name", patient_id="ID-4711")
    told = repr(sources.list_series(tmp_path)) + repr(sources.load_series(tmp_path).info)
    assert "Secret" not in told
    assert "4711" not in told
