"""What every export writes with: the cases to export, and a writer that never passes a damaged file on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.roi import Roi
from sos_studio.dataset.captures import sha256
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.export_stream import FileStream
from sos_studio.dataset.faults import translated
from sos_studio.dataset.project import Project

# As `sha256sum --check` reads it.
SUMS_FILE = "SHA256SUMS"


@dataclass(frozen=True)
class ExportItem:
    """A case that is exported: its state, its capture in use, and its fold (given, or only planned) if it has a label."""

    summary: CaseSummary
    capture_id: str
    shape_vu: tuple[int, int]
    spacing_mm: float | None
    full_path: str
    full_sha256: str
    roi: Roi | None
    crop_path: str | None
    crop_sha256: str | None
    fold: int | None
    fold_given: bool = False


class Writer:
    """Files of one export: on the disk when `finish` returns, checked against their hashes, cases left out counted by reason.

    Every call raises `CancelledError` once the person has asked to stop.
    """

    def __init__(self, project: Project, out: Path, cancelled: Callable[[], bool] | None = None) -> None:
        self._project, self.out = project, out
        self._cancelled = cancelled or (lambda: False)
        self._sums: dict[str, str] = {}
        self._stream = FileStream()
        self.cases: set[str] = set()
        self.only: frozenset[str] | None = None
        self.left_out: dict[str, set[str]] = {}
        self.marked_excluded: set[str] = set()
        self.planned_folds: set[str] = set()

    @property
    def files(self) -> int:
        """How many files were written."""
        return len(self._sums)

    def leave_out(self, case_id: str, reason: str) -> None:
        """Count a case as not exported."""
        self.left_out.setdefault(reason, set()).add(case_id)

    @property
    def cancelled(self) -> Callable[[], bool]:
        """Whether the person has asked to stop."""
        return self._cancelled

    def go_on(self) -> None:
        """Between files that take long to make: raise `CancelledError` if the person has asked to stop."""
        if self._cancelled():
            raise CancelledError

    def text(self, name: str, content: str) -> None:
        """Write a text file."""
        self.data(name, content.encode("utf-8"))

    def data(self, name: str, content: bytes) -> None:
        """Write a file; `name` is below the export's folder, POSIX."""
        self.go_on()
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream.put(path, content)
        self._sums[name] = sha256(content)

    def fetch(self, case_id: str, source: str, digest: str) -> bytes | None:
        """A file of the project if it still is what it was; else the case is left out as damaged, and None returned."""
        try:
            data = self._project.path(*source.split("/")).read_bytes()
        except OSError:
            data = b""
        if sha256(data) != digest:
            self.leave_out(case_id, "damaged")
            return None
        return data

    def copy(self, case_id: str, source: str, digest: str, name: str) -> bool:
        """Copy a file of the project if it still is what it was; a changed one is left out, never passed on."""
        data = self.fetch(case_id, source, digest)
        if data is None:
            return False
        self.data(name, data)
        self.cases.add(case_id)
        return True

    def finish(self) -> None:
        """Write the hashes of all files, and make all of it durable."""
        self.text(SUMS_FILE, "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items())))
        self._stream.settle()
        for folder in [path for path in self.out.rglob("*") if path.is_dir()] + [self.out]:
            atomic.sync_directory(folder)

    def close(self) -> None:
        """Write no more, finished or not."""
        self._stream.close()


@contextmanager
def new_folder(project: Project, out: Path, cancelled: Callable[[], bool] | None = None) -> Iterator[Writer]:
    """A writer into a new or empty folder, which appears whole when the block ends well, and not at all otherwise.

    What a killed export left behind beside it is removed by the next one.

    Raises
    ------
    BadInputError
        ``export.folder_not_empty``.
    CancelledError
        If `cancelled` says so.
    ProjectError
        Refusals of the disk.
    """
    target = Path(out).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInputError("export.folder_not_empty", folder=target.name)
    partial = target.with_name(f".{target.name}.partial")
    with translated(target):
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(parents=True)
        writer = Writer(project, partial, cancelled)
        try:
            try:
                yield writer
                writer.finish()
            finally:
                writer.close()
            if target.exists():
                target.rmdir()
            atomic.rename(partial, target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        atomic.sync_directory(target.parent)
