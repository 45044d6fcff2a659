"""Left dock: the cases of the project with search and filter."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractListModel, QCoreApplication, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QComboBox, QDockWidget, QHBoxLayout, QLabel, QLineEdit, QListView, QStackedWidget, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.errors import BadInputError
from sos_studio.core.stages import BASSED_5
from sos_studio.imaging import images
from sos_studio.presenters.cases import CasesPresenter, Filter, Status
from sos_studio.presenters.session import Session
from sos_studio.services.listed_cases import ListedCase
from sos_studio.ui import parts
from sos_studio.ui.blinding import BlindedSign
from sos_studio.ui.case_delegate import CASE_ROLE, CURRENT_ROLE, EVALUATORS_ROLE, PICTURE_ROLE, THUMBNAIL, CaseDelegate, described
from sos_studio.ui.image_view import gray_image
from sos_studio.ui.language import plural

KEPT_THUMBNAILS = 400

Index = QModelIndex | QPersistentModelIndex


def _tr(text: str) -> str:
    return QCoreApplication.translate("CasesDock", text)


class CasesModel(QAbstractListModel):
    """Rows of the presenter, with thumbnails read in the background when they come into sight."""

    def __init__(self, presenter: CasesPresenter, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._session = session
        self._rows: tuple[ListedCase, ...] = ()
        self._pictures: OrderedDict[Path, QPixmap] = OrderedDict()
        self._asked: set[Path] = set()
        presenter.rows_changed.connect(self._on_rows)
        session.case_changed.connect(self._on_case)

    def rowCount(self, parent: Index | None = None) -> int:
        """Number of cases."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What the delegate and screen readers ask for."""
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        case = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return case.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return described(case, self._presenter.evaluators)
        if role == CASE_ROLE:
            return case
        if role == PICTURE_ROLE:
            return self._picture(case)
        if role == EVALUATORS_ROLE:
            return self._presenter.evaluators
        if role == CURRENT_ROLE:
            return case.case_id == self._session.case_id
        return None

    def row_of(self, case_id: str | None) -> int:
        """Row of a case; -1 if the filter hides it."""
        return next((n for n, case in enumerate(self._rows) if case.case_id == case_id), -1)

    def _picture(self, case: ListedCase) -> QPixmap | None:
        path = case.thumbnail
        if path is None:
            return None
        if path in self._pictures:
            self._pictures.move_to_end(path)
            return self._pictures[path]
        if path not in self._asked:
            self._asked.add(path)
            ratio = 2.0  # sharp on the densest usual screens, and small anyway
            longer_px = round(max(THUMBNAIL.width(), THUMBNAIL.height()) * ratio)
            self._session.background.run(
                lambda: read_thumbnail(path, longer_px), lambda pixels_vu: self._arrived(path, pixels_vu, ratio), lambda _: None
            )
        return None

    def _arrived(self, path: Path, pixels_vu: npt.NDArray[np.uint8] | None, ratio: float) -> None:
        self._asked.discard(path)
        pixmap = QPixmap() if pixels_vu is None else QPixmap.fromImage(gray_image(pixels_vu))
        pixmap.setDevicePixelRatio(ratio)
        self._pictures[path] = pixmap
        while len(self._pictures) > KEPT_THUMBNAILS:
            self._pictures.popitem(last=False)
        row = next((n for n, case in enumerate(self._rows) if case.thumbnail == path), -1)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row), [PICTURE_ROLE])

    def _on_rows(self) -> None:
        rows = self._presenter.rows
        if [case.case_id for case in rows] == [case.case_id for case in self._rows]:
            # Only states changed: selection and scroll position stay.
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _on_case(self, _: object) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1), [CURRENT_ROLE])


def read_thumbnail(path: Path, longer_px: int) -> npt.NDArray[np.uint8] | None:
    """A small copy of a picture; None if it can't be read (the project check tells of damage). No Qt: workers call it."""
    try:
        return images.thumbnails(images.read_gray(path, smallest_side_px=1), longer_px)
    except BadInputError:
        return None


