"""How one series looks in the picker: thumbnail, facts, and what is wrong with it in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from sos_studio.presenters.series_picker import SeriesRow
from sos_studio.ui import series_words, theme

ROW_ROLE = Qt.ItemDataRole.UserRole
PICTURE_ROLE = Qt.ItemDataRole.UserRole + 1
PICTURELESS_ROLE = Qt.ItemDataRole.UserRole + 2
THUMBNAIL_PX = 96
MARGIN, GAP, LINE_GAP = 10, 14, 3
PADDING_X, PADDING_Y = 8, 2
SIGNS = {"error": "✕", "warning": "⚠", "info": "•"}
WRAP = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)

Index = QModelIndex | QPersistentModelIndex


def _tr(text: str) -> str:
    return QCoreApplication.translate("SeriesDelegate", text)


def badge(row: SeriesRow) -> str:
    """A few words that set a row apart."""
    if row.open_now:
        return _tr("already open")
    if not row.likeliest:
        return ""
    return _tr("most like a head CBCT") if row.like_a_head else _tr("most likely of these")


def folder(row: SeriesRow) -> str:
    """Where it lies; empty if that tells nothing."""
    return _tr("Folder {name}").format(name=row.folder) if row.folder else ""


def described(row: SeriesRow) -> str:
    """The row in words, for tooltips and screen readers."""
    lines = [series_words.facts(row.info), series_words.field(row.field_mm_kji), folder(row), badge(row)]
    lines += [] if row.info.loadable else [_tr("Can't be opened:")]
    lines += [words for _, words in series_words.problems(row.info)]
    return "\n".join(line for line in lines if line)


@dataclass(frozen=True)
class _Line:
    """A piece of text and where it goes."""

    text: str
    severity: str
    rect: QRect


class SeriesDelegate(QStyledItemDelegate):
    """Paints rows of a list; their height follows from the words."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As wide as the list, as high as the words need."""
        # A scroll bar that comes or goes changes no row's height, or whoever scrolls to a row would miss it.
        width = self._view.contentsRect().width() - self._view.verticalScrollBar().sizeHint().width()
        row = index.data(ROW_ROLE)
        if not isinstance(row, SeriesRow):
            return QSize(width, 0)
        return QSize(width, self.height(row, QFontMetrics(option.font), width))

    def height(self, row: SeriesRow, metrics: QFontMetrics, width: int) -> int:
        """What a row needs in a list of this width."""
        height = _facts_height(row, metrics)
        for line in self._problem_lines(row, metrics, QRect(0, 0, width, 0), 0):
            height = line.rect.bottom() + 1
        return max(height, THUMBNAIL_PX) + 2 * MARGIN + _heading_height(row, metrics)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Background, thumbnail, lines of facts, problems."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, SeriesRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        option = self._below_heading(painter, option, row)
        palette = option.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        self._background(painter, option, selected)
        self._picture(painter, option.rect, index, row)
        enabled = row.info.loadable
        group = QPalette.ColorGroup.Normal if enabled else QPalette.ColorGroup.Disabled
        text = palette.color(group, QPalette.ColorRole.Text)
        quiet = palette.color(QPalette.ColorRole.PlaceholderText) if enabled else text
        self._facts(painter, option, row, text, quiet)
        painter.setFont(option.font)
        metrics = QFontMetrics(option.font)
        top = option.rect.top() + MARGIN + _facts_height(row, metrics)
        amber = QColor((theme.DARK if palette.color(QPalette.ColorRole.Base).lightness() < 128 else theme.LIGHT).warning)
        colors = {"warning": amber, "error": quiet, "info": quiet}
        for line in self._problem_lines(row, metrics, option.rect, top):
            painter.setPen(colors[line.severity])
            painter.drawText(line.rect.adjusted(-_indent(metrics), 0, 0, 0), WRAP, SIGNS[line.severity])
            # Grey words would be the ones to be read: of a series that can't be opened they say why.
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText) if line.severity != "warning" else text)
            painter.drawText(line.rect, WRAP, line.text)
        painter.restore()

    def _below_heading(self, painter: QPainter, option: QStyleOptionViewItem, row: SeriesRow) -> QStyleOptionViewItem:
        """Write the heading of those that can't be opened; what is left for the row itself."""
        below = QStyleOptionViewItem(option)
        metrics = QFontMetrics(option.font)
        height = _heading_height(row, metrics)
        if height:
            bold = QFont(option.font)
            bold.setBold(True)
            painter.setFont(bold)
            painter.setPen(option.palette.color(QPalette.ColorRole.PlaceholderText))
            place = QRect(option.rect.left() + MARGIN, option.rect.top(), option.rect.width() - 2 * MARGIN, height)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, _tr("These can't be opened"))
            below.rect = option.rect.adjusted(0, height, 0, 0)
        return below

    def _background(self, painter: QPainter, option: QStyleOptionViewItem, selected: bool) -> None:
        palette = option.palette
        if selected:
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.setBrush(_soft(palette))
            painter.drawRoundedRect(QRectF(option.rect).adjusted(2.5, 1.5, -2.5, -1.5), 6, 6)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(QPalette.ColorRole.Midlight))
            painter.drawRoundedRect(QRectF(option.rect).adjusted(2, 1, -2, -1), 6, 6)

    def _picture(self, painter: QPainter, rect: QRect, index: Index, row: SeriesRow) -> None:
        box = QRect(rect.left() + MARGIN, rect.top() + MARGIN, THUMBNAIL_PX, THUMBNAIL_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#000000"))
        painter.drawRoundedRect(QRectF(box), 4, 4)
        picture = index.data(PICTURE_ROLE)
        if isinstance(picture, QPixmap):
            size = picture.deviceIndependentSize().toSize().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(box.topLeft(), size)
            target.moveCenter(box.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setOpacity(1.0 if row.info.loadable else 0.45)
            painter.drawPixmap(target, picture)
            painter.setOpacity(1.0)
            return
        painter.setPen(QColor("#8d98a5"))
        text = _tr("no picture") if index.data(PICTURELESS_ROLE) else "…"
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _facts(self, painter: QPainter, option: QStyleOptionViewItem, row: SeriesRow, text: QColor, quiet: QColor) -> None:
        metrics = QFontMetrics(option.font)
        left, right = option.rect.left() + MARGIN + THUMBNAIL_PX + GAP, option.rect.right() - MARGIN
        top = option.rect.top() + MARGIN
        bold = QFont(option.font)
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(text)
        words = badge(row)
        badge_width = metrics.horizontalAdvance(words) + 2 * PADDING_X + 8 if words else 0
        line = f"{series_words.modality(row.info)} · {series_words.size(row.info)}"
        line = QFontMetrics(bold).elidedText(line, Qt.TextElideMode.ElideRight, right - left - badge_width)
        painter.drawText(QPointF(left, top + metrics.ascent()), line)
        painter.setFont(option.font)
        if words:
            place = QRect(right - badge_width + 8, top - PADDING_Y, badge_width - 8, metrics.height() + 2 * PADDING_Y)
            self._badge(painter, option.palette, place, words)
        painter.setPen(quiet)
        second = " · ".join(part for part in (series_words.spacing(row.info), series_words.field(row.field_mm_kji)) if part)
        second = metrics.elidedText(second, Qt.TextElideMode.ElideRight, right - left)
        painter.drawText(QPointF(left, top + metrics.height() + LINE_GAP + metrics.ascent()), second)
        third = metrics.elidedText(folder(row), Qt.TextElideMode.ElideMiddle, right - left)
        painter.drawText(QPointF(left, top + 2 * (metrics.height() + LINE_GAP) + metrics.ascent()), third)

    def _badge(self, painter: QPainter, palette: QPalette, rect: QRect, words: str) -> None:
        painter.setPen(palette.color(QPalette.ColorRole.Highlight))
        painter.setBrush(_soft(palette))
        painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.setPen(palette.color(QPalette.ColorRole.Link))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, words)

    def _problem_lines(self, row: SeriesRow, metrics: QFontMetrics, rect: QRect, top: int) -> Iterator[_Line]:
        """Each problem, wrapped; without a given top as if the row began at 0, margin not counted."""
        left = rect.left() + MARGIN + THUMBNAIL_PX + GAP + _indent(metrics)
        width = rect.left() + rect.width() - MARGIN - left
        y = top or _facts_height(row, metrics)
        for severity, words in series_words.problems(row.info):
            height = metrics.boundingRect(QRect(0, 0, max(width, 60), 10_000), WRAP, words).height()
            yield _Line(words, severity, QRect(left, y + LINE_GAP, max(width, 60), height))
            y += height + LINE_GAP


def _facts_height(row: SeriesRow, metrics: QFontMetrics) -> int:
    return (3 if row.folder else 2) * (metrics.height() + LINE_GAP)


def _heading_height(row: SeriesRow, metrics: QFontMetrics) -> int:
    return 2 * metrics.height() if row.first_refused else 0


def _soft(palette: QPalette) -> QColor:
    soft = QColor(palette.color(QPalette.ColorRole.Highlight))
    soft.setAlpha(60)
    return soft


def _indent(metrics: QFontMetrics) -> int:
    return metrics.horizontalAdvance("⚠") + 6
