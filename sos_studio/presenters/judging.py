"""What came of trainings: figures of a network on cases that it was not trained on, two side by side, and which one is in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session, fault
from sos_studio.services import job_care, model_choice, model_list, model_results, revealing
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.model_results import Comparison, Labelled, Result

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class JudgingState:
    """What the training panel knows of a project's networks.

    Attributes
    ----------
    models
        All of them, the newest first; `names` are those of their trainings, by model id.
    used, before
        The student that predictions are made with, and the one that was before it, if it is still there.
    results, comparisons
        Those that were asked for; None or a message where there is nothing to show.
    hidden
        The evaluator reads blinded: no case is shown beside its label.
    uncovered
        Cases that the evaluator has not read and whose labels and answers they asked to see.
    """

    models: tuple[ModelEntry, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    used: str | None = None
    before: str | None = None
    results: Mapping[str, Result | None] = field(default_factory=dict)
    comparisons: Mapping[Pair, Comparison | Message] = field(default_factory=dict)
    hidden: bool = False
    uncovered: frozenset[str] = frozenset()
    read_only: bool = False

    @property
    def staging(self) -> tuple[ModelEntry, ...]:
        """Networks that name a stage."""
        return tuple(entry for entry in self.models if entry.card.kind != "detector")

    def of_job(self, job_id: str) -> dict[str, ModelEntry]:
        """Networks that a training has stored, by their kind."""
        return {entry.card.kind: entry for entry in self.models if (entry.card.model_extra or {}).get("job_id") == job_id}

    def find(self, model_id: str | None) -> ModelEntry | None:
        """A network by its id."""
        return next((entry for entry in self.models if entry.card.model_id == model_id), None)


class JudgingPresenter:
    """Reads models, records and labels off the GUI thread; nothing is worked out before somebody asks for it."""

    changed = Signal(JudgingState)

    def __init__(self, session: Session) -> None:
        self._session = session
        self.state = JudgingState(hidden=session.blinding.on)
        # What is being worked out, or was: an answer counts for the last question only.
        self._asked: dict[str | Pair, object] = {}
        session.project_changed.connect(self._on_project)
        session.models_changed.connect(self.refresh)
        session.cases_changed.connect(self._on_cases)
        session.blinding.changed.connect(lambda on: self._show(hidden=bool(on)))
        session.evaluator_changed.connect(lambda _: self._show(uncovered=frozenset()))
        self._on_project(session.project)

    def refresh(self) -> None:
        """Read the list of networks anew; figures are worked out again when they are asked for."""
        project = self._session.project
        if project is None:
            return

        def found(what: dict[str, Any]) -> None:
            if self._session.project is project:
                self._asked.clear()
                self._show(results={}, comparisons={}, **what)

        self._session.background.run(lambda: _read(project), found, self._session.report, key="judging.models")

    def ask_result(self, model_id: str) -> None:
        """Work out how a network did; `state.results` has it soon."""
        entry, project = self.state.find(model_id), self._session.project
        if entry is None or project is None or model_id in self._asked:
            return
        self._ask(
            model_id,
            lambda: model_results.result(entry, model_results.labelled(project)),
            lambda found: self._show(results={**self.state.results, model_id: found}),
            lambda _: self._show(results={**self.state.results, model_id: None}),
        )

    def ask_comparison(self, first: str, second: str) -> None:
        """Work out how two networks compare; `state.comparisons` has it soon."""
        project, pair = self._session.project, (first, second)
        entries = self.state.find(first), self.state.find(second)
        if project is None or pair in self._asked or entries[0] is None or entries[1] is None:
            return
        one, other = entries[0], entries[1]

        def put(found: Comparison | Message) -> None:
            self._show(comparisons={**self.state.comparisons, pair: found})

        self._ask(pair, lambda: model_results.compare(one, other, model_results.labelled(project)), put, put)

    def covers(self, case: Labelled) -> bool:
        """Whether label and answers of a case stay covered: who reads here has not read it, and did not ask to see them."""
        return self._session.evaluator not in case.staged_by and case.case_id not in self.state.uncovered

    def uncover(self, model_ids: Sequence[str], cases: Sequence[Labelled]) -> None:
        """Show what these networks said of cases, and their labels; a reading made afterwards says that the answer was seen."""
        project, evaluator = self._session.project, self._session.evaluator
        if project is None:
            return
        models = [entry for entry in self.state.models if entry.card.model_id in model_ids]

        def show(_: object) -> None:
            if (self._session.project, self._session.evaluator) == (project, evaluator):
                for case in cases:
                    # Also if the disk refused the record.
                    self._session.blinding.saw_ai(case.case_id)
                self._show(uncovered=self.state.uncovered | {case.case_id for case in cases})

        def refused(error: Exception) -> None:
            self._session.report(error)
            show(None)

        captures = {case.capture_id for case in cases}
        self._session.background.run(lambda: revealing.note_judged(project, models, captures, evaluator), show, refused)

    def use(self, model_id: str) -> None:
        """Predict with this student from now on; the one before stays one click away."""
        project, entry = self._session.project, self.state.find(model_id)
        if project is None or entry is None or entry.card.kind != "student":
            return

        def chosen(_: object) -> None:
            self._session.tell("model.now_in_use", "success")
            self._session.models_changed.emit()

        def choose() -> None:
            project.require_writable()
            model_list.settle(project)  # so that there is a way back to what nobody ever chose
            model_choice.choose(project.directory / model_list.MODELS_DIR, model_id)

        self._session.background.run(choose, chosen, self._session.report)

    def _ask(self, key: str | Pair, work: Callable[[], Any], put: Callable[[Any], None], failed: Callable[[Message], None]) -> None:
        question = self._asked[key] = object()
        project = self._session.project

        def still(deliver: Callable[[Any], None], what: object) -> None:
            if self._session.project is project and self._asked.get(key) is question:
                deliver(what)

        def on_error(error: Exception) -> None:
            code, values = fault(error)
            still(failed, message(code, self._session.blinding.values(values)))

        self._session.background.run(work, lambda found: still(put, found), on_error)

    def _on_cases(self) -> None:
        """Labels may be others now: who looks asks again, and what was worked out stays until then."""
        if self._asked:
            self._asked.clear()
            self.changed.emit(self.state)

    def _on_project(self, project: Project | None) -> None:
        self._asked.clear()
        self.state = JudgingState(hidden=self._session.blinding.on, read_only=project is not None and project.read_only)
        self.changed.emit(self.state)
        self.refresh()

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


def _read(project: Project) -> dict[str, Any]:
    """Worker thread."""
    models = tuple(model_list.models(project))
    used, before = model_list.current(project, "student"), model_list.before_current(project)
    names = {}
    for entry in models:
        job_id = (entry.card.model_extra or {}).get("job_id")
        if isinstance(job_id, str) and job_id:
            names[entry.card.model_id] = job_care.name_of(project.path("jobs", job_id))
    return {
        "models": models,
        "names": names,
        "used": None if used is None else used.card.model_id,
        "before": None if before is None else before.card.model_id,
    }
