"""Every odd way to write a scan that we know of: it comes out right, or is refused with its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.imaging import sources
from sos_studio.messages import catalogue, message
from tests.imaging import odd_files, odd_frames, odd_places, odd_values
from tests.imaging.odd_dicom import BASE, VALUES, OddCase

CASES = [*odd_values.CASES, *odd_files.CASES, *odd_places.CASES, *odd_frames.CASES]


def test_no_two_cases_share_a_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_loads_right_or_is_refused_with_its_reason(tmp_path: Path, case: OddCase) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    source = case.make(folder)
    if case.code is not None:
        with pytest.raises(BadInputError) as error:
            sources.load_volume(source)
        assert error.value.code == case.code, message(error.value.code, error.value.values)
        assert "?" not in message(error.value.code, error.value.values).text
        return
    loadable = [info for info in sources.list_series(source) if info.loadable]
    expected = [VALUES] if case.arrays is None else case.arrays()
    assert len(loadable) == len(expected), sources.list_series(source)
    found = []
    for info in loadable:
        loaded = sources.load_series(source, info.uid)
        codes = {problem.code for problem in loaded.info.problems}
        assert codes <= set(catalogue())
        assert set(case.warnings) <= codes
        found.append(loaded.volume)
        if case.own_matrix:
            np.testing.assert_allclose(loaded.volume.lps_from_ijk, BASE.lps_from_ijk, atol=1e-4)
    for volume, values in zip(found, expected, strict=True):
        assert volume.shape_kji == values.shape
        np.testing.assert_allclose(volume.array_kji.astype(float), values, atol=case.tolerance)
