"""The process as a whole: it starts beside OpenCV, keeps no heavy library, and loses no reference to None."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from sos_studio.ui import app

ROOT = Path(__file__).resolve().parents[2]

OPEN_AND_CLOSE = """
import sys
{before}
from sos_studio.ui import app
window = app.open_window()
assert window.isVisible()
app.application().processEvents()
window.close()
assert window.session.background.close()
print("closed", *(name for name in ("torch", "torchvision", "timm", "ultralytics", "matplotlib", "pydicom", "cv2") if name in sys.modules))
"""


def run_python(code: str, tmp_path: Path, **environment: str) -> str:
    env = {**os.environ, "SOS_STUDIO_DATA_DIR": str(tmp_path), "QT_QPA_PLATFORM": "offscreen", **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=env, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_qt_call_loses_a_reference_to_none(qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    label.setText("warm")
    before = sys.getrefcount(None)
    for n in range(1000):
        label.setText(str(n))
        label.update()
    # PySide6 6.12 lost one with each call, which killed the process after some thousand.
    assert abs(sys.getrefcount(None) - before) < 200


def test_what_waits_for_the_first_paint_is_done_once(qtbot: QtBot) -> None:
    label, done = QLabel("seen"), []
    qtbot.addWidget(label)
    app.FirstPaint(label, lambda: done.append(label.isVisible()))
    assert not done
    label.show()
    qtbot.waitUntil(lambda: bool(done), timeout=5000)
    label.repaint()
    qtbot.wait(20)
    assert done == [True]


def test_a_window_that_is_never_painted_does_its_work_all_the_same(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "AT_THE_LATEST_MS", 10)
    label, done = QLabel("minimised"), []
    qtbot.addWidget(label)
    app.FirstPaint(label, lambda: done.append(True))
    qtbot.waitUntil(lambda: done == [True], timeout=5000)


def test_the_window_opens_and_loads_no_learning_library(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"theme": "light", "window_geometry": "nonsense|nonsense"}')
    assert run_python(OPEN_AND_CLOSE.format(before=""), tmp_path).split() == ["closed"]


def test_the_window_opens_after_the_application_used_opencv(tmp_path: Path) -> None:
    # OpenCV points Qt at its own plug-ins when it is imported.
    before = "from sos_studio.imaging import opencv\nopencv.cv2()" if _has_opencv_module() else "import cv2"
    assert "cv2" in run_python(OPEN_AND_CLOSE.format(before=before), tmp_path)


def _has_opencv_module() -> bool:
    return (ROOT / "sos_studio" / "imaging" / "opencv.py").exists()
