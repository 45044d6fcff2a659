"""The heatmap's controls: on or off, how strong, of which stage, by which method, in which colours, and its outline."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.predictions import HEAT_METHODS
from sos_studio.core.stages import BASSED_5
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.prediction_state import COLOUR_MAPS, PredictionState
from sos_studio.ui import keys
from sos_studio.ui.choice_box import ChoiceBox, CountBox, SlideBar

DEFAULT_OUTLINE = 0.5
PREDICTED = 0


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


class HeatControls(QWidget):
    """Three rows in the inspector of Predict."""

    def __init__(self, presenter: PredictionPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.outline_on, self.outline = QCheckBox(_tr("Outline")), CountBox()
        self._make_strength()
        self._make_choices()
        self._make_outline()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        rows.addLayout(_row((self.heat_on, 0), (self.opacity, 1), (self._opacity_text, 0)))
        rows.addLayout(_row((self.stage, 10), (self.method, 9)))
        rows.addLayout(_row((self.colour_map, 1), (self.outline_on, 0), (self.outline, 0)))

    def _make_strength(self) -> None:
        presenter = self._presenter
        self.heat_on = QCheckBox(_tr("Heatmap"))
        keys.set_tip(self.heat_on, _tr("Heatmap on or off"), Action.TOGGLE_HEATMAP)
        self.heat_on.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.heat_on.clicked.connect(lambda _: presenter.toggle_heat())
        self.opacity = SlideBar(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setMinimumWidth(40)
        self.opacity.setToolTip(_tr("How strongly the heatmap covers the picture"))
        self.opacity.setAccessibleName(_tr("Opacity of the heatmap"))
        self.opacity.valueChanged.connect(lambda percent: presenter.set_opacity(percent / 100))
        self._opacity_text = QLabel()
        self._opacity_text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._opacity_text.setMinimumWidth(self._opacity_text.fontMetrics().horizontalAdvance("100 %"))

    def _make_choices(self) -> None:
        presenter = self._presenter
        self.stage = _choice(_tr("Stage of the heatmap"), _tr("Whose evidence is shown: where does the network see signs of this stage?"))
        self.stage.addItem(_tr("As predicted"), PREDICTED)
        for stage in BASSED_5.stages:
            self.stage.addItem(_tr("For stage {n}").format(n=stage.number), stage.number)
        self.stage.activated.connect(lambda _: presenter.set_heat_stage(self.stage.currentData() or None))
        self.method = _choice(
            _tr("How the heatmap is made"),
            _tr(
                "Grad-CAM: each feature counts by its mean influence. Grad-CAM++: several small places count as one large one. "
                "HiResCAM: influence counted place by place. In many networks the first and the last are equal."
            ),
        )
        for method in HEAT_METHODS:
            self.method.addItem({"grad-cam": "Grad-CAM", "grad-cam++": "Grad-CAM++", "hires-cam": "HiResCAM"}[method], method)
        self.method.activated.connect(lambda _: presenter.set_heat_method(self.method.currentData()))
        self.colour_map = _choice(
            _tr("Colours of the heatmap"), _tr("Colours of the heatmap, inferno or viridis; both rise evenly in brightness")
        )
        for name in COLOUR_MAPS:
            self.colour_map.addItem({"inferno": _tr("Fire"), "viridis": _tr("Green")}[name], name)
        self.colour_map.activated.connect(lambda _: presenter.set_colour_map(self.colour_map.currentData()))

    def _make_outline(self) -> None:
        presenter = self._presenter
        self.outline_on.setToolTip(_tr("A line around where the attention is above this share of its highest value"))
        self.outline_on.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.outline_on.clicked.connect(lambda on: presenter.set_outline(self.outline.value() / 100 if on else None))
        self.outline.setRange(1, 99)
        self.outline.setSingleStep(5)
        self.outline.setSuffix(" %")
        self.outline.setFixedWidth(64)
        self.outline.setValue(round(100 * DEFAULT_OUTLINE))
        self.outline.setToolTip(self.outline_on.toolTip())
        self.outline.setAccessibleName(_tr("Threshold of the outline"))
        self.outline.valueChanged.connect(lambda percent: presenter.set_outline(percent / 100))

    def show_state(self, state: PredictionState) -> None:
        """As the presenter has it."""
        blocked = (self.heat_on, self.opacity, self.colour_map, self.stage, self.method, self.outline_on, self.outline)
        blockers = [QSignalBlocker(widget) for widget in blocked]
        self.heat_on.setChecked(state.heat_on)
        self.opacity.setValue(round(100 * state.opacity))
        self.colour_map.setCurrentIndex(self.colour_map.findData(state.colour_map))
        self.stage.setCurrentIndex(self.stage.findData(state.heat_stage or PREDICTED))
        self.method.setCurrentIndex(self.method.findData(state.heat_method))
        self.outline_on.setChecked(state.outline is not None)
        if state.outline is not None:
            self.outline.setValue(round(100 * state.outline))
        for blocker in blockers:
            blocker.unblock()
        self._opacity_text.setText(f"{round(100 * state.opacity)} %")


def _row(*widgets: tuple[QWidget, int]) -> QHBoxLayout:
    made = QHBoxLayout()
    made.setSpacing(6)
    for widget, stretch in widgets:
        made.addWidget(widget, stretch)
    return made


def _choice(name: str, tooltip: str) -> ChoiceBox:
    made = ChoiceBox()
    made.setToolTip(tooltip)
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(5)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # half of a narrow inspector; the tooltip says all
    return made
