"""Who did what when, over everything that a project keeps: read from the tables that only grow, so that nothing has to be noted twice.

Free text (remarks, notes) and files' names and places are no part of it: pseudonyms, codes, numbers and evaluators' names only.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sos_studio.core import atomic
from sos_studio.core.jobs import JOB_FILE
from sos_studio.core.readings import ADJUDICATION
from sos_studio.dataset import sql
from sos_studio.dataset.faults import translated
from sos_studio.dataset.project import JOBS_DIR, Project

COLUMNS: dict[str, str] = {
    "when_utc": "when, ISO 8601, UTC; rows are in the order of writing within their kind, also where a clock was set back",
    "what": "what was done, as a code",
    "who": "evaluator's name; empty where the program was not told",
    "case_id": "pseudonym of the case; empty if it is about the whole project",
    "details": "further facts as JSON: numbers, codes, ids",
}
KINDS: tuple[str, ...] = (
    "project_made",
    "case_added",
    "captured",
    "framed",
    "read",
    "read_took_back",
    "decided",
    "left_open",
    "excluded",
    "taken_in",
    "brought_back",
    "rule_chosen",
    "fold_given",
    "manifest_frozen",
    "training_started",
    "prediction_shown",
    "readings_shown",
    "patient_data_decided",
    "imported",
    "facts_filled_in",
    "pixel_size_given",
    "patients_joined",
    "same_patient",
    "exported",
    "backup_made",
    "restored",
    "recovered",
    "repaired",
)


@dataclass(frozen=True)
class Entry:
    """One thing that was done."""

    when: datetime
    what: str
    who: str
    case_id: str | None
    details: dict[str, Any] = field(default_factory=dict)


def history(project: Project) -> list[Entry]:
    """Everything, oldest first.

    Raises
    ------
    ProjectError
        Refusals of the disk.
    """
    found: list[tuple[datetime, Entry]] = []
    with project.reading() as session:
        for table in _TABLES:
            found += _in_order(table(session))
    found += _in_order(_trainings(project))
    return [entry for _, entry in sorted(found, key=lambda item: item[0])]


def _in_order(entries: Iterable[Entry]) -> Iterator[tuple[datetime, Entry]]:
    """Entries of one table with the moment by which they stand among others: never before an older one, wherever a clock was set to."""
    latest: datetime | None = None
    for entry in entries:
        latest = entry.when if latest is None else max(latest, entry.when)
        yield latest, entry


def as_csv(entries: Iterable[Entry]) -> str:
    """A table with a header (`COLUMNS`)."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        details = json.dumps(entry.details, sort_keys=True, ensure_ascii=False)
        writer.writerow([_stamp(entry.when), entry.what, _harmless(entry.who), entry.case_id or "", details])
    return stream.getvalue()


def as_objects(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {"when_utc": _stamp(entry.when), "what": entry.what, "who": entry.who, "case_id": entry.case_id, "details": entry.details}
        for entry in entries
    ]


def write(file: Path, text: str) -> None:
    """Write an export of the history whole or not at all; refusals of the disk as `faults.translated` says them."""
    with translated(file.absolute().parent):
        atomic.write_text(file, text)


def write_json(file: Path, entries: Iterable[Entry]) -> None:
    """The same as JSON."""
    write(file, json.dumps(as_objects(entries), indent=1) + "\n")


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds")


