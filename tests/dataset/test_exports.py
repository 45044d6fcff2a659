from __future__ import annotations

import csv
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from sos_studio.core.errors import BadInputError, CancelledError, ProjectError
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, cases, exports, predictions, readings, splits
from sos_studio.dataset.project import Project
from tests.dataset import builders

HEIGHT, WIDTH = builders.SHAPE_VU


@pytest.fixture
def filled(project: Project) -> Project:
    """Ten staged cases, the last without a frame; one unstaged, one not captured, one excluded."""
    for n in range(10):
        builders.staged_case(project, 1 + n % 5, frame=n != 9, seed=n)
    builders.staged_case(project, None)
    cases.add_case(project)
    cases.exclude(project, builders.staged_case(project, 1), "motion", "Ada")
    return project


def _labels(project: Project) -> dict[str, int]:
    """What a training would divide."""
    return {s.case_id: s.label for s in cases.cases(project) if s.label is not None and s.captured and not s.excluded}


@pytest.mark.parametrize("format", exports.FORMATS[:6])
def test_an_export_gives_nobody_a_fold_and_says_which_are_only_planned(
    filled: Project, tmp_path: Path, format: exports.ExportFormat
) -> None:
    before = exports.export(filled, tmp_path / "before", format)
    assert splits.folds_given(filled) == {}
    splits.assign(filled, _labels(filled))
    after = exports.export(filled, tmp_path / "after", format)
    divides = format not in ("csv", "parquet")
    assert (before.planned_folds, after.planned_folds) == (10 if format == "imagefolder" else 9 if divides else 0, 0)
    one, other = builders.files_below(tmp_path / "before"), builders.files_below(tmp_path / "after")
    if divides:
        assert set(one) == set(other)  # a plan is what the training gives
    if format.startswith("yolo"):
        sheets = [name for name in one if name.endswith("data.yaml")]
        assert all(one[name].startswith(b"# Some of this division is only planned") for name in sheets)
        assert not any(b"planned" in other[name] for name in sheets)
    if format == "csv":
        assert not _table(tmp_path / "before" / "folds.csv")
        assert {row["fold"] for row in _table(tmp_path / "before" / "cases.csv")} == {""}
        assert len(_table(tmp_path / "after" / "folds.csv")) == 10


def test_exported_and_left_out_are_all_that_were_asked_for(filled: Project, tmp_path: Path) -> None:
    for format in exports.FORMATS[:6]:
        report = exports.export(filled, tmp_path / format, format)
        assert report.asked == len(cases.cases(filled)) == 13
        assert report.marked_excluded == (1 if format in ("csv", "parquet") else 0)


def _table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_imagefolder_has_one_folder_per_stage_with_the_pictures_unchanged(filled: Project, tmp_path: Path) -> None:
    report = exports.export(filled, tmp_path / "out", "imagefolder")
    assert (report.cases, report.left_out) == (10, {"excluded": 1, "no_label": 1, "not_captured": 1})
    files = builders.files_below(tmp_path / "out")
    assert len(files) == report.files == 10 + 9 + 3
    for row in _table(tmp_path / "out" / "splits.csv"):
        assert row["file"].split("/")[1] == row["stage"]
        summary = cases.case(filled, row["case_id"])
        assert int(row["stage"]) == summary.label
        source = summary.thumbnail if row["file"].startswith("full") else summary.crop
        assert source is not None
        assert files[row["file"]] == source.read_bytes()
        assert splits.planned(filled, _labels(filled))[row["patient"]] == int(row["fold"])
        assert row["fold_given"] == "0"


