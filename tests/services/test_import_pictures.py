from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_studio.core.errors import BadInputError
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, cases, checks, manifests, readings
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.services import full_images, import_preview, projects, staging
from sos_studio.services.import_pictures import ImportOptions, PictureOptions, boxes_of, boxes_text, find, full_image
from tests.dataset.test_sheets import workbook
from tests.imaging import screenshots


@pytest.fixture
def study(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "study")


def _screenshot(path: Path, seed: int = 1, **kinds: object) -> screenshots.Screenshot:
    shot = screenshots.screenshot(screenshots.head(seed), **kinds)  # type: ignore[arg-type]
    Image.fromarray(shot.rgb).save(path)
    return shot


def _only_folder(project: Project) -> Path:
    (summary,) = cases.cases(project)
    return captures.capture_paths(project, summary.capture_id or "").folder


def test_a_screenshot_is_cut_covered_and_measured_and_its_original_stays(study: Project, tmp_path: Path) -> None:
    shot = _screenshot(tmp_path / "a.png", border=(20, 30, 10, 40), letters="APSI", tick_px=8.0, longer_every=10)
    options = ImportOptions(PictureOptions(ruler_tick_mm=1.0))
    report = projects.import_images(study, [tmp_path / "a.png"], options=options)
    assert (report.prepared, report.doubts, report.faults) == (1, (), ())
    folder = _only_folder(study)
    record = captures.read_record(study, folder.name)
    preparation = record.prepared
    assert preparation is not None
    assert (record.shape_vu, preparation.origin_vu) == (screenshots.SHAPE_VU, (20, 30))
    assert record.spacing_mm == pytest.approx(1 / 8, rel=0.005)
    assert (preparation.spacing_from, preparation.ruler is not None) == ("ruler", True)
    gray = np.asarray(Image.open(tmp_path / "a.png").convert("L"))
    np.testing.assert_array_equal(images.read_gray(folder / "original.png"), gray)
    top, left, bottom, right = shot.box
    mask = images.read_gray(folder / "mask.png") > 0
    full = images.read_gray(folder / "full.png")
    assert mask[shot.drawn].all()
    np.testing.assert_array_equal(full[~mask[top:bottom, left:right]], gray[top:bottom, left:right][~mask[top:bottom, left:right]])
    # What is trained on shows nothing of the letters: it is much nearer to the picture without them.
    assert np.abs(full.astype(int) - screenshots.head(1))[mask[top:bottom, left:right]].mean() < 12
    assert preparation.masked_px == mask[top:bottom, left:right].sum()
    assert checks.check(study) == []
    for name in ("original.png", "mask.png"):
        (folder / name).write_bytes(b"spoiled")
    assert [Path(problem.file).name for problem in checks.check(study)] == ["original.png", "mask.png"]


def test_everything_can_be_left_as_it_is(study: Project, tmp_path: Path) -> None:
    _screenshot(tmp_path / "a.png", border=(20, 30, 10, 40), letters="APSI")
    options = ImportOptions(PictureOptions(cut_borders=False, cover_overlays=False))
    report = projects.import_images(study, [tmp_path / "a.png"], options=options)
    folder = _only_folder(study)
    assert report.prepared == 0
    assert captures.read_record(study, folder.name).prepared is None
    assert sorted(path.name for path in folder.iterdir()) == ["capture.json", "full.png"]
    np.testing.assert_array_equal(images.read_gray(folder / "full.png"), np.asarray(Image.open(tmp_path / "a.png").convert("L")))


def test_originals_with_a_name_written_into_them_need_not_be_kept(study: Project, tmp_path: Path) -> None:
    _screenshot(tmp_path / "a.png", letters="APSI")
    projects.import_images(study, [tmp_path / "a.png"], options=ImportOptions(PictureOptions(keep_originals=False)))
    folder = _only_folder(study)
    assert sorted(path.name for path in folder.iterdir()) == ["capture.json", "full.png"]
    record = captures.read_record(study, folder.name)
    assert record.prepared is not None
    assert record.prepared.masked_px > 0


