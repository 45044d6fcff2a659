"""The Crop step's decisions: two clicks make a frame, handles and keys change it, and every change is saved as it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from psygnal import Signal

from sos_studio.core.errors import BadInputError
from sos_studio.core.roi import MIN_WIDTH_PX, Point, Roi
from sos_studio.dataset import in_use
from sos_studio.dataset.in_use import InUse
from sos_studio.messages import Message, message
from sos_studio.presenters import frame_edit
from sos_studio.presenters.frame_edit import Edit, Ends, Grip
from sos_studio.presenters.joint import joint_uv
from sos_studio.presenters.session import Session
from sos_studio.presenters.undo import Change
from sos_studio.services import staging

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project
    from sos_studio.services.captures import StoredCapture

CAPTURE_SCOPE = "capture"
SAVE_AFTER_MS = 400

Saving = Literal["nothing", "waiting", "saving", "saved", "failed"]


@dataclass(frozen=True)
class CropState:
    """What the step shows.

    Attributes
    ----------
    roi
        The frame as it is drawn now, also in the middle of a drag; None while the ends are being clicked.
    first_uv
        The endocranial end, clicked while the ectocranial one is awaited.
    ends
        The clicked ends of this frame; None for a frame that came from the project.
    cross_uv
        The cross-hair that sets the ends without a mouse; None while it is not shown.
    refusal
        Why the last wish was not fulfilled; goes with the next one that is.
    """

    has_image: bool = False
    roi: Roi | None = None
    first_uv: Point | None = None
    ends: Ends | None = None
    cross_uv: Point | None = None
    refusal: Message | None = None
    saving: Saving = "nothing"
    roi_n: int | None = None


@dataclass(frozen=True)
class _Drag:
    grip: Grip
    start_uv: Point
    roi: Roi
    ends: Ends | None


class CropPresenter:
    """Drives the frame on the session's capture."""

    changed = Signal(CropState)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._drag: _Drag | None = None
        self._cross_rest: Point | None = None  # where the cross-hair was when the mouse took over
        # The image that the frame belongs to, kept so that what waits can still be saved when another case opens.
        self._target: tuple[Project, StoredCapture] | None = None
        self._committed: tuple[Roi | None, Ends | None] = (None, None)
        self._on_disk: tuple[Roi | None, int | None] = (None, None)
        self.state = CropState()
        session.capture_changed.connect(self._on_capture)
        session.roi_changed.connect(self._on_roi)
        session.leaving.connect(self.commit)
        session.undo.asked.connect(self.commit)
        self._on_capture(session.capture)
        self._on_roi(session.roi)

    # --- two clicks ----------------------------------------------------------------------------------------------

    def click(self, uv: Point) -> None:
        """First the endocranial end, then the ectocranial end."""
        if self._session.capture is None or self.state.roi is not None:
            return
        if not all(map(math.isfinite, uv)):
            self._show(refusal=message("roi.not_a_frame"))
            return
        if self.state.first_uv is None:
            self._show(first_uv=uv, refusal=None)
            return
        try:
            roi = Roi.from_ends(self.state.first_uv, uv)
            roi.require_usable(self._shape_vu)
        except BadInputError as error:
            self._show(refusal=message(error.code, error.values))
            return
        self._show(roi=roi, ends=Ends(self.state.first_uv, uv), first_uv=None, refusal=None)
        self.commit()

    def move_cross(self, du_px: float = 0.0, dv_px: float = 0.0) -> None:
        """Show the cross-hair, first where the joint is to be expected, and move it within the image."""
        capture, state = self._session.capture, self.state
        if capture is None or state.roi is not None:
            return
        u, v = state.cross_uv or self._cross_rest or state.first_uv or joint_uv(capture)
        height, width = self._shape_vu
        at = (min(max(u + du_px, 0.0), width - 1.0), min(max(v + dv_px, 0.0), height - 1.0))
        self._show(cross_uv=at, refusal=None)

    def place_cross(self) -> bool:
        """Set an end where the cross-hair is, or show it first; False if no end is awaited."""
        if self._session.capture is None or self.state.roi is not None:
            return False
        if self.state.cross_uv is None:
            self.move_cross()
        else:
            self.click(self.state.cross_uv)
        return True

    def hide_cross(self) -> None:
        """The mouse takes over; the cross-hair comes back where it was."""
        if self.state.cross_uv is not None:
            self._cross_rest = self.state.cross_uv
            self._show(cross_uv=None)

    def preview(self, uv: Point) -> Roi | None:
        """The frame that a second click there would make, or None."""
        if self.state.first_uv is None:
            return None
        try:
            return Roi.from_ends(self.state.first_uv, uv)
        except BadInputError:
            return None

    def click_again(self) -> None:
        """Put the frame aside and click both ends anew; the saved frame stays until there is another."""
        if self._session.capture is not None:
            self._cross_rest = None
            self._show(roi=None, ends=None, first_uv=None, cross_uv=None, refusal=None)

    def swap_ends(self) -> None:
        """The endocranial end becomes the ectocranial one: the crop is turned by half a turn."""
        roi, ends = self.state.roi, self.state.ends
        if roi is not None:
            swapped = Ends(ends.ectocranial_uv, ends.endocranial_uv) if ends is not None else None
            self._edit(Edit(roi.reversed(), swapped))
            self.commit()

    def escape(self) -> bool:
        """Step back: forget the first click, else bring the saved frame back; False if there is nothing to step back from."""
        roi, ends = self._committed
        dragging, self._drag = self._drag is not None, None
        if self.state.first_uv is not None:
            self._show(first_uv=None, refusal=None)
        elif dragging or self.state.refusal is not None or (self.state.roi is None and roi is not None):
            self._show(roi=roi, ends=ends, cross_uv=None, refusal=None)
        elif self.state.cross_uv is not None:
            self.hide_cross()
        else:
            return False
        return True

    # --- handles -------------------------------------------------------------------------------------------------

    def grip_at(self, uv: Point, reach_px: float) -> Grip | None:
        """What of the frame lies under the pointer."""
        return frame_edit.grip_at(self.state.roi, self.state.ends, uv, reach_px) if self.state.roi is not None else None

    def grab(self, uv: Point, reach_px: float) -> bool:
        """Take hold of what lies under the pointer; False if nothing does."""
        grip = self.grip_at(uv, reach_px)
        if grip is None or self.state.roi is None:
            return False
        self._drag = _Drag(grip, uv, self.state.roi, self.state.ends)
        return True

    def drag(self, uv: Point) -> None:
        """Follow the pointer."""
        if (held := self._drag) is not None:
            shape_vu = self._shape_vu
            self._wish(lambda: frame_edit.dragged(held.roi, held.ends, held.grip, start_uv=held.start_uv, now_uv=uv, shape_vu=shape_vu))

    def release(self) -> None:
        """Let go: what is shown is saved."""
        if self._drag is not None:
            self._drag = None
            # The frame lies at the border, where it may: there is nothing to be done about it any more.
            self._show(refusal=None)
            self.commit()

    # --- keys and typed values -----------------------------------------------------------------------------------

    def nudge(self, *, du_px: float = 0.0, dv_px: float = 0.0, turn_deg: float = 0.0, factor: float = 1.0) -> None:
        """Change the frame a little; it is saved once the keys rest."""
        roi, ends, shape_vu = self.state.roi, self.state.ends, self._shape_vu
        if roi is None:
            return
        if du_px or dv_px:
            self._wish(lambda: frame_edit.moved(roi, ends, du_px, dv_px, shape_vu))
        elif turn_deg:
            self._wish(lambda: frame_edit.turned(roi, ends, turn_deg, shape_vu))
        elif factor != 1.0:
            self._wish(lambda: frame_edit.scaled(roi, ends, factor, shape_vu))
        self._show(saving="waiting")
        self._session.background.after(SAVE_AFTER_MS, self.commit, key="crop.commit")

    def set_values(self, center_uv: Point, angle_deg: float, width_px: float) -> None:
        """Typed values; refused with a sentence if the frame would leave the image."""
        if self.state.roi is None:
            return
        ends, shape_vu = self.state.ends, self._shape_vu

        def typed() -> Edit:
            roi = Roi.of(center_uv, angle_deg, width_px)
            roi.require_usable(shape_vu)
            return Edit(roi, ends)

        self._wish(typed)
        refusal = self.state.refusal
        if refusal is None:
            self.commit()
        elif refusal.code == "roi.outside_image":
            # Nothing reaches beyond the border: the frame is as it was.
            self._show(refusal=message("crop.not_changed"))

    # --- saving --------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Make the frame that is drawn the frame of the case: a step of the history, and saved."""
        before, after = self._committed, (self.state.roi, self.state.ends)
        if after[0] is None or after[0] == before[0]:
            if self.state.saving == "waiting":
                self._show(saving="saved" if self._on_disk[1] is not None else "nothing")
            return
        self._put(after)
        self._session.undo.push(Change("frame", lambda: self._put(before), lambda: self._put(after), scope=CAPTURE_SCOPE))

    def _put(self, frame: tuple[Roi | None, Ends | None]) -> None:
        self._drag = None
        self._committed = frame
        roi, ends = frame
        keeps = roi is not None and self._target is not None
        shown: Saving = "saving" if keeps else "nothing"
        self._show(roi=roi, ends=ends, first_uv=None, cross_uv=None, refusal=None, roi_n=None, saving=shown)
        self._session.set_roi(roi, None)
        if roi is not None:
            self._save(roi)
        else:
            self._save_none()

    def _save_none(self) -> None:
        """Undo took back the first frame: from now on the capture counts without one."""
        if self._target is None:
            return
        project, capture = self._target

        def saved(_: None) -> None:
            if self._session.capture is capture:
                self._on_disk = (None, None)
            self._session.cases_changed.emit()

        self._session.writes.submit(
            lambda: in_use.use(project, capture.case_id, InUse(capture.capture_id, None)), saved, self._session.report
        )

    def _save(self, roi: Roi) -> None:
        if self._target is None:
            return
        project, capture = self._target
        self._session.writes.submit(
            lambda: staging.store_roi(project, capture.capture_id, roi)[0],
            lambda n: self._saved(capture, roi, n),
            lambda error: self._not_saved(capture, roi, error),
        )

    def _saved(self, capture: StoredCapture, roi: Roi, n: int) -> None:
        if self._session.capture is capture:
            self._on_disk = (roi, n)
            if self._committed[0] == roi:
                self._show(saving="saved", roi_n=n)
                self._session.set_roi(roi, n)
        # Also if another case is in front by now: the list shows this one as it is.
        self._session.cases_changed.emit()

    def _not_saved(self, capture: StoredCapture, roi: Roi, error: Exception) -> None:
        """Go back to what is on disk: the screen never shows as the case's frame what could not be saved."""
        self._session.report(error)
        if self._session.capture is capture and self._committed[0] == roi:
            self._session.undo.forget(CAPTURE_SCOPE)
            disk_roi, n = self._on_disk
            self._committed = (disk_roi, None)
            self._show(roi=disk_roi, ends=None, roi_n=n, saving="failed")
            self._session.set_roi(disk_roi, n)

    # --- the session ---------------------------------------------------------------------------------------------

    @property
    def _shape_vu(self) -> tuple[int, int]:
        capture = self._session.capture
        if capture is None:
            return (0, 0)
        height, width = capture.full8.shape
        return int(height), int(width)

    def _on_capture(self, capture: StoredCapture | None) -> None:
        if self.state.saving == "waiting" and self.state.roi is not None:
            self._save(self.state.roi)
        self._drag = self._cross_rest = None
        project = self._session.project
        self._target = (project, capture) if project is not None and capture is not None else None
        self._committed = (None, None)
        self._on_disk = (None, None)
        self._session.undo.forget(CAPTURE_SCOPE)
        self.state = CropState(has_image=capture is not None)
        self.changed.emit(self.state)

    def _on_roi(self, roi: Roi | None) -> None:
        """A frame that came from elsewhere (the project); our own echoes change nothing."""
        if roi == self._committed[0]:
            return
        self._committed = (roi, None)
        self._on_disk = (roi, self._session.roi_n)
        saving: Saving = "saved" if self._session.roi_n is not None else "nothing"
        self._show(roi=roi, ends=None, first_uv=None, cross_uv=None, refusal=None, roi_n=self._session.roi_n, saving=saving)

    def _wish(self, make: Callable[[], Edit]) -> None:
        """Do it, or say why not; a frame that may not be is never drawn."""
        try:
            self._edit(make())
        except BadInputError as error:
            self._show(refusal=message(error.code, error.values))

    def _edit(self, edit: Edit) -> None:
        refusal = message(edit.refused, {"least": f"{MIN_WIDTH_PX:g}"}) if edit.refused else None
        self._show(roi=edit.roi, ends=edit.ends, refusal=refusal)

    def _show(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # the names are checked by dataclasses at once
        self.changed.emit(self.state)
