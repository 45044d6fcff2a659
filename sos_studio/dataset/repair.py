"""Mending a project case by case: what can be proven to be as it was is made again or put back; the rest is named and set aside.

Nothing is ever deleted. A file counts as mended only if it has the hash that the database holds.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from pydantic import ValidationError

from sos_studio.core import atomic
from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import CancelledError, SosError
from sos_studio.core.manifests import Manifest
from sos_studio.core.roi import Roi
from sos_studio.dataset import adopting, checks, events, parasagittal, prepared, sql, sync_traces
from sos_studio.dataset.captures import FULL16_FILE, FULL_FILE, RECORD_FILE, crop_file, roi_file, roi_of, sha256
from sos_studio.dataset.checks import Problem
from sos_studio.dataset.faults import translated
from sos_studio.dataset.project import CAPTURES_DIR, MANIFESTS_DIR, Project
from sos_studio.dataset.set_aside import SetAside

Action = Literal["restored", "taken_in", "set_aside", "lost"]
_TEMPORARY = (".", MANIFESTS_DIR, f"{CAPTURES_DIR}/*", f"{CAPTURES_DIR}/*/*")


class Makers(Protocol):
    """How pictures are made again; the dataset knows of no pixels. Each gives None where it can't."""

    def full(self, full16: Path, record: CaptureRecord) -> bytes | None:
        """``full.png`` from ``full16.png`` and its record."""

    def full16(self, record: CaptureRecord) -> bytes | None:
        """``full16.png`` from the scan, where this computer has it."""

    def crop(self, full: Path, roi: Roi) -> bytes | None:
        """A crop from the full image and its frame."""

    def decodes(self, picture: Path, shape_vu: tuple[int, int]) -> bool:
        """Whether a file is a grey picture of that size."""


@dataclass(frozen=True)
class Finding:
    """What became of one problem.

    Attributes
    ----------
    action
        ``restored``: it is as it was. ``taken_in``: files that the database did not know are known now. ``set_aside``: moved to the
        project's `set-aside` folder. ``lost``: nothing here can bring it back (and if there was something damaged, that is set aside).
    file
        Below the project folder, POSIX.
    source
        Where it came from: ``backup``, ``copy`` (a sync program's, beside it), ``database``, ``full16``, ``full``, ``scan`` or empty.
    """

    action: Action
    case_id: str | None
    file: str
    source: str = ""


@dataclass(frozen=True)
class RepairReport:
    """All findings in the order of cases, and what a check says afterwards."""

    findings: tuple[Finding, ...] = ()
    left: tuple[Problem, ...] = field(default=())

    def count(self, action: Action) -> int:
        """How many ended like this."""
        return sum(finding.action == action for finding in self.findings)


