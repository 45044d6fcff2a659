"""What every test is held to: no network, no unexpected log records, no leaked threads."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from sos_studio.core.settings import hide_names
from sos_studio.imaging.bands import HELPERS

# How long an example takes says something of the machine, not of the program: benchmarks do that.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> None:
    """Block sockets (pytest-socket); Unix sockets stay shut too."""


@pytest.fixture(autouse=True)
def _own_user_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own settings, keys and caches; nobody's real ones are touched."""
    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path_factory.mktemp("user-data")))


@pytest.fixture(autouse=True)
def _names_shown() -> Iterator[None]:
    """A test that reads blinded hides no names from the next one."""
    yield
    hide_names("blinded", hidden=False)


@pytest.fixture(autouse=True)
def _quiet_log(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """A warning or error in the log of ours that no test asked for is a failure."""
    yield
    if request.node.get_closest_marker("expects_log"):
        return
    loud = [
        record
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelno >= logging.WARNING and record.name.partition(".")[0] in ("sos_studio", "trainer", "root")
    ]
    assert not loud, f"unexpected log records: {[record.getMessage() for record in loud]}"


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """Threads that a test started are gone when it ends, but for the few that help with pictures as long as the program runs."""
    before = set(threading.enumerate())
    yield
    mine = [t for t in set(threading.enumerate()) - before if not t.daemon and not t.name.startswith(HELPERS)]
    for thread in mine:
        thread.join(timeout=5)
    leaked = [t.name for t in mine if t.is_alive()]
    assert not leaked, f"leaked threads: {leaked}"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real scans that may be tested on but never enter the project."""
    folder = Path(os.environ.get("SOS_STUDIO_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data: set SOS_STUDIO_REAL_DATA (looked in {folder})")
    return folder
