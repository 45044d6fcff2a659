"""Choosing a series: the likeliest first, pictures one by one, and nothing is asked of a source that is gone."""

from __future__ import annotations

import numpy as np

from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.series_picker import SeriesPicker, series_rows

HEAD = SeriesInfo("head", "CT", True, (400, 512, 512), (0.4, 0.4, 0.4))
THICK = SeriesInfo("thick", "CT", True, (40, 512, 512), (5.0, 0.4, 0.4))
LARGE = SeriesInfo("large", "CT", True, (900, 1024, 1024), (0.7, 0.9, 0.9))
SCOUT = SeriesInfo("scout", "CT", False, (2, 888, 512), problems=(Problem("scan.localizer", "error", {"images": 2}),))


class Reader:
    """Gives pictures, except of what is in `without`."""

    def __init__(self, *series: SeriesInfo, without: tuple[str, ...] = ()) -> None:
        self.series = series
        self.without = without
        self.asked: list[str] = []
        self.closed = 0

    def thumbnail(self, uid: str) -> np.ndarray:
        self.asked.append(uid)
        if uid in self.without:
            raise BadInputError("scan.truncated", file="x")
        return np.zeros((3, 4), np.uint8)

    def folder(self, uid: str) -> str:
        return f"disc/{uid}"

    def close(self) -> None:
        self.closed += 1


class SlowBackground(ImmediateBackground):
    """Keeps work until it is told to do the next piece."""

    def __init__(self) -> None:
        self.waiting: list = []

    def run(self, work, on_done, on_error=None, *, key=None):
        self.waiting.append((work, on_done, on_error))

    def do_next(self) -> None:
        work, on_done, on_error = self.waiting.pop(0)
        try:
            answer = work()
        except Exception as error:
            on_error(error)
        else:
            on_done(answer)


def test_the_likeliest_comes_first_and_what_can_t_be_opened_last() -> None:
    rows = series_rows((SCOUT, LARGE, THICK, HEAD))
    assert [row.info.uid for row in rows] == ["head", "large", "thick", "scout"]
    assert [row.likeliest for row in rows] == [True, False, False, False]
    assert rows[0].field_mm_kji == (160.0, 204.8, 204.8)
    assert rows[3].field_mm_kji is None


def test_a_single_series_is_not_praised_over_others() -> None:
    assert not any(row.likeliest for row in series_rows((HEAD, SCOUT)))


def test_the_series_on_the_screen_is_marked_and_the_next_likeliest_preselected() -> None:
    picker = SeriesPicker(ImmediateBackground(), Reader(THICK, HEAD, SCOUT), lambda *_: None, "head")
    assert [row.open_now for row in picker.rows] == [True, False, False]
    assert picker.preselected == 1
    assert SeriesPicker(ImmediateBackground(), Reader(HEAD, SCOUT), lambda *_: None, "head").preselected == 0


def test_pictures_come_one_by_one_in_the_order_in_which_they_are_asked_for() -> None:
    background, reader = SlowBackground(), Reader(HEAD, THICK, SCOUT, without=("thick",))
    picker = SeriesPicker(background, reader, lambda *_: None)
    arrived = []
    picker.thumbnail_changed.connect(arrived.append)
    for uid in ("head", "thick", "head", "scout"):
        assert picker.thumbnail(uid) is None
    assert len(background.waiting) == 1
    for _ in range(3):
        background.do_next()
    assert background.waiting == []
    assert reader.asked == arrived == ["head", "thick", "scout"]
    assert picker.thumbnail("head") is not None
    assert picker.thumbnail("thick") is None
    assert picker.has_no_thumbnail("thick")
    assert not picker.has_no_thumbnail("head")


def test_no_picture_is_read_of_a_source_that_is_gone() -> None:
    background, reader = SlowBackground(), Reader(HEAD, THICK)
    picker = SeriesPicker(background, reader, lambda *_: None)
    gone = []
    picker.gone.connect(lambda: gone.append(True))
    picker.thumbnail_changed.connect(gone.append)
    picker.thumbnail("head")
    picker.thumbnail("thick")
    picker.dismiss()
    picker.dismiss()
    while background.waiting:
        background.do_next()
    assert reader.asked == ["head"]
    assert (reader.closed, gone) == (1, [True])


def test_only_what_can_be_opened_is_opened_and_only_once() -> None:
    opened = []
    reader = Reader(HEAD, SCOUT)
    picker = SeriesPicker(ImmediateBackground(), reader, lambda source, uid: opened.append((source, uid)))
    picker.choose("scout")
    picker.choose("head")
    picker.choose("head")
    picker.dismiss()
    assert opened == [(reader, "head")]
    assert reader.closed == 0, "the source goes on with the chosen series"


def test_a_folder_in_which_all_series_lie_is_not_named() -> None:
    assert [row.folder for row in series_rows((HEAD, THICK), folders={"head": "a", "thick": "a"})] == ["", ""]
    assert [row.folder for row in series_rows((HEAD, THICK), folders={"head": "a", "thick": ""})] == ["a", ""]
