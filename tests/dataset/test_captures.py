from __future__ import annotations

import json

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, cases
from sos_studio.dataset.project import Project
from tests.dataset import builders


def test_a_capture_is_stored_under_its_case_byte_for_byte(project: Project) -> None:
    case_id = cases.add_case(project)
    capture_id = builders.add_capture(project, case_id, seed=3)
    paths = captures.capture_paths(project, capture_id)
    assert paths.folder == project.directory / "captures" / case_id / capture_id
    assert paths.full.read_bytes() == builders.png(seed=3)
    assert paths.full16 is not None
    assert paths.full16.read_bytes() == builders.png(seed=3, dtype=np.uint16)
    assert captures.read_record(project, capture_id) == builders.record(case_id, capture_id)
    assert sorted(path.name for path in paths.folder.iterdir()) == ["capture.json", "full.png", "full16.png"]


def test_a_new_capture_is_a_new_folder_and_the_old_one_stays(project: Project) -> None:
    case_id = cases.add_case(project)
    first = builders.add_capture(project, case_id)
    before = builders.files_below(captures.capture_paths(project, first).folder)
    second = builders.add_capture(project, case_id, seed=1)
    assert [info.capture_id for info in captures.captures(project, case_id)] == [first, second]
    assert builders.files_below(captures.capture_paths(project, first).folder) == before


def test_a_changed_frame_is_a_new_number_and_the_old_one_stays(project: Project) -> None:
    capture_id = builders.add_capture(project, cases.add_case(project))
    moved = Roi.of((61.0, 45.0), 26.0, 40.0)
    assert builders.add_roi(project, capture_id) == 1
    assert builders.add_roi(project, capture_id, moved) == 2
    assert captures.rois(project, capture_id) == {1: builders.ROI, 2: moved}
    assert captures.latest_roi(project, capture_id) == (2, moved)
    folder = captures.capture_paths(project, capture_id).folder
    assert Roi.model_validate_json((folder / "roi-1.json").read_bytes()) == builders.ROI
    assert set(json.loads((folder / "roi-2.json").read_bytes())) == {"center_uv", "angle_deg", "width_px", "height_px"}


def test_a_number_that_a_crash_left_on_the_disk_is_not_used_again(project: Project) -> None:
    capture_id = builders.add_capture(project, cases.add_case(project))
    (captures.capture_paths(project, capture_id).folder / "crop-1.png").write_bytes(b"left by a crash")
    assert builders.add_roi(project, capture_id) == 2
    assert captures.crop_path(project, capture_id, 1).read_bytes() == b"left by a crash"


def test_without_a_frame_there_is_none(project: Project) -> None:
    capture_id = builders.add_capture(project, cases.add_case(project))
    assert captures.latest_roi(project, capture_id) is None


def test_a_frame_beyond_the_image_is_refused(project: Project) -> None:
    capture_id = builders.add_capture(project, cases.add_case(project))
    with pytest.raises(BadInputError, match=r"roi\.outside_image"):
        builders.add_roi(project, capture_id, Roi.of((5.0, 5.0), 0.0, 40.0))
    assert captures.rois(project, capture_id) == {}


def test_pictures_that_are_not_the_records_are_refused(project: Project) -> None:
    case_id = cases.add_case(project)
    for full in (builders.png((50, 50)), b"not a picture"):
        with pytest.raises(ValueError, match=r"picture|PNG"):
            captures.add_capture(project, case_id, record_for=lambda new: builders.record(case_id, new), full_png=full, full16_png=None)
    assert not (project.directory / "captures" / case_id).exists()


def test_a_broken_record_is_said_to_be_broken(project: Project) -> None:
    capture_id = builders.add_capture(project, cases.add_case(project))
    captures.capture_paths(project, capture_id).record.write_text("{")
    with pytest.raises(ProjectError, match=r"capture\.damaged"):
        captures.read_record(project, capture_id)


def test_unknown_cases_and_captures_are_named(project: Project) -> None:
    with pytest.raises(BadInputError, match=r"case\.unknown"):
        builders.add_capture(project, "case-0099")
    with pytest.raises(BadInputError, match=r"capture\.unknown"):
        captures.capture_paths(project, "capture-0")
