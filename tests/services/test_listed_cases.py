"""Cases as the window lists them: by their newest capture."""

from __future__ import annotations

from pathlib import Path

from sos_studio.core.roi import Roi
from sos_studio.dataset import predictions
from sos_studio.services import staging
from sos_studio.services.listed_cases import listed_case, listed_cases
from tests.presenters.kit import capture_again, make_project


def test_frame_readings_and_prediction_of_an_earlier_capture_are_not_the_newest_ones(tmp_path: Path) -> None:
    with make_project(tmp_path / "p") as project:
        first = listed_case(project, "case-0001").capture_id
        staging.store_roi(project, first, Roi.of((180.0, 150.0), 30.0, 90.0))
        staging.stage(project, "case-0001", first, 1, "A", 2)
        predictions.record_shown(project, first, model_id="m", stage=2, probabilities=(0.1, 0.6, 0.1, 0.1, 0.1), evaluator="A")
        before = listed_case(project, "case-0001")
        assert (before.cropped, before.predicted, before.staged_here, before.staged_earlier) == (True, True, ("A",), ())
        newest = capture_again(project, "case-0001")
        after, other = listed_cases(project)
        assert (after.capture_id, after.cropped, after.crop, after.predicted) == (newest, False, None, False)
        assert after.thumbnail.parent.name == newest
        assert (after.label, after.staged_by, after.staged_here, after.staged_earlier) == (2, ("A",), (), ("A",))
        assert listed_case(project, "case-0001") == after
        assert (other.captured, other.staged_by) == (True, ())
