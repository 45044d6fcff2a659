"""Clicks and keys become frames and readings."""

from __future__ import annotations

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.roi import Roi
from sos_studio.dataset import cases, predictions, readings
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.services import captures, projects, staging
from tests.services.conftest import add_case


@pytest.fixture
def case(project: Project) -> tuple[str, str]:
    """A case without readings, and its capture."""
    case_id = add_case(project, None, seed=99, frame=False)
    capture_id = cases.case(project, case_id).capture_id
    assert capture_id is not None
    return case_id, capture_id


def test_a_changed_frame_is_a_new_one(project: Project, case: tuple[str, str]) -> None:
    _, capture_id = case
    first, second = Roi.of((60.0, 48.0), 10.0, 40.0), Roi.of((61.0, 48.0), 10.0, 42.0)
    n1, crop1 = staging.store_roi(project, capture_id, first)
    n2, crop2 = staging.store_roi(project, capture_id, second)
    assert (n1, n2) == (1, 2)
    full8 = captures.load_capture(project, capture_id).full8
    np.testing.assert_array_equal(crop1, staging.crop_preview(full8, first))
    folder = captures.load_capture(project, capture_id).folder
    np.testing.assert_array_equal(images.read_gray(folder / "crop-2.png") if min(crop2.shape) >= 32 else crop2, crop2)
    assert captures.latest_frame(captures.load_capture(project, capture_id)) == second


def test_a_frame_beyond_the_border_is_refused(project: Project, case: tuple[str, str]) -> None:
    with pytest.raises(BadInputError, match=r"roi\.outside_image"):
        staging.store_roi(project, case[1], Roi.of((5.0, 5.0), 0.0, 40.0))


def test_a_reading_is_written_and_taken_back(project: Project, case: tuple[str, str]) -> None:
    case_id, capture_id = case
    reading = staging.stage(project, case_id, capture_id, None, " Ann ", 3, confidence="high", remark="clear", shown="full_image")
    assert (reading.evaluator, reading.stage, reading.ai_seen) == ("Ann", 3, False)
    assert cases.case(project, case_id).label == 3
    taken = staging.take_back(project, reading)
    assert taken.retracts == reading.reading_id
    assert cases.case(project, case_id).label is None
    assert len(readings.readings(project, case_id)) == 2


def test_who_has_seen_the_prediction_reads_with_it(project: Project, case: tuple[str, str]) -> None:
    case_id, capture_id = case
    predictions.record_shown(project, capture_id, model_id="student-1", stage=2, probabilities=[0.1, 0.6, 0.1, 0.1, 0.1], evaluator="Ann")
    assert staging.stage(project, case_id, capture_id, None, "Ann", 3).ai_seen
    assert not staging.stage(project, case_id, capture_id, None, "Bob", 3).ai_seen


def test_nameless_and_stageless_readings_are_refused(project: Project, case: tuple[str, str]) -> None:
    with pytest.raises(BadInputError, match=r"reading\.no_evaluator"):
        staging.stage(project, *case, None, "  ", 3)
    with pytest.raises(BadInputError, match=r"stage\.unknown"):
        staging.stage(project, *case, None, "Ann", 6)


def test_a_second_window_reads_only(project: Project, case: tuple[str, str]) -> None:
    with projects.open(project.directory, fall_back=True) as second:
        assert second.read_only
        with pytest.raises(ProjectError, match=r"project\.read_only"):
            staging.stage(second, *case, None, "Ann", 3)


def test_the_overview_counts_labels(project: Project) -> None:
    overview = projects.overview(project)
    assert (len(overview.cases), overview.labelled, overview.per_stage) == (15, 15, {1: 5, 2: 5, 3: 5})
