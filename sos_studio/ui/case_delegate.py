"""How one case looks in the list: thumbnail, pseudonym, age and sex, status chips."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from sos_studio.services.listed_cases import ListedCase
from sos_studio.ui.exclusion import reason_words

CASE_ROLE = Qt.ItemDataRole.UserRole
PICTURE_ROLE = Qt.ItemDataRole.UserRole + 1
EVALUATORS_ROLE = Qt.ItemDataRole.UserRole + 2
CURRENT_ROLE = Qt.ItemDataRole.UserRole + 3
THUMBNAIL = QSize(64, 52)
ROW_HEIGHT = 66

Index = QModelIndex | QPersistentModelIndex


def _tr(text: str) -> str:
    return QCoreApplication.translate("CaseDelegate", text)


def chips(case: ListedCase, evaluators: int) -> list[tuple[str, bool]]:
    """Words of the status chips and whether each is reached by the newest capture."""
    staged = len(case.staged_here)
    by = _tr("read by you") if case.shown_as else _tr("staged by {n} of {m}").format(n=staged, m=max(evaluators, 1))
    words = [
        (_tr("captured again") if case.staged_earlier and not staged else _tr("captured"), case.captured),
        (_tr("cropped"), case.cropped),
        (by, staged > 0),
    ]
    if case.predicted:
        words.append((_tr("predicted"), True))
    if case.excluded:
        hidden = case.shown_as and not case.exclusion_reason
        words.append((_tr("excluded") if hidden else _tr("excluded: {reason}").format(reason=reason_words(case.exclusion_reason)), True))
    return words


def described(case: ListedCase, evaluators: int) -> str:
    """The row in words, for tooltips and screen readers."""
    parts = [case.name, *([case.patient] if case.patient else [])]
    if case.age_years is not None:
        parts.append(_tr("{age} years").format(age=f"{case.age_years:g}"))
    if case.sex is not None:
        parts.append({"F": _tr("female"), "M": _tr("male")}[case.sex])
    parts += [text for text, reached in chips(case, evaluators) if reached]
    if case.label is not None:
        parts.append(
            _tr("stage {stage} by the majority of {n} evaluators").format(stage=case.label, n=len(case.staged_by))
            if len(case.staged_by) > 1
            else _tr("stage {n}").format(n=case.label)
        )
    if case.staged_earlier:
        parts.append(_tr("{k} of {n} readings made on an earlier capture").format(k=len(case.staged_earlier), n=len(case.staged_by)))
    if case.ambiguous:
        parts.append(_tr("ambiguous"))
    if case.exclusion_note:
        parts.append(case.exclusion_note)
    return " · ".join(parts)


def short_pseudonym(patient: str) -> str:
    """As much of a keyed pseudonym as tells the patients of a list apart, so that age and sex fit beside it; the tooltip has it whole."""
    return patient[:8] if patient.startswith("P-") else patient


def _label_words(case: ListedCase) -> str:
    """Whose stage it is, too: the majority's is not always the own one, and not always of what the picture shows now."""
    if case.label is None:
        return ""
    if case.staged_earlier and not case.staged_here:
        return _tr("earlier: {n}").format(n=case.label)
    if len(case.staged_by) > 1:
        return _tr("majority {n}").format(n=case.label)
    return _tr("stage {n}").format(n=case.label)


class CaseDelegate(QStyledItemDelegate):
    """Paints rows of the cases list."""

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
        _thumbnail(painter, picture_box, index.data(PICTURE_ROLE))
        text_box = QRectF(picture_box.right() + 10, rect.top() + 8, rect.right() - picture_box.right() - 16, ROW_HEIGHT - 16)
        _text(painter, text_box, case, palette)
        _chips(painter, text_box, chips(case, int(index.data(EVALUATORS_ROLE) or 0)), palette)
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
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(palette.color(role.Midlight))
            painter.drawRoundedRect(inner, 6, 6)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(role.Highlight), 1))
            painter.drawRoundedRect(inner.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)


def _thumbnail(painter: QPainter, box: QRectF, picture: object) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#0b0d0f"))
    painter.drawRoundedRect(box, 4, 4)
    if isinstance(picture, QPixmap) and not picture.isNull():
        size = picture.deviceIndependentSize()
        at = QPointF(box.center().x() - size.width() / 2, box.center().y() - size.height() / 2)
        painter.drawPixmap(at, picture)


def _text(painter: QPainter, box: QRectF, case: ListedCase, palette: QPalette) -> None:
    font = QFont(painter.font())
    font.setBold(True)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    stage = _label_words(case)
    if case.ambiguous:
        stage = _tr("ambiguous")
    if case.excluded:
        stage = _tr("excluded")
    small = QFont(painter.font())
    small.setBold(False)
    small.setPointSizeF(small.pointSizeF() * 0.88)
    room = box.width() - (QFontMetricsF(small).horizontalAdvance(stage) + 5 if stage else 0)
    painter.drawText(
        QRectF(box.left(), box.top(), room, metrics.height()), 0, metrics.elidedText(case.name, Qt.TextElideMode.ElideRight, room)
    )
    if stage:
        painter.setPen(palette.color(QPalette.ColorRole.Link))
        painter.setFont(small)
        painter.drawText(QRectF(box.left(), box.top(), box.width(), metrics.height()), Qt.AlignmentFlag.AlignRight, stage)
    font.setBold(False)
    painter.setFont(font)
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    facts = [short_pseudonym(case.patient)] if case.patient else []
    if case.age_years is not None:
        facts.append(_tr("{age} y").format(age=f"{case.age_years:g}"))
    if case.sex is not None:
        facts.append(case.sex)
    painter.drawText(QRectF(box.left(), box.top() + metrics.height(), box.width(), metrics.height()), 0, " · ".join(facts))


def _chips(painter: QPainter, box: QRectF, words: list[tuple[str, bool]], palette: QPalette) -> None:
    """The furthest status in words, the others as dots before it: filled is reached, open is not."""
    font = QFont(painter.font())
    font.setPointSizeF(font.pointSizeF() * 0.88)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    y = box.bottom() - metrics.height()
    reached_color, open_color = palette.color(QPalette.ColorRole.Link), palette.color(QPalette.ColorRole.PlaceholderText)
    x = box.left() + 3
    for _, reached in words:
        painter.setPen(QPen(reached_color if reached else open_color, 1.2))
        painter.setBrush(reached_color if reached else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x, y + metrics.height() / 2), 3, 3)
        x += 10
    furthest = next((text for text, reached in reversed(words) if reached), _tr("to capture"))
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    room = box.right() - x - 4
    painter.drawText(QRectF(x + 1, y, room, metrics.height()), 0, metrics.elidedText(furthest, Qt.TextElideMode.ElideRight, room))
