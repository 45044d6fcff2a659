"""Exports open in what they are for: YOLO trains from one, torchvision reads another, in processes of their own without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sos_studio.dataset import exports, splits
from sos_studio.dataset.project import Project
from tests.dataset import builders
from tests.e2e.conftest import ROOT, journey_environment

CASES = 10
HEIGHT, WIDTH = builders.SHAPE_VU
TRAIN_YOLO = """
import json, sys
from trainer import environment
environment.prepare(1)
from ultralytics import YOLO
network, data, out = sys.argv[1:]
yolo = YOLO(network)
yolo.train(data=data, epochs=1, imgsz=64, batch=4, workers=0, device="cpu", project=out, plots=False, amp=False, verbose=False, save=False)
parts = {"train": yolo.trainer.train_loader.dataset, "val": yolo.trainer.test_loader.dataset}
found = {part: {label["im_file"]: [label["cls"].tolist(), label["bboxes"].tolist(), [s.tolist() for s in label["segments"]]]
                for label in dataset.labels} for part, dataset in parts.items()}
print(json.dumps({"found": found, "loss": float(yolo.trainer.loss), "names": yolo.names}))
"""
READ_FOLDERS = """
import json, sys
from pathlib import Path
from torchvision.datasets import ImageFolder
from torchvision.transforms import functional
found = {}
for kind in ("full", "crop"):
    folder = ImageFolder(str(Path(sys.argv[1]) / kind))
    shapes = {tuple(functional.to_tensor(picture).shape) for picture, _ in folder}
    found[kind] = [folder.classes, [[Path(path).name, label] for path, label in folder.samples], sorted(shapes)]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports") / "study ä"
    with Project.create(folder) as project:
        for n in range(CASES):
            builders.staged_case(project, 1 + n % 5, seed=n)
    return folder


def exported(study: Path, out: Path, format: exports.ExportFormat) -> Path:
    with Project.open(study) as project:
        exports.export(project, out, format)
    return out


def run(code: str, user_data: Path, *arguments: str | Path) -> Any:
    environment = {**journey_environment(user_data), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=280,
        cwd=ROOT,
        env=environment,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("format", "below", "network"),
    [("yolo", "boxes", "yolo11n.yaml"), ("yolo-obb", "", "yolo11n-obb.yaml")],
)
def test_yolo_trains_a_step_from_the_export_and_sees_the_frames(
    study: Path, tmp_path: Path, format: exports.ExportFormat, below: str, network: str
) -> None:
    out = exported(study, tmp_path / "out", format) / below
    told = run(TRAIN_YOLO, tmp_path / "user", network, out / "data.yaml", tmp_path / "runs")
    assert np.isfinite(told["loss"])
    assert list(told["names"].values()) == ["spheno-occipital synchondrosis"]
    pictures = [Path(path).stem for part in told["found"].values() for path in part]
    assert len(pictures) == len(set(pictures)) == CASES
    with Project.open(study, read_only=True) as project:
        assert not splits.folds_given(project)  # an export gives none away
        labels = {s.case_id: s.label for s in exports.cases(project) if s.label is not None}
        held_out = sum(fold == 0 for fold in splits.planned(project, labels).values())
    assert len(told["found"]["val"]) == held_out > 0
    edge = (builders.ROI.corners_uv + 0.5) / [WIDTH, HEIGHT]
    for labels in told["found"].values():
        for classes, boxes, segments in labels.values():
            assert classes == [[0.0]]
            assert np.allclose(boxes, [[*(edge.min(0) + edge.max(0)) / 2, *np.ptp(edge, axis=0)]], atol=1e-5)
            if below != "boxes":
                assert np.allclose(segments[0], edge, atol=1e-5)


def test_torchvision_reads_folders_with_stages_as_classes(study: Path, tmp_path: Path) -> None:
    out = exported(study, tmp_path / "out", "imagefolder")
    told = run(READ_FOLDERS, tmp_path / "user", out)
    with Project.open(study, read_only=True) as project:
        labels = {f"{s.case_id}.png": s.label for s in exports.cases(project)}
    for classes, samples, shapes in told.values():
        assert classes == ["1", "2", "3", "4", "5"]
        assert {name: int(classes[label]) for name, label in samples} == labels
        assert len(shapes) == 1
    assert told["full"][2] == [[3, HEIGHT, WIDTH]]


def test_coco_is_whole_as_its_format_asks(study: Path, tmp_path: Path) -> None:
    out = exported(study, tmp_path / "out", "coco")
    content = json.loads((out / "annotations.json").read_text("utf-8"))
    images, annotations, categories = (content[key] for key in ("images", "annotations", "categories"))
    for rows in (images, annotations, categories):
        assert len({row["id"] for row in rows}) == len(rows) > 0
    sizes = {image["id"]: (image["width"], image["height"]) for image in images}
    for image in images:
        with Image.open(out / "images" / image["file_name"]) as picture:
            assert picture.size == sizes[image["id"]]
    for annotation in annotations:
        width, height = sizes[annotation["image_id"]]
        x, y, w, h = annotation["bbox"]
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height
        (polygon,) = annotation["segmentation"]
        points = np.reshape(polygon, (-1, 2))
        assert annotation["area"] == pytest.approx(_area(points), rel=1e-3)
        assert np.allclose([*points.min(0), *np.ptp(points, axis=0)], annotation["bbox"], atol=1e-3)
        assert annotation["category_id"] in {row["id"] for row in categories}
        assert annotation["iscrowd"] == 0
    assert sorted(path.name for path in (out / "images").iterdir()) == sorted(image["file_name"] for image in images)


def _area(points: Any) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2
