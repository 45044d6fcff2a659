"""What steps say about their keys; asked for each time it is shown, because keys can be changed."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from sos_studio.core.actions import Action
from sos_studio.presenters.measuring import Tool
from sos_studio.ui import keys

STAGES = (Action.STAGE_1, Action.STAGE_2, Action.STAGE_3, Action.STAGE_4, Action.STAGE_5)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Hints", text)


def step_hint(step: str, *, framed: bool = False, tool: Tool | None = None) -> str:
    """The keys and the mouse of a step, in one line; `framed`: the crop frame is there, and the way goes on; `tool`: in the hand."""
    contrast = _tr("middle drag: move · right drag: contrast")
    match step:
        case "orient" if tool == "distance":
            return _tr("Distance: click one end and the other, or drag · Del removes the one under the pointer · Esc ends")
        case "orient" if tool == "angle":
            return _tr("Angle in three clicks: end of an arm, apex, end of the other arm; or drag the first · Del removes · Esc ends")
        case "orient":
            return _tr("Drag a line to move its plane, its end to turn it · wheel: slices · Ctrl+wheel: zoom · {contrast}").format(
                contrast=contrast
            )
        case "crop" if framed:
            mouse = _tr("drag inside: move, corner: size, knob: turn · wheel: zoom")
            return " · ".join([_tr("Next: {stage}").format(stage=keys.after(stage_step(), Action.STEP_STAGE)), mouse, contrast])
        case "crop":
            return _tr("Click the two ends, or set them with arrows and Space · wheel: zoom · {contrast}").format(contrast=contrast)
        case "stage":
            actions = (Action.CONFIDENCE, Action.AMBIGUOUS, Action.REMARK, Action.EXCLUDE_CASE, Action.NEXT_UNSTAGED, Action.UNDO)
            told = _pressed(*actions, Action.ATLAS)
            # On a small screen there is no room for more.
            return " · ".join([_tr("{keys} stage").format(keys=keys.span(*STAGES)), *told, _tr("middle drag: move")])
        case "predict":
            told = _pressed(Action.PREDICT, Action.TOGGLE_HEATMAP, Action.CONFIRM_PREDICTION)
            return " · ".join([*told, _tr("{keys} correct").format(keys=keys.span(*STAGES)), _tr("wheel: zoom"), contrast])
        case _:
            return ""


def stage_step() -> str:
    """The name of the step in which stages are given."""
    return _tr("Stage")


def _pressed(*actions: Action) -> list[str]:
    """The key and a word for each action that has one."""
    return [f"{keys.named(action)} {_words(action)}" for action in actions if keys.of(action)]


def _words(action: Action) -> str:
    return {
        Action.CONFIDENCE: _tr("confidence"),
        Action.AMBIGUOUS: _tr("ambiguous"),
        Action.REMARK: _tr("remark"),
        Action.EXCLUDE_CASE: _tr("exclude"),
        Action.NEXT_UNSTAGED: _tr("next"),
        Action.UNDO: _tr("take back"),
        Action.ATLAS: _tr("atlas"),
        Action.PREDICT: _tr("predict"),
        Action.TOGGLE_HEATMAP: _tr("heatmap"),
        Action.CONFIRM_PREDICTION: _tr("confirm"),
    }[action]


def capture_first() -> str:
    """What a step without a full image says."""
    return _tr("No full image yet.\n\nCapture one in {orient}, or choose a captured case on the left.").format(
        orient=keys.after(_tr("Orient"), Action.STEP_ORIENT)
    )


def crop_first() -> str:
    """What Stage says while there is no frame."""
    return _tr("No crop yet.\n\nClick the two ends of the SOS in {crop}, or stage the full image below with the keys {stages}.").format(
        crop=keys.after(_tr("Crop"), Action.STEP_CROP), stages=keys.span(*STAGES)
    )