def test_a_left_facing_screenshot_is_cut_then_mirrored(study: Project, tmp_path: Path) -> None:
    _screenshot(tmp_path / "a.png", border=(0, 50, 0, 0))
    projects.import_images(study, [tmp_path / "a.png"], options=ImportOptions(PictureOptions(facing="left")))
    folder = _only_folder(study)
    np.testing.assert_array_equal(images.read_gray(folder / "full.png"), screenshots.head(1)[:, ::-1])
    assert captures.read_record(study, folder.name).mirrored


@pytest.mark.parametrize(("tick_mm", "code"), [(10.0, "import.no_ruler"), (500.0, "import.ruler_not_right")])
def test_a_ruler_that_is_missing_or_can_not_be_right_is_told(study: Project, tmp_path: Path, tick_mm: float, code: str) -> None:
    _screenshot(tmp_path / "a.png", tick_px=None if code == "import.no_ruler" else 8.0)
    options = ImportOptions(PictureOptions(spacing_mm=0.3, ruler_tick_mm=tick_mm))
    report = projects.import_images(study, [tmp_path / "a.png"], options=options)
    assert [(doubt.image, doubt.code) for doubt in report.doubts] == [("a.png", code)]
    assert captures.read_record(study, _only_folder(study).name).spacing_mm == 0.3


def test_near_duplicates_within_the_import_and_against_the_project_are_told_and_taken(study: Project, tmp_path: Path) -> None:
    images.write_png(tmp_path / "a.png", screenshots.head(1))
    projects.import_images(study, [tmp_path / "a.png"])
    folder = tmp_path / "more"
    folder.mkdir()
    small = Image.fromarray(screenshots.head(1)).resize((260, 210))
    small.save(folder / "b.jpg", quality=70)
    images.write_png(folder / "c.png", np.ascontiguousarray(screenshots.head(2)))
    Image.fromarray(screenshots.head(2)[3:, 3:]).save(folder / "d.jpg")
    report = projects.import_images(study, [folder])
    assert len(report.imported) == 3
    assert {(pair.case_id, pair.other_case_id) for pair in report.near} == {("case-0001", "case-0002"), ("case-0003", "case-0004")}


def test_an_excel_sheet_with_headers_of_another_language_is_previewed_and_imported(study: Project, tmp_path: Path) -> None:
    pictures = tmp_path / "Bilder"
    pictures.mkdir()
    for n in range(3):
        images.write_png(pictures / f"p{n}.png", screenshots.head(n))
    table = workbook(
        tmp_path / "t.xlsx",
        Notes=[["Our study"]],
        Data=[
            ["Patientennummer", "Dateiname", "Stadium", "Alter"],
            ["Ann", "p0.png", 2, "12,6"],
            ["Bob", "p1", 9, 11],
            ["Cy", "p9.png", 3, 8],
        ],
    )
    options = ImportOptions()
    options = ImportOptions(options.pictures, type(options.table)(sheet="Data"))
    seen = import_preview.preview(study.scheme, [pictures], table, options)
    assert {field: seen.headers[index] for field, index in seen.columns if index is not None} == {
        "image": "Dateiname",
        "stage": "Stadium",
        "patient": "Patientennummer",
        "age": "Alter",
    }
    assert [(row.line, row.image, row.fault.code if row.fault else None, row.taken) for row in seen.rows] == [
        (2, "p0.png", None, True),
        (3, "p1", "stage.unknown", False),
        (4, "p9.png", "import.image_not_found", True),
        (None, "p2.png", None, True),
    ]
    assert ([path.name for path in seen.pictures], [path.name for path in seen.waiting]) == (["p0.png", "p2.png"], ["p1.png"])
    assert cases.cases(study) == []
    report = projects.import_images(study, [pictures], table, options)
    assert (len(report.imported), report.readings, len(report.faults), report.waiting) == (2, 1, 2, ("p1.png",))
    mended = workbook(
        tmp_path / "t.xlsx", Data=[["Patientennummer", "Dateiname", "Stadium", "Alter"], ["Ann", "p0.png", 2, "12,6"], ["Bob", "p1", 3, 11]]
    )
    again = projects.import_images(study, [pictures], mended, options)
    assert (len(again.imported), len(again.already_there), again.readings, again.faults) == (1, 2, 1, ())


