"""Products of matrices take no cores from panes and networks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sos_studio.core.calm import keep_cores_free

ROOT = Path(__file__).resolve().parents[2]

PRODUCTS = """
from sos_studio.__main__ import main
try:
    main()
except SystemExit:
    pass
import numpy as np, os
np.ones((700, 700), dtype=np.float32) @ np.ones((700, 700), dtype=np.float32)
print("threads", len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1)
"""


def test_the_command_starts_no_threads_for_products() -> None:
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", PRODUCTS, "--version"], capture_output=True, text=True, cwd=ROOT, env=free, check=True)
    assert done.stdout.splitlines()[-1] == "threads 1"


def test_who_has_set_the_number_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    keep_cores_free()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
