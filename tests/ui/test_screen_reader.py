"""What a screen reader says: every control and every picture of ours has a name."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QScrollBar,
    QSplitterHandle,
    QTabBar,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from sos_studio.dataset.project import Project
from sos_studio.services.scans import OpenedScan
from sos_studio.ui.main_window import MainWindow
from tests.ui.everything import dialog_classes, open_all, surfaces

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QTabBar,
    QTextEdit,
)
# Parts that Qt makes inside of controls and names itself or not at all.
INNER = (QScrollBar, QHeaderView, QSplitterHandle)


def has_to_be_named(widget: QWidget) -> bool:
    if (
        (isinstance(widget, QLabel) and not widget.text())
        or isinstance(widget, INNER)
        or widget.objectName().startswith("qt_")
        or inside_a_control(widget)
    ):
        return False
    takes_keys = widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not widget.isWindow() and widget.focusProxy() is None
    scrolled_only = isinstance(widget, QScrollArea) and not widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    return (isinstance(widget, CONTROLS) or is_ours(widget) or takes_keys) and not scrolled_only


def is_ours(widget: QWidget) -> bool:
    """Whether it is painted by us: Qt can't know then what is in it."""
    return type(widget).__module__.startswith("sos_studio.ui") and "paintEvent" in vars(type(widget))


def inside_a_control(widget: QWidget) -> bool:
    """The line of a spin box, the list of a combo box, the scroll buttons of a tab bar."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, (QAbstractSpinBox, QComboBox, QLineEdit, QTabBar)):
            return True
        parent = parent.parentWidget()
    return False


def spoken(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else ""


def nameless(surface: QWidget) -> set[str]:
    found = (widget for widget in surface.findChildren(QWidget) if has_to_be_named(widget) and not spoken(widget).strip(" ✕…"))
    # A button or picture that waits for its words is named when it comes.
    found = (widget for widget in found if widget.isVisibleTo(surface) or (not isinstance(widget, QAbstractButton) and not is_ours(widget)))
    return {f"{type(widget).__name__} {widget.objectName()!r} {widget.toolTip()!r}" for widget in found}


def test_every_control_has_a_name(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    open_all(window, project, scan, qtbot)
    silent = {name: found for name, surface in surfaces(window, qtbot) if (found := nameless(surface))}
    assert silent == {}, "\n".join(f"{name}: {sorted(found)}" for name, found in silent.items())


def test_every_dialog_is_walked(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    open_all(window, project, scan, qtbot)
    assert dialog_classes() <= {name for name, _ in surfaces(window, qtbot)}


def test_a_control_without_a_name_is_noticed(qtbot: QtBot) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    field = QLineEdit(box)
    assert nameless(box)
    field.setAccessibleName("Remark")
    assert nameless(box) == set()


def test_pictures_say_what_they_show(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    open_all(window, project, scan, qtbot)
    for picture in (window.crop.view, window.stage.crop_view, window.stage.full_view, window.predict.view, *window.orient.panes):
        assert spoken(picture), picture


def test_cases_are_described_in_words(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    open_all(window, project, scan, qtbot)
    said = window.cases_dock.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said.startswith("case-0001")
    assert "captured" in said
