from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import CancelledError
from sos_studio.core.picture_hashes import NEAR_BITS
from sos_studio.dataset import captures, cases, near_duplicates
from sos_studio.dataset.near_duplicates import Look, NearPair, near_duplicate_pairs
from sos_studio.dataset.project import Project
from tests.dataset import builders
from tests.imaging import screenshots


def add(project: Project, image: np.ndarray) -> str:
    case_id = cases.add_case(project)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "png")

    def record(capture_id: str) -> CaptureRecord:
        return builders.record(case_id, capture_id, shape_vu=image.shape)

    captures.add_capture(project, case_id, record_for=record, full_png=stream.getvalue())
    return case_id


def smaller(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((300, 250), Image.Resampling.BILINEAR))


def test_the_same_picture_under_two_cases_is_found_whatever_its_size_and_side(project: Project) -> None:
    first, other = add(project, screenshots.head(1)), add(project, screenshots.head(2))
    small, turned = add(project, smaller(screenshots.head(1))), add(project, np.ascontiguousarray(screenshots.head(2)[:, ::-1]))
    pairs = near_duplicate_pairs(project)
    assert [(pair.case_id, pair.other_case_id, pair.mirrored) for pair in sorted(pairs, key=lambda p: p.case_id)] == [
        (first, small, False),
        (other, turned, True),
    ]
    assert all(pair.bits <= NEAR_BITS for pair in pairs)


def test_only_the_capture_in_use_counts(project: Project) -> None:
    first, second = add(project, screenshots.head(1)), add(project, smaller(screenshots.head(1)))
    stream = io.BytesIO()
    Image.fromarray(screenshots.head(5)).save(stream, "png")
    captures.add_capture(
        project, second, record_for=lambda new: builders.record(second, new, shape_vu=screenshots.SHAPE_VU), full_png=stream.getvalue()
    )
    assert first != second
    assert near_duplicate_pairs(project) == []


def test_hashes_are_made_once_and_again_if_their_file_is_lost_or_spoiled(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    add(project, screenshots.head(1))
    add(project, smaller(screenshots.head(1)))
    expected = near_duplicate_pairs(project)
    file = project.path(near_duplicates.HASHES_FILE)
    for content in (b"", b"{", b'{"kind": "other", "looks": {}}', b'{"kind": "difference 16", "looks": {"x": ["ab", "cd"]}}', b"[]"):
        file.write_bytes(content)
        assert near_duplicate_pairs(project) == expected
    monkeypatch.setattr(near_duplicates, "_look_of_file", lambda path: pytest.fail("made again"))
    assert near_duplicate_pairs(project) == expected


def test_a_project_that_can_not_be_written_is_told_too(project: Project) -> None:
    add(project, screenshots.head(1))
    add(project, smaller(screenshots.head(1)))
    directory = project.directory
    project.close()
    with Project.open(directory, read_only=True) as looking:
        assert len(near_duplicate_pairs(looking)) == 1
    assert not (directory / near_duplicates.HASHES_FILE).exists()


def test_a_damaged_picture_is_left_out(project: Project) -> None:
    case_id = add(project, screenshots.head(1))
    add(project, smaller(screenshots.head(1)))
    next(project.path("captures", case_id).rglob("full.png")).write_bytes(b"spoiled")
    assert near_duplicate_pairs(project) == []


def test_looking_can_be_stopped(project: Project) -> None:
    add(project, screenshots.head(1))
    with pytest.raises(CancelledError):
        near_duplicate_pairs(project, cancelled=lambda: True)


def test_pairs_are_found_across_the_parts_in_which_many_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_AT_ONCE", 3)
    rng = np.random.default_rng(0)
    looks = {f"case-{n:04d}": Look(rng.bytes(64).hex(), rng.bytes(64).hex()) for n in range(11)}
    looks["case-0010"] = Look(looks["case-0001"].straight, rng.bytes(64).hex())
    pair = NearPair("case-0001", "case-0010", 0, False)
    assert near_duplicates.pairs_among(looks) == [pair]
    for asked in ({"case-0001"}, {"case-0010"}, {"case-0001", "case-0010", "case-0002"}):
        assert near_duplicates.pairs_among(looks, of=asked) == [pair]
    assert near_duplicates.pairs_among(looks, of={"case-0002"}) == []


def test_nothing_of_names_or_places_is_in_the_file_of_hashes(project: Project, tmp_path: Path) -> None:
    add(project, screenshots.head(1))
    near_duplicate_pairs(project)
    assert str(tmp_path).encode() not in project.path(near_duplicates.HASHES_FILE).read_bytes()


def test_of_too_many_pairs_the_nearest_are_told_and_all_are_counted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "MOST_PAIRS", 3)
    monkeypatch.setattr(near_duplicates, "_AT_ONCE", 2)
    looks = {f"case-{n:04d}": Look(format(2**n - 1, "0128x"), "f" * 128) for n in range(9)}  # in n bits unlike the first
    found = near_duplicates.pairs_among(looks)
    assert [(pair.case_id, pair.other_case_id, pair.bits) for pair in found] == [
        ("case-0000", "case-0001", 1),
        ("case-0001", "case-0002", 1),
        ("case-0002", "case-0003", 1),
    ]
    for seed in (1, 1, 1, 1, 2):
        add(project, screenshots.head(seed))
    assert near_duplicates.count_pairs(project, {case.case_id for case in cases.cases(project)}) == 6
    assert near_duplicates.count_pairs(project, {"case-0001", "case-0002", "case-0005"}) == 1


def test_whoever_stops_half_way_waits_only_for_the_other_half(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_LOOKED_AT", 1)
    for seed in range(4):
        add(project, screenshots.head(seed))
    asked = iter((False, False, True))
    with pytest.raises(CancelledError):
        near_duplicate_pairs(project, cancelled=lambda: next(asked))
    made: list[Path] = []
    original = near_duplicates._look_of_file
    monkeypatch.setattr(near_duplicates, "_look_of_file", lambda path: made.append(path) or original(path))
    near_duplicate_pairs(project)
    assert len(made) == 2
