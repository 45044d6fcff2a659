"""Presets of the grey-value window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sos_studio.core.captures import Window
from sos_studio.imaging import windowing

if TYPE_CHECKING:
    from sos_studio.presenters.session import Session
    from sos_studio.services.scans import OpenedScan

Fixed = Literal["bone", "soft_tissue"]
Preset = Literal["auto", "bone", "soft_tissue"]
# A window may also be that of the case's capture, or one of a person's own.
Current = Literal["auto", "bone", "soft_tissue", "captured", "own"]
FIXED: dict[Fixed, Window] = {
    "bone": Window(low=-500.0, high=1500.0),
    "soft_tissue": Window(low=-160.0, high=240.0),
}


class WindowPresets:
    """``auto`` (from the scan's own values, because CBCT values are not calibrated), ``bone`` and ``soft_tissue``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._auto_last = True  # scans are opened with it
        self._auto: Window | None = None  # of the open scan, once it is known
        self._seen = session.window
        session.scan_changed.connect(self._on_scan)
        session.scan_completed.connect(self._on_completed)
        session.window_changed.connect(self._on_window)

    @property
    def current(self) -> Current:
        """What the present window is called."""
        session, window = self._session, self._session.window
        fixed = next((name for name in FIXED if FIXED[name] == window), None)
        if fixed is not None:
            return fixed
        if window == self._auto:
            return "auto"
        captured = session.capture is not None and session.scan_in_front and session.capture.record.window == window
        return "captured" if captured else "own"

    def choose(self, name: Preset) -> None:
        """Show grey values by a preset."""
        self._auto_last = name == "auto"
        if name != "auto":
            self._session.set_window(FIXED[name])
            return
        scan = self._session.scan
        if scan is None:
            return
        session, values = self._session, scan.volume.array_kji
        session.background.run(
            lambda: windowing.scan_window(values), lambda window: self._put_auto(scan, window), session.report, key="auto-window"
        )

    def choose_next(self) -> None:
        """Auto, bone, soft tissue and round again; after a window of one's own where the round had come to."""
        names = list(FIXED)
        now = next((n for n, name in enumerate(names) if FIXED[name] == self._session.window), None)
        if now is None:
            self.choose(names[0] if self._auto_last else "auto")
        else:
            self.choose(names[now + 1] if now + 1 < len(names) else "auto")

    def _put_auto(self, scan: OpenedScan, window: Window) -> None:
        if self._session.scan is scan:
            self._auto = window
            self._session.set_window(window)

    def _on_scan(self, _: object) -> None:
        self._auto_last = True
        # A new scan is opened with it, one that was captured before with the window of its capture.
        self._auto = self._session.window if self._session.scan_case_id is None else None

    def _on_completed(self, _: object) -> None:
        """The whole scan's own values are others than those of every n-th slice."""
        if self._session.scan_case_id is None and self._seen == self._auto:
            self._auto = self._session.window

    def _on_window(self, window: Window) -> None:
        self._seen = window
