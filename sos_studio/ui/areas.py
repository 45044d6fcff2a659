"""F6 goes round the areas of the window: cases, the step in front, inspector, training, messages, status bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

Area = Callable[[], QWidget]


def takes_keys(widget: QWidget) -> bool:
    """Whether Tab would stop at a widget."""
    return widget.isVisible() and widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def stops(area: QWidget) -> Iterator[QWidget]:
    """Widgets of an area at which Tab stops, in its order."""
    if takes_keys(area) and area.focusProxy() is None:
        yield area
    widget = area.nextInFocusChain()
    while widget is not None and widget is not area:
        if area.isAncestorOf(widget) and takes_keys(widget) and widget.focusProxy() is None:
            yield widget
        widget = widget.nextInFocusChain()


class Areas:
    """Knows where the keys are and who is next.

    Parameters
    ----------
    areas
        Each asked anew, because the step in front changes.
    """

    def __init__(self, areas: Sequence[Area]) -> None:
        self._areas = tuple(areas)

    def go(self, by: int) -> None:
        """To the next (1) or the previous (-1) area that can take the keys; where it was left, if it was visited before."""
        areas = [area() for area in self._areas]
        focused = QApplication.focusWidget()
        here = next(
            (n for n, area in enumerate(areas) if focused is not None and (area is focused or area.isAncestorOf(focused))),
            -1 if by > 0 else 0,
        )
        for distance in range(1, len(areas) + 1):
            if self.enter(areas[(here + by * distance) % len(areas)]):
                return

    @staticmethod
    def enter(area: QWidget) -> bool:
        """Give an area the keys; tells whether it could take them."""
        if not area.isVisible():
            return False
        left_at: QWidget | None = area.focusWidget()
        if left_at is None or not takes_keys(left_at) or not area.isAncestorOf(left_at):
            left_at = next(stops(area), None)
        if left_at is None:
            return False
        left_at.setFocus(Qt.FocusReason.TabFocusReason)
        return True
