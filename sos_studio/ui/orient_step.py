"""The Orient step: four equal panes, or one enlarged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.geometry import Plane
from sos_studio.presenters.orientation import OrientationPresenter
from sos_studio.presenters.pane import ZOOM_STEP, PanePresenter
from sos_studio.presenters.pane_geometry import PaneGeometry
from sos_studio.presenters.session import Session
from sos_studio.ui import parts
from sos_studio.ui.orient_inspector import OrientInspector
from sos_studio.ui.recent_list import RecentList
from sos_studio.ui.slice_pane import SlicePane
from sos_studio.ui.volume_pane import VolumePane

Pane = SlicePane | VolumePane
# Of a pane's width and height, and of the window's width, with each press of a key.
PAN_SHARE, BRIGHTNESS_SHARE = 0.1, 0.05
CONTRAST_STEP = 1.1


def _tr(text: str) -> str:
    return QCoreApplication.translate("OrientStep", text)


class EmptyPage(QWidget):
    """What to do while there is nothing to orient."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.text = QLabel(), QLabel()
        self.title.setObjectName("title")
        self.text.setObjectName("quiet")
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.folder = parts.button(_tr("Open folder…"), _tr("Choose the folder of a DICOM series"), Action.OPEN_SCAN)
        self.file = parts.button(_tr("Open file…"), _tr("Choose one file: zip, DICOMDIR, NIfTI, NRRD, MHA or DICOM"), Action.OPEN_SCAN_FILE)
        self.case_scan = parts.button(_tr("Open its scan"), _tr("From where it was opened last on this computer"), Action.OPEN_CASE_SCAN)
        self.case_scan.setObjectName("primary")
        self.back = parts.button(_tr("Back to the open scan"), _tr("It is still there, as you left it"))
        self.folder.setObjectName("primary")
        self.open_project = parts.button(_tr("Open project…"), _tr("Choose the folder of a project"), Action.OPEN_PROJECT)
        self.new_project = parts.button(_tr("New project…"), _tr("Make a folder for captures, frames and readings"), Action.NEW_PROJECT)
        buttons = _centred(self.back, self.case_scan, self.folder, self.file)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self.title)
        layout.addSpacing(6)
        layout.addWidget(self.text)
        layout.addSpacing(14)
        layout.addLayout(buttons)
        layout.addLayout(_centred(self.open_project, self.new_project))
        layout.addSpacing(18)
        layout.addStretch(3)
        self._rows = layout
        self._recent: RecentList | None = None
        self.show_state(None, scan_known=False, other_open=False)

    def set_recent(self, recent: RecentList) -> None:
        """What was opened last, below the buttons of a fresh start."""
        self._recent = recent
        self._rows.insertWidget(self._rows.count() - 1, recent)

    def offer_projects(self, offered: bool) -> None:
        """Whether none is open."""
        self.open_project.setVisible(offered)
        self.new_project.setVisible(offered)

    def show_state(self, case_id: str | None, *, scan_known: bool, other_open: bool, imported: bool = False) -> None:
        """Say it for a case, or for a fresh start; an `imported` case is a picture that never had a scan here."""
        its = case_id is not None and not imported
        if self._recent is not None:
            self._recent.setVisible(case_id is None)
        self.case_scan.setVisible(its and scan_known)
        self.back.setVisible(other_open)
        self.folder.setVisible(not (its and scan_known))
        self.file.setVisible(not (its and scan_known))
        self.folder.setText(_tr("Open its scan…") if its else _tr("Open folder…"))
        self.file.setText(_tr("Open its scan from a file…") if its else _tr("Open file…"))
        if case_id is None:
            self.title.setText(_tr("Open a head scan"))
            self.text.setText(_tr("DICOM folder, DICOMDIR or zip · NIfTI · NRRD · MHA\nDrop it anywhere in this window."))
            return
        if imported:
            self.title.setText(_tr("{case} is an imported image").format(case=case_id))
            self.text.setText(_tr("It can be cropped, staged and predicted; there is no scan to orient."))
            return
        self.title.setText(_tr("The scan of {case} is not open").format(case=case_id))
        self.text.setText(
            _tr("It is on this computer. You need it only to orient and capture again.")
            if scan_known
            else _tr(
                "You don't need it to crop, stage or predict: the captured image is kept in the project.\n"
                "To orient it again, open it from its folder; it finds its case by itself."
            )
        )


