"""Frames that no route may let in, and what of a project must be whole after each was tried."""

from __future__ import annotations

import json
import math

from hypothesis import strategies as st

from sos_studio.core.roi import MIN_WIDTH_PX, Roi
from sos_studio.dataset import captures, cases, checks, in_use, sql
from sos_studio.dataset.project import Project
from sos_studio.imaging import images

# Numbers of every kind: none at all, beyond all bounds, tiny, negative, and usual ones.
NUMBERS = st.one_of(
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-300, 1e308, -1e308, 1e17, 720.0, -1.0, 7.99, 8.0, 0.5]),
    st.floats(-50.0, 450.0),
    st.floats(allow_nan=True, allow_infinity=True),
)
POINTS = st.tuples(NUMBERS, NUMBERS)


@st.composite
def hostile_json(draw: st.DrawFn, shape_vu: tuple[int, int]) -> str:
    """The text of a `roi-<n>.json` that is no frame of an image of that shape."""
    height, width = shape_vu
    good = {"center_uv": [width / 2, height / 2], "angle_deg": 20.0, "width_px": 20.0, "height_px": 10.0}
    kind = draw(st.sampled_from(["number", "ratio", "outside", "tiny", "huge", "missing", "more", "type", "text"]))
    bad: dict[str, object] = dict(good)
    if kind == "number":
        name = draw(st.sampled_from(["angle_deg", "width_px", "height_px"]))
        bad[name] = draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    elif kind == "ratio":
        bad["height_px"] = draw(st.floats(0.1, 400.0).filter(lambda high: abs(20.0 - 2 * high) > 1e-3))
    elif kind == "outside":
        bad["center_uv"] = [draw(st.floats(width, 1e12)), draw(st.floats(-1e12, 1e12))]
    elif kind in ("tiny", "huge"):
        wide = draw(st.floats(1e-9, MIN_WIDTH_PX * 0.999) if kind == "tiny" else st.floats(3.0 * width, 1e300))
        bad.update(width_px=wide, height_px=wide / 2)
    elif kind == "missing":
        del bad[draw(st.sampled_from(sorted(good)))]
    elif kind == "more":
        bad["skew"] = 0.3
    elif kind == "type":
        bad[draw(st.sampled_from(sorted(good)))] = draw(st.sampled_from([None, [], {}, "wide", [1.0, 2.0, 3.0]]))
    else:
        return draw(st.sampled_from(["", "{", "null", "[]", '"frame"', "\x00\xff", "NaN"]))
    return json.dumps(bad)


def is_a_frame(roi: Roi, shape_vu: tuple[int, int]) -> bool:
    """Exactly 2:1, finite, upright numbers, on the image and large enough."""
    height, width = roi.crop_shape_vu
    finite = all(map(math.isfinite, (*roi.center_uv, roi.angle_deg, roi.width_px, roi.height_px)))
    return (
        finite
        and roi.width_px == 2 * roi.height_px
        and width == 2 * height
        and -180.0 <= roi.angle_deg <= 180.0
        and roi.inside(shape_vu)
        and roi.width_px >= MIN_WIDTH_PX * (1 - 1e-9)
    )


def require_whole(project: Project) -> int:
    """All frames of the project are frames, with files that say the same, and nothing is half-written; how many there are."""
    count = 0
    with project.reading() as session:
        rows = [(row.capture_id, row.n) for row in session.scalars(sql.select(sql.RoiRow))]
    for capture_id, n in rows:
        info, paths = captures.capture(project, capture_id), captures.capture_paths(project, capture_id)
        roi = captures.frame(project, capture_id, n)
        assert is_a_frame(roi, info.shape_vu)
        assert Roi.model_validate_json((paths.folder / captures.roi_file(n)).read_bytes()) == roi
        assert images.read_gray(captures.crop_path(project, capture_id, n), smallest_side_px=1).shape == roi.crop_shape_vu
        count += 1
    for case in cases.cases(project):
        capture_id, n = in_use.in_use(project, case.case_id)
        assert n is None or (capture_id, n) in rows
    assert [problem for problem in checks.check(project) if problem.severity == "error"] == []
    files = [path.name for path in project.directory.rglob("*") if path.name.startswith(("roi-", "crop-"))]
    assert len(files) == 2 * count, "a frame without a row, or half of one"
    assert not list(project.directory.rglob("*.tmp"))
    return count
