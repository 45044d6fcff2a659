from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.errors import BadInputError
from sos_studio.core.volume import Volume

spacings = st.floats(0.1, 5)


@given(st.tuples(spacings, spacings, spacings), st.tuples(*[st.floats(-300, 300)] * 3), st.tuples(*[st.floats(0, 600)] * 3))
def test_voxel_to_world_and_back_is_exact(spacing: tuple[float, ...], origin: tuple[float, ...], ijk: tuple[float, ...]) -> None:
    matrix = np.diag([*spacing, 1.0])
    matrix[:3, 3] = origin
    volume = Volume(np.zeros((2, 3, 4), np.int16), matrix)
    world = volume.lps_from_ijk @ [*ijk, 1.0]
    assert np.allclose(volume.ijk_from_lps @ world, [*ijk, 1.0], atol=1e-8)
    assert volume.spacing_mm_ijk == pytest.approx(spacing)
    assert volume.spacing_mm_kji == pytest.approx(spacing[::-1])


def test_a_volume_is_frozen_but_the_callers_array_is_not() -> None:
    array = np.zeros((2, 3, 4), np.int16)
    volume = Volume(array, np.eye(4))
    with pytest.raises(ValueError, match="read-only"):
        volume.array_kji[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        volume.lps_from_ijk[0, 0] = 2
    array[0, 0, 0] = 1


def _sheared() -> np.ndarray:
    matrix = np.eye(4)
    matrix[1, 2] = 0.25
    return matrix


@pytest.mark.parametrize("matrix", [np.full((4, 4), np.nan), np.diag([0, 1, 1, 1.0]), _sheared(), np.eye(3)])
def test_geometry_that_would_mislead_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(BadInputError, match="bad_geometry"):
        Volume(np.zeros((2, 3, 4), np.int16), matrix)


@pytest.mark.parametrize("shape", [(3, 4), (0, 3, 4), (1, 2, 3, 4)])
def test_anything_but_three_dimensions_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="bad_shape"):
        Volume(np.zeros(shape, np.int16), np.eye(4))


def test_the_hash_knows_the_scan_by_values_and_geometry_only() -> None:
    values = np.random.default_rng(0).integers(-1000, 3000, (4, 5, 6)).astype(np.int16)
    same = Volume(values.astype(np.float32), np.eye(4) + 1e-9)
    other_values, other_place = values.copy(), np.eye(4)
    other_values[3, 4, 5] += 1
    other_place[0, 3] = 0.01
    volume = Volume(values, np.eye(4))
    assert volume.series_hash == same.series_hash
    assert volume.series_hash != Volume(other_values, np.eye(4)).series_hash
    assert volume.series_hash != Volume(values, other_place).series_hash


def test_the_hash_tells_fractions_from_whole_numbers() -> None:
    whole = Volume(np.zeros((2, 2, 2), np.float32), np.eye(4))
    assert whole.series_hash != Volume(np.full((2, 2, 2), 0.5, np.float32), np.eye(4)).series_hash
    assert Volume(np.full((2, 2, 2), np.nan, np.float32), np.eye(4)).series_hash != whole.series_hash
