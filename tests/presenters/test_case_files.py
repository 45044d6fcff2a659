"""From an oriented scan to a stored capture, or to nothing at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sos_studio.core.captures import Window
from sos_studio.core.errors import ProjectError
from sos_studio.core.geometry import Orientation
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.presenters.case_files import capture_into
from tests.presenters.scans import make_scan


def test_a_disk_that_fills_while_a_capture_is_stored_leaves_no_empty_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = make_scan()
    asked = (scan, Orientation(scan.volume.center_lps_mm), Window(low=-1000, high=1200), None)
    with Project.create(tmp_path / "project") as project:
        with monkeypatch.context() as patch:

            def full(_descriptor: int) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            patch.setattr(os, "fsync", full)  # of the capture's files; the database does without Python's
            with pytest.raises(ProjectError, match=r"project\.disk_full"):
                capture_into(project, *asked)
        assert cases.cases(project) == []
        assert list((project.directory / "captures").iterdir()) == []
        case_id, capture = capture_into(project, *asked)
        assert [summary.capture_id for summary in cases.cases(project)] == [capture.capture_id]
        assert case_id == "case-0001"
