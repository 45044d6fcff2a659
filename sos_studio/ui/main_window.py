"""The window: menus, cases on the left, the four steps in the middle, the inspector on the right, the status bar below."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Protocol, cast

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLabel, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.presenters.session import Session


def _tr(text: str) -> str:
    return QCoreApplication.translate("MainWindow", text)


class StepWidget(Protocol):
    """What the window needs of a step (each is a QWidget made from ``(session, parent)``)."""

    def inspector(self) -> QWidget:
        """What goes into the right dock while the step is in front."""

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""


class MainWindow(QMainWindow):
    """Composes the steps around one `Session`."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.tabs = QTabWidget()
        self.setCentralWidget(self.tabs)
        for module, name, title in (
            ("orient_step", "OrientStep", _tr("Orient")),
            ("crop_step", "CropStep", _tr("Crop")),
            ("stage_step", "StageStep", _tr("Stage")),
            ("predict_step", "PredictStep", _tr("Predict")),
        ):
            self.tabs.addTab(self._make_step(module, name), title)

    def _make_step(self, module: str, name: str) -> QWidget:
        try:
            step = getattr(importlib.import_module(f"sos_studio.ui.{module}"), name)
        except ModuleNotFoundError:
            page = QWidget()
            QVBoxLayout(page).addWidget(QLabel(name))
            return page
        return cast(QWidget, step(self.session, self))
