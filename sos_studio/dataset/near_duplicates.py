"""Cases whose full images look nearly alike: the same picture cut, scaled, brightened, compressed or mirrored, under another case.

Hashes of the pictures' looks are kept beside the database, in a file that may be lost: what is missing there is made again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sos_studio.core import atomic
from sos_studio.core.errors import CancelledError
from sos_studio.core.picture_hashes import NEAR_BITS, SIDE, distances, picture_hashes, words
from sos_studio.dataset.captures import FULL_FILE
from sos_studio.dataset.faults import translated
from sos_studio.dataset.in_use import in_use_by_case
from sos_studio.dataset.project import CAPTURES_DIR, Project

HASHES_FILE = "picture-hashes.json"
# Another way to make hashes makes the kept ones worthless.
_KIND = f"difference {SIDE}"
# Rows and columns compared at once: what the processor keeps at hand, where all by all would fill the memory.
_AT_ONCE, _ACROSS = 64, 2048
# Pictures decoded at once; more threads than this wait for one another and for the disk.
_THREADS = 4
_LOOKED_AT = 64
# One picture that came in ten thousand times makes fifty million pairs: nobody reads them, and they don't fit into memory.
MOST_PAIRS = 50_000
_Column = np.ndarray[tuple[int, ...], np.dtype[Any]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """Hash of a picture, and of the same picture mirrored."""

    straight: str
    mirrored: str

    @classmethod
    def of(cls, image_vu: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Look:
        """Of a grey picture (v, u)."""
        return cls(*picture_hashes(image_vu))


@dataclass(frozen=True)
class NearPair:
    """Two cases with nearly the same picture.

    Attributes
    ----------
    case_id, other_case_id
        The older case first.
    bits
        In how many of 512 bits their hashes differ; 0 to `NEAR_BITS`.
    mirrored
        Whether one is the other's mirror image.
    """

    case_id: str
    other_case_id: str
    bits: int
    mirrored: bool


def near_duplicate_pairs(
    project: Project,
    *,
    apart: Mapping[str, int] | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[NearPair]:
    """The pairs of cases whose full images in use look nearly alike, nearest first; excluded cases are among them.

    The nearest `MOST_PAIRS` if there are more.

    Parameters
    ----------
    apart
        Only cases that have a number here, and of these only pairs whose numbers differ (folds); others must not use `MOST_PAIRS` up.
    progress, cancelled
        Of the first time, when hashes have to be made of all pictures (a few hundred a second).

    Raises
    ------
    CancelledError
        When `cancelled` says so.
    """
    found = looks(project, progress=progress, cancelled=cancelled)
    return pairs_among(found if apart is None else {case: look for case, look in found.items() if case in apart}, apart=apart)


def pairs_among(
    looks_of: Mapping[str, Look], *, of: Collection[str] | None = None, apart: Mapping[str, int] | None = None, at_most: int = NEAR_BITS
) -> list[NearPair]:
    """The pairs among looks by case, nearest first and at most `MOST_PAIRS`.

    Parameters
    ----------
    of
        Only those in which one of these cases is.
    apart
        Only those whose numbers differ.
    """
    cases = sorted(looks_of)
    numbers = None if apart is None else np.array([apart[case] for case in cases])
    nearest: list[tuple[_Column, ...]] = []
    for part in _near(cases, looks_of, of, at_most):
        differ = slice(None) if numbers is None else numbers[part[0]] != numbers[part[1]]
        nearest.append(tuple(column[differ] for column in part))
        if sum(len(columns[0]) for columns in nearest) > 4 * MOST_PAIRS:
            nearest = [_nearest(nearest)]
    if not nearest:
        return []
    columns = (column.tolist() for column in _nearest(nearest))
    return [NearPair(cases[a], cases[b], bits, turned) for a, b, bits, turned in zip(*columns, strict=True)]


def count_pairs(
    project: Project,
    among: Collection[str],
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> int:
    """How many pairs of these cases look nearly alike, however many; progress and errors of `near_duplicate_pairs`."""
    known = {case_id: look for case_id, look in looks(project, progress=progress, cancelled=cancelled).items() if case_id in among}
    return sum(len(columns[0]) for columns in _near(sorted(known), known, None, NEAR_BITS))


def _nearest(parts: Sequence[tuple[_Column, ...]]) -> tuple[_Column, ...]:
    """The nearest `MOST_PAIRS` of several parts of `_near`, in order."""
    older, newer, bits, turned = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((newer, older, bits))[:MOST_PAIRS]
    return older[order], newer[order], bits[order], turned[order]


def _near(cases: Sequence[str], looks_of: Mapping[str, Look], of: Collection[str] | None, at_most: int) -> Iterator[tuple[_Column, ...]]:
    """Numbers of the older and of the newer case, differing bits, and whether mirrored, part by part of the table of all by all."""
    asked = np.array([n for n, case in enumerate(cases) if of is None or case in of], dtype=np.intp)
    is_asked = np.isin(np.arange(len(cases)), asked)
    straight = words([looks_of[case].straight for case in cases])
    mirrored = words([looks_of[case].mirrored for case in cases])
    for start in range(0, len(asked), _AT_ONCE):
        rows = asked[start : start + _AT_ONCE]
        # Where all are asked for, the half of the table below its diagonal says the same again.
        for across in range(int(rows[0]) if of is None else 0, len(cases), _ACROSS):
            columns = slice(across, across + _ACROSS)
            same, turned = distances(straight[rows], straight[columns]), distances(straight[rows], mirrored[columns])
            bits = np.minimum(same, turned)
            row, column = np.nonzero(bits <= at_most)
            a, b = rows[row], column + across
            once = (a < b) | ((a > b) & ~is_asked[b])  # each pair once, and nobody with themselves
            if once.any():
                at = row[once], column[once]
                yield np.minimum(a, b)[once], np.maximum(a, b)[once], bits[at], turned[at] < same[at]


def looks(
    project: Project, *, progress: Callable[[float], None] | None = None, cancelled: Callable[[], bool] | None = None
) -> dict[str, Look]:
    """The look of each case's full image in use; cases whose picture can't be read are left out."""
    with project.reading() as session:
        used = {case_id: use.capture_id for case_id, use in in_use_by_case(session).items() if use.capture_id is not None}
    kept = _kept(project)
    missing = {case_id: capture_id for case_id, capture_id in used.items() if capture_id not in kept}
    made: dict[str, Look] = {}
    try:
        for n, (capture_id, look) in enumerate(_made(project, missing)):
            if cancelled is not None and cancelled():
                raise CancelledError
            if look is not None:
                made[capture_id] = look
            if progress is not None:
                progress((n + 1) / len(missing))
    finally:  # who stops after half of it is to wait for the other half only
        remember(project, made)
    all_known = kept | made
    return {case_id: all_known[capture_id] for case_id, capture_id in used.items() if capture_id in all_known}


def _made(project: Project, captures: Mapping[str, str]) -> Iterator[tuple[str, Look | None]]:
    """Captures with their looks, made now; cases with their captures are given."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="looks") as pool:

        def look(item: tuple[str, str]) -> tuple[str, Look | None]:
            return item[1], _look_of_file(project.path(CAPTURES_DIR, *item, FULL_FILE))

        waiting = list(captures.items())
        for start in range(0, len(waiting), _LOOKED_AT):  # in parts, so that a stop does not wait for all
            yield from pool.map(look, waiting[start : start + _LOOKED_AT])


