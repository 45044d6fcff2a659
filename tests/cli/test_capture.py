"""`capture` by the contract."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.geometry import Orientation, capture_grid
from sos_studio.imaging import images
from tests.cli.conftest import Run, small_volume


def test_negative_numbers_are_values_not_options(run: Run, scan_folder: Path, tmp_path: Path) -> None:
    arguments = ["--center", "-1,2,3", "--roll", "-1.5", "--yaw", "-2", "--pitch", "-.5", "--spacing", "1"]
    ran = run("capture", scan_folder, *arguments, "--out", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    content = ran.json
    assert content["orientation"] == {"center_lps_mm": [-1.0, 2.0, 3.0], "roll_deg": -1.5, "yaw_deg": -2.0, "pitch_deg": -0.5}
    record = CaptureRecord.model_validate_json((tmp_path / "out" / "capture.json").read_bytes())
    assert record.model_dump(mode="json") == {key: value for key, value in content.items() if key != "files"}
    matrix, shape_vu = capture_grid(small_volume().corners_lps_mm, Orientation((-1.0, 2.0, 3.0), -1.5, -2.0, -0.5), 1.0)
    np.testing.assert_allclose(content["lps_from_uv"], matrix, atol=1e-9)
    assert images.read_gray(tmp_path / "out" / "full.png").shape == shape_vu
    full16 = images.read_png16(tmp_path / "out" / "full16.png")
    values = full16.astype(float) * content["value_from_png"]["slope"] + content["value_from_png"]["intercept"]
    assert values[full16 > 0].max() <= small_volume().array_kji.max() + 1


def test_without_flags_it_is_the_middle_of_the_volume(run: Run, scan_folder: Path, tmp_path: Path) -> None:
    content = run("capture", scan_folder, "--out", tmp_path / "out", "--json").json
    np.testing.assert_allclose(content["orientation"]["center_lps_mm"], small_volume().center_lps_mm)
    assert (content["orientation"]["roll_deg"], content["spacing_mm"], content["slab_mm"]) == (0.0, 0.25, 0.0)
    text = json.dumps(content)
    assert "uid" not in text.lower()


def test_several_series_are_listed_and_one_can_be_chosen(run: Run, two_series_folder: Path, tmp_path: Path) -> None:
    ran = run("capture", two_series_folder, "--out", tmp_path / "out", "--json")
    assert ran.code == 2
    assert ran.json["error"]["code"] == "scan.several_series"
    uids = [series["uid"] for series in ran.json["series"]]
    assert len(uids) == 2
    plain = run("capture", two_series_folder, "--out", tmp_path / "out")
    assert all(uid in plain.err for uid in uids)
    assert not (tmp_path / "out").exists()
    assert run("capture", two_series_folder, "--series", uids[1], "--spacing", "2", "--out", tmp_path / "out").code == 0
    assert run("capture", two_series_folder, "--series", "1.2.3", "--out", tmp_path / "other").code == 2


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--center", "1,2"], "usage"),
        (["--center", "1,2,nan"], "usage"),
        (["--roll", "nan"], "orientation.not_finite"),
        (["--spacing", "0"], "capture.bad_spacing"),
        (["--slab", "-1"], "capture.bad_slab"),
        (["--center", "500,0,0"], "capture.plane_misses_volume"),
        (["--window", "5,5"], "capture.bad_window"),
    ],
)
def test_bad_values_are_refused_and_nothing_is_written(run: Run, scan_folder: Path, tmp_path: Path, flags: list[str], code: str) -> None:
    ran = run("capture", scan_folder, *flags, "--out", tmp_path / "out", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, code)
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(run: Run, scan_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    ran = run("capture", scan_folder, "--out", tmp_path, "--spacing", "2", "--json")
    assert ran.json["error"]["code"] == "capture.folder_not_empty"
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
