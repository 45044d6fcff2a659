"""The slices beside the capture's plane: loaded or made in the background, and which of them is looked at."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from psygnal import Signal

from sos_studio.core.errors import SosError
from sos_studio.services import parasagittal
from sos_studio.services.parasagittal import Beside

if TYPE_CHECKING:
    from sos_studio.core.volume import Volume
    from sos_studio.dataset.project import Project
    from sos_studio.presenters.session import Session
    from sos_studio.services.captures import StoredCapture

log = logging.getLogger(__name__)


class BesidePresenter:
    """Evidence around the plane of the session's capture.

    Attributes
    ----------
    beside
        Capture and neighbours; None while there are none.
    chosen
        Index of the slice that is shown large; the capture itself unless somebody looks aside.
    """

    changed = Signal()
    chosen_changed = Signal(int)

    def __init__(self, session: Session) -> None:
        self._session = session
        self.beside: Beside | None = None
        self.chosen = 0
        session.capture_changed.connect(self._on_capture)
        session.scan_changed.connect(self._on_scan)
        session.scan_completed.connect(self._on_scan)
        self._on_capture(session.capture)

    @property
    def looks_aside(self) -> bool:
        """Whether another slice than the capture is shown large."""
        return self.beside is not None and self.chosen != self.beside.middle

    @property
    def offset_mm(self) -> float:
        """How far the shown slice lies to the patient's left of the capture."""
        return self.beside.offsets_mm[self.chosen] if self.beside is not None else 0.0

    def choose(self, index: int) -> None:
        """Show another slice large."""
        if self.beside is None:
            return
        index = min(max(index, 0), len(self.beside.offsets_mm) - 1)
        if index != self.chosen:
            self.chosen = index
            self.chosen_changed.emit(index)

    def step(self, by: int) -> None:
        """The next slice towards the patient's left (+1) or right (-1)."""
        self.choose(self.chosen + by)

    def back(self) -> bool:
        """Show the capture itself again; False if it is shown."""
        if self.beside is None or not self.looks_aside:
            return False
        self.choose(self.beside.middle)
        return True

    def _on_scan(self, _: object) -> None:
        if self.beside is None:
            self._seek(self._session.capture)

    def _on_capture(self, capture: StoredCapture | None) -> None:
        self._show(None)
        self._seek(capture)

    def _seek(self, capture: StoredCapture | None) -> None:
        """From the project, else from the open scan; a capture that was imported has none."""
        session = self._session
        if capture is None or capture.record.series_hash is None:
            return
        scan, project = session.scan, session.project
        volume = scan.volume if scan is not None and not scan.coarse else None
        session.background.run(
            lambda: _loaded_or_made(capture, volume, project),
            lambda beside: self._arrived(capture, beside),
            lambda error: log.info("no slices beside the plane: %s", getattr(error, "code", type(error).__name__)),
            key="parasagittal",
        )

    def _arrived(self, capture: StoredCapture, beside: Beside | None) -> None:
        if self._session.capture is capture and beside is not None:
            self._show(beside)

    def _show(self, beside: Beside | None) -> None:
        if beside is None and self.beside is None:
            return
        self.beside = beside
        self.chosen = beside.middle if beside is not None else 0
        self.changed.emit()


def _loaded_or_made(capture: StoredCapture, volume: Volume | None, project: Project | None) -> Beside | None:
    """In a worker: what is kept, else what can be made, which is then kept."""
    kept = parasagittal.load(capture)
    if kept is not None or volume is None or not parasagittal.can_make(capture, volume):
        return kept
    made = parasagittal.make(capture, volume)
    if project is not None:
        try:
            parasagittal.store(project, capture, made)
        except SosError as error:  # a read-only window, a full disk: they are shown all the same, and made again next time
            log.info("slices beside the plane were not kept: %s", error.code)
    return made
