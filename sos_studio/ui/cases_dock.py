"""Left dock: the cases of the project with search and filter."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QObject,
    QPoint,
    Qt,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QHBoxLayout, QLabel, QListView, QStackedWidget, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.presenters.cases import CasesPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.listed_cases import ListedCase
from sos_studio.ui import parts
from sos_studio.ui.blinding import BlindedSign
from sos_studio.ui.case_delegate import CASE_ROLE, CaseDelegate
from sos_studio.ui.case_filters import CaseFilters
from sos_studio.ui.cases_model import CasesModel
from sos_studio.ui.language import plural
from sos_studio.ui.no_cases import NoCases
from sos_studio.ui.selection_bar import SelectionBar


def _tr(text: str) -> str:
    return QCoreApplication.translate("CasesDock", text)


class CasesDock(QDockWidget):
    """Search, filter by status and stage, list."""

    def __init__(self, session: Session, presenter: CasesPresenter, parent: QWidget | None = None) -> None:
        super().__init__(_tr("Cases"), parent)
        self.setObjectName("cases-dock")
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self._session = session
        self._presenter = presenter
        self.filters = CaseFilters()
        self.filters.changed.connect(self._on_filter)
        self.search, self.status, self.stage, self.reader = (
            self.filters.search,
            self.filters.status,
            self.filters.stage,
            self.filters.reader,
        )
        self.search.installEventFilter(self)
        self.model = CasesModel(presenter, session, self)
        self.list = self._make_list()
        self.selection = SelectionBar()
        self.count = QLabel()
        self.count.setObjectName("quiet")
        self._empty = NoCases()
        self._empty.clear_wanted.connect(self.filters.clear)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        self._lay_out()
        presenter.rows_changed.connect(self._on_rows)
        session.case_changed.connect(self._on_case)
        session.project_changed.connect(self._on_project)
        session.blinding.changed.connect(self._on_blinding)
        self._on_blinding(session.blinding.on)
        self._on_project(session.project)

    def _lay_out(self) -> None:
        self._next = parts.button(_tr("Next unstaged"), _tr("Open the next case without a reading by you"), Action.NEXT_UNSTAGED)
        self._next.clicked.connect(self._presenter.open_next_unstaged)
        self._next.setEnabled(bool(self._presenter.everything))
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 6, 10, 8)
        foot.addWidget(self.count, 1)
        foot.addWidget(self._next)
        body = QWidget()
        body.setObjectName("panel")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(BlindedSign(self._session, short=True))
        layout.addWidget(self.filters)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.selection)
        layout.addLayout(foot)
        body.setMinimumWidth(236)
        self.setWidget(body)

    def _make_list(self) -> QListView:
        view = QListView()
        view.setObjectName("cases")
        view.setModel(self.model)
        view.setItemDelegate(CaseDelegate(view))
        view.setUniformItemSizes(True)
        view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        view.setMouseTracking(True)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setAccessibleName(_tr("Cases"))
        view.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._show_menu)
        view.selectionModel().selectionChanged.connect(lambda *_: self._on_selection())
        self.model.modelReset.connect(self._on_selection)
        view.clicked.connect(self._on_click)
        view.activated.connect(self._open)
        return view

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """From the search field, Down goes into the list and Enter opens the first case found."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down:
                self.list.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._presenter.rows:
                self._presenter.open_case(self._presenter.rows[0].case_id)
                return True
        return super().eventFilter(watched, event)

    def selected_cases(self) -> tuple[str, ...]:
        """Ids of the selected cases, in the order of the list."""
        rows = sorted(row for part in self._selected_ranges() for row in range(part.top(), part.bottom() + 1))
        return tuple(self.model.case_at(row).case_id for row in rows)

    def select(self, case_ids: Iterable[str]) -> None:
        """Select exactly these cases; a filter that hides one of them is taken away."""
        wanted = tuple(case_ids)
        if any(self.model.row_of(case_id) < 0 for case_id in wanted):
            self.filters.clear()
        rows = sorted(row for case_id in wanted if (row := self.model.row_of(case_id)) >= 0)
        chosen = QItemSelection()
        for n, row in enumerate(rows):  # a stretch of rows is one range: ten thousand are made in no time
            if n == 0 or row != rows[n - 1] + 1:
                first = row
            if n == len(rows) - 1 or row != rows[n + 1] - 1:
                chosen.append(QItemSelectionRange(self.model.index(first), self.model.index(row)))
        self.list.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if rows:
            self.list.scrollTo(self.model.index(rows[0]))
        self.list.setFocus()

    def _on_selection(self) -> None:
        self.selection.show_count(sum(part.height() for part in self._selected_ranges()))

    def _selected_ranges(self) -> list[QItemSelectionRange]:
        """Stretches of rows: ten thousand selected cases are one."""
        return list(self.list.selectionModel().selection().toList())

    def _show_menu(self, where: QPoint) -> None:
        if self.selected_cases():
            self.selection.menu.popup(self.list.viewport().mapToGlobal(where))

    def _on_click(self, index: QModelIndex) -> None:
        """With Shift or Ctrl a click selects, and nothing is opened."""
        if not QApplication.keyboardModifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier):
            self._open(index)

    def _open(self, index: QModelIndex) -> None:
        case = index.data(CASE_ROLE)
        if isinstance(case, ListedCase):
            self._presenter.open_case(case.case_id)

    def _on_filter(self) -> None:
        self._presenter.set_filter(self.filters.wanted)

    def _on_rows(self) -> None:
        if self.filters.offer_readers(self._presenter.readers):
            self._on_filter()  # comes back here
            return
        shown, there = len(self._presenter.rows), len(self._presenter.everything)
        all_of_them = plural("CasesDock", "1 case", "{n} cases", there)
        self.count.setText(all_of_them if shown == there else _tr("{n} of {m}").format(n=shown, m=there))
        self._next.setEnabled(there > 0)
        self._show_emptiness()
        if not self.list.selectionModel().hasSelection():
            self._on_case(self._session.case_id)

    def _on_case(self, case_id: str | None) -> None:
        row = self.model.row_of(case_id)
        if row < 0:
            return
        index, chosen = self.model.index(row), self.list.selectionModel()
        if chosen.isSelected(index):  # perhaps with others
            chosen.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        else:
            self.list.setCurrentIndex(index)
        self.list.scrollTo(index)

    def _on_project(self, project: object) -> None:
        self.filters.set_possible(project is not None)
        self._show_emptiness()

    def _on_blinding(self, on: bool) -> None:
        self.filters.set_blinded(on)
        self._show_emptiness()

    def _show_emptiness(self) -> None:
        session, presenter = self._session, self._presenter
        self._empty.explain(
            project=session.project is not None, cases=bool(presenter.everything), wanted=presenter.filter, blinded=session.blinding.on
        )
        self._stack.setCurrentWidget(self.list if presenter.rows else self._empty)
