"""The whole journey in the real window, offscreen, with mouse and keys: open → orient → capture → crop → stage → retrain → predict."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.job_state import JobStatus
from sos_studio.core.roi import Roi
from sos_studio.core.settings import Settings
from sos_studio.dataset import captures, readings
from sos_studio.presenters.session import Session
from sos_studio.services import jobs, presets
from sos_studio.ui import theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.e2e.conftest import SMALLEST, journey_environment

CASE = "case-0001"


def _wait(qtbot: QtBot, condition: Callable[[], bool], seconds: float = 60) -> None:
    qtbot.waitUntil(condition, timeout=int(1000 * seconds))


@pytest.fixture
def window(own_project: Path, qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """The window on a phantom project, with the smallest trainings under the name of the usual preset."""
    for name, value in journey_environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    whole = presets.settings
    monkeypatch.setattr(presets, "settings", lambda name="quick", overrides=None: whole(name, {**SMALLEST, **(overrides or {})}))
    background = PoolBackground()
    theme.apply(qapp, "dark")
    made = MainWindow(Session(background, Settings(evaluator="Dr Test", from_scratch_told=True)))
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made)
    made.opener.open_path(own_project)
    _wait(qtbot, lambda: made.session.project is not None)
    yield made
    made.predict.presenter.close()
    # A skull may still be on its way, its kernels compiled for the first time.
    assert background._pool.waitForDone(60_000)
    made.close()
    assert background.close()


def _truth(project: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((project / "phantom-truth.json").read_text())[CASE]
    return truth


def _orient(window: MainWindow, qtbot: QtBot, true: Orientation) -> None:
    """Drag a line, undo it, then type what the truth says."""
    session = window.session
    pane = window.orient.slices[Plane.CORONAL]
    _wait(qtbot, lambda: pane.picture is not None)
    before = session.orientation
    geometry = pane.geometry_now()
    assert geometry is not None
    middle = QPoint(*(round(c) for c in geometry.centre))
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    for step in range(1, 6):
        QTest.mouseMove(pane, middle + QPoint(4 * step, 3 * step))
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle + QPoint(20, 15))
    assert session.orientation != before
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.orientation == before
    presenter = window.orient.presenter
    presenter.set_centre(true.center_lps_mm)
    for angle in ("roll", "yaw", "pitch"):
        presenter.set_angle(angle, getattr(true, f"{angle}_deg"))  # type: ignore[arg-type]
    assert np.allclose(session.orientation.rotation, true.rotation)


def _click_ends(window: MainWindow, qtbot: QtBot, truth: dict[str, Any]) -> None:
    """Two clicks on the true ends of the synchondrosis."""
    capture = window.session.capture
    assert capture is not None
    assert capture.record.lps_from_uv is not None
    uv_from_lps = np.linalg.inv(np.array(capture.record.lps_from_uv))
    view = window.crop.view
    for end in ("endocranial_lps_mm", "ectocranial_lps_mm"):
        u, v, *_ = uv_from_lps @ [*truth[end], 1.0]
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, view.viewport.to_widget((u, v)).toPoint())


def test_a_person_goes_from_dicom_to_heatmap(window: MainWindow, own_project: Path, qtbot: QtBot) -> None:
    session, truth = window.session, _truth(own_project)
    true = Orientation(tuple(truth["orientation"]["center_lps_mm"]), *(truth["orientation"][f"{a}_deg"] for a in ("roll", "yaw", "pitch")))

    # 1 open
    window.opener.open_path(own_project / "scans" / CASE)
    _wait(qtbot, lambda: session.scan is not None and session.case_id is not None)  # a coarse picture comes before the case is known
    assert session.case_id == CASE  # the series is known by its pixels
    # 2 orient
    _orient(window, qtbot, true)
    # 3 capture
    earlier = session.capture
    for _ in range(2):  # the present capture has been read: what becomes of its readings is told first
        QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    _wait(qtbot, lambda: session.capture is not None and session.capture is not earlier)
    assert window.step is window.crop
    capture = session.capture
    assert capture is not None
    record = CaptureRecord.model_validate_json((capture.folder / "capture.json").read_text())
    assert record.series_hash == session.scan.volume.series_hash  # type: ignore[union-attr]
    # 4 crop
    _click_ends(window, qtbot, truth)
    _wait(qtbot, lambda: session.roi_n is not None)
    saved = Roi.model_validate_json((capture.folder / f"roi-{session.roi_n}.json").read_text())
    assert saved == session.roi
    assert (capture.folder / f"crop-{session.roi_n}.png").exists()
    # 5 stage
    QTest.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert window.step is window.stage
    QTest.keyClick(window.stage.crop_view, Qt.Key.Key_4)
    _wait(qtbot, lambda: window.stage.presenter.state.phase == "saved")
    assert session.project is not None
    mine = [r for r in readings.readings(session.project, CASE) if r.evaluator == "Dr Test"]
    assert [(r.stage, r.capture_id, r.roi_n) for r in mine] == [(4, capture.capture_id, session.roi_n)]
    assert captures.latest_roi(session.project, capture.capture_id) == (session.roi_n, session.roi)
    # 6 retrain all: the window answers while the worker works
    window.training_dock.retrain_all()
    _wait(qtbot, lambda: window.training_dock.presenter.state.job is not None)
    followed = window.training_dock.presenter.state.job
    assert followed is not None
    window.show_step("orient")
    QTest.keyClick(window.orient.slices[Plane.CORONAL], Qt.Key.Key_Up)
    tail = followed.handle.tail()
    _wait(qtbot, lambda: tail.poll().status.ended, seconds=240)
    assert tail.poll().status is JobStatus.SUCCEEDED, followed.handle.job_dir
    _wait(qtbot, lambda: window.training_dock.presenter.state.job.state.status.ended)  # type: ignore[union-attr]
    # 7 predict
    window.show_step("predict")
    _wait(qtbot, lambda: window.predict.presenter.state.phase == "ready")
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    _wait(qtbot, lambda: window.predict.presenter.state.phase in ("shown", "failed"), seconds=90)
    shown = window.predict.presenter.state.shown
    assert shown is not None, window.predict.presenter.state.problem
    prediction = shown.prediction
    assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-3)
    assert prediction.roi is not None
    assert prediction.roi.source == "expert"
    heat = shown.heat01_vu
    assert heat.shape == capture.full8.shape
    # After one epoch a network may have no evidence for any stage: then there is no attention to measure either.
    assert (prediction.attention_in_roi is None) == (not heat.any())
    assert prediction.model.phantom
    assert len(jobs.list_jobs(session.project)) == 1
