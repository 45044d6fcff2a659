"""The present orientation against another one: that of the last capture, or one that was remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from psygnal import Signal

from sos_studio.core.geometry import NORMAL_AXIS, Orientation, Plane, wrapped_degrees

if TYPE_CHECKING:
    from sos_studio.presenters.session import Session

Source = Literal["capture", "remembered"]


@dataclass(frozen=True)
class Difference:
    """By how much an orientation differs from another one.

    Attributes
    ----------
    plane_mm
        How far its sagittal plane lies to the patient's left, at the centre.
    centre_mm
        How far apart the centres are.
    """

    roll_deg: float
    yaw_deg: float
    pitch_deg: float
    plane_mm: float
    centre_mm: float

    @classmethod
    def between(cls, mine: Orientation, other: Orientation) -> Difference:
        """Mine minus the other."""
        moved = np.subtract(mine.center_lps_mm, other.center_lps_mm)
        return cls(
            wrapped_degrees(mine.roll_deg - other.roll_deg),
            wrapped_degrees(mine.yaw_deg - other.yaw_deg),
            wrapped_degrees(mine.pitch_deg - other.pitch_deg),
            float(moved @ other.rotation[:, NORMAL_AXIS[Plane.SAGITTAL]]),
            float(np.linalg.norm(moved)),
        )


class Comparing:
    """Switches back and forth between two orientations of the open scan.

    Attributes
    ----------
    source
        Where the other orientation comes from: the newer of the last capture and the last one remembered; None if there is neither.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._remembered: Orientation | None = None
        self._captured: Orientation | None = None
        self._mine: Orientation | None = None  # while the other one is shown
        self.source: Source | None = None
        session.scan_changed.connect(self._start_afresh)
        session.scan_completed.connect(self._on_capture)
        session.capture_changed.connect(self._on_capture)
        session.orientation_changed.connect(self._on_orientation)
        session.case_changed.connect(self._on_case)

    @property
    def other(self) -> Orientation | None:
        """What is compared with."""
        return {"capture": self._captured, "remembered": self._remembered, None: None}[self.source]

    @property
    def shows_other(self) -> bool:
        """Whether the panes show the other orientation."""
        return self._mine is not None

    @property
    def difference(self) -> Difference | None:
        """Mine against the other one, whichever of them is shown; None while the case in front has no open scan."""
        mine = self._mine or self._session.orientation
        return Difference.between(mine, self.other) if self.other is not None and self._session.scan_in_front else None

    def switch(self) -> None:
        """Show the other orientation, or mine again. A change of the one that is shown makes it mine."""
        other, session = self.other, self._session
        if not session.scan_in_front:
            return
        if self._mine is not None:
            mine, self._mine = self._mine, None
            session.set_orientation(mine, label="compare", merge_key="compare")
        elif other is not None and other != session.orientation:
            self._mine = session.orientation
            session.set_orientation(other, label="compare", merge_key="compare")
        self.changed.emit()

    def remember(self) -> None:
        """Compare with the present orientation from now on."""
        if self._session.scan_in_front:
            self._remembered, self.source, self._mine = self._session.orientation, "remembered", None
            self.changed.emit()

    def _on_orientation(self, orientation: Orientation) -> None:
        if self._mine is not None and orientation != self.other:
            # Turned on from there, or undone: what is shown is the person's own.
            self._mine = None
        self.changed.emit()

    def _on_case(self, _: object) -> None:
        """What is compared belongs to the open scan, not to a case without it."""
        self.changed.emit()

    def _on_capture(self, _: object = None) -> None:
        scan, capture = self._session.scan, self._session.capture
        record = capture.record if capture is not None else None
        same = scan is not None and record is not None and record.series_hash == scan.volume.series_hash
        captured = record.orientation.orientation() if same and record is not None and record.orientation is not None else None
        if captured != self._captured:
            self._captured, self._mine = captured, None
            self.source = "capture" if captured is not None else "remembered" if self._remembered is not None else None
            self.changed.emit()

    def _start_afresh(self, _: object) -> None:
        self._remembered = self._captured = self._mine = self.source = None
        self._on_capture()
        self.changed.emit()
