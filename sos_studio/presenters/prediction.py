"""The Predict step's decisions: which student looks at the full image, what is shown of its answer, and what becomes of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from sos_studio.core.errors import SosError
from sos_studio.core.predictions import HeatMethod
from sos_studio.imaging.heatmaps import ColourMap
from sos_studio.messages import message
from sos_studio.presenters.answers import Answered, Answers, Asked, OnRecord, Shown, ask, on_record, other_heat, record, with_frame
from sos_studio.presenters.heat_pictures import HeatPictures, load_colours
from sos_studio.presenters.network_choice import chosen_last, forget_choice, note_choice
from sos_studio.presenters.prediction_state import Phase, PredictionState
from sos_studio.presenters.session import Session
from sos_studio.presenters.staging import StagingPresenter
from sos_studio.services.model_list import ModelEntry, current, models
from sos_studio.services.network_names import names_of
from sos_studio.services.prediction import PredictionService

if TYPE_CHECKING:
    from sos_studio.core.roi import Roi
    from sos_studio.dataset.project import Project
    from sos_studio.services.captures import StoredCapture

log = logging.getLogger(__name__)

WARM_UP_AFTER_MS = 3000


class PredictionPresenter:
    """Asks the student about the session's capture."""

    changed = Signal(PredictionState)

    def __init__(self, session: Session, service: PredictionService | None = None) -> None:
        self._session = session
        self._service = service if service is not None else PredictionService()
        self.readings = StagingPresenter(session)
        self.state = PredictionState()
        self._pictures = HeatPictures(session, lambda: self.state)
        self.heat_changed, self.outline_changed = self._pictures.heat_changed, self._pictures.outline_changed
        self._answers = Answers()
        # On their way; one goes on when the person goes to another case.
        self._running: set[Asked] = set()
        self._evaluator = session.evaluator
        self._was_hidden = False
        self._used: str | None = None  # the student that the project predicts with, when it was looked at last
        self._first_name = ""  # given after something had been asked without a name: that was this person
        session.project_changed.connect(self._on_project)
        session.models_changed.connect(self.refresh_models)
        session.capture_changed.connect(lambda _: self._anew())
        session.roi_changed.connect(self._on_roi)
        session.evaluator_changed.connect(self._on_evaluator)
        session.blinding.changed.connect(self._on_hiding)
        self.readings.changed.connect(self._on_hiding)
        self._on_project(session.project)

    @property
    def hidden(self) -> bool:
        """Whether the evaluator reads blinded and has not read this capture yet: nothing is asked or shown then."""
        return self._session.blinding.on and self._session.capture is not None and not self.readings.state.read_here

    @property
    def service(self) -> PredictionService:
        """Who answers; others may ask it too."""
        return self._service

    # --- asking --------------------------------------------------------------------------------------------------

    def predict(self) -> None:
        """Ask the chosen student about the full image."""
        capture, project, state = self._session.capture, self._session.project, self.state
        if self.hidden:
            self._session.tell("staging.read_first", "info")
            return
        wanted = self._asked()
        if capture is None or state.chosen is None or wanted is None:
            self._session.tell("predict.no_image" if capture is None else "prediction.no_student", "warning")
            return
        if wanted in self._running:
            return
        model, detector, roi, service, method = state.chosen, state.detector, self._session.roi, self._service, state.heat_method
        self._running.add(wanted)
        self._session.begun.emit()
        self._show(phase="predicting", problem=None)
        self._session.busy.emit("predict")
        self._session.progress.emit(-1.0)

        def first(answered: Answered) -> None:
            """The student's stage at once; the detector is asked while it is looked at."""
            asked = self._named(wanted)
            if detector is None:
                self._answered(asked, capture, project, answered)
                return
            seen = self._asked() == asked and self._session.project is project
            if seen:
                self._note(asked, project, answered)
                self._show(phase="shown", shown=replace(answered.shown, looking_for_frame=True))
                self.send_heat()
            self._session.background.run(
                lambda: with_frame(service, capture, detector, answered),
                lambda whole: self._answered(asked, capture, project, whole, noted=seen),
                lambda error: self._failed(asked, capture, project, error),
                key=f"predict.{asked}",
            )

        self._session.background.run(
            lambda: ask(service, capture, model, roi, method=method),
            first,
            lambda error: self._failed(wanted, capture, project, error),
            key=f"predict.{wanted}",
        )

    def choose_model(self, model_id: str) -> None:
        """Ask another student from now on; an answer of the former one leaves the screen."""
        chosen = next((entry for entry in self.state.students if entry.card.model_id == model_id), None)
        if chosen is not None and chosen != self.state.chosen:
            note_choice(self._session, chosen, self._used)
            self._anew(chosen=chosen)
            self._session.background.after(WARM_UP_AFTER_MS, self._warm_up, key="predict.warm_up")

    def refresh_models(self) -> None:
        """Read the project's models again."""
        project = self._session.project
        if project is None:
            self._found_models(None, [], None, {})
            return
        self._session.background.run(
            lambda: ((found := models(project)), current(project, "student"), names_of(found)),
            lambda found: self._found_models(project, *found),
            self._session.report,
            key="predict.models",
        )

    def close(self) -> None:
        """Stop the process that answers."""
        self._service.close()

    # --- looking -------------------------------------------------------------------------------------------------

    def toggle_heat(self) -> None:
        """Heatmap on or off."""
        self._show(heat_on=not self.state.heat_on)

    def set_opacity(self, opacity: float) -> None:
        """0 … 1."""
        self._show(opacity=min(max(opacity, 0.0), 1.0))

    def set_colour_map(self, colour_map: ColourMap) -> None:
        """Other colours."""
        if colour_map != self.state.colour_map:
            self._show(colour_map=colour_map)
            self.send_heat()

    def set_heat_stage(self, stage: int | None) -> None:
        """Show the evidence for this stage; None: for the predicted one."""
        if stage != self.state.heat_stage:
            self._show(heat_stage=stage)
            self._heat_as_asked()

    def set_heat_method(self, method: HeatMethod) -> None:
        """Make heatmaps in this way from now on."""
        if method != self.state.heat_method:
            self._show(heat_method=method)
            self._heat_as_asked()

    def set_outline(self, share: float | None) -> None:
        """Outline where more than this share of the highest attention lies; None: no outline."""
        self._show(outline=None if share is None else min(max(share, 0.0), 1.0))
        self._pictures.trace()

    # --- reading -------------------------------------------------------------------------------------------------

    def confirm(self) -> None:
        """The evaluator agrees: a reading of the predicted stage, marked as made after seeing it."""
        if self.state.shown is not None:
            self.correct(self.state.shown.prediction.stage)

    def correct(self, stage: int) -> None:
        """The evaluator's own stage, marked as made after seeing the prediction."""
        if self.state.shown is None:
            self._session.tell("predict.nothing_to_confirm", "info")
        else:
            self.readings.choose(stage, after_prediction=True)

    # --- answers -------------------------------------------------------------------------------------------------

    def _answered(self, asked: Asked, capture: StoredCapture, project: Project | None, whole: Answered, *, noted: bool = False) -> None:
        """On the screen if who asked is still there; else kept until they come back, and told. `noted`: it is on record without a frame."""
        asked = self._named(asked)
        if not self._arrived(asked, project):
            return
        self._answers.keep(asked, whole.shown, None if noted and not whole.shown.detector_asked else whole)
        if self._asked() == asked:
            self._bring(asked, project)
        elif not self._in_front(capture):
            # The case, never the stage: who looks at the screen now may not have read that case yet.
            self._session.tell("predict.ready_elsewhere", "info", case=self._session.blinding.name(capture.case_id))

    def _bring(self, asked: Asked, project: Project | None) -> bool:
        """A remembered answer onto the screen, on record as shown before anybody sees it; whether there is one."""
        shown, news = self._answers.get(asked), self._answers.take_news(asked)
        if news is not None:
            self._note(asked, project, news)
        if shown is not None:
            self._show(phase="shown", shown=shown)
            self.send_heat()
            self._heat_as_asked()
        return shown is not None

    def _note(self, asked: Asked, project: Project | None, answered: Answered) -> None:
        """On record before anybody sees it: a reading that is made with it in sight stands behind it in the line of writes."""
        session = self._session
        if project is not None:
            session.writes.submit(lambda: record(project, asked, answered), lambda _: session.cases_changed.emit(), session.report)

    def _failed(self, asked: Asked, capture: StoredCapture, project: Project | None, error: Exception) -> None:
        asked = self._named(asked)
        if not self._arrived(asked, project):
            return
        problem = message(error.code, error.values) if isinstance(error, SosError) else message("prediction.failed")
        if self._asked() == asked:
            self._session.report(error)
            self._show(phase="failed", problem=problem)
            if problem.code == "prediction.model_gone":
                self.refresh_models()  # it leaves the list
        elif not self._in_front(capture):
            self._session.tell(
                "predict.failed_elsewhere", "warning", case=self._session.blinding.name(capture.case_id), reason=problem.text
            )

    def _arrived(self, asked: Asked, project: Project | None) -> bool:
        """Nothing is waited for any more; whether the project it belongs to is still open."""
        if self._session.project is not project:
            return False
        self._running.discard(asked)
        if not self._running:
            self._session.busy.emit(None)
        return True

    def _in_front(self, capture: StoredCapture) -> bool:
        return self._session.capture is not None and self._session.capture.capture_id == capture.capture_id

    def _heat_as_asked(self) -> None:
        """Bring a heatmap that is missing, or is of another stage or made in another way than is wanted now."""
        state, capture, asked, service = self.state, self._session.capture, self._asked(), self._service
        shown, model, wanted = state.shown, state.chosen, state.heat_wanted
        if shown is None or capture is None or model is None or wanted is None:
            return
        if shown.heat01_vu is not None and state.heat_coming is None:
            return
        stage, method = wanted

        def deliver(made: Shown) -> None:
            if self.state.shown is shown and self.state.heat_wanted == wanted and asked is not None:
                self._answers.keep(asked, made)
                self._show(shown=made)
                self.send_heat()

        def failed(error: Exception) -> None:
            if shown.heat01_vu is not None:
                self._session.report(error)
                if self.state.shown is shown and self.state.heat_wanted == wanted:  # what is there is shown on under its own name
                    self._show(heat_stage=shown.chosen_stage, heat_method=shown.heat_method)
            else:  # nobody has asked: the figures stand without it, and say so
                log.info("no heatmap for an earlier prediction: %s", error)

        self._session.background.run(
            lambda: other_heat(service, capture, model, shown, stage=stage, method=method), deliver, failed, key="predict.heat"
        )

    def send_heat(self) -> None:
        """Tell views the heatmap and its outline as they are now."""
        self._pictures.send()

    # --- the session ---------------------------------------------------------------------------------------------

    def _on_project(self, _: object) -> None:
        self._answers.clear()
        if self._running:
            self._running.clear()
            self._session.busy.emit(None)
        self._clear(students=(), chosen=None, detectors=())
        self.refresh_models()

    def _on_roi(self, roi: Roi | None) -> None:
        """The attention was measured in the frame of then; a new frame needs a new answer."""
        shown = self.state.shown
        if shown is None or roi is None or shown.shown_utc is not None:
            return
        if shown.expert_frame is None or shown.expert_frame.roi() != roi:
            self._clear()

    def _on_evaluator(self, name: str) -> None:
        """What one person asked for is not the next one's to see; a name that is given for the first time changes nobody."""
        before, self._evaluator = self._evaluator, name
        self._first_name = "" if before else name
        self._running = {self._named(asked) for asked in self._running}
        self._answers.rename(self._named)
        if before or self.state.shown is None:
            self._anew()

    def _named(self, asked: Asked) -> Asked:
        return asked if asked.evaluator else asked._replace(evaluator=self._first_name)

    def _asked(self) -> Asked | None:
        """What an answer must belong to that may be on the screen now."""
        capture, chosen = self._session.capture, self.state.chosen
        if capture is None or chosen is None or self.hidden:
            return None
        return Asked(capture.capture_id, chosen.card.model_id, self._session.evaluator)

    def _on_hiding(self, _: object) -> None:
        before, self._was_hidden = self._was_hidden, self.hidden
        if self._was_hidden != before:
            self._anew()

    def _anew(self, **changes: Any) -> None:
        self._clear(**changes)
        self._show_again()

    def _show_again(self) -> None:
        """Back at a case: what this evaluator had on the screen is there again, of an earlier sitting the figures."""
        asked, capture, chosen, project = self._asked(), self._session.capture, self.state.chosen, self._session.project
        if asked is None or capture is None or chosen is None or project is None or asked in self._running:
            return
        if self._bring(asked, project):
            return

        def found(there: OnRecord) -> None:
            if self._asked() != asked or self.state.phase != "ready":
                return
            if there.shown is not None:
                self._show(phase="shown", shown=there.shown)
                self.send_heat()
                self._heat_as_asked()
            else:
                self._show(others=there.others)

        case_id, card, shape_vu = capture.case_id, chosen.card, capture.shape_vu
        self._session.background.run(
            lambda: on_record(project, case_id, asked, card, shape_vu), found, self._session.report, key="predict.record"
        )

    def _found_models(self, project: Project | None, found: list[ModelEntry], used: ModelEntry | None, names: Mapping[str, str]) -> None:
        if self._session.project is not project:
            return
        students = tuple(entry for entry in found if entry.card.kind == "student")
        chosen, before, self._used = self.state.chosen, self._used, None if used is None else used.card.model_id
        # One that was just taken into use is the one to ask, and no earlier choice; else stay with the one chosen, in whichever sitting.
        if chosen is None:
            chosen = chosen_last(self._session, students, used)
        elif chosen not in students or self._used != before:
            chosen = used
            forget_choice(self._session)
        detectors = tuple(entry for entry in found if entry.card.kind == "detector")
        self._show(students=students, detectors=detectors, names=names, used=self._used)
        if chosen != self.state.chosen:
            self._anew(chosen=chosen)
        elif self.state.shown is None and self.state.phase != "predicting":
            self._clear()
        if chosen is not None:
            self._session.background.after(WARM_UP_AFTER_MS, self._warm_up, key="predict.warm_up")

    def _warm_up(self) -> None:
        """Start the process and load the student while nobody waits for it; a fault is told when somebody does."""
        service, colour_map, chosen = self._service, self.state.colour_map, self.state.chosen

        def warm_up() -> None:
            load_colours(colour_map)
            service.warm_up(None if chosen is None else chosen.path)

        self._session.background.run(warm_up, lambda _: None, lambda error: log.info("no warm predictor: %s", error))

    def _clear(self, **changes: Any) -> None:
        """Nothing is shown; the phase says what is missing."""
        self._show(shown=None, problem=None, others=False, **changes)
        phase: Phase = "ready"
        if self._session.project is None:
            phase = "no_project"
        elif self.state.chosen is None:
            phase = "no_model"
        elif self._session.capture is None:
            phase = "no_image"
        elif self._asked() in self._running:
            phase = "predicting"
        self._show(phase=phase)
        self._pictures.forget()

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        if self.state.shown is not None and self._session.capture is not None:
            self._session.blinding.saw_ai(self._session.capture.case_id)
        self.changed.emit(self.state)
