"""The Stage step's decisions: a key press becomes a reading in the database first, and is shown as saved only then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from psygnal import Signal

from sos_studio.core.errors import ProjectError
from sos_studio.core.readings import Reading, Shown, standing
from sos_studio.core.roi import Roi
from sos_studio.core.stages import BASSED_5, StageScheme
from sos_studio.dataset import captures, readings
from sos_studio.presenters.session import Session, bring
from sos_studio.presenters.undo import PERSON_SCOPE, Change
from sos_studio.services import revealing, staging

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project
    from sos_studio.services.captures import StoredCapture
    from sos_studio.services.revealing import Revealed

CONFIDENCES: tuple[staging.Confidence, ...] = ("low", "medium", "high")
MAX_REMARK = 500

Phase = Literal["nothing", "saving", "saved", "failed"]


@dataclass(frozen=True)
class StagingState:
    """What the step shows.

    Attributes
    ----------
    can_stage
        Whether there is a full image and a project that is open to write into.
    phase, stage
        ``saved`` only after the reading is in the database; `stage` is the one being saved or saved.
    reading
        The evaluator's standing reading of this capture as the database has it.
    earlier
        The evaluator's standing reading if it was made on another capture of this case: this one is not read yet.
    confidence, ambiguous, remark
        What goes with the next reading (and is written with a standing one as it is changed).
    unblinded
        Whether a blinded reading of this capture stood before, and `reading` was made after more had been shown.
    revealed
        What others read and predicted, once it was asked for after the own reading.
    """

    can_stage: bool = False
    has_crop: bool = False
    phase: Phase = "nothing"
    stage: int | None = None
    reading: Reading | None = None
    earlier: Reading | None = None
    confidence: staging.Confidence | None = None
    ambiguous: bool = False
    remark: str = ""
    unblinded: bool = False
    revealed: Revealed | None = None

    @property
    def read_here(self) -> bool:
        """Whether the evaluator's own reading of this capture is in the database: only then is anything revealed."""
        return self.reading is not None


@dataclass(frozen=True)
class _Intent:
    """All that a reading needs, taken at the moment of the key press."""

    project: Project
    capture: StoredCapture
    roi: Roi | None
    evaluator: str
    stage: int
    confidence: staging.Confidence | None
    ambiguous: bool
    remark: str
    shown: Shown
    ai_seen: bool
    blinded: bool


