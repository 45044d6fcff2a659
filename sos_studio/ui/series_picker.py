"""Choose a series: a list with thumbnails, arrows to move, Enter or a double click to open."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QAbstractListModel, QCoreApplication, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QCheckBox, QDialog, QDialogButtonBox, QHBoxLayout, QListView, QVBoxLayout, QWidget

from sos_studio.messages import message
from sos_studio.presenters.series_picker import SeriesPicker, SeriesRow
from sos_studio.ui import parts
from sos_studio.ui.image_view import gray_image
from sos_studio.ui.language import plural
from sos_studio.ui.series_delegate import PICTURE_ROLE, PICTURELESS_ROLE, ROW_ROLE, SeriesDelegate, described

# With more rows than this, those that can't be opened are folded away at first.
SHOWN_AT_ONCE = 8
WIDTH = 800
# What is around the list, and how much of the screen the dialog may take: it is no higher than its rows need.
FRAME_WIDTH, FRAME_HEIGHT = 60, 160
SHARE_OF_SCREEN = 0.88
LAID_OUT_AT_ONCE = 40

Index = QModelIndex | QPersistentModelIndex


def _tr(text: str) -> str:
    return QCoreApplication.translate("SeriesPicker", text)


class SeriesModel(QAbstractListModel):
    """Rows of the picker; a picture is asked for when its row comes into sight."""

    def __init__(self, picker: SeriesPicker, parent: QObject) -> None:
        super().__init__(parent)
        self._picker = picker
        self._rows: tuple[SeriesRow, ...] = ()
        self._pixmaps: dict[str, QPixmap] = {}
        picker.thumbnail_changed.connect(self._on_thumbnail)

    def show_rows(self, rows: tuple[SeriesRow, ...]) -> None:
        """Other rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """Number of series."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What the delegate and screen readers ask for."""
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == PICTURE_ROLE:
            return self._pixmap(row.info.uid)
        if role == PICTURELESS_ROLE:
            return self._picker.has_no_thumbnail(row.info.uid)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return described(row)
        return None

    def _pixmap(self, uid: str) -> QPixmap | None:
        if uid not in self._pixmaps:
            grey_vu = self._picker.thumbnail(uid)
            if grey_vu is None:
                return None
            self._pixmaps[uid] = QPixmap.fromImage(gray_image(grey_vu))
        return self._pixmaps[uid]

    def _on_thumbnail(self, uid: str) -> None:
        row = next((n for n, row in enumerate(self._rows) if row.info.uid == uid), -1)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row), [PICTURE_ROLE])


class SeriesList(QListView):
    """Enter chooses here, whichever button had the keys before.

    Signals
    -------
    chosen
        Enter or a double click.
    """

    chosen = Signal()

    def __init__(self, model: SeriesModel) -> None:
        super().__init__()
        self.setModel(model)
        self.delegate = SeriesDelegate(self)
        self.setItemDelegate(self.delegate)
        self.setMouseTracking(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        # A disc may hold hundreds of series, and wrapping all of their words at once would be felt.
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(_tr("Series"))
        self.doubleClicked.connect(lambda _: self.chosen.emit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses, all other keys move."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)


class SeriesPickerDialog(QDialog):
    """The series of one source; closes by itself when the source goes away."""

    def __init__(self, picker: SeriesPicker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picker = picker
        self.setWindowTitle(_tr("Choose a series"))
        self._loadable = tuple(row for row in picker.rows if row.info.loadable)
        self._others = len(picker.rows) - len(self._loadable)
        self.model = SeriesModel(picker, self)
        self.list = SeriesList(self.model)
        self.list.chosen.connect(self.accept)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.show_others = QCheckBox(
            plural("SeriesPicker", "Show 1 series that can't be opened", "Show {n} that can't be opened", self._others)
        )
        self.show_others.setToolTip(_tr("Each with the reason"))
        self.show_others.setVisible(self._others > 0)
        self.show_others.setChecked(len(picker.rows) <= SHOWN_AT_ONCE)
        self.show_others.toggled.connect(self._on_show_others)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        self._open = buttons.button(QDialogButtonBox.StandardButton.Open)
        self._open.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.show_others)
        foot.addStretch(1)
        foot.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(10)
        layout.addWidget(parts.heading(self._question()))
        if picker.about_source is not None:
            layout.addWidget(parts.note(str(message(picker.about_source.code, picker.about_source.values))))
        layout.addWidget(self.list, 1)
        layout.addLayout(foot)
        self._fill()
        self.resize(WIDTH, self._best_height())
        self.list.setFocus()
        picker.gone.connect(self._on_gone)

    @property
    def uid(self) -> str | None:
        """The chosen series; None if it can't be loaded."""
        row = self.list.currentIndex().data(ROW_ROLE)
        return row.info.uid if isinstance(row, SeriesRow) and row.info.loadable else None

    def accept(self) -> None:
        """Open the chosen one, if it can be."""
        uid = self.uid
        if uid is not None:
            super().accept()
            self.picker.choose(uid)

    def done(self, result: int) -> None:
        """Closed without a choice: the source is let go of."""
        super().done(result)
        if result != QDialog.DialogCode.Accepted:
            self.picker.dismiss()

    def _question(self) -> str:
        if self.picker.none_like_a_head:
            words = _tr("There are {n} series. None looks like a head scan; the most likely one is marked.")
            return words.format(n=len(self._loadable))
        if len(self._loadable) > 1:
            return _tr("There are {n} series. Which one is the head scan?").format(n=len(self._loadable))
        return _tr("There is one series that can be opened.") if self._loadable else _tr("None of these series can be opened.")

    def _best_height(self) -> int:
        """As high as the rows need, within the screen."""
        metrics, inside = QFontMetrics(self.list.font()), WIDTH - FRAME_WIDTH
        rows = (self.model.index(n).data(ROW_ROLE) for n in range(self.model.rowCount()))
        needed = FRAME_HEIGHT + sum(self.list.delegate.height(row, metrics, inside) for row in itertools.islice(rows, LAID_OUT_AT_ONCE))
        screen = (self.parentWidget() or self).screen().availableGeometry().height()
        return min(needed, round(SHARE_OF_SCREEN * screen))

    def _on_show_others(self, shown: bool) -> None:
        self._fill()
        if shown:
            self.list.scrollTo(self.model.index(len(self._loadable)), QAbstractItemView.ScrollHint.PositionAtTop)

    def _fill(self) -> None:
        chosen = self.list.currentIndex().data(ROW_ROLE)
        rows = self.picker.rows if self.show_others.isChecked() else self._loadable
        # All that can be opened and the first of the others at once: only what is laid out can be scrolled to.
        self.list.setBatchSize(LAID_OUT_AT_ONCE + len(self._loadable))
        self.model.show_rows(rows)
        n = rows.index(chosen) if chosen in rows else min(self.picker.preselected, len(rows) - 1)
        self.list.setCurrentIndex(self.model.index(n))
        self._on_current()

    def _on_current(self, *_: object) -> None:
        self._open.setEnabled(self.uid is not None)

    def _on_gone(self) -> None:
        if self.isVisible():
            self.reject()