class CasesDock(QDockWidget):
    """Search, filter by status and stage, list."""

    def __init__(self, session: Session, presenter: CasesPresenter, parent: QWidget | None = None) -> None:
        super().__init__(_tr("Cases"), parent)
        self.setObjectName("cases-dock")
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self._session = session
        self._presenter = presenter
        self.search = QLineEdit()
        self.search.setPlaceholderText(_tr("Search pseudonyms"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(_tr("Search cases"))
        self.search.textChanged.connect(self._on_filter)
        self.search.installEventFilter(self)
        self.status = self._make_status()
        self.stage = self._make_stage()
        self.model = CasesModel(presenter, session, self)
        self.list = self._make_list()
        self.count = QLabel()
        self.count.setObjectName("quiet")
        self._empty = parts.note()
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self._empty.setContentsMargins(16, 24, 16, 0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        self._lay_out()
        presenter.rows_changed.connect(self._on_rows)
        session.case_changed.connect(self._on_case)
        session.project_changed.connect(self._on_project)
        self._on_project(session.project)

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        filters.setSpacing(6)
        filters.addWidget(self.status, 3)
        filters.addWidget(self.stage, 2)
        self._next = parts.button(_tr("Next unstaged"), _tr("Open the next case without a reading by you"), Action.NEXT_UNSTAGED)
        self._next.clicked.connect(self._presenter.open_next_unstaged)
        self._next.setEnabled(bool(self._presenter.everything))
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 6, 10, 8)
        foot.addWidget(self.count, 1)
        foot.addWidget(self._next)
        head = QVBoxLayout()
        head.setContentsMargins(10, 8, 10, 6)
        head.setSpacing(6)
        head.addWidget(self.search)
        head.addLayout(filters)
        body = QWidget()
        body.setObjectName("panel")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(BlindedSign(self._session, short=True))
        layout.addLayout(head)
        layout.addWidget(self._stack, 1)
        layout.addLayout(foot)
        body.setMinimumWidth(236)
        self.setWidget(body)

    def _make_status(self) -> QComboBox:
        box = QComboBox()
        names: tuple[tuple[Status, str], ...] = (
            ("all", _tr("All cases")),
            ("to_capture", _tr("To capture")),
            ("to_crop", _tr("To crop")),
            ("to_stage", _tr("To stage")),
            ("staged", _tr("Staged by me")),
            ("predicted", _tr("Predicted")),
            ("excluded", _tr("Excluded")),
        )
        for status, text in names:
            box.addItem(text, status)
        box.setAccessibleName(_tr("Filter by status"))
        box.setToolTip(_tr("Show only cases of this status"))
        box.currentIndexChanged.connect(self._on_filter)
        return box

    def _make_stage(self) -> QComboBox:
        box = QComboBox()
        box.addItem(_tr("Any stage"), None)
        for stage in BASSED_5.stages:
            box.addItem(_tr("Stage {n}").format(n=stage.number), stage.number)
        box.setAccessibleName(_tr("Filter by the evaluators' stage"))
        box.setToolTip(_tr("Show only cases that most evaluators read as this stage"))
        box.currentIndexChanged.connect(self._on_filter)
        return box

    def _make_list(self) -> QListView:
        view = QListView()
        view.setObjectName("cases")
        view.setModel(self.model)
        view.setItemDelegate(CaseDelegate(view))
        view.setUniformItemSizes(True)
        view.setMouseTracking(True)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setAccessibleName(_tr("Cases"))
        view.clicked.connect(self._open)
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

    def _open(self, index: QModelIndex) -> None:
        case = index.data(CASE_ROLE)
        if isinstance(case, ListedCase):
            self._presenter.open_case(case.case_id)

    def _on_filter(self) -> None:
        self._presenter.set_filter(Filter(self.search.text(), self.status.currentData(), self.stage.currentData()))

    def _on_rows(self) -> None:
        shown, there = len(self._presenter.rows), len(self._presenter.everything)
        all_of_them = plural("CasesDock", "1 case", "{n} cases", there)
        self.count.setText(all_of_them if shown == there else _tr("{n} of {m}").format(n=shown, m=there))
        self._next.setEnabled(there > 0)
        self._show_emptiness()
        self._on_case(self._session.case_id)

    def _on_case(self, case_id: str | None) -> None:
        row = self.model.row_of(case_id)
        if row >= 0:
            index = self.model.index(row)
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)

    def _on_project(self, project: object) -> None:
        for widget in (self.search, self.status, self.stage):
            widget.setEnabled(project is not None)
        self._show_emptiness()

    def _show_emptiness(self) -> None:
        if self._session.project is None:
            text = _tr(
                "No project is open.\n\nFile ▸ New project keeps captures, frames and readings in a folder. You can also just open a scan."
            )
        elif not self._presenter.everything:
            text = _tr("No case yet.\n\nOpen a scan and capture its midsagittal slice, or import full images.")
        else:
            text = _tr("No case matches.\n\nChange the search or the filter.")
        self._empty.setText(text)
        self._stack.setCurrentWidget(self.list if self._presenter.rows else self._empty)
