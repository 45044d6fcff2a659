"""Small dialogs: who reads, about."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from sos_studio import __version__
from sos_studio.ui import icons
from sos_studio.ui.choice_box import ChoiceBox

NAME_LENGTH = 80
ABOUT_WIDTH = 380
SHARE_OF_SCREEN = 0.85


def _tr(text: str) -> str:
    return QCoreApplication.translate("Dialogs", text)


def caution() -> str:
    """Stays in sight everywhere."""
    return _tr("Research use only — not a medical device")


def take_room(dialog: QDialog, least: QSize) -> None:
    """Open it as large as most of the screen that it comes up on, where pictures and tables make use of that."""
    screen = (dialog.parentWidget() or dialog).screen().availableGeometry().size()
    dialog.resize((screen * SHARE_OF_SCREEN).expandedTo(least).boundedTo(screen - QSize(40, 60)))


class EvaluatorDialog(QDialog):
    """Asks for the name under which readings are written."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Evaluator"))
        text = QLabel(
            _tr("Who is reading? Every reading is saved under this name.\nInitials or a code will do; don't use a patient's name.")
        )
        self._names = ChoiceBox()
        self._names.setEditable(True)
        # A style sheet's box is as high as an empty one: its text would be cut below.
        self._names.setMinimumHeight(self.fontMetrics().height() + 16)
        self._names.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._names.setAccessibleName(_tr("Evaluator's name"))
        self._name = QLineEdit()
        self._names.setLineEdit(self._name)
        # One would put another person's name in place of a shorter one; Qt takes None, its annotations don't.
        self._names.setCompleter(None)  # type: ignore[arg-type]
        self._name.setText(name)
        self._name.setMaxLength(NAME_LENGTH)
        self._name.setPlaceholderText(_tr("for example: Dr A"))
        self._name.setAccessibleName(_tr("Evaluator's name"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._name.textChanged.connect(self._on_text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        for part in (text, self._names, buttons):
            layout.addWidget(part)
        self._on_text(name)
        self._name.selectAll()

    def offer(self, names: Sequence[str]) -> None:
        """Names to choose from: one spelt otherwise would be another evaluator."""
        typed = self._name.text()
        self._names.addItems([name for name in names if self._names.findText(name, Qt.MatchFlag.MatchExactly) < 0])
        self._names.setCurrentIndex(self._names.findText(typed, Qt.MatchFlag.MatchExactly))
        self._name.setText(typed)
        self._name.selectAll()

    @property
    def name(self) -> str:
        """What was typed."""
        return self._name.text().strip()

    def _on_text(self, text: str) -> None:
        self._ok.setEnabled(bool(text.strip()))


class AboutDialog(QDialog):
    """What this is, and what it is not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("About SOS Studio"))
        picture = QLabel()
        picture.setPixmap(icons.app_icon().pixmap(64, 64))
        title = QLabel(f"SOS Studio {__version__}")
        title.setObjectName("title")
        text = QLabel(
            _tr(
                "Staging of the spheno-occipital synchondrosis in CBCT head scans.\n\n{caution}.\n\n"
                "Free software under the GNU Affero General Public License, version 3 or later."
            ).format(caution=caution())
        )
        text.setWordWrap(True)
        # A grid doesn't ask how high wrapped words are.
        text.setMinimumSize(ABOUT_WIDTH, text.heightForWidth(ABOUT_WIDTH))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        grid = QGridLayout(self)
        grid.setContentsMargins(20, 18, 20, 14)
        grid.setHorizontalSpacing(16)
        grid.addWidget(picture, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(title, 0, 1)
        grid.addWidget(text, 1, 1)
        grid.addWidget(buttons, 2, 0, 1, 2)