class StagingPresenter:
    """Drives readings of the session's case."""

    changed = Signal(StagingState)
    # A reading needs a name: the view asks for it and, once given, chooses the stage again.
    evaluator_needed = Signal(int)

    def __init__(self, session: Session, scheme: StageScheme = BASSED_5) -> None:
        self._session = session
        self.scheme = scheme
        self._generation = 0  # of what is known about the reading: answers to older questions are dropped
        self.state = StagingState()
        session.capture_changed.connect(self._on_case)
        session.project_changed.connect(self._on_case)
        session.evaluator_changed.connect(self._on_case)
        session.roi_changed.connect(self._on_roi)
        session.cases_changed.connect(self._look_up)
        session.blinding.changed.connect(self._on_blinding)
        self._on_case()

    # --- what the evaluator does ---------------------------------------------------------------------------------

    def choose(self, stage: int, *, after_prediction: bool = False) -> None:
        """Write a reading of this stage; `after_prediction`: confirming or correcting one that is on the screen."""
        project, capture = self._session.project, self._session.capture
        if capture is None or project is None:
            self._session.tell("staging.no_full_image" if capture is None else "staging.no_project", "warning")
            return
        if not self._session.evaluator:
            self.evaluator_needed.emit(stage)
            return
        self._session.begun.emit()
        state = self.state
        intent = _Intent(
            project,
            capture,
            self._session.roi,
            self._session.evaluator,
            stage,
            state.confidence,
            state.ambiguous,
            state.remark,
            "crop_and_full_image" if self._session.roi is not None and not after_prediction else "full_image",
            after_prediction or self._session.blinding.has_seen_ai(capture.case_id),
            self._session.blinding.holds_for(capture.case_id) and not after_prediction,
        )
        self._generation += 1
        self._show(phase="saving", stage=stage)
        self._session.writes.submit(
            lambda: _append(intent), lambda reading: self._saved(intent, reading), lambda error: self._not_saved(intent, error)
        )

    def set_confidence(self, confidence: staging.Confidence | None) -> None:
        """How sure the evaluator is."""
        if confidence != self.state.confidence:
            self._show(confidence=confidence)
            self._amend()

    def next_confidence(self) -> None:
        """Low → medium → high → none, on one key."""
        order: list[staging.Confidence | None] = [None, *CONFIDENCES]
        self.set_confidence(order[(order.index(self.state.confidence) + 1) % len(order)])

    def set_ambiguous(self, ambiguous: bool) -> None:
        """Whether the case can't be staged with good conscience."""
        if ambiguous != self.state.ambiguous:
            self._show(ambiguous=ambiguous)
            self._amend()

    def set_remark(self, remark: str) -> None:
        """Words for later."""
        remark = remark.strip()[:MAX_REMARK]
        if remark != self.state.remark:
            self._show(remark=remark)
            self._amend()

    def reveal(self) -> None:
        """Show what others read and what was predicted; only after the own reading is in the database."""
        project, capture, evaluator = self._session.project, self._session.capture, self._session.evaluator
        if project is None or capture is None or not evaluator or not self.state.read_here:
            self._session.tell("staging.read_first", "info")
            return

        def found(revealed: Revealed) -> None:
            self._session.blinding.reveal(revealed.case_id)
            self._session.others_shown.emit(evaluator, capture.capture_id)
            if self._session.capture is capture and self._session.evaluator == evaluator and self.state.read_here:
                self._show(revealed=revealed)

        self._session.writes.submit(
            lambda: revealing.reveal(project, capture.case_id, capture.capture_id, evaluator), found, self._session.report
        )

    def next_case(self) -> None:
        """Go on to the next case without a reading by this evaluator."""
        self._session.next_unstaged_requested.emit()

    # --- writing -------------------------------------------------------------------------------------------------

    def _amend(self) -> None:
        """A standing reading gets the new confidence or remark by a new reading; nothing is ever overwritten."""
        if self.state.stage is not None and self.state.phase in ("saved", "saving") and self._session.evaluator:
            self.choose(self.state.stage)

    def _saved(self, intent: _Intent, reading: Reading) -> None:
        self._push_history(intent, reading)
        before = self.state.reading
        if before is not None and before.capture_id == reading.capture_id and before.evaluator == reading.evaluator:
            if before.blinded and not reading.blinded:
                self._session.tell("staging.no_longer_blinded", "warning", case=self._session.blinding.name(reading.case_id))
            self._on_disk(reading.case_id, reading, unblinded=not reading.blinded and (before.blinded or self.state.unblinded))
        else:
            self._on_disk(reading.case_id, reading)
        self._session.reading_saved.emit(reading)
        self._session.cases_changed.emit()

    def _not_saved(self, intent: _Intent, error: Exception) -> None:
        self._session.report(error)
        if self._session.capture is intent.capture:
            standing_stage = self.state.reading.stage if self.state.reading is not None else None
            self._show(phase="failed", stage=standing_stage)

    def _push_history(self, intent: _Intent, first: Reading) -> None:
        """Undo takes the reading back by a new row; redo appends it again."""
        latest = [first]

        def undo() -> None:
            self._session.writes.flush()
            staging.take_back(intent.project, latest[0])
            self._reread(latest[0])

        def redo() -> None:
            self._session.writes.flush()
            latest[0] = _append(intent)
            self._on_disk(latest[0].case_id, latest[0], unblinded=_own(intent.project, latest[0].case_id, intent.evaluator)[1])
            bring(self._session, latest[0].case_id)
            self._session.cases_changed.emit()

        self._session.undo.push(Change("reading", undo, redo, scope=PERSON_SCOPE, case_id=first.case_id))

    def _reread(self, taken_back: Reading) -> None:
        session, case_id = self._session, taken_back.case_id
        before, unblinded = _own(session.project, case_id, taken_back.evaluator) if session.project is not None else (None, False)
        if session.project is not None:
            self._on_disk(case_id, before, unblinded=unblinded)
        bring(session, case_id)  # unseen it would be taken for the case in front
        case = session.blinding.name(case_id)
        if before is None:
            session.tell("staging.taken_back", "info", case=case, stage=taken_back.stage)
        elif before.capture_id == taken_back.capture_id:
            session.tell("staging.taken_back_to", "info", case=case, stage=before.stage)
        else:
            session.tell("staging.taken_back_to_earlier", "info", case=case, stage=taken_back.stage, before=before.stage)
        session.cases_changed.emit()

    def _on_disk(self, case_id: str, reading: Reading | None, *, unblinded: bool = False) -> None:
        """The database says so: this, and only this, is shown as saved."""
        capture = self._session.capture
        self._generation += 1
        if capture is None or capture.case_id != case_id or (reading is not None and reading.evaluator != self._session.evaluator):
            return
        if reading is None or reading.capture_id != capture.capture_id:
            self._show(
                phase="nothing",
                stage=None,
                reading=None,
                earlier=reading,
                confidence=None,
                ambiguous=False,
                remark="",
                unblinded=False,
                revealed=None,
            )
        else:
            self._show(
                phase="saved",
                stage=reading.stage,
                reading=reading,
                earlier=None,
                confidence=reading.confidence,
                ambiguous=reading.ambiguous,
                remark=reading.remark,
                unblinded=unblinded,
            )

    # --- the session ---------------------------------------------------------------------------------------------

    def _on_case(self, _: object = None) -> None:
        capture, project = self._session.capture, self._session.project
        self._generation += 1
        self.state = StagingState(
            can_stage=capture is not None and project is not None and not project.read_only, has_crop=self._session.roi is not None
        )
        self.changed.emit(self.state)
        self._look_up()

    def _look_up(self) -> None:
        """What the database has of this evaluator for this case (also when another step wrote it)."""
        capture, project, evaluator = self._session.capture, self._session.project, self._session.evaluator
        if capture is None or project is None or not evaluator or self.state.phase == "saving":
            return
        case_id, asked = capture.case_id, self._generation

        def found(own: tuple[Reading | None, bool]) -> None:
            # A key that was pressed meanwhile goes before what was found.
            if asked == self._generation and own[0] != (self.state.reading or self.state.earlier):
                self._on_disk(case_id, own[0], unblinded=own[1])

        self._session.background.run(
            lambda: _own(project, case_id, evaluator), found, self._session.report, key=f"staging.own_reading.{id(self)}"
        )

    def _on_blinding(self, _: bool) -> None:
        self._show(revealed=None)

    def _on_roi(self, roi: Roi | None) -> None:
        self._show(has_crop=roi is not None)

    def _show(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # the names are checked by dataclasses at once
        self.changed.emit(self.state)


def _append(intent: _Intent) -> Reading:
    """Worker thread, after the frame was saved: when this returns, the reading survives a power cut."""
    project, capture = intent.project, intent.capture
    return staging.stage(
        project,
        capture.case_id,
        capture.capture_id,
        _number_of(intent),
        intent.evaluator,
        intent.stage,
        confidence=intent.confidence,
        ambiguous=intent.ambiguous,
        remark=intent.remark,
        shown=intent.shown,
        blinded=intent.blinded,
        ai_seen=intent.ai_seen,
    )


def _number_of(intent: _Intent) -> int | None:
    """Under which number the frame that the evaluator saw is saved; a reading never names a frame that is not on disk."""
    if intent.roi is None:
        return None
    saved = captures.rois(intent.project, intent.capture.capture_id)
    number = next((n for n, roi in reversed(saved.items()) if roi == intent.roi), None)
    if number is None:
        raise ProjectError("staging.frame_not_saved")
    return number


def _own(project: Project, case_id: str, evaluator: str) -> tuple[Reading | None, bool]:
    """The evaluator's standing reading of a case, and whether it came, unblinded, in place of a blinded one of the same capture."""
    rows = readings.readings(project, case_id)
    own = next((reading for reading in standing(rows) if reading.evaluator == evaluator), None)
    if own is None or own.blinded:
        return own, False
    taken_back = {row.retracts for row in rows if row.retracts}
    return own, any(
        row.blinded and row.evaluator == evaluator and row.capture_id == own.capture_id and row.reading_id not in taken_back for row in rows
    )
