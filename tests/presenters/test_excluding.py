"""Excluding a case: a row first, then shown; undo is a row too; what is excluded stays out of the dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sos_studio.dataset import cases, exports, sql
from sos_studio.dataset.project import Project
from sos_studio.presenters.excluding import ExclusionPresenter
from sos_studio.presenters.session import Session
from tests.presenters.kit import make_project, make_session, open_case


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with make_project(tmp_path / "p") as made:
        yield made


@pytest.fixture
def session(project: Project) -> Session:
    return make_session(project)


@pytest.fixture
def presenter(session: Session) -> ExclusionPresenter:
    return ExclusionPresenter(session)


def rows(project: Project) -> list[tuple[bool, str, str]]:
    with project.reading() as session:
        return [(r.excluded, r.reason, r.note) for r in session.scalars(sql.select(sql.ExclusionRow).order_by(sql.ExclusionRow.number))]


def test_excluding_is_a_row_with_reason_and_words_and_undo_and_redo_are_rows_too(
    session: Session, presenter: ExclusionPresenter, project: Project
) -> None:
    presenter.exclude("metal", " braces ")
    assert presenter.state.standing is not None
    assert (presenter.state.standing.reason, presenter.state.standing.note) == ("metal", "braces")
    session.undo.undo()
    assert presenter.state.standing is None
    session.undo.redo()
    assert cases.case(project, "case-0001").excluded
    assert rows(project) == [(True, "metal", "braces"), (False, "", ""), (True, "metal", "braces")]


def test_undo_of_another_reason_brings_the_first_one_back(session: Session, presenter: ExclusionPresenter) -> None:
    presenter.exclude("metal")
    presenter.exclude("motion")
    session.undo.undo()
    assert presenter.state.standing is not None
    assert presenter.state.standing.reason == "metal"


def test_taking_in_again_can_be_undone(session: Session, presenter: ExclusionPresenter) -> None:
    presenter.exclude("quality")
    presenter.include()
    assert presenter.state.standing is None
    session.undo.undo()
    assert presenter.state.standing is not None


def test_it_speaks_of_the_case_in_front(session: Session, presenter: ExclusionPresenter) -> None:
    presenter.exclude("metal")
    open_case(session, "case-0002")
    assert presenter.state.standing is None
    open_case(session, "case-0001")
    assert presenter.state.standing is not None


def test_without_a_name_or_a_reason_nothing_is_written(project: Project) -> None:
    session = make_session(project, evaluator="")
    told: list[str] = []
    session.message.connect(lambda message, _: told.append(message.code))
    presenter = ExclusionPresenter(session)
    presenter.exclude("metal")
    session.set_evaluator("Dr Test")
    presenter.exclude(" ")
    assert told == ["exclusion.no_evaluator", "exclusion.no_reason"]
    assert rows(project) == []


def test_words_of_one_s_own_stay_at_home(session: Session, presenter: ExclusionPresenter, project: Project, tmp_path: Path) -> None:
    presenter.exclude("other", "secret words")
    exports.export(project, tmp_path / "out", "csv")
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.csv"))
    assert ",other," in written
    assert "secret words" not in written
