"""Pictures that people already have become a dataset: imported with their table, cropped, trained on and predicted like any capture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, cases
from sos_studio.dataset.project import Project
from sos_studio.imaging.crops import crop_image
from sos_studio.services import staging
from tests.e2e.conftest import Run
from tests.imaging import screenshots
from tests.trainer import tiny_project

SCREENSHOTS, CROPS, TIMES = 20, 10, 3
BORDER = (12, 18, 9, 24)
QUICKEST = {
    "teacher.network": "test_convnext",
    "teacher.input_shape_hw": [32, 64],
    "teacher.optimiser.epochs": 1,
    "student.network": "test_convnext",
    "student.input_shape_hw": [64, 64],
    "student.optimiser.epochs": 1,
    "student.windows": [],
    "student.teacher_logits": "in-sample",
}


def _large(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Enlarged, with tissue that no other picture has: pictures that are nearly alike may not be trained on."""
    size = (small.shape[1] * TIMES, small.shape[0] * TIMES)
    tissue = Image.fromarray(rng.integers(0, 70, (14, 18), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    picture = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
    return np.clip(picture * 0.75 + np.asarray(tissue), 0, 255).astype(np.uint8)


def _pictures(folder: Path) -> dict[str, Roi]:
    """Screenshots with border, letters and ruler, a broken file among them, crops cut by hand, and a table of each."""
    rng = np.random.default_rng(5)
    frames: dict[str, Roi] = {}
    (folder / "full").mkdir(parents=True)
    (folder / "crops").mkdir()
    rows, crop_rows = ["Datei;Stadium;Patient;Alter;Geschlecht"], ["image,stage,patient"]
    for n in range(SCREENSHOTS):
        small, roi = tiny_project.picture(rng, 1 + n % 5)
        shot = screenshots.screenshot(_large(small, rng), border=BORDER, letters="AP", tick_px=8.0, longer_every=10)
        Image.fromarray(shot.rgb).save(folder / "full" / f"shot {n}.jpg", quality=92)
        center = (roi.center_uv[0] * TIMES + 1, roi.center_uv[1] * TIMES + 1)
        frames[f"shot {n}.jpg"] = Roi.of(center, roi.angle_deg, roi.width_px * TIMES)
        rows.append(f"shot {n}.jpg;{1 + n % 5};Nr {n};{8 + n},5;{'w' if n % 2 else 'm'}")
    (folder / "full" / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    rows.append("broken.jpg;3;Nr 99;12;w")
    for n in range(CROPS):
        small, roi = tiny_project.picture(rng, 1 + n % 5)
        Image.fromarray(_large(crop_image(small, roi), rng)).save(folder / "crops" / f"crop{n}.png")
        crop_rows.append(f"crop{n}.png,{1 + n % 5},C{n}")
    (folder / "full" / "stages.csv").write_text("\n".join(rows), "utf-8")
    (folder / "crops" / "stages.csv").write_text("\n".join(crop_rows), "utf-8")
    return frames


def test_pictures_with_their_tables_become_a_dataset_that_is_trained_on_and_predicted(run: Run, tmp_path: Path) -> None:
    pictures, study = tmp_path / "pictures", tmp_path / "study"
    frames = _pictures(pictures)
    run("project", "new", study)
    full = pictures / "full"
    first = run("project", "import", study, full, "--labels", full / "stages.csv", "--ruler", "1", code=3)
    assert (len(first["imported"]), first["readings"], first["prepared"]) == (SCREENSHOTS, SCREENSHOTS, SCREENSHOTS)
    assert [fault["image"] for fault in first["failed"]] == ["broken.jpg"]
    crops = pictures / "crops"
    second = run("project", "import", study, crops, "--labels", crops / "stages.csv", "--crops")
    assert (len(second["imported"]), second["readings"], second["failed"]) == (CROPS, CROPS, [])

    name_of = {image["case_id"]: image["name"] for image in first["imported"]}
    with Project.open(study) as project:
        there = cases.cases(project)
        assert sum(case.cropped for case in there) == CROPS, "crops have their frame already"
        for case in there:
            if case.case_id in name_of:
                capture = captures.capture(project, case.capture_id or "")
                assert capture.shape_vu == (tiny_project.SHAPE_VU[0] * TIMES, tiny_project.SHAPE_VU[1] * TIMES), "the border is gone"
                assert capture.spacing_mm == pytest.approx(1 / 8, rel=0.01)
                staging.store_roi(project, capture.capture_id, frames[name_of[case.case_id]])
        assert all(case.cropped and case.label is not None for case in cases.cases(project))

    settings = [text for key, value in QUICKEST.items() for text in ("--set", f"{key}={json.dumps(value)}")]
    for part in ("teacher", "student"):
        trained = run("train", part, "--project", study, "--threads", "1", *settings)
        assert trained["status"] == "succeeded"
        assert set(trained["models"]) == {part}
    for name, case_id in (("screenshot", first["imported"][0]["case_id"]), ("crop", second["imported"][0]["case_id"])):
        (folder,) = (study / "captures" / case_id).iterdir()
        said = run("predict", folder, "--project", study, "--out", tmp_path / name)
        assert sum(said["probabilities"]) == pytest.approx(1, abs=1e-3)
        assert said["roi"]["source"] == "expert"
        assert {path.name for path in (tmp_path / name).iterdir()} >= {"heatmap.png", "overlay.png"}
    assert run("project", "check", study)["problems"] == []

    again = run("project", "import", study, full, "--labels", full / "stages.csv", "--ruler", "1", code=3)
    assert (len(again["imported"]), len(again["already_there"]), again["readings"], again["filled_in"]) == (0, SCREENSHOTS, 0, [])
