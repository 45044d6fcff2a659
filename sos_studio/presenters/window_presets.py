"""Presets of the grey-value window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sos_studio.core.captures import Window
from sos_studio.imaging import windowing

if TYPE_CHECKING:
    from sos_studio.presenters.session import Session

AUTO = "auto"
FIXED: dict[str, Window] = {
    "bone": Window(low=-500.0, high=1500.0),
    "soft_tissue": Window(low=-160.0, high=240.0),
}


class WindowPresets:
    """``auto`` (from the scan's own values, because CBCT values are not calibrated), ``bone`` and ``soft_tissue``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._auto_last = True  # scans are opened with it
        session.scan_changed.connect(self._on_scan)

    def choose(self, name: str) -> None:
        """Show grey values by a preset."""
        self._auto_last = name == AUTO
        if name in FIXED:
            self._session.set_window(FIXED[name])
            return
        scan = self._session.scan
        if scan is None:
            return
        session, values = self._session, scan.volume.array_kji
        session.background.run(lambda: windowing.scan_window(values), session.set_window, session.report, key="auto-window")

    def choose_next(self) -> None:
        """Auto, bone, soft tissue and round again; after a window of one's own where the round had come to."""
        names = list(FIXED)
        now = next((n for n, name in enumerate(names) if FIXED[name] == self._session.window), None)
        if now is None:
            self.choose(names[0] if self._auto_last else AUTO)
        else:
            self.choose(names[now + 1] if now + 1 < len(names) else AUTO)

    def _on_scan(self, _: object) -> None:
        self._auto_last = True
