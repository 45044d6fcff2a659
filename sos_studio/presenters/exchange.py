"""Full images in, datasets out: in the background, with a report in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import captures, in_use
from sos_studio.dataset.exports import ExportFormat, ExportOptions, ExportReport
from sos_studio.dataset.imports import ImportReport
from sos_studio.dataset.label_table import RowFault
from sos_studio.dataset.sheets import is_table
from sos_studio.imaging import images
from sos_studio.messages import message
from sos_studio.presenters.session import Session
from sos_studio.presenters.tasks import Task
from sos_studio.services import projects
from sos_studio.services.datasheet import details
from sos_studio.services.import_pictures import ImportOptions

T = TypeVar("T")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


class Exchange:
    """What File ▸ Import and Export do."""

    # An import has ended of which there is more to tell than a sentence.
    told = Signal(ImportReport)
    # An import has ended; whether it was done.
    ended = Signal(bool)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tasks: list[Task] = []
        self._last: tuple[tuple[Path, ...], ImportOptions | None] | None = None

    def import_images(self, paths: Sequence[Path], options: ImportOptions | None = None, *, gone: Sequence[Path] = ()) -> None:
        """Pictures, folders of them, and at most one table with their stages; a table alone means its own folder.

        Parameters
        ----------
        gone
            What the report shall say is not there any more.
        """
        session, project = self._session, self._session.project
        if project is None:
            session.tell("window.no_project", "warning")
            return
        tables = [path for path in paths if is_table(path)]
        sources = [path for path in paths if not is_table(path)] or [table.parent for table in tables[:1]]
        self._last = tuple(paths), options
        table = tables[0] if tables else None
        who = session.evaluator

        def work(task: Task, progress: Callable[[float], None]) -> ImportReport:
            total = session.tasks.total_of(task)
            return projects.import_images(
                project, sources, table, options, who=who, progress=progress, total=total, cancelled=lambda: task.cancelled
            )

        def done(report: ImportReport) -> None:
            missing = tuple(RowFault(None, path.name, "import.gone") for path in gone)
            self._imported(replace(report, doubts=(*report.doubts, *missing)))

        self._run("import", "", work, done, lambda: self.ended.emit(False))

    def import_again(self) -> None:
        """The same once more, after mending: nothing is doubled, and files that were taken away are told and left out.

        Without its table, or without any picture, it would be another import: that is refused.
        """
        if self._last is None:
            return
        paths, options = self._last
        gone = [path for path in paths if not path.exists()]
        left = [path for path in paths if path not in gone]
        tables = [path for path in gone if is_table(path)]
        if tables or all(is_table(path) for path in left) > all(is_table(path) for path in paths):
            self._session.report(BadInputError("import.source_missing", file=(tables or gone)[0].name))
            self.ended.emit(False)
            return
        self.import_images(left, options, gone=gone)

    def picture_of(self, case_id: str, then: Callable[[npt.NDArray[np.uint8]], None]) -> None:
        """A case's full image, once it is read; nothing if there is none any more."""
        session, project = self._session, self._session.project
        if project is None:
            return

        def work() -> npt.NDArray[np.uint8] | None:
            capture_id = in_use.in_use(project, case_id).capture_id
            return None if capture_id is None else images.read_gray(captures.capture_paths(project, capture_id).full)

        session.background.run(work, lambda full8: then(full8) if full8 is not None else None, session.report)

    def filled_in(self) -> dict[str, str]:
        """What was filled into the project's datasheet before."""
        return {} if self._session.project is None else details.read(self._session.project)

    def export(self, out: Path, form: ExportFormat, options: ExportOptions | None = None) -> None:
        """Write the dataset into a new folder; what was filled into a datasheet is kept for the next one."""
        session, project = self._session, self._session.project
        if project is None:
            session.tell("window.no_project", "warning")
            return
        who = session.evaluator

        def work(task: Task, progress: Callable[[float], None]) -> ExportReport:
            if options is not None and form == "datasheet" and not project.read_only:
                details.keep(project, options.details)
            return projects.export(project, out, form, options, who=who, progress=progress, cancelled=lambda: task.cancelled)

        self._run("export", out.name, work, self._exported)

    def cancel(self) -> None:
        """Stop all; what was imported so far stays."""
        for task in self._tasks:
            task.cancel()

    def _run(
        self,
        what: str,
        name: str,
        work: Callable[[Task, Callable[[float], None]], T],
        then: Callable[[T], None],
        otherwise: Callable[[], None] = lambda: None,
    ) -> None:
        """In the background, beside whatever else runs."""
        session = self._session
        session.begun.emit()
        task = session.tasks.begin(what, name)
        self._tasks.append(task)
        progress = session.tasks.progress_of(task)

        def end() -> None:
            self._tasks.remove(task)
            session.tasks.end(task)

        def done(answer: T) -> None:
            end()
            then(answer)

        def failed(error: Exception) -> None:
            end()
            session.report(error)
            session.cases_changed.emit()
            otherwise()

        session.background.run(lambda: work(task, progress), done, failed)

    def _imported(self, report: ImportReport) -> None:
        session = self._session
        session.cases_changed.emit()
        session.tell("window.imported", "success", count=len(report.imported), readings=report.readings, again=len(report.already_there))
        if report.faults:
            first = report.faults[0]
            words = message(first.code, session.blinding.values(first.values))
            session.tell("window.import_faults", "error", count=len(report.faults), first=str(words))
        if report.filled_in:
            session.tell("window.import_filled_in", "success", count=len(report.filled_in))
        self.ended.emit(True)
        if report.faults or report.doubts or report.near or report.filled_in:
            self.told.emit(report)

    def _exported(self, report: ExportReport) -> None:
        session = self._session
        values = {"cases": report.cases, "count": report.asked, "folder": report.directory.name}
        session.tell("window.exported", "success", **values, remarks=export_remarks(report))


def export_remarks(report: ExportReport) -> str:
    """What an export left out for which reason, whether excluded cases are in, and whether its folds will stay."""
    reasons = ", ".join(message(f"export.left_out.{reason}", {"count": count}).text for reason, count in report.left_out.items())
    said = [
        message("export.left_out", {"reasons": reasons}).text if reasons else "",
        message("export.marked_excluded", {"count": report.marked_excluded}).text if report.marked_excluded else "",
        message("export.planned_folds").text if report.planned_folds else "",
    ]
    return "".join(said)
