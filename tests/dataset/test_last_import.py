"""Which cases the last import made, found again from the project's own notes."""

from __future__ import annotations

from sos_studio.dataset import cases, events
from sos_studio.dataset.project import Project
from tests.dataset import builders


def test_cases_between_two_stretches_belong_to_no_import(project: Project) -> None:
    made = [builders.staged_case(project, None, seed=n) for n in range(5)]
    events.note_import(project, (made[4], made[0], made[1]))
    assert events.last_import(project) == (made[0], made[1], made[4])
    last = events.events(project)[-1]
    assert (last.details["cases"], last.details["new_cases"]) == (3, [f"{made[0]} – {made[1]}", made[4]])


def test_an_import_that_made_no_case_leaves_the_one_before_the_last(project: Project) -> None:
    made = [builders.staged_case(project, None, seed=n) for n in range(3)]
    events.note_import(project, made[:2])
    events.note_import(project, (), again=2)
    assert events.last_import(project) == tuple(made[:2])


def test_of_an_import_that_was_stopped_the_cases_are_found_too(project: Project) -> None:
    noted = builders.staged_case(project, None)
    events.note_import(project, (noted,))
    case_id = cases.add_case(project, imported=True)
    assert events.last_import(project) == (case_id,)
