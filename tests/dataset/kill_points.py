"""Run a story again and again, each time killed (SIGKILL) one write point later, and judge the project after each.

Write points are every fsync, rename, replace and commit of this process. Started by `test_kills.py`; prints one JSON object.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from sos_studio.core.errors import SosError
from sos_studio.core.preparation import Preparation
from sos_studio.dataset import (
    backup,
    captures,
    cases,
    checks,
    exports,
    imports,
    manifests,
    near_duplicates,
    patients,
    readings,
    recovery,
    repair,
)
from sos_studio.dataset.export_files import SUMS_FILE
from sos_studio.dataset.near_duplicates import Look
from sos_studio.dataset.project import Project
from sos_studio.dataset.set_aside import SET_ASIDE_DIR
from sos_studio.services import exporting
from tests.dataset import builders
from tests.services import kill_predictions

Say = Callable[[str], None]


def _die_at(point: int) -> None:
    count = 0

    def wrap(function: Callable[..., Any], after: bool) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == point and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            count += 1
            if count == point:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return wrapped

    os.fsync = wrap(os.fsync, False)
    Path.rename = wrap(Path.rename, False)  # type: ignore[method-assign]
    Path.replace = wrap(Path.replace, False)  # type: ignore[method-assign]
    Session.commit = wrap(Session.commit, False)  # type: ignore[method-assign]


def new_case(folder: Path, say: Say) -> None:
    with Project.open(folder) as project:
        case_id = cases.add_case(project)
        say(f"case {case_id}")
        capture_id = builders.add_capture(project, case_id, seed=5)
        say(f"capture {capture_id}")
        n = builders.add_roi(project, capture_id)
        say(f"frame {capture_id} {n}")
        reading = builders.read(project, case_id, capture_id, 4, roi_n=n)
        say(f"reading {case_id} {reading.reading_id}")


def import_two(folder: Path, say: Say) -> None:
    source = folder.parent / "pictures"
    with Project.open(folder) as project:
        report = imports.import_images(project, [source], source / "stages.csv", decode=_decode)
        for image in report.imported:
            say(f"imported {image.case_id}")


def freeze(folder: Path, say: Say) -> None:
    with Project.open(folder) as project:
        path = manifests.freeze(project)
        say(f"manifest {path.name}")


def many(folder: Path, say: Say) -> None:
    """What is done with several cases at once, undone, and said of patients."""
    with Project.open(folder) as project:
        ids = [case.case_id for case in cases.cases(project)][:3]
        cases.set_exclusions(project, dict.fromkeys(ids, ("motion", "")), "Ada")
        say("excluded " + " ".join(ids))
        cases.set_exclusions(project, {ids[0]: None}, "Ada")
        say(f"included {ids[0]}")
        patients.say_same(project, ids[1], ids[2], "Ada")
        say(f"same {ids[1]} {ids[2]}")
        near_duplicates.looks(project)
        reading = builders.read(project, ids[1], cases.case(project, ids[1]).capture_id or "", 5, "Ben")
        say(f"reading {ids[1]} {reading.reading_id}")
        taken = readings.retract(project, reading.reading_id, "Ben")
        say(f"reading {ids[1]} {taken.reading_id}")


def create(folder: Path, say: Say) -> None:
    with Project.create(folder.parent / "fresh") as project:
        say(f"project {project.project_id}")


def upgrade(folder: Path, say: Say) -> None:
    with Project.open(folder) as project:
        say(f"upgraded {project.upgraded_from}")


def export(folder: Path, say: Say) -> None:
    with Project.open(folder) as project:
        for format in ("yolo-obb", "csv"):  # all write through one writer; these are quick
            exports.export(project, folder.parent / f"out-{format}", format)
            say(f"export {format}")


def export_as(format: exports.ExportFormat) -> Callable[[Path, Say], None]:
    """The story of one export, whatever writes it."""

    def story(folder: Path, say: Say) -> None:
        with Project.open(folder) as project:
            exporting.export(project, folder.parent / f"out-{format}", format)
            say(f"export {format}")

    return story


def _judge_export(out: Path) -> None:
    """It is there whole, by its own list of hashes, and nothing else is there."""
    listed = dict(reversed(line.split("  ")) for line in (out / SUMS_FILE).read_text().splitlines())
    there = {path.relative_to(out).as_posix(): captures.sha256(path.read_bytes()) for path in out.rglob("*") if path.is_file()}
    there.pop(SUMS_FILE)
    assert there == listed


def backup_and_restore(folder: Path, say: Say) -> None:
    with Project.open(folder) as project:
        backup.back_up(project, folder.parent / "kept.sosbackup")
    say("backed-up kept.sosbackup")
    backup.restore(folder.parent / "kept.sosbackup", folder.parent / "again")
    say("restored again")


def mend(folder: Path, say: Say) -> None:
    """The template's project is damaged in its database and in a file; a reading newer than the copy is in the damaged database."""
    recovery.recover(folder)
    say("recovered -")
    with Project.open(folder) as project:
        report = repair.repair(project, builders.NoPictures())
        say(f"repaired {len(report.findings)}")


def _decode(path: Path) -> imports.DecodedImage:
    png = path.read_bytes()
    digest = captures.sha256(png)
    preparation = Preparation(original_shape_vu=builders.SHAPE_VU, masked_px=1, original_sha256=digest, mask_sha256=digest)
    look = Look("00" * 64, "ff" * 64)
    return imports.DecodedImage(png, builders.SHAPE_VU, preparation=preparation, original_png=png, mask_png=png, look=look)


