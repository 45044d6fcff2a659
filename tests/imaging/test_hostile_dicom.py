"""Real odd DICOM files: opened right, or refused with the reason; never a traceback, never silently wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.scans import SeriesInfo
from sos_studio.imaging import sources
from sos_studio.imaging.dicom_headers import image_slices
from sos_studio.imaging.dicom_read import slice_of_file
from sos_studio.messages import catalogue, message
from tests.imaging.hostile_cases import FOLDER_OUTCOME, SYNTAX_DIFFERENCE


@pytest.fixture(scope="module")
def hostile(real_data: Path) -> Path:
    folder = real_data / "hostile"
    if not folder.is_dir():
        pytest.skip("no hostile sample in the real data")
    return folder


def codes(info: SeriesInfo, severity: str = "error") -> set[str]:
    return {problem.code for problem in info.problems if problem.severity == severity}


def told(path: Path) -> tuple[str | None, list[SeriesInfo]]:
    """The code of the refusal and no series, or no code and what is listed; anything but a `SosError` fails the test."""
    try:
        return None, sources.list_series(path)
    except SosError as error:
        return error.code, []


def refusal(path: Path) -> str:
    with pytest.raises(BadInputError) as error:
        sources.load_volume(path)
    return error.value.code


def test_every_folder_of_the_sample_is_covered(hostile: Path) -> None:
    assert {p.name for p in hostile.iterdir() if p.is_dir()} == set(FOLDER_OUTCOME)


@pytest.mark.parametrize("case", sorted(FOLDER_OUTCOME))
def test_a_folder_loads_or_is_refused_with_its_reason(hostile: Path, case: str) -> None:
    expected = FOLDER_OUTCOME[case]
    if expected is None:
        assert sources.load_volume(hostile / case).array_kji.size > 0
        return
    with pytest.raises(BadInputError) as error:
        sources.load_volume(hostile / case)
    assert error.value.code == expected
    words = message(error.value.code, error.value.values)
    assert "?" not in words.text
    assert words.hint


@pytest.mark.parametrize("case", sorted(FOLDER_OUTCOME))
def test_every_single_file_is_told_about_in_words(hostile: Path, case: str) -> None:
    for path in sorted(p for p in (hostile / case).rglob("*") if p.is_file()):
        code, listed = told(path)
        assert code is None or code in catalogue(), path.name
        for info in listed:
            assert all(problem.code in catalogue() for problem in info.problems)
            assert info.loadable == (not codes(info))
            assert path.name.startswith("DICOMDIR") or not info.loadable, f"{path.name}: one slice is no volume"


@pytest.mark.parametrize("syntax", sorted(SYNTAX_DIFFERENCE))
def test_every_transfer_syntax_is_decoded(hostile: Path, syntax: str) -> None:
    folder = hostile / "ts_matrix_same_ct"
    original = slice_of_file(folder / "CTImage.dcm").astype(float)
    assert (original.min(), original.max()) == (-3024, 1378)
    (path,) = folder.glob(f"*_1.2.840.10008.{syntax}.dcm")
    values = slice_of_file(path).astype(float)
    assert values.shape == (512, 512)
    # Beyond the padding, which 12-bit syntaxes had to cut off.
    measured = original > -1024
    assert np.abs(values - original)[measured].max() <= SYNTAX_DIFFERENCE[syntax]
    if SYNTAX_DIFFERENCE[syntax] == 0:
        np.testing.assert_array_equal(values, original)
    (info,) = sources.list_series(path)
    assert info.spacing_mm_kji is not None
    assert info.spacing_mm_kji[1:] == (0.675781, 0.675781)
    assert info.value_range == (values.min(), values.max())
    assert ("scan.lossy" in codes(info, "warning")) == (SYNTAX_DIFFERENCE[syntax] > 0)


def test_rle_in_fragments_and_lossless_jpeg_2000_agree_pixel_for_pixel(hostile: Path) -> None:
    family = hostile / "nema_ct1_family"
    lossless = slice_of_file(family / "CT1_J2KR")
    np.testing.assert_array_equal(slice_of_file(family / "D_CLUNIE_CT1_RLE_FRAGS.dcm"), lossless)
    np.testing.assert_array_equal(slice_of_file(family / "GH177_D_CLUNIE_CT1_IVRLE_BigEndian_ELE_undefinded_length.dcm"), lossless)
    assert np.abs(slice_of_file(family / "CT1_J2KI").astype(int) - lossless).max() <= 352
    (info,) = sources.list_series(family / "CT1_J2KR")
    assert info.spacing_mm_kji == (5.0, 0.661468, 0.661468)


def test_a_file_that_can_not_be_parsed_is_refused(hostile: Path) -> None:
    assert refusal(hostile / "nema_ct1_family" / "GH177_D_CLUNIE_CT1_IVRLE_BigEndian_undefined_length.dcm") == "scan.cannot_parse"


def test_a_folder_says_that_some_of_its_files_could_not_be_read(hostile: Path) -> None:
    assert all("scan.unreadable_files" in codes(info, "warning") for info in sources.list_series(hostile / "nema_ct1_family"))


def test_big_endian_numbers_are_swapped(hostile: Path) -> None:
    values = slice_of_file(hostile / "big_endian" / "MR_small_bigendian.dcm")
    assert values.dtype == np.int16
    assert (values.min(), values.max()) == (127, 2145)
    assert refusal(hostile / "big_endian" / "ExplVR_BigEnd.dcm") == "scan.colour"
    assert refusal(hostile / "big_endian" / "emri_small_big_endian.dcm") == "scan.multiframe_unsupported"


def test_a_deflated_file_is_opened(hostile: Path) -> None:
    assert slice_of_file(hostile / "deflated_sc" / "image_dfl.dcm").shape == (512, 512)


def test_localizers_with_two_orientations_make_no_volume(hostile: Path) -> None:
    listed = sources.list_series(hostile / "enhanced_ct_localizer")
    assert [info.shape_kji for info in listed] == [(1, 733, 888)] * 2
    assert all("scan.localizer" in codes(info) and "scan.split_series" in codes(info, "warning") for info in listed)


def test_a_missing_slice_is_never_spread_over_the_others(hostile: Path) -> None:
    (info,) = sources.list_series(hostile / "missing_slice_ct")
    (gap,) = [p for p in info.problems if p.code == "scan.missing_slices"]
    assert (gap.values["missing"], gap.values["gap_mm"], gap.values["step_mm"]) == (1, 10.0, 5.0)
    assert info.spacing_mm_kji is None
    assert info.lps_from_ijk is None


def test_a_tilt_that_no_tag_tells_is_seen_and_corrected(hostile: Path) -> None:
    loaded = sources.load_series(hostile / "gantry_tilt_ct_4slices")
    volume = loaded.volume
    (tilt,) = [p for p in loaded.info.problems if p.code == "scan.tilt_corrected"]
    assert tilt.values["tilt_deg"] == pytest.approx(14, abs=0.1)
    # 5 mm steps along z are 4.85 mm along the normal and 1.21 mm aside.
    assert volume.spacing_mm_kji[0] == pytest.approx(4.851, abs=0.002)
    headers = sorted((image_slices(path)[0] for path in (hostile / "gantry_tilt_ct_4slices").iterdir()), key=lambda s: s.position_lps_mm[2])  # type: ignore[index]  # the sample has positions
    for k, image in enumerate(headers):
        assert image.position_lps_mm is not None
        i, j, found_k, _ = volume.ijk_from_lps @ [*image.position_lps_mm, 1.0]
        assert found_k == pytest.approx(k, abs=0.01)
        # The slice's first pixel is found where its header says, between the grid's pixels.
        row, column = round(j), round(i)
        stored = slice_of_file(image.file).astype(float)
        weight = column + 1 - i, row + 1 - j
        assert abs(weight[0] - 1) < 1e-3, "this gantry leans along the columns only"
        part = (row - j) % 1
        expected = stored[10:20] * (1 - part) + stored[11:21] * part
        start = int(np.ceil(j)) + 10
        np.testing.assert_allclose(volume.array_kji[k, start : start + 10, column : column + stored.shape[1]], expected, atol=1.6)


def test_two_orientations_in_one_series_are_split(hostile: Path) -> None:
    listed = sources.list_series(hostile / "mixed_orientation_mr")
    assert sorted(info.shape_kji or () for info in listed) == [(2, 288, 288)] * 2
    assert [codes(info) for info in listed] == [{"scan.mixed_directions"}] * 2
    assert len({info.uid for info in listed}) == 2


def test_rows_and_columns_keep_their_own_spacing_and_slices_their_own_rescale(hostile: Path) -> None:
    loaded = sources.load_series(hostile / "nonsquare_and_rescale_per_slice_mr")
    i, j, k = loaded.volume.spacing_mm_ijk
    assert (i, j, k) == pytest.approx((6.4, 4.0, 0.5), abs=1e-4)
    assert loaded.volume.shape_kji == (4, 28, 64)
    np.testing.assert_allclose(loaded.volume.array_kji.mean(axis=(1, 2)), [34, 33.6, 42.7, 96], atol=0.4)
    np.testing.assert_allclose(loaded.volume.lps_from_ijk[:3, 3], (-83.429662, -132.134919, -143.925343), atol=1e-5)
    coarse = {"scan.coarse_pixels", "scan.oblong_pixels", "scan.small_field"}
    assert codes(loaded.info, "warning") == {"scan.not_ct", "scan.few_slices"} | coarse


def test_only_the_axial_series_is_offered_beside_its_localizers(hostile: Path) -> None:
    listed = sources.list_series(hostile / "axial_plus_localizers_ct")
    (axial,) = [info for info in listed if info.loadable]
    assert axial.shape_kji == (10, 512, 512)
    assert axial.spacing_mm_kji == pytest.approx((10, 0.488281, 0.488281))
    assert "scan.thick_slices" in codes(axial, "warning")
    assert all("scan.localizer" in codes(info) for info in listed if info is not axial)


def test_rounding_noise_in_the_orientation_is_still_axial(hostile: Path) -> None:
    loaded = sources.load_series(hostile / "iop_rounding_noise_breast_ct")
    assert loaded.volume.shape_kji == (20, 512, 512)
    assert loaded.volume.spacing_mm_ijk == pytest.approx((1.074219, 1.074219, 3.0), abs=1e-5)
    np.testing.assert_allclose(loaded.volume.lps_from_ijk[:3, :3], np.diag(loaded.volume.spacing_mm_ijk), atol=1e-12)
    assert {"scan.lossy", "scan.thick_slices"} <= codes(loaded.info, "warning")


@pytest.mark.parametrize(
    "name",
    [
        "DICOMDIR",
        "DICOMDIR-bigEnd",
        "DICOMDIR-empty.dcm",
        "DICOMDIR-implicit",
        "DICOMDIR-nooffset",
        "DICOMDIR-nopatient",
        "DICOMDIR-reordered",
    ],
)
def test_every_dicomdir_leads_to_its_series_or_to_the_files_beside_it(hostile: Path, name: str) -> None:
    listed = sources.list_series(hostile / "dicomdir_pydicom" / name)
    (five,) = [info for info in listed if info.loadable]
    assert five.shape_kji == (5, 16, 16)
    assert five.spacing_mm_kji == pytest.approx((2.5, 0.488281, 0.488281))
    (gap,) = [info for info in listed if info.modality == "CT" and info.shape_kji == (4, 16, 16)]
    assert "scan.missing_slices" in codes(gap)
    assert any(info.modality == "MR" for info in listed)
    # One that names nothing is of no use, and that is said.
    assert all(("scan.directory_useless" in codes(info, "warning")) == (name == "DICOMDIR-empty.dcm") for info in listed)


def test_a_compressed_stream_under_a_native_syntax_is_decoded_by_its_signature(hostile: Path) -> None:
    (path,) = (hostile / "transfer_syntax_lies_encapsulated_jpeg").iterdir()
    values = slice_of_file(path)
    assert values.shape == (2457, 1890)
    assert (values.min(), values.max()) == (0, 2964)
    (info,) = sources.list_series(path)
    assert "scan.syntax_corrected" in codes(info, "warning")


def test_a_file_without_preamble_and_meta_header_is_refused_or_read_right(hostile: Path, tmp_path: Path) -> None:
    folder = hostile / "no_preamble_no_meta_ct"
    reference = slice_of_file(folder / "reference_CT_small.dcm")
    assert (reference.min() + 1024, reference.max() + 1024) == (128, 2191)
    # This one begins in the middle of its meta header.
    assert refusal(folder / "no_meta.dcm") == "scan.cut_start"
    (whole,) = sources.list_series(folder)
    assert "scan.unreadable_files" in codes(whole, "warning"), "it is not left out in silence"
    (tmp_path / "bare").write_bytes((folder / "no_meta.dcm").read_bytes()[1:])
    np.testing.assert_array_equal(slice_of_file(tmp_path / "bare"), reference)


def test_unused_high_bits_are_cleared(hostile: Path) -> None:
    folder = hostile / "stored_bits_garbage_high_bits"
    for name, expected in {"1.2.276.0.7230010.3.200.1.5.1": (0, 4095), "1.2.276.0.7230010.3.200.1.6.1": (-1024, 3071)}.items():
        values = slice_of_file(folder / name)
        assert (values.min(), values.max()) == expected


def test_a_truncated_file_is_no_picture(hostile: Path) -> None:
    for path in sorted((hostile / "truncated_pixel_data").iterdir()):
        with pytest.raises(BadInputError) as error:
            slice_of_file(path) if path.name.startswith("MR") else sources.load_volume(path)
        assert error.value.code in ("scan.truncated", "scan.multiframe_unsupported")


def test_objects_without_an_image_are_refused_when_chosen_alone(hostile: Path) -> None:
    for path in sorted((hostile / "not_images_sr_pr_rt_pdf").iterdir()):
        assert refusal(path) == "scan.no_image", path.name


def test_a_gzipped_file_is_to_be_unpacked(hostile: Path) -> None:
    (path,) = (hostile / "gzipped_dicom").iterdir()
    assert refusal(path) == refusal(path.parent) == "scan.packed"


def test_the_head_ct_lies_where_its_readme_says(real_data: Path) -> None:
    folder = real_data / "head_ct" / "weasis_head_neck_ct"
    if not folder.is_dir():
        pytest.skip("no head CT in the real data")
    seen: list[float] = []
    loaded = sources.load_series(folder, progress=seen.append)
    volume = loaded.volume
    assert volume.shape_kji == (295, 512, 512)
    assert volume.array_kji.dtype == np.int16
    assert volume.spacing_mm_ijk == pytest.approx((0.541, 0.541, 1.0), abs=1e-3)
    assert loaded.info.value_range == (-1024, 3071)
    np.testing.assert_allclose((volume.lps_from_ijk @ [256, 212, 204, 1])[:3], (1.3, -201.5, 734.0), atol=0.05)
    assert codes(loaded.info, "warning") == {"scan.lossy"}
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
