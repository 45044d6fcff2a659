import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from sos_studio.ui.image_view import BACKDROP, ImageView


@pytest.fixture
def view(qtbot):
    made = ImageView()
    made.show_letters = False
    qtbot.addWidget(made)
    made.resize(424, 324)
    made.show()
    return made


def picture():
    pixels = np.zeros((300, 400), dtype=np.uint8)
    pixels[:150, 200:] = 255
    return pixels


def test_pixels_are_painted_where_the_mapping_says(view):
    view.set_picture(picture())
    image = view.grab().toImage()
    bright, dark = view.viewport.to_widget((300, 50)).toPoint(), view.viewport.to_widget((100, 50)).toPoint()
    assert image.pixelColor(bright).lightness() > 240
    assert image.pixelColor(dark).lightness() < 15
    assert image.pixelColor(QPoint(2, 2)) == BACKDROP


def test_mirrored_display_shows_the_other_side(view):
    view.set_picture(picture())
    view.set_mirrored(True)
    image = view.grab().toImage()
    assert image.pixelColor(QPoint(112, 62)).lightness() > 240
    assert view.value_at(view.viewport.to_uv(QPoint(112, 62).toPointF())) == 255


def test_pointer_tells_the_pixel_under_it_and_none_outside(view, qtbot):
    view.set_picture(picture())
    at = view.viewport.to_widget((120, 80)).toPoint()
    with qtbot.waitSignal(view.pointer_moved) as heard:
        QTest.mouseMove(view, at)
    assert heard.args[0] == pytest.approx((120, 80), abs=1.0)
    with qtbot.waitSignal(view.pointer_moved) as heard:
        QTest.mouseMove(view, QPoint(1, 1))
    assert heard.args[0] is None


def test_plus_zooms_and_zero_fits_again(view):
    view.set_picture(picture())
    fitted = view.viewport.scale
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.viewport.scale > fitted
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.viewport.scale == fitted


@pytest.mark.parametrize("button", [Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton])
def test_dragging_pans(view, button):
    view.set_picture(picture())
    before = view.viewport.to_widget((0, 0))
    QTest.mousePress(view, button, pos=QPoint(100, 100))
    QTest.mouseMove(view, QPoint(130, 90))
    QTest.mouseRelease(view, button, pos=QPoint(130, 90))
    QTest.mouseMove(view, QPoint(200, 200))
    after = view.viewport.to_widget((0, 0))
    assert (after.x() - before.x(), after.y() - before.y()) == pytest.approx((30, -10))


def test_without_a_picture_it_says_what_to_do_next(view):
    view.empty_text = "Open something."
    view.set_picture(None)
    assert not view.grab().isNull()
    assert view.value_at((1, 1)) is None


def test_right_drag_changes_the_contrast_of_the_display_only_and_zero_brings_it_back(view):
    pixels = np.full((300, 400), 100, dtype=np.uint8)
    view.set_picture(pixels)
    middle = view.rect().center()
    QTest.mousePress(view, Qt.MouseButton.RightButton, pos=QPoint(100, 100))
    QTest.mouseMove(view, QPoint(100, 160))
    QTest.mouseRelease(view, Qt.MouseButton.RightButton, pos=QPoint(100, 160))
    assert view.grab().toImage().pixelColor(middle).lightness() < 90
    assert view.value_at((10.0, 10.0)) == 100
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.grab().toImage().pixelColor(middle).lightness() == pytest.approx(100, abs=1)


def test_a_magnified_picture_keeps_the_coordinates_of_its_pixels(view):
    view.set_picture(picture(), magnified=np.kron(picture(), np.ones((2, 2), dtype=np.uint8)))
    image = view.grab().toImage()
    assert image.pixelColor(view.viewport.to_widget((202, 100)).toPoint()).lightness() > 240
    assert image.pixelColor(view.viewport.to_widget((197, 100)).toPoint()).lightness() < 15