def repair(
    project: Project,
    makers: Makers,
    *,
    from_backup: Callable[[Mapping[str, str]], Mapping[str, bytes]] | None = None,
    who: str = "",
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RepairReport:
    """Check a project and mend what can be mended.

    Parameters
    ----------
    from_backup
        Gives the files (path → bytes) that a backup holds with these hashes (path → SHA-256).

    Raises
    ------
    ProjectError
        ``project.read_only``, ``project.disk_full`` and other refusals; what was mended before stays mended.
    CancelledError
        When `cancelled` says so; what was mended before stays mended.
    """
    project.require_writable()
    told = progress or (lambda _: None)
    problems = checks.check(project, progress=lambda done: told(0.4 * done), cancelled=cancelled)
    run = _Run(project, makers, problems, from_backup)
    with translated(project.directory):
        for n, problem in enumerate(_in_order(problems)):
            if cancelled is not None and cancelled():
                raise CancelledError
            run.mend(problem)
            told(0.4 + 0.3 * (n + 1) / len(problems))
        run.sweep()
    for finding in run.findings:
        details = {"action": finding.action, "file": finding.file, "source": finding.source}
        events.record(project, "repaired", who=who, case_id=finding.case_id, **details)
    left = checks.check(project, progress=lambda done: told(0.7 + 0.3 * done), cancelled=cancelled)
    return RepairReport(tuple(run.findings), tuple(left))


_ORDER = (RECORD_FILE, FULL16_FILE, FULL_FILE)


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Records before pictures, pictures before crops: each is made of the one before; within a case only."""

    def rank(problem: Problem) -> int:
        name = problem.file.rpartition("/")[2]
        return _ORDER.index(name) if name in _ORDER else len(_ORDER) + name.startswith("crop-")

    cases = list(dict.fromkeys(problem.case_id for problem in problems))
    return sorted(problems, key=lambda problem: (cases.index(problem.case_id), problem.capture_id or "", rank(problem)))


class _Run:
    """One repair under way."""

    def __init__(
        self,
        project: Project,
        makers: Makers,
        problems: Sequence[Problem],
        from_backup: Callable[[Mapping[str, str]], Mapping[str, bytes]] | None,
    ) -> None:
        self._project, self._makers = project, makers
        self._aside = SetAside(project.directory)
        self.findings: list[Finding] = []
        with project.reading() as session:
            self._expected = {item.file: item.sha256 for item in checks.expected_files(session)}
            self._captures = {row.capture_id: row for row in session.scalars(sql.select(sql.CaptureRow))}
            self._frames = {(row.capture_id, row.n): row for row in session.scalars(sql.select(sql.RoiRow))}
        self._expected |= prepared.expected(project.directory, [problem.file for problem in problems])
        wanted = {problem.file: self._expected[problem.file] for problem in problems if problem.file in self._expected}
        self._held = from_backup(wanted) if from_backup is not None and wanted else {}

    def mend(self, problem: Problem) -> None:
        """Do what can be done about one problem."""
        if problem.file in self._expected:
            self._mend_file(problem)
        elif problem.code == "check.capture_unknown":
            self._take_in(problem, adopting.adopt_capture(self._project, problem.file, self._makers))
        elif problem.code == "check.frame_unknown":
            if problem.file not in {finding.file for finding in self.findings}:  # its other half may have been dealt with
                self._take_in(problem, adopting.adopt_frame(self._project, problem.file, self._makers))
        elif problem.code == "check.manifest_unknown":
            self._take_in(problem, self._adopt_manifest(problem.file))
        elif problem.file.endswith(f"/{parasagittal.PICTURE_FILE}"):
            # Both halves: what is beside the plane is made again while the scan is open.
            for name in (parasagittal.RECORD_FILE, parasagittal.PICTURE_FILE):
                self._put_aside(problem.case_id, f"{problem.file.rpartition('/')[0]}/{name}")

    def sweep(self) -> None:
        """Set half-written files aside that no one is going to finish."""
        for room in _TEMPORARY:
            for path in sorted(self._project.directory.glob(f"{room}/.*.tmp*")):
                file = path.relative_to(self._project.directory).as_posix()
                match = re.match(rf"{CAPTURES_DIR}/([^/]+)/", file)
                self._put_aside(match[1] if match else None, file)

    def _mend_file(self, problem: Problem) -> None:
        path = self._project.path(problem.file)
        data, source = self._again(problem)
        if path.exists():
            self._aside.move(path)
        if data is None:
            self.findings.append(Finding("lost", problem.case_id, problem.file))
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, data)
        self.findings.append(Finding("restored", problem.case_id, problem.file, source))

    def _again(self, problem: Problem) -> tuple[bytes | None, str]:
        """The bytes that the database vouches for, and where they came from."""
        digest = self._expected[problem.file]
        if problem.file in self._held:
            return self._held[problem.file], "backup"
        if (double := next(self._doubles(problem.file), None)) is not None:
            return double, "copy"
        for source, made in self._ways(problem):
            with contextlib.suppress(SosError, OSError, ValueError):
                data = made()
                if data is not None and sha256(data) == digest:
                    return data, source
        return None, ""

    def _doubles(self, file: str) -> Iterator[bytes]:
        """The file's very bytes under another name beside it: a sync program renamed or doubled it."""
        path = self._project.path(file)
        folder = path.parent
        others = [folder / name for name, _ in sync_traces.doubled(folder, {path.name})]
        for above in (folder, folder.parent):
            below = path.relative_to(above)
            others += [above.with_name(name) / below for name, _ in sync_traces.doubled(above.parent, {above.name})]
        for other in others:
            with contextlib.suppress(OSError):
                data = other.read_bytes()
                if sha256(data) == self._expected[file]:
                    yield data

    def _ways(self, problem: Problem) -> list[tuple[str, Callable[[], bytes | None]]]:
        """How a file could be made again, the surest first."""
        if problem.capture_id is None:
            return []
        folder = self._project.path(problem.file).parent
        name = problem.file.rpartition("/")[2]
        row = self._captures[problem.capture_id]

        def record() -> CaptureRecord:
            return CaptureRecord.model_validate_json((folder / RECORD_FILE).read_bytes())

        if name == FULL_FILE:
            return [("full16", lambda: self._makers.full(folder / FULL16_FILE, record()))]
        if name == FULL16_FILE:
            return [("scan", lambda: self._makers.full16(record()))]
        if name == RECORD_FILE:
            # Older records don't say of which file they were made.
            sources = {row.source_sha256, None}
            return [("database", partial(_imported_record, row, mirrored, source)) for mirrored in (False, True) for source in sources]
        match = re.fullmatch(r"(?:roi|crop)-(\d+)\.(?:json|png)", name)
        if match is None:  # an untouched import: nothing here holds it twice
            return []
        number = int(match[1])
        frame = self._frames[problem.capture_id, number]
        if name == roi_file(number):
            return [("database", lambda: atomic.json_bytes(roi_of(frame).model_dump(mode="json")))]
        if name == crop_file(number):
            return [("full", lambda: self._makers.crop(folder / FULL_FILE, roi_of(frame)))]
        return []

    def _adopt_manifest(self, file: str) -> list[str]:
        path = self._project.path(file)
        try:
            data = path.read_bytes()
            manifest = Manifest.model_validate_json(data)
        except (OSError, ValidationError):
            return []
        if manifest.project_id != self._project.project_id or path.stem != manifest.manifest_id:
            return []
        with self._project.writing() as session:
            session.add(
                sql.ManifestRow(
                    manifest_id=manifest.manifest_id,
                    sha256=sha256(data),
                    cases=len(manifest.entries),
                    created_utc=manifest.created_utc,
                )
            )
        return [file]

    def _take_in(self, problem: Problem, taken: Sequence[str]) -> None:
        """Say what is known now; what could not be taken in is set aside."""
        self.findings += [Finding("taken_in", problem.case_id, file) for file in taken]
        if not taken:
            self._put_aside(problem.case_id, problem.file)

    def _put_aside(self, case_id: str | None, file: str) -> None:
        path = self._project.path(file)
        if path.exists():
            self._aside.move(path)
            self.findings.append(Finding("set_aside", case_id, file))


def _imported_record(row: sql.CaptureRow, mirrored: bool, source_sha256: str | None) -> bytes | None:
    """The record of an imported picture says nothing that its row does not."""
    if row.series_hash is not None or row.full16_sha256 is not None:
        return None
    made = CaptureRecord(
        software=row.software,
        case=row.case_id,
        capture_id=row.capture_id,
        series_hash=None,
        orientation=None,
        lps_from_uv=None,
        shape_vu=(row.height, row.width),
        spacing_mm=row.spacing_mm,
        interpolation="none",
        window=None,
        value_from_png=None,
        mirrored=mirrored,
        source_sha256=source_sha256,
    )
    return atomic.json_bytes(made.model_dump(mode="json"))
