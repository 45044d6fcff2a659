"""How one case looks in the list: thumbnail, pseudonym, age and sex, status chips."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from sos_studio.presenters.case_rows import own_reading
from sos_studio.services.listed_cases import ListedCase
from sos_studio.ui.exclusion import reason_words

CASE_ROLE = Qt.ItemDataRole.UserRole
PICTURE_ROLE = Qt.ItemDataRole.UserRole + 1
CURRENT_ROLE = Qt.ItemDataRole.UserRole + 2
READER_ROLE = Qt.ItemDataRole.UserRole + 3
THUMBNAIL = QSize(64, 52)
ROW_HEIGHT = 66
DOT_STEP = 9

Index = QModelIndex | QPersistentModelIndex


def _tr(text: str) -> str:
    return QCoreApplication.translate("CaseDelegate", text)


def chips(case: ListedCase, reader: str) -> list[tuple[str, bool]]:
    """What the four dots before the status stand for, and whether each is reached by the capture in use and this evaluator."""
    again = case.staged_earlier and not case.staged_here
    return [
        (_tr("captured again") if again else _tr("captured"), case.captured),
        (_tr("cropped"), case.cropped),
        (_tr("read by you"), reader in case.staged_here),
        (_tr("predicted"), case.predicted),
    ]


def readers_words(case: ListedCase, reader: str) -> str:
    """Who has read the capture in use: this evaluator, others, nobody."""
    others = sum(name != reader for name in case.staged_here)
    if reader in case.staged_here:
        return _tr("read by you + {n}").format(n=others) if others else _tr("read by you")
    return _tr("read by {n}, not you").format(n=others) if others else ""


def status_words(case: ListedCase, reader: str) -> str:
    """How far it has come, in as few words as a row has room for."""
    if case.excluded:
        return reason_words(case.exclusion_reason) if case.exclusion_reason else ""
    if reader in case.staged_earlier:
        return _tr("earlier capture read")
    if case.read_elsewhere and (case.label is not None or case.ambiguous) and not case.shown_as:
        return _tr("label: earlier capture") if case.adjudicated_by else _tr("{k} on earlier capture").format(k=case.read_elsewhere)
    made = [text for text, reached in chips(case, reader)[:2] if reached]
    return readers_words(case, reader) or (made[-1] if made else _tr("to capture"))


def legend(case: ListedCase, reader: str) -> str:
    """The dots of a row in words: filled is reached, open is not."""
    return "   ".join(f"{'●' if reached else '○'} {text}" for text, reached in chips(case, reader))


def described(case: ListedCase, reader: str) -> str:
    """The row in words, for tooltips and screen readers; `reader` is the evaluator who looks."""
    parts = [case.name, *([case.patient] if case.patient else [])]
    if case.age_years is not None:
        parts.append(_tr("{age} years").format(age=f"{case.age_years:g}"))
    if case.sex is not None:
        parts.append({"F": _tr("female"), "M": _tr("male")}[case.sex])
    reached = dict(chips(case, reader))
    parts += [text for text in reached if reached[text]]
    by = readers_words(case, reader)
    if by and by not in reached:
        parts.append(by)
    if case.excluded:
        reason = case.exclusion_reason
        parts.append(_tr("excluded: {reason}").format(reason=reason_words(reason)) if reason else _tr("excluded"))
    parts += _stages(case, reader)
    if case.exclusion_note:
        parts.append(case.exclusion_note)
    return " · ".join(parts)


def _stages(case: ListedCase, reader: str) -> list[str]:
    """Own reading and label in words, and on which capture they rest."""
    own, told = own_reading(case, reader), []
    if own is not None:
        told.append(_tr("your reading: ambiguous") if own.ambiguous else _tr("your reading: stage {n}").format(n=own.stage))
        if reader in case.staged_earlier:
            told.append(_tr("made on an earlier capture"))
    if own is not None and (case.shown_as or len(case.staged_by) == 1):
        return told
    if case.label is not None or case.ambiguous:
        stage = _tr("ambiguous") if case.ambiguous else _tr("stage {n}").format(n=case.label)
        if case.adjudicated_by:
            told.append(_tr("label by decision of {name}: {stage}").format(name=case.adjudicated_by, stage=stage))
        else:
            told.append(_tr("label of {n} evaluators: {stage}").format(n=len(case.staged_by), stage=stage))
        if case.read_elsewhere:
            told.append(
                _tr("the decision was made on an earlier capture")
                if case.adjudicated_by
                else _tr("{k} of {n} readings made on an earlier capture").format(k=case.read_elsewhere, n=len(case.staged_by))
            )
    elif case.status == "open":
        told.append(_tr("the evaluators disagree: no label yet"))
    elif own is not None:
        told.append(_tr("\u201cOther readings\u201d in Stage shows what others read"))
    return told


def short_pseudonym(patient: str) -> str:
    """As much of a keyed pseudonym as tells the patients of a list apart, so that age and sex fit beside it; the tooltip has it whole."""
    return patient[:8] if patient.startswith("P-") else patient


def label_words(case: ListedCase, reader: str) -> str:
    """What the row says of stages, and whose it is: the own one until others' may be seen, and not always of what the picture shows now."""
    own = own_reading(case, reader)
    alone = len(case.staged_by) == 1 and not case.adjudicated_by  # somebody else's decision is more than the one reading it decided on
    if own is not None and (case.shown_as or alone or (case.label is None and not case.ambiguous)):
        stage = _tr("ambiguous") if own.ambiguous else f"{own.stage}"
        return _tr("earlier: {n}").format(n=stage) if reader in case.staged_earlier else _tr("you: {n}").format(n=stage)
    if case.ambiguous:
        return _tr("ambiguous")
    if case.label is None:
        return ""
    return (_tr("decided: {n}") if case.adjudicated_by else _tr("label: {n}")).format(n=case.label)


