"""Captures go into projects and folders and come back the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Roi
from sos_studio.core.volume import Volume
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging import images
from sos_studio.services import captures, full_images
from sos_studio.services.full_images import View, full_image


@pytest.fixture(scope="module")
def volume() -> Volume:
    """A small volume."""
    return Volume(np.random.default_rng(0).integers(-500, 900, (40, 44, 24), dtype=np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))


def test_a_stored_capture_can_be_replayed_from_its_record(volume: Volume, tmp_path: Path) -> None:
    orientation = Orientation(volume.center_lps_mm, 3.0, -2.0, 5.0)
    capture = captures.make_capture(volume, orientation, spacing_mm=0.5)
    with Project.create(tmp_path / "project") as project:
        case_id = cases.add_case(project)
        stored = captures.store_capture(project, case_id, capture)
        again = captures.load_capture(project, stored.capture_id)
    np.testing.assert_array_equal(again.full8, capture.full8_vu)
    assert (again.case_id, again.shape_vu) == (case_id, capture.shape_vu)
    replayed = imaging_capture.replay(volume, again.record)
    np.testing.assert_array_equal(replayed.full16_vu, images.read_png16(again.folder / "full16.png"))


def test_a_folder_outside_a_project_is_a_capture_too(volume: Volume, tmp_path: Path) -> None:
    capture = captures.make_capture(volume, None, spacing_mm=0.5)
    out = tmp_path / "capture"
    written = captures.write_capture_folder(capture, out)
    assert captures.is_capture_folder(out)
    read = captures.read_capture_folder(out)
    np.testing.assert_array_equal(read.full8, written.full8)
    assert read.record == written.record
    assert captures.latest_frame(read) is None
    (out / "roi-1.json").write_text(Roi.of((20.0, 20.0), 0.0, 20.0).model_dump_json())
    assert full_image(out).frame == Roi.of((20.0, 20.0), 0.0, 20.0)
    with pytest.raises(BadInputError, match=r"capture\.folder_not_empty"):
        captures.write_capture_folder(capture, out)


def test_a_folder_that_cant_be_written_leaves_nothing(volume: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _array: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(images, "write_png", full)
    with pytest.raises(ProjectError, match=r"capture\.folder_unwritable"):
        captures.write_capture_folder(captures.make_capture(volume, None), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged_capture_folders_are_told(volume: Volume, tmp_path: Path) -> None:
    out = tmp_path / "capture"
    captures.write_capture_folder(captures.make_capture(volume, None, spacing_mm=0.5), out)
    images.write_png(out / "full.png", np.zeros((40, 40), dtype=np.uint8))
    with pytest.raises(BadInputError, match=r"capture\.unreadable"):
        captures.read_capture_folder(out)
    (out / "capture.json").write_text("{}")
    with pytest.raises(BadInputError, match=r"capture\.unreadable"):
        full_image(out)


def test_angles_without_a_centre_turn_about_the_volumes_middle(volume: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sos_studio.core.scans import SeriesInfo
    from sos_studio.services.scans import OpenedScan

    info = SeriesInfo("1", "CT", True)
    monkeypatch.setattr(full_images.scans, "open_scan", lambda *_a, **_k: OpenedScan(volume, info, tmp_path))
    capture = full_image(tmp_path, None, View(roll_deg=4.0, spacing_mm=1.0)).capture
    assert capture is not None
    assert capture.orientation == Orientation(volume.center_lps_mm, 4.0)
    with pytest.raises(BadInputError, match=r"prediction\.facing_without_picture"):
        full_image(tmp_path, facing="left")
