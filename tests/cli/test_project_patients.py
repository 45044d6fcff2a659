"""`project patients` and `project secret`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sos_studio.imaging import images
from tests.cli.conftest import Run


@pytest.fixture
def project(run: Run, tmp_path: Path) -> Path:
    """With one imported picture of a patient whose age and sex the table gives."""
    assert run("project", "new", tmp_path / "study").code == 0
    images.write_png(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (60, 80), dtype=np.uint8))
    (tmp_path / "t.csv").write_text("image,stage,patient,age,sex\na.png,2,Ann,14.5,F\n")
    assert run("project", "import", tmp_path / "study", tmp_path / "a.png", "--labels", tmp_path / "t.csv").code == 0
    return tmp_path / "study"


def test_what_is_kept_is_shown_and_decided(run: Run, project: Path) -> None:
    before = run("project", "patients", project, "--json").json
    assert before == {"keep_age": None, "keep_sex": None, "ages": 1, "sexes": 1, "secret": "here"}
    after = run("project", "patients", project, "--keep-age", "--no-keep-sex", "--json").json
    assert after == {"keep_age": True, "keep_sex": False, "ages": 1, "sexes": 0, "secret": "here"}
    words = run("project", "patients", project).out
    assert "age: kept" in words
    assert "sex: not kept" in words


def test_a_project_can_be_made_with_the_decision(run: Run, tmp_path: Path) -> None:
    run("project", "new", tmp_path / "new", "--no-keep-age", "--keep-sex")
    content = run("project", "patients", tmp_path / "new", "--json").json
    assert (content["keep_age"], content["keep_sex"], content["secret"]) == (False, True, "unused")


def test_the_secret_travels_to_a_second_workstation(run: Run, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Keep it like patient data" in run("project", "secret", "export", project, tmp_path / "s.txt").out
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "second"))
    assert run("project", "patients", project, "--json").json["secret"] == "missing"
    images.write_png(tmp_path / "b.png", np.zeros((60, 80), dtype=np.uint8))
    (tmp_path / "u.csv").write_text("image,stage,patient\nb.png,2,Ann\n")
    refused = run("project", "import", project, tmp_path / "b.png", "--labels", tmp_path / "u.csv", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "secret.missing")
    assert run("project", "secret", "import", project, tmp_path / "s.txt", "--json").json == {"file": str(tmp_path / "s.txt")}
    assert run("project", "import", project, tmp_path / "b.png", "--labels", tmp_path / "u.csv").code == 0
    assert run("project", "export", project, "--out", tmp_path / "out", "--format", "csv").code in (0, 2)


def test_another_projects_secret_and_no_secret_at_all_are_refused(run: Run, project: Path, tmp_path: Path) -> None:
    run("project", "new", tmp_path / "other")
    run("project", "secret", "export", tmp_path / "other", tmp_path / "s.txt")
    ran = run("project", "secret", "import", project, tmp_path / "s.txt", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "secret.of_other_project")
    ran = run("project", "secret", "import", project, tmp_path / "a.png", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "secret.bad_file")
    ran = run("project", "secret", "export", project, tmp_path / "a.png", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "secret.exists")
