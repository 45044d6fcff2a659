"""``model list | compare | use``: as the training panel, by the same services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sos_studio.cli.main import main
from sos_studio.core.manifests import Manifest
from sos_studio.dataset import manifests
from sos_studio.dataset.project import Project
from sos_studio.services import model_list
from tests.services.test_model_results import held_out, model, said


@pytest.fixture
def two(project: Project) -> tuple[str, str]:
    """The older one, in use, gets no held-out case right; the newer one all three."""
    manifest = Manifest.read(manifests.freeze(project))
    cases = held_out(manifest)
    old = model(project, 1, manifest, [said(case, 5) for case in cases]).card.model_id
    model_list.settle(project)
    new = model(project, 2, manifest, [said(case, case.stage) for case in cases]).card.model_id
    project.close()
    return old, new


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_networks_are_listed_with_the_one_in_use(project: Project, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "model", "list", "--project", str(project.directory))
    assert code == 0
    assert [(row["model"], row["in_use"]) for row in said["models"]] == [(two[1], False), (two[0], True)]


def test_two_are_compared_with_intervals_and_mcnemar(project: Project, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    old, new = two
    code, said = run(capsys, "model", "compare", new, old, "--project", str(project.directory))
    assert code == 0
    assert (said["n"], said["correct"]) == (3, [3, 0])
    assert said["differences"]["accuracy"]["value"] == pytest.approx(1.0)
    assert said["mcnemar"]["p_exact"] == pytest.approx(0.25)
    assert main(["model", "compare", new, old, "--project", str(project.directory)]) == 0
    assert "McNemar p" in capsys.readouterr().out


def test_one_is_taken_into_use_and_the_way_back_is_told(project: Project, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    old, new = two
    code, said = run(capsys, "model", "use", new, "--project", str(project.directory))
    assert (code, said) == (0, {"in_use": new, "before": old})
    used = model_list.current(project.directory / "models", "student")
    assert used is not None
    assert used.card.model_id == new


def test_what_is_not_there_is_refused(project: Project, two: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "model", "compare", two[0], "nobody", "--project", str(project.directory))
    assert (code, said["error"]["code"]) == (2, "model.missing")
    code, said = run(capsys, "model", "use", "nobody", "--project", str(project.directory))
    assert (code, said["error"]["code"]) == (2, "model.missing")
