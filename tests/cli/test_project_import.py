"""`project import` with tables and pictures of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sos_studio.imaging import images
from tests.cli.conftest import Run
from tests.dataset.test_sheets import workbook
from tests.imaging import screenshots


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    assert run("project", "new", tmp_path / "project").code == 0
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(2):
        images.write_png(pictures / f"p{n}.png", screenshots.head(n))
    return tmp_path


def test_columns_and_sheet_are_told_on_the_command_line(run: Run, folder: Path) -> None:
    table = workbook(folder / "t.xlsx", First=[["nothing"]], Real=[["Foto", "X", "Zahl"], ["p0.png", 2, 7], ["p1.png", 4, 8]])
    told = ("project", "import", folder / "project", folder / "pictures", "--labels", table, "--sheet", "real")
    assert run(*told, "--json").json["error"]["code"] == "import.columns_missing"
    ran = run(*told, "--column", "stage=X", "--column", "IMAGE=Foto", "--json")
    assert (ran.code, ran.json["readings"], ran.json["columns"]) == (0, 2, {"image": "Foto", "stage": "X"})
    assert ran.json["ignored_columns"] == ["Zahl"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--column", "bone=X"), "import.field_unknown"),
        (("--column", "stage=Y"), "import.column_unknown"),
        (("--sheet", "No"), "import.sheet_unknown"),
    ],
)
def test_what_can_not_be_followed_is_told(run: Run, folder: Path, options: tuple[str, ...], code: str) -> None:
    table = workbook(folder / "t.xlsx", Real=[["image", "X"], ["p0.png", 2]])
    ran = run("project", "import", folder / "project", folder / "pictures", "--labels", table, *options, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, code)


@pytest.mark.parametrize(
    "options", [("--column", "stage"), ("--separator", "ab"), ("--spacing", "0"), ("--ruler", "-1"), ("--names", "guess")]
)
def test_options_that_make_no_sense_end_with_2(run: Run, folder: Path, options: tuple[str, ...]) -> None:
    assert run("project", "import", folder / "project", folder / "pictures", *options).code == 2


def test_a_preview_says_what_would_become_and_writes_nothing(run: Run, folder: Path) -> None:
    (folder / "t.csv").write_text("Datei;Stadium;Alter;Patient\np0.png;3;12,6;Smith\np1.png;7;9;Jones\n", "utf-8")
    told = ("project", "import", folder / "project", folder / "pictures", "--labels", folder / "t.csv", "--preview")
    ran = run(*told, "--json")
    assert ran.code == 3
    assert ran.json["columns"] == {"image": "Datei", "stage": "Stadium", "patient": "Patient", "age": "Alter"}
    first = ran.json["rows"][0]
    assert (first["image"], first["found"], first["stage"], first["age_years"], first["patient"]) == ("p0.png", True, 3, 12.6, "pseudonym")
    assert [(fault["line"], fault["code"]) for fault in ran.json["failed"]] == [(3, "stage.unknown")]
    assert "Smith" not in ran.out
    assert "nothing was written" in run(*told).out
    assert list((folder / "project" / "captures").iterdir()) == []


def test_a_picture_waits_for_its_row_and_comes_without_it_on_request(run: Run, folder: Path) -> None:
    (folder / "t.csv").write_text("image;stage\np0.png;3\np1.png;7\n", "utf-8")
    told = ("project", "import", folder / "project", folder / "pictures", "--labels", folder / "t.csv")
    seen = run(*told, "--preview", "--json").json
    assert [(row["image"], row["taken"]) for row in seen["rows"]] == [("p0.png", True), ("p1.png", False)]
    assert run(*told, "--json").json["waiting"] == ["p1.png"]
    ran = run(*told, "--take-unmended", "--json")
    assert (len(ran.json["imported"]), ran.json["waiting"]) == (1, [])


def test_a_preview_warns_where_no_patient_is_named_and_where_crops_are_taken_for_heads(run: Run, folder: Path) -> None:
    for n in range(2):
        images.write_png(folder / "pictures" / f"p{n}.png", screenshots.head(n, (40, 80)))
    ran = run("project", "import", folder / "project", folder / "pictures", "--preview", "--json")
    assert [notice["code"] for notice in ran.json["notices"]] == ["import.no_patients", "import.look_like_crops"]
    assert "look like crops" in run("project", "import", folder / "project", folder / "pictures", "--preview").err


def test_names_are_guessed_on_request(run: Run, folder: Path) -> None:
    pictures = folder / "named"
    pictures.mkdir()
    for n, name in enumerate(["Female 12.6_5.png", "Male 7_1.png"]):
        images.write_png(pictures / name, screenshots.head(n))
    ran = run("project", "import", folder / "project", pictures, "--names", "guess", "--json")
    assert (ran.code, ran.json["readings"]) == (0, 2)
    assert "{sex} {age}_{stage}" in ran.err


def test_whoever_overlooks_that_names_tell_the_stages_is_told_how_to_take_them(run: Run, folder: Path) -> None:
    pictures = folder / "named"
    pictures.mkdir()
    for n, name in enumerate(["Female 12.6_5.png", "Male 7_1.png"]):
        images.write_png(pictures / name, screenshots.head(n))
    told = ("project", "import", folder / "project", pictures)
    ran = run(*told)
    assert "look like {sex} {age}_{stage}: import them again with --names guess" in ran.err
    assert run(*told, "--names", "guess", "--json").json["readings"] == 2
    assert run("project", "import", folder / "project", folder / "pictures", "--json").json["suggested_names"] == ""


def test_crops_are_framed(run: Run, folder: Path) -> None:
    assert run("project", "import", folder / "project", folder / "pictures", "--crops").code == 0
    assert len(list((folder / "project").rglob("crop-1.png"))) == 2


def test_screenshots_are_prepared_and_near_duplicates_told_in_words(run: Run, folder: Path) -> None:
    shot = screenshots.screenshot(screenshots.head(0), border=(9, 9, 9, 9), letters="AP", tick_px=8.0)
    Image.fromarray(shot.rgb).save(folder / "pictures" / "shot.png")
    ran = run("project", "import", folder / "project", folder / "pictures", "--ruler", "10")
    assert ran.code == 0
    assert "case-0001 (p0.png) and case-0003 (shot.png) look nearly alike" in ran.err
    assert "1 images were cut, covered or measured" in ran.err
    assert "p1.png: No ruler was found" in ran.err
    assert len(list((folder / "project").rglob("original.png"))) == 1
