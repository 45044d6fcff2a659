"""Cases with their labels and what networks said of them; of those that the evaluator has not read yet both are covered."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from sos_studio.presenters.judging import JudgingPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.model_results import Labelled
from sos_studio.ui import parts
from sos_studio.ui.case_pictures import CasePictures
from sos_studio.ui.language import plural


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


class JudgedCases(QWidget):
    """Thumbnails; above them how many captions are covered, and the button that shows them."""

    def __init__(self, session: Session, judging: JudgingPresenter, name: str) -> None:
        super().__init__()
        self._judging = judging
        self._models: tuple[str, ...] = ()
        self._covered: tuple[Labelled, ...] = ()
        self.pictures = CasePictures(session.background, name, session.blinding.name)
        self.told = parts.note()
        self.told.setMinimumHeight(1)  # else a low window would have to be as high as it is in a narrow one
        self.uncover = parts.button(
            _tr("Show them"),
            _tr("Show labels and answers; your later readings of these cases will say that you had seen the network's answer"),
        )
        self.uncover.clicked.connect(lambda _: judging.uncover(self._models, self._covered))
        self._cover = QWidget()
        row = QHBoxLayout(self._cover)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.told, 1)
        row.addWidget(self.uncover)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._cover)
        column.addWidget(self.pictures, 1)
        self.set_cases((), ())

    def set_cases(self, models: Sequence[str], cases: Sequence[tuple[Labelled, str]]) -> None:
        """What these networks (ids) said of cases, in words that hold the label."""
        self._models = tuple(models)
        self._covered = tuple(case for case, _ in cases if self._judging.covers(case))
        hidden = {case.case_id for case in self._covered}
        unread = _tr("not read by you yet")
        self.pictures.set_cases([(case, unread if case.case_id in hidden else text) for case, text in cases])
        self.told.setText(
            plural(
                "TrainingDock",
                "You have not read one of them: its label and the answer are covered.",
                "You have not read {n} of them: their labels and the answers are covered.",
                len(hidden),
            )
        )
        self._cover.setVisible(bool(hidden))
