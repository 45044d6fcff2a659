"""Which series is offered first: the one most like a CBCT of a head."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.services.head_likeness import field_of_view_mm_kji, head_likeness

CBCT = SeriesInfo("cbct", "CT", True, (480, 536, 536), (0.3, 0.3, 0.3))
THICK = SeriesInfo("thick", "CT", True, (48, 512, 512), (5.0, 0.45, 0.45))
CHEST = SeriesInfo("chest", "CT", True, (500, 512, 512), (0.8, 0.9, 0.9))
TOOTH = SeriesInfo("tooth", "CT", True, (400, 400, 400), (0.1, 0.1, 0.1))
MR = SeriesInfo("mr", "MR", True, (180, 256, 256), (1.0, 1.0, 1.0))
HEAD_CT = SeriesInfo("head", "CT", True, (295, 512, 512), (1.0, 0.541, 0.541))
SCOUT = SeriesInfo("scout", "CT", False, (2, 888, 512), (1.0, 0.6, 0.6), problems=(Problem("scan.localizer", "error", {"images": 2}),))


def test_a_head_cbct_is_as_alike_as_can_be() -> None:
    assert head_likeness(CBCT) == 1.0


@pytest.mark.parametrize("other", [THICK, CHEST, TOOTH, MR, HEAD_CT, SCOUT], ids=lambda info: info.uid)
def test_nothing_is_more_alike_than_a_head_cbct(other: SeriesInfo) -> None:
    assert head_likeness(other) < head_likeness(CBCT)


@pytest.mark.parametrize("other", [THICK, CHEST, TOOTH, MR, SCOUT], ids=lambda info: info.uid)
def test_a_thin_head_ct_comes_before_what_is_no_fine_scan_of_a_head(other: SeriesInfo) -> None:
    assert head_likeness(other) < head_likeness(HEAD_CT)


def test_of_two_alike_the_one_without_reservations_comes_first() -> None:
    lossy = replace(CBCT, problems=(Problem("scan.lossy", "warning"),))
    told = replace(CBCT, problems=(Problem("scan.told", "info"),))
    assert head_likeness(lossy) < head_likeness(told) == head_likeness(CBCT)


@pytest.mark.parametrize(
    "missing", [{"loadable": False}, {"shape_kji": None}, {"spacing_mm_kji": None}, {"spacing_mm_kji": (0.0, 0.3, 0.3)}]
)
def test_what_can_t_be_loaded_or_measured_is_nothing_like_it(missing: dict[str, object]) -> None:
    assert head_likeness(replace(CBCT, **missing)) == 0.0


def test_the_field_of_view_counts_whole_voxels() -> None:
    assert field_of_view_mm_kji((100, 200, 300), (2.0, 0.5, 0.25)) == (200.0, 100.0, 75.0)


@given(
    st.tuples(*[st.integers(1, 4000)] * 3),
    st.tuples(*[st.floats(1e-3, 100.0)] * 3),
    st.sampled_from(["CT", "MR", "?", "XA", ""]),
)
def test_it_is_a_share_whatever_the_series(shape: tuple[int, int, int], spacing: tuple[float, float, float], modality: str) -> None:
    share = head_likeness(SeriesInfo("any", modality, True, shape, spacing))
    assert 0.0 < share <= 1.0
