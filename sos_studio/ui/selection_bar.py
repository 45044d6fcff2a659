"""Under the cases list, while several are selected: how many, and what can be done with them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from sos_studio.core.actions import Action
from sos_studio.ui.keymap import Keymap
from sos_studio.ui.language import plural

ENTRIES: tuple[Action | None, ...] = (
    Action.SELECT_LISTED,
    Action.SELECT_LAST_IMPORT,
    None,
    Action.EXCLUDE_SELECTED,
    Action.INCLUDE_SELECTED,
    None,
    Action.PREDICT_SELECTED,
    Action.EXPORT_SELECTED,
    None,
    Action.CASE_HISTORY,
)


def _tr(text: str) -> str:
    return QCoreApplication.translate("SelectionBar", text)


class SelectionBar(QWidget):
    """Hidden while fewer than two cases are selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.menu = QMenu(self)
        self.words = QLabel()
        self.with_these = QPushButton(_tr("With these"))
        self.with_these.setToolTip(_tr("What can be done with all selected cases"))
        self.with_these.setAccessibleName(_tr("With the selected cases"))
        self.with_these.setMenu(self.menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 0)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.with_these)
        self.hide()

    def fill(self, keys: Keymap) -> None:
        """Put the actions in, once there are any."""
        keys.fill(self.menu, ENTRIES)
        self.menu.aboutToShow.connect(keys.refresh)

    def show_count(self, count: int) -> None:
        """So many cases are selected."""
        self.words.setText(plural("SelectionBar", "1 case selected", "{n} cases selected", count))
        self.setVisible(count > 1)
