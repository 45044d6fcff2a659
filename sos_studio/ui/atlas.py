"""The reference atlas: the five stages as drawing, definition and synthetic examples, beside the present crop."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPaintEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from sos_studio.core.resources import resource
from sos_studio.core.stages import BASSED_5, Stage
from sos_studio.presenters.crop_pictures import CropPicture
from sos_studio.presenters.session import Session
from sos_studio.ui import parts
from sos_studio.ui.image_view import ImageView
from sos_studio.ui.reference_card import stage_words
from sos_studio.ui.stage_drawings import paint_stage

EXAMPLES = 3
PICTURE_WIDTH, PICTURE_HEIGHT = 240, 120  # at least
OF_WINDOW = 0.75


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
        self.crop.setMinimumHeight(PICTURE_HEIGHT)
        self.crop.empty_text = _tr("The present case has no crop yet.")
        self.crop.setAccessibleName(_tr("The present crop"))
        self.pages = QTabWidget()
        for stage in BASSED_5.stages:
            self.pages.addTab(_page(stage), _tr("Stage {n}").format(n=stage.number))
        layout = QVBoxLayout(self)
        layout.addWidget(parts.heading(_tr("The present case")))
        layout.addWidget(self.crop, 3)
        layout.addWidget(self.pages, 2)
        layout.addWidget(parts.note(_tr("Drawings of our own; the examples are synthetic (phantom), not patients.")))
        if parent is not None:
            # As large as it is useful, and the window beside it still in sight; whoever makes it larger gets larger pictures.
            self.resize(parent.window().size() * OF_WINDOW)

    def turn_to(self, stage: int | None) -> None:
        """Open the page of a stage; the first if there is none."""
        self.pages.setCurrentIndex((stage or 1) - 1)

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


class _Picture(QWidget):
    """As large as there is room for, twice as wide as high."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(PICTURE_WIDTH, PICTURE_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def place(self) -> QRectF:
        """Where it is painted: below the words, at the left of its room."""
        size = QSizeF(PICTURE_WIDTH, PICTURE_HEIGHT).scaled(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(QPointF(0, 0), size)


class _Drawing(_Picture):
    """One stage drawn."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.setAccessibleName(_tr("Drawing of stage {n}").format(n=stage.number))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """The same drawing as on the reference card, larger."""
        painter = QPainter(self)
        paint_stage(painter, self.place, self._stage.number)
        painter.end()


class _Example(_Picture):
    """A synthetic crop of a stage."""

    def __init__(self, stage: Stage, n: int) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        self._pixmap.loadFromData(resource("atlas", f"stage-{stage.number}-{n}.png").read_bytes())
        self.setToolTip(_tr("Synthetic example (phantom)"))
        self.setAccessibleName(_tr("Synthetic example {k} of stage {n}").format(k=n, n=stage.number))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Smooth at every size."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self.place, self._pixmap, self._pixmap.rect().toRectF())
        painter.end()


def _page(stage: Stage) -> QWidget:
    row = QHBoxLayout()
    row.addWidget(_Drawing(stage), 1)
    for n in range(1, EXAMPLES + 1):
        row.addWidget(_Example(stage, n), 1)
    page = QWidget()
    layout = QVBoxLayout(page)
    words = QLabel(stage_words(stage))
    words.setWordWrap(True)
    layout.addWidget(words)
    layout.addLayout(row, 1)
    return page
