"""How slices are shown, whatever they show: thickness and grid. Display only, so there is nothing to undo."""

from __future__ import annotations

from dataclasses import replace

from psygnal import Signal

from sos_studio.core.slabs import Slab


class SliceDisplay:
    """Shared by the three slice panes.

    Attributes
    ----------
    slab
        Thickness through which the mean or the maximum is shown. It stays when another scan is opened: every pane names it.
    grid
        Whether a grid in millimetres lies over the slices.
    """

    changed = Signal()

    def __init__(self) -> None:
        self.slab = Slab()
        self.grid = False

    def set_slab(self, slab: Slab) -> None:
        """Another thickness or mode."""
        if slab != self.slab:
            self.slab = slab
            self.changed.emit()

    def step_slab(self, direction: int) -> None:
        """Thicker (+1) or thinner (-1), down to the plane itself."""
        self.set_slab(self.slab.stepped(direction))

    def switch_mode(self) -> None:
        """Mean instead of maximum and back. Of a plane there is neither, so a slab is shown then."""
        slab = replace(self.slab, mode="mean" if self.slab.mode == "max" else "max")
        self.set_slab(slab.stepped(1) if slab.is_plane else slab)

    def switch_grid(self) -> None:
        """Grid on or off."""
        self.grid = not self.grid
        self.changed.emit()
