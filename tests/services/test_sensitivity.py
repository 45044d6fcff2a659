"""Whether a stage holds when the plane is set a little otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sos_studio.core.errors import CancelledError
from sos_studio.core.geometry import Orientation
from sos_studio.core.volume import Volume
from sos_studio.imaging import capture as imaging_capture
from sos_studio.services import parasagittal
from sos_studio.services.captures import StoredCapture, write_capture_folder
from sos_studio.services.sensitivity import Sensitivity, Tried, Variation, moved, sensitivity, variations

ORIENTATION = Orientation((1.0, -2.0, 3.0), 3.0, -2.0, 5.0)


def ramp_volume() -> Volume:
    """Values rise to the patient's left, so that a picture's mean says where its plane lies."""
    k, j, i = np.mgrid[0:40, 0:44, 0:48].astype(np.float32)
    matrix = np.diag([1.0, 1.0, 1.0, 1.0])
    matrix[:3, 3] = (-24.0, -22.0, -20.0)
    return Volume((10 * i + 0 * j + 0 * k).astype(np.int16), matrix)


@pytest.fixture
def capture(tmp_path: Path) -> StoredCapture:
    made = imaging_capture.capture_midsagittal(ramp_volume(), ORIENTATION, spacing_mm=0.5)
    return write_capture_folder(made, tmp_path / "capture")


def answering(stage_of: Callable[[np.ndarray], int]) -> Any:
    def predict(picture: np.ndarray, *, model_dir: Path, cancelled: object = None) -> object:
        return SimpleNamespace(prediction=SimpleNamespace(stage=stage_of(picture), probabilities=(0.2,) * 5))

    return SimpleNamespace(predict=predict)


def test_with_the_scan_open_the_head_is_turned_and_the_plane_moved(capture: StoredCapture) -> None:
    reach, pictures = variations(capture, ramp_volume())
    assert reach == "plane"
    assert {(v.change, v.amount) for v, _ in pictures} == {
        *((name, by) for name in ("roll", "yaw", "pitch") for by in (-2.0, 2.0)),
        *(("side", by) for by in (-1.0, 1.0)),
    }
    made = {(v.change, v.amount): make() for v, make in pictures}
    # The window spans the ramp of the capture; a millimetre to the left is ten grey values of the scan brighter.
    assert made["side", 1.0].mean() > capture.full8.mean() > made["side", -1.0].mean()
    again = imaging_capture.capture_midsagittal(
        ramp_volume(), Orientation((1.0, -2.0, 3.0), 5.0, -2.0, 5.0), spacing_mm=0.5, window=capture.record.window
    )
    assert np.array_equal(made["roll", 2.0], again.full8_vu)


def test_another_scan_than_the_captures_is_not_used(capture: StoredCapture) -> None:
    other = Volume(np.zeros((9, 9, 9), np.int16), np.eye(4))
    assert variations(capture, other)[0] == "picture"


def test_slices_kept_beside_the_capture_move_the_plane_without_the_scan(capture: StoredCapture, monkeypatch: pytest.MonkeyPatch) -> None:
    made = parasagittal.make(capture, ramp_volume())
    monkeypatch.setattr(parasagittal, "load", lambda _: made)
    reach, pictures = variations(capture, None)
    assert reach == "neighbours"
    sides = {v.amount: make() for v, make in pictures if v.change == "side"}
    assert np.array_equal(sides[1.0], made.slices8[made.offsets_mm.index(1.0)])
    assert {v.change for v, _ in pictures} == {"side", "turn", "along", "down"}


def test_of_a_picture_alone_only_what_lies_in_its_plane_is_tried(capture: StoredCapture) -> None:
    reach, pictures = variations(capture, None)
    assert reach == "picture"
    assert {v.change for v, _ in pictures} == {"turn", "along", "down"}
    made = {(v.change, v.amount): make() for v, make in pictures}
    # A millimetre at 0.5 mm is two pixels.
    assert np.array_equal(made["along", 1.0][:, 2:], capture.full8[:, :-2])
    assert np.array_equal(made["down", -1.0][:-2], capture.full8[2:])
    assert not made["down", -1.0][-1].any()


def test_turning_is_clockwise_about_the_middle() -> None:
    picture = np.zeros((101, 101), np.uint8)
    picture[50, 90] = 250
    turned = moved(picture, turn_deg=90.0)
    assert np.unravel_index(turned.argmax(), turned.shape) == (90, 50)
    assert np.array_equal(moved(picture), picture)


def test_a_stage_that_is_the_same_each_time_holds(capture: StoredCapture) -> None:
    shares: list[float] = []
    found = sensitivity(answering(lambda _: 3), capture, model_dir=Path("m"), stage=3, volume=ramp_volume(), progress=shares.append)
    assert found.holds
    assert found.seen == ((3, 9),)
    assert shares[-1] == 1.0


def test_a_stage_that_changes_is_told_with_what_came_instead(capture: StoredCapture) -> None:
    brighter = capture.full8.mean() + 1
    found = sensitivity(
        answering(lambda picture: 4 if picture.mean() > brighter else 3), capture, model_dir=Path("m"), stage=3, volume=ramp_volume()
    )
    assert not found.holds
    assert Variation("side", 1.0) in [one.variation for one in found.tried if one.stage == 4]
    assert found.seen[0][0] == 3


def test_nothing_more_is_asked_once_it_was_cancelled(capture: StoredCapture) -> None:
    with pytest.raises(CancelledError):
        sensitivity(answering(lambda _: 1), capture, model_dir=Path("m"), stage=1, cancelled=lambda: True)


def test_the_stage_seen_most_often_comes_first() -> None:
    tried = tuple(Tried(Variation("turn", 2.0), stage, ()) for stage in (2, 2, 3))
    assert Sensitivity(1, "picture", tried).seen == ((2, 2), (1, 1), (3, 1))
