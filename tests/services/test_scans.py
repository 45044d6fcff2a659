"""Opening scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.scans import SeriesInfo
from sos_studio.core.volume import Volume
from sos_studio.imaging.dicom_write import write_series
from sos_studio.services import scans


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
