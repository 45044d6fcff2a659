from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_studio.core.settings import Settings
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.presenters.importing import ImportPresenter
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.services import projects
from tests.dataset.test_sheets import workbook
from tests.imaging import screenshots


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "study")


@pytest.fixture
def session(project: Project) -> Session:
    made = Session(ImmediateBackground(), Settings())
    made.set_project(project)
    return made


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for n in range(2):
        images.write_png(folder / f"p{n}.png", screenshots.head(n))
    return folder


def seen(presenter: ImportPresenter) -> dict[str, str]:
    preview = presenter.state.seen
    assert preview is not None
    return {name: preview.headers[index] for name, index in preview.columns if index is not None}


def test_columns_are_guessed_corrected_and_remembered_for_the_next_import(
    session: Session, project: Project, pictures: Path, tmp_path: Path
) -> None:
    table = workbook(tmp_path / "t.xlsx", A=[["Foto", "Grad A", "Zweitbefund"], ["p0.png", 2, 3], ["p1.png", 4, 4]])
    presenter = ImportPresenter(session, project, [pictures, table])
    assert not presenter.state.ready
    assert presenter.state.problem is not None
    presenter.set_column("image", "Foto")
    presenter.set_column("stage", "Zweitbefund")
    assert presenter.state.ready
    assert [row.row.stage for row in presenter.state.seen.rows if row.row] == [3, 4]
    presenter.remember()
    assert Settings.load().imports.headers == {"Foto": "image", "Zweitbefund": "stage"}
    again = ImportPresenter(session, project, [pictures, table])
    assert seen(again) == {"image": "Foto", "stage": "Zweitbefund"}


