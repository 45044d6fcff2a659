from __future__ import annotations

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import cases, predictions
from sos_studio.dataset.project import Project
from tests.dataset import builders


def test_what_was_shown_to_whom_is_remembered_in_order(project: Project) -> None:
    case_id = builders.staged_case(project, None)
    capture_id = cases.case(project, case_id).capture_id or ""
    assert not predictions.seen_by(project, case_id, "Ada")
    first = predictions.record_shown(
        project, capture_id, model_id="student-1", stage=2, probabilities=[0.1, 0.6, 0.1, 0.1, 0.1], evaluator="Ada"
    )
    assert predictions.seen_by(project, case_id, "Ada")
    assert not predictions.seen_by(project, case_id, "Ben")
    second = predictions.record_shown(project, capture_id, model_id="student-2", stage=3, probabilities=[0, 0, 1, 0, 0])
    assert predictions.shown(project, case_id) == [first, second]
    assert predictions.seen_by(project, case_id, "Ben"), "it may have been anybody who had given no name"


def test_predictions_for_what_is_not_there_are_refused(project: Project) -> None:
    with pytest.raises(BadInputError, match=r"capture\.unknown"):
        predictions.record_shown(project, "capture-0", model_id="m", stage=1, probabilities=[1, 0, 0, 0, 0])
    with pytest.raises(BadInputError, match=r"stage\.unknown"):
        predictions.record_shown(project, "capture-0", model_id="m", stage=6, probabilities=[1, 0, 0, 0, 0])
