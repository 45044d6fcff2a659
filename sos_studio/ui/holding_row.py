"""One row of the inspector: whether the stage holds when the plane is set a little otherwise."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from sos_studio.core.actions import Action
from sos_studio.presenters.holding import HoldingPresenter, HoldingState
from sos_studio.services.sensitivity import Change, Sensitivity, Variation
from sos_studio.ui import parts


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


class HoldingRow(QWidget):
    """What was found, and the button that asks.

    Signals
    -------
    scan_wanted
        The plane itself can be moved once the case's scan is open.
    """

    scan_wanted = Signal()

    def __init__(self, presenter: HoldingPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found = QLabel()
        self.found.setWordWrap(True)
        self.ask = parts.button(
            _tr("Move the plane"),
            _tr("Stage the same head with the plane turned by 2° and moved by 1 mm each way: does the stage hold?"),
        )
        self.open = parts.button(
            _tr("Open its scan"),
            _tr("With the scan open the plane itself can be turned and moved; come back to Predict and ask again"),
            Action.OPEN_CASE_SCAN,
        )
        for made in (self.ask, self.open):
            made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.ask.clicked.connect(presenter.test)
        self.open.clicked.connect(self.scan_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.found, 1)
        row.addWidget(self.ask)
        row.addWidget(self.open)
        presenter.changed.connect(self._on_state)
        self._on_state(presenter.state)

    def _on_state(self, state: HoldingState) -> None:
        self.setVisible(state.phase != "nothing")
        self.ask.setVisible(state.phase == "ready" or state.farther == "again")
        self.open.setVisible(state.farther == "open")
        found = state.found
        parts.set_alarm(self.found, found is not None and not found.holds)
        if found is not None:
            self.found.setText(holding_words(found, unsure=state.unsure))
            self.found.setToolTip(tried_words(found))
            return
        self.found.setToolTip("")
        self.found.setText(
            _tr("Moving the plane … {p}\u00a0%").format(p=round(100 * state.share))
            if state.phase == "testing"
            else _tr("Does the stage hold?")
        )


def holding_words(found: Sensitivity, *, unsure: bool = False) -> str:
    """Robust or fragile, in how many views, and how far the plane was moved.

    Parameters
    ----------
    unsure
        The answer is unsure: a guess that stays the same is still one.
    """
    views = len(found.tried) + 1
    if found.holds and unsure:
        told = _tr("Still unsure: stage {n} stays the most likely in all {views} views").format(n=found.stage, views=views)
    elif found.holds:
        told = _tr("Robust: stage {n} in all {views} views").format(n=found.stage, views=views)
    else:
        seen = ", ".join(_tr("{n} in {count}").format(n=stage, count=count) for stage, count in found.seen)
        told = _tr("Fragile: stage {seen} of {views} views").format(seen=seen, views=views)
    return (
        told
        + {
            "plane": _tr(" (±2°, ±1\u00a0mm)."),
            "neighbours": _tr(" (±1\u00a0mm; ±2° only within the picture)."),
            "picture": _tr(" (±2°, ±1\u00a0mm, only within the picture)."),
        }[found.reach]
    )


def tried_words(found: Sensitivity) -> str:
    """All views, line by line."""
    lines = [_tr("as captured: stage {n}").format(n=found.stage)]
    lines += [_tr("{change}: stage {n}").format(change=change_words(one.variation), n=one.stage) for one in found.tried]
    return "\n".join(lines)


def change_words(variation: Variation) -> str:
    """Such as "roll +2°"."""
    names: dict[Change, str] = {
        "roll": _tr("roll"),
        "yaw": _tr("yaw"),
        "pitch": _tr("pitch"),
        "side": _tr("plane to the left"),
        "turn": _tr("picture turned"),
        "along": _tr("picture forwards"),
        "down": _tr("picture down"),
    }
    unit = "°" if variation.change in ("roll", "yaw", "pitch", "turn") else "\u00a0mm"
    return f"{names[variation.change]} {variation.amount:+g}{unit}".replace("-", "−")