def test_the_cells_are_read_again_only_for_another_sheet(
    session: Session, project: Project, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = workbook(tmp_path / "t.xlsx", A=[["image", "stage"], ["p0.png", 2]], B=[["image", "stage"], ["p1.png", 5]])
    presenter = ImportPresenter(session, project, [pictures, table])
    presenter.read_table(sheet="B")
    assert presenter.state.seen.rows[0].image == "p1.png"
    table.unlink()
    presenter.set_column("stage", "")
    assert presenter.state.seen.rows[0].row.stage is None


def test_a_table_alone_means_its_folder(session: Session, project: Project, pictures: Path) -> None:
    table = pictures / "t.csv"
    table.write_text("image;stage\np0.png;2\n")
    presenter = ImportPresenter(session, project, [table])
    assert presenter.state.sources == (pictures,)
    assert [path.name for path in presenter.state.seen.pictures] == ["p0.png", "p1.png"]


def test_names_that_tell_a_stage_are_taken_where_there_is_no_table_and_can_be_left(
    session: Session, project: Project, tmp_path: Path
) -> None:
    for n, name in enumerate(["Female 12.6_5.png", "Male 9_1.png"]):
        images.write_png(tmp_path / name, screenshots.head(n))
    paths = sorted(tmp_path.glob("*.png"))
    presenter = ImportPresenter(session, project, paths)
    assert presenter.state.options.names == "{sex} {age}_{stage}"
    assert [(row.row.stage, row.row.sex) for row in presenter.state.seen.rows if row.row] == [(5, "F"), (1, "M")]
    presenter.set_names("")
    assert presenter.state.options.names == ""
    presenter.set_names("{bone}")
    assert presenter.state.problem is not None


def test_a_remembered_pattern_that_fits_no_file_is_let_go(session: Session, project: Project, pictures: Path) -> None:
    session.settings.imports = session.settings.imports.model_copy(update={"names": "{sex} {age}_{stage}"})
    presenter = ImportPresenter(session, project, [pictures])
    assert presenter.state.options.names == ""
    assert presenter.state.ready


def test_the_first_picture_is_shown_as_it_is_and_as_it_will_be(session: Session, project: Project, tmp_path: Path) -> None:
    shot = screenshots.screenshot(screenshots.head(1), border=(10, 20, 10, 20), letters="AP", tick_px=9.0)
    Image.fromarray(shot.rgb).save(tmp_path / "a.png")
    presenter = ImportPresenter(session, project, [tmp_path / "a.png"])
    picture = presenter.state.picture
    assert picture is not None
    assert (picture.box, picture.tick_px) == (shot.box, pytest.approx(9.0, abs=0.05))
    presenter.set_pictures(facing="left", cover_overlays=False)
    mirrored = presenter.state.picture
    assert mirrored is not None
    top, left, bottom, right = shot.box
    np.testing.assert_array_equal(mirrored.full8[:, ::-1], np.asarray(Image.fromarray(shot.rgb).convert("L"))[top:bottom, left:right])


def test_a_broken_picture_and_a_missing_source_are_told(session: Session, project: Project, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    presenter = ImportPresenter(session, project, [tmp_path / "a.png"])
    assert [row.fault.code for row in presenter.state.seen.faults if row.fault] == ["image.unreadable"]
    assert not presenter.state.ready  # nothing would come of it
    images.write_png(tmp_path / "b.png", screenshots.head(1))
    presenter.add([tmp_path / "b.png"])
    assert presenter.state.ready  # a broken one among good ones stops nothing
    presenter.show(tmp_path / "a.png")
    assert "a.png" in str(presenter.state.picture_problem)
    presenter = ImportPresenter(session, project, [tmp_path / "gone.png"])
    assert not presenter.state.ready
    assert "gone.png" in str(presenter.state.problem)


def test_what_a_header_means_is_remembered_though_another_table_came_between(
    session: Session, project: Project, pictures: Path, tmp_path: Path
) -> None:
    sheet = workbook(tmp_path / "t.xlsx", A=[["Foto", "Note", "Akte", "Code"], ["p0.png", 2, "a", "x"], ["p1.png", 4, "b", "y"]])
    other = workbook(tmp_path / "o.xlsx", A=[["file", "grade", "whom"], ["p0.png", 2, "a"]])
    first = ImportPresenter(session, project, [pictures, sheet])
    for field, header in (("image", "Foto"), ("stage", "Note"), ("patient", "Akte")):
        first.set_column(field, header)
    first.remember()
    between = ImportPresenter(session, project, [pictures, other])
    between.set_column("patient", "whom")
    between.remember()
    again = ImportPresenter(session, project, [pictures, sheet])
    assert seen(again) == {"image": "Foto", "stage": "Note", "patient": "Akte"}
    assert seen(ImportPresenter(session, project, [pictures, other]))["patient"] == "whom"


def test_a_column_that_was_guessed_but_not_wanted_is_not_guessed_again(
    session: Session, project: Project, pictures: Path, tmp_path: Path
) -> None:
    sheet = workbook(tmp_path / "t.xlsx", A=[["image", "stage", "ID"], ["p0.png", 2, "a"], ["p1.png", 4, "b"]])
    first = ImportPresenter(session, project, [pictures, sheet])
    assert seen(first)["patient"] == "ID"
    first.set_column("patient", "")
    first.remember()
    assert "patient" not in seen(ImportPresenter(session, project, [pictures, sheet]))


def test_another_table_in_the_place_of_the_first_is_mapped_anew(session: Session, project: Project, pictures: Path, tmp_path: Path) -> None:
    sheet = workbook(tmp_path / "t.xlsx", A=[["Foto", "Note"], ["p0.png", 2]])
    other = workbook(tmp_path / "o.xlsx", A=[["file", "grade"], ["p0.png", 3]])
    presenter = ImportPresenter(session, project, [pictures, sheet])
    presenter.set_column("image", "Foto")
    presenter.add([other])
    assert seen(presenter) == {"image": "file", "stage": "grade"}


def test_what_holds_of_one_set_of_pictures_is_not_carried_over_to_the_next(session: Session, project: Project, pictures: Path) -> None:
    first = ImportPresenter(session, project, [pictures])
    first.set_crops(True)
    first.set_pictures(facing="left", ruler_tick_mm=10.0, cut_borders=False)
    first.remember()
    options = ImportPresenter(session, project, [pictures]).state.options.pictures
    assert (options.crops, options.facing, options.spacing_mm, options.ruler_tick_mm, options.cut_borders) == (
        *(False, "right", None, None),
        False,
    )


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    folder = tmp_path / "crops"
    folder.mkdir()
    for n in range(3):
        images.write_png(folder / f"c{n}.png", np.full((31, 62), 60 + n, np.uint8))
    return folder


@pytest.mark.parametrize("answer", [True, False])
def test_pictures_that_look_like_crops_are_asked_about_before_anything_is_imported(
    session: Session, project: Project, crops: Path, answer: bool
) -> None:
    presenter = ImportPresenter(session, project, [crops])
    assert presenter.state.question is not None
    assert not presenter.state.ready
    presenter.set_crops(answer)
    assert presenter.state.question is None
    assert presenter.state.ready is answer  # as full images they are too small
    assert presenter.state.options.pictures.crops is answer


def test_full_images_that_are_said_to_be_crops_are_asked_about(session: Session, project: Project, pictures: Path, crops: Path) -> None:
    presenter = ImportPresenter(session, project, [pictures], crops=True)
    assert presenter.state.question is not None
    assert not presenter.state.ready
    presenter.set_crops(False)
    assert presenter.state.ready
    assert ImportPresenter(session, project, [crops], crops=True).state.ready


def test_of_several_tables_it_is_said_which_is_used(session: Session, project: Project, pictures: Path, tmp_path: Path) -> None:
    tables = [tmp_path / "b.csv", tmp_path / "a.csv"]
    for table in tables:
        table.write_text("image;stage;patient\np0.png;2;4711\np1.png;3;4712\n")
    presenter = ImportPresenter(session, project, [pictures, *tables])
    assert [notice.code for notice in presenter.state.notices] == ["import.several_tables"]
    assert "b.csv is used, not a.csv" in presenter.state.notices[0].text
    presenter.add([tables[1]])
    assert presenter.state.notices == ()


def test_pictures_that_wait_come_in_when_the_person_wants_them(session: Session, project: Project, pictures: Path) -> None:
    table = pictures / "t.csv"
    table.write_text("image;stage\np0.png;6\n")
    presenter = ImportPresenter(session, project, [table])
    assert [path.name for path in presenter.state.seen.pictures] == ["p1.png"]
    presenter.take_unmended(True)
    assert [path.name for path in presenter.state.seen.pictures] == ["p0.png", "p1.png"]
    assert not ImportPresenter(session, project, [table]).state.options.take_unmended


def test_names_of_files_are_not_said_where_names_are_hidden(
    session: Session, project: Project, crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    for name in ("Smith.csv", "Jones.csv"):
        (tmp_path / name).write_text("image;stage\nc0.png;2\n")
    state = ImportPresenter(session, project, [crops, tmp_path / "Smith.csv", tmp_path / "Jones.csv"]).state
    told = " ".join(map(str, (state.question, *state.notices)))
    assert "•••" in told
    assert not any(name in told for name in ("c0.png", "Smith", "Jones"))


def test_a_picture_that_is_damaged_in_its_middle_is_told_before_and_after_the_import(
    session: Session, project: Project, tmp_path: Path
) -> None:
    for n in range(3):
        Image.fromarray(screenshots.head(n)).save(tmp_path / f"{n}.jpg", quality=90)
    spoiled = bytearray((tmp_path / "1.jpg").read_bytes())
    spoiled[len(spoiled) // 2 : len(spoiled) // 2 + 512] = bytes(512)
    (tmp_path / "1.jpg").write_bytes(spoiled)
    presenter = ImportPresenter(session, project, [tmp_path / f"{n}.jpg" for n in range(3)])
    assert [notice.text for notice in presenter.state.notices if "damaged" in notice.text] == [
        "1 of 3 pictures seems to be damaged in its middle (1.jpg)."
    ]
    assert presenter.state.ready
    presenter.set_names("")
    assert sum("damaged" in str(notice) for notice in presenter.state.notices) == 1
    report = projects.import_images(project, presenter.state.sources, None, presenter.state.options)
    assert [(doubt.image, doubt.code) for doubt in report.doubts] == [("1.jpg", "import.seems_damaged")]
