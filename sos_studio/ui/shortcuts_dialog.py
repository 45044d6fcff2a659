"""Other keys: search an action, press its new key; a key that is taken is named, and the person decides who has it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QBrush, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.actions import Action
from sos_studio.core.pane_keys import PLACES, places_of
from sos_studio.presenters.session import Session
from sos_studio.presenters.shortcut_editing import Clash, Refused, ShortcutEditor
from sos_studio.ui import keys, parts, words
from sos_studio.ui.gesture_words import gesture_words, place_title
from sos_studio.ui.key_catcher import KeyCatcher

SIZE = (680, 560)
SHARE_OF_SCREEN = 0.88
_ACTION = Qt.ItemDataRole.UserRole


def _tr(text: str) -> str:
    return QCoreApplication.translate("ShortcutsDialog", text)


def title(action: Action) -> str:
    """An action as sentences name it."""
    return words.plain(words.action_title(action))


def clash_sentence(clash: Clash) -> str:
    """Who has the key that was wanted."""
    held = [_tr("{key} is the key of “{action}”").format(key=keys.native(key), action=title(holder)) for key, holder in clash.held.items()]
    return _tr("{held}. Who shall have it?").format(held=_tr("; ").join(held))


def refusal_sentence(refused: Refused) -> str:
    """Why nobody can have a key."""
    key = keys.native(refused.key)
    if refused.gesture is None:
        return _tr("{key} opens menus or presses buttons, so no action can have it.").format(key=key)
    what, _ = gesture_words(refused.gesture)
    place = place_title(refused.gesture.place)
    return _tr("{key} is fixed: “{what}” ({place}). No action can have it.").format(key=key, what=what, place=place)


class ActionList(QTreeWidget):
    """Actions by place, with their keys; Enter changes the one that is chosen, Delete takes its keys away."""

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderLabels([_tr("What it does"), _tr("Keys")])
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(False)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAccessibleName(_tr("Actions and their keys"))
        self._items: dict[Action, QTreeWidgetItem] = {}
        self._groups: list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = []
        for place in PLACES:
            group = QTreeWidgetItem([place_title(place), ""])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = group.font(0)
            font.setBold(True)
            group.setFont(0, font)
            self.addTopLevelItem(group)
            rows = []
            for action in Action:
                if places_of(action)[0] == place:
                    item = QTreeWidgetItem(group, [title(action), ""])
                    item.setData(0, _ACTION, action.value)
                    self._items[action] = item
                    rows.append(item)
            self._groups.append((group, rows))
        self.expandAll()

    @property
    def chosen(self) -> Action | None:
        """The action whose row is chosen."""
        item = self.currentItem()
        value = item.data(0, _ACTION) if item is not None and not item.isHidden() else None
        return Action(value) if value else None

    def choose(self, action: Action) -> None:
        """Go to a row."""
        self.setCurrentItem(self._items[action])
        self.scrollToItem(self._items[action])

    def show_keys(self, editor: ShortcutEditor) -> None:
        """What is in force now; other keys than at first say so."""
        for action, item in self._items.items():
            shown = keys.all_of(action) or "–"
            changed = editor.is_changed(action)
            item.setText(1, _tr("{keys}  (changed)").format(keys=shown) if changed else shown)
            item.setForeground(1, QBrush(self.palette().link().color()) if changed else QBrush())

    def show_fitting(self, wanted: str) -> None:
        """Only rows in which the words occur."""
        for group, rows in self._groups:
            whole = wanted in group.text(0).casefold()
            for row in rows:
                row.setHidden(not (whole or wanted in f"{row.text(0)} {row.text(1)}".casefold()))
            group.setHidden(all(row.isHidden() for row in rows))
        if self.chosen is None:
            first = next((item for item in self._items.values() if not item.isHidden()), None)
            if first is not None:
                self.setCurrentItem(first)


class ShortcutsDialog(QDialog):
    """Everything is saved as it is changed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Change keys"))
        self.editor = ShortcutEditor(session)
        self.search = QLineEdit()
        self.search.setPlaceholderText(_tr("Search: what to do, or a key"))
        self.search.setAccessibleName(_tr("Search in actions and keys"))
        self.search.setClearButtonEnabled(True)
        self.list = ActionList()
        self.search.textChanged.connect(lambda text: self.list.show_fitting(text.strip().casefold()))
        self._beside = False
        self._clash: Clash | None = None
        self._build_foot()
        self.list.currentItemChanged.connect(self._rest)
        self.list.itemDoubleClicked.connect(lambda *_: self._catch(beside=False))
        self.editor.changed.connect(self._on_changed)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.reset_all = buttons.addButton(_tr("Reset &all"), QDialogButtonBox.ButtonRole.ResetRole)
        self.reset_all.setToolTip(_tr("Every action gets back the keys it had at first"))
        self.reset_all.clicked.connect(self.editor.reset_all)
        buttons.rejected.connect(self.reject)
        for button in buttons.buttons():
            # Enter belongs to the list: it changes the key of the chosen action.
            button.setAutoDefault(False)  # type: ignore[attr-defined]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 12)
        layout.setSpacing(10)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.said)
        layout.addWidget(self._foot)
        layout.addWidget(buttons)
        screen = (parent or self).screen().availableGeometry()
        self.resize(min(SIZE[0], screen.width()), min(SIZE[1], round(SHARE_OF_SCREEN * screen.height())))
        self._on_changed()
        self.list.choose(next(iter(Action)))
        self.search.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter on the list changes a key, Delete takes it away; Escape leaves a question unanswered before it leaves the dialog."""
        at_list = self.list.hasFocus() and self._foot.currentWidget() is self._choices
        if event.key() == Qt.Key.Key_Escape and self._foot.currentWidget() is not self._choices:
            self._rest()
        elif at_list and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._catch(beside=False)
        elif at_list and event.key() == Qt.Key.Key_Delete:
            self._take()
        else:
            super().keyPressEvent(event)

    def _build_foot(self) -> None:
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setAccessibleName(_tr("What happened"))
        self.change = parts.button(_tr("&Change…"), _tr("Press a new key in place of the old one (Enter)"))
        self.change.clicked.connect(lambda: self._catch(beside=False))
        self.add = parts.button(_tr("A&dd…"), _tr("Press a further key for the same action"))
        self.add.clicked.connect(lambda: self._catch(beside=True))
        self.take = parts.button(_tr("&No key"), _tr("Leave the action to menus and buttons (Delete)"))
        self.take.clicked.connect(self._take)
        self.reset = parts.button(_tr("&Reset"), _tr("The keys that this action had at first"))
        self.reset.clicked.connect(self._reset)
        self._choices = _row(self.change, self.add, self.take, self.reset)
        self.catcher = KeyCatcher()
        self.catcher.caught.connect(self._on_key)
        self.catcher.given_up.connect(self._rest)
        self.give = parts.button("", _tr("The other action loses the key"))
        self.give.clicked.connect(self._on_give)
        self.keep = parts.button("", _tr("Nothing is changed"))
        self.keep.clicked.connect(self._rest)
        self._answers = _row(self.give, self.keep)
        self._foot = QStackedWidget()
        for page in (self._choices, _row(self.catcher, stretch=False), self._answers):
            self._foot.addWidget(page)
        for button in (self.change, self.add, self.take, self.reset, self.give, self.keep):
            button.setAutoDefault(False)

    def _on_changed(self) -> None:
        self.list.show_keys(self.editor)
        self.reset_all.setEnabled(self.editor.any_changed)
        self._rest()

    def _rest(self, *_: object) -> None:
        """Back to the choices, with the keys where they were."""
        self._clash = None
        back = self._foot.currentWidget() is not self._choices
        self._foot.setCurrentWidget(self._choices)
        action = self.list.chosen
        self.said.clear()
        self.change.setEnabled(action is not None)
        self.add.setEnabled(action is not None)
        self.take.setEnabled(action is not None and bool(keys.of(action)))
        self.reset.setEnabled(action is not None and self.editor.is_changed(action))
        if back:
            self.list.setFocus()

    def _catch(self, *, beside: bool) -> None:
        action = self.list.chosen
        if action is None:
            return
        self._beside = beside
        self.said.setText(_tr("“{action}”: which key?").format(action=title(action)))
        self._foot.setCurrentIndex(1)
        self.catcher.setFocus()

    def _on_key(self, key: str) -> None:
        action = self.list.chosen
        if action is None:
            return
        answer = self.editor.give(action, key, beside=self._beside)
        if isinstance(answer, Refused):
            # The field waits on: another key may do.
            self.said.setText(refusal_sentence(answer))
        else:
            self._told(answer, action)

    def _reset(self) -> None:
        action = self.list.chosen
        if action is not None:
            self._told(self.editor.reset(action), action)

    def _take(self) -> None:
        action = self.list.chosen
        if action is not None:
            self.editor.take_all(action)
            self._rest()
            self.said.setText(_tr("“{action}” has no key now.").format(action=title(action)))

    def _told(self, clash: Clash | None, action: Action) -> None:
        if clash is None:
            self._rest()
            self.said.setText(_tr("“{action}” has {keys} now.").format(action=title(action), keys=keys.all_of(action)))
            return
        self._clash = clash
        self.said.setText(clash_sentence(clash))
        self.give.setText(_tr("“{action}” gets it").format(action=title(action)))
        holder = next(iter(clash.held.values()))
        self.keep.setText(_tr("“{action}” keeps it").format(action=title(holder)) if len(clash.held) == 1 else _tr("They keep them"))
        self._foot.setCurrentWidget(self._answers)
        self.keep.setFocus()

    def _on_give(self) -> None:
        clash = self._clash
        if clash is not None:
            self.editor.resolve(clash)
            self._told(None, clash.action)


def _row(*widgets: QWidget, stretch: bool = True) -> QWidget:
    box = QWidget()
    layout = QHBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    if stretch:
        layout.addStretch(1)
    return box
