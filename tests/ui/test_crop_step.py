import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from sos_studio.core.roi import Roi
from sos_studio.dataset import captures
from sos_studio.presenters import frame_edit
from sos_studio.ui.crop_step import CropStep
from sos_studio.ui.crop_view import CropPreview, ends_words
from sos_studio.ui.image_view import gray_image
from tests.presenters.kit import make_project, make_session, open_case


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


@pytest.fixture
def step(project, qtbot):
    session = make_session(project)
    made = CropStep(session)
    qtbot.addWidget(made)
    qtbot.addWidget(made.inspector())
    made.resize(840, 660)
    made.show()
    qtbot.waitExposed(made)
    made.session = session
    return made


def at(step, uv):
    return step.view.viewport.to_widget(uv).toPoint()


def click(step, uv):
    QTest.mouseClick(step.view, Qt.MouseButton.LeftButton, pos=at(step, uv))


def draw(step):
    click(step, (160, 120))
    click(step, (200, 150))


def saved(step):
    return captures.rois(step.session.project, step.session.capture.capture_id)


def test_two_real_clicks_make_a_saved_frame(step):
    draw(step)
    roi = step.presenter.state.roi
    assert roi.center_uv == pytest.approx((180, 135), abs=1)
    assert roi.angle_deg == pytest.approx(36.87, abs=2)
    assert saved(step) == {1: roi}


def test_a_key_of_a_stage_is_told_where_stages_are_given(step):
    told = []
    step.session.message.connect(lambda message, severity: told.append((message.text, severity)))
    QTest.keyClick(step.view, Qt.Key.Key_3)
    QTest.keyClick(step.view, Qt.Key.Key_7)
    assert told == [("Stages are given in the step Stage (Ctrl+3).", "info")]


def test_the_frame_follows_the_pointer_before_the_second_click(step, qtbot):
    click(step, (160, 120))
    with qtbot.waitSignal(step.view.frame_moved) as heard:
        QTest.mouseMove(step.view, at(step, (220, 160)))
    assert heard.args[0].width_px == pytest.approx(1.5 * 72.1, abs=3)


