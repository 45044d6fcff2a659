"""Frames that come with imported captures or as an answer of a network: a frame of that image, or a reason in words and nothing written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sos_studio.cli.main import main
from sos_studio.core.errors import BadInputError
from sos_studio.core.roi import MIN_WIDTH_PX, Roi
from sos_studio.core.volume import Volume
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.messages import catalogue, message
from sos_studio.services import captures, projects, staging
from sos_studio.services.full_images import full_image
from tests.services.hostile_frames import hostile_json, require_whole

CODES = {"roi.unreadable", "roi.outside_image", "roi.too_small"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> captures.StoredCapture:
    """A capture folder outside of any project."""
    volume = Volume(np.random.default_rng(3).integers(-500, 900, (40, 44, 24), dtype=np.int16), np.eye(4))
    return captures.write_capture_folder(captures.make_capture(volume, None, spacing_mm=0.5), tmp_path_factory.mktemp("made") / "head")


@pytest.fixture
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def bring(made: captures.StoredCapture, scratch: Path, text: str, n: int = 1) -> Path:
    folder = scratch / "head"
    if not folder.exists():
        shutil.copytree(made.folder, folder)
    (folder / f"roi-{n}.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    return folder


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_imported_capture_with_a_frame_that_is_none_is_refused_whole_and_in_words(
    made: captures.StoredCapture, data: st.DataObject
) -> None:
    text = data.draw(hostile_json(made.shape_vu))
    with tempfile.TemporaryDirectory() as scratch, Project.create(Path(scratch) / "project") as project:
        report = projects.import_images(project, [bring(made, Path(scratch), text)])
        (fault,) = report.faults
        assert fault.code in CODES
        words = message(fault.code, fault.values)
        assert words.text
        assert "?" not in words.text
        assert report.imported == ()
        assert cases.cases(project) == []
        assert require_whole(project) == 0
        assert not list(project.directory.glob("captures/*/*"))


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_network_is_not_shown_a_frame_that_is_none(made: captures.StoredCapture, data: st.DataObject) -> None:
    text = data.draw(hostile_json(made.shape_vu))
    with tempfile.TemporaryDirectory() as scratch:
        folder = bring(made, Path(scratch), text)
        with pytest.raises(BadInputError) as refused:
            full_image(folder)
        assert refused.value.code in CODES


def test_the_newest_frame_counts_also_if_it_is_the_broken_one(made: captures.StoredCapture, scratch: Path) -> None:
    good = '{"center_uv": [40, 40], "angle_deg": 20, "width_px": 30, "height_px": 15}'
    folder = bring(made, scratch, good)
    bring(made, scratch, "{", 2)
    with Project.create(scratch / "project") as project:
        assert [fault.code for fault in projects.import_images(project, [folder]).faults] == ["roi.unreadable"]
        bring(made, scratch, good, 3)
        assert len(projects.import_images(project, [folder]).imported) == 1
        assert require_whole(project) == 1


def test_twice_round_is_where_it_was(made: captures.StoredCapture, scratch: Path) -> None:
    folder = bring(made, scratch, '{"center_uv": [40, 40], "angle_deg": 740, "width_px": 30, "height_px": 15}')
    with Project.create(scratch / "project") as project:
        projects.import_images(project, [folder])
        (case,) = cases.cases(project)
        assert dataset_captures.frame(project, case.capture_id or "", 1).angle_deg == pytest.approx(20.0)
        assert require_whole(project) == 1


def test_the_command_line_tells_and_ends_with_3_or_2(
    made: captures.StoredCapture, scratch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bring(made, scratch, '{"center_uv": [40, 40], "angle_deg": 20, "width_px": 30, "height_px": 14}')
    project = scratch / "project"
    assert main(["project", "new", str(project)]) == 0
    capsys.readouterr()
    code = main(["project", "import", str(project), str(folder)])
    told = capsys.readouterr()
    assert code in (2, 3)
    assert "roi-1.json holds no frame" in told.out + told.err
    with Project.open(project) as opened:
        assert require_whole(opened) == 0


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(st.floats(1.0, 400.0), st.floats(-180.0, 180.0), st.tuples(st.floats(-40.0, 200.0), st.floats(-40.0, 200.0)))
def test_the_dataset_itself_takes_no_frame_beyond_the_border_and_none_too_small(
    made: captures.StoredCapture, width: float, angle: float, center: tuple[float, float]
) -> None:
    roi = Roi.of(center, angle, width)
    with tempfile.TemporaryDirectory() as scratch, Project.create(Path(scratch) / "project") as project:
        bring(made, Path(scratch), '{"center_uv": [40, 40], "angle_deg": 20, "width_px": 30, "height_px": 15}')
        projects.import_images(project, [Path(scratch) / "head"])
        capture_id = cases.cases(project)[0].capture_id or ""
        if roi.inside(made.shape_vu) and width >= MIN_WIDTH_PX:
            assert staging.store_roi(project, capture_id, roi)[0] == 2
            assert require_whole(project) == 2
        else:
            with pytest.raises(BadInputError) as refused:
                staging.store_roi(project, capture_id, roi)
            assert refused.value.code in CODES & set(catalogue())
            assert require_whole(project) == 1
