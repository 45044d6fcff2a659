"""Name a training; delete one."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from sos_studio.services.job_care import LONGEST_NAME
from sos_studio.ui.language import plural

TEXT_WIDTH = 380


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


class RenameJobDialog(QDialog):
    """Asks what a training is to be called."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Name of the training"))
        self._name = QLineEdit(name)
        self._name.setMaxLength(LONGEST_NAME)
        self._name.setPlaceholderText(_tr("for example: with the spring's cases"))
        self._name.setAccessibleName(_tr("Name of the training"))
        self._name.setMinimumWidth(TEXT_WIDTH)
        text = QLabel(_tr("The name is kept in the project. Don't use a patient's name; leave it empty for date and time."))
        _fit(text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        for part in (text, self._name, _buttons(self, _tr("Rename"))):
            layout.addWidget(part)
        self._name.selectAll()

    @property
    def name(self) -> str:
        """What was typed."""
        return self._name.text().strip()


class DeleteJobDialog(QDialog):
    """Asks before a training goes for good.

    Parameters
    ----------
    title
        What it is called.
    networks
        How many networks it stored.
    in_use
        Whether one of them is what predictions are made with: then all of them stay.
    before
        Whether one of them was in use before the present one.
    """

    def __init__(self, title: str, networks: int, *, in_use: bool, before: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Delete a training"))
        told = _tr("Delete “{title}” with its curves, its log and what it could be resumed from? This can't be undone.")
        text = QLabel(told.format(title=title))
        _fit(text)
        self.networks = QCheckBox(plural("TrainingDock", "Its network, too", "Its {n} networks, too", networks))
        self.networks.setVisible(networks > 0)
        self.networks.setEnabled(not in_use)
        if in_use:
            stays = QLabel(_tr("Predictions are made with its network: it stays. Take another one into use first to delete it."))
        else:
            stays = QLabel(_tr("One of them was in use before the present one: without it there is no way back to it."))
        _fit(stays)
        stays.setVisible(in_use or before)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        buttons = _buttons(self, _tr("Delete"))
        # Enter must not do what can't be undone.
        buttons.button(QDialogButtonBox.StandardButton.Ok).setAutoDefault(False)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setDefault(True)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setFocus()
        for part in (text, self.networks, stays, buttons):
            layout.addWidget(part)


def _fit(text: QLabel) -> None:
    text.setTextFormat(Qt.TextFormat.PlainText)  # a name that looks like HTML is a name
    text.setWordWrap(True)
    # A dialog's layout doesn't ask how high wrapped words are.
    text.setMinimumSize(TEXT_WIDTH, text.heightForWidth(TEXT_WIDTH))


def _buttons(dialog: QDialog, title: str) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    buttons.button(QDialogButtonBox.StandardButton.Ok).setText(title)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons
