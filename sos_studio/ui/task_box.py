"""Long work in the status bar: what runs, how far it is, and how to stop each; and the question before the window closes on it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QLocale, QPoint
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QMessageBox, QProgressBar, QToolButton, QWidget

from sos_studio.core.settings import names_hidden
from sos_studio.presenters.tasks import Task, Tasks
from sos_studio.ui import words
from sos_studio.ui.language import plural


def _tr(text: str) -> str:
    return QCoreApplication.translate("TaskBox", text)


class TaskBox(QWidget):
    """Stands in the status bar for as long as anything runs; several are counted, named in the tooltip and stopped one by one."""

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self.text, self.bar, self.stop = QLabel(), QProgressBar(), QToolButton()
        self.bar.setFixedSize(150, 8)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(_tr("Progress of work in the background"))
        self.stop.setText(_tr("Cancel"))
        self.stop.clicked.connect(self._on_stop)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 0, 6, 0)
        layout.setSpacing(8)
        for widget in (self.text, self.bar, self.stop):
            layout.addWidget(widget)
        tasks.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        running = self._tasks.running
        self.setVisible(bool(running))
        if not running:
            return
        newest = running[-1]
        more = len(running) - 1
        far = " " + _percent(newest) if newest.fraction >= 0 else ""
        self.text.setText(task_title(newest) + "…" + far + (" " + plural("TaskBox", "and 1 more", "and {n} more", more) if more else ""))
        self.setToolTip("\n".join(f"{task_title(task)}: {_percent(task)}" for task in running))
        self.stop.setToolTip(_tr("Choose what to stop") if more else _tr("Stop it"))
        known = newest.fraction >= 0
        self.bar.setRange(0, 1000 if known else 0)
        if known:
            self.bar.setValue(round(1000 * newest.fraction))

    def _on_stop(self) -> None:
        running = self._tasks.running
        if len(running) == 1:
            running[0].cancel()
            return
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for task in running:
            menu.addAction(_tr("Stop: {what}, {percent}").format(what=task_title(task), percent=_percent(task)), task.cancel)
        menu.popup(self.stop.mapToGlobal(QPoint(0, -menu.sizeHint().height())))


def ask_to_stop(tasks: Tasks, window: QWidget, leave: Callable[[], None]) -> QMessageBox:
    """Ask before the window closes on what runs; `leave` once the person has said so and all was told to stop."""
    listed = "\n".join(f"• {task_title(task)}: {_percent(task)}" for task in tasks.running)
    box = QMessageBox(QMessageBox.Icon.Question, _tr("Still at work"), _tr("This is not finished yet:") + f"\n{listed}", parent=window)
    box.setInformativeText(_tr("Quitting stops it. Of an export nothing is left behind; what was imported or predicted so far stays."))
    stop = box.addButton(_tr("Stop and quit"), QMessageBox.ButtonRole.DestructiveRole)
    wait = box.addButton(_tr("Go on working"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(wait)
    box.setEscapeButton(wait)

    def quit_now() -> None:
        tasks.cancel_all()
        leave()

    stop.clicked.connect(quit_now)
    box.finished.connect(box.deleteLater)
    box.open()
    return box


def task_title(task: Task) -> str:
    """What it does, and into which folder or file; names of folders stay away where names are hidden."""
    title = words.busy_title(task.what)
    return _tr("{what} to {name}").format(what=title, name=task.name) if task.name and not names_hidden() else title


def _percent(task: Task) -> str:
    """How far it is: things of all where they can be counted."""
    if task.fraction < 0:
        return _tr("begun")
    if task.total is None:
        return _tr("{n} %").format(n=round(100 * task.fraction))
    done, total = (QLocale().toString(count) for count in (round(task.fraction * task.total), task.total))
    return _tr("{n} of {m}").format(n=done, m=total)
