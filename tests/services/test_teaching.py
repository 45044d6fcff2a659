"""The order in which cases would teach the student."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.manifests import Manifest
from sos_studio.core.predictions import Prediction, StageSet
from sos_studio.dataset import manifests, predictions
from sos_studio.dataset.project import Project
from sos_studio.services import model_list
from sos_studio.services.listed_cases import CaseList
from sos_studio.services.teaching import offered, teaching_order, teaching_score
from tests.services.conftest import add_case, write_model


def said(tmp_path: Path, sure: float, stage: int = 3, size: int | None = None) -> Prediction:
    rest = (1 - sure) / 4
    probabilities = tuple(sure if n == stage else rest for n in range(1, 6))
    folder = tmp_path / "card" / "student-1"
    card = model_list.read(folder if folder.exists() else write_model(folder.parent, "student-1", "student")).card
    return Prediction(
        scheme="bassed-5",
        stage=stage,
        probabilities=probabilities,
        expected_stage=sum(n * p for n, p in enumerate(probabilities, 1)),
        stage_set=None if size is None else StageSet(first=1, last=size, coverage=0.9, cases=9),
        model=card,
    )


def test_what_is_more_open_and_more_disputed_teaches_more(tmp_path: Path) -> None:
    sure, unsure = said(tmp_path, 0.97, size=1), said(tmp_path, 0.3, size=4)
    assert teaching_score([unsure])[0] > teaching_score([sure])[0]
    agreed, disputed = [sure, said(tmp_path, 0.97)], [sure, said(tmp_path, 0.97, stage=5)]
    assert teaching_score(disputed)[0] > teaching_score(agreed)[0]
    assert teaching_score([sure]) == (pytest.approx(teaching_score([sure])[0]), 1, None)
    assert teaching_score([said(tmp_path, 0.3)])[1] is None


def test_the_queue_names_every_captured_case_once_and_records_nothing_as_seen(project: Project, tmp_path: Path) -> None:
    cases = CaseList(project).look().cases
    openness = {case.case_id: 1 + n % 5 for n, case in enumerate(cases)}
    asked: list[int] = []

    def predict(full8: Any, *, model_dir: Path, cancelled: Any = None, urgent: bool) -> Any:
        assert not urgent
        asked.append(1)
        case = cases[(len(asked) - 1) // 2]
        if case.case_id == cases[4].case_id:
            raise BadInputError("image.unreadable", file="x")
        return SimpleNamespace(prediction=said(tmp_path, 0.5, size=openness[case.case_id]))

    entry = model_list.read(write_model(tmp_path / "m", "student-1", "student"))
    shares: list[float] = []
    queue = teaching_order(project, cases[:4], [entry, entry], SimpleNamespace(predict=predict), progress=shares.append)  # type: ignore[arg-type]
    assert [one.set_size for one in queue] == [4, 3, 2, 1]
    assert shares[-1] == 1
    assert all(not predictions.shown(project, case.case_id) for case in cases)
    with pytest.raises(CancelledError):
        teaching_order(project, cases, [entry], SimpleNamespace(predict=predict), cancelled=lambda: True)  # type: ignore[arg-type]


def test_another_picture_of_a_patient_who_was_renamed_since_is_nothing_new_to_the_network(project: Project) -> None:
    frozen = Manifest.read(manifests.freeze(project))
    card = model_list.read(write_model(project.path("models"), "student-1", "student", manifest_id=frozen.manifest_id)).card
    known = next(entry for entry in frozen.entries if entry.fold != frozen.held_out_fold)
    late, stranger = add_case(project, None, seed=98), add_case(project, None, seed=99)
    with project.writing() as session:
        for case_id in (known.case_id, late):
            session.connection().exec_driver_sql("UPDATE cases SET patient = 'P-other' WHERE case_id = ?", (case_id,))
    found = offered(project, CaseList(project).look().cases, card, "Ada")["unlearned"]
    assert [case.case_id for case in found] == [stranger]
