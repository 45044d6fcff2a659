"""Starting weights seen from the window: whether there are any, choose a file, or fetch them when asked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psygnal import Signal

from sos_studio.core.errors import CancelledError, SosError
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session
from sos_studio.services import presets, weights
from sos_studio.services.weights import WeightsStatus

TELL_EVERY_S = 0.1


@dataclass(frozen=True, eq=False)
class WeightsState:
    """What the dialog shows; `fraction` is that of a download under way, or None."""

    network: str = ""
    status: WeightsStatus | None = None
    fraction: float | None = None
    problem: Message | None = None


class StartingWeightsPresenter:
    """Weights of the network that the chosen preset trains."""

    changed = Signal(WeightsState)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stop = threading.Event()
        self.state = WeightsState()
        try:
            self.state = WeightsState(network=presets.settings(session.settings.preset).student.network)
        except SosError as error:
            self.state = WeightsState(problem=message(error.code, error.values))
        self.refresh()

    def refresh(self) -> None:
        """Look what this computer has."""
        network = self.state.network
        if network:
            self._session.background.run(
                lambda: weights.status(network), lambda status: self._show(status=status), self._failed, key="weights.status"
            )

    def choose(self, file: Path) -> None:
        """Start from this file from now on."""
        network = self.state.network
        self._show(problem=None)
        self._session.background.run(lambda: weights.find(network, file), self._chosen, self._failed, key="weights.choose")

    def forget(self) -> None:
        """Do not start from the chosen file any more; the file itself stays."""
        self._session.settings.weights.pop(weights.base_network(self.state.network), None)
        self._session.save_settings()
        self.refresh()

    def download(self) -> None:
        """Fetch them: the one thing that uses the network, and only now."""
        network, stop, told = self.state.network, threading.Event(), [0.0]
        self._stop = stop

        def progress(fraction: float) -> None:
            now = time.monotonic()
            if now - told[0] >= TELL_EVERY_S or fraction >= 1.0:
                told[0] = now
                self._session.background.post(lambda: None if stop.is_set() else self._show(fraction=fraction))

        self._show(fraction=0.0, problem=None)
        self._session.background.run(
            lambda: weights.download_weights(network, progress, stop.is_set), lambda _: self._downloaded(stop), self._failed
        )

    def cancel(self) -> None:
        """Stop a download; nothing stays behind."""
        self._stop.set()
        self._show(fraction=None)

    def _chosen(self, path: Path | None) -> None:
        if path is not None:
            self._session.settings.weights = {**self._session.settings.weights, weights.base_network(self.state.network): str(path)}
            self._session.save_settings()
        self.refresh()

    def _downloaded(self, stop: threading.Event) -> None:
        stop.set()
        self._show(fraction=None)
        self.refresh()

    def _failed(self, error: Exception) -> None:
        self._stop.set()
        if isinstance(error, CancelledError):
            self._show(fraction=None)
        else:
            code, values = (error.code, error.values) if isinstance(error, SosError) else ("internal", {"kind": type(error).__name__})
            self._show(fraction=None, problem=message(code, values))

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)
