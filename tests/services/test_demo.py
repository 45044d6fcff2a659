"""The phantom project and the journey on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import CancelledError, JobFailedError, ProjectError
from sos_studio.core.manifests import Manifest
from sos_studio.core.roi import Roi
from sos_studio.dataset import cases, locations, readings
from sos_studio.dataset.project import Project
from sos_studio.phantom import EVALUATORS
from sos_studio.phantom.truth import PhantomTruth
from sos_studio.services import captures, demo, demo_project, evaluation, jobs, presets, projects, scans
from sos_studio.services.prediction import PredictionService
from sos_studio.services.serve_process import ServeProcess
from tests.services.conftest import write_model

CASES = 6


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six phantoms, one of them with a coarse scan."""
    folder = tmp_path_factory.mktemp("demo") / "project"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_project, "SCAN_SPACING_MM", 1.5)
        patch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path_factory.mktemp("user-data")))
        shares: list[float] = []
        with demo.make_demo(folder, CASES, seed=5, progress=shares.append, with_scans=1) as project:
            capture_id = cases.cases(project)[0].capture_id
            assert capture_id is not None
            series_hash = captures.load_capture(project, capture_id).record.series_hash
            assert series_hash is not None
            assert locations.find(series_hash) is not None
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    return folder


def test_every_phantom_is_captured_framed_and_read_three_times(demo_folder: Path) -> None:
    with Project.open(demo_folder, read_only=True) as project:
        assert project.phantom
        rows = cases.cases(project)
        assert [row.case_id for row in rows] == [f"case-{n:04d}" for n in range(1, CASES + 1)]
        for row in rows:
            assert row.cropped
            assert set(row.staged_by) == set(EVALUATORS)
            assert {reading.source for reading in readings.readings(project, row.case_id)} == {"phantom"}
        assert projects.check(project) == []


def test_the_first_case_has_its_dicom_series_and_the_capture_replays_from_it(demo_folder: Path) -> None:
    scan = demo.first_scan(demo_folder)
    assert scan == demo_folder / "scans" / "case-0001"
    opened = scans.open_scan(scan)
    with Project.open(demo_folder, read_only=True) as project:
        capture_id = cases.cases(project)[0].capture_id
        assert capture_id is not None
        record = captures.load_capture(project, capture_id).record
    assert record.series_hash == opened.volume.series_hash
    assert record.interpolation == "trilinear"


def test_the_truth_lies_beside_and_fits_the_frames(demo_folder: Path) -> None:
    truth = demo.read_truth(demo_folder)
    assert len(truth) == CASES
    for case_id, known in truth.items():
        (folder,) = (demo_folder / "captures" / case_id).iterdir()
        stored = captures.read_capture_folder(folder)
        frame = captures.latest_frame(stored)
        assert frame is not None
        frame_px, readings = known.pop("roi"), known.pop("readings")
        true = PhantomTruth.model_validate(known).roi(np.asarray(stored.record.lps_from_uv))
        assert frame_px == true.model_dump(mode="json")
        assert len(readings) == 3
        assert all(abs(stage - known["stage"]) <= 1 for stage in readings.values())
        assert np.hypot(*np.subtract(frame.center_uv, true.center_uv)) < 12  # the simulated hand is within 3 mm


def test_cancelling_leaves_nothing_behind(tmp_path: Path) -> None:
    asked = iter([False] * 2 + [True] * 100)
    with pytest.raises(CancelledError):
        demo.make_demo(tmp_path / "demo", 6, cancelled=lambda: next(asked), with_scans=0)
    assert not (tmp_path / "demo").exists()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").touch()
    with pytest.raises(ProjectError, match=r"project\.folder_not_empty"):
        demo.make_demo(tmp_path / "used", 2)
    assert (tmp_path / "used" / "mine.txt").exists()


def test_held_out_figures_come_with_their_counts(project: Project, fake_serve: Callable[..., ServeProcess], tmp_path: Path) -> None:
    from sos_studio.dataset import manifests

    manifest = Manifest.read(manifests.freeze(project))
    held_out = [entry for entry in manifest.entries if entry.fold == manifest.held_out_fold]
    with PredictionService(fake_serve("good")) as service:
        figures = evaluation.predict_held_out(
            project.directory,
            manifest,
            service,
            student_dir=write_model(tmp_path, "student-1", "student"),
            detector_dir=write_model(tmp_path, "detector-1", "detector"),
        )
    assert [case.case_id for case in figures.cases] == [entry.case_id for entry in held_out]
    # The fake predictor says stage 2 and finds the very frame.
    assert figures.correct == sum(entry.stage == 2 for entry in held_out)
    assert (figures.hits, figures.framed, figures.within_one) == (len(held_out),) * 3
    assert f"({figures.correct} of {len(held_out)})" in figures.table()
    content = figures.as_dict()
    assert content["detector"] == {"n": len(held_out), "hits": len(held_out), "hit_rate": 1.0}
    assert content["attention_in_roi"]["n"] == len(held_out)


def test_a_hit_is_the_middle_inside_the_turned_frame() -> None:
    roi = Roi.of((50.0, 50.0), 45.0, 40.0)
    assert evaluation._inside((60.0, 60.0), roi)
    assert not evaluation._inside((60.0, 40.0), roi)


def test_the_shares_of_the_journey_follow_its_work() -> None:
    def plan(cases: int = 200, preset: str = "quick", *, made: bool = False, **overrides: object) -> demo.Plan:
        return demo.Plan.of(cases, presets.settings(preset, overrides), made=made, threads=1)

    usual = plan()
    # Two cores, no GPU (resources/docs/results/quick-preset.md): drawing 51 s, training 354 s, predicting 21 s.
    assert usual.making(1.0) == pytest.approx(51 / 426, abs=0.04)
    assert usual.training(1.0) == pytest.approx(405 / 426, abs=0.03)
    assert (usual.making(0.0), usual.predicting(1.0)) == (0.0, pytest.approx(1.0))
    assert usual.training(0.0) == usual.making(1.0)
    assert usual.predicting(0.0) == pytest.approx(usual.training(1.0))
    # A longer training leaves less of the whole to drawing and predicting; a project that is there is not drawn.
    longer = plan(preset="clinic")
    assert longer.making(1.0) < 0.05 * usual.making(1.0) + 0.01
    assert longer.training(1.0) > 0.99
    assert plan(made=True).making(1.0) == 0.0
    assert plan(made=True).training(1.0) > 0.9


def test_the_journey_reports_a_training_that_dies(project: Project, fake_worker: Callable[..., None]) -> None:
    project.close()
    fake_worker("die", "retrain-killed")
    told: list[tuple[float, str]] = []
    with pytest.raises(JobFailedError, match=r"job\.worker_died"):
        demo.headless_demo(project.directory, progress=lambda share, what: told.append((share, what)))
    assert told[0][1] == "making phantoms"
    assert any(what.startswith("training") and share > 0 for share, what in told)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert len(jobs.list_jobs(project.directory)) == 1


def test_the_journey_takes_no_real_project(tmp_path: Path) -> None:
    Project.create(tmp_path / "real").close()
    with pytest.raises(ProjectError, match=r"demo\.folder_in_use"):
        demo.headless_demo(tmp_path / "real")
