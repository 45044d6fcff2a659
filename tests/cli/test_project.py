"""`project` by the contract."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from sos_studio.imaging import images
from tests.cli.conftest import Run


def _pictures(folder: Path, count: int = 3) -> None:
    folder.mkdir()
    for n in range(count):
        images.write_png(folder / f"p{n}.png", np.random.default_rng(n).integers(0, 255, (60, 80), dtype=np.uint8))


def test_new_import_check_export(run: Run, tmp_path: Path) -> None:
    project = tmp_path / "project"
    assert run("project", "new", project, "--json").json["project_id"]
    assert run("project", "new", project, "--json").json["error"]["code"] == "project.exists"
    _pictures(tmp_path / "pictures")
    table = tmp_path / "labels.csv"
    table.write_text("Stage,IMAGE,patient,shoe size\n1,p0.png,Ann,38\n3,p1.png,Bob,44\n5,p2.png,Cy,41\n")
    ran = run("project", "import", project, tmp_path / "pictures", "--labels", table, "--json")
    assert ran.code == 0
    content = ran.json
    assert (len(content["imported"]), content["readings"], content["failed"]) == (3, 3, [])
    assert [name.lower() for name in content["ignored_columns"]] == ["shoe size"]
    assert "shoe size" in run("project", "import", project, tmp_path / "pictures", "--labels", table).err.lower()
    assert run("project", "check", project, "--json").json == {"cases": 3, "errors": 0, "problems": []}
    ran = run("project", "export", project, "--out", tmp_path / "out", "--format", "csv", "--json")
    assert (ran.code, ran.json["cases"]) == (0, 3)
    assert "Ann" not in "".join(path.read_text() for path in (tmp_path / "out").rglob("*.csv"))


def test_an_import_that_takes_only_some_ends_with_3(run: Run, tmp_path: Path) -> None:
    project = tmp_path / "project"
    run("project", "new", project)
    _pictures(tmp_path / "pictures", 2)
    images.write_png(tmp_path / "pictures" / "tiny.png", np.zeros((10, 10), dtype=np.uint8))
    ran = run("project", "import", project, tmp_path / "pictures", "--json")
    assert ran.code == 3
    (failed,) = ran.json["failed"]
    assert (failed["image"], failed["code"]) == ("tiny.png", "image.too_small")
    shutil.rmtree(tmp_path / "pictures")
    (tmp_path / "pictures").mkdir()
    images.write_png(tmp_path / "pictures" / "tiny.png", np.zeros((10, 10), dtype=np.uint8))
    assert run("project", "import", project, tmp_path / "pictures").code == 2


def test_left_facing_images_are_mirrored_and_say_so(run: Run, tmp_path: Path) -> None:
    project = tmp_path / "project"
    run("project", "new", project)
    _pictures(tmp_path / "pictures", 1)
    assert run("project", "import", project, tmp_path / "pictures", "--facing", "left", "--spacing", "0.3").code == 0
    (record,) = project.rglob("capture.json")
    assert '"mirrored": true' in record.read_text()
    full = images.read_gray(record.with_name("full.png"))
    np.testing.assert_array_equal(full[:, ::-1], images.read_gray(tmp_path / "pictures" / "p0.png"))


def test_damage_is_told_case_by_case_and_ends_with_3(run: Run, filled_project_folder: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(filled_project_folder, project)
    victim = next(project.rglob("case-0004/*/full.png"))
    victim.write_bytes(victim.read_bytes()[:-5])
    ran = run("project", "check", project, "--json")
    assert (ran.code, ran.json["errors"]) == (3, 1)
    assert ran.json["problems"][0]["case"] == "case-0004"


@pytest.mark.parametrize("command", [["check"], ["import", "x.png"], ["export", "--out", "o", "--format", "csv"]])
def test_a_folder_that_is_no_project_is_told(run: Run, tmp_path: Path, command: list[str]) -> None:
    name, *rest = command
    ran = run("project", name, tmp_path, *rest, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "project.not_found")


def test_every_format_is_offered_and_explained(run: Run) -> None:
    from sos_studio.cli.project import _FORMATS
    from sos_studio.dataset.exports import FORMATS

    assert _FORMATS == FORMATS
    told = run("project", "export", "--help").out
    lines = [line.strip() for line in told.splitlines()]
    for form in FORMATS:
        assert any(re.match(rf"{form} {{2,}}\w", line) for line in lines), form


def test_a_datasheet_is_filled_in_from_the_command_line(run: Run, filled_project_folder: Path, tmp_path: Path) -> None:
    options = ("--format", "datasheet", "--json")
    ran = run(
        "project",
        "export",
        filled_project_folder,
        "--out",
        tmp_path / "out",
        *options,
        "--field",
        "licence=CC BY 4.0",
        "--field",
        "link=a=b",
    )
    assert (ran.code, ran.json["format"]) == (0, "datasheet")
    page = (tmp_path / "out" / "datasheet.html").read_text("utf-8")
    assert "CC BY 4.0</dd>" in page
    assert "a=b</dd>" in page
    ran = run("project", "export", filled_project_folder, "--out", tmp_path / "two", *options, "--field", "licence")
    assert ran.code == 2
    ran = run("project", "export", filled_project_folder, "--out", tmp_path / "two", *options, "--field", "licene=x")
    assert (ran.code, ran.json["error"]["code"]) == (2, "datasheet.unknown_field")


def test_evaluators_are_named_or_numbered_as_asked(run: Run, filled_project_folder: Path, tmp_path: Path) -> None:
    asked = ("project", "export", filled_project_folder, "--format", "csv", "--out")
    run(*asked, tmp_path / "out")
    run(*asked, tmp_path / "named", "--name-evaluators")
    assert "Evaluator 1" in (tmp_path / "out" / "readings.csv").read_text("utf-8")
    assert "Evaluator 1" not in (tmp_path / "named" / "readings.csv").read_text("utf-8")


def test_an_export_says_how_many_of_all_cases_it_took_and_that_its_folds_are_a_plan(
    run: Run, filled_project_folder: Path, tmp_path: Path
) -> None:
    ran = run("project", "export", filled_project_folder, "--format", "imagefolder", "--out", tmp_path / "out")
    assert re.search(r"^\d+ of \d+ cases, \d+ files in ", ran.out)
    assert "Its folds are a plan" in ran.out
