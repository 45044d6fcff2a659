"""The cheat sheet: every key and gesture, grouped by where it works, and a search."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.actions import Action
from sos_studio.core.pane_keys import GESTURES, PLACES, Place, places_of
from sos_studio.ui import keys, parts, words
from sos_studio.ui.gesture_words import gesture_words, place_title

# A column needs this much to be read with ease.
COLUMN_PX = 330
ONE_LINE = 30
# Longer ones take two rows together.
ONE_ROW = 48
# What a heading takes of a column, in rows.
HEADING_ROWS = 2
SHARE_OF_SCREEN = 0.9
LARGEST_PX = (1640, 980)


def _tr(text: str) -> str:
    return QCoreApplication.translate("CheatSheet", text)


def rows_of(place: Place) -> list[tuple[str, str]]:
    """What can be done in a place, and the keys or gestures for it."""
    actions = [action for action in Action if place in places_of(action) and keys.of(action)]
    return [
        *((words.plain(words.action_title(action)), keys.all_of(action)) for action in actions),
        *(gesture_words(gesture) for gesture in GESTURES if gesture.place == place),
    ]


@dataclass
class _Row:
    what: QLabel
    keys: QLabel

    def fits(self, wanted: str) -> bool:
        return wanted in f"{self.what.text()} {self.keys.text()}".casefold()

    def show(self, shown: bool) -> None:
        self.what.setVisible(shown)
        self.keys.setVisible(shown)


class _Group(QWidget):
    """One place: its name, and a row for each thing to do there."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 8)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        grid.addWidget(parts.heading(place_title(place)), 0, 0, 1, 2)
        self._place = place_title(place).casefold()
        self._rows: list[_Row] = []
        for n, (what, how) in enumerate(rows_of(place), start=1):
            row = _Row(QLabel(what), QLabel(how))
            row.what.setWordWrap(True)
            row.keys.setObjectName("quiet")
            # Keys stay on one line; only long gestures are wrapped.
            row.keys.setWordWrap(len(how) > ONE_LINE)
            row.keys.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            row.keys.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
            grid.addWidget(row.what, n, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(row.keys, n, 1, Qt.AlignmentFlag.AlignTop)
            self._rows.append(row)
        self.size_in_rows = HEADING_ROWS + sum(1 if len(row.what.text() + row.keys.text()) < ONE_ROW else 2 for row in self._rows)

    def show_fitting(self, wanted: str) -> bool:
        """Show the rows in which the words occur, all of them if the place itself is meant; tell whether there are any."""
        whole = wanted in self._place
        any_shown = False
        for row in self._rows:
            fits = whole or row.fits(wanted)
            row.show(fits)
            any_shown = any_shown or fits
        self.setVisible(any_shown)
        return any_shown


class CheatSheet(QDialog):
    """Keyboard and mouse, at a glance.

    Signals
    -------
    change_wanted
        The person would like other keys.
    """

    change_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Keyboard and mouse"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(_tr("Search: what to do, or a key"))
        self.search.setAccessibleName(_tr("Search in keys and gestures"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_search)
        self._groups = [_Group(place) for place in PLACES if rows_of(place)]
        self._nothing = parts.note(_tr("Nothing is called so. Try a shorter word."))
        self._nothing.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        change = buttons.addButton(_tr("Change &keys…"), QDialogButtonBox.ButtonRole.ActionRole)
        change.setToolTip(_tr("Give actions other keys"))
        change.setAutoDefault(False)
        change.clicked.connect(self._on_change)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        screen = (parent or self).screen().availableGeometry()
        self.resize(
            *(min(most, round(SHARE_OF_SCREEN * there)) for most, there in zip(LARGEST_PX, (screen.width(), screen.height()), strict=True))
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 12)
        layout.setSpacing(10)
        layout.addWidget(self.search)
        layout.addWidget(self._nothing)
        layout.addWidget(self._page(), 1)
        layout.addWidget(buttons)
        self.search.setFocus()

    def _page(self) -> QScrollArea:
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setContentsMargins(0, 0, 8, 0)
        columns.setSpacing(34)
        for groups in shared_out([group.size_in_rows for group in self._groups], max(1, self.width() // COLUMN_PX)):
            column = QVBoxLayout()
            column.setSpacing(6)
            for n in groups:
                column.addWidget(self._groups[n])
            column.addStretch(1)
            columns.addLayout(column, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(_tr("Keys and gestures"))
        area.setWidget(page)
        return area

    def _on_search(self, text: str) -> None:
        found = [group.show_fitting(text.strip().casefold()) for group in self._groups]
        self._nothing.setVisible(not any(found))

    def _on_change(self) -> None:
        self.reject()
        self.change_wanted.emit()


def shared_out(sizes: list[int], columns: int) -> list[list[int]]:
    """Numbers of groups by column, in their order, so that the longest column is as short as it can be."""

    def filled(most: int) -> list[list[int]]:
        shared: list[list[int]] = [[]]
        room = most
        for n, size in enumerate(sizes):
            if size > room and shared[-1]:
                shared.append([])
                room = most
            shared[-1].append(n)
            room -= size
        return shared

    return next(shared for most in range(max(sizes), sum(sizes) + 1) if len(shared := filled(most)) <= columns)