class _Pens:
    """A row's fonts, their sizes and its colours, made once: making them takes as long as drawing with them."""

    def __init__(self, font: QFont, palette: QPalette) -> None:
        self.made_of = self.key(font, palette)
        role = QPalette.ColorRole
        self.text, self.link, self.faint = (palette.color(each) for each in (role.Text, role.Link, role.PlaceholderText))
        self.normal, self.bold, self.small = QFont(font), QFont(font), QFont(font)
        self.normal.setBold(False)
        self.bold.setBold(True)
        self.small.setBold(False)
        self.small.setPointSizeF(font.pointSizeF() * 0.88)
        self.in_bold, self.in_small = QFontMetricsF(self.bold), QFontMetricsF(self.small)

    @staticmethod
    def key(font: QFont, palette: QPalette) -> tuple[object, ...]:
        """What it was made of, to be compared."""
        return font.key(), palette.cacheKey(), palette.currentColorGroup()


class CaseDelegate(QStyledItemDelegate):
    """Paints rows of the cases list."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pens: _Pens | None = None
        self._frames: dict[float, QPixmap] = {}  # behind thumbnails, by pixels per point

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """One height for all."""
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row."""
        case = index.data(CASE_ROLE)
        if not isinstance(case, ListedCase):
            return
        rect: QRectF = QRectF(option.rect)
        palette: QPalette = option.palette
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._background(painter, rect, palette, state, bool(index.data(CURRENT_ROLE)))
        picture_box = QRectF(rect.left() + 10, rect.top() + (ROW_HEIGHT - THUMBNAIL.height()) / 2, THUMBNAIL.width(), THUMBNAIL.height())
        self._thumbnail(painter, picture_box, index.data(PICTURE_ROLE))
        text_box = QRectF(picture_box.right() + 10, rect.top() + 8, rect.right() - picture_box.right() - 16, ROW_HEIGHT - 16)
        reader = str(index.data(READER_ROLE) or "")
        pens = self._pens
        if pens is None or pens.made_of != _Pens.key(painter.font(), palette):
            pens = self._pens = _Pens(painter.font(), palette)
        _text(painter, pens, text_box, case, label_words(case, reader))
        # Of what is left out nothing is awaited: the reason needs the room.
        dots = [] if case.excluded else [reached for _, reached in chips(case, reader)]
        _status(painter, pens, text_box, dots, status_words(case, reader))
        painter.restore()

    @staticmethod
    def _background(painter: QPainter, rect: QRectF, palette: QPalette, state: QStyle.StateFlag, current: bool) -> None:
        role = QPalette.ColorRole
        inner = rect.adjusted(4, 2, -4, -2)
        painter.setPen(Qt.PenStyle.NoPen)
        if current:
            soft = QColor(palette.color(role.Highlight))
            soft.setAlpha(70)
            painter.setBrush(soft)
            painter.drawRoundedRect(inner, 6, 6)
        elif state & QStyle.StateFlag.State_Selected:
            soft = QColor(palette.color(role.Highlight))
            soft.setAlpha(38)
            painter.setBrush(soft)
            painter.drawRoundedRect(inner, 6, 6)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(palette.color(role.Midlight))
            painter.drawRoundedRect(inner, 6, 6)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role.Highlight))
            painter.drawRoundedRect(QRectF(rect.left(), rect.top() + 6, 3, rect.height() - 12), 1.5, 1.5)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(role.Highlight), 1))
            painter.drawRoundedRect(inner.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _thumbnail(self, painter: QPainter, box: QRectF, picture: object) -> None:
        sharpness = painter.device().devicePixelRatioF()
        frame = self._frames.get(sharpness)
        if frame is None:
            frame = self._frames[sharpness] = _frame(sharpness)
        painter.drawPixmap(box.topLeft(), frame)
        if isinstance(picture, QPixmap) and not picture.isNull():
            size = picture.deviceIndependentSize()
            at = QPointF(box.center().x() - size.width() / 2, box.center().y() - size.height() / 2)
            painter.drawPixmap(at, picture)


def _frame(pixels_per_point: float) -> QPixmap:
    """What a thumbnail lies on: round corners take longer to draw than all the rest of a row."""
    made = QPixmap(THUMBNAIL * pixels_per_point)
    made.setDevicePixelRatio(pixels_per_point)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#0b0d0f"))
    painter.drawRoundedRect(QRectF(QPointF(), QSizeF(THUMBNAIL)), 4, 4)
    painter.end()
    return made


def _text(painter: QPainter, pens: _Pens, box: QRectF, case: ListedCase, stage: str) -> None:
    line = pens.in_bold.height()
    if case.excluded:
        stage = _tr("excluded")
    room = box.width() - (pens.in_small.horizontalAdvance(stage) + 5 if stage else 0)
    painter.setFont(pens.bold)
    painter.setPen(pens.text)
    painter.drawText(QRectF(box.left(), box.top(), room, line), 0, pens.in_bold.elidedText(case.name, Qt.TextElideMode.ElideRight, room))
    if stage:
        painter.setPen(pens.link)
        painter.setFont(pens.small)
        painter.drawText(QRectF(box.left(), box.top(), box.width(), line), Qt.AlignmentFlag.AlignRight, stage)
    painter.setFont(pens.normal)
    painter.setPen(pens.faint)
    facts = [short_pseudonym(case.patient)] if case.patient else []
    if case.age_years is not None:
        facts.append(_tr("{age} y").format(age=f"{case.age_years:g}"))
    if case.sex is not None:
        facts.append(case.sex)
    painter.drawText(QRectF(box.left(), box.top() + line, box.width(), line), 0, " · ".join(facts))


def _status(painter: QPainter, pens: _Pens, box: QRectF, dots: list[bool], status: str) -> None:
    """The status in words, how it was reached as dots before it: filled is reached, open is not."""
    metrics = pens.in_small
    painter.setFont(pens.small)
    y = box.bottom() - metrics.height()
    x = box.left()
    for reached in dots:
        painter.setPen(QPen(pens.link if reached else pens.faint, 1.2))
        painter.setBrush(pens.link if reached else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x + 3, y + metrics.height() / 2), 2.8, 2.8)
        x += DOT_STEP
    painter.setPen(pens.faint)
    x += 3 if dots else 0
    room = box.right() - x
    painter.drawText(QRectF(x, y, room, metrics.height()), 0, metrics.elidedText(status, Qt.TextElideMode.ElideRight, room))
