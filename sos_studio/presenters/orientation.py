"""Orienting the head: what turning, scrolling and typing do, the protocol's checklist, and the capture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from psygnal import Signal

from sos_studio.core.errors import SosError
from sos_studio.core.geometry import NORMAL_AXIS, Orientation, Plane, Vector
from sos_studio.core.readings import standing
from sos_studio.core.slabs import MAX_SLAB_MM
from sos_studio.dataset import in_use, readings
from sos_studio.dataset.in_use import InUse
from sos_studio.imaging import slabs
from sos_studio.messages import message
from sos_studio.presenters.case_files import Captured, Shown, capture_into
from sos_studio.presenters.comparing import Comparing
from sos_studio.presenters.measuring import Measuring
from sos_studio.presenters.session import Session, Severity
from sos_studio.presenters.undo import Along, Change
from sos_studio.presenters.window_presets import WindowPresets

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project

Angle = Literal["roll", "yaw", "pitch"]
ANGLE_OF_PLANE: dict[Plane, Angle] = {Plane.CORONAL: "roll", Plane.AXIAL: "yaw", Plane.SAGITTAL: "pitch"}
SEAL_AFTER_MS = 700
# Degrees or millimetres.
UNMOVED = 1e-6

# What does each of the paper's three steps; looking around in the other slices does none.
PROTOCOL: tuple[str, ...] = ("roll", "yaw", "sagittal")
# Only a person confirms; a step that was merely moved is touched.
Mark = Literal["open", "touched", "confirmed"]


class OrientationPresenter:
    """The Orient step without Qt.

    Attributes
    ----------
    capture_slab_mm
        Thickness through which a capture takes the mean; 0, and off at every start, is the plane itself. It is in the record.
    presets
        Of the grey-value window.
    measuring
        Distances and angles.
    comparing
        The orientation against that of the last capture or a remembered one.

    Signals
    -------
    checklist_changed
        A step of the protocol was ticked or unticked.
    project_needed
        A capture was asked for with no project open: open one and call `capture` again.
    capturing_changed
        Whether a capture is being made.
    """

    checklist_changed = Signal()
    project_needed = Signal()
    capturing_changed = Signal(bool)
    capture_slab_changed = Signal(float)

    def __init__(self, session: Session) -> None:
        self.session = session
        self.capturing = False
        self.capture_slab_mm = 0.0
        self.presets = WindowPresets(session)
        self.measuring = Measuring(session)
        self.comparing = Comparing(session)
        self._asked_about_data: set[str] = set()
        self._asked_about_capture: tuple[object, ...] | None = None
        self._touched: frozenset[str] = frozenset()
        self._confirmed: frozenset[str] = frozenset()
        self._capture_waits = False
        session.scan_changed.connect(self._start_afresh)
        session.scan_completed.connect(self._restore_marks)
        session.scan_completed.connect(self._capture_at_last)
        session.scan_changed.connect(self._prepare_slab)
        session.slices.changed.connect(self._prepare_slab)

    # --- turning and moving -------------------------------------------------------------------------------------------------

    def turn(self, plane: Plane, degrees: float, *, start: Orientation | None = None, merge_key: str | None = None) -> None:
        """Turn right-handed about a plane's normal, from `start` (a drag) or from where the head is now."""
        turned = (start or self.session.orientation).turned_about(plane, degrees)
        self.session.set_orientation(turned, label="turn", merge_key=merge_key, along=self._doing(ANGLE_OF_PLANE[plane]))

    def scroll(self, plane: Plane, distance_mm: float, *, start: Orientation | None = None, merge_key: str | None = None) -> None:
        """Move a plane along its normal, kept within the scan."""
        moved = (start or self.session.orientation).moved(plane, distance_mm)
        self.session.set_orientation(self._within(moved), label="scroll", merge_key=merge_key, along=self._doing(plane.value))

    def place_centre(self, lps_mm: Vector, *, merge_key: str | None = None) -> None:
        """Let the other two planes cross a point of a pane: a look around, which does no step of the protocol."""
        self.session.set_orientation(self._within(self.session.orientation.centered_at(lps_mm)), label="scroll", merge_key=merge_key)

    def set_angle(self, angle: Angle, degrees: float) -> None:
        """A typed angle."""
        now = self.session.orientation
        match angle:
            case "roll":
                turned = replace(now, roll_deg=degrees)
            case "yaw":
                turned = replace(now, yaw_deg=degrees)
            case "pitch":
                turned = replace(now, pitch_deg=degrees)
        self.session.set_orientation(turned, label="turn", merge_key=f"typed-{angle}", along=self._doing(angle))
        self.seal_soon()

    def set_centre(self, lps_mm: Vector) -> None:
        """A typed centre."""
        now = self.session.orientation
        along = self._doing(Plane.SAGITTAL.value) if lps_mm[0] != now.center_lps_mm[0] else None
        self.session.set_orientation(now.centered_at(lps_mm), label="scroll", merge_key="typed-centre", along=along)
        self.seal_soon()

    def reset(self) -> None:
        """Volume centre and zeros."""
        scan = self.session.scan
        if scan is None:
            return
        before = self._touched, self._confirmed
        along = Along(lambda: self._set_marks(frozenset(), frozenset()), lambda: self._set_marks(*before))
        self.session.set_orientation(Orientation(scan.volume.center_lps_mm), label="reset", along=along)

    def angle(self, plane: Plane) -> float:
        """The angle that turning in a plane's pane mostly changes."""
        value: float = getattr(self.session.orientation, f"{ANGLE_OF_PLANE[plane]}_deg")
        return value

    def seal_soon(self) -> None:
        """Nudges with a pause between them are separate steps of the history."""
        self.session.background.after(SEAL_AFTER_MS, self.session.undo.seal, key="seal-nudges")

    def _within(self, orientation: Orientation) -> Orientation:
        """The centre never leaves the box of voxel centres: a plane can't be scrolled out of sight."""
        scan = self.session.scan
        if scan is None:
            return orientation
        volume = scan.volume
        highest = [n - 1 for n in reversed(volume.shape_kji)]
        ijk = volume.ijk_from_lps[:3, :3] @ orientation.center_lps_mm + volume.ijk_from_lps[:3, 3]
        if all(-1e-9 <= c <= top + 1e-9 for c, top in zip(ijk, highest, strict=True)):
            return orientation
        clipped = [min(max(float(c), 0.0), float(top)) for c, top in zip(ijk, highest, strict=True)]
        x, y, z = (float(c) for c in volume.lps_from_ijk[:3, :3] @ clipped + volume.lps_from_ijk[:3, 3])
        return orientation.centered_at((x, y, z))

    # --- slab ---------------------------------------------------------------------------------------------------------------

    def _prepare_slab(self, *_: object) -> None:
        """The fast way of showing slabs is prepared once they are wanted of this type of voxel; until then they come slowly."""
        scan, slab = self.session.scan, self.session.slices.slab
        if scan is not None and not slab.is_plane and not slabs.ready(scan.volume):
            kind = scan.volume.array_kji.dtype
            self.session.background.run(lambda: slabs.warm_up(kind), lambda _: None, key="slab-kernel")

    # --- checklist ----------------------------------------------------------------------------------------------------------

    def mark(self, index: int) -> Mark:
        """How far a step of the protocol is."""
        if PROTOCOL[index] in self._confirmed:
            return "confirmed"
        return "touched" if PROTOCOL[index] in self._touched else "open"

    def step_done(self, index: int) -> bool:
        """Whether a step of the protocol was touched or confirmed."""
        return self.mark(index) != "open"

    def tick(self, index: int, done: bool) -> None:
        """A person confirms a step (also one that needed no turning) or takes its mark away."""
        step = {PROTOCOL[index]}
        if done:
            self._set_marks(self._touched, self._confirmed | step)
        else:
            self._set_marks(self._touched - step, self._confirmed - step)

    def _doing(self, part: str) -> Along | None:
        """Marks the step that this part does as touched; undoing takes the mark away if it was not there before."""
        if part not in PROTOCOL:
            return None
        was_touched = part in self._touched
        return Along(
            lambda: self._set_marks(self._touched | {part}, self._confirmed),
            lambda: None if was_touched else self._set_marks(self._touched - {part}, self._confirmed),
        )

    def _set_marks(self, touched: frozenset[str], confirmed: frozenset[str]) -> None:
        if (touched, confirmed) != (self._touched, self._confirmed):
            self._touched, self._confirmed = touched, confirmed
            self.checklist_changed.emit()

    def _restore_marks(self, *_: object) -> None:
        """A scan that is oriented as it was captured before has the steps touched that made a difference then."""
        scan, capture, now = self.session.scan, self.session.capture, self.session.orientation
        record = capture.record.orientation if capture is not None else None
        if scan is None or scan.coarse or record is None or record.orientation() != now:
            return
        moved = np.subtract(now.center_lps_mm, scan.volume.center_lps_mm) @ now.rotation[:, NORMAL_AXIS[Plane.SAGITTAL]]
        differs = {"roll": now.roll_deg, "yaw": now.yaw_deg, "sagittal": moved}
        self._set_marks(self._touched | {step for step, by in differs.items() if abs(by) > UNMOVED}, self._confirmed)

    def _start_afresh(self, *_: object) -> None:
        self._capture_waits = False
        self._touched = self._confirmed = frozenset()
        self._restore_marks()
        self.checklist_changed.emit()

    def set_capture_slab(self, thickness_mm: float) -> None:
        """Let the next captures be the mean through a slab (0: the plane itself)."""
        thickness_mm = min(max(thickness_mm, 0.0), MAX_SLAB_MM)
        if thickness_mm != self.capture_slab_mm:
            self.capture_slab_mm = thickness_mm
            self.capture_slab_changed.emit(thickness_mm)

    # --- capture ------------------------------------------------------------------------------------------------------------

    def capture(self) -> None:
        """Make the full image of the midsagittal plane, store it, and go on to Crop."""
        session, scan = self.session, self.session.scan
        if self.capturing:
            return
        if scan is None or not session.scan_in_front:
            session.tell("window.no_scan" if scan is None else "window.scan_of_other_case", "warning")
            return
        if session.opening_scan and not scan.coarse:
            session.tell("window.capture_while_opening", "warning")
            return
        project = session.project
        if project is None:
            self.project_needed.emit()
            return
        if scan.coarse:
            self._capture_waits = True
            session.tell("window.capture_waits", "info")
            return
        if self._asks_first(project):
            return
        orientation, window, case_id, slab_mm = session.orientation, session.window, session.case_id, self.capture_slab_mm
        session.begun.emit()
        self._set_capturing(True)
        session.background.run(
            lambda: capture_into(project, scan, orientation, window, case_id, slab_mm=slab_mm),
            self._captured,
            self._capture_failed,
            key="capture",
        )

    def _asks_first(self, project: Project) -> bool:
        """Whether readings were made on the present capture: then it is told what becomes of them, and the second wish is done."""
        session, capture = self.session, self.session.capture
        if capture is None or session.case_id is None:
            return False
        wish = capture.capture_id, session.orientation, session.window, self.capture_slab_mm
        if wish == self._asked_about_capture:
            self._asked_about_capture = None
            return False
        try:
            rows = standing(readings.readings(project, session.case_id))
        except SosError as error:
            session.report(error)
            return True
        # Whether others read the case is nothing for who reads blinded.
        known = [
            row for row in rows if row.capture_id == capture.capture_id and (row.evaluator == session.evaluator or not session.blinding.on)
        ]
        if not known:
            return False
        self._asked_about_capture = wish
        then = capture.record.orientation
        same = then is not None and then.orientation() == session.orientation and capture.record.slab_mm == self.capture_slab_mm
        session.tell("window.capture_same_plane" if same else "window.capture_was_read", "warning")
        return True

    def _capture_at_last(self, _: object) -> None:
        """All slices are there: make the capture that was asked for meanwhile."""
        waited, self._capture_waits = self._capture_waits, False
        if waited:
            self.capture()

    def _captured(self, done: Captured) -> None:
        session, case_id, capture = self.session, done.case_id, done.capture
        self._set_capturing(False)
        before, after = Shown.now(session), Shown(case_id, capture, None, None)
        scan, project = session.scan, session.project

        def show(shown: Shown) -> None:
            if session.scan is scan:
                session.scan_case_id = shown.case_id
            shown.show(session)

        def put(shown: Shown, counts: InUse) -> Callable[[], None]:
            def change() -> None:
                session.writes.flush()
                if project is not None:
                    in_use.use(project, case_id, counts)
                show(shown)
                session.cases_changed.emit()

            return change

        show(after)
        session.undo.push(Change("capture", put(before, done.before), put(after, InUse(capture.capture_id, None))))
        session.cases_changed.emit()
        self._tell_captured(done)
        session.step_requested.emit("crop")

    def _tell_captured(self, done: Captured) -> None:
        blinding, project = self.session.blinding, self.session.project
        # Which patient it is, and that a case is another's patient, is not for who reads blinded.
        note = done.note if not blinding.on or (done.note is not None and done.note.code == "patient.data_not_kept") else None
        if note is not None and note.code == "patient.data_not_kept" and project is not None:
            # A question for the project, not for every capture.
            if project.project_id in self._asked_about_data:
                note = None
            self._asked_about_data.add(project.project_id)
        code, values = (
            "window.captured_again" if done.before.roi_n is not None else "window.captured",
            {"case": blinding.name(done.case_id)},
        )
        severity: Severity = "success"
        if note is not None:
            code, severity, values = note.code, "warning" if note.severity == "warning" else "info", blinding.values(note.values)
        untouched = [str(message(f"orient.step_{step}")) for n, step in enumerate(PROTOCOL) if not self.step_done(n)]
        if untouched:
            values = {"first": str(message(code, values)), "steps": ", ".join(untouched)}
            code = "orient.untouched"
        self.session.tell(code, severity, **values)

    def _capture_failed(self, error: Exception) -> None:
        self._set_capturing(False)
        self.session.report(error)

    def _set_capturing(self, capturing: bool) -> None:
        self.capturing = capturing
        self.session.busy.emit("capture" if capturing else None)
        self.capturing_changed.emit(capturing)
