"""`report`: one case of a project as PDF and DICOM."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from sos_studio.core.errors import ProjectError
from sos_studio.dataset import predictions
from sos_studio.dataset.project import Project
from sos_studio.services import shown_elsewhere, worker_process
from tests.cli.conftest import ROOT_OF_TESTS, Run
from tests.services.conftest import write_model


@pytest.fixture(autouse=True)
def _fake_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    serve = str(ROOT_OF_TESTS / "services" / "fake_serve.py")
    monkeypatch.setattr(worker_process, "trainer_command", lambda *_: [sys.executable, serve, "good"])


@pytest.fixture
def folder(filled_project_folder: Path, tmp_path: Path) -> Path:
    """A project with a student."""
    shutil.copytree(filled_project_folder, tmp_path / "project")
    write_model(tmp_path / "project" / "models", "student-1", "student")
    return tmp_path / "project"


def test_a_case_is_written_as_pdf_and_dicom_and_names_nobody(run: Run, folder: Path, tmp_path: Path) -> None:
    ran = run("report", "case-0001", "--project", folder, "--out", tmp_path / "out", "--dicom", "--move-plane", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert ran.json["stage"] == 2
    assert [Path(name).name for name in ran.json["files"]] == ["case-0001-report.pdf", "case-0001-dicom"]
    assert (tmp_path / "out" / "case-0001-report.pdf").read_bytes().startswith(b"%PDF")
    assert {path.name for path in (tmp_path / "out" / "case-0001-dicom").iterdir()} == {"full.dcm", "heatmap.dcm", "crop.dcm", "report.dcm"}


def test_an_unknown_case_and_nothing_to_write_are_bad_input(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("report", "case-9999", "--project", folder, "--out", tmp_path / "out").code == 2
    assert run("report", "case-0001", "--project", folder, "--out", tmp_path / "out", "--no-pdf").code == 2


def test_a_report_is_noted_as_shown_before_it_is_written(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("report", "case-0001", "--project", folder, "--out", tmp_path / "out").code == 0
    assert run("report", "case-0001", "--project", folder, "--out", tmp_path / "out", "--evaluator", "Dr Who").code == 0
    (tmp_path / "file").touch()
    assert run("report", "case-0002", "--project", folder, "--out", tmp_path / "file").code == 2
    with Project.open(folder, read_only=True) as project:
        rows = predictions.shown(project, "case-0001")
        assert [(row.stage, row.evaluator) for row in rows] == [(2, None), (2, "Dr Who")]
        assert predictions.seen_by(project, "case-0001", "Dr Who")
        assert len(predictions.shown(project, "case-0002")) == 1


def test_of_a_project_that_cannot_be_written_the_users_own_data_know_what_was_given_out(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Project:
        raise ProjectError("project.unwritable", project="project")

    with monkeypatch.context() as patch:
        patch.setattr(Project, "_open_to_write", refuse)
        assert run("report", "case-0001", "--project", folder, "--out", tmp_path / "out", "--evaluator", "Dr Who").code == 0
    with Project.open(folder, read_only=True) as project:
        assert predictions.shown(project, "case-0001") == []
        assert shown_elsewhere.seen_by(project, "case-0001", "Dr Who")
        assert not shown_elsewhere.seen_by(project, "case-0001", "Dr No")


def test_a_project_that_a_window_writes_into_gives_no_report_that_nobody_could_note(run: Run, folder: Path, tmp_path: Path) -> None:
    with Project.open(folder):
        ran = run("report", "case-0001", "--project", folder, "--out", tmp_path / "out", "--json")
    assert ran.code == 2
    assert ran.json["error"]["code"] == "project.locked"
    assert not (tmp_path / "out").exists()
