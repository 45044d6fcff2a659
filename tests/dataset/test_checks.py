from __future__ import annotations

import pytest

from sos_studio.core.errors import CancelledError
from sos_studio.dataset import captures, cases, checks, manifests
from sos_studio.dataset.project import Project
from tests.dataset import builders


def test_a_sound_project_has_no_problems(project: Project) -> None:
    for n in range(10):
        builders.staged_case(project, 1 + n % 2, seed=n)
    manifests.freeze(project)
    seen: list[float] = []
    assert checks.check(project, progress=seen.append) == []
    assert seen[-1] == 1.0


@pytest.mark.parametrize("name", ["full.png", "full16.png", "capture.json", "roi-1.json", "crop-1.png"])
@pytest.mark.parametrize(
    ("damage", "code"), [("gone", "check.file_missing"), ("flipped", "check.file_changed"), ("folder", "check.file_unreadable")]
)
def test_every_missing_or_changed_file_is_named_with_its_case(project: Project, name: str, damage: str, code: str) -> None:
    builders.staged_case(project, 1)
    case_id = builders.staged_case(project, 2)
    capture_id = cases.case(project, case_id).capture_id or ""
    path = captures.capture_paths(project, capture_id).folder / name
    data = bytearray(path.read_bytes())
    path.unlink()
    if damage == "flipped":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "folder":
        path.mkdir()
    (problem,) = checks.check(project)
    assert (problem.code, problem.severity, problem.case_id, problem.capture_id) == (code, "error", case_id, capture_id)
    assert problem.values == {"case": case_id, "file": name}


def test_a_missing_capture_folder_is_told_file_by_file(project: Project) -> None:
    case_id = builders.staged_case(project, 1)
    folder = captures.capture_paths(project, cases.case(project, case_id).capture_id or "").folder
    folder.rename(project.directory / "lost")
    assert [problem.code for problem in checks.check(project)] == ["check.file_missing"] * 5


def test_changed_and_missing_manifests_are_named(project: Project) -> None:
    for n in range(10):
        builders.staged_case(project, 1 + n % 2, frame=False)
    first, second = manifests.freeze(project), manifests.freeze(project)
    first.write_text("{}")
    second.unlink()
    found = {problem.values["file"]: problem.code for problem in checks.check(project)}
    assert found == {first.name: "check.manifest_changed", second.name: "check.manifest_missing"}


def test_what_belongs_to_nothing_is_mentioned_but_is_no_error(project: Project) -> None:
    case_id = builders.staged_case(project, 1)
    capture_id = cases.case(project, case_id).capture_id or ""
    folder = captures.capture_paths(project, capture_id).folder
    (folder / "crop-2.png").write_bytes(b"left by a crash")
    (folder.parent / "capture-0").mkdir()
    (project.directory / "manifests" / "manifest-x.json").write_text("{}")
    found = checks.check(project)
    assert {problem.code for problem in found} == {"check.frame_unknown", "check.capture_unknown", "check.manifest_unknown"}
    assert {problem.severity for problem in found} == {"info"}


def test_a_check_can_be_cancelled(project: Project) -> None:
    builders.staged_case(project, 1)
    with pytest.raises(CancelledError):
        checks.check(project, cancelled=lambda: True)
