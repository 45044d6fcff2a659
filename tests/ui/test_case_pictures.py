"""Thumbnails of cases: those in sight are read, however many there are."""

from __future__ import annotations

import numpy as np
import pytest

from sos_studio.imaging import images
from sos_studio.services.model_results import Labelled
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.case_pictures import CasePictures

COUNT = 130


@pytest.fixture
def pictures(tmp_path, qtbot):
    background = PoolBackground()
    view = CasePictures(background, "Cases", str)
    qtbot.addWidget(view)
    view.resize(700, 300)
    view.show()
    qtbot.waitExposed(view)
    cases = []
    for n in range(COUNT):
        path = tmp_path / f"{n}.png"
        images.write_png(path, np.full((30, 40), 255, dtype=np.uint8))
        cases.append((Labelled(f"case-{n:04}", f"k-{n}", f"P{n}", 1, path, f"sha-{n}"), "label 1, said 2"))
    view.set_cases(cases)
    yield view
    assert background.close()


def has_picture(view, n):
    image = view.item(n).icon().pixmap(view.iconSize()).toImage()
    return image.pixelColor(image.width() // 2, image.height() // 2).alpha() > 0


def test_the_worst_of_many_have_their_pictures_and_the_others_when_they_are_scrolled_to(pictures, qtbot):
    qtbot.waitUntil(lambda: all(has_picture(pictures, n) for n in range(6)))
    assert not has_picture(pictures, COUNT - 1)
    pictures.scrollToItem(pictures.item(COUNT - 1))
    qtbot.waitUntil(lambda: has_picture(pictures, COUNT - 1))
    assert not has_picture(pictures, COUNT // 2)
