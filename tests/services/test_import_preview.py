"""What the preview of an import says is what the import does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.services import import_looks, import_preview, projects
from sos_studio.services.import_looks import Looks
from sos_studio.services.import_pictures import ImportOptions, PictureOptions
from tests.imaging import screenshots


@pytest.fixture
def study(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "study")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A picture with two rows, its copy, one with a bad row, one cut off, one that nothing is said of."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for n, name in enumerate(["a.png", "b.png", "c.png", "d.png"]):
        images.write_png(folder / name, screenshots.head(n, (90, 110)))
    (folder / "a copy.png").write_bytes((folder / "a.png").read_bytes())
    Image.fromarray(screenshots.head(9, (90, 110))).save(folder / "e.jpg")
    (folder / "e.jpg").write_bytes((folder / "e.jpg").read_bytes()[:900])
    (folder / "t.csv").write_text("image,stage,patient\nb.png,6,2\nc.png,3,3\nc.png,4,3\na.png,1,1\nz.png,1,1\n")
    return folder


@pytest.mark.parametrize("take_unmended", [False, True])
@pytest.mark.parametrize("names", ["", "{patient}"])
def test_the_preview_tells_which_pictures_come_in_and_the_import_does_just_that(
    study: Project, pictures: Path, take_unmended: bool, names: str
) -> None:
    options = ImportOptions(names=names, take_unmended=take_unmended)
    seen = import_preview.preview(study.scheme, [pictures], pictures / "t.csv", options)
    report = projects.import_images(study, [pictures], pictures / "t.csv", options)
    assert sorted(path.name for path in seen.pictures) == sorted(image.name for image in report.imported)
    assert {(fault.code, fault.image) for fault in report.faults} == {(row.fault.code, row.fault.image) for row in seen.faults if row.fault}
    assert ([path.name for path in seen.pictures] == ["a.png", "d.png"]) is not take_unmended


def test_two_stages_for_one_picture_are_told_at_both_rows(study: Project, pictures: Path) -> None:
    seen = import_preview.preview(study.scheme, [pictures], pictures / "t.csv", ImportOptions())
    told = [(row.line, row.fault.values) for row in seen.rows if row.fault and row.fault.code == "import.rows_contradict"]
    values = {"column": "stage", "first": 3, "second": 4}
    assert told == [(3, values), (4, values)]


def test_broken_pictures_and_copies_are_told_before_the_import(study: Project, pictures: Path) -> None:
    seen = import_preview.preview(study.scheme, [pictures], None, ImportOptions())
    assert {(row.image, row.fault.code) for row in seen.faults if row.fault} == {
        ("a.png", "import.same_picture"),
        ("e.jpg", "image.unreadable"),
    }


def test_headers_are_read_once_while_columns_are_chosen(study: Project, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks()
    before = import_preview.preview(study.scheme, [pictures], None, ImportOptions(), looks=looks)
    monkeypatch.setattr(import_looks, "_look", None)
    monkeypatch.setattr(import_looks, "sha256", None)
    assert import_preview.preview(study.scheme, [pictures], None, ImportOptions(), looks=looks).rows == before.rows


def test_pictures_without_a_patient_are_warned_of(study: Project, pictures: Path) -> None:
    def notices(options: ImportOptions) -> list[tuple[str, object]]:
        seen = import_preview.preview(study.scheme, [pictures], pictures / "t.csv", options)
        return [(code, values.get("count")) for code, values in seen.notices]

    assert notices(ImportOptions()) == [("import.some_without_patient", 1)]
    options = ImportOptions()
    unmapped = ImportOptions(options.pictures, type(options.table)(columns={"patient": ""}))
    assert notices(unmapped) == [("import.no_patients", 2)]
    assert notices(ImportOptions(names="{patient}")) == []


@pytest.mark.parametrize(
    ("crops", "wide", "asked"),
    [(False, 3, "import.look_like_crops"), (False, 1, ""), (True, 1, "import.no_crops"), (True, 3, "")],
)
def test_pictures_that_are_not_what_they_are_said_to_be_are_asked_about(
    study: Project, tmp_path: Path, crops: bool, wide: int, asked: str
) -> None:
    for n in range(4):
        images.write_png(tmp_path / f"p{n}.png", np.zeros((37, 74) if n < wide else (80, 100), np.uint8))
    options = ImportOptions(PictureOptions(crops=crops))
    seen = import_preview.preview(study.scheme, sorted(tmp_path.glob("*.png")), None, options)
    assert [code for code, _ in seen.question] == [asked] * bool(asked)
    if asked:
        assert (seen.question[0][1]["count"], seen.question[0][1]["all"]) == (3, 4)
