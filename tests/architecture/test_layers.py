"""What import-linter can't see: processes, sizes, names, and the network."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for room in ("sos_studio", "trainer", "installer") for p in (ROOT / room).rglob("*.py") if "versions" not in p.parts)
HEAVY = ("torch", "torchvision", "timm", "ultralytics", "trainer")
# What the empty window does without: each costs a good part of the time in which it should be there, or all of it.
AFTER_THE_FIRST_PAINT = (
    *HEAVY, "alembic", "asyncio", "cv2", "http.client", "imagecodecs", "matplotlib", "numba", "onnxruntime", "openpyxl", "PIL", "polars",
    "pydicom", "scipy", "SimpleITK", "sqlalchemy", "ssl", "urllib3", "highdicom", "reportlab", "sos_studio.dataset.schema",
    "sos_studio.imaging.kernels", "sos_studio.phantom",
)  # fmt: skip
SHOW_THE_EMPTY_WINDOW = """
import sos_studio.cli.main
from sos_studio.ui import app
painted, first_paint = [], app.FirstPaint
app.AT_THE_LATEST_MS = 60_000
app.FirstPaint = lambda window, then: first_paint(window, lambda: painted.append(True))
window = app.open_window()
while not painted:
    app.application().processEvents()
print(*(name for name in {names!r} if name in sys.modules), flush=True)
os._exit(0)
"""


def _modules_after(code: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", ["sos_studio.ui.app", "sos_studio.ui.main_window", "sos_studio.cli.main"])
def test_no_learning_library_enters_the_applications_process(module: str) -> None:
    loaded = _modules_after(f"import {module}")
    assert not {name for name in HEAVY if name in loaded}


def test_the_empty_window_is_painted_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    code = "import os, sys\n" + SHOW_THE_EMPTY_WINDOW.format(names=AFTER_THE_FIRST_PAINT)
    environment = {**os.environ, "SOS_STUDIO_DATA_DIR": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=120
    )
    assert (result.returncode, result.stdout.split()) == (0, []), result.stderr


def test_what_needs_no_qt_is_imported_before_qt() -> None:
    # Shiboken reads the source of every module that comes after it.
    loaded = _modules_after("import sos_studio.ui")
    assert "PySide6" not in loaded
    assert {"numpy", "pydantic", "sos_studio.presenters.opening", "sos_studio.services.prediction"} <= loaded


def test_the_command_line_starts_without_qt_or_compilers() -> None:
    loaded = _modules_after("import sos_studio.cli.main")
    assert not {name for name in ("PySide6", "numba", "SimpleITK", "cv2", "matplotlib.pyplot") if name in loaded}


def test_importing_the_imaging_package_is_cheap() -> None:
    loaded = _modules_after("from sos_studio.imaging import load_volume, reslice")
    assert not {name for name in ("numba", "SimpleITK", "cv2", "pydicom") if name in loaded}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_fit_a_screen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno <= 60, node.name
        if isinstance(node, ast.ClassDef):
            public = [m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
            assert len(public) <= 15 or _is_qt_event_class(node), node.name


def _is_qt_event_class(node: ast.ClassDef) -> bool:
    """Qt's event handlers are overrides, not methods that we offer."""
    ours = [m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_") and not m.name.endswith("Event")]
    return len(ours) <= 15


def test_torchvisions_operators_fit_the_installed_torch() -> None:
    code = "import torch, torchvision; print(torchvision.ops.nms(torch.tensor([[0., 0, 1, 1]]), torch.tensor([1.]), 0.5).tolist())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[0]"
