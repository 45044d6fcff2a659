"""Colours: dark by default, light available, following the system; a palette and a style sheet from one set of tokens."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from sos_studio.core.geometry import Plane
from sos_studio.core.resources import resource

Choice = Literal["system", "dark", "light", "contrast"]


@dataclass(frozen=True)
class Tokens:
    """Every colour of a theme by its use."""

    window: str
    base: str
    raised: str
    border: str
    hover: str
    button: str
    button_hover: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    accent_soft: str
    accent_text: str
    on_accent: str
    error: str
    warning: str
    success: str
    chevron: str


DARK = Tokens(
    window="#171a1f",
    base="#0f1216",
    raised="#21262d",
    border="#30363f",
    hover="#262c34",
    button="#272d36",
    button_hover="#303843",
    text="#e4e8ed",
    muted="#98a2ae",
    disabled="#5d6671",
    accent="#3d8fe0",
    accent_hover="#55a2ee",
    accent_soft="#1f3a57",
    accent_text="#7cb8f5",
    on_accent="#ffffff",
    error="#e5484d",
    warning="#e0a030",
    success="#3fa66a",
    chevron="chevron-down-dark.svg",
)
LIGHT = Tokens(
    window="#f3f4f6",
    base="#ffffff",
    raised="#ffffff",
    border="#cfd4da",
    hover="#e4e8ec",
    button="#ffffff",
    button_hover="#eef1f4",
    text="#1b1f24",
    muted="#57606a",
    disabled="#9aa3ad",
    accent="#1f6fc4",
    accent_hover="#2c7fd6",
    accent_soft="#d3e5f8",
    accent_text="#0f5aa8",
    on_accent="#ffffff",
    error="#c62a2f",
    warning="#9a6700",
    success="#1f7a45",
    chevron="chevron-down-light.svg",
)

# Pictures lie on near-black in both themes, so these need only be legible there. Blue-orange-green stay apart for the colour-blind,
# and each line carries its plane's name as well.
PLANE_COLORS: dict[Plane, QColor] = {
    Plane.AXIAL: QColor("#ff6f61"),
    Plane.CORONAL: QColor("#56c596"),
    Plane.SAGITTAL: QColor("#f5c445"),
}
VOLUME_COLOR = QColor("#6aa9f4")


def tokens(choice: Choice) -> Tokens:
    """The colours for a choice; ``system`` is dark unless the system says light."""
    if choice == "light":
        return LIGHT
    if choice == "system" and QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light:
        return LIGHT
    return DARK


def apply(app: QApplication, choice: Choice) -> Tokens:
    """Give the whole application a theme. The palette is set too: under plain X11 the colour scheme alone changes nothing."""
    colors = tokens(choice)
    app.setStyle("Fusion")
    app.setPalette(_palette(colors))
    app.setStyleSheet(style_sheet(colors))
    return colors


def follow_system(app: QApplication, choice: Choice) -> None:
    """Tell Qt which scheme native parts (title bars, dialogs) take."""
    scheme = {
        "system": Qt.ColorScheme.Unknown,
        "dark": Qt.ColorScheme.Dark,
        "light": Qt.ColorScheme.Light,
        "contrast": Qt.ColorScheme.Dark,
    }[choice]
    app.styleHints().setColorScheme(scheme)


def style_sheet(colors: Tokens) -> str:
    """The style sheet with its tokens filled in.

    Raises
    ------
    KeyError
        If it uses a token that no theme has.
    """
    values = asdict(colors)
    values["chevron_down"] = str(resource("icons", colors.chevron)).replace("\\", "/")
    values["check"] = str(resource("icons", "check.svg")).replace("\\", "/")
    values["dash"] = str(resource("icons", "dash.svg")).replace("\\", "/")
    template = resource("theme", "style.qss").read_text(encoding="utf-8")
    template = re.sub(r"/\*.*?\*/", "", template, flags=re.DOTALL)
    return re.sub(r"@(\w+)", lambda found: values[found.group(1)], template)


def _palette(colors: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for where, color in (
        (role.Window, colors.window),
        (role.WindowText, colors.text),
        (role.Base, colors.base),
        (role.AlternateBase, colors.window),
        (role.ToolTipBase, colors.raised),
        (role.ToolTipText, colors.text),
        (role.PlaceholderText, colors.muted),
        (role.Text, colors.text),
        (role.Button, colors.button),
        (role.ButtonText, colors.text),
        (role.BrightText, colors.on_accent),
        (role.Highlight, colors.accent),
        (role.HighlightedText, colors.on_accent),
        (role.Link, colors.accent_text),
        (role.Accent, colors.accent),
        (role.Light, colors.button_hover),
        (role.Midlight, colors.hover),
        (role.Mid, colors.border),
        (role.Dark, colors.border),
        (role.Shadow, colors.base),
    ):
        palette.setColor(where, QColor(color))
    for where in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, where, QColor(colors.disabled))
    return palette
