"""Slices of a tilted gantry: every feature comes out at its patient millimetre, nothing is cut off, nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Orientation
from sos_studio.core.volume import Volume
from sos_studio.imaging import capture, sources
from sos_studio.imaging.dicom_write import write_series
from sos_studio.imaging.tilt import Shear

FloatArray = npt.NDArray[np.float64]
AIR = -1000


def blob(center_lps_mm: FloatArray, lps: FloatArray, width_mm: float) -> FloatArray:
    """A soft ball: its centre of mass tells its place to a fraction of a voxel."""
    distance = np.linalg.norm(lps - center_lps_mm, axis=-1)
    return 2000 * np.exp(-((distance / width_mm) ** 2))


def sheared_series(folder: Path, *, aside_mm: tuple[float, float], turn: Orientation, shape_kji: tuple[int, int, int]) -> list[FloatArray]:
    """Write a stack whose slices lie further aside from one to the next, and return where its three balls are (LPS mm)."""
    spacing_ijk = np.array([0.45, 0.55, 1.2])
    axes = turn.rotation
    origin = np.array([-20.0, 35.0, 110.0])
    slices, rows, columns = shape_kji
    k, j, i = np.indices(shape_kji)
    aside = np.stack([k * aside_mm[0], k * aside_mm[1]], axis=-1)
    local = np.stack([i * spacing_ijk[0] + aside[..., 0], j * spacing_ijk[1] + aside[..., 1], k * spacing_ijk[2]], axis=-1)
    lps = origin + local @ axes.T
    # Balls within the slanted body.
    centers = [
        lps[slices // 2, rows // 2, columns // 2],
        lps[slices // 4, rows // 3, columns // 3],
        lps[-slices // 4, -rows // 3, columns // 2],
    ]
    values = AIR + sum(blob(c, lps, 3.0) for c in centers)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = axes * spacing_ijk, origin
    paths = write_series(Volume(np.rint(values).astype(np.int16), matrix), folder)
    for number, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        place = origin + axes @ [number * aside_mm[0], number * aside_mm[1], number * spacing_ijk[2]]
        dataset.ImagePositionPatient = [f"{v:.4f}" for v in place]
        dataset.save_as(path)
    return [np.asarray(c, dtype=float) for c in centers]


def center_of_mass(volume: Volume, near_lps_mm: FloatArray) -> FloatArray:
    k, j, i = np.indices(volume.shape_kji)
    lps = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ volume.lps_from_ijk.T
    lps = lps[..., :3]
    weight = np.where(np.linalg.norm(lps - near_lps_mm, axis=-1) < 6.5, volume.array_kji.astype(float) - AIR, 0)
    return np.asarray((weight[..., None] * lps).sum(axis=(0, 1, 2)) / weight.sum())


@pytest.mark.parametrize(
    ("aside_mm", "turn"),
    [
        ((0.0, 0.3), Orientation((0, 0, 0), 0, 0, 0)),
        ((0.0, -0.3), Orientation((0, 0, 0), 0, 0, 0)),
        ((0.0, 0.55), Orientation((0, 0, 0), 0, 0, 0)),
        ((0.21, -0.47), Orientation((0, 0, 0), 4, -7, 12)),
        ((-0.4, 0.0), Orientation((0, 0, 0), 80, 10, -30)),
        ((0.0, 0.012), Orientation((0, 0, 0), 0, 0, 0)),
    ],
)
def test_features_come_out_at_their_patient_millimetre(tmp_path: Path, aside_mm: tuple[float, float], turn: Orientation) -> None:
    centers = sheared_series(tmp_path, aside_mm=aside_mm, turn=turn, shape_kji=(36, 64, 60))
    loaded = sources.load_series(tmp_path)
    volume = loaded.volume
    for center in centers:
        off = np.abs(np.linalg.inv(volume.lps_from_ijk[:3, :3]) @ (center_of_mass(volume, center) - center))
        assert off.max() < 0.1, f"{off} voxels"
    assert volume.array_kji.dtype == np.int16
    (problem,) = [p for p in loaded.info.problems if p.code == "scan.tilt_corrected"]
    expected_deg = np.degrees(np.arctan(np.hypot(*aside_mm) / 1.2))
    assert problem.severity == "warning"
    assert problem.values["tilt_deg"] == pytest.approx(expected_deg, abs=0.02)
    assert [c.tilt_deg for c in volume.corrections] == [problem.values["tilt_deg"]]
    assert loaded.info.corrections == volume.corrections
    assert loaded.info.shape_kji == volume.shape_kji
    np.testing.assert_array_equal(loaded.info.lps_from_ijk, volume.lps_from_ijk)


def test_whole_pixel_shifts_are_copied_exactly_and_nothing_is_cut_off(tmp_path: Path) -> None:
    sheared_series(tmp_path, aside_mm=(0.0, 0.55), turn=Orientation((0, 0, 0), 0, 0, 0), shape_kji=(12, 30, 20))
    volume = sources.load_volume(tmp_path)
    assert volume.shape_kji == (12, 30 + 11, 20)
    for k, path in enumerate(sorted(tmp_path.iterdir())):
        stored = pydicom.dcmread(path).pixel_array
        np.testing.assert_array_equal(volume.array_kji[k, k : k + 30], stored)
        outside = np.delete(volume.array_kji[k], slice(k, k + 30), axis=0)
        assert (outside == volume.array_kji.min()).all()


def test_the_outside_has_the_lowest_value_of_the_scan(tmp_path: Path) -> None:
    sheared_series(tmp_path, aside_mm=(0.1, -0.5), turn=Orientation((0, 0, 0), 0, 0, 0), shape_kji=(14, 30, 20))
    array_kji = sources.load_volume(tmp_path).array_kji
    assert array_kji.min() == AIR
    assert array_kji[0, 0, -1] == AIR
    assert array_kji[-1, -1, 0] == AIR


@given(
    st.floats(-3, 3),
    st.floats(-3, 3),
    st.tuples(st.integers(1, 6), st.integers(1, 7), st.integers(1, 7)),
)
def test_a_ramp_stays_a_ramp_and_every_pixel_is_inside_the_grid(columns: float, rows: float, shape_kji: tuple[int, int, int]) -> None:
    shear = Shear(shape_kji, columns, rows)
    _, height, width = shear.upright_shape_kji
    before_i, before_j = shear.margins_ij
    j, i = np.indices(shape_kji[1:])
    for k in range(shape_kji[0]):
        out_ji = np.empty((height, width), np.float32)
        covered = np.zeros((height, width), bool)
        covered[shear._covered(k)] = True
        # Values that name the place on the grid: 3 per column, 5 per row.
        shear.place((3 * (i + k * columns) + 5 * (j + k * rows)).astype(np.float32), k, out_ji)
        grid_j, grid_i = np.indices(out_ji.shape)
        expected = 3 * (grid_i - before_i) + 5 * (grid_j - before_j)
        # The outermost half pixel, and a thousandth that its edge is given, has the edge pixel's own value.
        assert np.abs((out_ji - expected)[covered]).max() <= (0.5 + 1e-3) * (3 + 5) + 1e-3
        inner = covered & (grid_i - before_i >= k * columns) & (grid_i - before_i <= k * columns + shape_kji[2] - 1)
        inner &= (grid_j - before_j >= k * rows) & (grid_j - before_j <= k * rows + shape_kji[1] - 1)
        assert np.abs((out_ji - expected)[inner]).max(initial=0) < 2e-2
        assert abs(covered.any(axis=0).sum() - shape_kji[2]) <= 1
        assert abs(covered.any(axis=1).sum() - shape_kji[1]) <= 1


@pytest.mark.parametrize(
    ("change", "code"),
    [("missing", "scan.missing_slices"), ("duplicate", "scan.duplicate_slices"), ("scattered", "scan.scattered_slices")],
)
def test_a_tilt_does_not_excuse_missing_duplicate_or_scattered_slices(tmp_path: Path, change: str, code: str) -> None:
    sheared_series(tmp_path, aside_mm=(0.0, 0.3), turn=Orientation((0, 0, 0), 0, 0, 0), shape_kji=(14, 12, 12))
    path = tmp_path / "IM0006.dcm"
    dataset = pydicom.dcmread(path)
    if change == "missing":
        path.unlink()
    elif change == "duplicate":
        dataset.SOPInstanceUID += ".1"
        dataset.save_as(tmp_path / "again.dcm")
    else:
        dataset.ImagePositionPatient[1] += 3
        dataset.save_as(path)
    with pytest.raises(BadInputError) as error:
        sources.load_volume(tmp_path)
    assert error.value.code == code
    (info,) = sources.list_series(tmp_path)
    assert info.lps_from_ijk is None


def test_a_lean_that_no_gantry_has_is_refused(tmp_path: Path) -> None:
    sheared_series(tmp_path, aside_mm=(0.0, 1.2), turn=Orientation((0, 0, 0), 0, 0, 0), shape_kji=(10, 12, 12))
    with pytest.raises(BadInputError) as error:
        sources.load_volume(tmp_path)
    assert error.value.code == "scan.gantry_tilt"
    assert error.value.values["tilt_deg"] == pytest.approx(45, abs=0.1)


def test_an_upright_scan_is_not_touched(tmp_path: Path, tilted_volume: Volume) -> None:
    write_series(tilted_volume, tmp_path)
    loaded = sources.load_series(tmp_path)
    np.testing.assert_array_equal(loaded.volume.array_kji, tilted_volume.array_kji)
    assert loaded.volume.corrections == ()
    assert loaded.info.corrections == ()


def test_a_capture_says_that_its_scan_was_corrected_and_can_be_made_again(tmp_path: Path) -> None:
    sheared_series(tmp_path, aside_mm=(0.0, 0.3), turn=Orientation((0, 0, 0), 0, 0, 0), shape_kji=(14, 30, 20))
    volume = sources.load_volume(tmp_path)
    taken = capture.capture_midsagittal(volume, None)
    record = capture.record(taken, "c1", "1", "SOS Studio")
    assert record.corrections[0].tilt_deg == pytest.approx(14.04, abs=0.02)
    assert CaptureRecord.model_validate_json(record.model_dump_json()) == record
    again = capture.replay(sources.load_volume(tmp_path), record)
    np.testing.assert_array_equal(again.full16_vu, taken.full16_vu)


def test_a_record_without_corrections_reads_and_writes_as_before(tmp_path: Path, tilted_volume: Volume) -> None:
    record = capture.record(capture.capture_midsagittal(tilted_volume, None), "c1", "1", "SOS Studio")
    assert "corrections" not in record.model_dump_json()
    assert "corrections" not in record.model_dump(mode="json")
    assert CaptureRecord.model_validate_json(record.model_dump_json()).corrections == ()
    assert replace(tilted_volume).corrections == ()
