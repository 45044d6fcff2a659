"""What a drop means, told before the hand lets go."""

from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.presenters.drops import meant_by


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "project.sqlite").write_bytes(b"")
    return folder


@pytest.fixture
def slices(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "series"
    folder.mkdir()
    paths = [folder / name for name in ("1.dcm", "2.DCM", "IM0003", "1.2.840.4")]
    for path in paths:
        path.write_bytes(b"")
    return paths


def test_nothing_means_nothing() -> None:
    assert meant_by([]) is None


def test_pictures_and_tables_are_imported() -> None:
    drop = meant_by([Path("a.png"), Path("b.JPG"), Path("stages.csv")])
    assert (drop.meaning, len(drop.paths), drop.left_out) == ("images", 3, False)


@pytest.mark.parametrize("name", ["folder", "scan.zip", "head.nii.gz", "DICOMDIR"])
def test_one_thing_is_opened_as_a_scan(name: str) -> None:
    drop = meant_by([Path(name)])
    assert (drop.meaning, drop.paths, drop.left_out) == ("scan", (Path(name),), False)


def test_a_project_is_known_as_one(project: Path) -> None:
    assert meant_by([project]).meaning == "project"


def test_a_project_and_a_scan_are_both_opened_the_project_first(project: Path, tmp_path: Path) -> None:
    drop = meant_by([tmp_path / "scan.zip", project])
    assert (drop.meaning, drop.paths, drop.left_out) == ("both", (project, tmp_path / "scan.zip"), False)


def test_slices_of_one_folder_mean_the_folder(slices: list[Path]) -> None:
    drop = meant_by(slices)
    assert (drop.meaning, drop.paths, drop.dropped) == ("scan", (slices[0].parent,), 4)
    assert drop.whole_folder
    assert not drop.left_out


def test_of_several_scans_only_the_first_is_opened(tmp_path: Path, slices: list[Path]) -> None:
    for others in ([tmp_path / "a.zip", tmp_path / "b.zip"], [tmp_path, slices[0].parent], [slices[0], tmp_path / "other" / "1.dcm"]):
        drop = meant_by(others)
        assert (drop.meaning, drop.paths, drop.dropped) == ("scan", (others[0],), 2)
        assert drop.left_out
