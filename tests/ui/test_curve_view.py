import pytest

from sos_studio.presenters.curves import Curve
from sos_studio.ui.curve_view import CurveView, bottom, nice_top


@pytest.mark.parametrize(("value", "top"), [(0.0, 1.0), (0.7, 1.0), (1.0, 1.0), (1.3, 2.0), (4.2, 5.0), (73.0, 100.0), (float("nan"), 1.0)])
def test_the_axis_ends_at_a_round_number(value, top):
    assert nice_top(value) == pytest.approx(top)


@pytest.mark.parametrize(("lowest", "low"), [(0.3, 0.0), (0.0, 0.0), (-0.15, -0.2), (-0.9, -1.0)])
def test_what_is_below_zero_is_not_cut_off(lowest, low):
    assert bottom(lowest) == pytest.approx(low)


def test_lines_are_painted_and_told_in_words(qtbot):
    view = CurveView("Loss", lambda curve: f"{curve.name} {curve.last:g}", lambda curve: f"what {curve.name} is")
    qtbot.addWidget(view)
    view.resize(300, 150)
    empty = view.grab().toImage()
    view.set_curves((Curve("loss", "train", ((1, 2.0), (2, 1.0))), Curve("other", "train", ((1, 1.0),))))
    assert view.accessibleDescription() == "loss 1, other 1"
    assert view.grab().toImage() != empty
    assert view.toolTip().splitlines() == ["loss 1: what loss is", "other 1: what other is"]


def test_a_curve_that_begins_late_says_why_where_it_is_missing(qtbot):
    view = CurveView("Rates", lambda curve: curve.name, top=1.0)
    qtbot.addWidget(view)
    view.resize(420, 150)
    late = (Curve("kappa", "inner", ((60, 0.2), (100, 0.5))),)
    view.set_curves(late)
    alone = view.grab().toImage()
    view.set_curves(late, span=(1, 100))
    shared = view.grab().toImage()
    assert shared != alone, "one axis with the chart beside it"
    view.set_curves(late, span=(1, 100), before="not looked at before epoch 60")
    assert view.grab().toImage() != shared
    assert "not looked at before epoch 60" in view.accessibleDescription()
    assert view.toolTip().endswith("not looked at before epoch 60")
