"""Full images in, datasets out: in the background, with a report in words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from sos_studio.dataset.exports import ExportFormat, ExportReport
from sos_studio.dataset.imports import ImportReport
from sos_studio.messages import message
from sos_studio.presenters.session import Session
from sos_studio.services import projects

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


class Exchange:
    """What File ▸ Import and Export do."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stop: threading.Event | None = None

    def import_images(self, paths: Sequence[Path]) -> None:
        """Pictures, folders of them, and at most one table (CSV) with their stages; a table alone means its own folder."""
        session, project = self._session, self._session.project
        if project is None:
            session.tell("window.no_project", "warning")
            return
        tables = [path for path in paths if path.suffix.lower() == ".csv"]
        sources = [path for path in paths if path.suffix.lower() != ".csv"] or [table.parent for table in tables[:1]]
        table = tables[0] if tables else None
        stop, progress = self._begin("import")
        session.background.run(
            lambda: projects.import_images(project, sources, table, progress=progress, cancelled=stop.is_set),
            self._imported,
            self._failed,
        )

    def export(self, out: Path, form: ExportFormat) -> None:
        """Write the dataset into a new folder."""
        session, project = self._session, self._session.project
        if project is None:
            session.tell("window.no_project", "warning")
            return
        stop, progress = self._begin("export")
        session.background.run(
            lambda: projects.export(project, out, form, progress=progress, cancelled=stop.is_set), self._exported, self._failed
        )

    def cancel(self) -> None:
        """Stop; what was imported so far stays."""
        if self._stop is not None:
            self._stop.set()

    def _begin(self, what: str) -> tuple[threading.Event, Callable[[float], None]]:
        session = self._session
        stop = self._stop = threading.Event()
        session.begun.emit()
        session.busy.emit(what)
        session.progress.emit(-1.0)

        def progress(fraction: float) -> None:
            session.background.post(lambda: session.progress.emit(fraction))

        return stop, progress

    def _imported(self, report: ImportReport) -> None:
        session = self._session
        session.busy.emit(None)
        session.cases_changed.emit()
        session.tell("window.imported", "success", count=len(report.imported), readings=report.readings, again=len(report.already_there))
        if report.faults:
            first = report.faults[0]
            words = message(first.code, first.values)
            session.tell("window.import_faults", "error", count=len(report.faults), first=str(words))

    def _exported(self, report: ExportReport) -> None:
        self._session.busy.emit(None)
        self._session.tell(
            "window.exported", "success", cases=report.cases, left_out=sum(report.left_out.values()), folder=report.directory.name
        )

    def _failed(self, error: Exception) -> None:
        self._session.busy.emit(None)
        self._session.report(error)
        self._session.cases_changed.emit()
