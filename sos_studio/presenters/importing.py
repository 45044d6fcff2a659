"""File ▸ Import full images: what is imported, how it is read, and what will become of it, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from sos_studio.core.errors import SosError, refusal
from sos_studio.core.settings import ImportMemory
from sos_studio.dataset.label_table import TableOptions
from sos_studio.dataset.project import Project
from sos_studio.dataset.sheets import Sheet, is_table
from sos_studio.imaging.borders import Box
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session
from sos_studio.services.import_pictures import ImportOptions, PictureOptions, find, full_image
from sos_studio.services.import_preview import ImportPreview, preview


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
    """

    sources: tuple[Path, ...] = ()
    table: Path | None = None
    options: ImportOptions = field(default_factory=ImportOptions)
    seen: ImportPreview | None = None
    picture: PicturePreview | None = None
    picture_problem: Message | None = None
    problem: Message | None = None

    @property
    def ready(self) -> bool:
        """Whether there is something to import."""
        return self.seen is not None and self.problem is None and bool(self.seen.pictures)


class ImportPresenter:
    """Every change looks again, off the GUI thread.

    Parameters
    ----------
    paths
        Pictures, folders, and at most one table; a table alone means its own folder.
    """

    changed = Signal(ImportState)

    def __init__(self, session: Session, project: Project, paths: Sequence[Path]) -> None:
        self._session, self._project = session, project
        self._sheet: tuple[object, Sheet] | None = None
        memory = session.settings.imports
        self.state = ImportState(options=_remembered(memory))
        self._memory = memory
        self._asked_for_names = False
        self.add(paths)

    def add(self, paths: Sequence[Path]) -> None:
        """More pictures or folders, or another table in the place of the one before."""
        tables = [path for path in paths if is_table(path)]
        sources = [path for path in paths if not is_table(path)]
        table = tables[0] if tables else self.state.table
        known = list(dict.fromkeys((*self.state.sources, *sources)))
        if not known and table is not None:
            known = [table.parent]
        self._asked_for_names = False
        self._look(sources=tuple(known), table=table)

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

    def set_pictures(self, **changes: Any) -> None:
        """How pictures are read."""
        options = self.state.options
        self.state = replace(self.state, options=replace(options, pictures=replace(options.pictures, **changes)))
        self.changed.emit(self.state)
        if self.state.picture is not None:
            self.show(self.state.picture.path)

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
        seen = self.state.seen
        told = {name: seen.headers[index] for name, index in seen.columns if index is not None} if seen is not None else {}
        pictures = options.pictures
        self._session.settings.imports = ImportMemory(
            columns={**self._memory.columns, **told},
            names=options.names,
            facing=pictures.facing,
            spacing_mm=pictures.spacing_mm,
            ruler_tick_mm=pictures.ruler_tick_mm,
            cut_borders=pictures.cut_borders,
            cover_overlays=pictures.cover_overlays,
            keep_originals=pictures.keep_originals,
            crops=pictures.crops,
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
            lambda: preview(scheme, state.sources, state.table, state.options, kept),
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
        self._show(seen=seen, problem=None if problem is None else message(problem.code, problem.values))
        if seen.pictures and (self.state.picture is None or self.state.picture.path not in seen.pictures):
            self.show(next((path for path in seen.pictures if path.is_file()), seen.pictures[0]))

    def _apply_memory(self, seen: ImportPreview) -> bool:
        """Whether columns that were chosen the last time are in this table too and are now taken."""
        chosen, guessed = self.state.options.table.columns, dict(seen.columns)
        if chosen or not seen.headers:
            return False
        known: dict[str, str] = {}
        for name, index in guessed.items():
            header = self._memory.columns.get(name, "")
            if seen.headers.count(header) == 1 and index != seen.headers.index(header):
                known[name] = header
        if known:
            self._with_table(replace(self.state.options.table, columns=known))
        return bool(known)

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


def _remembered(memory: ImportMemory) -> ImportOptions:
    pictures = PictureOptions(**memory.model_dump(exclude={"columns", "names"}))
    return ImportOptions(pictures, names=memory.names)


def _words(error: Exception) -> Message:
    if isinstance(error, SosError):
        return message(error.code, error.values)
    if isinstance(error, OSError):
        return message(*refusal(error))
    return message("internal", {"kind": type(error).__name__})
