"""After an import: what was not taken and why, and pictures that look nearly alike side by side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QListWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.settings import names_hidden
from sos_studio.dataset.imports import ImportReport
from sos_studio.dataset.label_table import RowFault
from sos_studio.dataset.near_duplicates import NearPair
from sos_studio.messages import message
from sos_studio.presenters.blinding import Blinding
from sos_studio.ui import parts
from sos_studio.ui.fitted_picture import FittedPicture
from sos_studio.ui.image_view import gray_image
from sos_studio.ui.language import plural

SIZE = QSize(860, 560)

# Fetches a case's full image and hands it over; nothing comes where there is none.
Fetch = Callable[[str, Callable[[npt.NDArray[np.uint8]], None]], None]


def _tr(text: str) -> str:
    return QCoreApplication.translate("ImportReportDialog", text)


class ImportReportDialog(QDialog):
    """What a person should look at.

    Parameters
    ----------
    fetch
        For the pictures of nearly alike cases.
    again
        Does the same import once more, after mending.
    blinding
        Knows what cases are called.
    """

    def __init__(
        self, report: ImportReport, fetch: Fetch, again: Callable[[], None], blinding: Blinding, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("After the import"))
        self._report, self._fetch, self._do_again, self._blinding = report, fetch, again, blinding
        # In the order of the list of cases; the likest come first in the report.
        self._near = sorted(report.near, key=lambda pair: (pair.case_id, pair.other_case_id))
        self._wanted: tuple[str, str] | None = None
        self.faults = QTableWidget(self)
        self.pairs = QListWidget(self)
        self.left, self.right = FittedPicture(_tr("The first of the two")), FittedPicture(_tr("The second of the two"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.again = self.buttons.addButton(_tr("Import again"), QDialogButtonBox.ButtonRole.ActionRole)
        self.again.setAutoDefault(False)
        self.again.setToolTip(_tr("After mending files or table; what was imported is not doubled"))
        self.copy = self.buttons.addButton(_tr("Copy list"), QDialogButtonBox.ButtonRole.ActionRole)
        self._fill()
        self._lay_out()
        self.buttons.rejected.connect(self.reject)
        self.again.clicked.connect(self._import_again)
        self.copy.clicked.connect(self._copy)
        self.pairs.currentRowChanged.connect(self._show_pair)
        self.pairs.setCurrentRow(0)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setDefault(True)
        close.setFocus()

    def _fill(self) -> None:
        told = _told(self._report)
        self.faults.setColumnCount(3)
        self.faults.setHorizontalHeaderLabels([_tr("Row"), _tr("File"), _tr("What to know")])
        self.faults.setRowCount(len(told))
        for n, fault in enumerate(told):
            for column, text in enumerate(self._cells(fault)):
                item = QTableWidgetItem(text)
                item.setToolTip(text if column == 2 else "")
                self.faults.setItem(n, column, item)
        self.pairs.addItems([_pair_words(pair, self._blinding.name) for pair in self._near])

    def _cells(self, fault: RowFault) -> tuple[str, str, str]:
        words = str(message(fault.code, self._blinding.values(fault.values)))
        return str(fault.line or ""), "•••" if names_hidden() else fault.image, words

    def _lay_out(self) -> None:
        report = self._report
        self.faults.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.faults.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.faults.setAccessibleName(_tr("Rows and files to look at"))
        self.faults.verticalHeader().hide()
        self.faults.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.faults.horizontalHeader().setStretchLastSection(True)
        self.pairs.setAccessibleName(_tr("Cases that look nearly alike"))
        self.pairs.setFixedWidth(230)
        alike = QWidget(self)
        beside = QHBoxLayout(alike)
        beside.setContentsMargins(0, 0, 0, 0)
        for widget in (self.pairs, self.left, self.right):
            beside.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        if _told(report):
            layout.addWidget(parts.heading(_heading(report)))
            self.waiting = parts.note(_waiting(report))
            self.waiting.setVisible(bool(report.waiting))
            layout.addWidget(self.waiting)
            layout.addWidget(self.faults, 1)
        else:
            self.faults.hide()
        if report.near:
            count = plural(
                "ImportReportDialog", "1 pair of cases looks nearly alike", "{n} pairs of cases look nearly alike", len(report.near)
            )
            layout.addWidget(parts.heading(count))
            layout.addWidget(
                parts.note(_tr("All were imported. If it is the same picture or the same scan, exclude one of the two (Case ▸ Exclude)."))
            )
            layout.addWidget(alike, 1)
        else:
            alike.hide()
        layout.addWidget(self.buttons)
        self.again.setVisible(bool(report.faults))
        self.copy.setVisible(bool(_told(report)))
        self.resize(SIZE.boundedTo(self.screen().availableGeometry().size() - QSize(40, 60)))

    def _show_pair(self, row: int) -> None:
        if not 0 <= row < len(self._near):
            return
        pair = self._near[row]
        wanted = self._wanted = pair.case_id, pair.other_case_id
        for case_id, picture in zip(wanted, (self.left, self.right), strict=True):
            picture.clear()
            picture.setToolTip(self._blinding.name(case_id))

            def show(full8: npt.NDArray[np.uint8], view: FittedPicture = picture) -> None:
                if self._wanted == wanted:
                    view.show_image(gray_image(full8))

            self._fetch(case_id, show)

    def done(self, result: int) -> None:
        """Pictures that are still on their way are not wanted any more."""
        self._wanted = None
        super().done(result)

    @property
    def is_importing(self) -> bool:
        """Whether it waits for the next import to end."""
        return not self.again.isEnabled()

    def _import_again(self) -> None:
        """The list stays in sight until the next import has ended well: what it says is still to be mended."""
        self.again.setEnabled(False)
        self.again.setText(_tr("Importing…"))
        self._do_again()

    def import_failed(self) -> None:
        """The next import came to nothing; why is told in the window."""
        self.again.setEnabled(True)
        self.again.setText(_tr("Import again"))

    def _copy(self) -> None:
        told = _told(self._report)
        QGuiApplication.clipboard().setText("\n".join("\t".join(self._cells(fault)) for fault in told))


def _told(report: ImportReport) -> list[RowFault]:
    return [*report.faults, *report.doubts, *report.filled_in]


def _heading(report: ImportReport) -> str:
    if report.faults:
        return plural("ImportReportDialog", "1 file or row was not imported", "{n} files or rows were not imported", len(report.faults))
    return plural("ImportReportDialog", "Imported, with 1 remark", "Imported, with {n} remarks", len(_told(report)))


def _waiting(report: ImportReport) -> str:
    return plural(
        "ImportReportDialog",
        "1 picture waits until its row or name is mended: without stage and patient it would be another case.",
        "{n} pictures wait until their rows or names are mended: without stage and patient they would be other cases.",
        len(report.waiting),
    )


def _pair_words(pair: NearPair, name: Callable[[str], str]) -> str:
    words = _tr("{one} and {other}, one mirrored") if pair.mirrored else _tr("{one} and {other}")
    return words.format(one=name(pair.case_id), other=name(pair.other_case_id))
