"""Colours: dark by default, light and high contrast, following the system; a palette and a style sheet from one set of tokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette, QStyleHints
from PySide6.QtWidgets import QApplication

from sos_studio.core.geometry import Plane
from sos_studio.core.resources import resource

Choice = Literal["system", "dark", "light", "contrast"]


@dataclass(frozen=True)
class Tokens:
    """Every colour of a theme by its use; the last ones are the names of icons that style sheets can't tint."""

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
    focus: str
    error: str
    warning: str
    success: str
    chevron: str
    check: str = "check.svg"
    dash: str = "dash.svg"


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
    disabled="#6b7580",
    accent="#2a73c0",
    accent_hover="#215fa3",
    accent_soft="#1f3a57",
    accent_text="#7cb8f5",
    on_accent="#ffffff",
    focus="#55a2ee",
    error="#f2777b",
    warning="#e0a030",
    success="#4fb87c",
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
    muted="#4a525b",
    disabled="#858e98",
    accent="#1f6fc4",
    accent_hover="#185a9f",
    accent_soft="#d3e5f8",
    accent_text="#0b4c91",
    on_accent="#ffffff",
    focus="#1f6fc4",
    error="#b3242a",
    warning="#835700",
    success="#1a6b3c",
    chevron="chevron-down-light.svg",
)
# Black and white with one bright sign for what is chosen and one for who has the keys; lines are drawn where the others shade.
CONTRAST = Tokens(
    window="#000000",
    base="#000000",
    raised="#000000",
    border="#ffffff",
    hover="#333333",
    button="#000000",
    button_hover="#333333",
    text="#ffffff",
    muted="#f0f0f0",
    disabled="#a6a6a6",
    accent="#ffd400",
    accent_hover="#ffe675",
    accent_soft="#4a3d00",
    accent_text="#7fdfff",
    on_accent="#000000",
    focus="#00e5ff",
    error="#ff9d9d",
    warning="#ffd400",
    success="#7dff9b",
    chevron="chevron-down-contrast.svg",
    check="check-contrast.svg",
    dash="dash-contrast.svg",
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
    """The colours for a choice; ``system`` is dark unless the system asks for high contrast or says light."""
    if choice != "system":
        return {"dark": DARK, "light": LIGHT, "contrast": CONTRAST}[choice]
    if system_wants_contrast():
        return CONTRAST
    return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK


def system_wants_contrast() -> bool:
    """Whether the system is set to high contrast; Qt tells since 6.10."""
    # Kept until the end: what it says of accessibility goes with it.
    style = QGuiApplication.styleHints()
    hints = _accessibility(style)
    return hints is not None and hints.contrastPreference() == Qt.ContrastPreference.HighContrast


def hear_system(changed: Callable[..., None]) -> None:
    """Call back when the system goes dark, light or to high contrast."""
    style = QGuiApplication.styleHints()
    style.colorSchemeChanged.connect(changed)
    hints = _accessibility(style)
    if hints is not None:
        hints.contrastPreferenceChanged.connect(changed)


def _accessibility(style: QStyleHints) -> Any:
    ask = getattr(style, "accessibility", None)
    return ask() if ask is not None else None


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
    values["check"] = str(resource("icons", colors.check)).replace("\\", "/")
    values["dash"] = str(resource("icons", colors.dash)).replace("\\", "/")
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
