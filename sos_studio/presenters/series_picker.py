"""Choosing one of several series: what is known of each, small pictures one by one, and the likeliest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from sos_studio.core.errors import SosError
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.core.settings import names_hidden
from sos_studio.presenters.ports import Background
from sos_studio.services.head_likeness import field_of_view_mm_kji, head_likeness
from sos_studio.services.scans import SourceReader

# Below this even the likeliest is nothing like a CBCT of a head: slices far too thick, or the field of view of a chest.
LIKE_ENOUGH = 0.2
# Findings that every series of a source carries alike.
OF_THE_SOURCE = frozenset({"scan.unreadable_files", "scan.directory_useless"})

Thumbnail = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SeriesRow:
    """One series to choose from.

    Attributes
    ----------
    field_mm_kji
        Edge lengths of the scanned box; None where the header does not tell.
    likeliest
        It is more like a CBCT of the head than all others.
    like_a_head
        It is like one at all.
    open_now
        It is on the screen already.
    folder
        Where it lies below the source, for the screen only; empty where all lie together or names are hidden.
    first_refused
        It is the first of those that can't be opened, below others that can.
    """

    info: SeriesInfo
    likeness: float
    field_mm_kji: tuple[float, float, float] | None
    likeliest: bool = False
    like_a_head: bool = False
    open_now: bool = False
    folder: str = ""
    first_refused: bool = False


def series_rows(
    series: tuple[SeriesInfo, ...], open_uid: str | None = None, folders: Mapping[str, str] | None = None
) -> tuple[SeriesRow, ...]:
    """Loadable series by likeness to a head CBCT, then by size; those that can't be loaded below them."""
    where = folders if folders is not None and len(set(folders.values())) > 1 else {}

    def order(info: SeriesInfo) -> tuple[bool, float, int]:
        k, j, i = info.shape_kji or (0, 0, 0)
        return not info.loadable, -head_likeness(info), -k * j * i

    ordered = sorted(series, key=order)
    loadable = sum(info.loadable for info in ordered)
    return tuple(
        SeriesRow(
            # What is wrong with the whole source is said once, beside all rows.
            replace(info, problems=tuple(problem for problem in info.problems if problem.code not in OF_THE_SOURCE)),
            head_likeness(info),
            field_of_view_mm_kji(info.shape_kji, info.spacing_mm_kji) if info.shape_kji and info.spacing_mm_kji else None,
            likeliest=n == 0 and loadable > 1,
            like_a_head=head_likeness(info) >= LIKE_ENOUGH,
            open_now=info.uid == open_uid,
            folder=where.get(info.uid, ""),
            first_refused=n == loadable > 0,
        )
        for n, info in enumerate(ordered)
    )


class SeriesPicker:
    """The series of one source, until one is chosen or nobody wants any.

    Attributes
    ----------
    rows
        What there is to choose from.
    about_source
        What is wrong with the source as a whole.

    Signals
    -------
    thumbnail_changed
        ``uid``: its picture arrived, or it turned out to have none.
    gone
        The source is no longer at hand: stop asking.
    """

    thumbnail_changed = Signal(str)
    gone = Signal()

    def __init__(
        self, background: Background, reader: SourceReader, open_series: Callable[[SourceReader, str], None], open_uid: str | None = None
    ) -> None:
        self._background = background
        self._reader = reader
        self._open_series = open_series
        self._over = False
        self._wanted: deque[str] = deque()
        self._asked: set[str] = set()
        self._busy = False
        self._pictures: dict[str, Thumbnail | None] = {}
        # Names of folders may hold a patient's name.
        folders = {} if names_hidden() else {info.uid: reader.folder(info.uid) for info in reader.series}
        self.rows = series_rows(reader.series, open_uid, folders)
        found = (problem for info in reader.series for problem in info.problems if problem.code in OF_THE_SOURCE)
        self.about_source: Problem | None = next(found, None)

    @property
    def none_like_a_head(self) -> bool:
        """Whether there is a choice, and even the likeliest is nothing like a head scan."""
        return any(row.likeliest and not row.like_a_head for row in self.rows)

    @property
    def preselected(self) -> int:
        """Row of the likeliest series that is not open already."""
        return next((n for n, row in enumerate(self.rows) if row.info.loadable and not row.open_now), 0)

    def thumbnail(self, uid: str) -> Thumbnail | None:
        """The picture of a series, or None; asking for one that was not read yet brings it soon."""
        if uid not in self._asked and not self._over:
            self._asked.add(uid)
            self._wanted.append(uid)
            self._next_thumbnail()
        return self._pictures.get(uid)

    def has_no_thumbnail(self, uid: str) -> bool:
        """Whether none will come."""
        return uid in self._pictures and self._pictures[uid] is None

    def choose(self, uid: str) -> None:
        """Open this one, and the source goes on with it; one that is open already stays as it is."""
        row = next((row for row in self.rows if row.info.uid == uid and row.info.loadable), None)
        if row is not None and row.open_now:
            self.dismiss()
        elif row is not None and not self._over:
            self._over = True
            self._open_series(self._reader, uid)
            self.gone.emit()

    def dismiss(self) -> None:
        """None of them: let go of the source."""
        if not self._over:
            self._over = True
            self._background.run(self._reader.close, lambda _: None, lambda _: None)
            self.gone.emit()

    def close(self) -> None:
        """`dismiss` while nothing runs in the background any more."""
        self._over = True
        self._reader.close()

    def _next_thumbnail(self) -> None:
        if self._busy or self._over or not self._wanted:
            return
        self._busy = True
        uid, reader = self._wanted.popleft(), self._reader

        def arrived(picture: Thumbnail | None) -> None:
            self._busy = False
            if not self._over:  # whoever showed it may be gone too
                self._pictures[uid] = picture
                self.thumbnail_changed.emit(uid)
                self._next_thumbnail()

        def work() -> Thumbnail | None:
            try:
                return reader.thumbnail(uid)
            except SosError:  # its row says already what is wrong with it, or opening it will
                return None

        self._background.run(work, arrived, lambda _: arrived(None))