def test_the_real_captures_import_with_what_their_names_say_although_one_among_them_is_broken(
    study: Project, tmp_path: Path, real_data: Path
) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    for path in (real_data / "reference_captures").glob("*.jpg"):
        (folder / path.name).write_bytes(path.read_bytes())
    whole = (folder / "Female 8.7_3.jpg").read_bytes()
    (folder / "Male 9.1_2.jpg").write_bytes(whole[: len(whole) // 3])
    seen = import_preview.preview(study.scheme, [folder], None, ImportOptions())
    assert seen.suggested_names == "{sex} {age}_{stage}"
    report = projects.import_images(study, [folder], options=ImportOptions(names=seen.suggested_names))
    assert [(fault.image, fault.code) for fault in report.faults] == [("Male 9.1_2.jpg", "image.unreadable")]
    found = sorted((case.label, case.age_years, case.sex) for case in cases.cases(study))
    assert found == [(1, 7.6, "F"), (3, 8.7, "F"), (5, 12.6, "F")]
    assert report.near == ()
    again = projects.import_images(study, [folder], options=ImportOptions(names=seen.suggested_names))
    assert (len(again.imported), len(again.already_there), again.readings) == (0, 3, 0)


def test_imported_captures_are_cropped_staged_frozen_for_training_and_predicted_like_any_other(study: Project, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(10):
        _screenshot(pictures / f"F {8 + n}_{1 + n % 5}.png", n, border=(8, 8, 8, 8), letters="AP")
    report = projects.import_images(study, [pictures], options=ImportOptions(names="{sex} {age}_{stage}"))
    assert (len(report.imported), report.readings, report.faults) == (10, 10, ())
    for summary in cases.cases(study):
        n, _ = staging.store_roi(study, summary.capture_id or "", Roi.of((200.0, 200.0), 20.0, 80.0))
        assert captures.crop_path(study, summary.capture_id or "", n).is_file()
    first = cases.cases(study)[0]
    staging_reading = readings.readings(study, first.case_id)[0]
    assert (staging_reading.source, first.cropped) == ("imported", True)
    manifest = manifests.freeze(study, need_crops=True)
    assert manifest.is_file()
    folder = captures.capture_paths(study, first.capture_id or "").folder
    assert full_images.full_image(folder).full8.shape == screenshots.SHAPE_VU


def test_crops_get_a_frame_around_all_of_them_once(study: Project, tmp_path: Path) -> None:
    pictures = tmp_path / "crops"
    pictures.mkdir()
    for n, shape in enumerate([(60, 120), (61, 120), (90, 120)]):
        images.write_png(pictures / f"c{n}.png", np.random.default_rng(n).integers(0, 255, shape, dtype=np.uint8))
    options = ImportOptions(PictureOptions(crops=True))
    report = projects.import_images(study, [pictures], options=options)
    assert [(doubt.image, doubt.code) for doubt in report.doubts] == [("c2.png", "import.crop_not_2_to_1")]
    first, _, high = cases.cases(study)
    assert all(summary.cropped for summary in cases.cases(study))
    np.testing.assert_array_equal(images.read_gray(first.crop or Path()), images.read_gray(pictures / "c0.png"))
    np.testing.assert_array_equal(images.read_gray(high.crop or Path()), images.read_gray(pictures / "c2.png")[15:75])
    again = projects.import_images(study, [pictures], options=options)
    assert (len(again.already_there), again.doubts) == (3, ())
    assert list(captures.rois(study, first.capture_id or "")) == [1]


@pytest.mark.parametrize("shape", [(31, 62), (31, 63), (19, 38)])
def test_crops_as_small_as_those_of_the_app_are_taken_as_they_are(study: Project, tmp_path: Path, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 200, shape, dtype=np.uint8)
    pixels[:, :2] = pixels[:, -2:] = 255  # bone at the edge is no letter, and no border
    images.write_png(tmp_path / "c.png", pixels)
    report = projects.import_images(study, [tmp_path / "c.png"], options=ImportOptions(PictureOptions(crops=True)))
    assert (report.faults, report.doubts) == ((), ())
    (summary,) = cases.cases(study)
    crop = images.read_gray(summary.crop or Path(), smallest_side_px=1)
    np.testing.assert_array_equal(crop, pixels[:, : 2 * shape[0]])
    full = captures.capture(study, summary.capture_id or "")
    assert full.shape_vu == (32, shape[1])
    prepared = captures.read_record(study, full.capture_id).prepared
    assert prepared is not None
    assert prepared.original_shape_vu == shape
    assert checks.check(study) == []


def test_a_crop_that_is_too_small_for_anything_is_refused(study: Project, tmp_path: Path) -> None:
    images.write_png(tmp_path / "c.png", np.zeros((12, 24), np.uint8))
    report = projects.import_images(study, [tmp_path / "c.png"], options=ImportOptions(PictureOptions(crops=True)))
    assert [fault.code for fault in report.faults] == ["image.too_small"]


@pytest.mark.slow
def test_a_hundred_images_are_in_within_twelve_seconds(study: Project, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(100):
        Image.fromarray(screenshots.head(n, (650, 860))).save(pictures / f"{n}.jpg")
    began = time.monotonic()
    projects.import_images(study, [pictures])
    assert time.monotonic() - began < 12


def test_boxes_that_a_person_names_are_covered_in_every_picture_whatever_is_found(study: Project, tmp_path: Path) -> None:
    plain = screenshots.head(1)
    for n in range(2):
        images.write_png(tmp_path / f"{n}.png", np.roll(plain, 7 * n, axis=1))
    boxes = boxes_of("100, 50, 80, 30; 500,400,900,900")
    options = ImportOptions(PictureOptions(cut_borders=False, cover_overlays=False, boxes=boxes))
    projects.import_images(study, [tmp_path / f"{n}.png" for n in range(2)], options=options)
    covered = np.zeros_like(plain, dtype=bool)
    covered[50:80, 100:180] = covered[400:, 500:] = True
    for n, summary in enumerate(cases.cases(study)):
        folder = captures.capture_paths(study, summary.capture_id or "").folder
        before, after = np.roll(plain, 7 * n, axis=1), images.read_gray(folder / "full.png")
        np.testing.assert_array_equal(after[~covered], before[~covered])
        assert (after[covered] != before[covered]).mean() > 0.8
        np.testing.assert_array_equal(images.read_gray(folder / "mask.png") > 0, covered)
        prepared = captures.read_record(study, summary.capture_id or "").prepared
        assert prepared is not None
        assert prepared.masked_px == covered.sum()
    assert checks.check(study) == []


def test_boxes_that_a_person_names_are_covered_in_crops_too(study: Project, tmp_path: Path) -> None:
    crop = np.random.default_rng(1).integers(1, 255, (70, 140)).astype(np.uint8)
    images.write_png(tmp_path / "c.png", crop)
    options = ImportOptions(PictureOptions(crops=True, keep_originals=False, boxes=boxes_of("10, 20, 30, 5")))
    projects.import_images(study, [tmp_path / "c.png"], options=options)
    (summary,) = cases.cases(study)
    after = images.read_gray(captures.capture_paths(study, summary.capture_id or "").folder / "full.png")[:70]
    assert (after[20:25, 10:40] != crop[20:25, 10:40]).mean() > 0.8
    after[20:25, 10:40] = crop[20:25, 10:40]
    np.testing.assert_array_equal(after, crop)


def test_of_a_picture_that_is_covered_as_a_whole_nothing_is_seen(tmp_path: Path) -> None:
    images.write_png(tmp_path / "a.png", screenshots.head(1))
    found = find(tmp_path / "a.png", PictureOptions(cut_borders=False, boxes=boxes_of("0, 0, 9000, 9000")))
    assert full_image(found, "right").max() == 0


@pytest.mark.parametrize("text", ["10, 20, 30", "a", "1,2,0,4", "1,2,3,4,5", "-1,2,3,4"])
def test_what_is_no_box_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadInputError, match=r"import\.box_bad"):
        boxes_of(text)
    assert boxes_text(boxes_of(" 1 2 3 4 ;5,6,7,8; ")) == "1, 2, 3, 4; 5, 6, 7, 8"
