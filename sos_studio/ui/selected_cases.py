"""What is done with the cases that are selected in the list; words and dialogs around `presenters.bulk`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from sos_studio.core.actions import Action
from sos_studio.presenters.bulk import BulkPresenter
from sos_studio.ui.ask_evaluator import ask_evaluator
from sos_studio.ui.exclusion import ExclusionDialog
from sos_studio.ui.language import plural
from sos_studio.ui.leaks_dialog import LeaksDialog
from sos_studio.ui.predicted_dialog import PredictedDialog

if TYPE_CHECKING:
    from sos_studio.ui.main_window import MainWindow


def _tr(text: str) -> str:
    return QCoreApplication.translate("SelectedCases", text)


class SelectedCases:
    """Asks what has to be asked, then lets `BulkPresenter` do it.

    Parameters
    ----------
    window
        Its list holds the selection.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self.presenter = BulkPresenter(window.session, window.predict.presenter)
        self.actions_by_id: Mapping[Action, Callable[[], None]] = {
            Action.SELECT_LISTED: self._select_listed,
            Action.CASE_HISTORY: lambda: window.actions_of_window.care.show_history(self._one()),
            Action.SELECT_LAST_IMPORT: lambda: self.presenter.find_last_import(self._select),
            Action.EXCLUDE_SELECTED: self.exclude,
            Action.INCLUDE_SELECTED: lambda: self.presenter.include(window.cases_dock.selected_cases()),
            Action.PREDICT_SELECTED: self.predict,
            Action.EXPORT_SELECTED: lambda: window.files.export(frozenset(window.cases_dock.selected_cases())),
        }

    def possible(self, action: Action) -> bool:
        """Whether there is anything to do it with."""
        if action is Action.SELECT_LISTED:
            return bool(self._window.cases.rows)
        if action is Action.SELECT_LAST_IMPORT:
            return bool(self._window.cases.everything)
        if action is Action.CASE_HISTORY:
            return self._session.project is not None and self._one() is not None
        return self._session.project is not None and bool(self._window.cases_dock.selected_cases())

    def exclude(self) -> None:
        """Ask why; who excludes must be known first."""
        session = self._session
        if not session.evaluator:
            ask_evaluator(session, self._window, self.exclude)
            return
        chosen = self._window.cases_dock.selected_cases()
        if not chosen:
            return
        project = session.project
        dialog = ExclusionDialog(plural("SelectedCases", "1 case", "{n} cases", len(chosen)), None, self._window)

        def accepted() -> None:
            if session.project is project:
                self.presenter.exclude(chosen, dialog.reason, dialog.note)

        dialog.accepted.connect(accepted)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def predict(self) -> None:
        """In a dialog that fills while the student answers."""
        chosen = self._window.cases_dock.selected_cases()
        dialog = PredictedDialog(self._session, self.presenter, self._window)
        dialog.case_wanted.connect(self._show_prediction)
        dialog.finished.connect(dialog.deleteLater)
        self.presenter.predict(chosen)

    def show_leaks(self) -> None:
        """Which cases keep a training from starting, and what to do with them."""
        dialog = LeaksDialog(self._session, self.presenter, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _show_prediction(self, case_id: str) -> None:
        self._window.cases.open_case(case_id)
        self._window.show_step("predict")

    def _select_listed(self) -> None:
        self._window.cases_dock.show()
        self._window.cases_dock.list.setFocus()
        self._window.cases_dock.list.selectAll()

    def _select(self, case_ids: tuple[str, ...]) -> None:
        """Also those that the filter hides: it gives way."""
        self._window.cases_dock.show()
        self._window.cases_dock.select(case_ids)

    def _one(self) -> str | None:
        """The case that is meant where one is: the selected one, or the open one where none is selected."""
        chosen = self._window.cases_dock.selected_cases()
        return self._session.case_id if not chosen else chosen[0] if len(chosen) == 1 else None
