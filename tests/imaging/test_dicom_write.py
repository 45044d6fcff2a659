from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from sos_studio.core.volume import Volume
from sos_studio.imaging import load_volume
from sos_studio.imaging.dicom_write import Syntax, seeded_uid, write_series

SYNTAXES: tuple[Syntax, ...] = ("explicit", "rle", "j2k", "jpegls")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_series_comes_back_exactly_as_it_was(tmp_path: Path, tilted_volume: Volume, syntax: Syntax) -> None:
    paths = write_series(tilted_volume, tmp_path / "a", transfer_syntax=syntax, seed=5)
    assert len(paths) == tilted_volume.shape_kji[0]
    back = load_volume(tmp_path / "a")
    np.testing.assert_array_equal(back.array_kji, tilted_volume.array_kji)
    np.testing.assert_allclose(back.lps_from_ijk, tilted_volume.lps_from_ijk, atol=1e-9)
    assert back.series_hash == tilted_volume.series_hash


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_another_reader_sees_the_same_pixels(tmp_path: Path, tilted_volume: Volume, syntax: Syntax) -> None:
    path = write_series(tilted_volume, tmp_path, transfer_syntax=syntax, seed=5)[3]
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, tilted_volume.array_kji[3])


def test_float_values_come_back_within_half_a_step(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(0, 500, (10, 12, 14)).astype(np.float32)
    write_series(Volume(values, np.eye(4)), tmp_path)
    back = load_volume(tmp_path)
    assert back.array_kji.dtype == np.float32
    assert np.abs(back.array_kji - values).max() <= 0.51 * np.ptp(values) / 65534


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, tilted_volume: Volume) -> None:
    a, b = (write_series(tilted_volume, tmp_path / name, patient_id="P1", seed=1)[0] for name in ("a", "b"))
    other = write_series(tilted_volume, tmp_path / "c", patient_id="P1", seed=2)[0]
    assert a.read_bytes() == b.read_bytes()
    assert a.read_bytes() != other.read_bytes()


def test_uids_are_valid_and_differ() -> None:
    uids = {seeded_uid(seed, "image", k) for seed in range(20) for k in range(20)}
    assert len(uids) == 400
    assert all(pydicom.uid.UID(uid).is_valid and len(uid) <= 64 for uid in uids)


def test_it_is_a_complete_ct_image(tmp_path: Path, tilted_volume: Volume) -> None:
    path = write_series(tilted_volume, tmp_path, patient_name="Phantom^One", patient_id="P1", study_description="phantom")[0]
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.MediaStorageSOPClassUID.name == "CT Image Storage"
    assert (dataset.Modality, str(dataset.PatientName), dataset.PatientID) == ("CT", "Phantom^One", "P1")
    for required in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID", "RescaleType", "KVP"):
        assert required in dataset
