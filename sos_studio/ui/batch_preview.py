"""One picture of a folder with its heatmap, beside the table."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from sos_studio.presenters.folder_batch import Looked
from sos_studio.ui import parts
from sos_studio.ui.overlay_view import OverlayView
from sos_studio.ui.predict_words import attention_words, brief_words, certainty_words, frame_doubt_words, unlike_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("BatchDialog", text)


class BatchPreview(QWidget):
    """Empty until a row is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = OverlayView()
        self.view.setAccessibleName(_tr("The chosen picture with its heatmap"))
        self.view.empty_text = _tr("Choose a row to see its picture and where the network looked.")
        self.said = parts.heading("")
        self.more = parts.note()
        self.warning = parts.red()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view, 1)
        for label in (self.said, self.more, self.warning):
            layout.addWidget(label)
        self.clear()

    def clear(self) -> None:
        """Nothing is chosen."""
        self.view.set_picture(None)
        self.view.set_answer(None, None)
        self._say("", "", "")

    def show_looked(self, looked: Looked | None) -> None:
        """A picture, or that it is not there any more."""
        if looked is None:
            self.clear()
            self._say(_tr("This picture can't be shown."), "", "")
            return
        self.view.set_picture(looked.full8)
        self.view.set_answer(looked.rgba, looked.frame)
        said = None if looked.row.said is None else looked.row.said.prediction
        if said is None:
            self._say(_tr("No answer"), "", "")
            return
        shape_vu, attention = (looked.full8.shape[0], looked.full8.shape[1]), ""
        if said.roi is not None and said.attention_in_roi is not None:
            attention = attention_words(said.attention_in_roi, said.roi, said.stage, said.stage, shape_vu)
        overlooked = said.overlooked(shape_vu)
        quiet = (certainty_words(said), "" if overlooked else attention)
        loud = (unlike_words(said), frame_doubt_words(said.roi, asked=looked.row.no_frame), attention if overlooked else "")
        self._say(brief_words(said), "\n".join(filter(None, quiet)), "\n".join(filter(None, loud)))

    def _say(self, said: str, more: str, warning: str) -> None:
        for label, text in ((self.said, said), (self.more, more), (self.warning, warning)):
            label.setText(text)
            label.setVisible(bool(text))
