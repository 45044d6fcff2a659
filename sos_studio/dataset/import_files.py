"""The files of an import: which they are, which of them a row of the table means, and what their names say."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from sos_studio.core.errors import BadInputError
from sos_studio.core.stages import StageScheme
from sos_studio.dataset import columns, label_table
from sos_studio.dataset.captures import is_capture_folder
from sos_studio.dataset.label_table import LabelRow, LabelTable, RowFault
from sos_studio.dataset.name_patterns import NamePattern

_T = TypeVar("_T")

# Files that are read and decoded at once, ahead of the one that is written.
READERS = 2
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}
NOT_FOUND, AMBIGUOUS = "import.image_not_found", "import.image_ambiguous"


class Named(ABC):
    """What is imported, and which of it a cell of the table means."""

    @property
    @abstractmethod
    def paths(self) -> list[Path]:
        """All of it, in the order given."""

    @abstractmethod
    def meant(self, cell: str) -> list[Path]:
        """What a cell of the table may mean."""

    def match(self, table: LabelTable) -> tuple[dict[Path, list[LabelRow]], list[RowFault]]:
        """Rows by path, and the rows that name nothing or more than one."""
        rows_of: dict[Path, list[LabelRow]] = defaultdict(list)
        faults: list[RowFault] = []
        for row in table.rows:
            candidates = self.meant(row.image)
            if len(candidates) == 1:
                rows_of[candidates[0]].append(row)
            else:
                faults.append(RowFault(row.line, row.image, AMBIGUOUS if candidates else NOT_FOUND))
        return rows_of, faults


class Folders(Named):
    """Capture folders; a cell means one by its name, or where several have that by as much of its path as tells them apart."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._places = {folder: f"/{_key(folder.resolve().as_posix()).strip('/')}" for folder in folders}

    @property
    def paths(self) -> list[Path]:
        """All folders in the order given."""
        return list(self._places)

    def meant(self, cell: str) -> list[Path]:
        """The folders that a cell may mean."""
        text = _key(cell.replace("\\", "/").removeprefix("./").strip("/"))
        return [folder for folder, place in self._places.items() if text and place.endswith(f"/{text}")]


class Files(Named):
    """The files to import, and which of them a cell of the table means; a capture's own pictures are none of them."""

    def __init__(self, sources: Sequence[Path], table_folder: Path | None) -> None:
        self._paths: dict[Path, None] = {}  # in order, each once
        self._table_folder = table_folder
        self._by_path: dict[str, list[Path]] = defaultdict(list)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for source in sources:
            if source.is_dir():
                found = sorted(
                    p for p in source.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".") and p.is_file()
                )
                captured = {folder for folder in {p.parent for p in found} if is_capture_folder(folder)}
                found = [p for p in found if p.parent not in captured]
            elif source.is_file():
                found = [source]
            else:
                raise BadInputError("import.source_missing", file=source.name)
            for path in found:
                self._add(path, path.relative_to(source).as_posix() if source.is_dir() else path.name)

    def _add(self, path: Path, relative: str) -> None:
        if path in self._paths:
            return
        self._paths[path] = None
        self._by_name[_key(path.name)].append(path)
        self._by_stem[_key(path.stem)].append(path)
        for place in {_key(relative), _key(path.absolute().as_posix())}:
            self._by_path[place].append(path)

    @property
    def paths(self) -> list[Path]:
        """All files in the order given, those that only the table names last."""
        return list(self._paths)

    def meant(self, cell: str) -> list[Path]:
        """The files that a cell of the table may mean."""
        if not cell:
            return []
        text = cell.replace("\\", "/").removeprefix("./")
        for known in (self._by_path, self._by_name, self._by_stem):  # a path says more than a name, a name more without its ending
            if found := known.get(_key(text)):
                return found
        if self._table_folder is not None and (self._table_folder / text).is_file():
            path = self._table_folder / text
            self._add(path, text)
            return [path]
        return []


def with_facts(rows: Sequence[LabelRow], file_name: str, pattern: NamePattern, scheme: StageScheme) -> list[LabelRow]:
    """The rows of a file with what its name says where they say nothing; without rows, a row of what the name says.

    A stage in a name counts where no row gives one, and is nobody's by name unless the rows name one evaluator: whose cell is empty beside
    another's has not read.

    Raises
    ------
    BadInputError
        ``import.name_not_of_pattern`` (pattern) and errors of `label_values`.
    """
    facts = pattern.facts(file_name)
    if facts is None:
        raise BadInputError("import.name_not_of_pattern", pattern=pattern.text)
    named = label_table.row_of(0, {"image": file_name, **{field: facts[field] for field in columns.FIELDS if field in facts}}, scheme)
    if not rows:
        return [named]
    filled = [
        replace(
            row,
            patient=row.patient or named.patient,
            age_years=named.age_years if row.age_years is None else row.age_years,
            sex=row.sex or named.sex,
            evaluator=named.evaluator if row.evaluator == label_table.IMPORTED_EVALUATOR else row.evaluator,
        )
        for row in rows
    ]
    if named.stage is None or any(row.stage is not None for row in rows):
        return filled
    if len({row.evaluator for row in filled}) > 1:
        return [*filled, replace(filled[0], stage=named.stage, evaluator=named.evaluator, remark="")]
    return [replace(filled[0], stage=named.stage), *filled[1:]]


def ahead(paths: Sequence[Path], read: Callable[[Path], _T]) -> Generator[tuple[Path, _T], None, None]:
    """Read and decode the next files while one is written: both wait for the disk, and decoders let go of the interpreter."""
    with ThreadPoolExecutor(READERS, "import-read") as pool:
        under_way: deque[tuple[Path, Future[_T]]] = deque()
        try:
            for path in paths:
                under_way.append((path, pool.submit(read, path)))
                if len(under_way) > READERS:
                    first, done = under_way.popleft()
                    yield first, done.result()
            while under_way:
                first, done = under_way.popleft()
                yield first, done.result()
        finally:
            for _, left in under_way:
                left.cancel()


def _key(name: str) -> str:
    """Names compare without case, and alike whether accents are composed (Windows) or not (macOS)."""
    return unicodedata.normalize("NFC", name).casefold()
