"""Inspector of the Orient step: the protocol, typed angles and centre, window presets, and the capture button."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.actions import Action
from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation, Plane
from sos_studio.presenters.orientation import PROTOCOL, Angle, Mark, OrientationPresenter
from sos_studio.presenters.session import Session
from sos_studio.presenters.window_presets import Preset
from sos_studio.ui import parts, words
from sos_studio.ui.compare_box import CompareBox
from sos_studio.ui.measure_box import MeasureBox
from sos_studio.ui.number_box import NumberBox
from sos_studio.ui.reservations import Reservations
from sos_studio.ui.slab_box import CaptureSlabBox, SlabBox
from sos_studio.ui.theme import PLANE_COLORS

ANGLES: tuple[Angle, ...] = ("roll", "yaw", "pitch")
AXES = ("L", "P", "S")
MARKS: dict[Mark, Qt.CheckState] = {
    "open": Qt.CheckState.Unchecked,
    "touched": Qt.CheckState.PartiallyChecked,
    "confirmed": Qt.CheckState.Checked,
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("OrientInspector", text)


def _step_text(index: int) -> str:
    def plane(which: Plane, text: str) -> str:
        return f'<span style="color:{PLANE_COLORS[which].name()}">■</span> {text}'

    return (
        _tr("<b>Coronal pane</b> — roll until the {axial} is parallel to the lower border of the basilar part; scroll it to mid-height"),
        _tr("<b>Axial pane</b> — yaw until the {coronal} is parallel to the front border of the basilar part; scroll it to mid-depth"),
        _tr("<b>Both panes</b> — scroll the {sagittal} until it halves the basilar part"),
    )[index].format(
        axial=plane(Plane.AXIAL, _tr("axial plane")),
        coronal=plane(Plane.CORONAL, _tr("coronal plane")),
        sagittal=plane(Plane.SAGITTAL, _tr("sagittal plane")),
    )


class StepBox(QCheckBox):
    """A step of the protocol: empty, a dash for touched, a tick for confirmed. The first click always confirms."""

    def nextCheckState(self) -> None:
        """A dash becomes a tick, never empty."""
        confirmed = self.checkState() == Qt.CheckState.Checked
        self.setCheckState(Qt.CheckState.Unchecked if confirmed else Qt.CheckState.Checked)


class OrientInspector(QWidget):
    """Right dock while Orient is in front."""

    fit_wanted = Signal()

    def __init__(self, session: Session, presenter: OrientationPresenter) -> None:
        super().__init__()
        self._session = session
        self._presenter = presenter
        self._steps = [self._make_step(index) for index in range(len(PROTOCOL))]
        self._angles = {angle: self._make_angle(angle) for angle in ANGLES}
        self._centre = [self._make_centre(n) for n in range(3)]
        self._window = [self._make_window(), self._make_window()]
        self._grey = parts.heading(_tr("Grey values"))
        self._presets: dict[Preset, QToolButton] = {}
        self._slab = SlabBox(session.slices)
        self._capture_slab = CaptureSlabBox(presenter)
        self._compare = CompareBox(presenter.comparing)
        self._measure = MeasureBox(session.slices, presenter.measuring)
        self._chips: list[QWidget] = [self._slab, self._capture_slab, self._measure, self._compare]
        self.capture_button = parts.button(
            _tr("Capture midsagittal slice"), _tr("Make the full image of the sagittal plane"), Action.CAPTURE
        )
        self.capture_button.setObjectName("primary")
        self.capture_button.clicked.connect(presenter.capture)
        self._lay_out()
        session.orientation_changed.connect(self._show_orientation)
        session.window_changed.connect(self._show_window)
        session.scan_changed.connect(self._on_scan)
        session.case_changed.connect(self._on_scan)
        session.capture_changed.connect(self._show_preset)
        session.scan_completed.connect(self._show_preset)
        presenter.checklist_changed.connect(self._show_checklist)
        presenter.capturing_changed.connect(self._show_capture_button)
        presenter.capture_slab_changed.connect(self._show_capture_button)
        session.opening_changed.connect(self._show_capture_button)
        session.scan_completed.connect(self._show_capture_button)
        self._show_orientation(session.orientation)
        self._show_window(session.window)
        self._show_checklist()
        self._on_scan()

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(7)
        layout.addWidget(Reservations(self._session))
        layout.addWidget(parts.heading(_tr("Protocol")))
        for row, _, _ in self._steps:
            layout.addWidget(row)
        layout.addWidget(parts.rule())
        layout.addWidget(self._numbers())
        layout.addWidget(self._compare)
        layout.addWidget(parts.rule())
        layout.addWidget(self._window_row())
        layout.addWidget(parts.rule())
        layout.addWidget(self._slab)
        layout.addWidget(self._measure)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 4, 12, 12)
        foot.setSpacing(8)
        foot.addWidget(self._capture_slab)
        foot.addWidget(self.capture_button)
        bar = scroll.verticalScrollBar()

        def line_up(lowest: int, highest: int) -> None:
            """What stands below the column is as wide as what is in it."""
            extent = bar.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, bar)
            foot.setContentsMargins(12, 4, 12 + (extent if highest > lowest else 0), 12)

        bar.rangeChanged.connect(line_up)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(scroll, 1)
        outer.addLayout(foot)

    def _make_step(self, index: int) -> tuple[QWidget, QCheckBox, QLabel]:
        box = StepBox()
        box.setAccessibleName(_tr("Step {n} of the protocol").format(n=index + 1))
        box.setToolTip(
            (
                _tr("Gets a dash by itself when you roll the head."),
                _tr("Gets a dash by itself when you yaw the head."),
                _tr("Gets a dash by itself when you move the sagittal plane."),
            )[index]
            + " "
            + _tr("Click to tick it: it is right, or nothing needed to be changed.")
        )
        box.clicked.connect(lambda _=False, n=index, b=box: self._presenter.tick(n, b.checkState() == Qt.CheckState.Checked))
        label = QLabel(_step_text(index))
        label.setWordWrap(True)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(box, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(label, 1)
        return row, box, label

    def _make_angle(self, angle: Angle) -> QDoubleSpinBox:
        box = NumberBox(-180.0, 180.0, 1, 0.1, "°")
        box.setWrapping(True)
        box.setAccessibleName(words.plane_title(angle))
        box.setToolTip(
            {
                "roll": _tr("Positive: vertex to the patient's left. Turned in the coronal pane."),
                "yaw": _tr("Positive: face to the patient's left. Turned in the axial pane."),
                "pitch": _tr("Positive: face down. Turned in the sagittal pane; it never moves the midsagittal plane."),
            }[angle]
        )
        box.valueChanged.connect(lambda degrees: self._presenter.set_angle(angle, degrees))
        return box

    def _make_centre(self, n: int) -> QDoubleSpinBox:
        box = NumberBox(-9999.0, 9999.0, 1, 0.5)
        box.setAccessibleName(_tr("Centre {axis}, millimetres").format(axis=AXES[n]))
        box.setToolTip(
            (
                _tr("Where the three planes cross: millimetres towards the patient's left (negative: right)"),
                _tr("Where the three planes cross: millimetres towards the back, posterior (negative: front, anterior)"),
                _tr("Where the three planes cross: millimetres upwards, superior (negative: downwards, inferior)"),
            )[n]
        )
        box.setPrefix(f"{AXES[n]}  ")
        box.valueChanged.connect(self._type_centre)
        return box

    def _make_window(self) -> QDoubleSpinBox:
        box = NumberBox(-100000.0, 100000.0, 0, 50.0)
        box.valueChanged.connect(self._type_window)
        return box

    def _numbers(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(6)
        grid.addWidget(parts.heading(_tr("Orientation")), 0, 0, 1, 2)
        reset = parts.chip(_tr("Reset"), _tr("Back to the scan's own axes and its middle (undo brings your orientation back)"))
        reset.setCheckable(False)
        reset.clicked.connect(self._presenter.reset)
        grid.addWidget(reset, 0, 2)
        self._chips.append(reset)
        for n, angle in enumerate(ANGLES):
            label = QLabel(words.plane_title(angle))
            label.setBuddy(self._angles[angle])
            grid.addWidget(label, 1, n)
            grid.addWidget(self._angles[angle], 2, n)
        grid.addWidget(_quiet(_tr("Centre, mm towards left, back, up")), 3, 0, 1, 3)
        for n, box in enumerate(self._centre):
            grid.addWidget(box, 4, n)
            grid.setColumnStretch(n, 1)
        return page

    def _window_row(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(6)
        grid.addWidget(self._grey, 0, 0, 1, 3)
        presets: tuple[tuple[Preset, str, str], ...] = (
            ("auto", _tr("Auto"), _tr("From this scan's own values: CBCT values are not calibrated")),
            ("bone", _tr("Bone"), _tr("−500 to 1500")),
            ("soft_tissue", _tr("Soft"), _tr("Soft tissue: −160 to 240")),
        )
        for n, (name, text, tip) in enumerate(presets):
            chip = parts.chip(text, tip, Action.WINDOW_PRESET)
            chip.clicked.connect(lambda _=False, preset=name: self._choose_preset(preset))
            grid.addWidget(chip, 1, n)
            self._chips.append(chip)
            self._presets[name] = chip
        for text, box in ((_tr("Black"), self._window[0]), (_tr("White"), self._window[1])):
            box.setAccessibleName(text)
            box.setToolTip(_tr("Right-drag in a pane changes it too: sideways for contrast, up and down for brightness"))
            box.setPrefix(f"{text}  ")
        pair = QHBoxLayout()
        pair.setSpacing(6)
        pair.addWidget(self._window[0])
        pair.addWidget(self._window[1])
        grid.addLayout(pair, 2, 0, 1, 3)
        return page

    def _type_centre(self) -> None:
        now = self._session.orientation.center_lps_mm
        # A coordinate that was not typed keeps its digits beyond the shown ones.
        x, y, z = (old if abs(box.value() - old) < 0.05 + 1e-9 else box.value() for box, old in zip(self._centre, now, strict=True))
        self._presenter.set_centre((x, y, z))

    def _type_window(self) -> None:
        low, high = self._window[0].value(), self._window[1].value()
        if high > low:
            self._session.set_window(Window(low=low, high=high), merge_key="typed-window")
            self._presenter.seal_soon()

    def _choose_preset(self, preset: Preset) -> None:
        self._presenter.presets.choose(preset)
        # A click on the chip that is chosen already must not put it out.
        self._show_preset()

    def _show_preset(self, _: object = None) -> None:
        """Which preset is in force, or whose window it is."""
        there = self._session.scan_in_front
        current = self._presenter.presets.current if there else None
        for name, chip in self._presets.items():
            with QSignalBlocker(chip):
                chip.setChecked(name == current)
        self._grey.setText(
            {"captured": _tr("Grey values: as captured"), "own": _tr("Grey values: your own")}.get(current or "", _tr("Grey values"))
        )

    def _show_orientation(self, orientation: Orientation) -> None:
        for angle, box in self._angles.items():
            _show(box, getattr(orientation, f"{angle}_deg"))
        for box, value in zip(self._centre, orientation.center_lps_mm, strict=True):
            _show(box, value)

    def _show_window(self, window: Window) -> None:
        _show(self._window[0], window.low)
        _show(self._window[1], window.high)
        self._show_preset()

    def _show_checklist(self) -> None:
        there = self._session.scan_in_front
        for index, (_, box, label) in enumerate(self._steps):
            # The marks are the open scan's; a case without it has none.
            box.setCheckState(MARKS[self._presenter.mark(index)] if there else Qt.CheckState.Unchecked)
            label.setEnabled(there)

    def _on_scan(self, _: object = None) -> None:
        there = self._session.scan_in_front
        for part in (*self._angles.values(), *self._centre, *self._window, *self._chips):
            part.setEnabled(there)
        for _, tick, _ in self._steps:
            tick.setEnabled(there)
        self._show_checklist()
        self._show_preset()
        self._show_capture_button()

    def _show_capture_button(self, *_: object) -> None:
        """Never to be pressed for one scan while another is about to take its place."""
        session = self._session
        there, coarse = session.scan_in_front, session.scan is not None and session.scan.coarse
        waits = session.opening_scan and not coarse
        self.capture_button.setEnabled(there and not self._presenter.capturing and not waits)
        if self._presenter.capturing:
            text = _tr("Capturing…")
        elif there and waits:
            text = _tr("Opening another scan…")
        else:
            slab_mm = self._presenter.capture_slab_mm
            now = _tr("Capture midsagittal slab, {mm} mm").format(mm=f"{slab_mm:g}") if slab_mm else _tr("Capture midsagittal slice")
            text = _tr("Capture when all slices are read") if there and coarse else now
        self.capture_button.setText(text)


def _show(box: QDoubleSpinBox, value: float) -> None:
    with QSignalBlocker(box):
        box.setValue(value)


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("quiet")
    return label
