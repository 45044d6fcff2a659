"""All about one training, page by page."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from sos_studio.presenters.curves import Curves, curves, parts_measured
from sos_studio.presenters.judging import JudgingPresenter, JudgingState
from sos_studio.presenters.session import Session
from sos_studio.presenters.training import TrainingPresenter
from sos_studio.presenters.training_state import Followed, TrainingState
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.model_results import Mistake, Result
from sos_studio.ui import curve_words, parts, result_words, training_facts, training_words
from sos_studio.ui.ask_box import AskBox
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.compare_view import CompareView
from sos_studio.ui.curve_view import CurveView
from sos_studio.ui.judged_cases import JudgedCases
from sos_studio.ui.result_view import ResultView
from sos_studio.ui.training_overview import TrainingOverview

MOST_MISTAKES = 100
# Height at first on a laptop's screen of so many pixels, and which share of what a larger screen has more.
LOW, LAPTOP, MORE = 180, 768, 0.35


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


class TrainingPages(QTabWidget):
    """Overview, curves, result, worst mistakes, comparison, data and settings, log."""

    def __init__(self, session: Session, training: TrainingPresenter, judging: JudgingPresenter) -> None:
        super().__init__()
        self._session, self._training, self._judging = session, training, judging
        self.setObjectName("views")
        self.setDocumentMode(True)
        self.overview = TrainingOverview(training, judging)
        self.losses = CurveView(_tr("Loss (should fall)"), curve_words.text, curve_words.term)
        self.rates = CurveView("", curve_words.text, curve_words.term, top=1.0)
        self._curves_note = parts.note()
        self._curves_note.setMinimumHeight(1)  # else a low window would have to be as high as it is in a narrow one
        self.ask, self.ask_for_mistakes = self._ask_box(), self._ask_box()
        self.result = ResultView(self.ask)
        self.judged = JudgedCases(session, judging, _tr("Cases staged wrongly, the worst first"))
        self.mistakes = self.judged.pictures
        self.mistakes.wanted.connect(self._open_case)
        self._mistakes_note = parts.note()
        self.compare = CompareView(session, training, judging)
        self.facts = self._text(_tr("Data and settings"))
        self.log = self._text(_tr("Log"))
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setPlaceholderText(_tr("The log of the training appears here."))
        self.part = ChoiceBox()
        self.part.setToolTip(_tr("Which of the networks is shown"))
        self.part.setAccessibleName(_tr("Network"))
        self.part.activated.connect(lambda _: self._show_part())
        self._followed = ("", "")
        self._lay_out()
        training.changed.connect(self._on_training)
        judging.changed.connect(self._on_judging)
        self.currentChanged.connect(lambda _: self._on_page())
        self._on_training(training.state)

    def _ask_box(self) -> AskBox:
        return AskBox(self._training, _tr("Ask it now"), _tr("Ask the network about all cases that it was not trained on"))

    @staticmethod
    def _text(name: str) -> QPlainTextEdit:
        made = QPlainTextEdit()
        made.setReadOnly(True)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        made.setAccessibleName(name)
        return made

    def _lay_out(self) -> None:
        self._charts = QWidget()
        both = QVBoxLayout(self._charts)
        both.setContentsMargins(6, 6, 6, 2)
        row = QHBoxLayout()
        row.addWidget(self.losses, 1)
        row.addWidget(self.rates, 1)
        both.addLayout(row, 1)
        both.addWidget(self._curves_note)
        self._wrong = QWidget()
        column = QVBoxLayout(self._wrong)
        column.setContentsMargins(6, 6, 6, 2)
        column.addWidget(self._mistakes_note)
        column.addWidget(self.ask_for_mistakes)
        column.addWidget(self.judged, 1)
        column.addStretch(0)
        for page, title in (
            (self.overview, _tr("Overview")),
            (self._charts, _tr("Curves")),
            (self.result, _tr("Result")),
            (self._wrong, _tr("Mistakes")),
            (self.compare, _tr("Compare")),
            (self.facts, _tr("Data and settings")),
            (self.log, _tr("Log")),
        ):
            self.addTab(page, title)
        self.setCornerWidget(self.part)

    def sizeHint(self) -> QSize:
        """Low at first, so that a laptop's screen keeps room for the step above; whoever wants more drags the upper edge."""
        return QSize(700, LOW + max(0, round(MORE * (self.screen().size().height() - LAPTOP))))

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing is worked out before somebody looks."""
        super().showEvent(event)
        self._show_result()

    # --- the training on the screen --------------------------------------------------------------------------------

    def _on_training(self, state: TrainingState) -> None:
        job = state.job
        self._show_parts(job)
        self._show_part()
        _put(self.facts, training_facts.text(job) if job is not None else "")
        _put(self.log, job.log_text if job is not None else "")

    def _show_parts(self, job: Followed | None) -> None:
        names = parts_measured(job.state.metrics) if job is not None else ()
        if [self.part.itemData(n) for n in range(self.part.count())] != list(names):
            before = self.part.currentData()
            self.part.clear()
            for name in names:
                self.part.addItem(training_words.part_name(name), name)
                self.part.setItemData(self.part.count() - 1, training_words.part_term(name), Qt.ItemDataRole.ToolTipRole)
            self.part.setCurrentIndex(self.part.findData(before))
        now = (job.handle.job_id, job.state.part) if job is not None else ("", "")
        # Follow the part that is being trained; a look back at another one stays until the next part begins.
        if now != self._followed or self.part.currentIndex() < 0:
            index = self.part.findData(now[1])
            if index >= 0:
                self._followed = now
                self.part.setCurrentIndex(index)
            elif self.part.currentIndex() < 0:
                # The part that has begun has measured nothing yet: until then the one before it.
                self.part.setCurrentIndex(self.part.count() - 1)
        self._show_corner()

    def _show_corner(self) -> None:
        self.part.setVisible(self.part.count() > 1 and self.currentWidget() in (self._charts, self.result, self._wrong))

    def _on_page(self) -> None:
        self._show_corner()
        self._show_part()

    def _on_judging(self, _: JudgingState) -> None:
        self._show_result()

    def _show_part(self) -> None:
        job = self._training.state.job
        part = self.part.currentData()
        shown = curves(job.state.metrics, part if isinstance(part, str) else "", job.spec) if job is not None else Curves()
        by_fold = job is not None and job.spec is not None and job.spec.kind == "crossval"
        self.losses.set_curves(shown.losses, span=shown.span)
        self.rates.set_title(_tr("On the test cases of each fold (should rise)") if by_fold else _tr("On the check cases (should rise)"))
        self.rates.set_curves(shown.rates, span=shown.span, by_fold=by_fold, before=curve_words.begins_late(shown))
        self._curves_note.setText(curve_words.about(job, shown) if job is not None else "")
        self._show_result()

    # --- its networks ----------------------------------------------------------------------------------------------

    @property
    def model(self) -> ModelEntry | None:
        """The network that the result and the mistakes are of."""
        job = self._training.state.job
        if job is None:
            return None
        if job.asks and job.spec is not None:
            return self._judging.state.find(next(iter(job.spec.judged_models), None))
        made = self._judging.state.of_job(job.handle.job_id)
        part = self.part.currentData()
        return made.get(part) if isinstance(part, str) and part in made else next(iter(made.values()), None)

    def _show_result(self) -> None:
        if self.currentWidget() not in (self.result, self._wrong) or not self.isVisible():
            return
        entry, state = self.model, self._judging.state
        found: Result | None = None
        instead = wrong = _tr("Nothing to show before the training is complete.")
        unasked = False
        if entry is not None and entry.card.kind == "detector":
            figures = (entry.card.model_extra or {}).get("held_out")
            instead = result_words.detector_lines(figures if isinstance(figures, dict) else {})
            wrong = _tr("This network finds the SOS and names no stage. Choose another one at the top right.")
        elif entry is not None:
            model_id = entry.card.model_id
            self._judging.ask_result(model_id)
            state = self._judging.state
            found = state.results.get(model_id)
            unasked = found is None and model_id in state.results
            instead = wrong = _tr("Working it out …")
            if unasked:
                instead = _tr("What it says of each case is not known: it was trained by an older version.")
                wrong = _tr("Which cases it got wrong is not known: it was trained by an older version.")
        for box in (self.ask, self.ask_for_mistakes):
            box.set_models([entry.card.model_id] if entry is not None else [], offered=unasked and not state.read_only)
        self.result.set_result(found, instead, phantom=entry is not None and entry.card.phantom)
        self._show_mistakes(found, wrong, state)

    def _show_mistakes(self, found: Result | None, instead: str, state: JudgingState) -> None:
        shown = found.mistakes[:MOST_MISTAKES] if found is not None and not state.hidden else ()
        self.judged.set_cases([found.model_id] if found is not None else [], [(each.case, _said(each)) for each in shown])
        self.judged.setVisible(bool(shown))
        if state.hidden:
            told = _tr("Hidden while you read blinded: labels and answers stand beside one another here.")
        elif found is None:
            told = instead
        elif not found.mistakes:
            told = _tr("All {n} cases were staged rightly.").format(n=found.n)
        else:
            told = _tr("{wrong} of {n} cases were staged wrongly: the furthest off and the surest first. A double click opens one.")
            told = told.format(wrong=len(found.mistakes), n=found.n)
        self._mistakes_note.setText(told)

    def _open_case(self, case_id: str) -> None:
        self._session.case_requested.emit(case_id)
        self._session.step_requested.emit("predict")


def _said(mistake: Mistake) -> str:
    told = _tr("label {stage}, said {said} ({sure})")
    return told.format(stage=mistake.case.stage, said=mistake.predicted, sure=result_words.percent(mistake.probability))


def _put(view: QPlainTextEdit, text: str) -> None:
    """New text, without moving what is being read."""
    if text == view.toPlainText():
        return
    bar = view.verticalScrollBar()
    at_end, place = bar.value() >= bar.maximum() - 4 and bar.maximum() > 0, bar.value()
    view.setPlainText(text)
    bar.setValue(bar.maximum() if at_end else place)
