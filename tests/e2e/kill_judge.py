"""Judges what a killed session left behind by its diary (see `kill_session.py`).

Of each case three things count: this evaluator's standing reading, capture and frame in use, and its exclusion. Each went through a row of
values; the diary has them in order, with those that the window said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import captures, cases, checks, in_use, readings
from sos_studio.dataset.project import Project
from tests.e2e.kill_session import EVALUATOR, NEW

REFUSED = object()


@dataclass
class Course:
    """The values that one thing went through, in the order of writing.

    Attributes
    ----------
    done
        Place of the last one whose write came back; everything before it is over.
    said
        Place of the newest that the window showed.
    """

    values: list[object] = field(default_factory=list)
    done: int = -1
    said: int = -1

    def begin(self, value: object) -> int:
        """A write of this value begins; its place."""
        self.values.append(value)
        return len(self.values) - 1

    def finish(self, place: int, value: object) -> None:
        """That write came back."""
        self.values[place] = value
        self.done = max(self.done, place)

    def hear(self, value: object, line: str) -> None:
        """The window shows this value."""
        if not self.values:  # as it was when the window first looked
            self.finish(self.begin(value), value)
        place = self._last(value)
        assert place is not None, f"the window says what nobody wrote: {line}"
        assert place >= self.said, f"the window fell back behind what it said before: {line}"
        self.said = place

    def judge(self, there: object) -> None:
        """What is there now is the newest that was said or written, or was being written."""
        if not self.values:
            return
        place = self._last(there)
        told = f"{there} is there; wrote {self.values}, the last done is number {self.done}, the last said {self.said}"
        assert place is not None, told
        assert place >= self.said, f"the window said more than is there: {told}"
        assert place >= self.done, f"a write came back and is not there: {told}"

    def _last(self, value: object) -> int | None:
        known = [self.values[n] for n in range(len(self.values)) if n <= self.done]
        places = [n for n, other in enumerate(self.values) if other == value or _is_new(other, value, known)]
        return max(places, default=None)


def _is_new(wanted: object, there: object, known: list[object]) -> bool:
    """Whether a value is the one that a write was to give a new number or id."""
    if not (isinstance(wanted, list) and isinstance(there, list) and NEW in wanted) or there in known:
        return False
    return all(one in (NEW, other) and (one != NEW or other is not None) for one, other in zip(wanted, there, strict=True))


def courses(said: Iterable[str]) -> tuple[dict[tuple[str, str], Course], dict[str, Any]]:
    """The courses by kind and case, and what the window said of each reading that it showed as saved."""
    found: dict[tuple[str, str], Course] = {}
    begun: dict[str, tuple[Course, int]] = {}
    words: dict[str, Any] = {}
    for line in said:
        kind, _, rest = line.strip().partition(" ")
        if kind == "writing":
            number, what, case_id, value = rest.split(" ", 3)
            course = found.setdefault((what, case_id), Course())
            if not course.values:  # a case that is being made for its first capture
                nothing = [None, None] if what == "in_use" else None
                course.finish(course.begin(nothing), nothing)
            begun[number] = course, course.begin(json.loads(value))
        elif kind == "written":
            number, value = rest.split(" ", 1)
            course, place = begun[number]
            course.finish(place, json.loads(value))
        elif kind == "refused":
            course, place = begun[rest]
            course.values[place] = REFUSED
        elif kind == "said":
            what, name, value = rest.split(" ", 2)
            if what == "words":
                words[name] = json.loads(value)
            else:
                found.setdefault((what, name), Course()).hear(json.loads(value), line)
    return found, words


def judge(folder: Path, said: list[str]) -> None:
    """Nothing that the window said is missing, and what is there beyond that was being written."""
    gone_through, words = courses(said)
    with Project.open(folder) as project:
        there = {case.case_id for case in cases.cases(project)}
        rows = readings.all_readings(project)
        by_id = {row.reading_id: row for of_case in rows.values() for row in of_case}
        for (what, case_id), course in gone_through.items():
            assert case_id in there or course.said < 0, f"{case_id} is gone"
            if case_id in there:
                try:
                    course.judge(_now(project, what, case_id, rows.get(case_id, [])))
                except AssertionError as error:
                    raise AssertionError(f"{what} of {case_id}: {error}") from error
        for reading_id, told in words.items():
            row = by_id[reading_id]
            assert [row.stage, row.ambiguous, row.remark, row.confidence, row.capture_id, row.roi_n] == told
        for case_id in there:
            _require_files(project, case_id)
        problems = [problem for problem in checks.check(project) if problem.severity == "error"]
        assert not problems, problems
        assert not list(project.directory.rglob("*.tmp"))
        cases.add_case(project)  # and it can be worked in


def _now(project: Project, what: str, case_id: str, rows: list[Reading]) -> object:
    if what == "reading":
        return next((row.reading_id for row in standing(rows) if row.evaluator == EVALUATOR), None)
    if what == "in_use":
        return list(in_use.in_use(project, case_id))
    exclusion = cases.exclusion(project, case_id)
    return [exclusion.reason, exclusion.note] if exclusion is not None else None


def _require_files(project: Project, case_id: str) -> None:
    """What counts of a case can be shown."""
    capture_id, n = in_use.in_use(project, case_id)
    if capture_id is not None:
        assert captures.capture_paths(project, capture_id).full.is_file()
        assert captures.read_record(project, capture_id).capture_id == capture_id
    if capture_id is not None and n is not None:
        assert n in captures.rois(project, capture_id)
        assert captures.crop_path(project, capture_id, n).is_file()
