from __future__ import annotations

import time

import numpy as np
import pytest

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation, Plane
from sos_studio.imaging import resample, slabs
from sos_studio.presenters.pane_geometry import PaneGeometry, fitted
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.rendering import AT_ONCE_BELOW_S, Look, SliceRenderer
from tests.presenters.scans import make_volume

VOLUME = make_volume()
SIZE = (120, 100)


class Behind(ImmediateBackground):
    """Counts what is not done at once."""

    asked = 0

    def run_latest(self, work, on_done, *, key):  # type: ignore[no-untyped-def]
        self.asked += 1
        super().run_latest(work, on_done, key=key)


def geometry(roll_deg: float) -> PaneGeometry:
    orientation = Orientation(VOLUME.center_lps_mm, roll_deg=roll_deg)
    return PaneGeometry(Plane.AXIAL, orientation, fitted(VOLUME, orientation, Plane.AXIAL, SIZE, "right"), "right", SIZE)


@pytest.mark.parametrize(("busy", "behind"), [(False, 0), (True, 1)])
def test_pictures_are_made_at_once_unless_they_take_long_themselves(monkeypatch: pytest.MonkeyPatch, busy: bool, behind: int) -> None:
    """Waiting for a busy machine counts for nothing: the way through the background waits for it as well."""
    resample.warm_up()

    def slow(*_: object, **__: object) -> np.ndarray:
        begin = time.thread_time()
        if busy:
            while time.thread_time() - begin < 3 * AT_ONCE_BELOW_S:
                pass
        else:
            time.sleep(3 * AT_ONCE_BELOW_S)
        return np.zeros(SIZE[::-1], dtype=np.uint8)

    monkeypatch.setattr(slabs, "render_slab_display", slow)
    background = Behind()
    renderer, look = SliceRenderer(background, "pane"), Look(VOLUME, Window(low=0.0, high=1.0))
    renderer.picture(geometry(0.0), look, lambda: None)
    renderer.picture(geometry(1.0), look, lambda: None)
    assert background.asked == behind


def test_a_picture_that_is_there_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    resample.warm_up()
    renderer, look = SliceRenderer(Behind(), "pane"), Look(VOLUME, Window(low=0.0, high=1000.0))
    first = renderer.picture(geometry(0.0), look, lambda: None)
    monkeypatch.setattr(slabs, "render_slab_display", None)
    assert first is not None
    again = renderer.picture(geometry(0.0), look, lambda: None)
    assert again is not None
    assert again.grey_vu is first.grey_vu
