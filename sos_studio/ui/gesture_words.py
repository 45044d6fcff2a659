"""What the keys and gestures of panes do, and how they are made; see `sos_studio.core.pane_keys`."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from sos_studio.core.pane_keys import Gesture, Place


def _tr(text: str) -> str:
    return QCoreApplication.translate("Gestures", text)


def place_title(place: Place) -> str:
    """A group of the cheat sheet."""
    return {
        "everywhere": _tr("Everywhere"),
        "cases": _tr("Cases"),
        "orient": _tr("Orient"),
        "crop": _tr("Crop"),
        "stage": _tr("Stage"),
        "predict": _tr("Predict"),
        "train": _tr("Training"),
    }[place]


def gesture_words(gesture: Gesture) -> tuple[str, str]:
    """What it does, and how it is made."""
    return _words().get(gesture.name, (gesture.name, " ".join(gesture.keys)))


def _words() -> dict[str, tuple[str, str]]:
    picture = {
        "zoom": (_tr("Zoom"), _tr("Wheel, or + −")),
        "fit": (_tr("Fit the picture, contrast as at first"), _tr("0")),
        "pan": (_tr("Move the picture"), _tr("Middle-button drag")),
        "contrast": (_tr("Contrast and brightness"), _tr("Right-button drag")),
    }
    return {
        **{f"{step}.{name}": words for step in ("crop", "stage", "predict") for name, words in picture.items()},
        **_window(),
        **_orient(),
        **_later_steps(),
    }


def _window() -> dict[str, tuple[str, str]]:
    return {
        "window.dismiss": (_tr("Dismiss a message, stop waiting"), _tr("Esc")),
        "window.next_control": (_tr("Next or previous control"), _tr("Tab, Shift+Tab")),
        "window.press": (_tr("Press or tick a control"), _tr("Space")),
        "window.menus": (_tr("Menus"), _tr("F10, or Alt and the underlined letter")),
        "window.drop": (_tr("Open or import"), _tr("Drop files anywhere")),
        "cases.choose": (_tr("Go through the list"), _tr("↑ ↓")),
        "cases.open": (_tr("Open the case; in the search: the first found"), _tr("Enter")),
    }


def _orient() -> dict[str, tuple[str, str]]:
    return {
        "orient.move_line": (_tr("Move a plane"), _tr("Drag its line")),
        "orient.turn": (_tr("Turn the head"), _tr("Drag the ring at a line's end")),
        "orient.move_both": (_tr("Move both planes"), _tr("Drag the crossing, or Shift+click")),
        "orient.scroll": (_tr("Scroll slices"), _tr("Wheel, Page up / down (Shift ×10)")),
        "orient.nudge_level": (_tr("Nudge the level line one voxel"), _tr("↑ ↓ (Shift ×10)")),
        "orient.nudge_turn": (_tr("Turn by 0.1°"), _tr("← → (Shift ×10)")),
        "orient.nudge_upright": (_tr("Nudge the upright line"), _tr("Click it, then ← →")),
        "orient.zoom": (_tr("Zoom"), _tr("Ctrl+wheel or pinch")),
        "orient.pan": (_tr("Move the picture"), _tr("Middle-button drag")),
        "orient.contrast": (_tr("Contrast and brightness"), _tr("Right-button drag")),
        "orient.enlarge": (_tr("Enlarge a pane"), _tr("Double click")),
        "orient.measure_cross": (_tr("Cross-hair, while distance or angle is in the hand"), _tr("← → ↑ ↓ (Shift ×10)")),
        "orient.measure_point": (_tr("Set a point of the measurement at the cross-hair"), _tr("Space or Enter")),
        "orient.remove_measurement": (_tr("Remove the measurement under the pointer, or the newest"), _tr("Del")),
        "orient.end_tool": (_tr("End a distance or an angle, put the tool down"), _tr("Esc")),
        "orient.four_panes": (_tr("All four panes again"), _tr("Esc")),
        "orient.turn_volume": (_tr("Turn the volume"), _tr("Drag it, or ← → ↑ ↓")),
        "orient.zoom_volume": (_tr("Zoom or move the volume"), _tr("Wheel, or + and −; middle-button drag")),
        "orient.threshold": (_tr("Denser or softer bone in the volume"), _tr("Right-button drag")),
    }


def _later_steps() -> dict[str, tuple[str, str]]:
    return {
        "crop.ends": (_tr("Set the two ends"), _tr("Click them")),
        "crop.cross": (_tr("Cross-hair for an end, while there is no frame"), _tr("← → ↑ ↓ (Shift ×10)")),
        "crop.place": (_tr("Set the end at the cross-hair"), _tr("Space or Enter")),
        "crop.frame": (_tr("Move, size or turn the frame"), _tr("Drag inside, a corner, a knob")),
        "crop.nudge": (_tr("Move the frame one pixel"), _tr("← → ↑ ↓ (Shift ×10)")),
        "crop.nudge_turn": (_tr("Turn the frame by 0.1°"), _tr("Ctrl+← → (Shift ×10)")),
        "crop.nudge_size": (_tr("Size of the frame"), _tr("Ctrl+↑ ↓ (Shift ×10)")),
        "crop.take_back": (_tr("Take the first click back"), _tr("Esc")),
        "stage.leave_remark": (_tr("Keep the remark and go on staging"), _tr("Enter or Esc")),
    }
