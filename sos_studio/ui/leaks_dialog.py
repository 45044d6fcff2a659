"""Cases alike in different folds, two by two, with their pictures: exclude one, or say that they are one patient."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from sos_studio.dataset.cases import CaseSummary
from sos_studio.messages import message
from sos_studio.presenters.bulk import BulkPresenter
from sos_studio.presenters.leaks import LeaksPresenter, Pair
from sos_studio.presenters.session import Session
from sos_studio.ui import parts
from sos_studio.ui.ask_evaluator import ask_evaluator
from sos_studio.ui.exclusion import ExclusionDialog
from sos_studio.ui.language import plural
from sos_studio.ui.thumbnails import Thumbnails

PICTURE_PX = 250


def _tr(text: str) -> str:
    return QCoreApplication.translate("LeaksDialog", text)


class LeaksDialog(QDialog):
    """Stays open while pairs are settled one after another."""

    def __init__(self, session: Session, bulk: BulkPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._bulk = bulk
        self.presenter = LeaksPresenter(session)
        self._thumbnails = Thumbnails(session.background, PICTURE_PX, 1.0, self)
        self.setWindowTitle(_tr("Cases alike in different folds"))
        self.setMinimumSize(620, 520)
        self.words = parts.note()
        self.list = QListWidget()
        self.list.setAccessibleName(_tr("Pairs of cases"))
        self.pictures = (QLabel(), QLabel())
        self.names = (QLabel(), QLabel())
        self.exclude = (QPushButton(), QPushButton())
        self.same = QPushButton(_tr("They are &one patient"))
        self.exclude_later = QPushButton(_tr("Exclude the &later case of every pair…"))
        self.exclude_later.setToolTip(_tr("As after an import of pictures that were in the project already; one step of undo"))
        self.late = parts.note(_tr("Both have a fold already, and folds never change: only excluding one of the two helps."))
        self.late.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for button in (*self.exclude, self.same, self.exclude_later):
            button.setAutoDefault(False)  # Enter must not exclude the first of two
        self._lay_out()
        self.list.currentItemChanged.connect(lambda *_: self._on_pair())
        for n, button in enumerate(self.exclude):
            button.clicked.connect(lambda _=False, side=n: self._exclude(side))
        self.same.clicked.connect(self._join)
        self.exclude_later.clicked.connect(lambda _=False: self._exclude_later())
        self._thumbnails.arrived.connect(lambda _: self._on_pair())
        self.presenter.changed.connect(self._on_pairs)
        self.presenter.progress.connect(self._on_progress)
        self.finished.connect(self._on_closed)
        self.presenter.look()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        for n in (0, 1):
            self.pictures[n].setAlignment(Qt.AlignmentFlag.AlignCenter)
            self.pictures[n].setMinimumHeight(190)
            self.names[n].setWordWrap(True)
            grid.setColumnStretch(n, 1)
            grid.addWidget(self.pictures[n], 0, n)
            grid.addWidget(self.names[n], 1, n)
            grid.addWidget(self.exclude[n], 2, n)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.same)
        row.addWidget(self.exclude_later)
        row.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(self.list, 1)
        layout.addLayout(grid)
        layout.addLayout(row)
        layout.addWidget(self.late)
        layout.addWidget(buttons)

    @property
    def pair(self) -> Pair | None:
        """The chosen one."""
        row, pairs = self.list.currentRow(), self.presenter.pairs or ()
        return pairs[row] if 0 <= row < len(pairs) else None

    def _on_pairs(self, pairs: tuple[Pair, ...] | None) -> None:
        before = max(0, self.list.currentRow())
        self.list.clear()
        for pair in pairs or ():
            names = f"{self._name(pair.one)} · {self._name(pair.other)}"
            folds = _tr("folds {a} and {b}").format(a=pair.leak.folds[0] + 1, b=pair.leak.folds[1] + 1)
            kind = QCoreApplication.translate("Messages", message(f"leak.{pair.leak.kind}").text)
            self.list.addItem(QListWidgetItem(f"{names} — {kind} ({folds})"))
        if pairs is None:
            self.words.setText(_tr("Pictures are being compared…"))
        elif not pairs:
            self.words.setText(QCoreApplication.translate("Messages", message("leak.none").text))
        else:
            self.words.setText(
                plural("LeaksDialog", "1 pair keeps a training from starting.", "{n} pairs keep a training from starting.", len(pairs))
                + " "
                + _tr("A model would be judged on what it has learned: exclude one case of a pair, or say that both are of one patient.")
            )
            self.list.setCurrentRow(min(before, len(pairs) - 1))
        self._on_pair()

    def _on_progress(self, part: float) -> None:
        if self.presenter.pairs is None:
            self.words.setText(_tr("Pictures are being compared: {percent} %").format(percent=round(100 * part)))

    def _on_pair(self) -> None:
        pair = self.pair
        self.exclude_later.setVisible(len(self.presenter.pairs or ()) > 1)
        self.exclude_later.setEnabled(self._writable)
        for n, case in enumerate((pair.one, pair.other) if pair is not None else (None, None)):
            self.exclude[n].setEnabled(case is not None and self._writable)
            self.exclude[n].setText(_tr("Exclude {case}…").format(case=self._name(case)) if case is not None else _tr("Exclude…"))
            self.names[n].setText(self._facts(case) if case is not None else "")
            self._show_picture(self.pictures[n], case.thumbnail if case is not None else None)
        self.same.setEnabled(pair is not None and self._writable and pair.leak.kind != "same_patient")
        self.same.setToolTip(
            _tr("Their patients become one; both cases then always share a fold")
            if pair is not None and pair.leak.mergeable
            else _tr("Noted, but both have a fold already and folds never change: one case has to be excluded as well")
        )
        self.late.setVisible(pair is not None and not pair.leak.mergeable)

    def _show_picture(self, label: QLabel, path: Path | None) -> None:
        picture = self._thumbnails.picture(path) if path is not None else None
        if picture is None:
            label.clear()
        else:
            label.setPixmap(picture)

    def _facts(self, case: CaseSummary) -> str:
        """What one chooses by; who reads blinded learns none of it."""
        if self._session.blinding.on:
            return self._name(case)
        facts = [self._name(case), case.patient]
        if case.age_years is not None:
            facts.append(_tr("{age} years").format(age=f"{case.age_years:g}"))
        facts.append(_tr("stage {n}").format(n=case.label) if case.label is not None else _tr("no agreed stage"))
        facts.append(plural("LeaksDialog", "1 reading", "{n} readings", len(case.staged_by)))
        if case.imported:
            facts.append(_tr("imported"))
        return " · ".join(facts)

    def _name(self, case: CaseSummary) -> str:
        return self._session.blinding.name(case.case_id)

    @property
    def _writable(self) -> bool:
        return self._session.project is not None and not self._session.project.read_only

    def _exclude(self, side: int) -> None:
        pair = self.pair
        if pair is not None:
            case = (pair.one, pair.other)[side]
            self._ask_why((case.case_id,), self._name(case))

    def _exclude_later(self) -> None:
        """The older case of a pair comes first."""
        later = tuple(dict.fromkeys(pair.other.case_id for pair in self.presenter.pairs or ()))
        if later:
            self._ask_why(later, plural("LeaksDialog", "1 case", "{n} cases", len(later)))

    def _ask_why(self, case_ids: tuple[str, ...], name: str) -> None:
        if not self._session.evaluator:
            ask_evaluator(self._session, self, lambda: self._ask_why(case_ids, name))
            return
        dialog = ExclusionDialog(name, None, self)
        dialog.accepted.connect(lambda: self._bulk.exclude(case_ids, dialog.reason, dialog.note))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _join(self) -> None:
        if self.pair is not None:
            self.presenter.join(self.pair)

    def _on_closed(self) -> None:
        self.presenter.changed.disconnect(self._on_pairs, missing_ok=True)
        self.presenter.progress.disconnect(self._on_progress, missing_ok=True)
        self.presenter.close()
