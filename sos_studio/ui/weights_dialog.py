"""Starting weights: told plainly, chosen from a file, or downloaded when a person presses the button."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from sos_studio.presenters.session import Session
from sos_studio.presenters.starting_weights import StartingWeightsPresenter, WeightsState
from sos_studio.services import weights
from sos_studio.services.weights import WeightsStatus
from sos_studio.ui import parts
from sos_studio.ui.file_dialogs import file_dialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("WeightsDialog", text)


class WeightsDialog(QDialog):
    """Where training starts from.

    Parameters
    ----------
    about_to_train
        The training that waits for an answer; the dialog then offers to go on with it.
    """

    go_on_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None, *, about_to_train: WeightsStatus | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Starting weights"))
        self.setMinimumWidth(520)
        self.presenter = StartingWeightsPresenter(session)
        self._asks = about_to_train is not None
        self._headline = parts.heading("")
        self._headline.setWordWrap(True)
        self._text = QLabel(
            _tr(
                "Networks stage better after few cases if they have learned to see on everyday photographs before. "
                "What they learned there comes as a file, their starting weights (ImageNet).\n\n"
                "Training works without it, from scratch: more cases are then needed for the same result. "
                "With each result it is written which way was taken."
            )
        )
        self._text.setWordWrap(True)
        self._place = parts.note()
        self.problem = parts.red()
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName(_tr("Progress of the download"))
        self.choose = parts.button(_tr("Choose a file …"), _tr("A .safetensors file with the weights of this network"))
        self.choose.clicked.connect(self._choose_file)
        self.download = parts.button(_tr("Download …"), _tr("Fetch the weights from the internet; nothing about you or your cases is sent"))
        self.download.clicked.connect(self.presenter.download)
        self.stop = parts.button(_tr("Stop download"), _tr("Nothing stays behind"))
        self.stop.clicked.connect(self.presenter.cancel)
        self.buttons = QDialogButtonBox()
        if self._asks:
            self.go_on = self.buttons.addButton(_tr("Train from scratch"), QDialogButtonBox.ButtonRole.AcceptRole)
            self.go_on.setToolTip(_tr("Start the training now"))
            self.buttons.addButton(_tr("Don't train now"), QDialogButtonBox.ButtonRole.RejectRole)
        else:
            self.buttons.addButton(QDialogButtonBox.StandardButton.Close)
        self.buttons.accepted.connect(self._go_on)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self.finished.connect(self._on_closed)
        self.presenter.changed.connect(self._on_state)
        self._on_state(self.presenter.state)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.choose)
        row.addWidget(self.download)
        row.addWidget(self.stop)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(10)
        for label in (self._headline, self._text, self._place):
            layout.addWidget(label)
        layout.addLayout(row)
        layout.addWidget(self.bar)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)

    def _on_closed(self) -> None:
        self.presenter.changed.disconnect(self._on_state, missing_ok=True)
        if self.presenter.state.fraction is not None:
            self.presenter.cancel()

    def _choose_file(self) -> None:
        dialog = file_dialog(self, _tr("Starting weights"), QFileDialog.FileMode.ExistingFile, _tr("Weights (*.safetensors)"))
        dialog.fileSelected.connect(lambda name: self.presenter.choose(Path(name)))
        dialog.open()

    def _go_on(self) -> None:
        self.go_on_wanted.emit()
        self.accept()

    def _on_state(self, state: WeightsState) -> None:
        status = state.status
        found = status is not None and status.path is not None
        loading = state.fraction is not None
        if status is None:
            self._headline.setText(_tr("Looking for starting weights …"))
        elif found:
            self._headline.setText(_tr("Training starts from what was learned on everyday pictures (ImageNet weights)."))
        else:
            self._headline.setText(_tr("No starting weights are on this computer: training starts from scratch."))
        if status is not None and status.path is not None:
            self._place.setText(_tr("File: {file} (for {network})").format(file=status.path.name, network=state.network))
        elif status is not None and not status.downloadable:
            self._place.setText(
                _tr("No published weights are known for {network}. You may choose a file of your own.").format(network=state.network)
            )
        else:
            self._place.setText(_tr("Download fetches the file from the internet. If you were given one, choose it here."))
            self._place.setToolTip(
                _tr("The file for {network} lies in {folder}").format(network=state.network, folder=weights.cache_dir())
                if state.network
                else ""
            )
        self.download.setVisible(not loading and not found and status is not None and status.downloadable)
        self.choose.setEnabled(not loading and bool(state.network))
        self.stop.setVisible(loading)
        self.bar.setVisible(loading)
        self.bar.setValue(round(100 * state.fraction) if state.fraction is not None else 0)
        self.problem.setText(str(state.problem) if state.problem is not None else "")
        self.problem.setVisible(state.problem is not None)
        if self._asks:
            self.go_on.setText(_tr("Train") if found else _tr("Train from scratch"))
            self.go_on.setEnabled(not loading)
