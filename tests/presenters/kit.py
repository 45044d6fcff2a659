"""A small real project with full images, for tests of the steps."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.settings import Settings
from sos_studio.dataset import captures, cases
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.services.captures import load_capture
from sos_studio.services.listed_cases import listed_case
from tests.dataset.builders import record

SHAPE_VU = (300, 400)


def full_image(seed: int = 0) -> np.ndarray:
    """Noise around a bright band, so that crops differ."""
    rng = np.random.default_rng(seed)
    v, u = np.mgrid[0 : SHAPE_VU[0], 0 : SHAPE_VU[1]]
    band = 120 * np.exp(-(((u - 180) * 0.6 + (v - 150) * 0.8) ** 2) / 400)
    return np.clip(60 + band + rng.normal(0, 12, SHAPE_VU), 0, 255).astype(np.uint8)


def add_captured_case(project: Project, seed: int = 0) -> str:
    """A case with one full image at 0.25 mm."""
    case_id = cases.add_case(project)
    capture_again(project, case_id, seed)
    return case_id


def capture_again(project: Project, case_id: str, seed: int = 99) -> str:
    """One more full image of a case; returns the capture's id."""

    def made(capture_id: str) -> CaptureRecord:
        return record(case_id, capture_id, shape_vu=SHAPE_VU)

    return captures.add_capture(project, case_id, record_for=made, full_png=images.encode_png(full_image(seed)), full16_png=None)


def make_project(directory: Path, count: int = 2) -> Project:
    """A project of captured cases: a copy of one that is made once, because making takes a second."""
    shutil.copytree(_template(count), directory)
    return Project.open(directory)


@cache
def _template(count: int) -> Path:
    folder = tempfile.mkdtemp(prefix="sos-studio-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with Project.create(Path(folder) / "project") as project:
        for seed in range(count):
            add_captured_case(project, seed)
        return project.directory


class _Ticket:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Slow(ImmediateBackground):
    """Work waits until the test lets it go on, as it does behind a busy disk."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def run(self, work: Callable[[], Any], on_done: Callable[[Any], None], on_error: Any = None, *, key: str | None = None) -> Any:
        """Later."""
        ticket = _Ticket()
        self.jobs.append(lambda: on_done(work()) if not ticket.cancelled else None)
        return ticket

    def go_on(self) -> None:
        """All of it, and what it asks for."""
        while self.jobs:
            self.jobs.pop(0)()


def make_session(project: Project | None, evaluator: str = "Dr Test", background: object = None) -> Session:
    """A session with the project's first case open."""
    session = Session(background or ImmediateBackground(), Settings(evaluator=evaluator))
    if project is not None:
        session.set_project(project)
        open_case(session, "case-0001")
    return session


def open_case(session: Session, case_id: str) -> None:
    """Show a case as the cases list does."""
    project = session.project
    assert project is not None
    capture_id = listed_case(project, case_id).capture_id
    session.set_case(case_id)
    if capture_id is not None:
        session.set_capture(load_capture(project, capture_id))
        latest = captures.latest_roi(project, capture_id)
        if latest is not None:
            session.set_roi(latest[1], latest[0])
