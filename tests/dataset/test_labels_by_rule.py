"""The project's rule and its adjudicators' decisions count wherever a label is used."""

from __future__ import annotations

from sos_studio.core.consensus import Rule
from sos_studio.core.manifests import Manifest
from sos_studio.core.readings import Reading
from sos_studio.dataset import cases, consensus, manifests, readings
from sos_studio.dataset.case_flow import case_flow
from sos_studio.dataset.project import Project
from sos_studio.services.listed_cases import CaseList
from tests.dataset import builders


def _tied(project: Project, *stages: int) -> str:
    case_id = builders.staged_case(project, None)
    for name, stage in zip(("Ada", "Ben", "Cleo"), stages, strict=False):
        builders.read(project, case_id, _capture(project, case_id), stage, name)
    return case_id


def _capture(project: Project, case_id: str) -> str:
    return cases.case(project, case_id).capture_id or ""


def _decide(project: Project, case_id: str, stage: int | None, *, ambiguous: bool = False, by: str = "Chair") -> Reading:
    return readings.append(
        project,
        Reading(
            reading_id=readings.new_reading_id(),
            case_id=case_id,
            capture_id=_capture(project, case_id),
            evaluator=by,
            stage=stage,
            ambiguous=ambiguous,
            source="adjudication",
        ),
    )


def test_another_rule_makes_other_labels_everywhere_at_once(project: Project) -> None:
    case_id = _tied(project, 2, 3, 4)
    known = CaseList(project)
    assert [(c.label, c.status, c.disagree) for c in known.look().cases] == [(None, "open", True)]
    assert (case_flow(project).open, case_flow(project).included) == (1, 0)
    consensus.choose(project, Rule(name="median"), "Ada")
    look = known.look()
    assert (set(look.fresh), look.cases[0].label, look.cases[0].status) == ({case_id}, 3, "labelled")
    assert (case_flow(project).open, case_flow(project).included) == (0, 1)
    assert readings.labels(project) == {case_id: 3}


def test_a_decision_is_the_label_until_it_is_taken_back(project: Project) -> None:
    case_id = _tied(project, 2, 4)
    made = _decide(project, case_id, 3)
    summary = cases.case(project, case_id)
    assert (summary.label, summary.status, summary.adjudicated_by, summary.staged_by) == (3, "adjudicated", "Chair", ("Ada", "Ben"))
    assert readings.evaluators(project) == ["Ada", "Ben"]
    readings.retract(project, made.reading_id, "Chair")
    assert (cases.case(project, case_id).label, cases.case(project, case_id).status) == (None, "open")


def test_left_open_and_ambiguous_are_decisions_without_a_stage(project: Project) -> None:
    case_id = _tied(project, 2, 2)
    _decide(project, case_id, None)
    assert case_flow(project).open == 1
    _decide(project, case_id, None, ambiguous=True)
    assert (case_flow(project).open, case_flow(project).ambiguous) == (0, 1)


def test_whoever_decided_has_still_to_read_by_themselves(project: Project) -> None:
    case_id = _tied(project, 2, 4)
    _decide(project, case_id, 3, by="Dora")
    assert cases.next_unstaged(project, "Dora") == case_id
    assert cases.next_unstaged(project, "Ada") is None


def test_readings_on_another_capture_count_and_are_told(project: Project) -> None:
    case_id = _tied(project, 2, 2)
    builders.add_capture(project, case_id, seed=3)
    assert (cases.case(project, case_id).label, cases.case(project, case_id).read_elsewhere) == (2, 2)
    builders.read(project, case_id, _capture(project, case_id), 2, "Ada")
    assert cases.case(project, case_id).read_elsewhere == 1
    _decide(project, case_id, 2)
    assert cases.case(project, case_id).read_elsewhere == 0


def test_manifests_name_the_rule_and_leave_open_cases_out(project: Project) -> None:
    for n in range(12):
        builders.staged_case(project, 1 + n % 3, seed=n)
    tied = _tied(project, 1, 5)
    consensus.choose(project, Rule(name="senior", senior="Cleo"), "Ada")
    manifest = Manifest.read(manifests.freeze(project))
    assert manifest.consensus_rule == "senior"
    assert tied not in {entry.case_id for entry in manifest.entries}
    _decide(project, tied, 5)
    decided = {entry.case_id: entry.stage for entry in Manifest.read(manifests.freeze(project)).entries}
    assert decided[tied] == 5