def _harmless(name: str) -> str:
    """A name that a spreadsheet would take for a formula is text there too."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@") else name


def _project(session: sql.Session) -> Iterator[Entry]:
    row = session.scalars(sql.select(sql.ProjectRow)).one()
    yield Entry(row.created_utc, "project_made", "", None, {"software": row.software, "scheme": row.scheme, "phantom": row.phantom})


def _cases(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.CaseRow).order_by(sql.CaseRow.number)):
        yield Entry(row.created_utc, "case_added", "", row.case_id, {"patient": row.patient, "imported": row.imported})


def _captures(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.CaptureRow).order_by(sql.CaptureRow.number)):
        details = {"capture": row.capture_id, "software": row.software, "from_scan": row.series_hash is not None}
        yield Entry(row.created_utc, "captured", "", row.case_id, details)


def _frames(session: sql.Session) -> Iterator[Entry]:
    query = sql.select(sql.RoiRow, sql.CaptureRow.case_id).join(sql.CaptureRow, sql.CaptureRow.capture_id == sql.RoiRow.capture_id)
    for row, case_id in session.execute(query.order_by(sql.text("rois.rowid"))):
        yield Entry(row.created_utc, "framed", "", case_id, {"capture": row.capture_id, "frame": row.n})


def _readings(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.ReadingRow).order_by(sql.ReadingRow.number)):
        details: dict[str, Any] = {"reading": row.reading_id, "capture": row.capture_id}
        if row.retracts is not None:
            yield Entry(row.created_utc, "read_took_back", row.evaluator, row.case_id, {**details, "retracts": row.retracts})
            continue
        details |= {"stage": row.stage, "ambiguous": row.ambiguous, "blinded": row.blinded, "ai_seen": row.ai_seen, "source": row.source}
        what = "read"
        if row.source == ADJUDICATION:
            what = "decided" if row.stage is not None or row.ambiguous else "left_open"
        yield Entry(row.created_utc, what, row.evaluator, row.case_id, details)


def _exclusions(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.ExclusionRow).order_by(sql.ExclusionRow.number)):
        details = {"reason": row.reason} if row.excluded else {}
        yield Entry(row.created_utc, "excluded" if row.excluded else "taken_in", row.evaluator, row.case_id, details)


def _in_use(session: sql.Session) -> Iterator[Entry]:
    """Only what undo and redo did: a new capture or frame counts by itself."""
    seen: set[tuple[str, str | None, int | None]] = set()
    for row in session.scalars(sql.select(sql.InUseRow).order_by(sql.InUseRow.number)):
        key = (row.case_id, row.capture_id, row.roi_n)
        if key in seen or row.capture_id is None:
            yield Entry(row.created_utc, "brought_back", "", row.case_id, {"capture": row.capture_id, "frame": row.roi_n})
        seen.add(key)


def _rules(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.ConsensusRuleRow).order_by(sql.ConsensusRuleRow.number)):
        yield Entry(row.created_utc, "rule_chosen", row.who, None, {"rule": row.name, "senior": row.senior})


def _folds(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.FoldRow).order_by(sql.text("rowid"))):
        yield Entry(row.created_utc, "fold_given", "", None, {"patient": row.patient, "fold": row.fold, "seed": row.seed})


def _manifests(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.ManifestRow).order_by(sql.text("rowid"))):
        details = {"manifest": row.manifest_id, "cases": row.cases, "sha256": row.sha256}
        yield Entry(row.created_utc, "manifest_frozen", "", None, details)


def _predictions(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.PredictionRow).order_by(sql.PredictionRow.number)):
        details = {"model": row.model_id, "stage": row.stage, "capture": row.capture_id}
        yield Entry(row.shown_utc, "prediction_shown", row.evaluator or "", row.case_id, details)


def _events(session: sql.Session) -> Iterator[Entry]:
    for row in session.scalars(sql.select(sql.EventRow).order_by(sql.EventRow.number)):
        yield Entry(row.created_utc, row.kind, row.who, row.case_id, dict(row.details))


_TABLES: tuple[Callable[[sql.Session], Iterator[Entry]], ...] = (
    _project,
    _cases,
    _captures,
    _frames,
    _readings,
    _exclusions,
    _in_use,
    _rules,
    _folds,
    _manifests,
    _predictions,
    _events,
)


def _trainings(project: Project) -> list[Entry]:
    """Jobs, by what they were asked; their own events tell the rest. Folders have no order but the clock's."""
    found: list[Entry] = []
    for path in project.path(JOBS_DIR).glob(f"*/{JOB_FILE}"):
        try:
            asked = json.loads(path.read_bytes())
            when = datetime.fromisoformat(str(asked["created_utc"]))
            manifest = str(asked.get("manifest", "")).rpartition("/")[2].removesuffix(".json")
            details = {"job": str(asked["job_id"]), "kind": str(asked["kind"]), "manifest": manifest, "seed": asked.get("seed")}
        except (OSError, ValueError, KeyError, TypeError):  # a worker's folder may hold anything
            continue
        if when.tzinfo is not None:
            found.append(Entry(when, "training_started", "", None, details))
    return sorted(found, key=lambda entry: entry.when)
