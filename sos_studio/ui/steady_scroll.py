"""A column that keeps its width when a scroll bar comes or goes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class SteadyScroll(QScrollArea):
    """The bar stands in the column's right margin: else every wrapped line would break anew, and all below it would jump.

    Parameters
    ----------
    content
        A column with a layout; its right margin becomes as wide as the bar where it is not.
    """

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._margin = 0
        self.setWidget(content)
        layout = content.layout()
        if layout is not None:
            self._margin = layout.contentsMargins().right()
        self.verticalScrollBar().rangeChanged.connect(lambda *_: self._make_room())

    def _make_room(self) -> None:
        """Take as much from the margin as the bar takes from the width."""
        content, bar = self.widget(), self.verticalScrollBar()
        layout = None if content is None else content.layout()
        if layout is None:
            return
        margins = layout.contentsMargins()
        margins.setRight(max(self._margin - (bar.sizeHint().width() if bar.maximum() > 0 else 0), 0))
        if margins != layout.contentsMargins():
            layout.setContentsMargins(margins)
