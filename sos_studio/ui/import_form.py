"""The choices of an import: what the table's columns mean, what names of files say, and what is done to each picture."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from sos_studio.dataset.columns import FIELDS
from sos_studio.dataset.name_patterns import KNOWN_PATTERNS
from sos_studio.dataset.sheets import ENCODINGS, SEPARATORS
from sos_studio.presenters.importing import ImportPresenter, ImportState
from sos_studio.services.import_pictures import boxes_text
from sos_studio.ui import parts
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.number_box import NumberBox

DEFAULT_SPACING_MM, DEFAULT_TICK_MM = 0.25, 10.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("ImportForm", text)


def field_name(field: str) -> str:
    """What a field of the table is called."""
    return {
        "image": _tr("Image"),
        "stage": _tr("Stage"),
        "patient": _tr("Patient"),
        "age": _tr("Age"),
        "sex": _tr("Sex"),
        "evaluator": _tr("Evaluator"),
        "remark": _tr("Remark"),
    }[field]


class ImportForm(QWidget):
    """One column of choices; each takes effect at once."""

    def __init__(self, presenter: ImportPresenter) -> None:
        super().__init__()
        self._presenter = presenter
        self.sheet, self.separator, self.encoding = ChoiceBox(), ChoiceBox(), ChoiceBox()
        self.columns = {field: ChoiceBox() for field in FIELDS}
        self.names = _Line()
        self.names.setPlaceholderText(KNOWN_PATTERNS[0])
        self.names.setToolTip(
            _tr("Write {patient}, {sex}, {age}, {stage} and {evaluator} where they stand, and {} for what does not matter")
        )
        self.offer = parts.button("", _tr("The files' names look like this"))
        self.facing = ChoiceBox()
        self.cut = QCheckBox(_tr("Cut uniform borders away"))
        self.cover = QCheckBox(_tr("Cover letters, rulers and lines"))
        self.keep = QCheckBox(_tr("Keep untouched originals too"))
        self.keep.setToolTip(_tr("Beside the pictures that are changed; leave it out if patients' names are written into them"))
        self.boxes = _Line()
        self.boxes.setPlaceholderText(_tr("left, top, width, height"))
        self.boxes.setToolTip(
            _tr("Covered in every picture, in pixels; several parted by semicolons. Or draw a box into the picture with the left button")
        )
        self.crops = QCheckBox(_tr("They are crops already"))
        self.crops.setToolTip(_tr("Each is taken as it is and gets a frame around all of it; the endocranial end is left"))
        self.size_from = ChoiceBox()
        self.size_mm = NumberBox(0.001, 1000.0, 3, 0.05, " mm")
        self._fill()
        self._lay_out()
        self._connect()

    def _fill(self) -> None:
        self.separator.addItem(_tr("Automatic"), None)
        names = {",": _tr("Comma"), ";": _tr("Semicolon"), "\t": _tr("Tab"), "|": _tr("Bar")}
        for separator in SEPARATORS:
            self.separator.addItem(names[separator], separator)
        self.encoding.addItem(_tr("Automatic"), None)
        for encoding in ENCODINGS:
            self.encoding.addItem(encoding, encoding)
        facings = {"right": _tr("Faces look right"), "left": _tr("Faces look left: mirror")}
        sources = {None: _tr("Not known"), "typed": _tr("Typed: one pixel is"), "ruler": _tr("By the ruler: ticks every")}
        for facing, text in facings.items():
            self.facing.addItem(text, facing)
        for source, text in sources.items():
            self.size_from.addItem(text, source)

    def _lay_out(self) -> None:
        self._table_rows, table = QFormLayout(), QWidget()
        self._table_rows.setContentsMargins(0, 0, 0, 0)
        rows = [(_tr("Sheet"), self.sheet), *((field_name(field), box) for field, box in self.columns.items())]
        rows += [(_tr("Separator"), self.separator), (_tr("Encoding"), self.encoding)]
        for text, box in rows:
            box.setAccessibleName(text)
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self._table_rows.addRow(text, box)
        table.setLayout(self._table_rows)
        self._table = table
        self._no_table = parts.note(_tr("No table is chosen. Without one, stages can come from the files' names, or be read in Stage."))
        self.names.setAccessibleName(_tr("Pattern of the files' names"))
        self.facing.setAccessibleName(_tr("Where the faces look"))
        self.boxes.setAccessibleName(_tr("Boxes that are covered too"))
        self.size_from.setAccessibleName(_tr("Pixel size"))
        self.size_mm.setAccessibleName(_tr("Pixel size or distance of ticks"))
        self.ruler = parts.note()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 10, 0)
        layout.setSpacing(6)
        size = QLabel(_tr("Pixel size"))
        for widget in (
            *(parts.heading(_tr("Columns of the table")), self._no_table, table),
            *(parts.rule(), parts.heading(_tr("From the files' names")), self.names, self.offer),
            *(parts.rule(), parts.heading(_tr("Pictures")), self.crops, self.facing, self.cut, self.cover),
            *(QLabel(_tr("Cover these boxes too")), self.boxes, self.keep),
            *(size, self.size_from, self.size_mm, self.ruler),
        ):
            layout.addWidget(widget)
        layout.addStretch(1)

    def _connect(self) -> None:
        shown = self._presenter
        self.sheet.activated.connect(lambda _: shown.read_table(sheet=self.sheet.currentText()))
        self.separator.activated.connect(lambda _: shown.read_table(separator=self.separator.currentData()))
        self.encoding.activated.connect(lambda _: shown.read_table(encoding=self.encoding.currentData()))
        for field, box in self.columns.items():
            box.activated.connect(lambda _, name=field, chosen=box: shown.set_column(name, chosen.currentData()))
        self.names.editingFinished.connect(lambda: shown.set_names(self.names.text()))
        self.offer.clicked.connect(lambda: shown.set_names(shown.state.seen.suggested_names if shown.state.seen else ""))
        self.facing.activated.connect(lambda _: shown.set_pictures(facing=self.facing.currentData()))
        for tick, option in (
            (self.cut, "cut_borders"),
            (self.cover, "cover_overlays"),
            (self.keep, "keep_originals"),
        ):
            tick.clicked.connect(lambda on, name=option: shown.set_pictures(**{name: on}))
        self.boxes.editingFinished.connect(self._set_boxes)
        self.crops.clicked.connect(shown.set_crops)
        self.size_from.activated.connect(lambda _: self._set_source())
        self.size_mm.valueChanged.connect(self._set_size)

    def _set_boxes(self) -> None:
        if self.boxes.isModified():
            self.boxes.setModified(False)
            self._presenter.set_boxes(self.boxes.text())

    def _set_source(self) -> None:
        """Begin with what is most likely."""
        picture = self._presenter.state.picture
        likely = picture.likely_tick_mm if picture is not None and picture.likely_tick_mm else DEFAULT_TICK_MM
        self._set_size(likely if self.size_from.currentData() == "ruler" else DEFAULT_SPACING_MM)

    def _set_size(self, value: float) -> None:
        source = self.size_from.currentData()
        self._presenter.set_pictures(spacing_mm=value if source == "typed" else None, ruler_tick_mm=value if source == "ruler" else None)

    def show_state(self, state: ImportState) -> None:
        """Show what is chosen, without choosing anything."""
        blockers = [QSignalBlocker(widget) for widget in (*self.columns.values(), self.sheet, self.size_from, self.size_mm, self.names)]
        self._show_table(state)
        pictures = state.options.pictures
        if not self.names.hasFocus() or not self.names.isModified():
            self.names.setText(state.options.names)
        suggested = state.seen.suggested_names if state.seen is not None else ""
        self.offer.setText(_tr("Use {pattern}").format(pattern=suggested))
        self.offer.setVisible(bool(suggested) and suggested != state.options.names)
        self.facing.setCurrentIndex(self.facing.findData(pictures.facing))
        for box, on in (
            (self.cut, pictures.cut_borders),
            (self.cover, pictures.cover_overlays),
            (self.keep, pictures.keep_originals),
            (self.crops, pictures.crops),
        ):
            box.setChecked(on)
        for choice in (self.cut, self.cover):
            choice.setEnabled(not pictures.crops)
        # What is being typed is not taken from under the fingers when a look is over, and what makes no sense stays to be mended.
        if state.picture_problem is None and not self.boxes.isModified():
            self.boxes.setText(boxes_text(pictures.boxes))
        source, value = None, None
        if pictures.ruler_tick_mm is not None:
            source, value = "ruler", pictures.ruler_tick_mm
        elif pictures.spacing_mm is not None:
            source, value = "typed", pictures.spacing_mm
        self.size_from.setCurrentIndex(self.size_from.findData(source))
        self.size_mm.setEnabled(source is not None)
        if value is not None:
            self.size_mm.setValue(value)
        self.ruler.setText(_ruler_words(state))
        del blockers

    def _show_table(self, state: ImportState) -> None:
        self._table.setVisible(state.table is not None)
        self._no_table.setVisible(state.table is None)
        seen = state.seen
        sheet = None if seen is None else seen.sheet
        self._table_rows.setRowVisible(self.sheet, sheet is not None and len(sheet.names) > 1)
        is_text = state.table is not None and (sheet is None or not sheet.names)
        for box in (self.separator, self.encoding):
            self._table_rows.setRowVisible(box, is_text)
        if sheet is not None and sheet.names:
            self.sheet.clear()
            self.sheet.addItems(list(sheet.names))
            self.sheet.setCurrentText(sheet.name)
        if seen is None:
            return
        for field, index in seen.columns:
            box = self.columns[field]
            box.clear()
            box.addItem(_tr("– none –"), "")
            for number, header in enumerate(seen.headers, start=1):
                # Two columns of one name, or of none, are told apart by their number.
                told = header if header and seen.headers.count(header) == 1 else str(number)
                box.addItem(header or _tr("Column {n}").format(n=number), told)
            box.setCurrentIndex(0 if index is None else index + 1)


class _Line(QLineEdit):
    """Enter ends what is typed; it must not press Import, too."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keep Enter from the dialog."""
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()


def _ruler_words(state: ImportState) -> str:
    picture = state.picture
    if picture is None:
        return ""
    if picture.tick_px is None:
        return _tr(
            "No ruler is found in this picture: ticks in even steps, in its margin or on its border. Type the pixel size if you know it."
        )
    words = _tr("Ruler found: ticks {px:.1f} pixels apart.").format(px=picture.tick_px)
    tick_mm = state.options.pictures.ruler_tick_mm
    return words if tick_mm is None else f"{words} " + _tr("One pixel is {mm:.3f} mm.").format(mm=tick_mm / picture.tick_px)
