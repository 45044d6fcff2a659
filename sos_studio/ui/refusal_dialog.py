"""Why nothing was opened: every series with its reason, and which files are meant."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from sos_studio.core.scans import SeriesInfo
from sos_studio.core.settings import names_hidden
from sos_studio.presenters.scan_loading import Refusal
from sos_studio.ui import parts
from sos_studio.ui.language import plural
from sos_studio.ui.series_words import facts, reasons

# Names that are listed one by one; of more the rest is counted.
NAMED = 1000
# Values of a problem that are numbers of slices, the first being 1.
SLICE_NUMBERS = ("before", "behind", "slice")


def _tr(text: str) -> str:
    return QCoreApplication.translate("RefusalDialog", text)


def details(refusal: Refusal) -> str:
    """All of it as plain text."""
    blocks = []
    for n, info in enumerate(refusal.series, start=1):
        title = _tr("Series {n} of {m}").format(n=n, m=len(refusal.series)) if len(refusal.series) > 1 else _tr("Series")
        files = refusal.files.get(info.uid, ())
        numbered = info.shape_kji is not None and info.shape_kji[0] == len(files) > 1
        why = [f"    ✕ {words}" for words in reasons(info)]
        meant = _meant(info, files) if numbered else []
        blocks.append("\n".join([f"{title}: {facts(info)}", *why, *meant, *_names(files, numbered=numbered)]))
    if not refusal.series:
        blocks.append("\n".join(_names(refusal.files.get("", ()))))
    return "\n\n".join(block for block in blocks if block)


def _meant(info: SeriesInfo, files: Sequence[str]) -> list[str]:
    """The files of the slices that the reasons speak of by number."""
    values = [problem.values.get(key) for problem in info.problems if problem.severity == "error" for key in SLICE_NUMBERS]
    numbers = sorted({n for n in values if isinstance(n, int) and 0 < n <= len(files)})
    return [] if names_hidden() else [_tr("        slice {n} is {file}").format(n=n, file=files[n - 1]) for n in numbers]


def _names(names: Sequence[str], *, numbered: bool = False) -> list[str]:
    """Files, numbered as the reasons number slices where each file is one."""
    if not names:
        return []
    count = plural("RefusalDialog", "1 file", "{n} files", len(names))
    if names_hidden():
        return [f"    {count}"]
    shown = [f"        {f'{n}: ' if numbered else ''}{name}" for n, name in enumerate(names[:NAMED], start=1)]
    more = [_tr("        and {n} more").format(n=len(names) - NAMED)] if len(names) > NAMED else []
    return [f"    {count}:", *shown, *more]


class RefusalDialog(QDialog):
    """The sentence, what to do, and the details to look at or to copy."""

    def __init__(self, refusal: Refusal, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Not opened"))
        self.text = f"{refusal.told}\n\n{details(refusal)}\n"
        told = parts.heading(refusal.told.text)
        hint = QLabel(refusal.told.hint)
        hint.setWordWrap(True)
        hint.setVisible(bool(refusal.told.hint))
        box = QPlainTextEdit(details(refusal))
        box.setReadOnly(True)
        box.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        box.setAccessibleName(_tr("Series and files"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton(_tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.setToolTip(_tr("Copy the reason and the list of files"))
        self.copy_button.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(10)
        layout.addWidget(told)
        layout.addWidget(hint)
        layout.addWidget(box, 1)
        caution = parts.note(_tr("Names of files may hold a patient's name: look at them before you send this on."))
        caution.setVisible(not names_hidden())
        layout.addWidget(caution)
        layout.addWidget(buttons)
        self.resize(640, 420)
        close.setFocus()

    def copy(self) -> None:
        """Everything, as text."""
        QGuiApplication.clipboard().setText(self.text)
        self.copy_button.setText(_tr("Copied"))