def remember(project: Project, made: Mapping[str, Look]) -> None:
    """Keep looks by capture, so that they need not be made again; a project that can't be written goes without."""
    if project.read_only or not made:
        return
    known = _kept(project) | dict(made)
    content = {"kind": _KIND, "looks": {capture_id: [look.straight, look.mirrored] for capture_id, look in sorted(known.items())}}
    with translated(project.directory):
        atomic.write_bytes(project.path(HASHES_FILE), json.dumps(content, separators=(",", ":")).encode("ascii"))


def _kept(project: Project) -> dict[str, Look]:
    try:
        content = json.loads(project.path(HASHES_FILE).read_bytes())
        if content["kind"] != _KIND:
            return {}
        kept = {str(capture_id): Look(str(straight), str(mirrored)) for capture_id, (straight, mirrored) in content["looks"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        log.info("hashes of pictures are made again")
        return {}
    digits = 2 * SIDE * SIDE // 4
    good = all(len(text) == digits and _is_hex(text) for look in kept.values() for text in (look.straight, look.mirrored))
    return kept if good else {}


def _is_hex(text: str) -> bool:
    return not text.strip("0123456789abcdef")


def _look_of_file(path: Path) -> Look | None:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return Look.of(np.asarray(picture.convert("L")))
    except Exception:
        # A damaged picture is told by the project's check, whatever its decoder raises.
        return None
