"""Rows of the cases list for Qt: as few signals as a change needs, so that ten thousand rows keep their selection and scroll position."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt
from PySide6.QtGui import QPixmap

from sos_studio.presenters.cases import CasesPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.listed_cases import ListedCase
from sos_studio.ui.case_delegate import CASE_ROLE, CURRENT_ROLE, PICTURE_ROLE, READER_ROLE, THUMBNAIL, described, legend
from sos_studio.ui.thumbnails import Thumbnails

RATIO = 2.0  # sharp on the densest usual screens, and small anyway
# More changes than this are told as one: the list is made anew.
FEW = 60

Index = QModelIndex | QPersistentModelIndex


class CasesModel(QStringListModel):
    """Rows of the presenter, with thumbnails read in the background when they come into sight.

    Views ask a model for the number of its rows once for each row whenever they lay them out: too often for Python. So the rows that Qt
    counts are its own list's, empty strings; what stands in them is ours.
    """

    def __init__(self, presenter: CasesPresenter, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._session = session
        self._rows: tuple[ListedCase, ...] = ()
        self._row_of: dict[str, int] = {}
        self._current: str | None = None
        self.thumbnails = Thumbnails(session.background, round(max(THUMBNAIL.width(), THUMBNAIL.height()) * RATIO), RATIO, self)
        self.thumbnails.arrived.connect(self._on_picture)
        presenter.rows_changed.connect(self._on_rows)
        session.case_changed.connect(self._on_case)
        session.project_changed.connect(lambda _: self.thumbnails.forget())

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What the delegate and screen readers ask for."""
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        case = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return case.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return described(case, self._session.evaluator)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{described(case, self._session.evaluator)}\n{legend(case, self._session.evaluator)}"
        if role == CASE_ROLE:
            return case
        if role == PICTURE_ROLE:
            return self._picture(case)
        if role == READER_ROLE:
            return self._session.evaluator
        if role == CURRENT_ROLE:
            return case.case_id == self._session.case_id
        return None

    def row_of(self, case_id: str | None) -> int:
        """Row of a case; -1 if the filter hides it."""
        return self._row_of.get(case_id or "", -1)

    def case_at(self, row: int) -> ListedCase:
        """The case of a row."""
        return self._rows[row]

    def _picture(self, case: ListedCase) -> QPixmap | None:
        path = case.thumbnail
        return None if path is None else self.thumbnails.picture(path)

    def _on_picture(self, path: object) -> None:
        if isinstance(path, Path):  # captures/<case id>/<capture id>/full.png
            self._tell(self.row_of(path.parent.parent.name), PICTURE_ROLE)

    def _on_case(self, case_id: str | None) -> None:
        before, self._current = self._current, case_id
        for row in {self.row_of(before), self.row_of(case_id)}:
            self._tell(row, CURRENT_ROLE)

    def _tell(self, row: int, role: int) -> None:
        if row >= 0:
            index = self.index(row)
            self.dataChanged.emit(index, index, [role])

    def _on_rows(self) -> None:
        rows, before = self._presenter.rows, self._rows
        row_of = {case.case_id: n for n, case in enumerate(rows)}
        gone = [n for n, case in enumerate(before) if case.case_id not in row_of]
        come = [n for n, case in enumerate(rows) if case.case_id not in self._row_of]
        if len(gone) + len(come) > FEW or not _same_order(before, rows, gone, come):
            self._rows, self._row_of = rows, row_of
            self.setStringList([""] * len(rows))
            return
        for n in reversed(gone):
            self._rows = (*self._rows[:n], *self._rows[n + 1 :])
            self.removeRows(n, 1)
        for n in come:
            self._rows = (*self._rows[:n], rows[n], *self._rows[n:])
            self.insertRows(n, 1)
        changed = [n for n, (old, new) in enumerate(zip(self._rows, rows, strict=True)) if old is not new]
        self._rows, self._row_of = rows, row_of
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))


def _same_order(before: Sequence[ListedCase], after: Sequence[ListedCase], gone: list[int], come: list[int]) -> bool:
    """Whether those that stay come one after the other as before."""
    left, new = set(gone), set(come)
    staying = [case.case_id for n, case in enumerate(before) if n not in left]
    return staying == [case.case_id for n, case in enumerate(after) if n not in new]