def _centred(*buttons: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addStretch(1)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    return row


class OrientStep(QWidget):
    """Axial and coronal above, sagittal and volume below.

    Signals
    -------
    pointed
        ``(lps_mm, value)`` under the pointer, or None.
    open_folder_wanted, open_file_wanted, open_project_wanted, new_project_wanted, case_scan_wanted
        Buttons of the empty state.
    """

    pointed = Signal(object)
    open_folder_wanted = Signal()
    open_file_wanted = Signal()
    open_project_wanted = Signal()
    new_project_wanted = Signal()
    case_scan_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.presenter = OrientationPresenter(session)
        self.slices = {plane: SlicePane(plane, session, self.presenter) for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)}
        self.volume = VolumePane(session)
        self.panes: tuple[Pane, ...] = (*self.slices.values(), self.volume)
        self._enlarged: Pane | None = None
        self._four = QWidget()
        self._grid = QGridLayout(self._four)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(1)
        for n, pane in enumerate(self.panes):
            self._grid.addWidget(pane, n // 2, n % 2)
            pane.enlarge_wanted.connect(lambda p=pane: self.enlarge(p))
        self._share(None)
        for slice_pane in self.slices.values():
            slice_pane.pointed.connect(self.pointed)
        self._scan_known = False
        self._empty = EmptyPage()
        self._empty.folder.clicked.connect(self.open_folder_wanted)
        self._empty.file.clicked.connect(self.open_file_wanted)
        self._empty.open_project.clicked.connect(self.open_project_wanted)
        self._empty.new_project.clicked.connect(self.new_project_wanted)
        session.project_changed.connect(self._on_project)
        self._on_project(session.project)
        self._empty.case_scan.clicked.connect(self.case_scan_wanted)
        self._empty.back.clicked.connect(self._back_to_scan)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._four)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._inspector = OrientInspector(session, self.presenter)
        self._inspector.fit_wanted.connect(self.fit)
        session.scan_changed.connect(self._on_scan)
        session.scan_completed.connect(self._on_completed)
        session.case_changed.connect(self._on_case)
        session.capture_changed.connect(self._on_scan)
        session.blinding.changed.connect(self._on_scan)
        session.settings_changed.connect(self._on_settings)
        self._on_scan()

    def inspector(self) -> QWidget:
        """What goes into the right dock."""
        return self._inspector

    @cached_property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call; asked for once for every action whenever a case is opened, so it is made once."""
        return {
            Action.CAPTURE: self.presenter.capture,
            Action.RESET_ORIENTATION: self.presenter.reset,
            Action.FIT: self.fit,
            Action.ENLARGE_PANE: self.enlarge_focused,
            Action.CUT_HEAD: self.volume.presenter.toggle_cut,
            Action.FLIP_CUT: self.volume.presenter.flip_cut,
            Action.WINDOW_PRESET: self.presenter.presets.choose_next,
            **self._look_actions(),
            Action.COMPARE_ORIENTATION: self.presenter.comparing.switch,
            Action.REMEMBER_ORIENTATION: self.presenter.comparing.remember,
            Action.MEASURE_DISTANCE: lambda: self.presenter.measuring.take("distance"),
            Action.MEASURE_ANGLE: lambda: self.presenter.measuring.take("angle"),
            Action.REMOVE_MEASURES: self.presenter.measuring.remove_all,
            Action.GRID: self._session.slices.switch_grid,
            Action.SLAB_THICKER: lambda: self._session.slices.step_slab(1),
            Action.SLAB_THINNER: lambda: self._session.slices.step_slab(-1),
            Action.SLAB_MODE: self._session.slices.switch_mode,
        }

    def _look_actions(self) -> Mapping[Action, Callable[[], None]]:
        """Zoom, place and grey values of the slice pane that has the keys: what wheel and drags do."""

        def zoom(factor: float) -> Callable[[], None]:
            return lambda: self._look(lambda pane, drawn: pane.zoom(drawn, factor, *(side / 2 for side in drawn.size_px)))

        def pan(x: float, y: float) -> Callable[[], None]:
            return lambda: self._look(lambda pane, drawn: pane.pan(drawn, x * drawn.size_px[0], y * drawn.size_px[1]))

        def window(wider: float, darker: float) -> Callable[[], None]:
            return lambda: self._look(lambda pane, _: pane.change_window(wider=wider, darker=darker))

        return {
            Action.PANE_ZOOM_IN: zoom(ZOOM_STEP),
            Action.PANE_ZOOM_OUT: zoom(1 / ZOOM_STEP),
            Action.PANE_LEFT: pan(-PAN_SHARE, 0.0),
            Action.PANE_RIGHT: pan(PAN_SHARE, 0.0),
            Action.PANE_UP: pan(0.0, -PAN_SHARE),
            Action.PANE_DOWN: pan(0.0, PAN_SHARE),
            Action.MORE_CONTRAST: window(1 / CONTRAST_STEP, 0.0),
            Action.LESS_CONTRAST: window(CONTRAST_STEP, 0.0),
            Action.BRIGHTER: window(1.0, -BRIGHTNESS_SHARE),
            Action.DARKER: window(1.0, BRIGHTNESS_SHARE),
        }

    def _look(self, change: Callable[[PanePresenter, PaneGeometry], None]) -> None:
        pane = next((pane for pane in self.slices.values() if pane.hasFocus()), self.slices[Plane.SAGITTAL])
        drawn = pane.geometry_now()
        if drawn is not None and self._session.scan_in_front:
            change(pane.presenter, drawn)

    def fit(self) -> None:
        """Show the whole scan in every pane."""
        for pane in self.slices.values():
            pane.presenter.fit()
        self.volume.fit()

    @property
    def enlarged(self) -> Pane | None:
        """The pane that fills the step, or None while all four share it."""
        return self._enlarged

    def enlarge(self, pane: Pane) -> None:
        """Give one pane the whole step, or bring all four back."""
        self._share(None if self._enlarged is pane else pane)
        pane.setFocus(Qt.FocusReason.OtherFocusReason)

    def enlarge_focused(self) -> None:
        """The pane with the keys."""
        self.enlarge(next((pane for pane in self.panes if pane.hasFocus()), self.slices[Plane.SAGITTAL]))

    def _share(self, enlarged: Pane | None) -> None:
        self._enlarged = enlarged
        for n, pane in enumerate(self.panes):
            pane.setVisible(enlarged is None or pane is enlarged)
            row, column = n // 2, n % 2
            alone = enlarged is pane
            self._grid.setRowStretch(row, 1 if enlarged is None or alone else self._grid.rowStretch(row))
            self._grid.setColumnStretch(column, 1 if enlarged is None or alone else self._grid.columnStretch(column))
        if enlarged is not None:
            n = self.panes.index(enlarged)
            self._grid.setRowStretch(1 - n // 2, 0)
            self._grid.setColumnStretch(1 - n % 2, 0)
        self._grid.setSpacing(1 if enlarged is None else 0)

    def _on_scan(self, _: object = None) -> None:
        session = self._session
        front = session.scan_in_front
        self._stack.setCurrentWidget(self._four if front else self._empty)
        self._empty.show_state(
            session.blinding.name(session.case_id) if session.case_id else None,
            scan_known=self._scan_known,
            other_open=session.scan is not None and not front,
            imported=session.capture is not None and session.capture.record.series_hash is None,
        )
        if front and self.isVisible():
            self.slices[Plane.CORONAL].setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_completed(self, _: object) -> None:
        front = self._session.scan_in_front
        if front != (self._stack.currentWidget() is self._four):
            self._on_scan()

    def set_recent(self, recent: RecentList) -> None:
        """List on the empty page what was opened last."""
        self._empty.set_recent(recent)
        self._on_scan()

    def set_scan_known(self, known: bool) -> None:
        """Whether this computer knows where the present case's scan lies."""
        self._scan_known = known
        self._on_scan()

    def _on_project(self, project: object) -> None:
        self._empty.offer_projects(project is None)

    def _on_case(self, _: object) -> None:
        self._scan_known = False
        self._on_scan()

    def _back_to_scan(self) -> None:
        owner = self._session.scan_case_id
        if owner is None:
            self._session.set_case(None)
        else:
            self._session.case_requested.emit(owner)

    def _on_settings(self, _: object) -> None:
        for pane in self.panes:
            pane.update()