def _judge_many(kind: str, names: list[str], there: dict[str, cases.CaseSummary], line: str) -> None:
    """What was said of several cases at once holds for all of them."""
    if kind == "excluded":
        assert all(there[name].excluded for name in names[1:]), line  # the first is taken in again
    if kind == "included":
        assert not there[names[0]].excluded, line
    if kind == "same":
        assert there[names[0]].patient == there[names[1]].patient, line


def judge(folder: Path, said: list[str]) -> None:
    """Everything confirmed is there, whole; nothing is damaged; the project can be written."""
    fresh = folder.parent / "fresh"
    if fresh.exists():
        if (fresh / "project.sqlite").exists():
            Project.open(fresh).close()
        assert not any(line.startswith("project") for line in said) or (fresh / "project.sqlite").exists()
    for out in folder.parent.glob("out-*"):
        _judge_export(out)
    _judge_copies(folder.parent, said)
    if recovery.is_damaged(folder):  # killed before it was mended: then it can still be mended
        recovery.recover(folder)
    with Project.open(folder) as project:
        there = {c.case_id: c for c in cases.cases(project)}
        for line in said:
            kind, what, *more = line.split()
            if kind in ("case", "imported"):
                assert what in there, line
            if kind == "imported":
                assert there[what].captured, line
                assert there[what].label is not None, line
            if kind == "capture":
                assert captures.capture_paths(project, what).full.is_file(), line
            if kind == "frame":
                assert int(more[0]) in captures.rois(project, what), line
                assert captures.crop_path(project, what, int(more[0])).is_file(), line
            _judge_many(kind, [what, *more], there, line)
            if kind == "reading":
                assert more[0] in {r.reading_id for r in readings.readings(project, what)}, line
            if kind == "export":
                assert (folder.parent / f"out-{what}").is_dir(), line
            if kind == "manifest":
                assert (project.directory / "manifests" / what).is_file(), line
        _mend_on(project)
        problems = [p for p in checks.check(project) if p.severity == "error"]
        assert not problems, problems
        # In models/ a worker may be at it just now: there a later import clears up.
        left = [path for path in project.directory.rglob("*.tmp") if not {SET_ASIDE_DIR, "models"} & set(path.parts)]
        assert not left, left
        builders.staged_case(project, 2)


def _judge_copies(scratch: Path, said: list[str]) -> None:
    """A backup that is there under its name is whole, and so is a restored project."""
    kept, again = scratch / "kept.sosbackup", scratch / "again"
    assert kept.exists() or not any(line.startswith("backed-up") for line in said)
    if kept.exists():
        assert backup.verify(kept).cases == 1
    assert again.exists() or not any(line.startswith("restored") for line in said)
    if again.exists():
        with Project.open(again) as project:
            assert len(cases.cases(project)) == 1
            assert not [p for p in checks.check(project) if p.severity == "error"]


def _mend_on(project: Project) -> None:
    """A repair that was killed can be done again, and the reading that only the damaged database had is there."""
    if sys.argv[1] == "mend":
        repair.repair(project, builders.NoPictures())
        assert {reading.evaluator for rows in readings.all_readings(project).values() for reading in rows} == {"Ada", "Ben"}


def main() -> int:
    stories = {
        "case": new_case,
        "import": import_two,
        "freeze": freeze,
        "create": create,
        "upgrade": upgrade,
        "export": export,
        "many": many,
    }
    stories |= {f"export-{format}": export_as(format) for format in exports.FORMATS}
    stories |= {"predict": kill_predictions.tell, "backup": backup_and_restore, "mend": mend}
    story = stories[sys.argv[1]]
    template = Path(sys.argv[2])
    failures: list[str] = []
    # A killed process loses nothing that the kernel has, so memory serves as well as a disk here, and syncs at once.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    # What it needs is imported once, not in every child; libraries of other exports have threads, which a fork would stop.
    if sys.argv[1] == "export-datasheet":
        with tempfile.TemporaryDirectory(dir=memory) as scratch:
            shutil.copytree(template, scratch, dirs_exist_ok=True)
            story(Path(scratch) / "study", lambda _: None)
    for point in range(1, 400):
        with tempfile.TemporaryDirectory(dir=memory) as scratch:
            shutil.copytree(template, scratch, dirs_exist_ok=True)
            folder, diary = Path(scratch) / "study", Path(scratch) / "diary"
            child = os.fork()
            if child == 0:
                _child(story, folder, diary, point)
            _, status = os.waitpid(child, 0)
            said = diary.read_text().splitlines() if diary.exists() else []
            try:
                judge(folder, said)
                if sys.argv[1] == "predict":
                    kill_predictions.judge(folder, said)
            except (AssertionError, SosError) as error:
                failures.append(f"killed at point {point} after {said}: {type(error).__name__} {error}")
            if os.WIFEXITED(status):
                if os.WEXITSTATUS(status):
                    failures.append(f"point {point}: the story itself failed")
                sys.stdout.write(json.dumps({"points": point, "failures": failures}) + "\n")
                return 0
    return 1


def _child(story: Callable[[Path, Say], None], folder: Path, diary: Path, point: int) -> None:
    def say(line: str) -> None:
        descriptor = os.open(diary, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, (line + "\n").encode())
        os.close(descriptor)

    _die_at(point)
    try:
        story(folder, say)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
