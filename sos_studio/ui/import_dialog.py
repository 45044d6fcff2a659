"""Import full images: columns, names and pictures on the left, what will become of them on the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QSplitter,
    QStyle,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.settings import names_hidden
from sos_studio.dataset.label_table import IMPORTED_EVALUATOR
from sos_studio.imaging.borders import Box
from sos_studio.messages import message
from sos_studio.presenters.importing import ImportPresenter, ImportState, PicturePreview
from sos_studio.services.import_preview import PreviewRow
from sos_studio.ui import parts
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.fitted_picture import DrawnPicture, FittedPicture
from sos_studio.ui.image_view import gray_image
from sos_studio.ui.import_form import ImportForm, field_name
from sos_studio.ui.language import plural

SIZE, FORM_PX = QSize(1480, 940), 300
# More rows are not looked through before an import.
MOST_ROWS = 500
FIELDS = ("image", "stage", "patient", "age", "sex", "evaluator", "remark")
# What is to be mended stands beside what it is about, and has room for its words.
TO_MEND, TO_MEND_PX = 2, 370
COVERED = QColor(229, 72, 77, 150)
KEPT = QColor(255, 200, 0)


def _tr(text: str) -> str:
    return QCoreApplication.translate("ImportDialog", text)


class ImportDialog(QDialog):
    """Shows what an import will do, and does it once it is right.

    Parameters
    ----------
    start
        Begins the import with what the presenter has.
    """

    def __init__(self, presenter: ImportPresenter, start: Callable[[ImportState], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Import crops") if presenter.state.options.pictures.crops else _tr("Import full images"))
        self.presenter = presenter
        self._start = start
        self._paths: list[Path | None] = []
        self._picture: PicturePreview | None = None  # the one that is shown: to mark a large one takes a tenth of a second
        self.form = ImportForm(presenter)
        self.rows = QTableWidget()
        self.before = DrawnPicture(_tr("The picture as it is; draw a box around what shall be covered in all pictures"))
        self.after = FittedPicture(_tr("The picture as it will be stored"))
        self.said, self.notices, self.problem, self.question = parts.note(), parts.red(), parts.red(), parts.red()
        self.asking = QWidget()
        self.are_crops = parts.button(_tr("They are crops"), _tr("Each is a picture of the joint alone, its endocranial end left"))
        self.are_full = parts.button(_tr("They are full images"), _tr("Each shows the head; frames are drawn in Crop"))
        self.unmended = QCheckBox(_tr("Import pictures that wait for mending too, without what their rows or names say"))
        self.add_table = parts.button(_tr("Choose table…"), _tr("An Excel workbook or a CSV file with the stages"))
        self.add_files = parts.button(_tr("Add pictures…"), _tr("More pictures for this import"))
        self.add_folder = parts.button(_tr("Add folder…"), _tr("A folder with pictures, and all folders in it"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.import_button = self.buttons.addButton(_tr("Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.import_button.setDefault(True)
        self._lay_out()
        self._connect()
        self.rows.setFocus()
        presenter.changed.connect(self._on_state)
        self.finished.connect(self._on_finished)
        self._on_state(presenter.state)

    def _on_finished(self) -> None:
        self.presenter.changed.disconnect(self._on_state)
        self.presenter.leave()

    def _lay_out(self) -> None:
        self.rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.rows.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.rows.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.rows.setAccessibleName(_tr("What becomes of rows and files"))
        self.rows.verticalHeader().hide()
        headers = [_tr("Row"), *(field_name(field) for field in FIELDS)]
        headers.insert(TO_MEND, _tr("To mend"))
        self.rows.setColumnCount(len(headers))
        self.rows.setHorizontalHeaderLabels(headers)
        self.rows.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.rows.horizontalHeader().setSectionResizeMode(TO_MEND, QHeaderView.ResizeMode.Interactive)
        self.rows.setColumnWidth(TO_MEND, TO_MEND_PX)
        self.rows.horizontalHeader().setStretchLastSection(True)
        pictures = QWidget()
        beside = QHBoxLayout(pictures)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.before)
        beside.addWidget(self.after)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.rows)
        self.splitter.addWidget(pictures)
        self.splitter.setSizes([300, 240])
        form = parts.scrolled(self.form)
        form.setFixedWidth(FORM_PX)
        asked = QHBoxLayout(self.asking)
        asked.setContentsMargins(0, 0, 0, 0)
        asked.addWidget(self.question, 1)
        asked.addWidget(self.are_crops)
        asked.addWidget(self.are_full)
        middle = QHBoxLayout()
        middle.addWidget(form)
        middle.addWidget(self.splitter, 1)
        adding = QHBoxLayout()
        for button in (self.add_table, self.add_files, self.add_folder):
            adding.addWidget(button)
        adding.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.addLayout(adding)
        layout.addWidget(self.asking)
        layout.addLayout(middle, 1)
        for widget in (self.said, self.unmended, self.notices, self.problem):
            layout.addWidget(widget)
        layout.addWidget(self.buttons)
        room = self.screen().availableGeometry().size() - QSize(40, 60)
        self.resize(SIZE.boundedTo(room))

    def _connect(self) -> None:
        self.buttons.accepted.connect(self._import)
        self.buttons.rejected.connect(self.reject)
        self.are_crops.clicked.connect(lambda: self.presenter.set_crops(True))
        self.are_full.clicked.connect(lambda: self.presenter.set_crops(False))
        self.unmended.clicked.connect(self.presenter.take_unmended)
        self.before.drawn.connect(self._cover)
        self.rows.currentCellChanged.connect(lambda row, *_: self._on_row(row))
        mode = QFileDialog.FileMode
        tables = _tr("Tables ({patterns})").format(patterns="*.xlsx *.xlsm *.csv *.tsv *.txt")
        pictures = _tr("Pictures ({patterns})").format(patterns="*.png *.jpg *.jpeg *.tif *.tiff *.bmp")
        self.add_table.clicked.connect(lambda: self._ask(_tr("Choose a table of stages"), mode.ExistingFile, tables))
        self.add_files.clicked.connect(lambda: self._ask(_tr("Choose pictures"), mode.ExistingFiles, pictures))
        self.add_folder.clicked.connect(lambda: self._ask(_tr("Choose a folder with pictures"), mode.Directory))

    def _ask(self, title: str, mode: QFileDialog.FileMode, filters: str = "") -> None:
        dialog = file_dialog(self, title, mode, filters)
        sources = self.presenter.state.sources
        dialog.setDirectory(str(sources[0].parent if sources else Path.home()))
        dialog.filesSelected.connect(lambda names: self.presenter.add([Path(name) for name in names]))
        dialog.open()

    def _import(self) -> None:
        self.presenter.remember()
        self.accept()
        self._start(self.presenter.state)

    def _cover(self, drawn: QRect) -> None:
        self.presenter.cover(Box(drawn.top(), drawn.left(), drawn.bottom() + 1, drawn.right() + 1))

    def _on_row(self, row: int) -> None:
        if 0 <= row < len(self._paths):
            path = self._paths[row]
            if path is not None and path.is_file():
                self.presenter.show(path)

    def _on_state(self, state: ImportState) -> None:
        self.form.show_state(state)
        self._show_rows(state)
        self._show_picture(state)
        self.import_button.setEnabled(state.ready)
        self.said.setText(_summary(state))
        for label, words in (
            (self.problem, "" if state.problem is None else str(state.problem)),
            (self.notices, "" if state.problem is not None else "\n".join(str(notice) for notice in state.notices)),
            (self.question, "" if state.question is None else str(state.question)),
        ):
            label.setText(words)
            label.setVisible(bool(words))
        self.asking.setVisible(state.question is not None)
        self.unmended.setChecked(state.options.take_unmended)
        self.unmended.setVisible(state.options.take_unmended or (state.seen is not None and bool(state.seen.waiting)))

    def _show_rows(self, state: ImportState) -> None:
        rows = () if state.seen is None else state.seen.rows
        # What needs mending is what is looked for; in the order of the table, as all others are.
        rows = (*(row for row in rows if row.fault), *(row for row in rows if not row.fault))[:MOST_ROWS]
        paths = [row.path for row in rows]
        texts = [_cells(row) for row in rows]
        if paths == self._paths and texts == [self._texts(n) for n in range(self.rows.rowCount())]:
            return
        self._paths = paths
        # Columns of fields that nobody told leave room for what is to be mended.
        for column in range(2, self.rows.columnCount()):
            self.rows.setColumnHidden(column, not any(cells[column] for cells in texts))
        self.rows.setRowCount(len(rows))
        warning = self.style().standardIcon(QStyle.StandardPixmap.SP_MessageBoxWarning)
        for n, cells in enumerate(texts):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if column == TO_MEND and text:
                    item.setToolTip(text)
                    item.setIcon(warning)
                self.rows.setItem(n, column, item)
            if cells[TO_MEND]:
                self.rows.resizeRowToContents(n)
            else:
                self.rows.setRowHeight(n, self.rows.verticalHeader().defaultSectionSize())

    def _texts(self, row: int) -> list[str]:
        return [item.text() if (item := self.rows.item(row, column)) is not None else "" for column in range(self.rows.columnCount())]

    def _show_picture(self, state: ImportState) -> None:
        picture = state.picture
        self.before.setVisible(picture is not None)
        self.after.setVisible(picture is not None)
        if picture is not None and picture is not self._picture:
            self.before.show_image(_marked(picture))
            self.after.show_image(gray_image(picture.full8))
        self._picture = picture


def _marked(picture: PicturePreview) -> QImage:
    """The file's picture with what is covered in red and what stays in a yellow frame."""
    image = gray_image(picture.gray).convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(image)
    if picture.mask.any():
        height, width = picture.mask.shape
        alpha = np.ascontiguousarray(picture.mask, dtype=np.uint8) * COVERED.alpha()
        stencil = QImage(alpha.data, width, height, width, QImage.Format.Format_Alpha8).copy()
        colour = QImage(stencil.size(), QImage.Format.Format_ARGB32_Premultiplied)
        colour.fill(QColor(COVERED.red(), COVERED.green(), COVERED.blue()))
        colour.setAlphaChannel(stencil)
        painter.drawImage(0, 0, colour)
    top, left, bottom, right = picture.box
    if (bottom - top, right - left) != picture.gray.shape:
        pen = QPen(KEPT, max(2, picture.gray.shape[1] // 250))
        painter.setPen(pen)
        painter.drawRect(left, top, right - left - 1, bottom - top - 1)
    painter.end()
    return image


def _cells(row: PreviewRow) -> list[str]:
    said = row.row
    facts = [""] * 6
    if said is not None:
        age = "" if said.age_years is None else f"{said.age_years:g}"
        evaluator = "" if said.evaluator == IMPORTED_EVALUATOR else said.evaluator
        patient = _tr("as a pseudonym") if said.patient else ""
        facts = ["" if said.stage is None else str(said.stage), patient, age, said.sex or "", evaluator, said.remark]
    fault = "" if row.fault is None else str(message(row.fault.code, row.fault.values))
    return [str(row.line or ""), "•••" if names_hidden() else row.image, fault, *facts]


def _summary(state: ImportState) -> str:
    seen = state.seen
    if seen is None:
        return ""
    staged = sum(row.row is not None and row.row.stage is not None and row.path is not None and row.taken for row in seen.rows)
    sentences = [
        plural("ImportDialog", "1 picture.", "{n} pictures.", len(seen.pictures)),
        plural("ImportDialog", "1 stage.", "{n} stages.", staged),
    ]
    if seen.faults:
        sentences.append(plural("ImportDialog", "1 row or file needs mending.", "{n} rows or files need mending.", len(seen.faults)))
    if seen.waiting:
        sentences.append(
            plural("ImportDialog", "1 picture is left out until then.", "{n} pictures are left out until then.", len(seen.waiting))
        )
    if seen.faults and seen.pictures:
        sentences.append(_tr("The others can be imported now: importing again after mending doubles nothing."))
    if len(seen.rows) > MOST_ROWS:
        sentences.append(plural("ImportDialog", "The first row is shown.", "The first {n} rows are shown.", MOST_ROWS))
    if state.picture_problem is not None:
        sentences.append(str(state.picture_problem))
    return " ".join(sentences)
