"""The reference atlas: the five stages as drawing, definition and synthetic examples, beside the present crop."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPaintEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QTabWidget, QVBoxLayout, QWidget

from sos_studio.core.resources import resource
from sos_studio.core.stages import BASSED_5, Stage
from sos_studio.presenters.crop_pictures import CropPicture
from sos_studio.presenters.session import Session
from sos_studio.ui import parts
from sos_studio.ui.image_view import ImageView
from sos_studio.ui.reference_card import stage_words
from sos_studio.ui.stage_drawings import paint_stage

EXAMPLES = 3
PICTURE_WIDTH, PICTURE_HEIGHT = 240, 120


def _tr(text: str) -> str:
    return QCoreApplication.translate("Atlas", text)


class AtlasDialog(QDialog):
    """Not modal: reading goes on beside it. Keys 1-5 or ← → turn the pages, Esc closes."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(_tr("Reference atlas: the five stages"))
        self.crop = ImageView()
        self.crop.show_letters = False
        self.crop.setMinimumHeight(2 * PICTURE_HEIGHT)
        self.crop.empty_text = _tr("The present case has no crop yet.")
        self.crop.setAccessibleName(_tr("The present crop"))
        self.pages = QTabWidget()
        for stage in BASSED_5.stages:
            self.pages.addTab(_page(stage), _tr("Stage {n}").format(n=stage.number))
        layout = QVBoxLayout(self)
        layout.addWidget(parts.heading(_tr("The present case")))
        layout.addWidget(self.crop, 1)
        layout.addWidget(self.pages)
        layout.addWidget(parts.note(_tr("Drawings of our own; the examples are synthetic (phantom), not patients.")))

    def showEvent(self, event: QShowEvent) -> None:
        """From now on the present crop is followed."""
        super().showEvent(event)
        self._session.roi_changed.connect(self._on_roi)
        self._on_roi(None)
        self.pages.tabBar().setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        self._session.roi_changed.disconnect(self._on_roi)
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A digit turns to its stage."""
        page = event.key() - Qt.Key.Key_1
        if 0 <= page < self.pages.count():
            self.pages.setCurrentIndex(page)
        else:
            super().keyPressEvent(event)

    def _on_roi(self, _: object) -> None:
        session, capture, roi = self._session, self._session.capture, self._session.roi
        if capture is None or roi is None:
            self.crop.set_picture(None)
            return

        def show(made: CropPicture) -> None:
            if session.capture is capture and session.roi == roi:
                self.crop.set_picture(made.crop8, spacing_mm=capture.record.spacing_mm, magnified=made.magnified8)

        pictures = session.crop_pictures
        session.background.run(lambda: pictures.make(capture, roi), show, session.report, key="atlas.crop")


class _Drawing(QWidget):
    """One stage drawn."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.setFixedSize(PICTURE_WIDTH, PICTURE_HEIGHT)
        self.setAccessibleName(_tr("Drawing of stage {n}").format(n=stage.number))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """The same drawing as on the reference card, larger."""
        painter = QPainter(self)
        paint_stage(painter, self.rect().toRectF(), self._stage.number)
        painter.end()


def _page(stage: Stage) -> QWidget:
    row = QHBoxLayout()
    row.addWidget(_Drawing(stage))
    for n in range(1, EXAMPLES + 1):
        label = QLabel()
        pixmap = QPixmap()
        pixmap.loadFromData(resource("atlas", f"stage-{stage.number}-{n}.png").read_bytes())
        smooth = Qt.TransformationMode.SmoothTransformation
        label.setPixmap(pixmap.scaled(PICTURE_WIDTH, PICTURE_HEIGHT, Qt.AspectRatioMode.KeepAspectRatio, smooth))
        label.setToolTip(_tr("Synthetic example (phantom)"))
        label.setAccessibleName(_tr("Synthetic example {k} of stage {n}").format(k=n, n=stage.number))
        row.addWidget(label)
    page = QWidget()
    layout = QVBoxLayout(page)
    words = QLabel(stage_words(stage))
    words.setWordWrap(True)
    layout.addWidget(words)
    layout.addLayout(row)
    return page
