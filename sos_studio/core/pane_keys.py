"""Keys and gestures that panes and lists take themselves, as data: the cheat sheet names them, and no action can be given their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sos_studio.core.actions import Action

Place = Literal["everywhere", "cases", "orient", "crop", "stage", "predict", "train"]
PLACES: tuple[Place, ...] = ("everywhere", "cases", "orient", "crop", "stage", "predict", "train")


@dataclass(frozen=True)
class Gesture:
    """Something that is done with keys or the mouse in one place only.

    Attributes
    ----------
    name
        Its id; words are made in `sos_studio.ui`.
    place
        Where it works.
    keys
        Portable key texts that it takes; empty for the mouse alone. A letter or figure is taken as it is typed.
    """

    name: str
    place: Place
    keys: tuple[str, ...] = ()


def _each(*keys: str, modifiers: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    return tuple(modifier + key for modifier in modifiers for key in keys)


_PLAIN_AND_SHIFT = ("", "Shift+")
_UPRIGHT, _LEVEL, _PAGES = ("Up", "Down"), ("Left", "Right"), ("PgUp", "PgDown")

GESTURES: tuple[Gesture, ...] = (
    Gesture("window.dismiss", "everywhere", ("Esc",)),
    Gesture("window.next_control", "everywhere", ("Tab", "Shift+Tab")),
    Gesture("window.press", "everywhere", ("Space", "Return", "Enter")),
    Gesture("window.menus", "everywhere", ("F10",)),
    Gesture("window.drop", "everywhere"),
    Gesture("cases.choose", "cases", _UPRIGHT),
    Gesture("cases.open", "cases", ("Return", "Enter")),
    Gesture("orient.move_line", "orient"),
    Gesture("orient.turn", "orient"),
    Gesture("orient.move_both", "orient"),
    Gesture("orient.scroll", "orient", _each(*_PAGES, modifiers=_PLAIN_AND_SHIFT)),
    Gesture("orient.nudge_level", "orient", _each(*_UPRIGHT, modifiers=_PLAIN_AND_SHIFT)),
    Gesture("orient.nudge_turn", "orient", _each(*_LEVEL, modifiers=_PLAIN_AND_SHIFT)),
    Gesture("orient.nudge_upright", "orient"),
    Gesture("orient.zoom", "orient"),
    Gesture("orient.pan", "orient"),
    Gesture("orient.contrast", "orient"),
    Gesture("orient.enlarge", "orient"),
    Gesture("orient.four_panes", "orient", ("Esc",)),
    Gesture("orient.measure_cross", "orient", _each(*_UPRIGHT, *_LEVEL, modifiers=_PLAIN_AND_SHIFT)),
    Gesture("orient.measure_point", "orient", ("Space", "Return", "Enter")),
    Gesture("orient.remove_measurement", "orient", ("Del", "Backspace")),
    Gesture("orient.end_tool", "orient", ("Esc",)),
    Gesture("orient.turn_volume", "orient", _each(*_UPRIGHT, *_LEVEL)),
    Gesture("orient.zoom_volume", "orient", ("+", "=", "-")),
    Gesture("orient.threshold", "orient"),
    Gesture("crop.ends", "crop"),
    Gesture("crop.cross", "crop", _each(*_UPRIGHT, *_LEVEL, modifiers=_PLAIN_AND_SHIFT)),
    Gesture("crop.place", "crop", ("Space", "Return", "Enter")),
    Gesture("crop.frame", "crop"),
    Gesture("crop.nudge", "crop", _each(*_UPRIGHT, *_LEVEL, modifiers=_PLAIN_AND_SHIFT)),
    Gesture("crop.nudge_turn", "crop", _each(*_LEVEL, modifiers=("Ctrl+", "Ctrl+Shift+"))),
    Gesture("crop.nudge_size", "crop", _each(*_UPRIGHT, modifiers=("Ctrl+", "Ctrl+Shift+"))),
    Gesture("crop.take_back", "crop", ("Esc",)),
    Gesture("crop.zoom", "crop", ("+", "=", "-")),
    Gesture("crop.fit", "crop", ("0",)),
    Gesture("crop.pan", "crop"),
    Gesture("crop.contrast", "crop"),
    Gesture("stage.leave_remark", "stage", ("Return", "Esc")),
    Gesture("stage.zoom", "stage", ("+", "=", "-")),
    Gesture("stage.fit", "stage", ("0",)),
    Gesture("stage.contrast", "stage"),
    Gesture("predict.zoom", "predict", ("+", "=", "-")),
    Gesture("predict.fit", "predict", ("0",)),
    Gesture("predict.contrast", "predict"),
)

_LOOKS_AND_TOOLS = (
    Action.WINDOW_PRESET,
    Action.PANE_ZOOM_IN,
    Action.PANE_ZOOM_OUT,
    Action.PANE_LEFT,
    Action.PANE_RIGHT,
    Action.PANE_UP,
    Action.PANE_DOWN,
    Action.MORE_CONTRAST,
    Action.LESS_CONTRAST,
    Action.BRIGHTER,
    Action.DARKER,
    Action.GRID,
    Action.SLAB_THICKER,
    Action.SLAB_THINNER,
    Action.SLAB_MODE,
    Action.COMPARE_ORIENTATION,
    Action.REMEMBER_ORIENTATION,
    Action.MEASURE_DISTANCE,
    Action.MEASURE_ANGLE,
    Action.REMOVE_MEASURES,
)

# Where an action is done, if not everywhere; in the order in which the cheat sheet lists them.
PLACES_OF_ACTIONS: Mapping[Action, tuple[Place, ...]] = {
    **dict.fromkeys((Action.FIND_CASE, Action.NEXT_UNSTAGED, Action.OPEN_CASE_SCAN), ("cases",)),
    **dict.fromkeys((Action.FIT, Action.ENLARGE_PANE, Action.CAPTURE, Action.RESET_ORIENTATION, Action.OTHER_SERIES), ("orient",)),
    **dict.fromkeys((Action.CUT_HEAD, Action.FLIP_CUT), ("orient",)),
    **dict.fromkeys(_LOOKS_AND_TOOLS, ("orient",)),
    **dict.fromkeys((Action.BESIDE_STRIP, Action.BESIDE_RIGHT, Action.BESIDE_LEFT), ("crop", "stage")),
    **dict.fromkeys((Action.CROP_AGAIN, Action.CROP_SWAP), ("crop",)),
    **dict.fromkeys((Action.STAGE_1, Action.STAGE_2, Action.STAGE_3, Action.STAGE_4, Action.STAGE_5), ("stage", "predict")),
    **dict.fromkeys((Action.CONFIDENCE, Action.AMBIGUOUS, Action.REMARK), ("stage",)),
    **dict.fromkeys((Action.REVEAL, Action.EXCLUDE_CASE, Action.ADJUDICATE, Action.BLINDED, Action.CONSENSUS_RULE), ("stage",)),
    **dict.fromkeys((Action.PREDICT, Action.CONFIRM_PREDICTION, Action.TOGGLE_HEATMAP), ("predict",)),
    **dict.fromkeys((Action.RETRAIN_ALL, Action.CROSS_VALIDATION, Action.CANCEL_JOB), ("train",)),
    **dict.fromkeys((Action.STARTING_WEIGHTS, Action.TRAINING_PANEL), ("train",)),
}


def places_of(action: Action) -> tuple[Place, ...]:
    """Where an action is done; an unlisted one everywhere."""
    return PLACES_OF_ACTIONS.get(action, ("everywhere",))


def taken_by(key: str) -> Gesture | None:
    """Whoever takes a key itself, so that it can't be given to an action."""
    return next((gesture for gesture in GESTURES if key in gesture.keys), None)
