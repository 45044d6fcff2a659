import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QSize

from sos_studio.ui.viewport import LARGEST_ZOOM, Viewport


def shown(width=400, height=300, mirrored=False):
    viewport = Viewport()
    viewport.mirrored = mirrored
    viewport.set_widget(QSize(800, 600))
    viewport.set_image(width, height)
    return viewport


@given(u=st.floats(-1000, 1000), v=st.floats(-1000, 1000), zoom=st.floats(0.2, 10), mirrored=st.booleans())
def test_screen_and_pixels_map_back_and_forth(u, v, zoom, mirrored):
    viewport = shown(mirrored=mirrored)
    viewport.zoom(zoom, QPointF(123, 45))
    back = viewport.to_uv(viewport.to_widget((u, v)))
    assert back == pytest.approx((u, v), abs=1e-6)


def test_the_whole_picture_is_fitted_into_the_middle():
    viewport = shown()
    middle = viewport.to_widget(((400 - 1) / 2, (300 - 1) / 2))
    assert (middle.x(), middle.y()) == pytest.approx((400, 300))


def test_mirroring_swaps_left_and_right_on_the_screen_only():
    plain, mirrored = shown().to_widget((0, 10)), shown(mirrored=True).to_widget((399, 10))
    assert (plain.x(), plain.y()) == pytest.approx((mirrored.x(), mirrored.y()))


def test_zoom_keeps_the_point_under_the_pointer():
    viewport = shown()
    at = QPointF(200, 150)
    before = viewport.to_uv(at)
    viewport.zoom(3.0, at)
    assert viewport.to_uv(at) == pytest.approx(before)
    for _ in range(30):
        viewport.zoom(3.0, at)
    assert viewport.scale == LARGEST_ZOOM


def test_a_fitted_picture_stays_fitted_and_a_zoomed_one_keeps_its_place():
    viewport = shown()
    viewport.set_widget(QSize(400, 300))
    assert viewport.scale < 1
    viewport.zoom(2.0)
    scale = viewport.scale
    viewport.set_widget(QSize(500, 300))
    assert viewport.scale == scale
