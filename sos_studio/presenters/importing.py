"""File ▸ Import full images: what is imported, how it is read, and what will become of it, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from sos_studio.core.errors import SosError, refusal
from sos_studio.core.settings import ImportMemory, names_hidden
from sos_studio.dataset import columns
from sos_studio.dataset.decoded import Doubts
from sos_studio.dataset.label_table import TableOptions
from sos_studio.dataset.project import Project
from sos_studio.dataset.sheets import Sheet, is_table
from sos_studio.imaging.borders import Box
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session
from sos_studio.services.import_looks import Looks
from sos_studio.services.import_pictures import ImportOptions, PictureOptions, boxes_of, find, full_image
from sos_studio.services.import_preview import ImportPreview, preview

# Headers whose meaning is remembered: the tables of many studies.
MOST_HEADERS = 300


@dataclass(frozen=True, eq=False)
class PicturePreview:
    """One picture as it is and as it will be.

    Attributes
    ----------
    gray, mask
        The file's pixels, and what of them is covered by letters and rulers.
    box
        Rows and columns that stay.
    full8
        What will be stored.
    tick_px, likely_tick_mm
        Of the ruler; None if there is none.
    """

    path: Path
    gray: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    box: Box
    full8: npt.NDArray[np.uint8]
    tick_px: float | None
    likely_tick_mm: float | None


@dataclass(frozen=True, eq=False)
class ImportState:
    """What the dialog shows.

    Attributes
    ----------
    seen
        What will become of rows and files; None until the first look.
    picture
        The chosen one; None until it was read.
    problem
        What stands in the way.
    question
        Whether the pictures are crops, where they don't look like what they are said to be; nothing is imported before it is answered.
    notices
        What should be known before importing.
    """

    sources: tuple[Path, ...] = ()
    table: Path | None = None
    options: ImportOptions = field(default_factory=ImportOptions)
    seen: ImportPreview | None = None
    picture: PicturePreview | None = None
    picture_problem: Message | None = None
    problem: Message | None = None
    question: Message | None = None
    notices: tuple[Message, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether there is something to import, and nothing to answer."""
        return self.seen is not None and self.problem is None and self.question is None and bool(self.seen.pictures)


