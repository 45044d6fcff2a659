"""Opening scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.scans import SeriesInfo
from sos_studio.core.volume import Volume
from sos_studio.dataset import locations
from sos_studio.dataset.locations import ScanLocation
from sos_studio.imaging.dicom_write import write_series
from sos_studio.services import scans
from sos_studio.services.scans import SourceReader


def _volume(seed: int) -> Volume:
    values = np.random.default_rng(seed).integers(-500, 900, (12, 16, 14), dtype=np.int16)
    return Volume(values, np.diag([1.0, 1.0, 2.0, 1.0]))


def test_a_series_is_opened_with_its_value_range(tmp_path: Path) -> None:
    write_series(_volume(0), tmp_path, seed=1)
    shares: list[float] = []
    opened = scans.open_scan(tmp_path, progress=shares.append)
    np.testing.assert_array_equal(opened.volume.array_kji, _volume(0).array_kji)
    assert opened.info.value_range == (_volume(0).array_kji.min(), _volume(0).array_kji.max())
    assert opened.source == tmp_path
    assert shares[-1] == 1.0


def test_of_several_series_one_must_be_chosen(tmp_path: Path) -> None:
    write_series(_volume(0), tmp_path / "a", seed=1)
    write_series(_volume(1), tmp_path / "b", seed=2)
    with pytest.raises(BadInputError) as caught:
        scans.open_scan(tmp_path)
    assert caught.value.code == "scan.several_series"
    series = caught.value.values["series"]
    assert all(isinstance(info, SeriesInfo) for info in series)
    for info in series:
        assert scans.open_scan(tmp_path, info.uid).info.uid == info.uid
    ranges = {info.value_range for info in scans.inspect(tmp_path)}
    assert None not in ranges


def test_opening_can_be_cancelled(tmp_path: Path) -> None:
    write_series(_volume(0), tmp_path, seed=1)
    with pytest.raises(CancelledError):
        scans.open_scan(tmp_path, cancelled=lambda: True)


def test_pixels_that_cant_be_read_are_found_out_by_inspecting(tmp_path: Path) -> None:
    paths = write_series(_volume(0), tmp_path, seed=1)
    paths[5].write_bytes(paths[5].read_bytes()[:-200])
    (info,) = scans.inspect(tmp_path)
    assert not info.loadable
    assert [problem.severity for problem in info.problems].count("error") >= 1


def test_a_source_is_looked_into_once_for_listing_pictures_and_opening(tmp_path: Path) -> None:
    write_series(_volume(0), tmp_path / "a", seed=1)
    write_series(_volume(1), tmp_path / "b", seed=2)
    with SourceReader(tmp_path) as reader:
        assert len(reader.series) == len(reader.loadable) == 2
        uid = reader.series[1].uid
        assert reader.thumbnail(uid).dtype == np.uint8
        assert len(reader.files(uid)) == 12
        assert reader.open(uid).info.uid == uid
        place = ScanLocation(tmp_path, locations.key_of(uid))
        assert reader.uid_of(place) == uid
        assert reader.uid_of(ScanLocation(tmp_path, locations.key_of("another"))) is None
        assert reader.uid_of(ScanLocation(tmp_path, None)) is None
        with pytest.raises(BadInputError, match="several_series"):
            reader.open()


def test_a_coarse_scan_is_called_so_and_lies_in_the_same_place(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(-500, 900, (60, 16, 14), dtype=np.int16)
    whole = Volume(values, np.diag([1.0, 1.0, 2.0, 1.0]))
    write_series(whole, tmp_path, seed=1)
    seen: list[scans.OpenedScan] = []
    with SourceReader(tmp_path) as reader:
        opened = reader.open(preview=seen.append)
    (coarse,) = seen
    assert (coarse.coarse, opened.coarse) == (True, False)
    assert coarse.info.uid == opened.info.uid
    every = round(coarse.volume.spacing_mm_kji[0] / whole.spacing_mm_kji[0])
    assert every > 1
    np.testing.assert_array_equal(coarse.volume.array_kji, opened.volume.array_kji[::every][: coarse.volume.shape_kji[0]])
    np.testing.assert_allclose(coarse.volume.lps_from_ijk[:3, 3], opened.volume.lps_from_ijk[:3, 3])


def test_files_of_a_folder_are_named_without_it(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("b", "a", "below/c"):
        (tmp_path / name).write_bytes(b"")
    assert scans.files_below(tmp_path) == ("a", "b", "below/c")
    assert scans.files_below(tmp_path / "a") == ("a",)