def test_yolo_boxes_lie_where_the_frames_are(filled: Project, tmp_path: Path) -> None:
    report = exports.export(filled, tmp_path / "out", "yolo", exports.ExportOptions(held_out_fold=2))
    assert (report.cases, report.left_out) == (10, {"excluded": 1, "no_frame": 1, "not_captured": 1})
    folds = splits.planned(filled, _labels(filled))
    edge = builders.ROI.corners_uv + 0.5  # YOLO measures from the corner of the top-left pixel
    for label in sorted((tmp_path / "out").rglob("*.txt")):
        kind, _, part, name = label.relative_to(tmp_path / "out").parts
        number, *values = (float(value) for value in label.read_text().split())
        assert number == 0
        if kind == "oriented":
            assert np.allclose(np.reshape(values, (4, 2)) * [WIDTH, HEIGHT], edge, atol=1e-4)
        else:
            u, v, width, height = values
            assert np.allclose([u * WIDTH, v * HEIGHT], (edge.min(0) + edge.max(0)) / 2, atol=1e-4)
            assert np.allclose([width * WIDTH, height * HEIGHT], np.ptp(edge, axis=0), atol=1e-4)
        assert (tmp_path / "out" / kind / "images" / part / name).with_suffix(".png").is_file()
        patient = cases.case(filled, Path(name).stem).patient
        assert (part == "val") == (folds.get(patient) == 2)
    assert len(list((tmp_path / "out").rglob("*.txt"))) == len(list((tmp_path / "out").rglob("*.png"))) == 20