def test_dragging_moves_turns_and_sizes_but_never_breaks_two_to_one(step):
    draw(step)
    roi = step.presenter.state.roi
    corner = tuple(float(x) for x in roi.corners_uv[1])
    knob = frame_edit.knobs_uv(roi)[1]
    for held, to in ((roi.center_uv, (210.0, 160.0)), (corner, (260.0, 140.0)), (knob, (150.0, 250.0))):
        start = step.view.viewport.to_widget(held).toPoint()
        QTest.mousePress(step.view, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(step.view, at(step, to))
        QTest.mouseRelease(step.view, Qt.MouseButton.LeftButton, pos=at(step, to))
        now = step.presenter.state.roi
        assert now.width_px == pytest.approx(2 * now.height_px)
        assert saved(step)[step.session.roi_n] == now


def test_keys_nudge_turn_and_size(step):
    draw(step)
    before = step.presenter.state.roi
    QTest.keyClick(step.view, Qt.Key.Key_Right)
    QTest.keyClick(step.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(step.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(step.view, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    now = step.presenter.state.roi
    assert now.center_uv == pytest.approx((before.center_uv[0] + 1, before.center_uv[1] + 10))
    assert now.angle_deg == pytest.approx(before.angle_deg + 0.1)
    assert now.width_px == pytest.approx(before.width_px * 1.1)


def test_mirrored_display_clicks_the_same_anatomy(step):
    step.session.settings.facing = "left"
    step.session.save_settings()
    draw(step)
    assert step.presenter.state.roi.center_uv == pytest.approx((180, 135), abs=1)


def test_a_frame_beyond_the_border_is_refused_on_the_picture(step):
    click(step, (3, 3))
    click(step, (60, 3))
    assert step.presenter.state.roi is None
    assert step.presenter.state.refusal is not None
    assert not step.view.grab().isNull()


def test_typed_angle_turns_the_frame_and_leaves_the_rest(step):
    draw(step)
    before = step.presenter.state.roi
    panel = step.inspector()
    panel._angle.setValue(10.0)
    panel._angle.editingFinished.emit()
    now = step.presenter.state.roi
    assert now.angle_deg == pytest.approx(10.0)
    assert (now.center_uv, now.width_px) == (before.center_uv, before.width_px)


def test_length_is_in_millimetres_where_the_pixel_size_is_known(step):
    draw(step)
    assert step.inspector()._width.value() == pytest.approx(step.presenter.state.roi.width_px * 0.25, abs=0.06)
    assert step.inspector()._width.suffix() == " mm"


def test_the_upright_preview_has_the_ends_on_its_horizontal_middle(qtbot):
    pixels = np.zeros((300, 400), dtype=np.uint8)
    for u, v in ((160, 120), (200, 150)):
        pixels[v - 1 : v + 2, u - 1 : u + 2] = 255
    preview = CropPreview()
    qtbot.addWidget(preview)
    preview.set_image(gray_image(pixels))
    preview.set_roi(Roi.from_ends((160.0, 120.0), (200.0, 150.0)))
    preview.resize(304, 152)
    image = preview.grab().toImage()
    light = np.array([[image.pixelColor(x, y).lightness() for x in range(40, 264)] for y in range(152)])
    rows, columns = np.nonzero(light > 120)
    # 304 / 76 = 4 screen pixels per crop pixel; the ends lie at crop columns 12.5 and 62.5 in row 18.5.
    assert rows.mean() + 0.5 == pytest.approx(4 * 19, abs=0.5)
    left = columns < 112
    assert columns[left].mean() + 40.5 == pytest.approx(4 * 13, abs=0.7)
    assert columns[~left].mean() + 40.5 == pytest.approx(4 * 63, abs=0.7)


def test_empty_step_says_what_to_do(step):
    step.session.set_case(None)
    assert "Capture" in step.view.empty_text
    assert not step.view.grab().isNull()
    assert not step.inspector()._again.isEnabled()


def test_hiding_the_step_saves_what_waits(step):
    draw(step)
    step.hide()
    open_case(step.session, "case-0002")
    assert step.presenter.state.roi is None


def test_cursor_says_what_would_be_held(step):
    draw(step)
    QTest.mouseMove(step.view, at(step, step.presenter.state.roi.center_uv))
    assert step.view.cursor().shape() == Qt.CursorShape.SizeAllCursor
    QTest.mouseMove(step.view, QPointF(20, 20).toPoint())
    assert step.view.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_the_pointer_tells_patient_millimetres_where_the_capture_knows_them(step, qtbot):
    record = step.session.capture.record
    matrix = ((0.0, 0.0, 0.25, 1.0), (-0.25, 0.0, 0.0, 50.0), (0.0, -0.25, 0.0, 80.0), (0.0, 0.0, 0.0, 1.0))
    object.__setattr__(step.session.capture, "record", record.model_copy(update={"lps_from_uv": matrix}))
    with qtbot.waitSignal(step.pixel_pointed) as heard:
        QTest.mouseMove(step.view, at(step, (100, 40)))
    (x, y, z), grey = heard.args[0]
    assert (x, y, z) == pytest.approx((1.0, 25.0, 70.0), abs=0.2)
    assert 0 <= grey <= 255


def test_escape_that_has_nothing_to_take_back_is_left_to_the_window(step):
    draw(step)
    assert not step.presenter.escape()
    step.presenter.click_again()
    assert step.presenter.escape()


def test_ends_in_the_wrong_order_are_told_and_swapped_by_button(step):
    panel = step.inspector()
    click(step, (200, 150))
    click(step, (160, 120))
    assert panel._doubt.isVisibleTo(panel)
    assert "below and in front" in panel._doubt.text()
    with_warning = step.view.grab().toImage()
    panel._swap.click()
    assert not panel._doubt.isVisibleTo(panel)
    assert step.presenter.state.roi.angle_deg == pytest.approx(36.87, abs=2)
    assert step.view.grab().toImage() != with_warning


@pytest.mark.parametrize(("angle_deg", "told"), [(-90.0, "lies below;"), (180.0, "lies in front;"), (-117.8, "below and in front")])
def test_the_warning_says_where_the_endocranial_end_lies(angle_deg, told):
    assert told in ends_words(Roi.of((180.0, 135.0), angle_deg, 60.0))


def test_by_keys_alone_both_ends_are_placed(step):
    view, shift = step.view, Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert step.presenter.state.cross_uv == (198.5, 149.5)
    QTest.keyClick(view, Qt.Key.Key_Left, shift)
    QTest.keyClick(view, Qt.Key.Key_Up, shift)
    assert step.presenter.state.cross_uv == (188.5, 139.5)
    QTest.keyClick(view, Qt.Key.Key_Space)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(view, key, shift)
    assert view._ghost is not None, "the frame is shown before the second end is set"
    assert not view.grab().isNull()
    QTest.keyClick(view, Qt.Key.Key_Return)
    ends = step.presenter.state.ends
    assert (ends.endocranial_uv, ends.ectocranial_uv) == ((188.5, 139.5), (208.5, 159.5))
    assert saved(step) == {1: step.presenter.state.roi}


def test_mirrored_the_cross_hair_goes_where_the_arrow_points(step):
    step.session.settings.facing = "left"
    step.session.save_settings()
    QTest.keyClick(step.view, Qt.Key.Key_Space)
    before = step.view.viewport.to_widget(step.presenter.state.cross_uv)
    QTest.keyClick(step.view, Qt.Key.Key_Left)
    assert step.view.viewport.to_widget(step.presenter.state.cross_uv).x() < before.x()


def test_a_zoomed_picture_follows_the_cross_hair_and_tells_its_place(step):
    heard = []
    step.view.pointer_moved.connect(heard.append)
    step.view.viewport.zoom(8.0)
    for _ in range(12):
        QTest.keyClick(step.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert heard[-1] == step.presenter.state.cross_uv
    assert step.view.rect().contains(step.view.viewport.to_widget(step.presenter.state.cross_uv).toPoint())


def test_500_degrees_are_140_and_not_50(step):
    draw(step)
    box = step.inspector()._angle
    box.selectAll()
    QTest.keyClicks(box, "500")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert step.presenter.state.roi.angle_deg == pytest.approx(140.0)
    assert box.text() == "140.0 °"


@pytest.mark.parametrize("typed", ["nan", "inf", "1e9", "-99999", "0", "720", "", "twice as long", "1,5"])
def test_whatever_is_typed_into_the_boxes_the_frame_stays_one(step, typed):
    draw(step)
    shape_vu = step.presenter._shape_vu
    for box in (step._panel._angle, step._panel._width, step._panel._u, step._panel._v):
        before = step.presenter.state.roi
        box.selectAll()
        QTest.keyClicks(box, typed)
        QTest.keyClick(box, Qt.Key.Key_Return)
        after = step.presenter.state
        assert after.roi is not None
        assert after.roi.width_px == 2 * after.roi.height_px
        assert after.roi.inside(shape_vu)
        assert after.roi.width_px >= 8.0 - 1e-6
        if after.refusal is not None:
            assert after.roi == before
            assert after.refusal.text
            step.presenter.escape()
            assert step.presenter.state.refusal is None


def test_length_and_centre_have_one_unit(step):
    draw(step)
    panel, roi = step.inspector(), step.presenter.state.roi
    assert {box.suffix() for box in (panel._width, panel._u, panel._v)} == {" mm"}
    assert panel._u.value() == pytest.approx((roi.center_uv[0] + 0.5) * 0.25, abs=0.06), (
        "from the border, not from the first pixel's middle"
    )
    panel._u.setValue(50.0)
    panel._u.editingFinished.emit()
    now = step.presenter.state.roi
    assert now.center_uv == (pytest.approx(199.5), roi.center_uv[1])
    assert (now.angle_deg, now.width_px) == (roi.angle_deg, roi.width_px)


def test_without_a_pixel_size_length_and_centre_are_in_pixels(step):
    draw(step)
    panel, roi = step.inspector(), step.presenter.state.roi
    panel.set_picture(None, None)
    assert {box.suffix() for box in (panel._width, panel._u, panel._v)} == {" px"}
    assert (panel._width.value(), panel._u.value()) == (pytest.approx(roi.width_px, abs=0.06), pytest.approx(roi.center_uv[0], abs=0.06))
    panel._v.setValue(130.0)
    panel._v.editingFinished.emit()
    assert step.presenter.state.roi.center_uv == (roi.center_uv[0], 130.0)
