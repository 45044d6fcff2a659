"""Cases whose full images look nearly alike: the same picture cut, scaled, brightened, compressed or mirrored, under another case.

Hashes of the pictures' looks are kept beside the database, in a file that may be lost: what is missing there is made again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

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
# Rows compared at once: a table of ten thousand by ten thousand would fill the memory.
_AT_ONCE = 256

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
    at_most: int = NEAR_BITS,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[NearPair]:
    """All pairs of cases whose full images in use look nearly alike, nearest first; excluded cases are among them.

    Parameters
    ----------
    progress, cancelled
        Of the first time, when hashes have to be made of all pictures (about a hundred a second).

    Raises
    ------
    CancelledError
        When `cancelled` says so.
    """
    return pairs_among(looks(project, progress=progress, cancelled=cancelled), at_most=at_most)


def pairs_among(looks_of: Mapping[str, Look], *, of: Collection[str] | None = None, at_most: int = NEAR_BITS) -> list[NearPair]:
    """The pairs among looks by case, nearest first; with `of` only those in which one of these cases is."""
    cases = sorted(looks_of)
    asked = np.array([n for n, case in enumerate(cases) if of is None or case in of], dtype=np.intp)
    is_asked = np.isin(np.arange(len(cases)), asked)
    straight = words([looks_of[case].straight for case in cases])
    mirrored = words([looks_of[case].mirrored for case in cases])
    found: list[NearPair] = []
    for start in range(0, len(asked), _AT_ONCE):
        rows = asked[start : start + _AT_ONCE]
        same, turned = distances(straight[rows], straight), distances(straight[rows], mirrored)
        for row, b in np.argwhere(np.minimum(same, turned) <= at_most):
            a = int(rows[row])
            if a < b or (a > b and not is_asked[b]):  # each pair once, and nobody with themselves
                older, newer = sorted((a, int(b)))
                bits = int(min(same[row, b], turned[row, b]))
                found.append(NearPair(cases[older], cases[newer], bits, bool(turned[row, b] < same[row, b])))
    return sorted(found, key=lambda pair: (pair.bits, pair.case_id, pair.other_case_id))


def looks(
    project: Project, *, progress: Callable[[float], None] | None = None, cancelled: Callable[[], bool] | None = None
) -> dict[str, Look]:
    """The look of each case's full image in use; cases whose picture can't be read are left out."""
    with project.reading() as session:
        used = {case_id: use.capture_id for case_id, use in in_use_by_case(session).items() if use.capture_id is not None}
    kept = _kept(project)
    missing = {case_id: capture_id for case_id, capture_id in used.items() if capture_id not in kept}
    made: dict[str, Look] = {}
    for n, (case_id, capture_id) in enumerate(missing.items()):
        if cancelled is not None and cancelled():
            raise CancelledError
        look = _look_of_file(project.path(CAPTURES_DIR, case_id, capture_id, FULL_FILE))
        if look is not None:
            made[capture_id] = look
        if progress is not None:
            progress((n + 1) / len(missing))
    if made:
        remember(project, made)
    all_known = kept | made
    return {case_id: all_known[capture_id] for case_id, capture_id in used.items() if capture_id in all_known}


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
