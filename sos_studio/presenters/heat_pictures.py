"""The heatmap on the screen as pictures: coloured, and outlined, off the GUI thread; answers to older states are dropped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from sos_studio.imaging import heatmaps
from sos_studio.imaging.heatmaps import ColourMap
from sos_studio.presenters.prediction_state import PredictionState, heat_rgba
from sos_studio.presenters.session import Session


def load_colours(colour_map: ColourMap) -> None:
    """Import the library of colours while nobody waits for it."""
    heatmaps.layer(np.zeros((1, 1)), colour_map)


class HeatPictures:
    """Makes them of whatever state there is.

    Signals
    -------
    heat_changed
        RGBA picture of the attention in the chosen colours, or None.
    outline_changed
        Line segments (n, 4) of its outline in full-image pixels, or None.
    """

    heat_changed = Signal(object)
    outline_changed = Signal(object)

    def __init__(self, session: Session, state: Callable[[], PredictionState]) -> None:
        self._session, self._state = session, state

    def send(self) -> None:
        """Both, as they are now."""
        state = self._state()
        shown, colour_map = state.shown, state.colour_map
        heat01_vu = shown.heat01_vu if shown is not None else None
        self.trace()
        if heat01_vu is None:
            self.heat_changed.emit(None)
            return

        def deliver(rgba: npt.NDArray[np.uint8]) -> None:
            if self._state().shown is shown:
                self.heat_changed.emit(rgba)

        self._session.background.run_latest(lambda: heat_rgba(heat01_vu, colour_map), deliver, key="predict.colours")

    def trace(self) -> None:
        """The outline alone."""
        state = self._state()
        shown, level = state.shown, state.outline
        heat01_vu = shown.heat01_vu if shown is not None else None
        if heat01_vu is None or level is None:
            self.outline_changed.emit(None)
            return

        def deliver(lines: npt.NDArray[np.float32]) -> None:
            if self._state().shown is shown and self._state().outline is not None:
                self.outline_changed.emit(lines)

        self._session.background.run_latest(lambda: heatmaps.outline(heat01_vu, level), deliver, key="predict.outline")

    def forget(self) -> None:
        """There is none."""
        self.heat_changed.emit(None)
        self.outline_changed.emit(None)
