from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.dataset import cases, sql
from sos_studio.dataset.in_use import NOTHING, InUse, in_use, use
from sos_studio.dataset.project import Project
from tests.dataset import builders


@pytest.fixture
def project(tmp_path: Path):
    with Project.create(tmp_path / "study") as made:
        yield made


def test_the_newest_capture_and_frame_count_as_they_are_made(project: Project) -> None:
    case_id = cases.add_case(project)
    assert in_use(project, case_id) == NOTHING
    first = builders.add_capture(project, case_id, seed=1)
    assert in_use(project, case_id) == InUse(first, None)
    n = builders.add_roi(project, first)
    assert in_use(project, case_id) == InUse(first, n)
    second = builders.add_capture(project, case_id, seed=2)
    assert in_use(project, case_id) == InUse(second, None)
    summary = cases.case(project, case_id)
    assert (summary.capture_id, summary.roi_n) == (second, None)


def test_what_undo_brought_back_counts_tomorrow_too(project: Project) -> None:
    case_id = cases.add_case(project)
    first = builders.add_capture(project, case_id, seed=1)
    n = builders.add_roi(project, first)
    builders.add_capture(project, case_id, seed=2)
    use(project, case_id, InUse(first, n))
    directory = project.directory
    project.close()
    with Project.open(directory) as again:
        summary = cases.case(again, case_id)
        assert (summary.capture_id, summary.roi_n) == (first, n)
        use(again, case_id, NOTHING)
        assert cases.case(again, case_id).thumbnail is None


def test_a_case_of_an_older_project_uses_its_newest(project: Project) -> None:
    case_id = cases.add_case(project)
    builders.add_roi(project, builders.add_capture(project, case_id, seed=1))
    newest = builders.add_capture(project, case_id, seed=2)
    frames = [builders.add_roi(project, newest) for _ in range(2)]
    directory = project.directory
    project.close()
    builders.back_to_the_first_schema(directory / "project.sqlite")
    with Project.open(directory) as again:
        assert in_use(again, case_id) == InUse(newest, frames[-1])


def test_only_what_the_case_has_can_count(project: Project) -> None:
    case_id, other = cases.add_case(project), cases.add_case(project)
    capture_id = builders.add_capture(project, other, seed=1)
    for chosen in (InUse(capture_id, None), InUse("capture-0", None), InUse(None, 1)):
        with pytest.raises(BadInputError, match=r"capture\.unknown"):
            use(project, case_id, chosen)
    with pytest.raises(BadInputError, match=r"capture\.unknown"):
        use(project, other, InUse(capture_id, 1))
    with pytest.raises(BadInputError, match=r"case\.unknown"):
        use(project, "case-9999", NOTHING)


def test_the_same_choice_twice_is_one_row(project: Project) -> None:
    case_id = cases.add_case(project)
    capture_id = builders.add_capture(project, case_id, seed=1)
    use(project, case_id, InUse(capture_id, None))
    with project.reading() as session:
        assert len(session.scalars(sql.select(sql.InUseRow)).all()) == 1


def test_rows_can_be_neither_changed_nor_removed(project: Project) -> None:
    case_id = cases.add_case(project)
    builders.add_capture(project, case_id, seed=1)
    for statement in ("UPDATE in_use SET roi_n = 1", "DELETE FROM in_use"):
        with pytest.raises(ProjectError, match="CONSTRAINT_TRIGGER"), project.writing() as session:
            session.execute(sql.text(statement))
