"""A folder staged in the background, with the project's network or one from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import JobFailedError
from sos_studio.imaging import images
from sos_studio.presenters import folder_batch
from sos_studio.presenters.folder_batch import FolderBatchPresenter, Wanted
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import FakeService, add_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for n in range(3):
        path = tmp_path / "in" / f"{n}.png"
        path.parent.mkdir(exist_ok=True)
        images.write_png(path, np.full((300, 400), n, dtype=np.uint8))
    return tmp_path / "in"


def test_without_a_project_a_file_of_networks_is_asked(folder: Path, tmp_path: Path) -> None:
    student = add_model(tmp_path, "student")
    service = FakeService()
    presenter = FolderBatchPresenter(make_session(None), service)
    rows = []
    presenter.row.connect(lambda row, name: rows.append(name))
    presenter.start(Wanted(folder, tmp_path / "out", tmp_path / "models" / student))
    assert presenter.state.phase == "done"
    assert (presenter.state.report.total, rows) == (3, ["0.png", "1.png", "2.png"])
    assert (tmp_path / "out" / "predictions.csv").is_file()


def test_with_a_project_its_student_is_asked(folder: Path, tmp_path: Path) -> None:
    with make_project(tmp_path / "p") as project:
        add_model(project.directory, "student")
        service = FakeService()
        presenter = FolderBatchPresenter(make_session(project), service)
        presenter.start(Wanted(folder, tmp_path / "out"))
        assert presenter.state.phase == "done"
        assert {asked[0] for asked in service.asked} == {"student-a"}


def test_without_any_network_it_says_so_in_words(folder: Path, tmp_path: Path) -> None:
    presenter = FolderBatchPresenter(make_session(None), FakeService())
    presenter.start(Wanted(folder, tmp_path / "out"))
    assert presenter.state.phase == "failed"
    assert presenter.state.problem.code == "project.not_found"


def test_stopping_keeps_what_was_done_and_starting_goes_on(folder: Path, tmp_path: Path) -> None:
    student = add_model(tmp_path, "student")
    service = FakeService()
    presenter = FolderBatchPresenter(make_session(None), service)
    presenter.row.connect(lambda row, name: presenter.stop())
    wanted = Wanted(folder, tmp_path / "out", tmp_path / "models" / student)
    presenter.start(wanted)
    assert (presenter.state.phase, presenter.state.done) == ("stopped", 1)
    presenter.row.disconnect()
    presenter.start(wanted)
    assert (presenter.state.phase, presenter.state.report.taken_over, len(service.asked)) == ("done", 1, 3)


def test_a_predictor_that_dies_leaves_a_line_for_each_picture_and_the_window_up(folder: Path, tmp_path: Path) -> None:
    student = add_model(tmp_path, "student")
    service = FakeService()
    service.error = JobFailedError("prediction.worker_died")
    presenter = FolderBatchPresenter(make_session(None), service)
    presenter.start(Wanted(folder, tmp_path / "out", tmp_path / "models" / student))
    assert (presenter.state.phase, presenter.state.report.failed) == ("done", 3)


def test_a_file_of_another_kind_is_refused_in_words(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.sosmodel").write_bytes(b"no zip")
    presenter = FolderBatchPresenter(make_session(None), FakeService())
    presenter.start(Wanted(folder, tmp_path / "out", tmp_path / "x.sosmodel"))
    assert presenter.state.problem.code == "package.not_one"


def test_it_is_in_sight_among_long_work_and_is_stopped_there(folder: Path, tmp_path: Path) -> None:
    student = add_model(tmp_path, "student")
    session = make_session(None)
    presenter = FolderBatchPresenter(session, FakeService())
    seen = []

    def stop(*_: object) -> None:
        (task,) = session.tasks.running
        seen.append((task.what, task.name, round(task.fraction, 2)))
        task.cancel()

    presenter.row.connect(stop)
    presenter.start(Wanted(folder, tmp_path / "out", tmp_path / "models" / student))
    assert seen[0][:2] == ("batch", "out")
    assert presenter.state.phase == "stopped"
    assert session.tasks.running == ()


def test_the_network_that_is_chosen_in_predict_is_asked_with_the_projects_detector(folder: Path, tmp_path: Path) -> None:
    with make_project(tmp_path / "p") as project:
        older, _ = add_model(project.directory, "student", "a"), add_model(project.directory, "student", "b")
        detector = add_model(project.directory, "detector", "c")
        service = FakeService()
        presenter = FolderBatchPresenter(make_session(project), service)
        presenter.start(Wanted(folder, tmp_path / "out", project.directory / "models" / older))
        assert {(asked[0], asked[2]) for asked in service.asked} == {(older, detector)}


def test_cases_of_the_open_project_are_not_staged_behind_its_back(tmp_path: Path) -> None:
    with make_project(tmp_path / "p") as project:
        add_model(project.directory, "student")
        service = FakeService()
        presenter = FolderBatchPresenter(make_session(project), service)
        images.write_png(tmp_path / "mine.png", np.zeros((300, 400), dtype=np.uint8))
        # The folder around the project holds its cases too.
        for folder in (project.directory / "captures", project.directory, tmp_path):
            presenter.start(Wanted(folder, tmp_path / "out"))
            assert presenter.state.phase == "failed"
            assert presenter.state.problem.code == "batch.own_project"
        assert service.asked == []


def test_what_was_asked_for_and_all_rows_stay_and_its_end_is_told(folder: Path, tmp_path: Path) -> None:
    student = add_model(tmp_path, "student")
    session = make_session(None)
    presenter = FolderBatchPresenter(session, FakeService())
    told = []
    session.message.connect(lambda message, severity: told.append(message.code))
    wanted = Wanted(folder, tmp_path / "out", tmp_path / "models" / student)
    presenter.start(wanted)
    assert told == ["batch.done"]
    assert presenter.state.wanted == wanted
    assert [(row.n, name) for row, name in presenter.state.rows] == [(1, "0.png"), (2, "1.png"), (3, "2.png")]
    assert presenter.state.seconds_left == 0


def test_the_time_left_follows_the_last_pictures_and_not_those_that_were_there_before(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, *(0.01 * n for n in range(1, 21)), *(0.2 + 3.0 * n for n in range(1, 9))])
    monkeypatch.setattr(folder_batch.time, "monotonic", lambda: next(clock))
    pace = folder_batch._Pace()
    for left in range(100, 80, -1):
        assert pace.seconds_left(left) == pytest.approx(0.01 * left)
    found = [pace.seconds_left(left) for left in range(80, 72, -1)]
    assert found[-1] == pytest.approx(3.0 * 73, rel=0.01)
