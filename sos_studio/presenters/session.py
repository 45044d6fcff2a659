"""What the window is about right now: project, case, scan, orientation, capture, frame, evaluator. Without Qt.

Every step reads it and changes it through its methods; everybody who shows something listens to its signals. Signals carry the
new thing (or None) and fire on the GUI thread only.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal

from sos_studio.core.captures import Window
from sos_studio.core.errors import CancelledError, SosError, refusal
from sos_studio.core.geometry import Orientation
from sos_studio.core.job_state import JobState
from sos_studio.core.readings import Reading
from sos_studio.core.roi import Roi
from sos_studio.core.settings import Settings, Visit
from sos_studio.messages import Message, message
from sos_studio.presenters.blinding import Blinding
from sos_studio.presenters.crop_pictures import CropPictures
from sos_studio.presenters.parasagittal import BesidePresenter
from sos_studio.presenters.slice_display import SliceDisplay
from sos_studio.presenters.tasks import Tasks
from sos_studio.presenters.undo import PERSON_SCOPE, Along, Change, UndoStack
from sos_studio.presenters.writes import WriteQueue

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project
    from sos_studio.presenters.ports import Background
    from sos_studio.services.captures import StoredCapture
    from sos_studio.services.scans import OpenedScan

Severity = Literal["info", "success", "warning", "error"]
Step = Literal["orient", "crop", "stage", "predict"]

log = logging.getLogger(__name__)

SCAN_SCOPE = "scan"


class Session:
    """The one mutable thing that the steps share.

    Attributes
    ----------
    project, case_id, scan, capture, roi, roi_n
        What is open, or None. `roi` is the current frame on `capture` (saved as number `roi_n`, None while unsaved).
    scan_case_id
        The case that `scan` belongs to; None while it was not captured yet.
    orientation, window
        How the scan is shown and will be captured.
    slices
        How thick slices are shown.
    beside
        The slices beside the capture's plane.
    undo
        The history across all steps; push a `Change` after having made it.
    background
        Port for work off the GUI thread.
    writes
        Frames and readings on their way into the project, in the order in which they were made.
    tasks
        Long work that the person asked for and may stop.
    crop_pictures
        Upright crops that were made ahead, so that the next case is shown at once.
    blinding
        Whether the evaluator reads blinded, and what a case is called on the screen.
    settings
        The user's own; call `save_settings` after changing them.
    opening_scan
        Whether a scan is on its way; until its first picture comes, `scan` is still the one before it.
    visit
        Where this user left the open project last time; None if it was never open here.
    """

    project_changed = Signal(object)
    case_changed = Signal(object)
    scan_changed = Signal(object)
    # All slices of the scan that was shown coarse are there; who shows it draws it again, and nothing else changes.
    scan_completed = Signal(object)
    orientation_changed = Signal(object)
    window_changed = Signal(object)
    capture_changed = Signal(object)
    roi_changed = Signal(object)
    evaluator_changed = Signal(str)
    settings_changed = Signal(object)
    reading_saved = Signal(Reading)
    # An evaluator (first) was shown what others read of a capture (its id), after the own reading.
    others_shown = Signal(str, str)
    # Rows of the project changed (a capture, frame, reading or import was written): lists and chips are read again.
    cases_changed = Signal()
    # Models of the project changed (a training ended): choices of models are read again.
    models_changed = Signal()
    message = Signal(Message, str)
    # The person begins something new: what was said of other things is over.
    begun = Signal()
    # What is being waited for (a label for the status bar) or None; `progress` carries its fraction, or -1 if unknown.
    busy = Signal(object)
    progress = Signal(float)
    # `opening_scan` changed.
    opening_changed = Signal(bool)
    job_changed = Signal(JobState)
    step_requested = Signal(str)
    # The project or the window is about to go: who holds something unsaved puts it into `writes` now.
    leaving = Signal()
    # Ask the cases list to open a case by id, or the next one without a reading by the evaluator.
    case_requested = Signal(str)
    next_unstaged_requested = Signal()

    def __init__(self, background: Background, settings: Settings | None = None) -> None:
        self.background = background
        self.settings = settings if settings is not None else Settings.load()
        self.undo = UndoStack()
        self.slices = SliceDisplay()
        self.writes = WriteQueue(background)
        self.undo.asked.connect(self.writes.flush)
        self.tasks = Tasks(background)
        self.crop_pictures = CropPictures()
        self.project: Project | None = None
        self.visit: Visit | None = None
        self.case_id: str | None = None
        self.scan: OpenedScan | None = None
        self.scan_case_id: str | None = None
        self.opening_scan = False
        self.orientation = Orientation()
        self.window = Window(low=-500.0, high=1500.0)
        self.capture: StoredCapture | None = None
        self.roi: Roi | None = None
        self.roi_n: int | None = None
        self.beside = BesidePresenter(self)
        self.blinding = Blinding(self)

    @property
    def evaluator(self) -> str:
        """Name under which readings are written; empty until it was asked for."""
        return self.settings.evaluator

    def set_evaluator(self, name: str) -> None:
        """Another person sits down: what the one before read is not theirs to take back."""
        if name.strip() != self.settings.evaluator:
            self.writes.flush()
            self.undo.forget(PERSON_SCOPE)
            hidden = self.blinding.hand_over(name.strip())
            self.settings.evaluator = name.strip()
            self.save_settings()
            self.evaluator_changed.emit(self.settings.evaluator)
            if hidden and self.settings.evaluator:
                self.tell("staging.stays_blinded", "info", name=self.settings.evaluator)

    def save_settings(self) -> None:
        """Write the user's settings; a full disk is told and nothing else is lost."""
        try:
            self.settings.save()
        except OSError as error:
            self.tell("settings.unwritable", "warning", reason=error.strerror or type(error).__name__)
        self.settings_changed.emit(self.settings)

    def set_project(self, project: Project | None) -> None:
        """Another project (the caller closes the old one); case, capture and history start afresh, an open scan stays."""
        self.settle()
        self.project = project
        self.visit = self.settings.visits.get(project.project_id) if project is not None else None
        self.undo.clear()
        # Cases of another project are other cases: the open scan is a new one here.
        self.scan_case_id = None
        self.set_case(None)
        self.project_changed.emit(project)

    def settle(self) -> None:
        """Write everything that waits, now; afterwards the project may be closed."""
        self.leaving.emit()
        self.writes.flush()

    def set_case(self, case_id: str | None) -> None:
        """Another case; its capture and frame follow by `set_capture` and `set_roi` once they are loaded."""
        if self.capture is not None:
            self.set_capture(None)
        self.case_id = case_id
        self.case_changed.emit(case_id)

    @property
    def scan_in_front(self) -> bool:
        """Whether the open scan is the present case's (or a new one and no case is chosen): only then is it shown and captured."""
        return self.scan is not None and self.scan_case_id == self.case_id

    def set_scan(self, scan: OpenedScan | None, orientation: Orientation | None = None, window: Window | None = None) -> None:
        """Another scan, which is the present case's, with its first orientation (default: volume centre, zeros)."""
        self.undo.forget(SCAN_SCOPE)
        self.scan = scan
        self.scan_case_id = self.case_id if scan is not None else None
        if orientation is None:
            orientation = Orientation(scan.volume.center_lps_mm) if scan is not None else Orientation()
        self.orientation = orientation
        if window is not None:
            self.window = window
        self.scan_changed.emit(scan)
        self.window_changed.emit(self.window)
        self.orientation_changed.emit(orientation)

    def complete_scan(self, scan: OpenedScan, orientation: Orientation | None = None, window: Window | None = None) -> None:
        """The whole of the scan that was shown coarse: the history and, unless given, orientation and window stay as they are."""
        self.scan = scan
        self.orientation = orientation or self.orientation
        self.window = window or self.window
        self.scan_completed.emit(scan)
        self.window_changed.emit(self.window)
        self.orientation_changed.emit(self.orientation)

    def set_orientation(
        self, orientation: Orientation, *, label: str = "orientation", merge_key: str | None = None, along: Along | None = None
    ) -> None:
        """Turn or move the head, and `along` with it; one step of the history (those in a row with the same `merge_key` are one)."""
        before, also = self.orientation, along or Along()
        if orientation == before:
            return

        def put(value: Orientation) -> None:
            self.orientation = value
            self.orientation_changed.emit(value)

        def do() -> None:
            put(orientation)
            also.do()

        def undo() -> None:
            put(before)
            also.undo()

        do()
        self.undo.push(Change(label, undo, do, merge_key, SCAN_SCOPE))

    def set_window(self, window: Window, *, merge_key: str | None = None) -> None:
        """Grey-value window of the display and of the next capture; one step of the history."""
        before = self.window
        if window == before:
            return

        def put(value: Window) -> None:
            self.window = value
            self.window_changed.emit(value)

        put(window)
        self.undo.push(Change("window", lambda: put(before), lambda: put(window), merge_key, SCAN_SCOPE))

    def set_capture(self, capture: StoredCapture | None) -> None:
        """Another full image; the frame is empty until `set_roi`."""
        self.capture = capture
        self.roi, self.roi_n = None, None
        self.capture_changed.emit(capture)
        self.roi_changed.emit(None)

    def set_roi(self, roi: Roi | None, n: int | None = None) -> None:
        """The current frame and the number under which it is saved (None: not saved yet)."""
        self.roi, self.roi_n = roi, n
        self.roi_changed.emit(roi)

    def tell(self, code: str, severity: Severity = "info", **values: object) -> None:
        """Say something that does not block; words come from `sos_studio.messages`."""
        self.message.emit(message(code, values), severity)

    def report(self, error: Exception) -> None:
        """Say what went wrong, in words for a clinician; the details of an unforeseen fault go to the log."""
        if isinstance(error, CancelledError):
            self.tell("cancelled")
        else:
            code, values = fault(error)
            self.tell(code, "error", **self.blinding.values(values))


def bring(session: Session, case_id: str) -> None:
    """Ask for a case unless it is in front: what undo and redo change there is seen."""
    if case_id != session.case_id:
        session.case_requested.emit(case_id)


def fault(error: Exception) -> tuple[str, dict[str, Any]]:
    """Code and values of what went wrong; the details of an unforeseen fault go to the log."""
    if isinstance(error, SosError):
        return error.code, error.values
    if isinstance(error, OSError):
        return refusal(error)
    if isinstance(error, MemoryError):
        return "memory.short", {}
    log.error("unforeseen fault", exc_info=error)
    return "internal", {"kind": type(error).__name__}
