"""`inspect` by the contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run, small_volume

KEYS = {"uid", "modality", "loadable", "shape_kji", "spacing_mm_kji", "lps_from_ijk", "value_range", "problems"}


def test_one_object_with_every_key(run: Run, scan_folder: Path) -> None:
    ran = run("inspect", scan_folder, "--json")
    assert ran.code == 0
    (series,) = ran.json["series"]
    assert set(series) == KEYS
    volume = small_volume()
    assert (series["modality"], series["loadable"], series["shape_kji"]) == ("CT", True, [40, 48, 32])
    assert series["spacing_mm_kji"] == [2.0, 2.0, 2.0]
    assert series["value_range"] == [volume.array_kji.min(), volume.array_kji.max()]
    np.testing.assert_allclose(series["lps_from_ijk"], volume.lps_from_ijk, atol=1e-9)


def test_for_a_person_it_is_a_line_per_series(run: Run, scan_folder: Path) -> None:
    ran = run("inspect", scan_folder)
    assert ran.code == 0
    assert "32 × 48 × 40 voxels, 2 × 2 × 2 mm" in ran.out


def test_a_folder_without_dicom_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no scan here")
    ran = run("inspect", tmp_path, "--json")
    assert ran.code == 2
    assert ran.json["error"]["code"].startswith("scan.")
    plain = run("inspect", tmp_path)
    assert (plain.code, plain.out) == (2, "")
    assert len(plain.err.splitlines()) == 1


def test_a_missing_source_is_bad_input(run: Run, tmp_path: Path) -> None:
    assert run("inspect", tmp_path / "nowhere", "--json").json["error"]["code"] == "scan.not_found"


def test_series_that_cant_be_loaded_are_listed_with_their_problems(run: Run, scan_folder: Path, tmp_path: Path) -> None:
    files = sorted(scan_folder.iterdir())
    for path in files[:3] + files[6:]:  # a gap in the middle
        (tmp_path / path.name).write_bytes(path.read_bytes())
    ran = run("inspect", tmp_path, "--json")
    assert ran.code == 2
    (series,) = ran.json["series"]
    assert not series["loadable"]
    problem = next(p for p in series["problems"] if p["severity"] == "error")
    assert set(problem) == {"code", "severity", "message"}
    assert ran.json["error"]["code"] == problem["code"]


def test_the_real_scan_is_read(run: Run, real_data: Path) -> None:
    source = real_data / "hostile"
    cases = [path for path in sorted(source.iterdir()) if path.is_dir()][:4] if source.is_dir() else []
    if not cases:
        pytest.skip(f"no odd scans in {source}")
    for case in cases:
        ran = run("inspect", case, "--json")
        assert ran.code in (0, 2)
        assert ("error" in ran.json) == (ran.code == 2)
