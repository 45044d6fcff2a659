"""Check, repair and back up: what is wrong with a project, case by case, what became of it, and a file to keep elsewhere."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.readings import utc_now
from sos_studio.dataset.backup import SUFFIX
from sos_studio.dataset.checks import Problem
from sos_studio.dataset.recovery import Recovered
from sos_studio.dataset.repair import Finding
from sos_studio.messages import message
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.project_care import CarePresenter, CareState
from sos_studio.presenters.session import Session
from sos_studio.ui import parts
from sos_studio.ui.file_dialogs import file_dialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("CareDialog", text)


def backup_filter() -> str:
    """Files that are backups."""
    return _tr("Backups (*{suffix})").format(suffix=SUFFIX)


class CareDialog(QDialog):
    """About the open project, or one whose database is too damaged to be opened."""

    def __init__(self, session: Session, opener: Opener, directory: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Check, repair and back up"))
        self.setSizeGripEnabled(True)
        self._session = session
        self.presenter = CarePresenter(session, opener, directory)
        text = QLabel(
            _tr(
                "A check compares every file with what was saved. Repair makes again what can be proven to be as it was, and moves what "
                "can't be used into the folder set-aside of the project; nothing is deleted."
            )
        )
        text.setWordWrap(True)
        self.list = QTreeWidget()
        self.list.setHeaderLabels([_tr("Case"), _tr("What"), _tr("File")])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAccessibleName(_tr("What was found"))
        for column, width in enumerate((110, 330)):
            self.list.header().resizeSection(column, width)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(_tr("Progress"))
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.trouble = parts.red()
        self.check = self._button(_tr("&Check"), _tr("Compare every file with what was saved"))
        self.check.clicked.connect(lambda _=False: self.presenter.check())
        self.repair = self._button(_tr("&Repair"), _tr("Mend what can be mended; the project is closed meanwhile"))
        self.repair.clicked.connect(lambda _=False: self.presenter.repair())
        self.repair_from = self._button(_tr("Repair &from a backup…"), _tr("Take missing and damaged files from a backup too"))
        self.repair_from.clicked.connect(lambda _=False: self._choose_backup())
        self.back_up = self._button(_tr("&Back up…"), _tr("Write the project into one file, and read it again to prove it"))
        self.back_up.clicked.connect(lambda _=False: self._choose_target())
        self.stop = self._button(_tr("&Stop"), _tr("Stop; what was mended stays mended"))
        self.stop.clicked.connect(lambda _=False: self.presenter.cancel())
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        self._lay_out(text)
        self.presenter.changed.connect(self._on_state)
        session.project_changed.connect(self._on_project)
        self.finished.connect(self._on_finished)
        self._on_state(self.presenter.state)
        self.resize(self.sizeHint())
        self.check.setFocus()

    def sizeHint(self) -> QSize:
        """Room for a file's place."""
        return QSize(860, 520)

    def _button(self, text: str, tip: str) -> QPushButton:
        made = parts.button(text, tip)
        made.setAutoDefault(False)
        return made

    def _lay_out(self, text: QLabel) -> None:
        does = QHBoxLayout()
        for button in (self.check, self.repair, self.repair_from, self.back_up):
            does.addWidget(button)
        does.addStretch(1)
        does.addWidget(self.stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(text)
        layout.addLayout(does)
        layout.addWidget(self.list, 1)
        for widget in (self.bar, self.said, self.trouble, parts.note(_not_in_a_backup()), self.buttons):
            layout.addWidget(widget)

    def _choose_backup(self) -> None:
        dialog = file_dialog(self, _tr("Repair from a backup"), QFileDialog.FileMode.ExistingFile, backup_filter())
        dialog.setDirectory(str(Path.home()))
        dialog.fileSelected.connect(lambda name: self.presenter.repair(Path(name)))
        dialog.open()

    def _choose_target(self) -> None:
        dialog = file_dialog(self, _tr("Back up the project"), QFileDialog.FileMode.AnyFile, backup_filter())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDirectory(str(Path.home()))
        dialog.selectFile(f"{self.presenter.directory.name} {utc_now():%Y-%m-%d}{SUFFIX}")
        dialog.fileSelected.connect(lambda name: self.presenter.back_up(Path(name)))
        dialog.open()

    def _on_finished(self) -> None:
        # An answer may still be on its way.
        self.presenter.leave()
        self.presenter.changed.disconnect(self._on_state)
        self._session.project_changed.disconnect(self._on_project)

    def _on_project(self, _: object) -> None:
        self._on_state(self.presenter.state)

    def _on_state(self, state: CareState) -> None:
        busy, is_open = state.working is not None, self._session.project is not None
        self.check.setEnabled(not busy and is_open)
        self.back_up.setEnabled(not busy and is_open)
        for button in (self.repair, self.repair_from):
            button.setEnabled(not busy and not state.read_only)
        self.stop.setEnabled(busy)
        self.bar.setVisible(busy)
        self.bar.setValue(round(1000 * state.progress))
        self.said.setText(str(state.said) if state.said is not None else _working_words(state))
        self.trouble.setText(str(state.trouble) if state.trouble is not None else "")
        self.trouble.setVisible(state.trouble is not None)
        if not busy:
            self._fill(state)

    def _fill(self, state: CareState) -> None:
        self.list.clear()
        rows: list[tuple[str, str, str]] = []
        mended = state.mended
        if mended is not None and mended.recovered is not None:
            rows.append(("–", recovered_words(mended.recovered), mended.recovered.set_aside))
        rows += [(f.case_id or "–", finding_words(f), f.file) for f in (mended.report.findings if mended is not None else ())]
        lost = {f.file for f in (mended.report.findings if mended is not None else ()) if f.action == "lost"}
        rows += [(p.case_id or "–", problem_words(p), p.file) for p in state.problems or () if p.file not in lost]
        for row in rows:
            item = QTreeWidgetItem(list(row))
            for column, words in enumerate(row):
                item.setToolTip(column, words)
            self.list.addTopLevelItem(item)


def problem_words(problem: Problem) -> str:
    """What is wrong, and what to do."""
    return str(message(problem.code, problem.values))


def finding_words(finding: Finding) -> str:
    """What became of a file."""
    sources = {
        "backup": _tr("✓ restored from the backup"),
        "copy": _tr("✓ restored from a sync program's copy"),
        "database": _tr("✓ made again from the database"),
        "full16": _tr("✓ made again from the 16-bit image"),
        "full": _tr("✓ cut again from the full image"),
        "scan": _tr("✓ made again from the scan"),
    }
    if finding.action == "restored":
        return sources.get(finding.source, _tr("✓ restored"))
    return {
        "taken_in": _tr("✓ taken into the database again"),
        "set_aside": _tr("set aside: it belongs to nothing"),
        "lost": _tr("✕ can't be restored here"),
    }[finding.action]


def recovered_words(recovered: Recovered) -> str:
    """What became of the database."""
    if not recovered.copy and not recovered.certain:
        return _tr("✓ the database can be used again. Bytes of it changed, and no copy tells which: look through patients, ages and sexes")
    if not recovered.copy:
        return _tr("✓ the database's indexes were made again; nothing was lost")
    told = _tr("✓ the database was brought back from {copy}; newer rows saved: {saved}").format(
        copy=recovered.copy, saved=sum(recovered.saved.values())
    )
    if recovered.unreadable:
        told += " · " + _tr("newer rows that can't be read: {n}").format(n=recovered.unreadable)
    if not recovered.certain:
        told += " · " + _tr("how many newer rows there were is not known")
    return told


def _working_words(state: CareState) -> str:
    words = {"check": _tr("Checking …"), "repair": _tr("Repairing …"), "backup": _tr("Backing up …")}
    return words[state.working] if state.working is not None else ""


def _not_in_a_backup() -> str:
    return _tr(
        "A backup holds captures, frames, readings, manifests, models and the history. Scans are not in it, nor the key for the pseudonyms "
        "(File ▸ Patient data kept in this project)."
    )
