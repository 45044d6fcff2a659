"""One evaluator's reading beside those of the others: who, what, how sure, and the pictures that were in front of them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QSplitter, QVBoxLayout, QWidget

from sos_studio.core.readings import Reading
from sos_studio.core.stages import BASSED_5
from sos_studio.imaging.magnify import magnify
from sos_studio.services.adjudication import Opinion
from sos_studio.ui import parts
from sos_studio.ui.language import local_time
from sos_studio.ui.reference_card import stage_words
from sos_studio.ui.stage_feedback import confidence_words
from sos_studio.ui.stage_step import CropPicture, FramedImage

MIN_WIDTH = 300
CROP_PX = 600


def _tr(text: str) -> str:
    return QCoreApplication.translate("OpinionColumn", text)


class OpinionColumn(QFrame):
    """Heading, full image with the frame, crop, remark.

    Parameters
    ----------
    mirrored
        Whether faces are shown to the left.
    """

    def __init__(self, opinion: Opinion, *, mirrored: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        reading, view = opinion.reading, opinion.view
        self.setObjectName("panel")
        self.setMinimumWidth(MIN_WIDTH)
        self.setAccessibleName(heading_words(reading))
        self.heading = parts.heading(heading_words(reading))
        # Room for two lines, so that the pictures beside one another stand at one height.
        self.heading.setMinimumHeight(2 * self.heading.fontMetrics().lineSpacing())
        self.heading.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.how = parts.note(how_words(opinion))
        self.full = FramedImage()
        self.full.setAccessibleName(_tr("Full image with the frame that {name} saw").format(name=reading.evaluator))
        self.full.empty_text = _tr("The full image is missing or damaged.")
        self.full.set_mirrored(mirrored)
        self.full.set_picture(view.full8, spacing_mm=view.spacing_mm)
        self.full.set_roi(view.roi if reading.shown != "full_image" else None)
        self.crop = CropPicture()
        self.crop.setAccessibleName(_tr("Crop that {name} saw").format(name=reading.evaluator))
        self.crop.empty_text = _tr("Read without a crop.")
        if view.crop8 is not None and reading.shown != "full_image":
            times = max(1, min(8, CROP_PX // view.crop8.shape[1]))
            self.crop.set_picture(view.crop8, spacing_mm=view.spacing_mm, magnified=magnify(view.crop8, times))
        pictures = QSplitter()
        pictures.setOrientation(pictures.orientation().Vertical)
        pictures.setChildrenCollapsible(False)
        pictures.addWidget(self.full)
        pictures.addWidget(self.crop)
        pictures.setSizes([300, 200])
        self.remark = QLabel(_tr("“{remark}”").format(remark=reading.remark) if reading.remark else "")
        self.remark.setWordWrap(True)
        self.remark.setVisible(bool(reading.remark))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addWidget(self.heading)
        layout.addWidget(self.how)
        layout.addWidget(pictures, 1)
        layout.addWidget(self.remark)

    def sizeHint(self) -> QSize:
        """As wide as two of them fit a small screen."""
        return QSize(420, 420)


def heading_words(reading: Reading) -> str:
    """Who read what."""
    if reading.stage is None:
        return reading.evaluator
    words = stage_words(BASSED_5.stages[reading.stage - 1])
    return _tr("{name}: stage {n}, {words}").format(name=reading.evaluator, n=reading.stage, words=words)


def how_words(opinion: Opinion) -> str:
    """How sure, when, on what and under which conditions."""
    reading = opinion.reading
    said = []
    if reading.confidence is not None:
        said.append(_tr("confidence {confidence}").format(confidence=confidence_words(reading.confidence)))
    if reading.ambiguous:
        said.append(_tr("ambiguous"))
    if reading.blinded:
        said.append(_tr("blinded"))
    if reading.ai_seen:
        said.append(_tr("prediction seen before"))
    if reading.source == "imported":
        said.append(_tr("imported"))
    if opinion.elsewhere:
        said.append(_tr("on an earlier capture"))
    said.append(local_time(reading.created_utc))
    return " · ".join(said)
