"""Up to three answers to one full image beside one another, and the figure that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal

from sos_studio.core.errors import SosError
from sos_studio.core.predictions import KeptPrediction
from sos_studio.dataset import cases
from sos_studio.dataset.cases import CaseSummary
from sos_studio.messages import Message, message
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.acquaintance import acquaintance_of_all
from sos_studio.services.case_report import consensus_words
from sos_studio.services.contenders import Contender, ask_contender, contenders
from sos_studio.services.figures import Panel, Part, Shown, draw_figure, save_figure
from sos_studio.services.model_list import models
from sos_studio.services.prediction import PredictionResult
from sos_studio.services.revealing import note_shown

if TYPE_CHECKING:
    from sos_studio.core.answer_words import Acquaintance
    from sos_studio.dataset.project import Project
    from sos_studio.services.captures import StoredCapture

PLACES = 3
Phase = Literal["empty", "asking", "shown", "failed"]


@dataclass(frozen=True, eq=False)
class Place:
    """One of the places side by side.

    Attributes
    ----------
    known
        What its networks have seen of the case, once there is an answer.
    """

    phase: Phase = "empty"
    contender: Contender | None = None
    result: PredictionResult | None = None
    problem: Message | None = None
    known: Acquaintance | None = None


@dataclass(frozen=True, eq=False)
class SideBySideState:
    """What is offered, and what stands where.

    Attributes
    ----------
    case
        The case with what its readers made of it; None for somebody who reads blinded.
    saving, saved, problem
        Whether a figure is being written, where the last one is, or why there is none.
    """

    offered: tuple[Contender, ...] = ()
    places: tuple[Place, ...] = (Place(),) * PLACES
    case: CaseSummary | None = None
    saving: bool = False
    saved: Path | None = None
    problem: Message | None = None


class SideBySidePresenter:
    """Asks about the capture that was open when it was made; each answer is noted as shown to the evaluator.

    Parameters
    ----------
    before
        What stood at the places the last time (`chosen`); empty: the network that is chosen in Predict and the newest other one are asked.
    """

    changed = Signal(SideBySideState)

    def __init__(self, session: Session, prediction: PredictionPresenter, before: Sequence[str | None] = ()) -> None:
        self._session, self._prediction = session, prediction
        self.capture, self._roi, self._project = session.capture, session.roi, session.project
        self._before = tuple(before)
        self.state = SideBySideState()
        if self._project is not None and self.capture is not None:
            project, framed, case_id = self._project, self._roi is not None, self.capture.case_id
            blinded = session.blinding.on
            session.background.run(
                lambda: (contenders(models(project), framed=framed), None if blinded else cases.case(project, case_id)),
                lambda found: self._on_offered(*found),
                session.report,
            )

    @property
    def chosen(self) -> tuple[str | None, ...]:
        """What stands where, to be there again the next time."""
        return tuple(None if place.contender is None else _key(place.contender) for place in self.state.places)

    def choose(self, place: int, contender: Contender | None) -> None:
        """Ask it for this place; None empties the place."""
        if contender is None:
            self._put(place, Place())
            return
        capture, project, state = self.capture, self._project, self._prediction.state
        if capture is None or project is None:
            return
        asked = Place("asking", contender)
        self._put(place, asked)
        service, roi, evaluator = self._prediction.service, self._roi, self._session.evaluator

        def work() -> tuple[PredictionResult, Acquaintance]:
            known = acquaintance_of_all(project, contender.cards, capture.case_id)
            result = ask_contender(service, contender, capture.full8, roi, stage=state.heat_stage, method=state.heat_method)
            _record(project, capture, contender, result, evaluator)
            return result, known

        def done(answered: tuple[PredictionResult, Acquaintance]) -> None:
            if self.state.places[place] is asked:
                self._session.blinding.saw_ai(capture.case_id)
                self._put(place, replace(asked, phase="shown", result=answered[0], known=answered[1]))

        def failed(error: Exception) -> None:
            problem = message(error.code, error.values) if isinstance(error, SosError) else message("prediction.failed")
            if self.state.places[place] is asked:
                self._put(place, replace(asked, phase="failed", problem=problem))

        self._session.background.run(work, done, failed)

    def save_figure(self, path: Path, titles: tuple[str, ...], part: Part | None = None) -> None:
        """PNG or PDF by the file's ending; `titles` of the places that are shown, in order; `part` of the full image (None: all)."""
        capture, state, session = self.capture, self._prediction.state, self._session
        shown = [(place, place.result) for place in self.state.places if place.result is not None]
        if capture is None or not shown:
            return
        panels = [
            Panel(title, result, place.known, None if place.contender is None else place.contender.measured)
            for title, (place, result) in zip(titles, shown, strict=True)
        ]
        form = "pdf" if path.suffix.lower() == ".pdf" else "png"

        case = self.state.case
        readers = "" if case is None else consensus_words(case)
        of = Shown(session.blinding.name(capture.case_id), readers, capture.record.spacing_mm)

        def work() -> None:
            content = draw_figure(capture.full8, panels, of=of, part=part, opacity=state.opacity, colour_map=state.colour_map, form=form)
            save_figure(path, content)

        def failed(error: Exception) -> None:
            self._show(
                saving=False,
                saved=None,
                problem=message(error.code, error.values) if isinstance(error, SosError) else message("prediction.failed"),
            )

        self._show(saving=True, saved=None, problem=None)
        session.background.run(work, lambda _: self._show(saving=False, saved=path), failed)

    def _on_offered(self, offered: list[Contender], case: CaseSummary | None) -> None:
        self._show(offered=tuple(offered), case=case)
        by_key = {_key(contender): contender for contender in offered}
        known = [by_key.get(key or "") for key in self._before]
        # At once the one that is asked in Predict and the newest other: with and without whatever was changed between them.
        used = self._prediction.state.chosen
        first = sorted(offered, key=lambda one: one.how != "student" or one.networks[0] != used)
        for place, contender in enumerate(known if any(known) else first[:2]):
            if contender is not None:
                self.choose(place, contender)

    def _put(self, place: int, what: Place) -> None:
        places = list(self.state.places)
        places[place] = what
        self._show(places=tuple(places))

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


def _key(contender: Contender) -> str:
    return f"{contender.how} {contender.key}"


def _record(project: Project, capture: StoredCapture, contender: Contender, result: PredictionResult, evaluator: str) -> None:
    """Whoever has seen it has seen an AI's answer, whichever it was."""
    said = result.prediction
    note_shown(
        project,
        capture.capture_id,
        evaluator,
        model_id=contender.key,
        stage=said.stage,
        probabilities=said.probabilities,
        kept=KeptPrediction.of(said, result.map, None) if contender.how == "student" else None,
    )