class ImportPresenter:
    """Every change looks again, off the GUI thread.

    Parameters
    ----------
    paths
        Pictures, folders, and a table; a table alone means its own folder.
    crops
        Whether they are said to be crops.
    """

    changed = Signal(ImportState)

    def __init__(self, session: Session, project: Project, paths: Sequence[Path], *, crops: bool = False) -> None:
        self._session, self._project = session, project
        self._sheet: tuple[object, Sheet] | None = None
        self._looks = Looks()
        self._left = False
        memory = session.settings.imports
        self.state = ImportState(options=_remembered(memory, crops))
        self._memory = memory
        self._asked_for_names = False
        self._crops_answered = False
        self._other_tables: tuple[str, ...] = ()
        self.add(paths)

    def add(self, paths: Sequence[Path]) -> None:
        """More pictures or folders, or another table in the place of the one before."""
        tables = [path for path in paths if is_table(path)]
        sources = [path for path in paths if not is_table(path)]
        table = tables[0] if tables else self.state.table
        known = list(dict.fromkeys((*self.state.sources, *sources)))
        if not known and table is not None:
            known = [table.parent]
        self._asked_for_names = self._crops_answered = False
        self._other_tables = tuple(path.name for path in tables[1:])
        options = self.state.options
        if table != self.state.table:  # what another table's columns mean is guessed and remembered anew
            options = replace(options, table=TableOptions())
        self._look(sources=tuple(known), table=table, options=options)

    def read_table(self, **changes: Any) -> None:
        """Another sheet, separator or encoding; the columns are guessed anew."""
        self._with_table(replace(self.state.options.table, columns={}, **changes))

    def set_column(self, field_name: str, header: str) -> None:
        """A column means this field; an empty header: none does."""
        table = self.state.options.table
        self._with_table(replace(table, columns={**table.columns, field_name: header}))

    def set_names(self, pattern: str) -> None:
        """What the files' names say; empty: nothing."""
        self._look(options=replace(self.state.options, names=pattern.strip()))

    def set_crops(self, crops: bool) -> None:
        """Whether these are crops: a person's answer, which is asked for no more."""
        self._crops_answered = True
        self.set_pictures(crops=crops)
        self._look()

    def take_unmended(self, take: bool) -> None:
        """Whether pictures come in too whose row or name needs mending."""
        self._look(options=replace(self.state.options, take_unmended=take))

    def set_pictures(self, **changes: Any) -> None:
        """How pictures are read."""
        options = self.state.options
        self.state = replace(self.state, options=replace(options, pictures=replace(options.pictures, **changes)))
        self.changed.emit(self.state)
        if self.state.picture is not None:
            self.show(self.state.picture.path)

    def set_boxes(self, text: str) -> None:
        """What is covered in every picture beside what is found, as a person types it; what makes no sense is told and changes nothing."""
        try:
            boxes = boxes_of(text)
        except SosError as error:
            self._show(picture_problem=_words(error))
            return
        self.set_pictures(boxes=boxes)

    def cover(self, box: Box) -> None:
        """One more of them, drawn into the picture."""
        self.set_pictures(boxes=(*self.state.options.pictures.boxes, box))

    def show(self, path: Path) -> None:
        """Look at one picture."""
        options = self.state.options.pictures

        def work() -> PicturePreview:
            found = find(path, options)
            ruler = found.ruler
            return PicturePreview(
                path,
                found.gray,
                found.mask,
                found.box,
                full_image(found, options.facing),
                None if ruler is None else ruler.tick_px,
                None if ruler is None else ruler.likely_tick_mm,
            )

        self._session.background.run(
            work,
            lambda made: self._show(picture=made, picture_problem=None),
            lambda error: self._show(picture=None, picture_problem=_words(error)),
            key="import-picture",
        )

    def remember(self) -> None:
        """Begin the next import with these choices."""
        options = self.state.options
        pictures = options.pictures
        self._session.settings.imports = ImportMemory(
            headers=_meanings(self._memory.headers, self.state.seen),
            names=options.names,
            cut_borders=pictures.cut_borders,
            cover_overlays=pictures.cover_overlays,
            keep_originals=pictures.keep_originals,
        )
        self._session.save_settings()

    def _with_table(self, table: TableOptions) -> None:
        self._look(options=replace(self.state.options, table=table))

    def _look(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        state, scheme = self.state, self._project.scheme
        # Cells stay the same while only the meaning of columns changes.
        key = (state.table, state.options.table.sheet, state.options.table.separator, state.options.table.encoding)
        kept = self._sheet[1] if self._sheet is not None and self._sheet[0] == key else None

        def looked(seen: ImportPreview) -> None:
            self._sheet = None if seen.sheet is None else (key, seen.sheet)
            self._seen(seen)

        self._session.background.run(
            lambda: preview(scheme, state.sources, state.table, state.options, kept, self._looks),
            looked,
            lambda error: self._show(problem=_words(error), seen=None),
            key="import-preview",
        )

    def _seen(self, seen: ImportPreview) -> None:
        if self._apply_memory(seen):
            return
        first = not self._asked_for_names
        self._asked_for_names = True
        # Only where nothing else says a stage; the person sees what would be taken before importing.
        if first and self.state.table is None and not self.state.options.names and "{stage}" in seen.suggested_names:
            self.set_names(seen.suggested_names)
            return
        if first and self.state.table is None and self.state.options.names and seen.rows and all(row.fault for row in seen.rows):
            self.set_names("")  # remembered, but not of these files
            return
        problem = seen.problem or seen.names_problem
        asked = () if self._crops_answered else seen.question
        self._show(
            seen=seen,
            problem=None if problem is None else message(problem.code, problem.values),
            question=_said(*asked[0]) if asked else None,
            notices=(*self._about_tables(), *(_said(code, values) for code, values in seen.notices)),
        )
        self._look_for_damage(seen)
        if seen.pictures and (self.state.picture is None or self.state.picture.path not in seen.pictures):
            self.show(next((path for path in seen.pictures if path.is_file()), seen.pictures[0]))

    def _look_for_damage(self, seen: ImportPreview) -> None:
        """Into every picture, while the person reads what else is told."""
        pictures = [path for path in seen.pictures if path.is_file()]

        def told(found: Doubts) -> None:
            if found and self.state.seen is seen:
                self._show(notices=(*self.state.notices, *(_said(code, values) for code, values in found)))

        self._session.background.run(
            lambda: self._looks.damaged(pictures, lambda: self._left), told, self._session.report, key="import-damage"
        )

    def leave(self) -> None:
        """Nobody looks any more."""
        self._left = True

    def _about_tables(self) -> list[Message]:
        used = self.state.table
        if used is None or not self._other_tables:
            return []
        return [_said("import.several_tables", {"used": used.name, "others": ", ".join(self._other_tables)})]

    def _apply_memory(self, seen: ImportPreview) -> bool:
        """Whether columns mean something else than guessed because the person said so of the same headers before; it is taken now."""
        if self.state.options.table.columns or not seen.headers:
            return False
        guessed: dict[str, str] = {name: seen.headers[index] for name, index in seen.columns if index is not None}
        remembered = self._memory.headers
        # Of two headers that meant the same the one counts that was chosen last.
        chosen = {remembered[header]: header for header in remembered if remembered[header] and seen.headers.count(header) == 1}
        taken = set(chosen.values())
        for name, header in guessed.items():
            if name not in chosen and (header in taken or remembered.get(header) == ""):
                chosen[name] = ""
        known = {name: header for name, header in chosen.items() if guessed.get(name, "") != header}
        if known:
            self._with_table(replace(self.state.options.table, columns=known))
        return bool(known)

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


def _remembered(memory: ImportMemory, crops: bool) -> ImportOptions:
    pictures = PictureOptions(**memory.model_dump(exclude={"headers", "names"}), crops=crops)
    return ImportOptions(pictures, names=memory.names)


def _meanings(before: Mapping[str, str], seen: ImportPreview | None) -> dict[str, str]:
    """What headers mean from now on, those of this import last; a header that was guessed but not wanted means nothing."""
    if seen is None or not seen.headers:
        return dict(before)
    found = {seen.headers[index]: name for name, index in seen.columns if index is not None}
    guessed = {seen.headers[index] for index in columns.guess(seen.headers).values() if index is not None}
    now = {header: found.get(header, "") for header in seen.headers if header and (header in found or header in guessed)}
    kept = {header: name for header, name in before.items() if header not in now}
    return dict([*kept.items(), *now.items()][-MOST_HEADERS:])


def _said(code: str, values: Mapping[str, Any]) -> Message:
    """Words without names of files where those are kept from the screen."""
    hidden = {name: "•••" for name in ("names", "used", "others") if name in values} if names_hidden() else {}
    return message(code, {**values, **hidden})


def _words(error: Exception) -> Message:
    if isinstance(error, SosError):
        return message(error.code, error.values)
    if isinstance(error, OSError):
        return message(*refusal(error))
    return message("internal", {"kind": type(error).__name__})