def test_coco_boxes_polygons_and_stages_are_right(filled: Project, tmp_path: Path) -> None:
    exports.export(filled, tmp_path / "out", "coco")
    content: dict[str, Any] = json.loads((tmp_path / "out" / "annotations.json").read_text())
    assert len(content["images"]) == len(content["annotations"]) == 10
    edge = builders.ROI.corners_uv + 0.5
    for image, annotation in zip(content["images"], content["annotations"], strict=True):
        assert annotation["image_id"] == image["id"]
        with Image.open(tmp_path / "out" / "images" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"]) == (WIDTH, HEIGHT)
        assert np.allclose(annotation["bbox"], [*edge.min(0), *np.ptp(edge, axis=0)], atol=1e-3)
        assert np.allclose(np.reshape(annotation["segmentation"][0], (4, 2)), edge, atol=1e-3)
        assert annotation["attributes"]["stage"] == cases.case(filled, Path(image["file_name"]).stem).label


def test_csv_has_every_case_and_reading_and_a_dictionary_of_its_columns(filled: Project, tmp_path: Path) -> None:
    taken = readings.readings(filled, "case-0003")[0]
    readings.retract(filled, taken.reading_id, "Ada")
    exports.export(filled, tmp_path / "out", "csv")
    rows = {row["case_id"]: row for row in _table(tmp_path / "out" / "cases.csv")}
    assert len(rows) == 13
    assert (rows["case-0002"]["stage"], rows["case-0003"]["stage"], rows["case-0013"]["excluded"]) == ("2", "", "1")
    assert float(rows["case-0001"]["roi_angle_deg"]) == builders.ROI.angle_deg
    assert (filled.directory / rows["case-0001"]["crop"]).is_file()
    shown = _table(tmp_path / "out" / "readings.csv")
    assert len(shown) == 12
    assert [row["retracts"] for row in shown if row["retracts"]] == [taken.reading_id]
    explained = {(row["file"], row["column"]) for row in _table(tmp_path / "out" / "data_dictionary.csv")}
    written = {path.name: path.read_text().splitlines()[0].split(",") for path in (tmp_path / "out").glob("*.csv")}
    del written["data_dictionary.csv"]
    assert explained == {(name, column) for name, header in written.items() for column in header}
    assert set(written) == {f"{name}.csv" for name in ("cases", "readings", "captures", "frames", "exclusions", "predictions", "folds")}


def test_parquet_says_what_csv_says_with_types_and_meanings(filled: Project, tmp_path: Path) -> None:
    capture_id = cases.case(filled, "case-0001").capture_id or ""
    predictions.record_shown(filled, capture_id, model_id="m", stage=2, probabilities=(0.1, 0.6, 0.1, 0.1, 0.1), evaluator="Ada")
    splits.assign(filled, _labels(filled))
    report = exports.export(filled, tmp_path / "out", "parquet")
    exports.export(filled, tmp_path / "csv", "csv")
    names = sorted(path.stem for path in (tmp_path / "out").glob("*.parquet"))
    assert (len(names) + 1, names) == (report.files, sorted(path.stem for path in (tmp_path / "csv").glob("*.csv")))
    for name in names:
        table = pyarrow.parquet.read_table(tmp_path / "out" / f"{name}.parquet")
        rows = _table(tmp_path / "csv" / f"{name}.csv")
        assert table.num_rows == len(rows)
        assert rows
        for cells, row in zip(table.to_pylist(), rows, strict=True):
            assert {key: _as_csv(value) for key, value in cells.items()} == {key: v.replace(".csv", ".parquet") for key, v in row.items()}
    cases_file = pyarrow.parquet.ParquetFile(tmp_path / "out" / "cases.parquet")
    types = {field.name: str(field.type) for field in cases_file.schema_arrow}
    assert (types["age_years"], types["stage"], types["excluded"]) == ("double", "int64", "bool")
    assert b"pseudonym" in cases_file.metadata.metadata[b"patient"]


def _as_csv(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else json.dumps(value) if isinstance(value, list) else str(int(value) if isinstance(value, bool) else value)


def test_evaluators_leave_under_numbers_unless_their_names_are_asked_for(project: Project, tmp_path: Path) -> None:
    case_id = builders.staged_case(project, 2)
    builders.read(project, case_id, cases.case(project, case_id).capture_id or "", 3, "Bea")
    cases.exclude(project, case_id, "motion", "Cid")
    for format in ("csv", "parquet"):
        exports.export(project, tmp_path / format, format)
        written = b"".join(builders.files_below(tmp_path / format).values())
        assert not any(name in written for name in (b"Ada", b"Bea", b"Cid"))
    assert [row["evaluator"] for row in _table(tmp_path / "csv" / "readings.csv")] == ["Evaluator 1", "Evaluator 2"]
    assert _table(tmp_path / "csv" / "exclusions.csv")[0]["evaluator"] == "Evaluator 3"


@pytest.mark.parametrize("format", ["imagefolder", "yolo-obb", "coco", "csv"])
def test_of_cases_that_are_not_asked_for_nothing_leaves(filled: Project, tmp_path: Path, format: exports.ExportFormat) -> None:
    cases.exclude(filled, "case-0004", "motion", "Ada")
    exports.export(filled, tmp_path / "out", format, exports.ExportOptions(only=frozenset({"case-0002", "case-0003"})))
    files = builders.files_below(tmp_path / "out")
    written = b"".join(files.values()) + "".join(files).encode()
    assert b"case-0002" in written
    others = [case_id for case_id in (c.case_id for c in cases.cases(filled)) if case_id not in ("case-0002", "case-0003")]
    assert not [case_id for case_id in others if case_id.encode() in written]
    foreign = [cases.case(filled, case_id).capture_id for case_id in others]
    assert not [capture_id for capture_id in foreign if capture_id and capture_id.encode() in written]


def test_every_export_names_the_hashes_of_its_files(filled: Project, tmp_path: Path) -> None:
    for format in ("imagefolder", "yolo", "yolo-obb", "coco", "csv", "parquet"):
        exports.export(filled, tmp_path / format, format)
        files = builders.files_below(tmp_path / format)
        sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
        assert sums == {name: captures.sha256(content) for name, content in files.items()}


@pytest.mark.parametrize("format", ["imagefolder", "yolo", "yolo-obb", "coco", "csv", "parquet"])
def test_an_export_that_is_stopped_leaves_nothing(filled: Project, tmp_path: Path, format: exports.ExportFormat) -> None:
    asked = iter([False] * 3)
    with pytest.raises(CancelledError):
        exports.export(filled, tmp_path / "out", format, cancelled=lambda: next(asked, True))
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_oriented_boxes_alone_lie_in_the_folder_itself(filled: Project, tmp_path: Path) -> None:
    exports.export(filled, tmp_path / "both", "yolo")
    exports.export(filled, tmp_path / "out", "yolo-obb")
    alone, both = builders.files_below(tmp_path / "out"), builders.files_below(tmp_path / "both" / "oriented")
    del alone["SHA256SUMS"]
    assert alone == both


def test_a_dataset_without_a_held_out_part_says_so_and_is_no_empty_part(project: Project, tmp_path: Path) -> None:
    builders.staged_case(project, None)
    exports.export(project, tmp_path / "out", "yolo-obb")
    lines = (tmp_path / "out" / "data.yaml").read_text().splitlines()
    assert lines[:3] == [
        "train: images/train",
        "# No case is in this part: figures on it say nothing about other patients.",
        "val: images/train",
    ]


def test_what_people_typed_can_not_run_in_a_spreadsheet_and_remarks_stay_at_home(project: Project, tmp_path: Path) -> None:
    case_id = builders.staged_case(project, 2)
    builders.read(project, case_id, cases.case(project, case_id).capture_id or "", 2, "=HYPERLINK(1)")
    exports.export(project, tmp_path / "out", "csv", exports.ExportOptions(name_evaluators=True))
    evaluators = [row["evaluator"] for row in _table(tmp_path / "out" / "readings.csv")]
    assert evaluators == ["Ada", "'=HYPERLINK(1)"]
    assert "remark" not in (tmp_path / "out" / "readings.csv").read_text()


def test_a_damaged_picture_is_left_out_and_counted(filled: Project, tmp_path: Path) -> None:
    captures.capture_paths(filled, cases.case(filled, "case-0001").capture_id or "").full.write_bytes(builders.png(seed=77))
    report = exports.export(filled, tmp_path / "out", "coco")
    assert (report.cases, report.left_out["damaged"]) == (9, 1)


def test_a_frame_at_the_border_stays_within_the_picture(project: Project, tmp_path: Path) -> None:
    case_id = cases.add_case(project)
    roi = Roi.of((19.5, 9.5), 0.0, 40.0)
    builders.add_roi(project, builders.add_capture(project, case_id), roi)
    exports.export(project, tmp_path / "out", "yolo")
    (label,) = (tmp_path / "out" / "oriented").rglob("*.txt")
    assert all(0.0 <= float(value) <= 1.0 for value in label.read_text().split())
    exports.export(project, tmp_path / "coco", "coco")
    (annotation,) = json.loads((tmp_path / "coco" / "annotations.json").read_text())["annotations"]
    assert annotation["area"] == pytest.approx(40.0 * 20.0)
    assert annotation["bbox"] == [0.0, 0.0, 40.0, 20.0]


def test_an_export_never_writes_over_anything(filled: Project, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    exports.export(filled, tmp_path / "out", "csv")
    with pytest.raises(BadInputError, match=r"export\.folder_not_empty"):
        exports.export(filled, tmp_path / "out", "csv")


def test_what_a_killed_export_left_behind_is_cleared_by_the_next(filled: Project, tmp_path: Path) -> None:
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "cases.csv").write_text("half of")
    exports.export(filled, tmp_path / "out", "csv")
    assert {path.name for path in tmp_path.iterdir()} == {"study", "out"}
    assert len(_table(tmp_path / "out" / "cases.csv")) == 13


def test_nothing_to_export_and_unknown_formats_are_said_and_leave_no_folder(project: Project, tmp_path: Path) -> None:
    for format in ("imagefolder", "yolo", "yolo-obb", "coco", "csv", "parquet"):
        with pytest.raises(BadInputError, match=r"export\.nothing_to_export"):
            exports.export(project, tmp_path / "out", format)
    with pytest.raises(BadInputError, match=r"export\.unknown_format"):
        exports.export(project, tmp_path / "out", "xml")  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_an_export_that_does_not_fit_leaves_nothing(filled: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProjectError, match=r"project\.disk_full"):
        exports.export(filled, tmp_path / "out", "yolo")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_a_read_only_project_can_be_exported(filled: Project, tmp_path: Path) -> None:
    with Project.open(filled.directory, read_only=True) as second:
        assert exports.export(second, tmp_path / "out", "imagefolder").cases == 10
    assert splits.folds_given(filled) == {}
